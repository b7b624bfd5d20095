"""Reading entries of any kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, aliased

from market.accounts.rules import Actor, Role, oversees
from market.db import Page, PageRequest, SortKey, paginate
from market.errors import NotFound, PermissionDenied
from market.libraries.models import EntryEvent, RegisterEntry
from market.libraries.queries.kinds import SPECS, kinds_of, may_be_found
from market.libraries.rules import (
    AUTHORING,
    CHECKS,
    ENTRY_KIND_NAMES,
    POOLS,
    PROPOSERS,
    REGISTER_OF,
    EntryKind,
    EntryStatus,
    Register,
)
from market.reference.rules import region_prefix

Entry = TypeVar("Entry", bound=RegisterEntry)


def is_unit(actor: Actor | None, entry: RegisterEntry) -> bool:
    """Tell whether the entry is about the actor's own unit."""
    return (
        actor is not None
        and actor.organisation_id is not None
        and actor.organisation_id == entry.organisation_id
    )


def is_keeper(actor: Actor | None, entry: RegisterEntry) -> bool:
    """Tell whether the actor proposed the entry, or it is about the actor's own unit."""
    if is_unit(actor, entry):
        return True
    return actor is not None and actor.user_id is not None and actor.user_id == entry.proposed_by


def is_about(actor: Actor | None, entry: RegisterEntry) -> bool:
    """Tell whether the actor is the person an entry is about."""
    column = SPECS[entry.kind].person
    if actor is None or actor.user_id is None or column is None:
        return False
    return bool(getattr(entry, column) == actor.user_id)


def is_checker(actor: Actor | None, entry: RegisterEntry) -> bool:
    """Tell whether the actor keeps the register of the entry's region: its bureau, or an admin."""
    return actor is not None and (actor.role is Role.ADMIN or oversees(actor, entry.region_code))


def sees_internal(actor: Actor | None, entry: RegisterEntry) -> bool:
    """Tell whether the actor may read an entry's internal part."""
    return is_keeper(actor, entry) or is_checker(actor, entry) or is_about(actor, entry)


def may_read(session: Session, actor: Actor | None, entry: RegisterEntry) -> bool:
    """Tell whether the actor may know of an entry.

    Anyone reads what is public; those on the market read besides what is listed but in no edition yet;
    its keeper and its bureau read it in every state. People are not shown before they agreed.
    """
    if entry.status is EntryStatus.ERASED:
        return False
    if sees_internal(actor, entry) or may_be_found(session, entry):
        return True
    return (
        actor is not None
        and entry.status is EntryStatus.LISTED
        and SPECS[entry.kind].may_be_found(session, entry)
    )


def get_entry(
    session: Session, actor: Actor | None, model: type[Entry], entry_id: int, *, lock: bool = False
) -> Entry:
    """Return an entry the actor may read.

    Args:
        session: open session.
        actor: who is asking; None for anyone.
        model: table class of its kind.
        entry_id: its id.
        lock: read it afresh and lock it, to change it.

    Raises:
        NotFound: there is none, or the actor may not know of it.
    """
    entry = session.get(
        model, entry_id, populate_existing=lock, with_for_update={"of": _tables(model)} if lock else None,
    )  # fmt: skip
    if entry is None or not may_read(session, actor, entry):
        kind = kind_of(model)
        name, code = (ENTRY_KIND_NAMES[kind], kind.value) if kind else ("条目", "entry")
        raise NotFound(f"没有找到该{name}。", code=f"{code}-not-found")
    return entry


def kind_of(model: type[RegisterEntry]) -> EntryKind | None:
    """Return the kind a table class holds; None for the class of all kinds."""
    identity = model.__mapper__.polymorphic_identity
    return None if identity is None else EntryKind(identity)


def _tables(model: type[RegisterEntry]) -> list[type[RegisterEntry]]:
    return [RegisterEntry] if model is RegisterEntry else [RegisterEntry, model]


def list_entries(
    session: Session,
    actor: Actor | None,
    model: type[Entry],
    *,
    page: PageRequest,
    mine: bool = False,
    status: EntryStatus | None = None,
    region: str | None = None,
    field: str | None = None,
    chain: str | None = None,
    name: str | None = None,
    conditions: Iterable[ColumnElement[bool]] = (),
) -> Page[Entry]:
    """List entries of a kind that the actor may read, newest first.

    Args:
        session: open session.
        actor: who is asking; None for anyone.
        model: table class of the kind.
        page: cursor and limit.
        mine: only those the actor keeps.
        status: only this state.
        region: only this region and all inside it.
        field: only this technical field.
        chain: only this industrial chain.
        name: only titles that contain this.
        conditions: of the kind's own columns.
    """
    statement: Select[Any] = select(model).where(readable(actor, model), *conditions)
    if mine:
        statement = statement.where(_kept(actor, model))
    if status is not None:
        statement = statement.where(model.status == status)
    if region is not None:
        statement = statement.where(model.region_code.startswith(region_prefix(region)))
    if field is not None:
        statement = statement.where(model.tech_field == field)
    if chain is not None:
        statement = statement.where(model.chain_code == chain)
    if name:
        statement = statement.where(model.title.contains(name, autoescape=True))
    return paginate(session, statement, order=[SortKey(model.id, descending=True)], page=page)


