"""What a registration, a change and an end write, and that the counters follow."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.contracts.ledger import Ledger, RegisteredParty, Registration
from market.contracts.models import Contract, ContractParty
from market.contracts.rules import Status
from market.contracts.service import approve_contract
from market.db import Database
from market.errors import Conflict
from market.turnover.ledger import COPIED, TurnoverLedger
from market.turnover.models import TurnoverCounter, TurnoverEntry, TurnoverFlow
from market.turnover.rules import ABROAD, AreaKind, Dimension, FlowLevel, Line, Measure, Reach
from tests.factories import NOW
from tests.market.contracts.factories import make_application, make_cast, make_contract, make_station
from tests.market.turnover.conftest import counting
from tests.market.turnover.factories import LEDGER, change, end, party_in, register


def _lines(session: Session, contract: Contract) -> list[TurnoverEntry]:
    return list(
        session.scalars(
            select(TurnoverEntry).where(TurnoverEntry.contract_id == contract.id).order_by(TurnoverEntry.id)
        )
    )


def _counters(session: Session) -> dict[tuple[Any, ...], tuple[int, int, int]]:
    """Return all counters: measure, kind of area, dimension, area, month, code."""
    rows = session.execute(select(TurnoverCounter.__table__)).all()
    return {tuple(row[:6]): tuple(row[6:]) for row in rows}  # type: ignore[misc]


def _by_type(session: Session) -> dict[tuple[Any, ...], tuple[int, int, int]]:
    """Return the counters of types: measure, kind of area, area, code; zeros left out."""
    return {
        (*key[:2], key[3], key[5]): sums
        for key, sums in _counters(session).items()
        if key[2] is Dimension.TYPE and any(sums)
    }


def _flows(session: Session) -> dict[tuple[Any, ...], tuple[int, int, int]]:
    rows = session.execute(select(TurnoverFlow.__table__)).all()
    return {tuple(row[:4]): tuple(row[4:]) for row in rows if any(row[4:])}  # type: ignore[misc]


def test_the_ledger_is_what_registration_asks_for() -> None:
    ledger: Ledger = TurnoverLedger()
    assert ledger is not None


def test_a_registration_counts_for_station_seller_and_buyer(session: Session) -> None:
    station = make_station(session, region_code="320282", park_code="320282-P01")
    contract = register(
        session,
        station=station,
        seller=party_in(session, "320281", "320281-P01"),
        buyer=party_in(session, "340800"),
        registered_on=date(2025, 3, 31),
    )
    [line] = _lines(session, contract)
    assert (line.line, line.count, line.total_fen, line.tech_fen) == (
        Line.REGISTRATION,
        1,
        100_000_000,
        80_000_000,
    )
    assert (line.effective_on, line.recorded_at) == (date(2025, 3, 31), NOW)
    assert (line.seller_nature, line.ip_kind, line.plan_source) == ("150", "10", "90")
    assert line.reach is Reach.DOMESTIC
    month, counted = date(2025, 3, 1), (1, 100_000_000, 80_000_000)
    places = [
        (Measure.REGISTERED, AreaKind.REGION, "320282"),
        (Measure.REGISTERED, AreaKind.PROVINCE, "320000"),
        (Measure.REGISTERED, AreaKind.PARK, "320282-P01"),
        (Measure.REGISTERED, AreaKind.STATION, str(station.id)),
        (Measure.OUTPUT, AreaKind.REGION, "320281"),
        (Measure.OUTPUT, AreaKind.PROVINCE, "320000"),
        (Measure.OUTPUT, AreaKind.PARK, "320281-P01"),
        (Measure.ABSORBED, AreaKind.REGION, "340800"),
        (Measure.ABSORBED, AreaKind.PROVINCE, "340000"),
    ]
    codes = [
        (Dimension.TYPE, "KF"),
        (Dimension.FIELD, "07"),
        (Dimension.TYPE_FIELD, "KF/07"),
        (Dimension.SELLER_NATURE, "150"),
        (Dimension.BUYER_NATURE, "150"),
        (Dimension.IP_KIND, "10"),
        (Dimension.PLAN_SOURCE, "90"),
        (Dimension.REACH, "domestic"),
    ]
    assert _counters(session) == {
        (measure, kind, dimension, area, month, code): counted
        for measure, kind, area in places
        for dimension, code in codes
    }
    assert _flows(session) == {
        (FlowLevel.REGION_PROVINCE, "320281", "340000", month): counted,
        (FlowLevel.PROVINCE_REGION, "320000", "340800", month): counted,
        (FlowLevel.PROVINCES, "320000", "340000", month): counted,
    }


def test_deals_inside_a_county_and_inside_a_city_are_local(session: Session) -> None:
    for seller, buyer in [
        ("320281", "320281"),
        ("320281", "320282"),
        ("320200", "320200"),
        ("320000", "320000"),
    ]:
        register(session, seller=party_in(session, seller), buyer=party_in(session, buyer))
    register(session, seller=party_in(session, "320281"), buyer=party_in(session, None))
    local = {key[1:3]: sums[0] for key, sums in _flows(session).items() if key[0] is FlowLevel.LOCAL}
    assert local == {("320281", "320281"): 1, ("320200", "320200"): 3}


def test_a_party_abroad_counts_nowhere_for_its_measure(session: Session) -> None:
    contract = register(session, buyer=party_in(session, None))
    assert {key[0] for key in _counters(session)} == {Measure.REGISTERED, Measure.OUTPUT}
    assert {key[2] for key in _flows(session)} == {ABROAD}
    assert [line.reach for line in _lines(session, contract)] == [Reach.FOREIGN]


def test_a_change_reverses_exactly_and_keeps_the_day(session: Session) -> None:
    contract = register(session, registered_on=date(2024, 12, 30))
    later = NOW + timedelta(days=90)
    change(
        session,
        contract,
        now=later,
        total_amount_fen=250_000_000,
        tech_amount_fen=90_000_000,
        tech_field="05",
        buyer=party_in(session, "340800"),
    )
    first, reversal, second = _lines(session, contract)
    for name in COPIED:
        sign = -1 if name in {"total_fen", "tech_fen"} else 1
        assert getattr(reversal, name) == (-getattr(first, name) if sign == -1 else getattr(first, name)), (
            name
        )
    assert (reversal.line, reversal.count, reversal.reverses_id) == (Line.REVERSAL, -1, first.id)
    assert (second.line, second.count, second.total_fen) == (Line.CHANGE, 1, 250_000_000)
    assert second.effective_on == date(2024, 12, 30)
    assert second.contract_version > first.contract_version
    assert reversal.recorded_at == second.recorded_at == later
    counted = (1, 250_000_000, 90_000_000)
    fields = {key[:4]: sums for key, sums in _counters(session).items() if key[5] == "05" and any(sums)}
    assert set(fields.values()) == {counted}
    assert {(key[0], key[3]) for key in fields if key[1] is AreaKind.REGION} == {
        (Measure.REGISTERED, "320281"),
        (Measure.OUTPUT, "320281"),
        (Measure.ABSORBED, "340800"),
    }
    gone = [sums for key, sums in _counters(session).items() if key[5] == "07"]
    assert set(gone) == {(0, 0, 0)}
    assert {key[1:3] for key in _flows(session)} == {
        ("320281", "340000"),
        ("320000", "340800"),
        ("320000", "340000"),
    }


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.REVOKED])
def test_an_end_takes_everything_away_again(session: Session, status: Status) -> None:
    contract = register(session)
    change(session, contract, total_amount_fen=300_000_000)
    end(session, contract, status)
    lines = _lines(session, contract)
    assert sum(line.count for line in lines) == 0
    assert sum(line.total_fen for line in lines) == 0
    assert lines[-1].reverses_id == lines[-2].id
    assert set(_counters(session).values()) == {(0, 0, 0)}


def test_a_station_that_moves_takes_nothing_along(session: Session) -> None:
    contract = register(session)
    contract.station.region_code = "320282"
    end(session, contract)
    assert {line.station_region for line in _lines(session, contract)} == {"320281"}
    assert set(_counters(session).values()) == {(0, 0, 0)}


def test_a_contract_is_registered_once_only(session: Session) -> None:
    contract = register(session)
    with pytest.raises(Conflict) as error:
        LEDGER.post_registration(session, contract, now=NOW)
    assert error.value.code == "ledger-line-exists"
    end(session, contract)
    with pytest.raises(Conflict):
        LEDGER.post_registration(session, contract, now=NOW)


def test_what_does_not_stand_is_neither_changed_nor_reversed(session: Session) -> None:
    contract = make_contract(session)
    for post in (LEDGER.post_change, LEDGER.post_reversal):
        with pytest.raises(Conflict) as error:
            post(session, contract, now=NOW)
        assert error.value.code == "ledger-line-missing"
    LEDGER.post_registration(session, contract, now=NOW)
    LEDGER.post_reversal(session, contract, now=NOW)
    with pytest.raises(Conflict):
        LEDGER.post_reversal(session, contract, now=NOW)
    assert len(_lines(session, contract)) == 2


def test_a_contract_without_a_day_is_refused(session: Session) -> None:
    contract = make_contract(session, status=Status.IN_REVIEW)
    with pytest.raises(Conflict) as error:
        LEDGER.post_registration(session, contract, now=NOW)
    assert error.value.code == "ledger-day-missing"


def test_a_change_of_one_code_moves_its_dimension_alone(session: Session) -> None:
    contract = register(session)
    before = _counters(session)
    change(session, contract, project_name="改名后的项目", ip_kind="20")
    moved = {key for key, sums in _counters(session).items() if sums != before.get(key)}
    assert {key[2] for key in moved} == {Dimension.IP_KIND}
    assert {key[5] for key in moved} == {"10", "20"}
    assert [line.ip_kind for line in _lines(session, contract)] == ["10", "10", "20"]


def test_many_registrations_at_once_write_what_each_would(session: Session) -> None:
    station = make_station(session)
    made = [
        make_contract(
            session, station=station, buyer=party_in(session, region), tech_field=field, registered_on=day
        )
        for region, field, day in [
            ("320281", "05", date(2025, 3, 31)),
            ("340800", "07", date(2025, 3, 1)),
            (None, "05", date(2024, 12, 31)),
        ]
    ]
    registrations = [_registration(contract) for contract in made]
    with session.begin_nested() as one_by_one:
        for contract in made:
            LEDGER.post_registration(session, contract, now=NOW)
        expected = _counters(session), _flows(session), _written(session, made)
        one_by_one.rollback()
    LEDGER.post_registrations(session, registrations, now=NOW)
    assert (_counters(session), _flows(session), _written(session, made)) == expected
    assert len(expected[2]) == 3


def test_many_registrations_take_few_statements(session: Session, database: Database) -> None:
    station = make_station(session)
    registrations = [_registration(make_contract(session, station=station)) for _ in range(20)]
    session.flush()
    with counting(database) as counted:
        LEDGER.post_registrations(session, registrations, now=NOW)
        LEDGER.post_registrations(session, [], now=NOW)
    assert len(counted.statements) == 3
    assert _by_type(session)[Measure.REGISTERED, AreaKind.STATION, str(station.id), "KF"][0] == 20


def test_one_approval_takes_few_statements(session: Session, database: Database) -> None:
    """What a registration costs is mostly the number of its statements (see `bench/registrations.py`)."""
    cast = make_cast(session)
    make_application(session, cast, status=Status.REGISTERED)  # begins the year's serials
    contract = make_application(session, cast, status=Status.IN_REVIEW)
    session.expunge_all()
    with counting(database) as counted:
        approve_contract(session, cast.registrar, contract.id, ledger=LEDGER, now=NOW)
    assert len(counted.statements) == {"postgresql": 10, "sqlite": 11}[session.get_bind().dialect.name]


def _written(session: Session, contracts: list[Contract]) -> list[tuple[Any, ...]]:
    """Return what the contracts' lines say, apart from their ids."""
    table = TurnoverEntry.__table__
    columns = [column for column in table.columns if column.name != "id"]
    ids = [contract.id for contract in contracts]
    rows = session.execute(select(*columns).where(table.c.contract_id.in_(ids)).order_by(table.c.contract_id))
    return [tuple(row) for row in rows]


def _registration(contract: Contract) -> Registration:
    assert contract.registered_on is not None
    return Registration(
        contract_id=contract.id,
        contract_version=contract.version,
        registered_on=contract.registered_on,
        station_id=contract.station_id,
        station_region=contract.station.region_code,
        station_park=contract.station.park_code,
        seller=_party(contract.seller),
        buyer=_party(contract.buyer),
        type_code=contract.type_code,
        subtype_code=contract.subtype_code,
        tech_field=contract.tech_field,
        ip_kind=contract.ip_kind,
        plan_source=contract.plan_source,
        total_fen=contract.total_amount_fen,
        tech_fen=contract.tech_amount_fen,
    )


def _party(party: ContractParty) -> RegisteredParty:
    return RegisteredParty(party.country_code, party.region_code, party.park_code, party.nature_code)
