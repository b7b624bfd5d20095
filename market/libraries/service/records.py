"""What is recorded with an entry: recognitions, yearly evaluations, members of a consortium."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.queries import get_organisation
from market.accounts.rules import Actor
from market.clock import china_day
from market.errors import Conflict, NotFound, PermissionDenied, violation
from market.libraries.models import (
    Consortium,
    ConsortiumMember,
    Evaluation,
    Recognition,
    RegisterEntry,
    Resource,
)
from market.libraries.queries.entries import get_entry, is_checker
from market.libraries.rules import ENTRY_STATUS_NAMES, EntryKind, EntryStatus
from market.libraries.rules.recognitions import RD_FIGURES, RD_INSTITUTION, unknown_figures
from market.libraries.service.entries import record_with
from market.libraries.service.steps import require_recorder
from market.reference.queries import check_codes
from market.reference.rules import Scheme

RECOGNISED = frozenset({EntryKind.RESOURCE, EntryKind.AGENCY, EntryKind.CONSORTIUM})
EVALUATED = frozenset({EntryKind.RESOURCE, EntryKind.AGENCY})

OFF_REGISTER = frozenset({EntryStatus.REJECTED, EntryStatus.DELISTED})
"""States in which nothing is recognised. A draft's recognitions are checked together with it."""

EvaluationBar = Callable[[Session, RegisterEntry, date], str | None]
"""Says in Chinese why an entry takes part in no evaluation on a day; None if it does. Black lists stand above
this feature, which therefore is handed the question."""


def bar_nobody(_session: Session, _entry: RegisterEntry, _day: date) -> str | None:
    """Let everybody take part: an `EvaluationBar` where no black list is kept."""
    return None


def add_recognition(
    session: Session, actor: Actor, entry_id: int, *, form: Mapping[str, Any], now: datetime
) -> Recognition:
    """Record a recognition, as the bureau of the region.

    Raises:
        PermissionDenied: another region's bureau.
        Conflict: the same recognition is on record, or the entry was rejected or delisted.
        RuleViolation: such entries are not recognised, an unknown level, a day ahead, or days in disorder.
    """
    entry = _held(session, actor, entry_id, RECOGNISED, "认定")
    if entry.status in OFF_REGISTER:
        raise _not_listed(entry, "认定")
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


def end_recognition(
    session: Session,
    actor: Actor,
    entry_id: int,
    recognition_id: int,
    *,
    ended_on: date,
    note: str,
    now: datetime,
) -> Recognition:
    """Record that a recognition has ended, as the bureau of the region.

    Args:
        session: open transaction.
        actor: the bureau.
        entry_id: whose recognition.
        recognition_id: which one; one with a term may end before it.
        ended_on: its last day.
        note: why, for the entry's history.
        now: present time.

    Raises:
        NotFound: there is no such recognition.
        PermissionDenied: another region's bureau.
        Conflict: it has ended already.
        RuleViolation: a day ahead, or before the recognition.
    """
    entry = _held(session, actor, entry_id, RECOGNISED, "认定")
    row = session.get(Recognition, recognition_id, populate_existing=True)
    if row is None or row.entry_id != entry.id:
        raise NotFound("没有找到该项认定。", code="recognition-not-found")
    today = china_day(now)
    if row.ended_on is not None and row.ended_on <= today:
        raise Conflict(f"该项认定已于{row.ended_on.isoformat()}终止。", code="recognition-ended")
    if ended_on > today:
        raise violation("/ended_on", "day-ahead", "认定终止的日期不能晚于今天。")
    if ended_on < row.recognised_on:
        raise violation("/ended_on", "dates-out-of-order", "认定终止的日期不能早于认定日期。")
    row.ended_on = ended_on
    record_with(session, actor, entry, note=f"终止认定：{note}", encoder=None, now=now)
    return row


