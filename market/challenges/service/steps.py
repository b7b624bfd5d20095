"""What every step of a challenge or an award shares: the table, the right to take it, the event.

`take_step` and `take_award_step` are the only ways in which a state changes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import Actor, Role
from market.audit.service import record
from market.challenges.models import Award, Challenge, ChallengeEvent
from market.challenges.queries.challenges import is_bureau, is_owner
from market.challenges.rules import (
    ACTION_NAMES,
    STEPS,
    Action,
    BidAction,
    By,
    Facts,
    Status,
    state_of_challenge,
    step_refusal,
)
from market.errors import Conflict, PermissionDenied

BIDDERS = frozenset({Role.ENTERPRISE, Role.UNIVERSITY})
"""Who may bid; teams bid through the unit that leads them."""


def require_right(actor: Actor, challenge: Challenge, action: Action) -> None:
    """Refuse actors who do not take this step. Experts are told apart by their seats, not here.

    Raises:
        PermissionDenied: `role-not-allowed`, or `organisation-not-verified`.
    """
    by = STEPS[action].by
    if By.SIGNED_IN in by or (By.BUREAU in by and is_bureau(actor, challenge)):
        return
    if By.OWNER in by and is_owner(actor, challenge):
        if not actor.verified:
            raise PermissionDenied("贵单位尚未通过核验。", code="organisation-not-verified")
        return
    who = "需求单位或所在地主管部门" if By.OWNER in by and By.BUREAU in by else "所在地主管部门"
    if by == {By.OWNER}:
        who = "需求单位"
    raise PermissionDenied(f"“{ACTION_NAMES[action]}”由{who}办理。", code="role-not-allowed")


def require_possible(action: Action, facts: Facts) -> None:
    """Refuse a step that cannot be taken as things stand.

    Raises:
        Conflict: the code says which condition does not hold.
    """
    refusal = step_refusal(action, facts)
    if refusal is not None:
        raise Conflict(refusal.detail, code=refusal.code)


def take_step(
    session: Session,
    actor: Actor,
    challenge: Challenge,
    action: Action,
    *,
    facts: Facts,
    now: datetime,
    note: str | None = None,
    bid_id: int | None = None,
) -> None:
    """Take one step with a challenge; the caller has asked `require_right`, or acts for the market.

    Args:
        session: open transaction.
        actor: who takes it.
        challenge: locked.
        action: the step.
        facts: as they stand, read after the lock.
        now: present time.
        note: words of the office that go with it.
        bid_id: the bid it is about.

    Raises:
        Conflict: it cannot be taken as things stand.
    """
    require_possible(action, facts)
    source = challenge.status
    challenge.status = STEPS[action].target or source
    challenge.updated_at = now
    session.flush()  # draws the new version
    note_event(session, actor, challenge, action, source=source, now=now, note=note, bid_id=bid_id)


def take_award_step(
    session: Session,
    actor: Actor,
    award: Award,
    action: Action,
    *,
    facts: Facts,
    now: datetime,
    note: str | None = None,
) -> None:
    """Take one step with an award, and let its challenge follow; see `take_step`."""
    require_possible(action, facts)
    source, challenge = award.status, award.challenge
    award.status = STEPS[action].target or source
    session.flush()  # before the states of all awards are read
    states = list(session.scalars(select(Award.status).where(Award.challenge_id == challenge.id)))
    challenge.status, challenge.updated_at = state_of_challenge(states), now
    session.flush()  # draws the new version
    note_event(
        session, actor, challenge, action, source=source, target=award.status, now=now, note=note,
        award_id=award.id,
    )  # fmt: skip


def note_event(
    session: Session,
    actor: Actor,
    challenge: Challenge,
    action: Action,
    *,
    source: Status | None,
    now: datetime,
    target: Status | None = None,
    note: str | None = None,
    bid_id: int | None = None,
    award_id: int | None = None,
) -> None:
    """Write one step down, for the office and for the audit."""
    reached = target or challenge.status
    session.add(
        ChallengeEvent(
            challenge_id=challenge.id,
            bid_id=bid_id,
            award_id=award_id,
            action=action,
            source=source,
            target=reached,
            actor_id=actor.user_id,
            note=note,
            at=now,
        )
    )
    entity, entity_id = ("award", award_id) if award_id is not None else ("challenge", challenge.id)
    details: dict[str, Any] = {"from": source.value if source else None, "to": reached.value}
    if bid_id is not None:
        details["bid"] = bid_id
    record(
        session, actor.user_id, action=f"{entity}.{action.value}", entity=entity, entity_id=entity_id,
        now=now, details=details,
    )  # fmt: skip


def audit_bid(session: Session, actor: Actor, bid_id: int, action: BidAction, *, now: datetime) -> None:
    """Write a step of a bid to the audit; before the call is closed nothing else tells of it."""
    record(session, actor.user_id, action=f"bid.{action.value}", entity="bid", entity_id=bid_id, now=now)
