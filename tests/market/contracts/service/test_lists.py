"""Registration lists: one applicant, one station, all large or none, each contract on one valid list."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from market.accounts.rules import Actor, OrganisationKind
from market.canonical import digest_of
from market.contracts.models import Contract, StationDuty
from market.contracts.queries.certificates import get_registration_list, list_registration_lists
from market.contracts.rules import Status
from market.contracts.rules.certificates import CHANGED
from market.contracts.service.certificates import void_all
from market.contracts.service.lists import create_list, void_list
from market.db import Database, PageRequest
from market.errors import Conflict, NotFound, PermissionDenied, RuleViolation
from tests.factories import NOW, make_actor, make_organisation
from tests.market.contracts.factories import Cast, make_cast, make_contract, make_party, make_station

LARGE = {"total_amount_fen": 900_000_000, "tech_amount_fen": 800_000_000}


@pytest.fixture
def cast(session: Session) -> Cast:
    return make_cast(session)


def registered(session: Session, cast: Cast, **values: object) -> Contract:
    given = {"station": cast.station, "seller": cast.seller_organisation, "buyer": cast.buyer_organisation}
    return make_contract(session, **{**given, **values})  # type: ignore[arg-type]  # as the test says


def faults(session: Session, actor: Actor, *contracts: Contract) -> list[tuple[str, str]]:
    with pytest.raises(RuleViolation) as caught:
        create_list(session, actor, contract_ids=[contract.id for contract in contracts], now=NOW)
    assert caught.value.code == "list-unfit"
    return [(fault.pointer, fault.code) for fault in caught.value.fields]


def test_a_list_keeps_the_order_and_adds_up(session: Session, cast: Cast) -> None:
    first, second = registered(session, cast), registered(session, cast, total_amount_fen=90_000_000)
    row = create_list(session, cast.registrar, contract_ids=[second.id, first.id], now=NOW)
    assert row.number == f"QD2025-320281-{cast.station.id}-0001"
    assert [item.contract_id for item in row.items] == [second.id, first.id]
    assert [item["reg_no"] for item in row.content["contracts"]] == [second.reg_no, first.reg_no]
    assert (row.content["count"], row.content["total_amount_fen"]) == (2, 190_000_000)
    assert row.content["applicant"]["name"] == cast.seller_organisation.name
    assert (row.large, row.applicant_id) == (False, cast.seller_organisation.id)
    assert row.digest == digest_of(row.content)
    third = create_list(session, cast.second, contract_ids=[registered(session, cast).id], now=NOW)
    assert third.number.endswith("-0002")


def test_serials_begin_anew_each_year(session: Session, cast: Cast) -> None:
    for year in (0, 365):
        row = create_list(
            session,
            cast.registrar,
            contract_ids=[registered(session, cast).id],
            now=NOW + timedelta(days=year),
        )
        assert row.number.endswith("-0001")


def test_large_contracts_stand_alone(session: Session, cast: Cast) -> None:
    large, small = registered(session, cast, **LARGE), registered(session, cast)
    assert faults(session, cast.registrar, large, small) == [("/contract_ids/1", "list-mixed")]
    assert create_list(session, cast.registrar, contract_ids=[large.id], now=NOW).large


def test_everything_unfit_is_told_at_once(session: Session, cast: Cast) -> None:
    listed = registered(session, cast)
    create_list(session, cast.registrar, contract_ids=[listed.id], now=NOW)
    other = registered(session, cast, seller=make_organisation(session, OrganisationKind.UNIVERSITY))
    outside = registered(session, cast, seller=make_party(session))
    pending = registered(session, cast, status=Status.CHANGE_PENDING)
    assert faults(session, cast.registrar, listed, other, outside, pending) == [
        ("/contract_ids/0", "already-listed"),
        ("/contract_ids/1", "other-applicant"),
        ("/contract_ids/2", "applicant-not-on-market"),
        ("/contract_ids/3", "contract-not-registered"),
    ]


def test_a_change_voids_the_list_and_frees_its_contracts(session: Session, cast: Cast) -> None:
    contract, beside = registered(session, cast), registered(session, cast)
    row = create_list(session, cast.registrar, contract_ids=[contract.id, beside.id], now=NOW)
    void_all(session, contract, reason=CHANGED, now=NOW)
    assert row.voided_at == NOW
    assert (
        create_list(session, cast.registrar, contract_ids=[contract.id, beside.id], now=NOW).voided_at is None
    )


def test_the_station_takes_back_a_mistake_once(session: Session, cast: Cast) -> None:
    row = create_list(session, cast.registrar, contract_ids=[registered(session, cast).id], now=NOW)
    void_list(session, cast.second, row.id, reason="选错合同", now=NOW)
    assert (row.voided_at, row.void_reason) == (NOW, "选错合同")
    with pytest.raises(Conflict) as caught:
        void_list(session, cast.registrar, row.id, reason="选错合同", now=NOW)
    assert caught.value.code == "list-void"


def test_only_the_station_with_a_duty_makes_lists(session: Session, cast: Cast) -> None:
    contract = registered(session, cast)
    for actor in (cast.seller, cast.bureau):
        with pytest.raises(PermissionDenied) as caught:
            create_list(session, actor, contract_ids=[contract.id], now=NOW)
        assert caught.value.code == "not-the-station"
    session.execute(delete(StationDuty).where(StationDuty.user_id == cast.registrar.user_id))
    with pytest.raises(PermissionDenied) as caught:
        create_list(session, cast.registrar, contract_ids=[contract.id], now=NOW)
    assert caught.value.code == "duty-missing"


def test_another_stations_contract_is_not_found(session: Session, cast: Cast) -> None:
    with pytest.raises(NotFound):
        create_list(
            session,
            cast.registrar,
            contract_ids=[registered(session, cast, station=make_station(session)).id],
            now=NOW,
        )


def test_who_sees_a_list(session: Session, cast: Cast) -> None:
    row = create_list(session, cast.registrar, contract_ids=[registered(session, cast).id], now=NOW)
    page = PageRequest()
    for actor in (cast.seller, cast.registrar, cast.bureau):
        assert get_registration_list(session, actor, row.id) is row
        assert list_registration_lists(session, actor, page=page).items == [row]
        assert list_registration_lists(session, actor, page=page, valid=False).items == []
    elsewhere = make_actor(session, OrganisationKind.BUREAU, region_code="340800")
    for actor in (cast.buyer, elsewhere, make_actor(session, OrganisationKind.AGENCY)):
        with pytest.raises(NotFound):
            get_registration_list(session, actor, row.id)
        assert list_registration_lists(session, actor, page=page).items == []


def test_two_lists_at_once_get_two_numbers_and_share_no_contract(own_database: Database) -> None:
    with own_database.transaction() as session:
        cast = make_cast(session)
        shared, first, second = (registered(session, cast).id for _ in range(3))

    def work(deed: tuple[Actor, list[int]]) -> str:
        actor, ids = deed
        try:
            with own_database.transaction() as session:
                return create_list(session, actor, contract_ids=ids, now=NOW).number[-4:]
        except RuleViolation as error:
            return error.fields[0].code

    people = (cast.registrar, cast.second)
    with ThreadPoolExecutor(2) as pool:
        apart = sorted(pool.map(work, zip(people, ([first], [second]), strict=True)))
        both = sorted(pool.map(work, zip(people, ([shared], [shared]), strict=True)))
    assert apart == ["0001", "0002"]
    assert both == ["0003", "already-listed"]
