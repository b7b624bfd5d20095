"""Reading sheets, the ranking, and all that the conditions of steps look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.challenges.models import Award, Bid, Challenge, ChallengeObjection, Notice, ScoreSheet
from market.challenges.queries.bids import standing_bids
from market.challenges.queries.challenges import is_bureau, is_owner, steps_taken
from market.challenges.queries.panels import cleared_seats, panels_of
from market.challenges.rules import (
    SCORED,
    Action,
    AwardReviewKind,
    BidStatus,
    Facts,
    ObjectionStatus,
    Place,
    ReviewDecision,
    is_late,
    needs_panel,
    rank_bids,
)
from market.clock import china_day
from market.errors import PermissionDenied
from market.libraries.models import Project
from market.libraries.rules.projects import CLOSED, MilestoneStatus


def panel_needed(challenge: Challenge) -> bool:
    """Tell whether experts decide on the bids of a challenge."""
    return needs_panel(challenge.mode, challenge.budget_fen, challenge.demand_rules)


def review_round(session: Session, challenge_id: int) -> int:
    """Return which round of the review is under way, from 1: each notice that was withdrawn began another."""
    withdrawn = select(func.count()).where(
        Notice.challenge_id == challenge_id, Notice.withdrawn_at.is_not(None)
    )
    return 1 + (session.scalar(withdrawn) or 0)


def sheets_of_round(
    session: Session, challenge: Challenge, bids: Sequence[Bid]
) -> tuple[list[ScoreSheet], list[ScoreSheet]]:
    """Return the sheets that count for these bids, and those that newer ones replaced.

    Of each expert who is cleared, or of the demand side, the sheet of the newest round counts; experts by
    their seat.
    """
    statement = select(ScoreSheet).where(ScoreSheet.bid_id.in_([bid.id for bid in bids]))
    if panel_needed(challenge):
        seats = [seat.id for seat in cleared_seats(session, challenge.id)]
        statement = statement.where(ScoreSheet.seat_id.in_(seats))
    else:
        statement = statement.where(ScoreSheet.seat_id.is_(None))
    newest: dict[tuple[int, int | None], ScoreSheet] = {}
    replaced = []
    for sheet in session.scalars(statement.order_by(ScoreSheet.seat_id, ScoreSheet.round)):
        earlier = newest.get((sheet.bid_id, sheet.seat_id))
        if earlier is not None:
            replaced.append(earlier)
        newest[sheet.bid_id, sheet.seat_id] = sheet
    return list(newest.values()), replaced


@dataclass(frozen=True, slots=True)
class RankedBid:
    """A bid with its place and the sheets it rests on, in the order the place's outliers name.

    `replaced` are the sheets of earlier rounds of the review that count no more.
    """

    bid: Bid
    place: Place
    sheets: Sequence[ScoreSheet]
    replaced: Sequence[ScoreSheet]


def ranking(session: Session, challenge: Challenge) -> list[RankedBid]:
    """Return the bids that passed the formal check, best first; those without a sheet count nothing."""
    bids = {bid.id: bid for bid in standing_bids(session, challenge.id) if bid.status in SCORED}
    counting, replaced = sheets_of_round(session, challenge, list(bids.values()))
    sheets = {bid_id: [sheet for sheet in counting if sheet.bid_id == bid_id] for bid_id in bids}
    earlier = {bid_id: [sheet for sheet in replaced if sheet.bid_id == bid_id] for bid_id in bids}
    places = rank_bids({bid_id: [sheet.total for sheet in found] for bid_id, found in sheets.items()})
    return [
        RankedBid(bids[place.bid_id], place, sheets[place.bid_id], earlier[place.bid_id]) for place in places
    ]


def read_ranking(session: Session, actor: Actor, challenge: Challenge) -> list[RankedBid]:
    """Return the ranking, for the bureau; after the award for the demand side too.

    Raises:
        PermissionDenied: the actor is somebody else, or it is too early.
    """
    awarded = Action.AWARD in steps_taken(session, challenge.id)
    if not is_bureau(actor, challenge) and not (awarded and is_owner(actor, challenge)):
        raise PermissionDenied("评分情况由主管部门掌握，立项后需求方可以查看。", code="role-not-allowed")
    return ranking(session, challenge)


def standing_notice(session: Session, challenge_id: int) -> Notice | None:
    """Return the notice that stands, if any."""
    return session.scalar(
        select(Notice).where(Notice.challenge_id == challenge_id, Notice.withdrawn_at.is_(None))
    )


def facts_of(session: Session, challenge: Challenge, *, now: datetime) -> Facts:
    """Return all that the conditions of a challenge's steps look at."""
    bids = standing_bids(session, challenge.id)
    passed = [bid for bid in bids if bid.status in SCORED]
    experts = panel_needed(challenge)
    panels = panels_of(session, challenge.id)
    cleared = len(cleared_seats(session, challenge.id)) if experts else 0
    sheets = len(sheets_of_round(session, challenge, passed)[0]) if passed else 0
    notice = standing_notice(session, challenge.id)
    open_objections = session.scalar(
        select(func.count()).where(
            ChallengeObjection.challenge_id == challenge.id,
            ChallengeObjection.status == ObjectionStatus.OPEN,
        )
    )
    return Facts(
        mode=challenge.mode,
        status=challenge.status,
        deadline_passed=is_late(challenge.closes_at, now=now),
        standing=len(bids),
        unchecked=sum(bid.status is BidStatus.SUBMITTED for bid in bids),
        passed=len(passed),
        panel_needed=experts,
        seats=panels[0].seats if panels else 0,
        cleared=cleared,
        sheets_missing=len(passed) * (cleared if experts else 1) - sheets,
        notice_ended=notice is not None and china_day(now) > notice.ends_on,
        open_objections=open_objections or 0,
    )


def facts_of_award(session: Session, award: Award, *, kind: AwardReviewKind | None = None) -> Facts:
    """Return all that the conditions of an award's steps look at; `kind` names the review at hand."""
    project = session.get(Project, award.project_id)
    assert project is not None
    return Facts(
        mode=award.challenge.mode,
        status=award.status,
        rectified=any(
            review.kind is kind and review.decision is ReviewDecision.RECTIFY for review in award.reviews
        ),
        milestones_open=sum(one.status is not MilestoneStatus.ACCEPTED for one in project.milestones),
        contracted=award.contracted_on is not None,
        project_closed=project.stage == CLOSED,
    )
