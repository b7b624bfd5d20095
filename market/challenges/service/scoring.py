"""Scoring sheets of experts, or of the demand side where no panel is needed, and the end of the review."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.challenges.models import Bid, Challenge, ScoreSheet
from market.challenges.queries.bids import lock_bid
from market.challenges.queries.challenges import get_challenge
from market.challenges.queries.panels import get_seat, is_own_seat
from market.challenges.queries.scores import facts_of, panel_needed, review_round
from market.challenges.rules import Action, BidStatus, points_fault, total_of
from market.challenges.service.panels import require_cleared
from market.challenges.service.steps import require_possible, require_right, take_step
from market.errors import Conflict, violation


def score_bid(
    session: Session,
    actor: Actor,
    seat_id: int,
    *,
    bid_id: int,
    points: Mapping[str, int],
    comment: str | None,
    now: datetime,
) -> ScoreSheet:
    """Hand in an expert's sheet for a bid, once in each round of the review.

    After a review was reopened the new sheet takes the place of the earlier one, which is kept.

    Args:
        session: open transaction.
        actor: the expert, or the bureau that enters a signed sheet.
        seat_id: the expert's seat.
        bid_id: a bid of the challenge that passed the formal check.
        points: 0 to 100 by criterion, every criterion.
        comment: words that go with it.
        now: present time.

    Raises:
        NotFound: the actor is neither.
        PermissionDenied: `expert-not-cleared`.
        Conflict: the review is not under way, or the sheet has been handed in.
        RuleViolation: no such bid, or points that do not fit the criteria.
    """
    seat, challenge = get_seat(session, actor, seat_id)
    challenge = get_challenge(session, actor, challenge.id, lock=True)
    session.refresh(seat)  # as it stands now that its challenge is locked
    if not is_own_seat(actor, seat):
        require_right(actor, challenge, Action.SCORE)
    require_cleared(seat)
    bid = session.scalar(
        select(Bid).where(Bid.id == bid_id, Bid.challenge_id == challenge.id, Bid.status == BidStatus.PASSED)
    )
    if bid is None:
        raise violation("/bid_id", "bid-not-found", "没有找到通过形式审查的该揭榜申报。")
    return _write(
        session, actor, challenge, bid, Action.SCORE, seat_id=seat.id, points=points, comment=comment, now=now
    )


def appraise_bid(
    session: Session,
    actor: Actor,
    bid_id: int,
    *,
    points: Mapping[str, int],
    comment: str | None,
    now: datetime,
) -> ScoreSheet:
    """Score a bid as the demand side, where crowdsourced work is small enough to do without a panel.

    Raises:
        NotFound: no such bid, or the actor may not know of it.
        PermissionDenied: not the demand side.
        Conflict: the review is not under way, `panel-needed`, or the bid has been scored.
        RuleViolation: points that do not fit the criteria.
    """
    bid = lock_bid(session, actor, bid_id)
    require_right(actor, bid.challenge, Action.APPRAISE)
    if panel_needed(bid.challenge):
        raise Conflict("该项目由专家评审，不由需求方评分。", code="panel-needed")
    if bid.status is not BidStatus.PASSED:
        raise violation("/bid_id", "bid-not-found", "该揭榜申报没有通过形式审查。")
    return _write(
        session, actor, bid.challenge, bid, Action.APPRAISE, seat_id=None, points=points, comment=comment,
        now=now,
    )  # fmt: skip


def _write(
    session: Session,
    actor: Actor,
    challenge: Challenge,
    bid: Bid,
    action: Action,
    *,
    seat_id: int | None,
    points: Mapping[str, int],
    comment: str | None,
    now: datetime,
) -> ScoreSheet:
    facts = facts_of(session, challenge, now=now)
    require_possible(action, facts)
    fault = points_fault(points, challenge.score_criteria)
    if fault is not None:
        raise violation("/points", "points-invalid", fault)
    number = review_round(session, challenge.id)
    known = select(ScoreSheet.id).where(
        ScoreSheet.bid_id == bid.id, ScoreSheet.seat_id == seat_id, ScoreSheet.round == number
    )
    if session.scalar(known) is not None:
        raise _scored_already()
    sheet = ScoreSheet(
        bid_id=bid.id,
        seat_id=seat_id,
        round=number,
        points=dict(points),
        total=total_of(points, challenge.score_criteria),
        comment=comment,
        scored_by=actor.user_id,
        scored_at=now,
    )
    session.add(sheet)
    try:
        session.flush()
    except IntegrityError as error:
        if "score_sheets" in str(error.orig):
            raise _scored_already() from None
        raise
    take_step(session, actor, challenge, action, facts=facts, now=now, bid_id=bid.id)
    return sheet


def _scored_already() -> Conflict:
    return Conflict("该评分表已经提交，不能再改。", code="scored-already")


def conclude_review(
    session: Session, actor: Actor, challenge_id: int, *, note: str | None, now: datetime
) -> Challenge:
    """Conclude the review as the bureau, once every sheet is in.

    Raises:
        PermissionDenied: another region's bureau.
        Conflict: not under way, the panel is not complete, or sheets are missing.
    """
    challenge = get_challenge(session, actor, challenge_id, lock=True)
    require_right(actor, challenge, Action.REVIEW)
    facts = facts_of(session, challenge, now=now)
    take_step(session, actor, challenge, Action.REVIEW, facts=facts, now=now, note=note)
    return challenge
