"""Reading the red and black lists: who may know of a record, what is public of it, whom it bars."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, not_, or_, select
from sqlalchemy.orm import Session, joinedload

from market.accounts.rules import Actor, Role, oversees
from market.conduct.models import ConductEvent, ConductPlea, ConductRecord
from market.conduct.rules import (
    BOARD_NAMES,
    EVALUATION_BAN,
    TERMS,
    Board,
    Facts,
    PleaKind,
    PleaStatus,
    Relation,
    Status,
    ban_ends,
    is_involved,
    is_public,
    shown_status,
)
from market.db import Page, PageRequest, SortKey, paginate
from market.errors import NotFound, PermissionDenied
from market.libraries.models import AgencyFiling, RegisterEntry, Resource, Talent
from market.libraries.queries.entries import is_about
from market.libraries.queries.talents import agreed_to, has_agreed
from market.libraries.rules import EntryKind, EntryStatus
from market.libraries.rules.talents import ConsentScope
from market.reference.rules import region_prefix


class Sight(StrEnum):
    """How much of a record somebody sees."""

    NOTHING = "nothing"
    PUBLIC = "public"
    SUBJECT = "subject"
    """What is public, and what was said against it and answered."""
    OFFICE = "office"
    """All of it."""


@dataclass(frozen=True)
class SeenRecord:
    """A record as somebody sees it on a day."""

    record: ConductRecord
    sight: Sight
    status: Status
    pleas: list[ConductPlea] = field(default_factory=list)
    """Oldest first; empty for those who do not see them, and on lists."""

    @property
    def version(self) -> int:
        """The record's version."""
        return self.record.version

    @property
    def subject(self) -> dict[str, Any]:
        """Kind, id and present name of whom it is about."""
        organisation, entry = self.record.organisation, self.record.entry
        if organisation is not None:
            return {"kind": "organisation", "id": organisation.id, "name": organisation.name}
        assert entry is not None
        return {"kind": entry.kind.value, "id": entry.id, "name": entry.title}


def is_office(actor: Actor | None, record: ConductRecord) -> bool:
    """Tell whether the actor is of the bureau of the record's region, or an admin."""
    return actor is not None and (actor.role is Role.ADMIN or oversees(actor, record.region_code))


def is_subject(actor: Actor | None, record: ConductRecord) -> bool:
    """Tell whether the record is about the actor, or about the actor's unit."""
    if actor is None:
        return False
    entry = record.entry
    if entry is None:
        return actor.organisation_id == record.organisation_id
    own = entry.kind is EntryKind.AGENCY and entry.organisation_id is not None
    return is_about(actor, entry) or (own and entry.organisation_id == actor.organisation_id)


def relation_of(session: Session, actor: Actor, record: ConductRecord) -> Relation:
    """Return how the actor stands to a record."""
    known = actor.user_id is not None
    own = select(ConductEvent.action).where(
        ConductEvent.record_id == record.id, ConductEvent.actor_id == actor.user_id
    )
    return Relation(
        office=is_office(actor, record),
        subject=is_subject(actor, record),
        proposed=known and actor.user_id == record.proposed_by,
        involved=known and is_involved(session.scalars(own).all()),
    )


def sight_of(actor: Actor | None, record: ConductRecord, *, day: date) -> Sight:
    """Tell how much of a record the actor sees.

    Its subject is told of it when the notice begins, and sees no more of it where the subject belongs to
    the office. A person who was erased from the pool is shown to nobody but the office.
    """
    if is_subject(actor, record):
        return Sight.SUBJECT if record.notice_until is not None else Sight.NOTHING
    if is_office(actor, record):
        return Sight.OFFICE
    erased = record.entry is not None and record.entry.status is EntryStatus.ERASED
    shown = shown_status(record.status, expires_on=record.expires_on, day=day)
    return Sight.PUBLIC if is_public(record.board, shown) and not erased else Sight.NOTHING


def get_record(
    session: Session, actor: Actor | None, record_id: int, *, day: date, lock: bool = False
) -> ConductRecord:
    """Return a record of which the actor sees something.

    Args:
        session: open session.
        actor: who is asking; None for anyone.
        record_id: its id.
        day: today.
        lock: read it afresh and lock it, to take a step.

    Raises:
        NotFound: there is none, or the actor may not know of it.
    """
    record = session.get(
        ConductRecord, record_id,
        options=[joinedload(ConductRecord.organisation), joinedload(ConductRecord.entry)],
        populate_existing=lock, with_for_update={"of": ConductRecord} if lock else None,
    )  # fmt: skip
    sight = Sight.NOTHING if record is None else sight_of(actor, record, day=day)
    if (
        record is None
        or sight is Sight.NOTHING
        or (sight is Sight.PUBLIC and not _names_freely(session, record))
    ):
        raise NotFound("没有找到该红黑榜记录。", code="conduct-record-not-found")
    return record


