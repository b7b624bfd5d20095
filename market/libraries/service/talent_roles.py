"""Roles that people of the talent pool hold: expert, technology manager and the like."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.clock import china_day
from market.errors import Conflict, NotFound, PermissionDenied, violation
from market.libraries.models import AgencyFiling, Talent, TalentRole
from market.libraries.queries.entries import get_entry, is_checker
from market.libraries.rules import EDITABLE, EntryAction, EntryStatus
from market.libraries.rules.talents import MANAGER_ROLE, overlaps
from market.libraries.service.entries import record_with
from market.libraries.service.steps import require_right
from market.reference.queries import check_codes, code_names
from market.reference.rules import Scheme
from market.search.documents import Encoder


def add_role(
    session: Session,
    actor: Actor,
    talent_id: int,
    *,
    form: Mapping[str, Any],
    encoder: Encoder,
    now: datetime,
) -> Talent:
    """Record a role that a person holds.

    Args:
        session: open transaction.
        actor: who may write the record while it is open for editing; afterwards its bureau alone, since
            nobody checks what is added then.
        talent_id: the person.
        form: fields of the role.
        encoder: makes the vector of what the index has of the person.
        now: present time.

    Raises:
        PermissionDenied: see `actor`.
        Conflict: the person holds this role in that time already.
        RuleViolation: an unknown code, a level of another role, days in disorder or ahead, or an agency that
            is not on file.
    """
    talent = _talent_for_roles(session, actor, talent_id)
    _check_role(session, form, day=china_day(now))
    periods = [(one.valid_from, one.valid_until) for one in talent.roles if one.role == form["role"]]
    if overlaps(form["valid_from"], form.get("valid_until"), periods):
        raise Conflict("此人在这段时间已有该身份。", code="role-known")
    talent.roles.append(TalentRole(**form))
    name = code_names(session, Scheme.TALENT_ROLE)[form["role"]]
    record_with(session, actor, talent, note=f"增加身份：{name}", encoder=encoder, now=now)
    return talent


def end_role(
    session: Session, actor: Actor, talent_id: int, role_id: int, *, ended_on: date, now: datetime
) -> Talent:
    """Set the last day of a role that ends earlier than was said.

    Raises:
        NotFound: no such role.
        PermissionDenied: as for `add_role`.
        RuleViolation: the day lies before the role's first, or after its present last one.
    """
    talent = _talent_for_roles(session, actor, talent_id)
    role = _role_of(talent, role_id)
    if ended_on < role.valid_from or (role.valid_until is not None and ended_on > role.valid_until):
        raise violation("/ended_on", "role-period", "终止日期应在该身份的有效期之内。")
    role.valid_until = ended_on
    name = code_names(session, Scheme.TALENT_ROLE)[role.role]
    record_with(session, actor, talent, note=f"终止身份：{name}", encoder=None, now=now)
    return talent


def remove_role(
    session: Session, actor: Actor, talent_id: int, role_id: int, *, encoder: Encoder, now: datetime
) -> Talent:
    """Take out a role that was recorded by mistake; it counts nowhere any more.

    Raises:
        NotFound: no such role.
        PermissionDenied: as for `add_role`.
    """
    talent = _talent_for_roles(session, actor, talent_id)
    role = _role_of(talent, role_id)
    talent.roles.remove(role)
    name = code_names(session, Scheme.TALENT_ROLE)[role.role]
    record_with(session, actor, talent, note=f"删去误录的身份：{name}", encoder=encoder, now=now)
    return talent


def _talent_for_roles(session: Session, actor: Actor, talent_id: int) -> Talent:
    talent = get_entry(session, actor, Talent, talent_id, lock=True)
    if is_checker(actor, talent):
        return talent
    require_right(actor, talent, EntryAction.PROPOSE)
    if talent.status not in EDITABLE:
        raise PermissionDenied(
            "提交核对以后，身份由所在地主管部门登记；也可以先发起修订。", code="role-not-allowed"
        )
    return talent


def _role_of(talent: Talent, role_id: int) -> TalentRole:
    role = next((one for one in talent.roles if one.id == role_id), None)
    if role is None:
        raise NotFound("没有找到该身份。", code="talent-role-not-found")
    return role


def _check_role(session: Session, form: Mapping[str, Any], *, day: date) -> None:
    level = form.get("level")
    check_codes(
        session,
        [("/role", Scheme.TALENT_ROLE, form["role"]), ("/level", Scheme.BROKER_LEVEL, level)],
    )
    if level is not None and form["role"] != MANAGER_ROLE:
        raise violation("/level", "level-of-other-role", "只有技术经理人（经纪人）分等级。")
    until = form.get("valid_until")
    if until is not None and until < form["valid_from"]:
        raise violation("/valid_until", "role-period", "有效期的最后一天不能早于第一天。")
    if form.get("trained_on") is not None and form["trained_on"] > day:
        raise violation("/trained_on", "day-ahead", "培训日期不能晚于今天。")
    agency_id = form.get("agency_entry_id")
    if agency_id is not None:
        agency = session.get(AgencyFiling, agency_id)
        if agency is None or agency.status is not EntryStatus.LISTED:
            raise violation("/agency_entry_id", "agency-not-on-file", "所填机构不在备案名录中。")
