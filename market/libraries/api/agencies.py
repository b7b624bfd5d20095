"""Agencies on file, consortia, recognitions and evaluations over HTTP.

Evaluations are recorded by `market.conduct`, which knows who takes no part in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement

from market.accounts.auth import current_actor, find_current_actor
from market.http.edge import now, reading, transaction
from market.libraries.api.blueprint import blp, lay_out
from market.libraries.models import AgencyFiling, Consortium
from market.libraries.queries import records as queries
from market.libraries.queries.counts import between, on_file
from market.libraries.rules import EntryKind
from market.libraries.schemas.agencies import (
    AgencyArgs,
    AgencyFields,
    AgencyInput,
    AgencyInternalView,
    AgencyView,
    ConsortiumArgs,
    ConsortiumFields,
    ConsortiumInput,
    ConsortiumInternalView,
    ConsortiumMemberInput,
    ConsortiumView,
    EvaluationView,
    EvaluationWithdrawalInput,
    RecognitionEndInput,
    RecognitionInput,
    RecognitionView,
)
from market.libraries.service import records as service


def _agency_filters(filters: dict[str, Any]) -> Iterator[ColumnElement[bool]]:
    if category := filters.pop("category", None):
        yield AgencyFiling.category.in_(category)
    if tier := filters.pop("tier", None):
        yield AgencyFiling.tier == tier
    if (above_scale := filters.pop("above_scale", None)) is not None:
        yield AgencyFiling.above_scale.is_(above_scale)
    if (day := filters.pop("valid_on", None)) is not None:
        yield on_file(day)
    yield from between(AgencyFiling.filed_on, filters.pop("since", None), filters.pop("until", None))


def _consortium_filters(filters: dict[str, Any]) -> Iterator[ColumnElement[bool]]:
    if category := filters.pop("category", None):
        yield Consortium.category.in_(category)
    yield from between(Consortium.founded_on, filters.pop("since", None), filters.pop("until", None))


lay_out(
    EntryKind.AGENCY,
    "agencies",
    AgencyFiling,
    new=AgencyInput,
    change=AgencyFields,
    view=AgencyView,
    internal_view=AgencyInternalView,
    args=AgencyArgs,
    conditions=_agency_filters,
)
lay_out(
    EntryKind.CONSORTIUM,
    "consortia",
    Consortium,
    new=ConsortiumInput,
    change=ConsortiumFields,
    view=ConsortiumView,
    internal_view=ConsortiumInternalView,
    args=ConsortiumArgs,
    conditions=_consortium_filters,
)


@blp.route("/consortia/<int:entry_id>/members", methods=["POST"])
@blp.arguments(ConsortiumMemberInput)
@blp.response(201, ConsortiumInternalView)
def add_member(form: dict[str, Any], entry_id: int) -> Any:
    """加入成员单位（草稿由提出单位，其后由所在地主管部门）"""
    with transaction() as session:
        return service.add_member(session, current_actor(session), entry_id, form=form, now=now())


@blp.route("/consortia/<int:entry_id>/members/<int:member_id>", methods=["DELETE"])
@blp.response(200, ConsortiumInternalView)
def remove_member(entry_id: int, member_id: int) -> Any:
    """移出成员单位（草稿由提出单位，其后由所在地主管部门）"""
    with transaction() as session:
        return service.remove_member(session, current_actor(session), entry_id, member_id, now=now())


@blp.route("/entries/<int:entry_id>/recognitions")
@blp.response(200, RecognitionView(many=True))
def list_recognitions(entry_id: int) -> Any:
    """查看资源、机构或联合体获得的认定，早的在前"""
    with reading() as session:
        return queries.list_recognitions(session, find_current_actor(session), entry_id)


@blp.route("/entries/<int:entry_id>/recognitions", methods=["POST"])
@blp.arguments(RecognitionInput)
@blp.response(201, RecognitionView)
def add_recognition(form: dict[str, Any], entry_id: int) -> Any:
    """记录认定（所在地主管部门）"""
    with transaction() as session:
        return service.add_recognition(session, current_actor(session), entry_id, form=form, now=now())


@blp.route("/entries/<int:entry_id>/recognitions/<int:recognition_id>/endings", methods=["POST"])
@blp.arguments(RecognitionEndInput)
@blp.response(200, RecognitionView)
def end_recognition(form: dict[str, Any], entry_id: int, recognition_id: int) -> Any:
    """终止认定，写明最后一天和原因（所在地主管部门）"""
    with transaction() as session:
        return service.end_recognition(
            session, current_actor(session), entry_id, recognition_id, **form, now=now()
        )


@blp.route("/entries/<int:entry_id>/evaluations")
@blp.response(200, EvaluationView(many=True))
def list_evaluations(entry_id: int) -> Any:
    """查看资源或机构的年度评价，早的在前；撤回的只有所在地主管部门可见"""
    with reading() as session:
        return queries.list_evaluations(session, find_current_actor(session), entry_id)


@blp.route("/entries/<int:entry_id>/evaluations/<int:evaluation_id>/withdrawals", methods=["POST"])
@blp.arguments(EvaluationWithdrawalInput)
@blp.response(200, EvaluationView)
def withdraw_evaluation(form: dict[str, Any], entry_id: int, evaluation_id: int) -> Any:
    """撤回误录的年度评价，写明原因；撤回后可以重新记录该年度（所在地主管部门）"""
    with transaction() as session:
        return service.withdraw_evaluation(
            session, current_actor(session), entry_id, evaluation_id, **form, now=now()
        )
