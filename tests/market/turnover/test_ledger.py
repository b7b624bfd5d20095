"""What a registration, a change and an end write, and that the counters follow."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.contracts.ledger import Ledger
from market.contracts.models import Contract
from market.contracts.rules import Status
from market.errors import Conflict
from market.turnover.ledger import COPIED, TurnoverLedger
from market.turnover.models import TurnoverCounter, TurnoverEntry
from market.turnover.rules import AreaKind, Line, Measure
from tests.factories import NOW
from tests.market.contracts.factories import make_contract, make_station
from tests.market.turnover.factories import LEDGER, change, end, party_in, register


def _lines(session: Session, contract: Contract) -> list[TurnoverEntry]:
    return list(
        session.scalars(
            select(TurnoverEntry).where(TurnoverEntry.contract_id == contract.id).order_by(TurnoverEntry.id)
        )
    )


def _counters(session: Session) -> dict[tuple[Any, ...], tuple[int, int, int]]:
    rows = session.execute(select(TurnoverCounter.__table__)).all()
    return {tuple(row[:6]): tuple(row[6:]) for row in rows}  # type: ignore[misc]


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
    month, counted = date(2025, 3, 1), (1, 100_000_000, 80_000_000)
    assert _counters(session) == {
        (Measure.REGISTERED, AreaKind.REGION, "320282", month, "KF", "07"): counted,
        (Measure.REGISTERED, AreaKind.PARK, "320282-P01", month, "KF", "07"): counted,
        (Measure.OUTPUT, AreaKind.REGION, "320281", month, "KF", "07"): counted,
        (Measure.OUTPUT, AreaKind.PARK, "320281-P01", month, "KF", "07"): counted,
        (Measure.ABSORBED, AreaKind.REGION, "340800", month, "KF", "07"): counted,
    }


def test_a_party_abroad_counts_nowhere_for_its_measure(session: Session) -> None:
    register(session, buyer=party_in(session, None))
    assert {key[0] for key in _counters(session)} == {Measure.REGISTERED, Measure.OUTPUT}


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
    alive = {key[:3] + key[5:]: sums for key, sums in _counters(session).items() if sums != (0, 0, 0)}
    counted = (1, 250_000_000, 90_000_000)
    assert alive == {
        (Measure.REGISTERED, AreaKind.REGION, "320281", "05"): counted,
        (Measure.OUTPUT, AreaKind.REGION, "320281", "05"): counted,
        (Measure.ABSORBED, AreaKind.REGION, "340800", "05"): counted,
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


def test_a_change_of_what_is_not_counted_moves_no_counter(session: Session) -> None:
    contract = register(session)
    before = _counters(session)
    change(session, contract, project_name="改名后的项目", ip_kind="20")
    assert _counters(session) == before
    assert [line.ip_kind for line in _lines(session, contract)] == ["10", "10", "20"]