def readable(actor: Actor | None, model: type[RegisterEntry]) -> ColumnElement[bool]:
    """Return the condition that the actor may read an entry; see `may_read`."""
    kind = kind_of(model)
    assert kind is not None, "entries are listed kind by kind"
    listed = model.status == EntryStatus.LISTED
    shown = SPECS[kind].shown
    if shown is not None:
        listed = listed & shown
    if actor is None:
        return listed if REGISTER_OF[kind] in POOLS else listed & model.published_at.is_not(None)
    held = model.status != EntryStatus.ERASED
    if actor.role is Role.ADMIN:
        return held
    alternatives: list[ColumnElement[bool]] = [listed, held & _kept(actor, model)]
    if actor.role is Role.BUREAU and actor.in_office and actor.region_code is not None:
        alternatives.append(held & model.region_code.startswith(region_prefix(actor.region_code)))
    return or_(*alternatives)


def _kept(actor: Actor | None, model: type[RegisterEntry]) -> ColumnElement[bool]:
    if actor is None:
        return model.id.is_(None)
    kept = [model.proposed_by == actor.user_id]
    if actor.organisation_id is not None:
        kept.append(model.organisation_id == actor.organisation_id)
    kind = kind_of(model)
    person = SPECS[kind].person if kind is not None else None
    if person is not None and actor.user_id is not None:
        kept.append(getattr(model, person) == actor.user_id)
    return or_(*kept)


def load_entries(session: Session, kind: EntryKind, ids: Sequence[int]) -> dict[int, RegisterEntry]:
    """Return entries of a kind by id, with their units."""
    model = SPECS[kind].model
    rows = session.scalars(select(model).where(model.id.in_(ids)))
    return {row.id: row for row in rows}


def list_events(session: Session, entry: RegisterEntry) -> list[EntryEvent]:
    """Return the steps of an entry, oldest first."""
    return list(
        session.scalars(select(EntryEvent).where(EntryEvent.entry_id == entry.id).order_by(EntryEvent.id))
    )


def authored(session: Session, actor: Actor, ids: Sequence[int]) -> set[int]:
    """Return which of these entries the actor wrote, changed or handed in since they were last checked."""
    if actor.user_id is None:
        return set()
    checks = aliased(EntryEvent)
    last = (
        select(func.max(checks.id))
        .where(checks.entry_id == EntryEvent.entry_id, checks.action.in_(CHECKS))
        .correlate(EntryEvent)
        .scalar_subquery()
    )
    statement = select(EntryEvent.entry_id).where(
        EntryEvent.entry_id.in_(ids),
        EntryEvent.actor_id == actor.user_id,
        EntryEvent.action.in_(AUTHORING),
        EntryEvent.id > func.coalesce(last, 0),
    )
    return set(session.scalars(statement))


def require_history(actor: Actor, entry: RegisterEntry) -> None:
    """Refuse actors who may not read an entry's steps.

    Raises:
        PermissionDenied: neither keeper nor bureau.
    """
    if not sees_internal(actor, entry):
        raise PermissionDenied(
            "只有提出单位、所属单位和所在地主管部门可以查看办理经过。", code="role-not-allowed"
        )


def may_propose(actor: Actor) -> bool:
    """Tell whether the actor may propose entries at all."""
    return actor.role in PROPOSERS and actor.in_office


@dataclass(frozen=True, slots=True)
class RegisterCount:
    """How many entries of a kind stand in one state."""

    register: Register
    kind: EntryKind
    status: EntryStatus
    count: int


def count_entries(session: Session, register: Register, region_code: str) -> list[RegisterCount]:
    """Return the counts of a register in a region and all inside it, by kind and state."""
    statement = (
        select(RegisterEntry.kind, RegisterEntry.status, func.count())
        .where(
            RegisterEntry.kind.in_(kinds_of(register)),
            RegisterEntry.region_code.startswith(region_prefix(region_code)),
        )
        .group_by(RegisterEntry.kind, RegisterEntry.status)
        .order_by(RegisterEntry.kind, RegisterEntry.status)
    )
    return [
        RegisterCount(register, kind, status, count) for kind, status, count in session.execute(statement)
    ]
