"""Words of what follows a review: objections, reviews of an award's work, payments of its grant."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from enum import StrEnum

from market.challenges.rules.scoring import Place
from market.challenges.rules.workflow import Action


class ObjectionStatus(StrEnum):
    """State of an objection to a notice."""

    OPEN = "open"
    UPHELD = "upheld"
    DISMISSED = "dismissed"


OBJECTION_STATUS_NAMES: Mapping[ObjectionStatus, str] = {
    ObjectionStatus.OPEN: "待答复",
    ObjectionStatus.UPHELD: "成立",
    ObjectionStatus.DISMISSED: "不成立",
}


class AwardReviewKind(StrEnum):
    """What is looked at."""

    MIDTERM = "midterm"
    ACCEPTANCE = "acceptance"


class ReviewDecision(StrEnum):
    """What a review of an award's work decides."""

    PASS = "pass"  # noqa: S105  # a decision
    RECTIFY = "rectify"
    TERMINATE = "terminate"


REVIEW_ACTIONS: Mapping[tuple[AwardReviewKind, ReviewDecision], Action] = {
    (AwardReviewKind.MIDTERM, ReviewDecision.PASS): Action.CONTINUE,
    (AwardReviewKind.MIDTERM, ReviewDecision.RECTIFY): Action.RECTIFY,
    (AwardReviewKind.MIDTERM, ReviewDecision.TERMINATE): Action.TERMINATE,
    (AwardReviewKind.ACCEPTANCE, ReviewDecision.PASS): Action.ACCEPT,
    (AwardReviewKind.ACCEPTANCE, ReviewDecision.RECTIFY): Action.RECTIFY,
    (AwardReviewKind.ACCEPTANCE, ReviewDecision.TERMINATE): Action.TERMINATE,
}


class Payee(StrEnum):
    """Who receives a part of the grant."""

    SOLVER = "solver"
    OWNER = "owner"


MOST_AHEAD = timedelta(days=2 * 366)
"""How far ahead a call may close, or the work of an award begin; our own choice, against slips of the pen."""


def months_later(day: date, months: int) -> date:
    """Return the same day some months later, or that month's last day where it has no such day.

    Past the calendar's end it is the calendar's last day.
    """
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    if year > date.max.year:
        return date.max
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def skips_better(places: Collection[Place], winners: Collection[int]) -> bool:
    """Tell whether a bid that was not chosen is ranked before one that was."""
    worst = max((place.rank for place in places if place.bid_id in winners), default=0)
    return any(place.rank < worst for place in places if place.bid_id not in winners)
