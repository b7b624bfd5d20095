"""What every step of an entry shares: the table, the event, the index, the permissions.

`take_step` is the one way an entry changes its state; it keeps the index in line in the same transaction.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.audit.service import record
from market.errors import Conflict, PermissionDenied
from market.libraries.models import ChainNode, EntryEvent, RegisterEntry
from market.libraries.queries.chains import beside
from market.libraries.queries.entries import is_checker, is_keeper, is_unit
from market.libraries.queries.kinds import SPECS, may_be_found, to_document
from market.libraries.rules import (
    EDITABLE,
    ENTRY_KIND_NAMES,
    ENTRY_STATUS_NAMES,
    POOLS,
    PROPOSERS,
    REGISTER_OF,
    STEPS,
    By,
    EntryAction,
    EntryStatus,
)
from market.libraries.rules.entries import takers
from market.libraries.service.forms import READY_CHECKS
from market.search.documents import Encoder
from market.search.service import put_document, put_documents, remove_document

UNRECORDED = frozenset(
    {"id", "version", "updated_at", "status", "leader_name", "full_leader", "public_leader"}
)
"""The leader of a project may be linked to the talent pool later, and be erased there."""

NEEDS_ALL = frozenset({EntryAction.PROPOSE, EntryAction.LIST})
"""Steps for which everything must be on record that `READY_CHECKS` ask for."""


def require_right(actor: Actor, entry: RegisterEntry, action: EntryAction) -> None:
    """Refuse actors who may not take a step with an entry in its present state.

    Raises:
        PermissionDenied: neither who keeps it nor its bureau; its unit, where that only reads; a unit that
            is not verified; or whoever proposed it checks it.
    """
    by = takers(action, entry.status)
    kept = bool(by & {By.KEEPER, By.UNIT})
    if is_checker(actor, entry):
        if not kept and actor.user_id is not None and actor.user_id == entry.proposed_by:
            raise PermissionDenied("提出条目的人不能自己核对，请由另一人核对。", code="checker-is-proposer")
        return
    if not kept:
        raise PermissionDenied("只有条目所在地的主管部门可以核对。", code="role-not-allowed")
    if By.KEEPER in by and not is_keeper(actor, entry):
        raise PermissionDenied(
            f"只有提出人、所属的高校院所或机构和所在地主管部门可以办理该{ENTRY_KIND_NAMES[entry.kind]}。",
            code="not-keeper",
        )
    if By.KEEPER not in by and not is_unit(actor, entry):
        raise PermissionDenied(
            f"该{ENTRY_KIND_NAMES[entry.kind]}已经核对在列，只有所属的高校院所或机构和所在地主管部门可以撤回、移出。",
            code="not-keeper",
        )
    if actor.role not in PROPOSERS:
        raise PermissionDenied(
            "贵单位只能查看清单条目；要更正或移出，请联系所在地主管部门。", code="role-not-allowed"
        )
    if not actor.verified:
        raise PermissionDenied("贵单位未通过核验，或已暂停。", code="organisation-not-verified")


def require_recorder(actor: Actor, entry: RegisterEntry) -> None:
    """Refuse actors who may not record something with an entry that others then see unchecked.

    Raises:
        PermissionDenied: neither its keeper nor its bureau; or a keeper who has handed it in.
    """
    require_right(actor, entry, EntryAction.NOTE)
    if entry.status not in EDITABLE and not is_checker(actor, entry):
        raise PermissionDenied("已提交核对或在列的条目，由所在地主管部门补充记录。", code="role-not-allowed")


def take_step(
    session: Session,
    actor: Actor,
    entry: RegisterEntry,
    action: EntryAction,
    *,
    encoder: Encoder | None,
    now: datetime,
    note: str | None = None,
) -> None:
    """Take one step; the caller has asked `require_right`, or acts for the market.

    Args:
        session: open transaction.
        actor: who takes it.
        entry: locked.
        action: the step.
        encoder: makes the vector; None for steps that make nothing findable.
        now: present time.
        note: words that go with it.

    Raises:
        Conflict: it does not start from the present state.
        RuleViolation: something is not on record that must be before it is handed in or listed.
    """
    step = STEPS[action]
    if entry.status not in step.sources:
        raise Conflict(
            f"该{ENTRY_KIND_NAMES[entry.kind]}现为“{ENTRY_STATUS_NAMES[entry.status]}”，不能进行此操作。",
            code="illegal-transition",
        )
    if action in NEEDS_ALL and entry.kind in READY_CHECKS:
        READY_CHECKS[entry.kind](session, entry)
    found_before = may_be_found(session, entry)
    source, entry.status, entry.updated_at = entry.status, step.target or entry.status, now
    if entry.status is EntryStatus.LISTED and REGISTER_OF[entry.kind] in POOLS:
        entry.published_at = entry.published_at or now
    session.flush()  # draws the new version; a lost race stops here
    note_event(session, actor, entry, action, source=source, now=now, note=note)
    keep_index(session, entry, found_before=found_before, encoder=encoder, now=now)
    if isinstance(entry, ChainNode) and EntryStatus.LISTED in {source, entry.status}:
        _keep_neighbours(session, entry, encoder=encoder, now=now)


def keep_index(
    session: Session, entry: RegisterEntry, *, found_before: bool, encoder: Encoder | None, now: datetime
) -> None:
    """Bring the index in line with an entry that has changed.

    Raises:
        ValueError: it may be found now and there is no encoder.
    """
    kind = SPECS[entry.kind].index_kind
    if kind is None:
        return
    if may_be_found(session, entry):
        if encoder is None:
            raise ValueError(f"entry {entry.id} may be found now and needs an encoder")
        put_document(session, encoder, to_document(session, entry), now=now)
    elif found_before:
        remove_document(session, kind, entry.id, now=now)


def _keep_neighbours(session: Session, node: ChainNode, *, encoder: Encoder | None, now: datetime) -> None:
    """Index anew what names a node that came, went or got another title: its neighbours and enterprises."""
    found = [entry for entry in beside(session, node) if may_be_found(session, entry)]
    if not found:
        return
    if encoder is None:
        raise ValueError(f"what stands beside node {node.id} is found and needs an encoder")
    put_documents(session, encoder, [to_document(session, entry) for entry in found], now=now)


def note_event(
    session: Session,
    actor: Actor,
    entry: RegisterEntry,
    action: EntryAction,
    *,
    source: EntryStatus | None,
    now: datetime,
    note: str | None = None,
    with_text: bool = False,
) -> None:
    """Write down one step, with all fields where they changed; never those of a person."""
    keep_text = with_text and not SPECS[entry.kind].personal
    session.add(
        EntryEvent(
            entry_id=entry.id,
            action=action,
            source=source,
            target=entry.status,
            actor_id=actor.user_id,
            note=note,
            version=entry.version,
            snapshot=_snapshot(entry) if keep_text else None,
            at=now,
        )
    )
    record(
        session,
        actor.user_id,
        action=f"{entry.kind.value}.{action.value}",
        entity=entry.kind.value,
        entity_id=entry.id,
        now=now,
        details={"from": source.value if source else None, "to": entry.status.value},
    )


def _snapshot(entry: RegisterEntry) -> dict[str, Any]:
    columns = inspect(entry).mapper.column_attrs
    values = {column.key: getattr(entry, column.key) for column in columns if column.key not in UNRECORDED}
    return {
        name: value.isoformat() if isinstance(value, date | time) else value for name, value in values.items()
    }