def _names_freely(session: Session, record: ConductRecord) -> bool:
    """Tell whether the subject may be named to anyone: people only while they agree to be found."""
    entry = record.entry
    return (
        entry is None
        or entry.kind is not EntryKind.TALENT
        or has_agreed(session, entry.id, ConsentScope.FIND)
    )


def see(session: Session, actor: Actor | None, record: ConductRecord, *, day: date) -> SeenRecord:
    """Return a record as the actor sees it, with what was said against it."""
    seen = _seen(actor, record, day=day)
    if seen.sight is Sight.PUBLIC:
        return seen
    pleas = select(ConductPlea).where(ConductPlea.record_id == record.id).order_by(ConductPlea.id)
    return replace(seen, pleas=list(session.scalars(pleas)))


def read_record(session: Session, actor: Actor | None, record_id: int, *, day: date) -> SeenRecord:
    """Return a record as the actor sees it; see `get_record`."""
    return see(session, actor, get_record(session, actor, record_id, day=day), day=day)


def _seen(actor: Actor | None, record: ConductRecord, *, day: date) -> SeenRecord:
    shown = shown_status(record.status, expires_on=record.expires_on, day=day)
    _ = record.organisation, record.entry  # shown after the session ends
    return SeenRecord(record, sight_of(actor, record, day=day), shown)


def list_records(
    session: Session,
    actor: Actor | None,
    *,
    page: PageRequest,
    day: date,
    board: Board | None = None,
    status: Status | None = None,
    organisation: int | None = None,
    entry: int | None = None,
    region: str | None = None,
) -> Page[SeenRecord]:
    """List records of which the actor sees something, newest first.

    Args:
        session: open session.
        actor: who is asking; None for anyone, who is shown what is in force.
        page: cursor and limit.
        day: today.
        board: only this list.
        status: only those that are in this state today.
        organisation: only about this organisation or its filings.
        entry: only about this agency or person.
        region: only this region and all inside it.
    """
    statement: Select[Any] = (
        select(ConductRecord)
        .options(joinedload(ConductRecord.organisation), joinedload(ConductRecord.entry))
        .where(_readable(actor, day))
    )
    if board is not None:
        statement = statement.where(ConductRecord.board == board)
    if status is not None:
        statement = statement.where(_shown_as(status, day))
    if organisation is not None:
        statement = statement.where(about([organisation]))
    if entry is not None:
        statement = statement.where(ConductRecord.entry_id == entry)
    if region is not None:
        statement = statement.where(ConductRecord.region_code.startswith(region_prefix(region)))
    found = paginate(session, statement, order=[SortKey(ConductRecord.id, descending=True)], page=page)
    return Page([_seen(actor, record, day=day) for record in found.items], found.next_cursor)


def _shown_as(status: Status, day: date) -> ColumnElement[bool]:
    """Return the condition that a record is in a state on a day; see `shown_status`."""
    stored = Status.LISTED if status is Status.EXPIRED else status
    condition = ConductRecord.status == stored
    if status is Status.EXPIRED:
        return condition & (ConductRecord.expires_on < day)
    return condition & (ConductRecord.expires_on >= day) if status is Status.LISTED else condition


def _readable(actor: Actor | None, day: date) -> ColumnElement[bool]:
    """Return the condition that the actor sees something of a record; see `sight_of`."""
    erased = (
        select(RegisterEntry.id)
        .where(RegisterEntry.id == ConductRecord.entry_id, RegisterEntry.status == EntryStatus.ERASED)
        .exists()
    )
    states = [
        and_(ConductRecord.board == board, _shown_as(status, day))
        for board in TERMS
        for status in Status
        if is_public(board, status)
    ]
    silent = select(Talent.id).where(Talent.id == ConductRecord.entry_id, not_(agreed_to(ConsentScope.FIND)))
    public = and_(or_(*states), not_(erased), not_(silent.exists()))
    if actor is None:
        return public
    own, told = _about(actor), ConductRecord.notice_until.is_not(None)
    others = public
    if actor.role is Role.ADMIN:
        others = ConductRecord.id.is_not(None)
    elif actor.role is Role.BUREAU and actor.in_office and actor.region_code is not None:
        others = public | ConductRecord.region_code.startswith(region_prefix(actor.region_code))
    return or_(and_(own, told), and_(not_(own), others))


