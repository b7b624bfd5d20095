"""What every step of a record shares: the right to take it, the table, the event.

`take_step` is the only way in which a state changes.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.audit.service import record as audit
from market.clock import china_day
from market.conduct.models import ConductEvent, ConductPlea, ConductRecord
from market.conduct.queries import facts_of, get_record, open_plea, relation_of
from market.conduct.rules import STEPS, Action, PleaStatus, Status, right_refusal, step_refusal
from market.errors import Conflict, PermissionDenied


def locked(session: Session, actor: Actor, record_id: int, action: Action, *, now: datetime) -> ConductRecord:
    """Return a record, locked, with which the actor takes this step now.

    Raises:
        NotFound: there is none, or the actor may not know of it.
        PermissionDenied: the actor does not take this step.
        Conflict: it cannot be taken as things stand.
    """
    day = china_day(now)
    record = get_record(session, actor, record_id, day=day, lock=True)
    denied = right_refusal(action, relation_of(session, actor, record))
    if denied is not None:
        raise PermissionDenied(denied.detail, code=denied.code)
    refusal = step_refusal(action, facts_of(session, record, day=day))
    if refusal is not None:
        raise Conflict(refusal.detail, code=refusal.code)
    return record


def take_step(
    session: Session,
    actor: Actor,
    record: ConductRecord,
    action: Action,
    *,
    now: datetime,
    note: str | None = None,
) -> None:
    """Take a step that `locked` has allowed, and write it down."""
    source, record.status = record.status, STEPS[action].target or record.status
    record.updated_at = now
    session.flush()  # draws the new version
    note_event(session, actor, record, action, source=source, now=now, note=note)


def note_event(
    session: Session,
    actor: Actor,
    record: ConductRecord,
    action: Action,
    *,
    source: Status | None,
    now: datetime,
    note: str | None = None,
) -> None:
    """Write one step down, for the office and for the audit."""
    session.add(
        ConductEvent(
            record_id=record.id,
            action=action,
            source=source,
            target=record.status,
            actor_id=actor.user_id,
            note=note,
            at=now,
        )
    )
    audit(
        session, actor.user_id, action=f"conduct.{action.value}", entity="conduct", entity_id=record.id,
        now=now,
        details={
            "board": record.board.value, "from": source.value if source else None, "to": record.status.value
        },
    )  # fmt: skip
    session.flush()  # who took part is asked of the events


def answer_plea(
    session: Session, actor: Actor, record: ConductRecord, *, upheld: bool, answer: str, now: datetime
) -> ConductPlea:
    """Answer what a subject said; the table has made sure that something waits."""
    plea = open_plea(session, record)
    assert plea is not None
    plea.status = PleaStatus.UPHELD if upheld else PleaStatus.DISMISSED
    plea.answer, plea.decided_by, plea.decided_at = answer, actor.user_id, now
    return plea
