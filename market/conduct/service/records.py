"""Records: proposed by one person, checked, decided and removed by others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.queries import get_organisation
from market.accounts.rules import Actor, OrganisationKind, Role, oversees
from market.clock import china_day
from market.conduct.models import ConductRecord
from market.conduct.queries import describe, in_force, is_subject, same_subject, unit_of
from market.conduct.rules import (
    DECISIONS,
    TERMS,
    Action,
    Status,
    ground_fits,
    other_board,
    term_fault,
)
from market.conduct.service.steps import answer_plea, locked, note_event, take_step
from market.errors import Conflict, NotFound, PermissionDenied, violation
from market.libraries.models import RegisterEntry
from market.libraries.queries.entries import get_entry
from market.libraries.rules import EntryKind, EntryStatus
from market.reference.queries import check_codes, check_region, is_workday
from market.reference.rules import Scheme, working_days_after

SUBJECT_KINDS = frozenset({EntryKind.AGENCY, EntryKind.TALENT})
"""Entries of registers that a record may be about."""

CHECKED = frozenset({EntryStatus.LISTED, EntryStatus.DELISTED})
"""States of entries that somebody has checked: no record names what is only a draft."""


def propose_record(
    session: Session, actor: Actor, *, form: Mapping[str, Any], now: datetime
) -> ConductRecord:
    """Propose a record, with its evidence.

    Args:
        session: open transaction.
        actor: the bureau of the region, or an admin.
        form: `board`, `ground`, `facts`, `evidence`, `documents`, `expires_on`; exactly one of
            `organisation_id` and `entry_id`; `region_code`, where it happened elsewhere than at the
            subject's place.
        now: present time.

    Raises:
        PermissionDenied: anybody else, or it is about the actor.
        Conflict: there is such a record about the same subject.
        RuleViolation: no or two subjects, one that is unknown or no subject of a record, an unknown code or
            region, a ground of the other list, or a last day that is past or too far ahead.
    """
    values = dict(form)
    _require_office(actor, values.get("region_code"))
    subject = _subject(session, actor, values)
    values["region_code"] = values.get("region_code") or subject.region_code
    _require_office(actor, values["region_code"])
    check_region(session, values["region_code"], pointer="/region_code")
    check_codes(session, [("/ground", Scheme.CONDUCT_GROUND, values["ground"])])
    if not ground_fits(values["board"], values["ground"]):
        raise violation("/ground", "ground-of-other-list", "该事由属于另一个榜。")
    fault = term_fault(values["board"], values["expires_on"], today=china_day(now))
    if fault is not None:
        raise violation("/expires_on", "term-invalid", fault)
    record = ConductRecord(
        **values, status=Status.PROPOSED, proposed_by=actor.user_id, created_at=now, updated_at=now
    )
    if isinstance(subject, RegisterEntry):
        record.entry = subject
    if is_subject(actor, record):
        raise PermissionDenied("记录涉及您本人，应当回避。", code="own-case")
    _lock_subject(session, record)
    _require_new(session, record, day=china_day(now))
    session.add(record)
    session.flush()  # draws the id
    note_event(session, actor, record, Action.PROPOSE, source=None, now=now)
    return record


def _require_office(actor: Actor, region_code: str | None) -> None:
    if actor.role is Role.ADMIN or (region_code is not None and oversees(actor, region_code)):
        return
    if region_code is None and actor.role is Role.BUREAU and actor.in_office:
        return  # asked again once the subject's region is known
    raise PermissionDenied("红黑榜记录由所在地主管部门提出。", code="role-not-allowed")


def _subject(session: Session, actor: Actor, values: Mapping[str, Any]) -> Organisation | RegisterEntry:
    """Return whom the record is to be about."""
    organisation_id, entry_id = values.get("organisation_id"), values.get("entry_id")
    if (organisation_id is None) == (entry_id is None):
        raise violation("/organisation_id", "one-subject", "请指明一家单位，或名录、人才库中的一条。")
    if organisation_id is not None:
        try:
            organisation = get_organisation(session, organisation_id)
        except NotFound as error:
            raise violation("/organisation_id", "organisation-not-found", error.detail) from None
        if organisation.kind is OrganisationKind.BUREAU:
            raise violation("/organisation_id", "subject-not-allowed", "主管部门不列入红黑榜。")
        return organisation
    assert entry_id is not None
    try:
        entry = get_entry(session, actor, RegisterEntry, entry_id)
    except NotFound as error:
        raise violation("/entry_id", "entry-not-found", error.detail) from None
    if entry.kind not in SUBJECT_KINDS:
        raise violation("/entry_id", "subject-not-allowed", "只有服务机构和人才可以列入红黑榜。")
    if entry.status not in CHECKED:
        raise violation("/entry_id", "subject-not-allowed", "还没有核对在列的条目不能列入红黑榜。")
    return entry


def _lock_subject(session: Session, record: ConductRecord) -> None:
    """Make others who write about the same subject wait; what merely points to it does not."""
    unit = unit_of(record)
    if unit is not None:
        row = select(Organisation.id).where(Organisation.id == unit)
    else:
        row = select(RegisterEntry.id).where(RegisterEntry.id == record.entry_id)
    session.execute(row.with_for_update(key_share=True))


def _require_new(session: Session, record: ConductRecord, *, day: date) -> None:
    pending = ConductRecord.status.in_((Status.PROPOSED, Status.NOTICED, Status.OBJECTED))
    known = select(ConductRecord.id).where(
        same_subject(record),
        ConductRecord.board == record.board,
        ConductRecord.ground == record.ground,
        pending | in_force(record.board, day),
    )
    if session.scalar(known.limit(1)) is not None:
        raise Conflict("该主体已有同一事由的记录在办或在列。", code="record-exists")


def check_record(
    session: Session, actor: Actor, record_id: int, *, passed: bool, note: str | None, now: datetime
) -> ConductRecord:
    """Check a proposed record as another person; with one that passes, the notice begins.

    Raises:
        NotFound, PermissionDenied, Conflict: see `steps.locked`.
        RuleViolation: not passed, without a note.
    """
    action = Action.PASS if passed else Action.REFUSE
    record = locked(session, actor, record_id, action, now=now)
    if not passed and not note:
        raise violation("/note", "note-missing", "核对不通过时请写明理由。")
    record.checked_by = actor.user_id
    if passed:
        days = TERMS[record.board].notice_days
        record.notice_until = working_days_after(china_day(now), days, is_workday=is_workday(session))
    take_step(session, actor, record, action, now=now, note=note)
    return record


def decide_record(
    session: Session, actor: Actor, record_id: int, *, decision: Action, note: str | None, now: datetime
) -> ConductRecord:
    """Decide on an objection, or put a record on its list once the notice is over, or drop it.

    After an objection was dismissed the notice goes on, if it is not over.

    Args:
        session: open transaction.
        actor: the office, but not the person who proposed the record.
        record_id: which record.
        decision: one of `DECISIONS`.
        note: grounds; of a decision on an objection they are the answer that the subject reads. Only
            listing needs none.
        now: present time.

    Raises:
        NotFound, PermissionDenied, Conflict: see `steps.locked`; `on-other-list` where the subject stands
            on the other list.
        RuleViolation: no note.
    """
    assert decision in DECISIONS
    record = locked(session, actor, record_id, decision, now=now)
    if decision is not Action.LIST and not note:
        raise violation("/note", "note-missing", "请写明理由。")
    if decision is Action.LIST:
        _lock_subject(session, record)
        _require_not_on_other(session, record, day=china_day(now))
        record.listed_on = china_day(now)
    elif decision is not Action.DROP:
        assert note is not None
        answer_plea(session, actor, record, upheld=decision is Action.UPHOLD, answer=note, now=now)
    take_step(session, actor, record, decision, now=now, note=note)
    return record


def _require_not_on_other(session: Session, record: ConductRecord, *, day: date) -> None:
    found = select(ConductRecord).where(same_subject(record), in_force(other_board(record.board), day))
    other = session.scalar(found.limit(1))
    if other is not None:
        detail = f"该主体现列{describe(other)}，不能同时列入两榜，请先移出。"
        raise Conflict(detail, code="on-other-list")


def remove_record(
    session: Session, actor: Actor, record_id: int, *, note: str, now: datetime
) -> ConductRecord:
    """Take a record off its list before its last day, as after a breach was made good (信用修复).

    Raises:
        NotFound, PermissionDenied, Conflict: see `steps.locked`; `appeal-open` while an appeal waits.
    """
    record = locked(session, actor, record_id, Action.REMOVE, now=now)
    take_step(session, actor, record, Action.REMOVE, now=now, note=note)
    return record
