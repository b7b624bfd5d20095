"""The talent pool over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement

from market.accounts.auth import current_actor, find_current_actor
from market.http.edge import now, page_request, reading, transaction
from market.http.schema import PageArgs, page_of
from market.libraries.api.blueprint import blp, lay_out
from market.libraries.models import Talent, TalentRole
from market.libraries.queries import consents as queries
from market.libraries.queries import talent_works as works
from market.libraries.queries.counts import between
from market.libraries.queries.talents import holds, listed_agencies, valid_on, works_in
from market.libraries.rules import EntryKind
from market.libraries.schemas.talents import (
    ConsentInput,
    ConsentView,
    ConsentWithdrawalInput,
    ErasureInput,
    RoleEndInput,
    TalentAccountInput,
    TalentArgs,
    TalentContactView,
    TalentFields,
    TalentInput,
    TalentInternalView,
    TalentProjectView,
    TalentRoleInput,
    TalentView,
)
from market.libraries.service import talent_roles as roles
from market.libraries.service import talents as service
from market.search.access import current_encoder, index_changed, index_forgot


def _filters(filters: dict[str, Any]) -> Iterator[ColumnElement[bool]]:
    if field := filters.pop("field", None):
        yield works_in([field])
    role: list[ColumnElement[bool]] = []
    for name, column in (
        ("role", TalentRole.role),
        ("level", TalentRole.level),
        ("agency", TalentRole.agency_entry_id),
    ):
        if (value := filters.pop(name, None)) is not None:
            role.append(column == value)
    day = filters.pop("valid_on", None)
    if (at_agency := filters.pop("at_agency", None)) is not None:
        at_one = TalentRole.agency_entry_id.in_(listed_agencies(day))
        role.append(at_one if at_agency else TalentRole.agency_entry_id.is_(None) | ~at_one)
    role += between(TalentRole.valid_from, filters.pop("since", None), filters.pop("until", None))
    if day is not None:
        role.append(valid_on(day))
    if (day := filters.pop("expires_by", None)) is not None:
        role.append(TalentRole.valid_until <= day)
    if role:
        yield holds(*role)


lay_out(
    EntryKind.TALENT,
    "talents",
    Talent,
    new=TalentInput,
    change=TalentFields,
    view=TalentView,
    internal_view=TalentInternalView,
    args=TalentArgs,
    conditions=_filters,
)


@blp.route("/talents/<int:entry_id>/roles", methods=["POST"])
@blp.arguments(TalentRoleInput)
@blp.response(201, TalentInternalView)
def add_role(form: dict[str, Any], entry_id: int) -> Any:
    """登记身份（提交核对以后由所在地主管部门登记）"""
    with transaction() as session:
        talent = roles.add_role(
            session, current_actor(session), entry_id, form=form, encoder=current_encoder(), now=now()
        )
    index_changed()
    return talent


@blp.route("/talents/<int:entry_id>/roles/<int:role_id>/endings", methods=["POST"])
@blp.arguments(RoleEndInput)
@blp.response(200, TalentInternalView)
def end_role(form: dict[str, Any], entry_id: int, role_id: int) -> Any:
    """终止身份，写明最后一天"""
    with transaction() as session:
        return roles.end_role(session, current_actor(session), entry_id, role_id, **form, now=now())


@blp.route("/talents/<int:entry_id>/roles/<int:role_id>", methods=["DELETE"])
@blp.response(200, TalentInternalView)
def remove_role(entry_id: int, role_id: int) -> Any:
    """删去误录的身份"""
    with transaction() as session:
        talent = roles.remove_role(
            session, current_actor(session), entry_id, role_id, encoder=current_encoder(), now=now()
        )
    index_changed()
    return talent


@blp.route("/talents/<int:entry_id>/projects")
@blp.arguments(PageArgs, location="query")
@blp.response(200, page_of(TalentProjectView))
def list_projects(args: dict[str, Any], entry_id: int) -> Any:
    """列出此人牵头或参加的项目，最新在前"""
    page = page_request(args)
    with reading() as session:
        return works.list_projects(session, find_current_actor(session), entry_id, page=page)


@blp.route("/talents/<int:entry_id>/consents")
@blp.response(200, ConsentView(many=True))
def list_consents(entry_id: int) -> Any:
    """查看本人的同意和撤回，早的在前（本人、提出单位、所属单位和所在地主管部门）"""
    with reading() as session:
        return queries.list_consents(session, current_actor(session), entry_id)


@blp.route("/talents/<int:entry_id>/consents", methods=["POST"])
@blp.arguments(ConsentInput)
@blp.response(201, ConsentView)
def give_consent(form: dict[str, Any], entry_id: int) -> Any:
    """登记本人的同意（本人、所属单位或所在地主管部门）"""
    with transaction() as session:
        consent = service.give_consent(
            session, current_actor(session), entry_id, **form, encoder=current_encoder(), now=now()
        )
    index_changed()
    return consent


@blp.route("/talents/<int:entry_id>/consents/withdrawals", methods=["POST"])
@blp.arguments(ConsentWithdrawalInput)
@blp.response(204)
def withdraw_consent(form: dict[str, Any], entry_id: int) -> None:
    """撤回同意，立即生效；撤回“入库保存”即删除此人的资料"""
    with transaction() as session:
        service.withdraw_consent(session, current_actor(session), entry_id, **form, now=now())
    index_forgot()


@blp.route("/talents/<int:entry_id>/accounts", methods=["POST"])
@blp.arguments(TalentAccountInput)
@blp.response(200, TalentInternalView)
def link_account(form: dict[str, Any], entry_id: int) -> Any:
    """关联或解除本人的账号（所属单位或所在地主管部门）"""
    with transaction() as session:
        return service.link_account(session, current_actor(session), entry_id, **form, now=now())


@blp.route("/talents/<int:entry_id>/contact")
@blp.response(200, TalentContactView)
def read_contact(entry_id: int) -> Any:
    """查看联系方式（本人、所属单位和所在地主管部门）；除本人外，每次查看都记录在案"""
    with transaction() as session:  # who asked, and when, is written down
        contact = service.read_contact(session, current_actor(session), entry_id, now=now())
    return {"contact": contact}


@blp.route("/talents/<int:entry_id>/erasures", methods=["POST"])
@blp.arguments(ErasureInput)
@blp.response(204)
def erase(form: dict[str, Any], entry_id: int) -> None:
    """删除此人的资料，不能恢复（本人、所属单位或所在地主管部门）"""
    with transaction() as session:
        service.erase_talent(session, current_actor(session), entry_id, **form, now=now())
    index_forgot()
