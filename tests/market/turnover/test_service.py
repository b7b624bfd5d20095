"""Contracts, ledger and counters agree whatever happens; and it is noticed where they do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from market.contracts.models import Contract
from market.contracts.rules import LIVE, Status
from market.turnover.ledger import Sums
from market.turnover.models import TurnoverCounter, TurnoverEntry, TurnoverFlow
from market.turnover.queries.figures import figure, totals
from market.turnover.rules import AreaKind, Dimension, GroupBy, Measure
from market.turnover.service import Books, rebuild_counters, verify
from tests.factories import NOW
from tests.market.contracts.factories import make_contract, make_station
from tests.market.turnover.factories import change, end, party_in, register, scope_of

REGIONS = ["320281", "320282", "320200", "340800", None]
PLACES = st.sampled_from(
    [("320281", None), ("320281", "320281-P01"), *((region, None) for region in REGIONS)]
)
AMOUNTS = st.integers(1, 10**15).flatmap(lambda total: st.tuples(st.just(total), st.integers(0, total)))
FORMS = st.fixed_dictionaries(
    {
        "amounts": AMOUNTS,
        "type_code": st.sampled_from(["KF", "ZR", "FW"]),
        "tech_field": st.sampled_from(["05", "07"]),
        "ip_kind": st.sampled_from(["10", "21", "90"]),
        "plan_source": st.sampled_from(["11", "90"]),
        "nature": st.sampled_from(["0211", "150"]),
        "seller": PLACES,
        "buyer": PLACES,
    }
)


@dataclass(frozen=True)
class Deed:
    """One step: register a contract, or change, cancel or revoke one of those registered so far."""

    kind: str
    which: int
    form: dict[str, object]
    day: date
    minutes: int


DEEDS = st.builds(
    Deed,
    kind=st.sampled_from(["register", "register", "change", "cancel", "revoke"]),
    which=st.integers(0, 99),
    form=FORMS,
    day=st.dates(date(2024, 1, 1), date(2025, 12, 31)),
    minutes=st.integers(0, 1000),
)


def _values(session: Session, form: dict[str, object]) -> dict[str, object]:
    total, tech = form["amounts"]  # type: ignore[misc]
    return {
        "total_amount_fen": total,
        "tech_amount_fen": tech,
        "type_code": form["type_code"],
        "tech_field": form["tech_field"],
        "ip_kind": form["ip_kind"],
        "plan_source": form["plan_source"],
        "seller": party_in(session, *form["seller"], nature=form["nature"]),  # type: ignore[misc]
        "buyer": party_in(session, *form["buyer"]),  # type: ignore[misc]
    }


def _run(session: Session, deeds: list[Deed]) -> list[Contract]:
    """Do the deeds one after another and return the contracts they made."""
    stations = [make_station(session), make_station(session, region_code="320282", park_code="320282-P01")]
    made: list[Contract] = []
    now = NOW
    for deed in deeds:
        now += timedelta(minutes=deed.minutes)
        live = [contract for contract in made if contract.status in LIVE]
        if deed.kind == "register":
            station = stations[deed.which % 2]
            values = _values(session, deed.form)
            made.append(register(session, now=now, station=station, registered_on=deed.day, **values))
        elif live:
            contract = live[deed.which % len(live)]
            if deed.kind == "change":
                change(session, contract, now=now, **_values(session, deed.form))
            else:
                status = Status.CANCELLED if deed.kind == "cancel" else Status.REVOKED
                end(session, contract, status, now=now)
    return made


# The database is emptied after each example by the savepoint, not by the fixture.
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=st.lists(DEEDS, max_size=14))
def test_whatever_happens_the_books_agree(session: Session, deeds: list[Deed]) -> None:
    with session.begin_nested() as savepoint:
        made = _run(session, deeds)
        report = verify(session)
        assert report.agrees, report.first and report.first.text
        live = [contract for contract in made if contract.status in LIVE]
        expected = Sums(
            len(live),
            sum(contract.total_amount_fen for contract in live),
            sum(contract.tech_amount_fen for contract in live),
        )
        assert report.sums == dict.fromkeys(Books, expected)
        _assert_parts_make_the_whole(session)
        savepoint.rollback()
    session.expunge_all()


def _assert_parts_make_the_whole(session: Session) -> None:
    """Roll-up equals the sum of parts, and the ledger says what the counters say, for every measure."""
    latest = NOW + timedelta(days=9)
    for measure in Measure:
        nation = scope_of(session, measure, region="000000", period="2025")
        whole = totals(session, nation)
        assert totals(session, replace(nation, known_at=latest)) == whole
        parts = sum(
            (totals(session, scope_of(session, measure, region=code)) for code in ("320000", "340000")),
            Sums(),
        )
        assert parts == whole
        for group_by in set(GroupBy) - {GroupBy.PARK}:
            answer = figure(session, nation, group_by=group_by, today=date(2025, 12, 31))
            assert answer.sums == whole
            if group_by is not GroupBy.NONE:
                assert sum((group.sums for group in answer.groups), Sums()) == whole


@pytest.fixture
def books(session: Session) -> Session:
    """Two contracts, one of them changed."""
    register(session)
    change(session, register(session), total_amount_fen=300_000_000)
    return session


def _counter_off_by_one_fen(session: Session) -> None:
    session.execute(
        update(TurnoverCounter)
        .where(TurnoverCounter.measure == Measure.OUTPUT)
        .values(tech_fen=TurnoverCounter.tech_fen + 1)
    )


def _counter_lost(session: Session) -> None:
    session.execute(delete(TurnoverCounter).where(TurnoverCounter.measure == Measure.OUTPUT))


def _flow_off_by_one_fen(session: Session) -> None:
    session.execute(update(TurnoverFlow).values(total_fen=TurnoverFlow.total_fen - 1))


def _contract_changed_past_the_ledger(session: Session) -> None:
    contract = session.scalars(select(Contract).order_by(Contract.id.desc())).first()
    assert contract is not None
    contract.total_amount_fen += 1
    session.flush()


def _contract_moved_to_another_field(session: Session) -> None:
    contract = session.scalars(select(Contract).order_by(Contract.id.desc())).first()
    assert contract is not None
    contract.tech_field = "01"
    session.flush()


def _counter_of_nothing(session: Session) -> None:
    session.add(
        TurnoverCounter(
            measure=Measure.ABSORBED,
            area_kind=AreaKind.PROVINCE,
            dimension=Dimension.REACH,
            area="110000",
            month=date(2025, 6, 1),
            code="domestic",
            deals=1,
            total_fen=0,
            tech_fen=0,
        )
    )
    session.flush()


def _contract_registered_past_the_ledger(session: Session) -> None:
    make_contract(session)


def _contract_ended_past_the_ledger(session: Session) -> None:
    session.execute(update(Contract).values(status=Status.REVOKED))


def _contract_without_a_day(session: Session) -> None:
    contract = make_contract(session)
    contract.registered_on = None
    session.flush()


@pytest.mark.parametrize(
    ("harm", "odd_one", "words"),
    [
        (_counter_off_by_one_fen, Books.COUNTERS, "输出 320281 2025-06 卖方性质150：台账2项"),
        (_counter_lost, Books.COUNTERS, "输出 320281 2025-06 卖方性质150：台账2项"),
        (_counter_of_nothing, Books.COUNTERS, "吸纳 110000 2025-06 涉外domestic：台账0项"),
        (_flow_off_by_one_fen, Books.FLOWS, "流向 320200→320200 2025-06：台账2项400.00万元"),
        (_contract_changed_past_the_ledger, Books.CONTRACTS, "的合同成交额：合同1项300.00万元（300000001分"),
        (_contract_moved_to_another_field, Books.CONTRACTS, "的技术领域：合同1项300.00万元"),
        (_contract_registered_past_the_ledger, Books.CONTRACTS, "的台账记录：合同1项100.00万元"),
        (_contract_ended_past_the_ledger, Books.CONTRACTS, "的合同状态：合同0项0.00元"),
        (_contract_without_a_day, Books.CONTRACTS, "的台账记录：合同1项100.00万元"),
    ],
)
def test_a_difference_is_found_and_named(
    books: Session, harm: Callable[[Session], None], odd_one: Books, words: str
) -> None:
    assert verify(books).agrees
    harm(books)
    report = verify(books)
    assert not report.agrees
    assert report.differing >= 1
    assert report.first is not None
    assert odd_one in report.first.sums
    assert words in report.first.text


def test_a_report_says_what_was_compared(books: Session) -> None:
    report = verify(books)
    assert report.sums == dict.fromkeys(Books, Sums(2, 400_000_000, 160_000_000))
    # Two contracts; eight places, two of them stations, in eight dimensions; three flows and two local ones.
    assert (report.cells, report.differing, report.first) == (2 + 8 * 8 + 5, 0, None)


def test_a_station_that_moves_does_not_upset_the_books(books: Session) -> None:
    station = make_station(books, park_code="320281-P01")
    register(books, station=station)
    station.region_code, station.park_code = "320282", None
    books.flush()
    assert verify(books).agrees


def _kept(session: Session) -> set[tuple[object, ...]]:
    """Return counters and flows other than zero."""
    tables = (TurnoverCounter, TurnoverFlow)
    rows = [
        row for table in tables for row in session.execute(select(table.__table__).where(table.deals != 0))
    ]
    return {tuple(row) for row in rows}


def test_counters_are_made_anew_from_the_ledger(books: Session) -> None:
    end(books, register(books, type_code="ZX"))
    good = _kept(books)
    books.execute(update(TurnoverCounter).values(deals=7, total_fen=7, tech_fen=7))
    books.execute(delete(TurnoverFlow))
    assert rebuild_counters(books) == len(good) == 8 * 8 + 5
    assert verify(books).agrees
    assert _kept(books) == good
    assert books.scalar(select(func.count(TurnoverEntry.id))) == 6