def _about(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that a record is about the actor or the actor's unit; never null."""
    if actor.user_id is None:  # the operator; a person without an account would seem to be the same
        return false()
    person = (
        select(Talent.id).where(Talent.id == ConductRecord.entry_id, Talent.user_id == actor.user_id).exists()
    )
    if actor.organisation_id is None:
        return person
    agency = (
        select(AgencyFiling.id)
        .where(
            AgencyFiling.id == ConductRecord.entry_id,
            AgencyFiling.organisation_id == actor.organisation_id,
        )
        .exists()
    )
    return or_(ConductRecord.organisation_id.is_not_distinct_from(actor.organisation_id), person, agency)


def list_events(session: Session, actor: Actor, record: ConductRecord, *, day: date) -> list[dict[str, Any]]:
    """Return the steps of a record, oldest first; its subject is not told names and words of the office.

    Raises:
        PermissionDenied: neither the office nor the subject.
    """
    sight = sight_of(actor, record, day=day)
    if sight is Sight.PUBLIC:
        raise PermissionDenied(
            "办理经过只有所在地主管部门和记录所涉的单位或本人可以查看。", code="role-not-allowed"
        )
    rows = session.scalars(
        select(ConductEvent).where(ConductEvent.record_id == record.id).order_by(ConductEvent.id)
    )
    whole = sight is Sight.OFFICE
    return [
        {
            "action": row.action,
            "source": row.source,
            "target": row.target,
            "actor_id": row.actor_id if whole else None,
            "note": row.note if whole else None,
            "at": row.at,
        }
        for row in rows
    ]


def open_plea(session: Session, record: ConductRecord) -> ConductPlea | None:
    """Return what waits for a decision; there is at most one."""
    return session.scalar(
        select(ConductPlea).where(ConductPlea.record_id == record.id, ConductPlea.status == PleaStatus.OPEN)
    )


def facts_of(session: Session, record: ConductRecord, *, day: date) -> Facts:
    """Return what the conditions of steps look at."""
    plea = open_plea(session, record)
    return Facts(
        status=record.status,
        notice_over=record.notice_until is not None and day > record.notice_until,
        expired=day > record.expires_on,
        appealed=plea is not None and plea.kind is PleaKind.APPEAL,
    )


def in_force(board: Board, day: date) -> ColumnElement[bool]:
    """Return the condition that a record stands on a list on a day."""
    return (ConductRecord.board == board) & _shown_as(Status.LISTED, day)


def about(organisation_ids: Collection[int]) -> ColumnElement[bool]:
    """Return the condition that a record is about one of these organisations, or about a filing of theirs.

    An organisation and its filings are one subject. It may be null where it does not hold.
    """
    ids = sorted(organisation_ids)
    filings = select(AgencyFiling.id).where(AgencyFiling.organisation_id.in_(ids))
    return ConductRecord.organisation_id.in_(ids) | ConductRecord.entry_id.in_(filings)


def unit_of(record: ConductRecord) -> int | None:
    """Return the organisation a record is about; None for a person, or an agency not on the market."""
    if record.entry is None:
        return record.organisation_id
    return record.entry.organisation_id if record.entry.kind is EntryKind.AGENCY else None


def same_subject(record: ConductRecord) -> ColumnElement[bool]:
    """Return the condition that another record is about the same subject; see `about`."""
    unit = unit_of(record)
    return ConductRecord.entry_id == record.entry_id if unit is None else about([unit])


def blocking(session: Session, organisation_ids: Collection[int], day: date) -> list[ConductRecord]:
    """Return the black records in force on a day about any of these organisations, longest first."""
    found = select(ConductRecord).where(about(organisation_ids), in_force(Board.BLACK, day))
    return list(session.scalars(found.order_by(ConductRecord.expires_on.desc(), ConductRecord.id)))


def evaluation_bar(session: Session, entry: RegisterEntry, day: date) -> str | None:
    """Say why an entry takes part in no yearly evaluation on a day; None if it does. See `EVALUATION_BAN`.

    A record that was taken off the list again bars no more; one that ran out may.
    """
    judged = isinstance(entry, Resource) and entry.category in EVALUATION_BAN.categories
    if not judged or entry.organisation_id is None:
        return None
    found = select(ConductRecord.listed_on).where(
        about([entry.organisation_id]),
        ConductRecord.board == Board.BLACK,
        ConductRecord.status == Status.LISTED,
        ConductRecord.listed_on <= day,
    )
    ends = max((ban_ends(listed) for listed in session.scalars(found) if listed is not None), default=day)
    if ends <= day:
        return None
    return f"所属单位曾列黑榜，{ends.isoformat()}以前不得参与年度评价。"


def barred_people(session: Session, talent_ids: Collection[int], day: date) -> set[int]:
    """Return those of these people of the talent pool who stand on the black list on a day."""
    found = select(ConductRecord.entry_id).where(
        ConductRecord.entry_id.in_(sorted(talent_ids)), in_force(Board.BLACK, day)
    )
    return {entry_id for entry_id in session.scalars(found) if entry_id is not None}


def describe(record: ConductRecord) -> str:
    """Return list, region and last day of a record in Chinese, for refusals."""
    return f"{BOARD_NAMES[record.board]}（{record.region_code}，至{record.expires_on.isoformat()}）"
