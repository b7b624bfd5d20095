"""Steps of a suggestion: made by the engine, decided by a broker, carried on by the two sides.

Every step goes through `steps.take_step`, which checks the transition table and writes the event.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.queries import get_user
from market.accounts.rules import Actor, Role
from market.errors import Conflict, PermissionDenied, violation
from market.listings import rules as listing_rules
from market.listings.service import take_market_step
from market.matches import queries
from market.matches.models import Suggestion, SuggestionEvent
from market.matches.rules import Action, Side, Status, has_conflict
from market.matches.service.steps import take_step
from market.reference.queries import check_codes
from market.reference.rules import Scheme
from market.search.documents import Encoder

REASON_SCHEMES = {
    Action.RECOMMEND: Scheme.RECOMMEND_REASON,
    Action.DECLINE: Scheme.DECLINE_REASON,
    Action.FAIL: Scheme.FAILURE_REASON,
}


def assign_suggestion(
    session: Session, actor: Actor, suggestion_id: int, *, broker_id: int, now: datetime
) -> Suggestion:
    """Put a suggestion on a broker's desk: brokers take it themselves, an admin gives it to anyone.

    Raises:
        NotFound: no such suggestion or user.
        PermissionDenied: the actor may not assign it, or the broker has an interest in it.
        Conflict: it is not open any more, or on another broker's desk.
        RuleViolation: the user is not a broker.
    """
    suggestion = queries.get_suggestion(session, actor, suggestion_id, lock=True)
    if actor.role is not Role.ADMIN:
        if actor.role is not Role.BROKER or broker_id != actor.user_id:
            raise PermissionDenied("技术经纪人只能把建议领到自己名下。", code="role-not-allowed")
        if suggestion.broker_id not in {None, actor.user_id}:
            raise Conflict("该建议已由其他技术经纪人承办。", code="already-assigned")
    broker = get_user(session, broker_id)
    if broker.role is not Role.BROKER or not broker.active:
        raise violation("/broker_id", "not-a-broker", "承办人必须是在任的技术经纪人。")
    _refuse_conflict(suggestion, broker.organisation_id)
    suggestion.broker_id = broker.id
    take_step(session, actor, suggestion, Action.ASSIGN, now=now)
    return suggestion


def review_suggestion(
    session: Session,
    actor: Actor,
    suggestion_id: int,
    *,
    decision: Action,
    reason_code: str,
    words: str,
    now: datetime,
) -> Suggestion:
    """Recommend or decline a suggestion, as a broker without an interest in it.

    Args:
        session: open transaction.
        actor: the broker; an unassigned suggestion becomes theirs.
        suggestion_id: which one.
        decision: RECOMMEND or DECLINE.
        reason_code: of the list `recommend_reason` or `decline_reason`.
        words: the reason in the broker's words; both sides read it if it is recommended.
        now: present time.

    Raises:
        NotFound: no such suggestion.
        PermissionDenied: not a verified broker, an interest, or another broker's desk.
        Conflict: it has been decided.
        RuleViolation: the reason code is unknown.
    """
    suggestion = queries.get_suggestion(session, actor, suggestion_id, lock=True)
    if actor.role is not Role.BROKER or not actor.verified:
        raise PermissionDenied("只有已核验机构的技术经纪人可以审核匹配建议。", code="role-not-allowed")
    _refuse_conflict(suggestion, actor.organisation_id)
    if suggestion.broker_id not in {None, actor.user_id}:
        raise PermissionDenied("该建议由其他技术经纪人承办。", code="already-assigned")
    check_codes(session, [("/reason_code", REASON_SCHEMES[decision], reason_code)])
    suggestion.broker_id = actor.user_id
    suggestion.decided_at = now
    suggestion.reason_code = reason_code
    take_step(session, actor, suggestion, decision, now=now, reason_code=reason_code, words=words)
    return suggestion


def express_interest(
    session: Session,
    actor: Actor,
    suggestion_id: int,
    *,
    interested: bool,
    words: str | None,
    encoder: Encoder,
    now: datetime,
) -> Suggestion:
    """Say for one side whether it wants to talk. When both do, the confidential parts are released.

    Raises:
        NotFound: no such suggestion, or not recommended.
        PermissionDenied: the actor stands on neither side.
        Conflict: the suggestion is not waiting for this, or one of the listings is no longer on the market.
    """
    suggestion = queries.get_suggestion(session, actor, suggestion_id, lock=True)
    side = queries.side_of(actor, suggestion)
    if side is None:
        raise PermissionDenied("只有供需双方可以表达意向。", code="not-a-party")
    step = Action.INTEREST if interested else Action.DISINTEREST
    take_step(session, actor, suggestion, step, now=now, side=side, words=words)
    if side is Side.NEED:
        suggestion.need_interest = interested
    else:
        suggestion.achievement_interest = interested
    if suggestion.need_interest and suggestion.achievement_interest:
        if suggestion.achievement.status not in listing_rules.PUBLIC:
            raise Conflict("该成果已不在市场上，不能开始对接。", code="listing-off-market")
        take_step(session, actor, suggestion, Action.AGREE, now=now)
        need = suggestion.need
        if need.status is not listing_rules.Status.MATCHING:  # another pair may have agreed before
            take_market_step(
                session, actor, need, listing_rules.Action.START_MATCHING, encoder=encoder, now=now
            )
    session.flush()  # draws the new version
    return suggestion


def add_note(
    session: Session, actor: Actor, suggestion_id: int, *, words: str, now: datetime
) -> SuggestionEvent:
    """Write down how the talks go; both sides and the broker read it.

    Raises:
        PermissionDenied: neither a side nor the broker in charge.
        Conflict: there are no talks.
    """
    suggestion = queries.get_suggestion(session, actor, suggestion_id, lock=True)
    side = _require_participant(actor, suggestion)
    take_step(session, actor, suggestion, Action.NOTE, now=now, side=side, words=words)
    return queries.list_events(session, suggestion)[-1]


def record_outcome(
    session: Session,
    actor: Actor,
    suggestion_id: int,
    *,
    signed: bool,
    reason_code: str | None,
    words: str,
    encoder: Encoder,
    now: datetime,
) -> Suggestion:
    """Say how the talks ended: with a signed deal, or without.

    Args:
        session: open transaction.
        actor: one of the sides, or the broker in charge.
        suggestion_id: which one.
        signed: whether a contract was signed; its registration is applied for apart.
        reason_code: of the list `failure_reason`; required if nothing was signed.
        words: what happened.
        encoder: makes the vector of a need that returns to the market.
        now: present time.

    Raises:
        PermissionDenied: neither a side nor the broker in charge.
        Conflict: the sides have not agreed to talk, or the outcome is known.
        RuleViolation: no reason, or an unknown one.
    """
    suggestion = queries.get_suggestion(session, actor, suggestion_id, lock=True)
    side = _require_participant(actor, suggestion)
    if signed:
        take_step(session, actor, suggestion, Action.SIGN, now=now, side=side, words=words)
        _sign_need(session, actor, suggestion, now=now)
        return suggestion
    if reason_code is None:
        raise violation("/reason_code", "reason-missing", "未成交时请选择原因。")
    check_codes(session, [("/reason_code", Scheme.FAILURE_REASON, reason_code)])
    take_step(
        session, actor, suggestion, Action.FAIL, now=now, side=side, reason_code=reason_code, words=words
    )
    if suggestion.need.status is listing_rules.Status.MATCHING and not _other_talks(session, suggestion):
        take_market_step(
            session, actor, suggestion.need, listing_rules.Action.REOPEN, encoder=encoder, now=now
        )
    return suggestion


def mark_contracted(session: Session, actor: Actor, suggestion: Suggestion, *, now: datetime) -> None:
    """Record that the deal's contract has been registered; saying it twice does no harm.

    Raises:
        Conflict: the sides never agreed.
    """
    if suggestion.status is Status.CONTRACTED:
        return
    take_step(session, actor, suggestion, Action.SIGN, now=now)
    _sign_need(session, actor, suggestion, now=now)


def _sign_need(session: Session, actor: Actor, suggestion: Suggestion, *, now: datetime) -> None:
    need = suggestion.need
    if need.status in listing_rules.TRANSITIONS[listing_rules.Action.SIGN].sources:
        take_market_step(session, actor, need, listing_rules.Action.SIGN, encoder=None, now=now)


def _other_talks(session: Session, suggestion: Suggestion) -> bool:
    others = select(Suggestion.id).where(
        Suggestion.need_id == suggestion.need_id,
        Suggestion.id != suggestion.id,
        Suggestion.status == Status.AGREED,
    )
    return session.execute(others.limit(1)).first() is not None


def take_engine_step(
    session: Session, actor: Actor, suggestion: Suggestion, action: Action, *, now: datetime
) -> None:
    """Record that the engine dropped or revived a suggestion."""
    if action is Action.REVIVE:
        # What was decided and said was about the listing as it stood before.
        suggestion.reason_code = suggestion.decided_at = None
        suggestion.need_interest = suggestion.achievement_interest = None
    take_step(session, actor, suggestion, action, now=now)


def _refuse_conflict(suggestion: Suggestion, organisation_id: int | None) -> None:
    if has_conflict(
        organisation_id,
        need_owner_id=suggestion.need.organisation_id,
        achievement_owner_id=suggestion.achievement.organisation_id,
    ):
        raise PermissionDenied("本单位是其中一方，应当回避。", code="conflict-of-interest")


def _require_participant(actor: Actor, suggestion: Suggestion) -> Side | None:
    side = queries.side_of(actor, suggestion)
    if side is None and (actor.role is not Role.BROKER or suggestion.broker_id != actor.user_id):
        raise PermissionDenied("只有供需双方和承办的技术经纪人可以操作。", code="not-a-party")
    return side
