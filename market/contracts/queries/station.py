"""Reading stations: what they cover, who does what in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from market.accounts.models import Organisation
from market.accounts.rules import Actor, OrganisationKind, OrganisationStatus, Role, oversees
from market.contracts.models import StationDuty, StationTerritory
from market.contracts.rules import Duty
from market.db import Page, PageRequest, SortKey, paginate
from market.errors import NotFound, PermissionDenied
from market.reference.models import Region
from market.reference.rules import lies_within, regions_around


@dataclass(frozen=True, slots=True)
class Territory:
    """A region a station serves, with its name and the paper that says so."""

    region_code: str
    region_name: str
    source: str


@dataclass(frozen=True, slots=True)
class DescribedStation:
    """A station with what it serves."""

    station: Organisation
    region_name: str
    territories: tuple[Territory, ...]


def get_station(session: Session, station_id: int) -> Organisation:
    """Return one registration station, at work or closed.

    Raises:
        NotFound: there is none.
    """
    station = session.get(Organisation, station_id)
    if station is None or station.kind is not OrganisationKind.STATION:
        raise NotFound("没有找到该技术合同登记机构。", code="station-not-found")
    return station


def list_stations(
    session: Session, *, page: PageRequest, region: str | None = None
) -> Page[DescribedStation]:
    """List the stations at work, by id, with their territories.

    Args:
        session: open session.
        page: cursor and limit.
        region: only those that serve this region.
    """
    statement = select(Organisation).where(_at_work())
    if region is not None:
        statement = statement.where(Organisation.id.in_(_ids_serving(session, region)))
    found = paginate(session, statement, order=[SortKey(Organisation.id)], page=page)
    return Page(describe_stations(session, found.items), found.next_cursor)


def describe_stations(session: Session, stations: Iterable[Organisation]) -> list[DescribedStation]:
    """Return stations with their territories, read in two queries for all of them."""
    rows = list(stations)
    held: dict[int, list[Territory]] = {station.id: [] for station in rows}
    for territory, name in session.execute(
        select(StationTerritory, Region.name)
        .join(Region, Region.code == StationTerritory.region_code)
        .where(StationTerritory.station_id.in_(held))
        .order_by(StationTerritory.region_code)
    ):
        held[territory.station_id].append(Territory(territory.region_code, name, territory.source))
    places = {station.region_code for station in rows}
    found = session.execute(select(Region.code, Region.name).where(Region.code.in_(sorted(places))))
    names = {row.code: row.name for row in found}
    return [
        DescribedStation(station, names.get(station.region_code, ""), tuple(held[station.id]))
        for station in rows
    ]


def stations_serving(session: Session, region: str) -> list[Organisation]:
    """Return the stations at work that serve a region, by id."""
    statement = select(Organisation).where(_at_work(), Organisation.id.in_(_ids_serving(session, region)))
    return list(session.scalars(statement.order_by(Organisation.id)))


def serves(session: Session, station: Organisation, region: str) -> bool:
    """Tell whether a region lies in a station's territory; without one it serves where it stands."""
    areas = session.scalars(
        select(StationTerritory.region_code).where(StationTerritory.station_id == station.id)
    ).all()
    return any(lies_within(region, area) for area in areas or [station.region_code])


def _at_work() -> ColumnElement[bool]:
    return (Organisation.kind == OrganisationKind.STATION) & (
        Organisation.status == OrganisationStatus.VERIFIED
    )


def _ids_serving(session: Session, region: str) -> set[int]:
    """Territories are nested areas, so every area above the region may hold it."""
    areas = sorted(regions_around(region))
    named = select(StationTerritory.station_id)
    statement = select(Organisation.id).where(
        or_(
            Organisation.id.in_(named.where(StationTerritory.region_code.in_(areas))),
            Organisation.id.not_in(named) & Organisation.region_code.in_(areas),
        )
    )
    return set(session.scalars(statement))


def duties_of(session: Session, user_id: int | None, station_id: int, *, day: date) -> frozenset[Duty]:
    """Return the duties a person holds at a station on a day."""
    if user_id is None:
        return frozenset()
    return frozenset(session.scalars(select(StationDuty.duty).where(holds(user_id, station_id, day=day))))


def holds(
    user_id: ColumnElement[int] | int,
    station_id: InstrumentedAttribute[int] | int,
    *,
    day: ColumnElement[date] | date,
) -> ColumnElement[bool]:
    """Return the condition that a duty is this person's at this station on a day."""
    return and_(
        StationDuty.user_id == user_id,
        StationDuty.station_id == station_id,
        StationDuty.valid_from <= day,
        or_(StationDuty.valid_to.is_(None), StationDuty.valid_to >= day),
    )


def list_duties(session: Session, actor: Actor, station_id: int) -> list[StationDuty]:
    """Return who holds or held which duty at a station, oldest first.

    Raises:
        NotFound: there is no such station.
        PermissionDenied: the actor neither works there nor looks after it.
    """
    station = get_station(session, station_id)
    if not (may_staff(actor, station) or works_at(actor, station_id)):
        raise PermissionDenied("只有该登记机构及其主管部门可以查看人员分工。", code="not-the-station")
    return list(
        session.scalars(
            select(StationDuty)
            .where(StationDuty.station_id == station_id)
            .options(joinedload(StationDuty.user))
            .order_by(StationDuty.id)
        )
    )


def get_duty(session: Session, duty_id: int) -> StationDuty:
    """Return one duty, locked.

    Raises:
        NotFound: there is none.
    """
    duty = session.scalar(
        select(StationDuty)
        .where(StationDuty.id == duty_id)
        .options(joinedload(StationDuty.user))
        .with_for_update(of=StationDuty)
        .execution_options(populate_existing=True)
    )
    if duty is None:
        raise NotFound("没有找到该项人员分工。", code="station-duty-not-found")
    return duty


def may_staff(actor: Actor, station: Organisation) -> bool:
    """Tell whether an actor decides who does what at a station: admins, bureaus over its region."""
    return actor.role is Role.ADMIN or oversees(actor, station.region_code)


def works_at(actor: Actor, station_id: int) -> bool:
    """Tell whether an actor is one of a working station's own people."""
    return actor.role is Role.REGISTRAR and actor.organisation_id == station_id and actor.verified
