"""Reading notices, objections and awards, and counting challenges for the plan's targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from market.accounts.models import User
from market.accounts.rules import Actor
from market.challenges.models import Award, AwardReview, Challenge, ChallengeObjection, GrantPayment, Notice
from market.challenges.queries.challenges import get_challenge, is_bureau
from market.challenges.rules import LIVE_AWARD
from market.clock import CHINA
from market.errors import NotFound
from market.reference.rules import region_prefix


def list_notices(session: Session, challenge: Challenge) -> list[Notice]:
    """Return the notices of a challenge, withdrawn ones too, oldest first; for anyone."""
    return list(
        session.scalars(select(Notice).where(Notice.challenge_id == challenge.id).order_by(Notice.id))
    )


def list_objections(session: Session, actor: Actor, challenge: Challenge) -> list[ChallengeObjection]:
    """Return the objections to a challenge's notices, oldest first: all for the bureau, else one's own."""
    statement = (
        select(ChallengeObjection)
        .options(joinedload(ChallengeObjection.filer).joinedload(User.organisation))
        .where(ChallengeObjection.challenge_id == challenge.id)
    )
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


def has_live_award(session: Session, technology_id: int | None) -> bool:
    """Tell whether an award of any challenge of a key technology is not over; of none, no."""
    live = (
        select(Award.id)
        .join(Challenge, Challenge.id == Award.challenge_id)
        .where(Challenge.technology_id == technology_id, Award.status.in_(LIVE_AWARD))
    )
    return session.scalar(live.limit(1)) is not None


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
    """

    listed: int
    awarded: int


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
    first = func.min(Award.awarded_on)
    awarded = (
        select(Award.challenge_id)
        .join(Challenge, Challenge.id == Award.challenge_id)
        .where(*inside)
        .group_by(Award.challenge_id)
        .having(and_(first <= end, *([first >= start] if start is not None else [])))
    )
    listed = select(func.count()).where(*inside, Challenge.listed_at < _midnight(end + timedelta(days=1)))
    if start is not None:
        listed = listed.where(Challenge.listed_at >= _midnight(start))
    return ChallengeCount(
        listed=session.scalar(listed) or 0,
        awarded=session.scalar(select(func.count()).select_from(awarded.subquery())) or 0,
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, CHINA)
