"""Deals that should be registered: which are listed, to whom, where they fall, what is said of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.queries import actor_of
from market.accounts.rules import Actor, OrganisationKind, Role
from market.contracts.rules import Status
from market.db import Database, PageRequest
from market.errors import NotFound, PermissionDenied, RuleViolation
from market.matches.models import SuggestionEvent
from market.matches.rules import Action
from market.matches.rules import Status as SuggestionStatus
from market.oversight.queries.deals import DealPage, UnregisteredDeals, find_unregistered, list_unregistered
from market.oversight.rules.deal_list import Deal
from market.oversight.rules.deals import UNREGISTERED, DealSource, Stage
from tests.factories import NOW, make_actor, make_organisation, make_user
from tests.market.contracts.factories import (
    Cast,
    make_cast,
    make_contract,
    make_deal,
    make_party,
    make_registrar,
    make_station,
    make_territory,
)
from tests.market.listings.answers import statements


@pytest.fixture
def cast(session: Session) -> Cast:
    return make_cast(session)


def found(session: Session, actor: Actor, **values: Any) -> UnregisteredDeals:
    """Ask for all deals."""
    asked: dict[str, Any] = {"region": None, "station": None, "min_days": 0, "now": NOW, **values}
    return find_unregistered(session, actor, **asked)


def stages(session: Session, actor: Actor, **values: Any) -> list[Stage]:
    """Return how far the deals are that an actor sees."""
    return [deal.stage for deal in found(session, actor, **values).deals]


def contract_of(session: Session, cast: Cast, **values: Any) -> int:
    """Insert a contract between the two sides of the cast."""
    return make_contract(
        session,
        station=cast.station,
        seller=cast.seller_organisation,
        buyer=cast.buyer_organisation,
        **values,
    ).id


def test_every_open_state_is_listed_and_no_other(session: Session, cast: Cast) -> None:
    for status in Status:
        contract_of(session, cast, status=status)
    assert {deal.stage.value for deal in found(session, cast.bureau).deals} == {
        status.value for status in UNREGISTERED
    }


def test_what_is_said_of_a_contract(session: Session, cast: Cast) -> None:
    broker = make_actor(session, OrganisationKind.AGENCY, name="澄渡技术转移")
    deal = make_deal(session, cast, status=SuggestionStatus.CONTRACTED, broker=broker)
    contract_id = contract_of(
        session, cast, status=Status.SUBMITTED, suggestion_id=deal.id, project_name="膜法水处理"
    )
    page = list_unregistered(
        session, cast.bureau, region=None, station=None, min_days=0, page=PageRequest(), now=NOW
    ).page
    assert page.items == [
        Deal(
            source=DealSource.CONTRACT,
            source_id=contract_id,
            suggestion_id=deal.id,
            stage=Stage.SUBMITTED,
            since=date(2025, 5, 20),
            days=21,
            applicant_name=cast.seller_organisation.name,
            applicant_region="320281",
            counterparty_name=cast.buyer_organisation.name,
            title="膜法水处理",
            total_fen=100_000_000,
            station_id=cast.station.id,
            station_name=cast.station.name,
            broker_id=broker.user_id,
            broker_name="测试用户",
            agency_name="澄渡技术转移",
        )
    ]


def test_a_draft_names_only_the_applicant(session: Session, cast: Cast) -> None:
    contract_of(session, cast, status=Status.DRAFT)
    (deal,) = found(session, cast.bureau).deals
    assert deal.applicant_name == cast.seller_organisation.name
    assert (deal.counterparty_name, deal.title, deal.total_fen) == (None, None, None)


def test_the_buyer_of_an_import_is_the_applicant(session: Session, cast: Cast) -> None:
    seller = make_party(session, region_code=None, country_code="276", name="Fraunhofer")
    make_contract(
        session,
        station=cast.station,
        seller=seller,
        buyer=cast.buyer_organisation,
        status=Status.SUBMITTED,
        applicant="buyer",
    )
    (deal,) = found(session, cast.bureau).deals
    assert (deal.applicant_name, deal.counterparty_name) == (cast.buyer_organisation.name, "Fraunhofer")


@pytest.mark.parametrize(
    ("status", "stage", "disclosed"),
    [(SuggestionStatus.AGREED, Stage.AGREED, False), (SuggestionStatus.CONTRACTED, Stage.SIGNED, True)],
)
def test_a_deal_without_an_application_falls_to_the_competent_station(
    session: Session, cast: Cast, *, status: SuggestionStatus, stage: Stage, disclosed: bool
) -> None:
    suggestion = make_deal(session, cast, status=status)
    session.add(
        SuggestionEvent(
            suggestion_id=suggestion.id,
            action=Action.SIGN if disclosed else Action.AGREE,
            target=status,
            at=NOW - timedelta(days=40),
        )
    )
    (deal,) = found(session, cast.bureau).deals
    assert (deal.stage, deal.days, deal.source_id) == (stage, 40, suggestion.id)
    assert (deal.station_id, deal.station_name) == (cast.station.id, cast.station.name)
    assert (deal.counterparty_name is not None, deal.title is not None) == (disclosed, disclosed)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status.WITHDRAWN, [Stage.WITHDRAWN]),
        (Status.ACCEPTED, [Stage.ACCEPTED]),
        (Status.REGISTERED, []),
        (Status.REFUSED, []),
        (Status.CANCELLED, []),
    ],
)
def test_an_application_stands_for_its_suggestion(
    session: Session, cast: Cast, *, status: Status, expected: list[Stage]
) -> None:
    suggestion = make_deal(session, cast, status=SuggestionStatus.CONTRACTED)
    contract_of(session, cast, status=status, suggestion_id=suggestion.id)
    assert stages(session, cast.bureau) == expected


def test_a_station_with_a_nearer_territory_is_competent(session: Session, cast: Cast) -> None:
    make_territory(session, cast.station, "320200")
    nearer = make_station(session, region_code="320200")
    make_territory(session, nearer, "320281")
    make_deal(session, cast, status=SuggestionStatus.CONTRACTED)
    assert [count.station_id for count in found(session, cast.bureau).stations] == [nearer.id]
    assert stages(session, make_registrar(session, nearer)) == [Stage.SIGNED]
    assert stages(session, cast.registrar) == []


def test_a_deal_that_no_station_serves_is_not_lost(session: Session, cast: Cast) -> None:
    make_territory(session, cast.station, "320282")
    make_deal(session, cast, status=SuggestionStatus.CONTRACTED)
    (count,) = found(session, cast.bureau).stations
    assert (count.station_id, count.station_name, count.deals) == (None, None, 1)


def _bureau(session: Session, region: str) -> Actor:
    return make_actor(session, OrganisationKind.BUREAU, region_code=region)


def test_bureaus_see_their_region(session: Session, cast: Cast) -> None:
    contract_of(session, cast, status=Status.SUBMITTED)
    make_deal(session, cast, status=SuggestionStatus.CONTRACTED)
    for region, count in [("320281", 2), ("320000", 2), ("320282", 0), ("340800", 0)]:
        assert len(stages(session, _bureau(session, region))) == count
    assert len(stages(session, _bureau(session, "320000"), region="320281")) == 2
    assert stages(session, _bureau(session, "320000"), region="320282") == []


def test_a_seller_from_elsewhere_is_seen_at_home_and_at_the_station(session: Session, cast: Cast) -> None:
    make_contract(
        session,
        station=cast.station,
        seller=make_party(session, region_code="320211"),
        status=Status.SUBMITTED,
    )
    assert len(stages(session, _bureau(session, "320211"))) == 1
    assert len(stages(session, _bureau(session, "320281"))) == 1


def test_registrars_see_their_station(session: Session, cast: Cast) -> None:
    contract_of(session, cast, status=Status.SUBMITTED)
    other = make_station(session)
    make_contract(session, station=other, status=Status.SUBMITTED)
    assert len(stages(session, cast.registrar)) == 1
    with pytest.raises(PermissionDenied) as refused:
        found(session, cast.registrar, station=other.id)
    assert refused.value.code == "not-the-station"
    assert len(stages(session, cast.bureau, station=other.id)) == 1


def test_admins_see_all(session: Session, cast: Cast) -> None:
    contract_of(session, cast, status=Status.SUBMITTED)
    make_deal(session, cast, status=SuggestionStatus.CONTRACTED)
    admin = actor_of(make_user(session))
    assert len(stages(session, admin)) == 2
    assert len(stages(session, admin, station=cast.station.id)) == 2
    assert len(stages(session, admin, region="340000")) == 0


def test_others_see_nothing(session: Session, cast: Cast) -> None:
    unverified = replace(cast.bureau, verified=False)
    broker = make_actor(session, OrganisationKind.AGENCY)
    for actor in (cast.seller, cast.buyer, broker, unverified):
        with pytest.raises(PermissionDenied) as refused:
            found(session, actor)
        assert refused.value.code == "not-overseeing"


def test_what_may_not_be_asked_for(session: Session, cast: Cast) -> None:
    with pytest.raises(PermissionDenied) as refused:
        found(session, cast.bureau, region="340800")
    assert refused.value.code == "outside-region"
    with pytest.raises(RuleViolation):
        found(session, cast.bureau, region="999999")
    with pytest.raises(NotFound):
        found(session, cast.bureau, station=cast.seller_organisation.id)


def test_days_decide_order_bands_and_the_least_age(session: Session, cast: Cast) -> None:
    for days in (3, 100, 20, 45):
        contract_of(
            session, cast, status=Status.SUBMITTED, signed_on=date(2025, 6, 10) - timedelta(days=days)
        )
    result = found(session, cast.bureau)
    assert [deal.days for deal in result.deals] == [100, 45, 20, 3]
    assert [count.deals for count in result.bands] == [1, 1, 1, 1]
    assert [deal.days for deal in found(session, cast.bureau, min_days=45).deals] == [100, 45]


def _page(session: Session, cast: Cast, cursor: str | None, now: datetime = NOW) -> DealPage:
    return list_unregistered(
        session,
        cast.bureau,
        region=None,
        station=None,
        min_days=0,
        page=PageRequest(cursor, limit=2),
        now=now,
    )


def test_pages_hold_every_deal_once_and_the_sums_of_all(session: Session, cast: Cast) -> None:
    expected = [contract_of(session, cast, status=Status.SUBMITTED) for _ in range(5)]
    seen, cursor = [], None
    for _ in range(3):
        result = _page(session, cast, cursor)
        assert sum(count.deals for count in result.found.bands) == 5
        seen += [deal.source_id for deal in result.page.items]
        cursor = result.page.next_cursor
    assert (seen, cursor) == (expected, None)


@pytest.mark.parametrize("cursor", ["%%%", "bnVsbA", "WyJhIiwxLDJd", "W1tbW1s"])
def test_a_foreign_cursor(session: Session, cast: Cast, cursor: str) -> None:
    contract_of(session, cast, status=Status.SUBMITTED)
    with pytest.raises(RuleViolation) as refused:
        _page(session, cast, cursor)
    assert refused.value.code == "bad-cursor"


def test_the_number_of_queries_does_not_grow(database: Database, session: Session, cast: Cast) -> None:
    def asked() -> int:
        with statements(database) as sent:
            _page(session, cast, None)
        return len(sent)

    contract_of(session, cast, status=Status.SUBMITTED)
    session.flush()
    before = asked()
    for _ in range(6):
        contract_of(session, cast, status=Status.SUBMITTED)
        make_deal(session, cast, status=SuggestionStatus.CONTRACTED)
    session.flush()
    assert asked() == before


def test_closed_stations_are_not_competent(session: Session, cast: Cast) -> None:
    closed: Organisation = make_organisation(session, OrganisationKind.STATION, status="suspended")
    make_territory(session, closed, "320281")
    make_deal(session, cast, status=SuggestionStatus.CONTRACTED)
    assert [count.station_id for count in found(session, cast.bureau).stations] == [cast.station.id]
    assert cast.bureau.role is Role.BUREAU
