"""Writing audit events, inside the transaction of the deed itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, insert
from sqlalchemy.orm import Session

from market.audit.models import AuditEvent

_WRITE = insert(cast(Table, AuditEvent.__table__)).inline()  # nobody asks for the id


def record(
    session: Session,
    actor_id: int | None,
    *,
    action: str,
    entity: str,
    entity_id: int,
    now: datetime,
    details: dict[str, Any] | None = None,
) -> None:
    """Add one event.

    Args:
        session: the transaction of the deed.
        actor_id: the user; None for the operator at the command line.
        action: `entity.verb`, e.g. `need.publish`.
        entity: table-like name of the record's kind.
        entity_id: its primary key.
        now: when.
        details: ids, codes and states; no personal data and no confidential text.
    """
    session.add(
        AuditEvent(
            at=now,
            actor_id=actor_id,
            action=action,
            entity=entity,
            entity_id=entity_id,
            details=details or {},
        )
    )


def record_now(
    session: Session,
    actor_id: int | None,
    *,
    action: str,
    entity: str,
    entity_id: int,
    now: datetime,
    details: dict[str, Any] | None = None,
) -> None:
    """Write one event at once, as `record` but without a row in the session.

    Cheaper where one deed is done by itself; many events at once are cheaper by `record`. Whatever the
    event names must have been flushed.
    """
    session.connection().execute(
        _WRITE,
        {
            "at": now,
            "actor_id": actor_id,
            "action": action,
            "entity": entity,
            "entity_id": entity_id,
            "details": details or {},
        },
    )
