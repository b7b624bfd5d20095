"""What every step of a bundle shares: the right to take it, the table, the audit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from market.accounts.rules import Actor
from market.audit.service import record
from market.bundles.models import Bundle
from market.bundles.queries import get_bundle, is_keeper
from market.bundles.rules import STATUS_NAMES, STEPS, Action
from market.errors import Conflict, PermissionDenied


def bundle_for_step(
    session: Session, actor: Actor, bundle_id: int, action: Action, *, lock: bool = True
) -> Bundle:
    """Return a bundle with which the actor may take a step now; locked, unless it is only prepared.

    Raises:
        NotFound: there is none, or the actor may not know of it.
        PermissionDenied: the actor does not keep it.
        Conflict: the step does not start from its state.
    """
    bundle = get_bundle(session, actor, bundle_id, lock=lock)
    if not is_keeper(actor, bundle):
        raise PermissionDenied("成果包由制作单位或所在地主管部门办理。", code="role-not-allowed")
    if bundle.status not in STEPS[action].sources:
        raise Conflict(
            f"该成果包现为“{STATUS_NAMES[bundle.status]}”，不能进行此操作。", code="illegal-transition"
        )
    return bundle


def finish_step(
    session: Session,
    actor: Actor,
    bundle: Bundle,
    action: Action,
    *,
    now: datetime,
    details: dict[str, Any] | None = None,
) -> None:
    """Bring a bundle to the state that a step leads to, in a new version, and write the step down."""
    source = bundle.status
    bundle.status, bundle.updated_at = STEPS[action].target or source, now
    flag_modified(bundle, "updated_at")  # a new list of achievements is a new version, too
    session.flush()  # draws the new version
    states = {"from": source.value, "to": bundle.status.value}
    record(
        session, actor.user_id, action=f"bundle.{action.value}", entity="bundle", entity_id=bundle.id,
        now=now, details={**states, **(details or {})},
    )  # fmt: skip
