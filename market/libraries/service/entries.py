"""Proposing, checking and delisting entries of any kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.queries import get_organisation
from market.accounts.rules import Actor, Role, oversees
from market.clock import china_day
from market.db import require_version
from market.errors import Conflict, PermissionDenied, violation
from market.libraries.models import RegisterEntry, Resource
from market.libraries.queries.editions import entries_in_state
from market.libraries.queries.entries import authored, get_entry, may_propose
from market.libraries.queries.kinds import SPECS, may_be_found
from market.libraries.rules import (
    CHECKS,
    EDITABLE,
    ENTRY_KIND_NAMES,
    ENTRY_STATUS_NAMES,
    EntryAction,
    EntryKind,
    EntryStatus,
    Register,
)
from market.libraries.rules.entries import source_date_fault
from market.libraries.service.forms import ACTOR_CHECKS, FORM_CHECKS
from market.libraries.service.project_access import require_not_held
from market.libraries.service.resources import drop_bookings
from market.libraries.service.steps import keep_index, note_event, require_right, take_step
from market.reference.queries import check_codes, check_region
from market.reference.rules import Scheme
from market.search.documents import Encoder

Entry = TypeVar("Entry", bound=RegisterEntry)

COMMON_CODES: Mapping[str, Scheme] = {"tech_field": Scheme.TECH_FIELD, "chain_code": Scheme.CHAIN}


def create_entry(
    session: Session, actor: Actor, kind: EntryKind, *, form: Mapping[str, Any], now: datetime
) -> RegisterEntry:
    """Write a new entry as a draft.

    Args:
        session: open transaction.
        actor: a bureau for its region, a verified broker for any unit, a university for itself, an admin.
        kind: what it describes.
        form: its fields; `region_code` may be left out where `organisation_id` is given. A university's
            entries are its own unless the kind says otherwise.
        now: present time.

    Raises:
        PermissionDenied: the actor does not propose such entries.
        RuleViolation: an unknown code or region, a number of its own that is taken, or a rule of the kind.
    """
    values = _placed(session, actor, dict(form))
    check_entry_form(session, kind, values, None, now=now)
    _check_people(session, actor, kind, values)
    entry = SPECS[kind].model(
        **values,
        status=EntryStatus.DRAFT,
        proposed_by=actor.user_id,
        created_at=now,
        updated_at=now,
    )
    session.add(entry)
    session.flush()  # draws the id
    session.refresh(entry)  # with its unit and what hangs on it, to be shown after the commit
    note_event(session, actor, entry, EntryAction.CREATE, source=None, now=now, with_text=True)
    return entry


def _check_people(session: Session, actor: Actor, kind: EntryKind, values: Mapping[str, Any]) -> None:
    if kind in ACTOR_CHECKS:
        ACTOR_CHECKS[kind](session, actor, values)


def _placed(session: Session, actor: Actor, values: dict[str, Any]) -> dict[str, Any]:
    """Return the form with unit and region filled in, if the actor may propose there."""
    if not may_propose(actor) or (actor.role is not Role.ADMIN and not actor.verified):
        raise PermissionDenied("由主管部门、已核验的技术经纪人和高校院所提出条目。", code="role-not-allowed")
    if actor.role is Role.UNIVERSITY:
        values["organisation_id"] = values.get("organisation_id") or actor.organisation_id
        if values["organisation_id"] != actor.organisation_id:
            raise PermissionDenied("高校院所只能提出本单位的条目。", code="not-own-organisation")
    if values.get("organisation_id") is not None:
        organisation = get_organisation(session, values["organisation_id"])
        values["region_code"] = values.get("region_code") or organisation.region_code
    if not values.get("region_code"):
        raise violation("/region_code", "region-missing", "请填写行政区划，或指明所属单位。")
    check_region(session, values["region_code"], pointer="/region_code")
    if actor.role is Role.BUREAU and not oversees(actor, values["region_code"]):
        raise PermissionDenied("只能提出本地区的条目。", code="outside-region")
    return values


def check_entry_form(
    session: Session,
    kind: EntryKind,
    values: Mapping[str, Any],
    entry: RegisterEntry | None,
    *,
    now: datetime,
) -> None:
    """Check what takes the database or the day: codes, the number of its own, and the rules of the kind.

    Raises:
        RuleViolation: with a pointer to each value at fault.
    """
    spec = SPECS[kind]
    codes = [
        (f"/{name}", scheme, values.get(name)) for name, scheme in {**COMMON_CODES, **spec.codes}.items()
    ]
    for name, scheme in spec.code_lists.items():
        codes += [(f"/{name}/{i}", scheme, code) for i, code in enumerate(values.get(name) or ())]
    check_codes(session, codes)
    fault = source_date_fault(values.get("source_date"), today=china_day(now))
    if fault is not None:
        raise violation("/source_date", *fault)
    number = values.get("external_id")
    if number and (entry is None or number != entry.external_id):
        region = values["region_code"] if entry is None else entry.region_code
        taken = select(RegisterEntry.id).where(
            RegisterEntry.kind == kind,
            RegisterEntry.region_code == region,
            RegisterEntry.external_id == number,
        )
        if session.scalar(taken) is not None:
            raise violation("/external_id", "external-id-taken", f"本地区已有外部编号为 {number} 的条目。")
    if kind in FORM_CHECKS:
        FORM_CHECKS[kind](session, values, entry, china_day(now))


def edit_entry(
    session: Session,
    actor: Actor,
    model: type[Entry],
    entry_id: int,
    *,
    changes: Mapping[str, Any],
    version: int,
    now: datetime,
) -> Entry:
    """Change a draft or a returned entry; what it said before stays in its history.

    Raises:
        NotFound, PermissionDenied, StaleVersion, RuleViolation: see the parts.
        Conflict: the entry is not open for editing; a listed one is first taken back for revision.
    """
    entry = get_entry(session, actor, model, entry_id, lock=True)
    require_right(actor, entry, EntryAction.PROPOSE)
    require_version(entry.version, version)
    if entry.status not in EDITABLE:
        raise Conflict(
            f"{ENTRY_STATUS_NAMES[entry.status]}的{ENTRY_KIND_NAMES[entry.kind]}不能直接修改，请先发起修订。",
            code="not-editable",
        )
    check_entry_form(session, entry.kind, changes, entry, now=now)
    _check_people(session, actor, entry.kind, changes)
    for name, value in changes.items():
        setattr(entry, name, value)
    entry.updated_at = now
    session.flush()  # draws the new version
    session.refresh(entry)  # with what is read by its new values, to be shown after the commit
    note_event(session, actor, entry, EntryAction.EDIT, source=entry.status, now=now, with_text=True)
    return entry


def propose_entry(
    session: Session, actor: Actor, model: type[Entry], entry_id: int, *, now: datetime
) -> Entry:
    """Hand an entry in to be checked.

    Raises:
        NotFound, PermissionDenied: see the parts.
        Conflict: it is not a draft, nor was it returned.
        RuleViolation: what was right when it was written clashes with the registers by now; or something
            is not on record yet, such as a person's consent.
    """
    entry = get_entry(session, actor, model, entry_id, lock=True)
    require_right(actor, entry, EntryAction.PROPOSE)
    if entry.kind in FORM_CHECKS and entry.status in EDITABLE:
        FORM_CHECKS[entry.kind](session, {}, entry, china_day(now))
    take_step(session, actor, entry, EntryAction.PROPOSE, encoder=None, now=now)
    return entry


def check_entry(
    session: Session,
    actor: Actor,
    model: type[Entry],
    entry_id: int,
    *,
    decision: EntryAction,
    note: str | None,
    encoder: Encoder,
    now: datetime,
) -> Entry:
    """List an entry, return or reject it, as the bureau of its region.

    Raises:
        PermissionDenied: another region's bureau; or whoever proposed it, or changed it since the last check.
        Conflict: it is not waiting to be checked.
        RuleViolation: no note where one is due; or something is not on record any more that must be.
    """
    entry = get_entry(session, actor, model, entry_id, lock=True)
    decide(session, actor, entry, decision=decision, note=note, encoder=encoder, now=now)
    return entry


def decide(
    session: Session,
    actor: Actor,
    entry: RegisterEntry,
    *,
    decision: EntryAction,
    note: str | None,
    encoder: Encoder,
    now: datetime,
) -> None:
    """Take the step that a check decided; see `check_entry`."""
    own = authored(session, actor, [entry.id])
    _decide(session, actor, entry, own=own, decision=decision, note=note, encoder=encoder, now=now)


def _decide(
    session: Session,
    actor: Actor,
    entry: RegisterEntry,
    *,
    own: Set[int],
    decision: EntryAction,
    note: str | None,
    encoder: Encoder,
    now: datetime,
) -> None:
    assert decision in CHECKS
    require_right(actor, entry, decision)
    if entry.id in own:
        raise PermissionDenied("改写或提交条目的人不能自己核对，请由另一人核对。", code="checker-is-proposer")
    if decision is not EntryAction.LIST and not note:
        raise violation("/note", "note-missing", "退回或不予列入时请写明理由。")
    take_step(session, actor, entry, decision, encoder=encoder, now=now, note=note)
    entry.checked_by, entry.checked_at = actor.user_id, now


def check_register(
    session: Session,
    actor: Actor,
    register: Register,
    *,
    region_code: str,
    ids: Sequence[int],
    decision: EntryAction,
    note: str | None,
    encoder: Encoder,
    now: datetime,
) -> list[RegisterEntry]:
    """Check several entries of a register at once, as after an import; all of them or none.

    Args:
        session: open transaction.
        actor: the bureau.
        register: which.
        region_code: entries of this region and all inside it.
        ids: which of them; empty means all that are waiting.
        decision: one of `CHECKS`.
        note: words that go with it.
        encoder: makes vectors.
        now: present time.

    Raises:
        PermissionDenied: another region's bureau, or one of them is the actor's own work.
        RuleViolation: an id is not waiting there.
    """
    if actor.role is not Role.ADMIN and not oversees(actor, region_code):
        raise PermissionDenied("只有条目所在地的主管部门可以核对。", code="role-not-allowed")
    waiting = {
        entry.id: entry
        for entry in entries_in_state(session, register, region_code, EntryStatus.PROPOSED, lock=True)
    }
    for place, entry_id in enumerate(ids):
        if entry_id not in waiting:
            raise violation(f"/ids/{place}", "not-waiting", f"条目 {entry_id} 不在待核对之列。")
    chosen = [waiting[entry_id] for entry_id in dict.fromkeys(ids)] if ids else list(waiting.values())
    own = authored(session, actor, [entry.id for entry in chosen])
    for entry in chosen:
        _decide(session, actor, entry, own=own, decision=decision, note=note, encoder=encoder, now=now)
    session.flush()  # before the rows are shown
    return chosen


def revise_entry(
    session: Session, actor: Actor, model: type[Entry], entry_id: int, *, encoder: Encoder, now: datetime
) -> Entry:
    """Take an entry back to change it; it leaves the index and must be checked again."""
    entry = get_entry(session, actor, model, entry_id, lock=True)
    require_right(actor, entry, EntryAction.REVISE)
    require_not_held(entry)
    take_step(session, actor, entry, EntryAction.REVISE, encoder=encoder, now=now)
    return entry


def delist_entry(
    session: Session,
    actor: Actor,
    model: type[Entry],
    entry_id: int,
    *,
    note: str,
    encoder: Encoder,
    now: datetime,
) -> Entry:
    """Take an entry off its register; it is not found from the commit on, and editions keep it.

    Bookings of a resource that have not begun are cancelled.
    """
    entry = get_entry(session, actor, model, entry_id, lock=True)
    require_right(actor, entry, EntryAction.DELIST)
    require_not_held(entry)
    take_step(session, actor, entry, EntryAction.DELIST, encoder=encoder, now=now, note=note)
    if isinstance(entry, Resource):
        drop_bookings(session, actor, entry, now=now)
    return entry


def list_by_market(
    session: Session,
    actor: Actor,
    kind: EntryKind,
    *,
    values: Mapping[str, Any],
    note: str,
    encoder: Encoder,
    now: datetime,
) -> RegisterEntry:
    """Put an entry on a register as the consequence of a deed that was checked elsewhere.

    Args:
        session: open transaction.
        actor: who did the deed.
        kind: what it describes.
        values: all its fields, `region_code` among them.
        note: what it follows from.
        encoder: makes the vector.
        now: present time.
    """
    entry = SPECS[kind].model(
        **values, status=EntryStatus.DRAFT, proposed_by=actor.user_id, created_at=now, updated_at=now
    )
    session.add(entry)
    session.flush()  # draws the id
    session.refresh(entry)  # with its unit and what hangs on it, to be shown after the commit
    note_event(session, actor, entry, EntryAction.CREATE, source=None, now=now, with_text=True)
    take_step(session, actor, entry, EntryAction.PROPOSE, encoder=None, now=now)
    take_step(session, actor, entry, EntryAction.LIST, encoder=encoder, now=now, note=note)
    entry.checked_by, entry.checked_at = actor.user_id, now
    return entry


def record_with(
    session: Session,
    actor: Actor,
    entry: RegisterEntry,
    *,
    note: str,
    encoder: Encoder | None,
    now: datetime,
) -> None:
    """Write down that something was recorded with an entry, and renew what the index has of it.

    For what stands beside the entry's own fields (tags, milestones, evaluations); the caller has asked
    `require_right` with NOTE and has locked the entry. Without an encoder the index keeps what it has,
    for records that change nothing of what it reads.
    """
    entry.updated_at = now
    session.flush()  # draws the new version, and writes what was recorded
    note_event(session, actor, entry, EntryAction.NOTE, source=entry.status, now=now, note=note)
    if encoder is not None and may_be_found(session, entry):
        keep_index(session, entry, found_before=True, encoder=encoder, now=now)
