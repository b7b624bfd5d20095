"""What every step of a suggestion and of a referral shares: the table, the event, the audit row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.audit.service import record
from market.errors import Conflict
from market.matches.models import Referral, ReferralEvent, Suggestion, SuggestionEvent
from market.matches.rules import STATUS_NAMES, TRANSITIONS, Action, Side, Status
from market.matches.rules.referrals import ReferralSide

Pair = Suggestion | Referral


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort of pair: how audit and addresses name it, how people do, and where its steps are kept."""

    name: str
    shown: str
    event: type[SuggestionEvent] | type[ReferralEvent]


SORTS: Mapping[type[Pair], Sort] = {
    Suggestion: Sort("suggestion", "建议", SuggestionEvent),
    Referral: Sort("referral", "引荐", ReferralEvent),
}


def take_step(
    session: Session,
    actor: Actor,
    pair: Pair,
    action: Action,
    *,
    now: datetime,
    side: Side | ReferralSide | None = None,
    reason_code: str | None = None,
    words: str | None = None,
) -> None:
    """Take one step; the caller has seen to it that the actor may.

    Raises:
        Conflict: it does not start from the present state.
    """
    step = TRANSITIONS[action]
    if pair.status not in step.sources:
        raise Conflict(
            f"该{SORTS[type(pair)].shown}现为“{STATUS_NAMES[pair.status]}”，不能进行此操作。",
            code="illegal-transition",
        )
    source = pair.status
    pair.status = step.target or source
    session.flush()  # draws the new version; a lost race stops here
    note_event(
        session, actor, pair, action, source=source, now=now, side=side, reason_code=reason_code, words=words
    )


def note_event(
    session: Session,
    actor: Actor,
    pair: Pair,
    action: Action,
    *,
    source: Status | None,
    now: datetime,
    side: Side | ReferralSide | None = None,
    reason_code: str | None = None,
    words: str | None = None,
) -> None:
    """Write down one step, for the two sides and for the audit."""
    sort = SORTS[type(pair)]
    session.add(
        sort.event(
            **{f"{sort.name}_id": pair.id},
            action=action,
            source=source,
            target=pair.status,
            actor_id=actor.user_id,
            side=side,
            reason_code=reason_code,
            words=words,
            at=now,
        )
    )
    record(
        session,
        actor.user_id,
        action=f"{sort.name}.{action.value}",
        entity=sort.name,
        entity_id=pair.id,
        now=now,
        details={"from": source.value if source else None, "to": pair.status.value},
    )
