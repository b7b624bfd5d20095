"""Registrations at the same time lose no update and do not deadlock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.contracts.models import Contract
from market.contracts.rules import Status
from market.db import Database
from market.turnover.ledger import Cell, Sums, add_to_counters
from market.turnover.models import TurnoverCounter
from market.turnover.queries.figures import totals
from market.turnover.rules import Measure
from market.turnover.service import rebuild_counters, verify
from tests.factories import NOW
from tests.market.contracts.factories import make_contract, make_station
from tests.market.turnover.factories import LEDGER, party_in, scope_of

THREADS = 6
EACH = 8


def _contracts(database: Database) -> list[int]:
    """Insert contracts that cross each other: A sells to B while B sells to A."""
    with database.transaction() as session:
        stations = [make_station(session), make_station(session, region_code="320282")]
        made = []
        for number in range(THREADS * EACH):
            here, there = ("320281", "320282") if number % 2 else ("320282", "320281")
            contract = make_contract(
                session,
                station=stations[number % 2],
                seller=party_in(session, here),
                buyer=party_in(session, there),
                type_code=("KF", "FW")[number % 3 == 0],
            )
            made.append(contract.id)
    return made


def _at_once(work: Callable[[int], None]) -> None:
    barrier = threading.Barrier(THREADS)

    def run(worker: int) -> None:
        barrier.wait()
        work(worker)

    with ThreadPoolExecutor(THREADS) as pool:
        for future in [pool.submit(run, worker) for worker in range(THREADS)]:
            future.result()


def test_no_update_is_lost(own_database: Database) -> None:
    ids = _contracts(own_database)

    def register(worker: int) -> None:
        for contract_id in ids[worker::THREADS]:
            with own_database.transaction() as session:
                LEDGER.post_registration(session, session.get_one(Contract, contract_id), now=NOW)

    _at_once(register)
    count = THREADS * EACH
    with own_database.reading() as session:
        for measure in Measure:
            whole = totals(session, scope_of(session, measure, region="320200"))
            assert whole == Sums(count, count * 100_000_000, count * 80_000_000)
        assert verify(session).agrees


def test_changes_and_ends_at_once_lose_nothing_either(own_database: Database) -> None:
    ids = _contracts(own_database)
    with own_database.transaction() as session:
        for contract in session.scalars(select(Contract)):
            LEDGER.post_registration(session, contract, now=NOW)

    def alter(worker: int) -> None:
        for number, contract_id in enumerate(ids[worker::THREADS]):
            with own_database.transaction() as session:
                contract = session.get_one(Contract, contract_id)
                if number % 2:
                    contract.status = Status.REVOKED
                    LEDGER.post_reversal(session, contract, now=NOW)
                else:
                    # Each change moves money between the same counters, in opposite directions.
                    contract.seller, contract.buyer = contract.buyer, contract.seller
                    contract.total_amount_fen = 900_000_001
                    LEDGER.post_change(session, contract, now=NOW)

    _at_once(alter)
    with own_database.reading() as session:
        kept = THREADS * EACH // 2
        whole = totals(session, scope_of(session, region="320200"))
        assert whole == Sums(kept, kept * 900_000_001, kept * 80_000_000)
        assert verify(session).agrees


def test_the_same_counters_are_always_touched_in_one_order(own_database: Database) -> None:
    month = date(2025, 6, 1)
    cells = [Cell("output", "region", "type", f"{number:06d}", month, "KF") for number in range(400)]

    def add(worker: int) -> None:
        order = cells if worker % 2 else cells[::-1]
        for _ in range(5):
            with own_database.transaction() as session:
                add_to_counters(session, dict.fromkeys(order, (1, 2, 1)), {})

    _at_once(add)
    with own_database.reading() as session:
        rows = session.scalars(select(TurnoverCounter)).all()
        assert {(row.deals, row.total_fen) for row in rows} == {(5 * THREADS, 10 * THREADS)}
        assert len(rows) == len(cells)


def test_a_rebuild_waits_for_a_registration_that_has_begun(own_database: Database) -> None:
    ids = _contracts(own_database)
    with own_database.transaction() as session:
        for contract_id in ids[2:]:
            LEDGER.post_registration(session, session.get_one(Contract, contract_id), now=NOW)

    def rebuild() -> None:
        with own_database.transaction() as session:
            rebuild_counters(session)

    with ThreadPoolExecutor(1) as pool:
        with own_database.transaction() as session:
            for contract_id in ids[:2]:
                LEDGER.post_registration(session, session.get_one(Contract, contract_id), now=NOW)
            rebuilding = pool.submit(rebuild)
            with pytest.raises(TimeoutError):
                rebuilding.result(timeout=0.5)
        rebuilding.result()
    with own_database.reading() as session:
        assert verify(session).agrees
        assert totals(session, scope_of(session, region="320200")).deals == len(ids)


def test_books_are_verified_while_registrations_go_on(own_database: Database) -> None:
    ids = _contracts(own_database)
    with own_database.transaction() as session:
        for contract in session.scalars(select(Contract)):
            contract.status = Status.IN_REVIEW

    def work(worker: int) -> None:
        for contract_id in ids[worker::THREADS]:
            with own_database.transaction() as session:
                contract = session.get_one(Contract, contract_id)
                contract.status = Status.REGISTERED
                LEDGER.post_registration(session, contract, now=NOW)
            with own_database.reading() as session:
                report = verify(session)
                assert report.agrees, report.first and report.first.text

    _at_once(work)


def test_two_batches_that_meet_head_on_are_both_done(own_database: Database) -> None:
    with own_database.transaction() as session:
        places = [("320281", make_station(session)), ("340800", make_station(session, region_code="340800"))]
        batches = [
            [
                make_contract(
                    session,
                    station=station,
                    seller=party_in(session, region),
                    buyer=party_in(session, region),
                ).id
                for region, station in order
            ]
            for order in (places, places[::-1])
        ]
    meeting = threading.Barrier(2)
    attempts: list[int] = []

    def post(batch: list[int]) -> None:
        def work(session: Session) -> None:
            attempts.append(batch[0])
            LEDGER.post_registration(session, session.get_one(Contract, batch[0]), now=NOW)
            with suppress(threading.BrokenBarrierError):  # SQLite lets one in after the other
                meeting.wait(timeout=0.5)
            LEDGER.post_registration(session, session.get_one(Contract, batch[1]), now=NOW)

        own_database.retrying(work)

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(post, batch) for batch in batches]:
            future.result()
    with own_database.reading() as session:
        assert verify(session).agrees
        assert totals(session, scope_of(session, region="000000")).deals == 4
    assert len(attempts) == (3 if own_database.engine.dialect.name == "postgresql" else 2)
