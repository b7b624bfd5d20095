"""What is recorded with an entry: recognitions, yearly evaluations, members of a consortium."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.queries import get_organisation
from market.accounts.rules import Actor
from market.clock import china_day
from market.errors import Conflict, NotFound, PermissionDenied, violation
from market.libraries.models import Consortium, ConsortiumMember, Evaluation, Recognition, RegisterEntry
from market.libraries.queries.entries import get_entry, is_checker
from market.libraries.rules import EntryKind
from market.libraries.service.entries import record_with
from market.libraries.service.steps import require_recorder
from market.reference.queries import check_codes
from market.reference.rules import Scheme

RECOGNISED = frozenset({EntryKind.RESOURCE, EntryKind.AGENCY, EntryKind.CONSORTIUM})
EVALUATED = frozenset({EntryKind.RESOURCE, EntryKind.AGENCY})


def add_recognition(
    session: Session, actor: Actor, entry_id: int, *, form: Mapping[str, Any], now: datetime
) -> Recognition:
    """Record a recognition, as the bureau of the region.

    Raises:
        PermissionDenied: another region's bureau.
        Conflict: the same recognition is on record.
        RuleViolation: such entries are not recognised, an unknown level, a day ahead, or days in disorder.
    """
    entry = _held(session, actor, entry_id, RECOGNISED, "认定")
    check_codes(session, [("/level", Scheme.RECOGNITION_LEVEL, form["level"])])
    if form["recognised_on"] > china_day(now):
        raise violation("/recognised_on", "day-ahead", "认定日期不能晚于今天。")
    if form.get("ended_on") is not None and form["ended_on"] < form["recognised_on"]:
        raise violation("/ended_on", "dates-out-of-order", "认定终止的日期不能早于认定日期。")
    known = select(Recognition.id).where(
        Recognition.entry_id == entry.id,
        Recognition.level == form["level"],
        Recognition.recognised_on == form["recognised_on"],
    )
    if session.scalar(known) is not None:
        raise Conflict("该项认定已经记录。", code="recognition-known")
    row = Recognition(entry_id=entry.id, recorded_at=now, **form)
    session.add(row)
    record_with(session, actor, entry, note="记录认定", encoder=None, now=now)
    return row


def record_evaluation(
    session: Session, actor: Actor, entry_id: int, *, form: Mapping[str, Any], now: datetime
) -> Evaluation:
    """Record the evaluation of a year, once, as the bureau of the region.

    Raises:
        PermissionDenied: another region's bureau.
        Conflict: that year has been evaluated.
        RuleViolation: such entries are not evaluated, an unknown grade, or a year ahead.
    """
    entry = _held(session, actor, entry_id, EVALUATED, "年度评价")
    check_codes(session, [("/grade", Scheme.EVALUATION_GRADE, form["grade"])])
    if form["year"] > china_day(now).year:
        raise violation("/year", "day-ahead", "不能评价尚未开始的年度。")
    known = select(Evaluation.id).where(Evaluation.entry_id == entry.id, Evaluation.year == form["year"])
    if session.scalar(known) is not None:
        raise Conflict(f"{form['year']} 年度的评价已经记录。", code="evaluation-known")
    row = Evaluation(entry_id=entry.id, recorded_by=actor.user_id, recorded_at=now, **form)
    session.add(row)
    record_with(session, actor, entry, note=f"记录{form['year']}年度评价", encoder=None, now=now)
    return row


def _held(
    session: Session, actor: Actor, entry_id: int, kinds: frozenset[EntryKind], what: str
) -> RegisterEntry:
    entry = get_entry(session, actor, RegisterEntry, entry_id, lock=True)
    if not is_checker(actor, entry):
        raise PermissionDenied(f"{what}由所在地主管部门记录。", code="role-not-allowed")
    if entry.kind not in kinds:
        raise violation("/", "kind-not-recorded", f"这类条目不作{what}。")
    return entry


def add_member(
    session: Session, actor: Actor, consortium_id: int, *, form: Mapping[str, Any], now: datetime
) -> Consortium:
    """Add a unit to a consortium: to a draft as its keeper, to one that was handed in as the bureau.

    Raises:
        PermissionDenied: anybody else.
        Conflict: the unit is a member already.
        RuleViolation: neither a name nor an organisation.
    """
    consortium = get_entry(session, actor, Consortium, consortium_id, lock=True)
    require_recorder(actor, consortium)
    values = dict(form)
    if values.get("organisation_id") is not None:
        values["name"] = get_organisation(session, values["organisation_id"]).name
    if not values.get("name"):
        raise violation("/name", "name-missing", "请填写成员单位名称，或指明平台上的单位。")
    if any(member.name == values["name"] for member in consortium.members):
        raise Conflict(f"“{values['name']}”已是成员。", code="member-known")
    consortium.members.append(ConsortiumMember(**values))
    record_with(session, actor, consortium, note=f"加入成员：{values['name']}", encoder=None, now=now)
    session.refresh(consortium)  # with the new member's unit, to be shown after the commit
    return consortium


def remove_member(
    session: Session, actor: Actor, consortium_id: int, member_id: int, *, now: datetime
) -> Consortium:
    """Take a unit out of a consortium; by whom, see `add_member`.

    Raises:
        NotFound: no such member.
        PermissionDenied: anybody else.
    """
    consortium = get_entry(session, actor, Consortium, consortium_id, lock=True)
    require_recorder(actor, consortium)
    member = next((one for one in consortium.members if one.id == member_id), None)
    if member is None:
        raise NotFound("没有找到该成员单位。", code="member-not-found")
    consortium.members.remove(member)
    record_with(session, actor, consortium, note=f"移出成员：{member.name}", encoder=None, now=now)
    return consortium
