"""Writing down who did what to an account."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.audit.service import record


def audit(
    session: Session,
    actor: Actor | None,
    action: str,
    entity_id: int,
    *,
    now: datetime,
    entity: str = "organisation",
    details: dict[str, Any] | None = None,
) -> None:
    """Write an audit event of a deed; without an actor somebody who is not signed in did it."""
    actor_id = actor.user_id if actor is not None else None
    record(session, actor_id, action=action, entity=entity, entity_id=entity_id, now=now, details=details)
