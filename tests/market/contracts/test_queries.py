"""Who may know of which contract, and what a list costs; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.contracts import queries
from market.contracts.rules import Status
from market.db import Database, PageRequest
from market.errors import NotFound, RuleViolation
from market.reference.rules import Scheme
from tests.factories import make_actor, make_organisation
from tests.market.contracts.factories import (
    Cast,
    make_cast,
    make_contract,
    make_deal,
    make_party,
    make_registrar,
    make_station,
)

PAGE = PageRequest(limit=50)


@pytest.fixture
def cast(session: Session) -> Cast:
    return make_cast(session)


def _ids(session: Session, actor: Actor, **filters: Any) -> set[int]:
    page = queries.list_contracts(session, actor, page=PAGE, **filters)
    return {item.contract.id for item in page.items}


def _sees(session: Session, actor: Actor, contract_id: int) -> bool:
    listed = contract_id in _ids(session, actor)
    try:
        got = queries.get_contract(session, actor, contract_id).id == contract_id
    except NotFound:
        got = False
    assert listed == got
    return got


def test_parties_station_bureau_and_admin_read_and_nobody_else(session: Session, cast: Cast) -> None:
    contract = make_contract(
        session,
        station=cast.station,
        seller=cast.seller_organisation,
        buyer=cast.buyer_organisation,
    )
    for reader in (cast.seller, cast.buyer, cast.registrar, cast.bureau, OPERATOR):
        assert _sees(session, reader, contract.id)
    strangers = [
        make_actor(session),
        make_actor(session, OrganisationKind.UNIVERSITY),
        make_actor(session, OrganisationKind.AGENCY),
        make_registrar(session, make_station(session)),
        make_actor(session, OrganisationKind.BUREAU, uscc=None, region_code="340800"),
    ]
    for stranger in strangers:
        assert not _sees(session, stranger, contract.id)


@pytest.mark.parametrize("place", ["station", "seller", "buyer"])
def test_a_bureau_reads_where_station_seller_or_buyer_lies_in_its_region(
    session: Session, place: str
) -> None:
    regions = {"station": "320281", "seller": "320281", "buyer": "320281", place: "340881"}
    contract = make_contract(
        session,
        station=make_station(session, region_code=regions["station"]),
        seller=make_party(session, region_code=regions["seller"]),
        buyer=make_party(session, region_code=regions["buyer"]),
    )
    county, prefecture, nation, other = (
        make_actor(session, OrganisationKind.BUREAU, uscc=None, region_code=code)
        for code in ("340881", "340800", "000000", "340826")
    )
    assert _sees(session, county, contract.id)
    assert _sees(session, prefecture, contract.id)
    assert _sees(session, nation, contract.id)
    assert not _sees(session, other, contract.id)


def test_the_broker_of_the_suggestion_reads_and_colleagues_do_not(session: Session, cast: Cast) -> None:
    agency = make_organisation(session, OrganisationKind.AGENCY)
    broker = make_actor(session, OrganisationKind.AGENCY)
    colleague = Actor(user_id=cast.seller.user_id, role=broker.role, organisation_id=agency.id)
    deal = make_deal(session, cast, broker=broker)
    contract = make_contract(session, suggestion_id=deal.id)
    assert _sees(session, broker, contract.id)
    assert not _sees(session, colleague, contract.id)


def test_a_draft_is_the_parties_own_affair(session: Session, cast: Cast) -> None:
    draft = make_contract(session, station=cast.station, seller=cast.seller_organisation, status=Status.DRAFT)
    assert _sees(session, cast.seller, draft.id)
    assert not _sees(session, cast.registrar, draft.id)
    assert not _sees(session, cast.bureau, draft.id)


def test_filters_narrow_the_list(session: Session, cast: Cast) -> None:
    mine = make_contract(session, seller=cast.seller_organisation, buyer=cast.buyer_organisation)
    bought = make_contract(session, buyer=cast.seller_organisation, tech_field="01", type_code="FW")
    later = make_contract(
        session,
        station=cast.station,
        seller=cast.seller_organisation,
        status=Status.CANCELLED,
        registered_on=date(2025, 7, 1),
    )
    actor = cast.seller
    assert _ids(session, actor) == {mine.id, bought.id, later.id}
    assert _ids(session, actor, mine=True) == {mine.id, later.id}
    assert _ids(session, OPERATOR, mine=True) == set()
    assert _ids(session, actor, status=Status.CANCELLED) == {later.id}
    assert _ids(session, actor, station_id=cast.station.id) == {later.id}
    assert _ids(session, actor, type_code="FW") == {bought.id}
    assert _ids(session, actor, tech_field="07") == {mine.id, later.id}
    assert _ids(session, actor, registered_from=date(2025, 7, 1)) == {later.id}
    assert _ids(session, actor, registered_to=date(2025, 6, 30)) == {mine.id, bought.id}


def test_pages_follow_each_other_newest_first(session: Session, cast: Cast) -> None:
    ids = [make_contract(session, station=cast.station).id for _ in range(5)]
    found: list[int] = []
    cursor = None
    while True:
        page = queries.list_contracts(session, cast.registrar, page=PageRequest(cursor, 2))
        found += [item.contract.id for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == ids[::-1]
    with pytest.raises(RuleViolation):
        queries.list_contracts(session, cast.registrar, page=PageRequest("x", 2))


@contextmanager
def _counted(database: Database) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT"):
            statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def test_a_list_costs_the_same_whatever_its_length(own_database: Database) -> None:
    with own_database.transaction() as session:
        cast = make_cast(session)
        for number in range(12):
            deal = make_deal(session, make_cast(session))
            park = "320281-P01" if number % 2 else None
            seller = make_party(session, region_code="320282", park_code=park)
            make_contract(
                session,
                station=cast.station,
                seller=seller,
                suggestion_id=deal.id,
                tech_field=f"{number % 9 + 1:02d}",
            )
    counts = []
    for limit in (2, 12):
        with own_database.reading() as session, _counted(own_database) as statements:
            page = queries.list_contracts(session, cast.registrar, page=PageRequest(limit=limit))
        assert len(page.items) == limit
        counts.append(len(statements))
    assert counts == [5, 5]  # contracts, codes, regions, parks, rule sets


def test_a_described_contract_bears_the_names_of_its_codes(session: Session, cast: Cast) -> None:
    seller = make_party(session, cast.seller_organisation, nature_code="0221", park_code="320281-P01")
    contract = make_contract(session, seller=seller, type_code="XK", subtype_code="XK1", licence_kind="sole")
    names = queries.describe_one(session, contract).names
    assert names.codes[Scheme.CONTRACT_TYPE, "XK"] == "技术许可"
    assert names.codes[Scheme.CONTRACT_SUBTYPE, "XK1"] == "专利实施许可"
    assert names.codes[Scheme.LICENCE_KIND, "sole"] == "排他许可"
    assert names.codes[Scheme.PARTY_NATURE, "0221"] == "事业法人"
    assert names.codes[Scheme.PARTY_COUNTRY, "156"] == "中国"
    assert names.regions["320281"] == "江阴市"
    assert names.parks["320281-P01"] == "江阴高新技术产业开发区"


def test_nothing_described_costs_nothing(session: Session) -> None:
    assert queries.describe(session, []) == []


def test_steps_of_a_hidden_contract_are_hidden(session: Session, cast: Cast) -> None:
    contract = make_contract(session)
    with pytest.raises(NotFound) as error:
        queries.list_events(session, cast.seller, contract.id)
    assert error.value.code == "contract-not-found"


def test_days_are_counted_while_the_stations_time_runs(session: Session, cast: Cast) -> None:
    running = make_contract(session, station=cast.station, status=Status.ACCEPTED)
    today = date(2025, 7, 1)
    assert queries.describe(session, [running], today=today)[0].days_left == 2
    assert queries.describe(session, [running])[0].days_left is None
    done = make_contract(session, station=cast.station)
    assert queries.describe(session, [done], today=today)[0].days_left is None


def test_a_limit_that_reaches_into_an_unknown_year_is_provisional(session: Session) -> None:
    def guessed(version: str) -> bool:
        contract = make_contract(
            session,
            status=Status.ACCEPTED,
            accepted_on=date(2198, 12, 20),
            due_on=date(2199, 1, 15),
            rule_version=version,
        )
        return queries.describe(session, [contract])[0].due_is_provisional

    assert guessed("2026")
    assert not guessed("2021")  # counts days whatever they are


def test_who_is_overdue_can_be_listed_apart(session: Session, cast: Cast) -> None:
    late = make_contract(session, station=cast.station, status=Status.IN_REVIEW)
    decided = make_contract(session, station=cast.station)
    on_time = make_contract(session, station=cast.station, status=Status.ACCEPTED, due_on=date(2025, 8, 1))
    handed_in = make_contract(session, station=cast.station, status=Status.SUBMITTED)
    today = date(2025, 8, 1)
    assert _ids(session, cast.registrar, today=today, overdue=True) == {late.id}
    rest = _ids(session, cast.registrar, today=today, overdue=False)
    assert rest == {decided.id, on_time.id, handed_in.id}
    page = PageRequest(limit=10)
    work = queries.list_deadlines(session, cast.registrar, page=page, today=today)
    assert [item.contract.id for item in work.items] == [late.id, on_time.id]
    assert (work.undecided, work.overdue) == (2, 1)