def record_evaluation(
    session: Session,
    actor: Actor,
    entry_id: int,
    *,
    form: Mapping[str, Any],
    now: datetime,
    bar: EvaluationBar = bar_nobody,
) -> Evaluation:
    """Record the evaluation of a year, once, as the bureau of the region.

    Args:
        session: open transaction.
        actor: the bureau.
        entry_id: what was evaluated; it is listed.
        form: `year`, `grade`, and what else is stated.
        now: present time.
        bar: says who takes part in no evaluation.

    Raises:
        PermissionDenied: another region's bureau.
        Conflict: that year has been evaluated, the entry is not listed, or it takes no part.
        RuleViolation: such entries are not evaluated, an unknown grade, a year ahead, or a figure that an
            R&D institution's evaluation does not have.
    """
    entry = _held(session, actor, entry_id, EVALUATED, "年度评价")
    if entry.status is not EntryStatus.LISTED:
        raise _not_listed(entry, "年度评价")
    check_codes(session, [("/grade", Scheme.EVALUATION_GRADE, form["grade"])])
    today = china_day(now)
    if form["year"] > today.year:
        raise violation("/year", "day-ahead", "不能评价尚未开始的年度。")
    if isinstance(entry, Resource) and entry.category == RD_INSTITUTION:
        _require_known_figures(form.get("figures") or {})
    refusal = bar(session, entry, today)
    if refusal is not None:
        raise Conflict(refusal, code="evaluation-barred")
    known = select(Evaluation.id).where(
        Evaluation.entry_id == entry.id,
        Evaluation.year == form["year"],
        Evaluation.withdrawn_at.is_(None),
    )
    if session.scalar(known) is not None:
        raise Conflict(f"{form['year']} 年度的评价已经记录，有误的先撤回。", code="evaluation-known")
    row = Evaluation(entry_id=entry.id, recorded_by=actor.user_id, recorded_at=now, **form)
    session.add(row)
    record_with(session, actor, entry, note=f"记录{form['year']}年度评价", encoder=None, now=now)
    return row


def withdraw_evaluation(
    session: Session, actor: Actor, entry_id: int, evaluation_id: int, *, note: str, now: datetime
) -> Evaluation:
    """Withdraw an evaluation that was entered wrongly, as the bureau of the region.

    It stays on record and counts no more; the year may be recorded again.

    Raises:
        NotFound: there is no such evaluation.
        PermissionDenied: another region's bureau.
        Conflict: it was withdrawn before.
    """
    entry = _held(session, actor, entry_id, EVALUATED, "年度评价")
    row = session.get(Evaluation, evaluation_id, populate_existing=True)
    if row is None or row.entry_id != entry.id:
        raise NotFound("没有找到该年度评价。", code="evaluation-not-found")
    if row.withdrawn_at is not None:
        raise Conflict("该年度评价已经撤回。", code="evaluation-withdrawn")
    row.withdrawn_by, row.withdrawn_at, row.withdrawal_note = actor.user_id, now, note
    record_with(session, actor, entry, note=f"撤回{row.year}年度评价：{note}", encoder=None, now=now)
    return row


def _require_known_figures(figures: Mapping[str, int]) -> None:
    unknown = unknown_figures(figures)
    if unknown:
        names = "、".join(RD_FIGURES)
        detail = f"新型研发机构的年度评价没有“{unknown[0]}”一项，应为{names}之一。"
        raise violation("/figures", "figure-unknown", detail)


def _not_listed(entry: RegisterEntry, what: str) -> Conflict:
    detail = f"该条目现为“{ENTRY_STATUS_NAMES[entry.status]}”，不能记录{what}。"
    return Conflict(detail, code="entry-not-listed")


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
        RuleViolation: neither a name nor an organisation, or it joins on a day ahead.
    """
    consortium = get_entry(session, actor, Consortium, consortium_id, lock=True)
    require_recorder(actor, consortium)
    values = dict(form)
    if values["joined_on"] > china_day(now):
        raise violation("/joined_on", "day-ahead", "加入日期不能晚于今天。")
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
