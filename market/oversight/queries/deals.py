"""Deals of the market that should be registered and are not (应登尽登)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, case, false, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from market.accounts.models import Organisation, User
from market.accounts.rules import Actor, OrganisationKind, OrganisationStatus
from market.clock import china_day
from market.contracts.models import Contract, ContractParty, StationTerritory
from market.contracts.rules import Side
from market.contracts.rules import Status as ContractStatus
from market.db import Page, PageRequest
from market.listings.models import Achievement, Need
from market.matches.models import Suggestion, SuggestionEvent
from market.matches.rules import Action
from market.oversight.queries.paging import Key, page_of_rows
from market.oversight.queries.watching import Watch, get_watch
from market.oversight.rules.deal_list import BandCount, Deal, StationCount, band_counts, station_counts
from market.oversight.rules.deals import (
    OPEN_DEALS,
    UNREGISTERED,
    DealSource,
    competent_station,
    is_disclosed,
    stage_of_contract,
    stage_of_suggestion,
)
from market.reference.rules import NATION_CODE, lies_within, region_prefix


@dataclass(frozen=True, slots=True)
class UnregisteredDeals:
    """All deals of a region or station, oldest first, with what they add up to."""

    watch: Watch
    as_of: date
    deals: Sequence[Deal]

    @property
    def bands(self) -> list[BandCount]:
        """Deals by age."""
        return band_counts(self.deals)

    @property
    def stations(self) -> list[StationCount]:
        """Deals by station, the one with most first."""
        return station_counts(self.deals)


@dataclass(frozen=True, slots=True)
class DealPage:
    """One page of the deals, beside what all of them add up to."""

    found: UnregisteredDeals
    page: Page[Deal]


def list_unregistered(
    session: Session,
    actor: Actor,
    *,
    region: str | None,
    station: int | None,
    min_days: int,
    page: PageRequest,
    now: datetime,
) -> DealPage:
    """List deals that are not registered, oldest first, in a constant number of queries.

    Args:
        session: open session.
        actor: a bureau, a registrar or an admin.
        region: the applicant's or the station's; None means all the actor may look into.
        station: only deals that lie with this station or fall to it.
        min_days: only deals of this age or older.
        page: cursor and limit.
        now: present time.

    Raises:
        PermissionDenied, NotFound, RuleViolation: see `get_watch`; the cursor was not issued for this list.
    """
    found = find_unregistered(session, actor, region=region, station=station, min_days=min_days, now=now)
    cut = page_of_rows(found.deals, key=_order, page=page)
    return DealPage(found, Page(_with_brokers(session, cut.items), cut.next_cursor))


def all_unregistered(
    session: Session, actor: Actor, *, region: str | None, station: int | None, min_days: int, now: datetime
) -> UnregisteredDeals:
    """Return all deals with their brokers' names, for a workbook.

    Raises:
        PermissionDenied, NotFound, RuleViolation: see `get_watch`.
    """
    found = find_unregistered(session, actor, region=region, station=station, min_days=min_days, now=now)
    return replace(found, deals=_with_brokers(session, found.deals))


def find_unregistered(
    session: Session, actor: Actor, *, region: str | None, station: int | None, min_days: int, now: datetime
) -> UnregisteredDeals:
    """Return all deals, without the names of brokers; arguments and errors as `list_unregistered`."""
    watch = get_watch(session, actor, region=region, station=station)
    today = china_day(now)
    stations = _Stations(session)
    deals = [
        deal
        for deal in (
            *_contracts(session, watch, stations, today=today),
            *_suggestions(session, watch, stations, today=today),
        )
        if deal.days >= min_days and _is_watched(deal, watch, stations)
    ]
    return UnregisteredDeals(watch, today, sorted(deals, key=_order))


def _order(deal: Deal) -> Key:
    return deal.since.isoformat(), deal.source.value, deal.source_id


class _Stations:
    """Stations, and which one is competent where; read once per question."""

    def __init__(self, session: Session) -> None:
        rows = session.execute(
            select(Organisation.id, Organisation.name, Organisation.region_code, Organisation.status).where(
                Organisation.kind == OrganisationKind.STATION
            )
        ).all()
        self.names: Mapping[int, str] = {row.id: row.name for row in rows}
        self.regions: Mapping[int, str] = {row.id: row.region_code for row in rows}
        served = session.execute(select(StationTerritory.station_id, StationTerritory.region_code)).all()
        named = {row.station_id for row in served}
        at_work = {row.id for row in rows if row.status is OrganisationStatus.VERIFIED}
        # Without a territory of its own, a station serves where it stands.
        places = [(row.id, row.region_code) for row in rows if row.id not in named]
        self.territories = [
            (station_id, area)
            for station_id, area in [*((row.station_id, row.region_code) for row in served), *places]
            if station_id in at_work
        ]
        self._competent: dict[str | None, int | None] = {}

    def within(self, watch: Watch) -> set[int]:
        """Return the stations that are looked into."""
        return {
            station_id
            for station_id, region in self.regions.items()
            if watch.station_id in {None, station_id} and lies_within(region, watch.region)
        }

    def competent(self, region: str | None) -> int | None:
        """Return the station that serves a region."""
        if region not in self._competent:
            self._competent[region] = competent_station(region, self.territories)
        return self._competent[region]


def _is_watched(deal: Deal, watch: Watch, stations: _Stations) -> bool:
    if watch.station_id is not None and deal.station_id != watch.station_id:
        return False
    places = (deal.applicant_region, stations.regions.get(deal.station_id or 0))
    return any(place is not None and lies_within(place, watch.region) for place in places)


# The database leaves out most of what `_is_watched` would; that alone decides.


def _filed_near(
    watch: Watch, stations: _Stations, seller: type[ContractParty], buyer: type[ContractParty]
) -> ColumnElement[bool]:
    if watch.station_id is not None:
        return Contract.station_id == watch.station_id
    if watch.region == NATION_CODE:
        return true()
    prefix = region_prefix(watch.region)
    return or_(
        seller.region_code.startswith(prefix),
        buyer.region_code.startswith(prefix),
        Contract.station_id.in_(stations.within(watch)),
    )


def _falls_near(watch: Watch, stations: _Stations, provider: type[Organisation]) -> ColumnElement[bool]:
    if watch.region == NATION_CODE and watch.station_id is None:
        return true()
    if watch.station_id is not None:
        areas = {area for station_id, area in stations.territories if station_id == watch.station_id}
    else:
        own = stations.within(watch)
        areas = {watch.region} | {area for station_id, area in stations.territories if station_id in own}
    return or_(false(), *(provider.region_code.startswith(region_prefix(area)) for area in areas))


def _contracts(session: Session, watch: Watch, stations: _Stations, *, today: date) -> Iterator[Deal]:
    """Yield deals for which there is an application that has not been answered."""
    seller, buyer = aliased(ContractParty), aliased(ContractParty)
    imported = Contract.applicant == Side.BUYER
    rows = session.execute(
        select(
            Contract.id,
            Contract.status,
            Contract.suggestion_id,
            Contract.signed_on,
            Contract.station_id,
            Contract.project_name,
            Contract.total_amount_fen,
            case((imported, buyer.name), else_=seller.name).label("applicant_name"),
            case((imported, buyer.region_code), else_=seller.region_code).label("applicant_region"),
            case((imported, seller.name), else_=buyer.name).label("counterparty_name"),
            Suggestion.broker_id,
        )
        .join(seller, Contract.seller_id == seller.id)
        .join(buyer, Contract.buyer_id == buyer.id)
        .outerjoin(Suggestion, Contract.suggestion_id == Suggestion.id)
        .where(Contract.status.in_(UNREGISTERED), _filed_near(watch, stations, seller, buyer))
    )
    for row in rows:
        stage = stage_of_contract(row.status)
        disclosed = is_disclosed(stage)
        yield Deal(
            source=DealSource.CONTRACT,
            source_id=row.id,
            suggestion_id=row.suggestion_id,
            stage=stage,
            since=row.signed_on,
            days=max(0, (today - row.signed_on).days),
            applicant_name=row.applicant_name,
            applicant_region=row.applicant_region,
            counterparty_name=row.counterparty_name if disclosed else None,
            title=row.project_name if disclosed else None,
            total_fen=row.total_amount_fen if disclosed else None,
            station_id=row.station_id,
            station_name=stations.names.get(row.station_id),
            broker_id=row.broker_id,
        )


def _suggestions(session: Session, watch: Watch, stations: _Stations, *, today: date) -> Iterator[Deal]:
    """Yield deals agreed or signed on the market for which no application stands."""
    need, achievement = aliased(Need, flat=True), aliased(Achievement, flat=True)
    asker, provider = aliased(Organisation), aliased(Organisation)
    agreed = (
        select(func.max(SuggestionEvent.at))
        .where(
            SuggestionEvent.suggestion_id == Suggestion.id,
            SuggestionEvent.action.in_([Action.AGREE, Action.SIGN]),
        )
        .scalar_subquery()
    )
    answered = select(Contract.id).where(
        Contract.suggestion_id == Suggestion.id, Contract.status != ContractStatus.WITHDRAWN
    )
    withdrawn = select(Contract.id).where(Contract.suggestion_id == Suggestion.id)
    rows = session.execute(
        select(
            Suggestion.id,
            Suggestion.status,
            Suggestion.broker_id,
            func.coalesce(agreed, Suggestion.decided_at, Suggestion.created_at).label("since"),
            achievement.title,
            provider.name.label("applicant_name"),
            provider.region_code.label("applicant_region"),
            asker.name.label("counterparty_name"),
            withdrawn.exists().label("withdrawn"),
        )
        .join(achievement, Suggestion.achievement_id == achievement.id)
        .join(need, Suggestion.need_id == need.id)
        .join(provider, achievement.organisation_id == provider.id)
        .join(asker, need.organisation_id == asker.id)
        .where(Suggestion.status.in_(OPEN_DEALS), ~answered.exists(), _falls_near(watch, stations, provider))
    )
    for row in rows:
        yield _deal_of(row, stations, today)


def _deal_of(row: Any, stations: _Stations, today: date) -> Deal:
    stage = stage_of_suggestion(row.status, [ContractStatus.WITHDRAWN] if row.withdrawn else [])
    assert stage is not None  # the database left out those that an application stands for
    since = china_day(row.since)
    disclosed = is_disclosed(stage)
    station_id = stations.competent(row.applicant_region)
    return Deal(
        source=DealSource.SUGGESTION,
        source_id=row.id,
        suggestion_id=row.id,
        stage=stage,
        since=since,
        days=max(0, (today - since).days),
        applicant_name=row.applicant_name,
        applicant_region=row.applicant_region,
        counterparty_name=row.counterparty_name if disclosed else None,
        title=row.title if disclosed else None,
        total_fen=None,
        station_id=station_id,
        station_name=stations.names.get(station_id or 0),
        broker_id=row.broker_id,
    )


def _with_brokers(session: Session, deals: Sequence[Deal]) -> list[Deal]:
    ids = {deal.broker_id for deal in deals if deal.broker_id is not None}
    rows = session.execute(
        select(User.id, User.name, Organisation.name.label("agency"))
        .outerjoin(Organisation, User.organisation_id == Organisation.id)
        .where(User.id.in_(ids))
    )
    names = {row.id: (row.name, row.agency) for row in rows}
    return [
        replace(deal, broker_name=found[0], agency_name=found[1])
        if (found := names.get(deal.broker_id or 0)) is not None
        else deal
        for deal in deals
    ]
