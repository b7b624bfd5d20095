"""Reading notices, objections and awards, and counting challenges for the plan's targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from market.accounts.rules import Actor
from market.challenges.models import Award, AwardReview, Challenge, ChallengeObjection, GrantPayment, Notice
from market.challenges.queries.challenges import get_challenge, is_bureau
from market.clock import china_day
from market.errors import NotFound
from market.reference.rules import region_prefix


def list_notices(session: Session, challenge: Challenge) -> list[Notice]:
    """Return the notices of a challenge, withdrawn ones too, oldest first; for anyone."""
    return list(
        session.scalars(select(Notice).where(Notice.challenge_id == challenge.id).order_by(Notice.id))
    )


def list_objections(session: Session, actor: Actor, challenge: Challenge) -> list[ChallengeObjection]:
    """Return the objections to a challenge's notices, oldest first: all for the bureau, else one's own."""
    statement = select(ChallengeObjection).where(ChallengeObjection.challenge_id == challenge.id)
    if not is_bureau(actor, challenge):
        statement = statement.where(ChallengeObjection.filed_by == actor.user_id)
    return list(session.scalars(statement.order_by(ChallengeObjection.id)))


def _shown() -> tuple[Any, ...]:
    return (
        joinedload(Award.organisation),
        joinedload(Award.challenge).joinedload(Challenge.organisation),
        selectinload(Award.reviews),
        selectinload(Award.grant_payments),
    )


def list_awards(session: Session, challenge: Challenge) -> list[Award]:
    """Return the awards of a challenge by id; for anyone."""
    return list(
        session.scalars(
            select(Award).options(*_shown()).where(Award.challenge_id == challenge.id).order_by(Award.id)
        )
    )


def sees_work(actor: Actor | None, award: Award) -> bool:
    """Tell whether the actor sees an award's reviews and payments: the two sides and the bureau."""
    sides = {award.organisation_id, award.challenge.organisation_id}
    return actor is not None and (actor.organisation_id in sides or is_bureau(actor, award.challenge))


@dataclass(frozen=True, slots=True)
class SeenAward:
    """An award as one actor sees it: with its reviews and payments, or without."""

    award: Award
    reviews: Sequence[AwardReview] | None
    payments: Sequence[GrantPayment] | None


def see_award(actor: Actor | None, award: Award) -> SeenAward:
    """Return an award as the actor sees it."""
    if sees_work(actor, award):
        return SeenAward(award, list(award.reviews), list(award.grant_payments))
    return SeenAward(award, None, None)


def get_award(session: Session, actor: Actor | None, award_id: int, *, lock: bool = False) -> Award:
    """Return an award; with its challenge locked first, to take a step.

    Raises:
        NotFound: there is none.
    """
    challenge_id = session.scalar(select(Award.challenge_id).where(Award.id == award_id))
    if challenge_id is None:
        raise NotFound("没有找到该立项。", code="award-not-found")
    get_challenge(session, actor, challenge_id, lock=lock)
    award = session.get(Award, award_id, options=_shown(), populate_existing=lock)
    assert award is not None
    return award


@dataclass(frozen=True, slots=True)
class ChallengeCount:
    """How many challenges led to something in a span; each counts once, however many awards it has.

    Attributes:
        listed: put on a list.
        awarded: awarded for the first time.
        contracted: whose first contract was registered.
    """

    listed: int
    awarded: int
    contracted: int


def count_challenges(
    session: Session, region: str, *, start: date | None, end: date, key_only: bool = False
) -> ChallengeCount:
    """Count challenges of a region and all inside it, for the plan's targets.

    Args:
        session: open session.
        region: code of the region.
        start: first day; None for no beginning.
        end: last day.
        key_only: only key ones (重点).
    """
    inside: list[ColumnElement[bool]] = [Challenge.region_code.startswith(region_prefix(region))]
    if key_only:
        inside.append(Challenge.key.is_(True))
    firsts = (
        select(func.min(Award.awarded_on).label("awarded"), func.min(Award.contracted_on).label("contracted"))
        .join(Challenge, Challenge.id == Award.challenge_id)
        .where(*inside)
        .group_by(Award.challenge_id)
    )
    rows = session.execute(firsts).all()
    listed = [moment for moment in session.scalars(select(Challenge.listed_at).where(*inside)) if moment]
    return ChallengeCount(
        listed=_within([china_day(moment) for moment in listed], start, end),
        awarded=_within([row.awarded for row in rows], start, end),
        contracted=_within([row.contracted for row in rows], start, end),
    )


def _within(days: Sequence[date | None], start: date | None, end: date) -> int:
    return sum(day is not None and (start is None or day >= start) and day <= end for day in days)
