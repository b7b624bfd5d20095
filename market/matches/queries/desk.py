"""What waits for a broker's decision: suggestions and referrals in one queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from market.accounts.rules import Actor, Role
from market.errors import PermissionDenied
from market.listings.models import Listing
from market.matches.models import Referral, Suggestion
from market.matches.queries.records import Key, Record, load_all, may_see
from market.matches.queries.referrals import involving
from market.matches.rules import Status
from market.matches.rules.referrals import reads_all
from market.search.documents import Kind


@dataclass(frozen=True, slots=True)
class DeskItem:
    """One that waits.

    Attributes:
        sort: `suggestion` or `referral`.
        id: of the suggestion or referral.
        score: how likely the two suit each other; comparable across both sorts.
        broker_id: on whose desk; None while on nobody's.
        created_at: when it was made.
        demand: what lacks something; of a suggestion the need. None where it may not be read any more.
        supply: the other record; None as above.
    """

    sort: Literal["suggestion", "referral"]
    id: int
    score: float
    broker_id: int | None
    created_at: datetime
    demand: Record | None
    supply: Record | None

    @property
    def path(self) -> str:
        """Where it is read and decided."""
        return f"/{self.sort}s/{self.id}"


@dataclass(frozen=True, slots=True)
class Desk:
    """The best of what waits, and how many wait in all."""

    items: Sequence[DeskItem]
    suggestions: int
    referrals: int


def get_desk(session: Session, actor: Actor, *, limit: int, today: date) -> Desk:
    """Return what a broker may decide now, best first; equal scores in the order they were made.

    Left out is what another broker has taken, and where the broker would have to stand back.

    Args:
        session: open session.
        actor: a verified broker; an admin sees what nobody has taken.
        limit: at most so many.
        today: present day in China.

    Raises:
        PermissionDenied: neither a verified broker nor an admin.
    """
    if not reads_all(actor):
        raise PermissionDenied("工作台供已核验机构的技术经纪人使用。", code="role-not-allowed")
    suggested = _waiting(Suggestion.broker_id, actor) & (Suggestion.status == Status.SUGGESTED)
    referred = _waiting(Referral.broker_id, actor) & (Referral.status == Status.SUGGESTED)
    if actor.role is Role.BROKER:
        suggested &= ~_own_suggestion(actor)
        referred &= ~involving(actor.organisation_id, actor.user_id)
    rows: list[Suggestion | Referral] = [
        *session.scalars(
            select(Suggestion).where(suggested).order_by(Suggestion.score.desc(), Suggestion.id).limit(limit)
        ),
        *session.scalars(
            select(Referral).where(referred).order_by(Referral.score.desc(), Referral.id).limit(limit)
        ),
    ]
    # Sorting keeps the order of equals, so that of one sort the older comes first.
    rows = sorted(rows, key=lambda row: (-row.score, row.created_at))[:limit]
    records = load_all(session, [key for row in rows for key in _keys(row)], today=today)
    shown = {key: record if may_see(actor, record) else None for key, record in records.items()}
    return Desk(
        items=[_item(row, shown) for row in rows],
        suggestions=_count(session, Suggestion.id, suggested),
        referrals=_count(session, Referral.id, referred),
    )


def _waiting(broker_id: InstrumentedAttribute[int | None], actor: Actor) -> ColumnElement[bool]:
    if actor.role is Role.BROKER:
        return or_(broker_id.is_(None), broker_id == actor.user_id)
    return broker_id.is_(None)


def _own_suggestion(actor: Actor) -> ColumnElement[bool]:
    own = select(Listing.id).where(Listing.organisation_id == actor.organisation_id)
    return or_(Suggestion.need_id.in_(own), Suggestion.achievement_id.in_(own))


def _count(session: Session, column: InstrumentedAttribute[int], condition: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count(column)).where(condition)) or 0


def _keys(row: Suggestion | Referral) -> tuple[Key, Key]:
    if isinstance(row, Suggestion):
        return (Kind.NEED, row.need_id), (Kind.ACHIEVEMENT, row.achievement_id)
    return (row.demand_kind, row.demand_id), (row.supply_kind, row.supply_id)


def _item(row: Suggestion | Referral, shown: Mapping[Key, Record | None]) -> DeskItem:
    demand, supply = _keys(row)
    return DeskItem(
        sort="suggestion" if isinstance(row, Suggestion) else "referral",
        id=row.id,
        score=row.score,
        broker_id=row.broker_id,
        created_at=row.created_at,
        demand=shown[demand],
        supply=shown[supply],
    )
