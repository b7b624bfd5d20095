"""Reading rankings and objections, and who may see which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session, joinedload, selectinload

from market.accounts.rules import Actor, Role, oversees
from market.db import Page, PageRequest, SortKey, paginate
from market.errors import NotFound, PermissionDenied
from market.rankings.models import Ranking, RankingObjection, RankingRow
from market.rankings.queries.counting import AgencyContract, count_standings
from market.rankings.queries.counting import list_agency_contracts as _list_agency_contracts
from market.rankings.rules import RankingStatus, Standing
from market.reference.rules import region_prefix


@dataclass(frozen=True, slots=True)
class Difference:
    """An agency whose figures have changed since the ranking was counted; None: not in it then or now."""

    agency_id: int
    agency_name: str
    ranked: Standing | None
    now: Standing | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A ranking as it stands against a count of today."""

    ranking: Ranking
    counted_at: datetime
    differences: Sequence[Difference]


def is_in_charge(actor: Actor | None, region_code: str) -> bool:
    """Tell whether the actor is an admin or a verified bureau over the region."""
    if actor is None:
        return False
    return actor.role is Role.ADMIN or oversees(actor, region_code)


def require_in_charge(actor: Actor, region_code: str) -> None:
    """Refuse everyone but admins and bureaus over the region.

    Raises:
        PermissionDenied: `not-in-charge`.
    """
    if not is_in_charge(actor, region_code):
        raise PermissionDenied("只有该地区的主管部门可以进行此项操作。", code="not-in-charge")


def get_ranking(session: Session, actor: Actor | None, ranking_id: int, *, lock: bool = False) -> Ranking:
    """Return a ranking with its rows and their agencies.

    Args:
        session: open session.
        actor: who is asking; None for anybody.
        ranking_id: its primary key.
        lock: lock the row (PostgreSQL; SQLite has one writer anyway) and read it afresh.

    Raises:
        NotFound: there is none, or it was never published and the actor is not in charge of its region.
    """
    ranking = session.get(
        Ranking,
        ranking_id,
        options=[
            selectinload(Ranking.region),
            selectinload(Ranking.rows).selectinload(RankingRow.agency),
        ],
        with_for_update=True if lock else None,
        populate_existing=lock,
    )
    if ranking is None or (ranking.published_on is None and not is_in_charge(actor, ranking.region_code)):
        raise NotFound("没有找到该排名。", code="ranking-not-found")
    return ranking


def list_rankings(
    session: Session,
    actor: Actor | None,
    *,
    page: PageRequest,
    region: str | None = None,
    year: int | None = None,
    status: RankingStatus | None = None,
) -> Page[Ranking]:
    """List rankings, newest first, without their rows; drafts only for those in charge of the region.

    Args:
        session: open session.
        actor: who is asking; None for anybody.
        page: cursor and limit.
        region: only of exactly this region.
        year: only of this year.
        status: only in this state.
    """
    statement = select(Ranking).options(joinedload(Ranking.region)).where(_is_visible(actor))
    if region is not None:
        statement = statement.where(Ranking.region_code == region)
    if year is not None:
        statement = statement.where(Ranking.year == year)
    if status is not None:
        statement = statement.where(Ranking.status == status)
    order = [SortKey(Ranking.year, descending=True), SortKey(Ranking.id, descending=True)]
    return paginate(session, statement, order=order, page=page)


def _is_visible(actor: Actor | None) -> ColumnElement[bool]:
    published = Ranking.published_on.is_not(None)
    if actor is None or (actor.role is not Role.ADMIN and not actor.verified):
        return published
    if actor.role is Role.ADMIN:
        return true()
    if actor.role is Role.BUREAU and actor.region_code is not None:
        return published | Ranking.region_code.startswith(region_prefix(actor.region_code))
    return published


def list_agency_contracts(
    session: Session, actor: Actor, ranking_id: int, agency_id: int, *, page: PageRequest
) -> Page[AgencyContract]:
    """List the contracts behind an agency's place, for those in charge of the region.

    Raises:
        NotFound: there is no such ranking, or the agency has no place in it.
        PermissionDenied: `not-in-charge`.
    """
    ranking = get_ranking(session, actor, ranking_id)
    require_in_charge(actor, ranking.region_code)
    if all(row.agency_id != agency_id for row in ranking.rows):
        raise NotFound("该机构不在此排名中。", code="ranking-row-not-found")
    return _list_agency_contracts(session, ranking, agency_id, page=page)


def compare_ranking(session: Session, actor: Actor, ranking_id: int, *, now: datetime) -> Comparison:
    """Set a ranking against a count of today, for those in charge of the region.

    Raises:
        NotFound: there is no such ranking.
        PermissionDenied: `not-in-charge`.
    """
    ranking = get_ranking(session, actor, ranking_id)
    require_in_charge(actor, ranking.region_code)
    return Comparison(ranking, now, differences(session, ranking, now=now))


def differences(session: Session, ranking: Ranking, *, now: datetime) -> list[Difference]:
    """Return the agencies whose figures a count of today would change, by agency."""
    ranked = {row.agency_id: _standing(row) for row in ranking.rows}
    counted = {
        row.agency_id: row
        for row in count_standings(session, region_code=ranking.region_code, year=ranking.year, known_at=now)
    }
    found = []
    for agency_id in sorted(ranked.keys() | counted.keys()):
        before, after = ranked.get(agency_id), counted.get(agency_id)
        if before != after:
            known = before or after
            assert known is not None
            found.append(Difference(agency_id, known.name, before, after))
    return found


def _standing(row: RankingRow) -> Standing:
    return Standing(
        agency_id=row.agency_id,
        name=row.agency.name,
        deals=row.deals,
        deals_share_bp=row.deals_share_bp,
        total_fen=row.total_fen,
        tech_fen=row.tech_fen,
    )


def list_objections(session: Session, actor: Actor, ranking_id: int) -> list[RankingObjection]:
    """Return the objections to a ranking, oldest first: all for those in charge, else the agency's own.

    Raises:
        NotFound: there is no such ranking, or it was never published.
    """
    ranking = get_ranking(session, actor, ranking_id)
    statement = (
        select(RankingObjection)
        .where(RankingObjection.ranking_id == ranking.id)
        .options(joinedload(RankingObjection.agency))
        .order_by(RankingObjection.id)
    )
    if not is_in_charge(actor, ranking.region_code):
        statement = statement.where(RankingObjection.agency_id == actor.organisation_id)
    return list(session.scalars(statement))
