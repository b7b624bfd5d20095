"""Short ways to take a suggestion's steps."""

from __future__ import annotations

from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.matches import queries, service
from market.matches.models import Suggestion
from market.matches.rules import Action
from tests.factories import NOW
from tests.market.listings.factories import ENCODER


def assign(session: Session, actor: Actor, pair: Suggestion, broker: Actor | None = None) -> Suggestion:
    broker_id = (broker or actor).user_id
    assert broker_id is not None
    return service.assign_suggestion(session, actor, pair.id, broker_id=broker_id, now=NOW)


def review(
    session: Session,
    actor: Actor,
    pair: Suggestion,
    decision: Action = Action.RECOMMEND,
    *,
    reason_code: str | None = None,
) -> Suggestion:
    reason_code = reason_code or ("indicators_fit" if decision is Action.RECOMMEND else "off_topic")
    return service.review_suggestion(
        session, actor, pair.id, decision=decision, reason_code=reason_code, words="依据指标判断", now=NOW
    )


def end(
    session: Session, actor: Actor, pair: Suggestion, *, signed: bool, reason_code: str | None = None
) -> Suggestion:
    return service.record_outcome(
        session,
        actor,
        pair.id,
        signed=signed,
        reason_code=reason_code,
        words="谈判三轮",
        encoder=ENCODER,
        now=NOW,
    )


def actions_of(session: Session, pair: Suggestion) -> list[Action]:
    return [event.action for event in queries.list_events(session, pair)]
