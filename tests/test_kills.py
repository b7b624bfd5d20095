"""Processes that register are killed at any moment: nothing is half done, and a retry does it once."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.accounts.models import User
from market.contracts.models import Certificate, Contract, ContractEvent
from market.contracts.rules import Action, Status
from market.db import Database
from market.turnover.ledger import Sums
from market.turnover.models import TurnoverEntry
from market.turnover.service import Books, verify
from tests.factories import make_token
from tests.kill_worker import register
from tests.market.contracts.factories import make_contract, make_registrar, make_station
from tests.market.turnover.factories import party_in

CONTRACTS = 24
ROUNDS = 3
AMOUNT, TECH = 100_000_000, 80_000_000
Answer = tuple[int, int, bool]
"""A contract, the status of the answer, and whether it was a repeated one."""


def _waiting(session: Session) -> tuple[str, list[int]]:
    """Insert contracts that wait for approval; return the approver's token and their numbers."""
    station = make_station(session)
    registrar = make_registrar(session, station)
    regions = ("320281", "340800", None)
    made = [
        make_contract(
            session, station=station, status=Status.IN_REVIEW, buyer=party_in(session, regions[number % 3])
        )
        for number in range(CONTRACTS)
    ]
    user = session.get_one(User, registrar.user_id)
    return make_token(session, user), [contract.id for contract in made]


@pytest.fixture(scope="module")
def forks() -> Any:
    """A server that has everything imported and forks a worker at once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.kill_worker"])
    return context


class Worker:
    """A process at work, and what was heard of it."""

    def __init__(self, forks: Any, *job: Any) -> None:
        self._ears, mouth = forks.Pipe(duplex=False)
        self._process = forks.Process(target=register, args=(*job, mouth))
        self._process.start()
        mouth.close()

    def hear(self, count: int) -> list[Answer]:
        """Wait for so many answers."""
        return [self._ears.recv() for _ in range(count)]

    def kill(self) -> None:
        """End it on the spot, in the middle of whatever it does."""
        self._process.kill()

    def rest(self) -> list[Answer]:
        """Return what it said until it ended."""
        said = []
        with suppress(EOFError, OSError):  # it may have been killed while it spoke
            while True:
                said.append(self._ears.recv())
        self._process.join()
        self._ears.close()
        return said


def _kill_somewhere(workers: Sequence[Worker], dice: random.Random) -> set[int]:
    """Kill workers in the middle of their work; return the contracts whose answers were heard."""
    answers: list[Answer] = []
    for worker in workers:
        answers += worker.hear(dice.randint(1, 4))
        time.sleep(dice.uniform(0, 0.03))
        worker.kill()
    for worker in workers:
        answers += worker.rest()
    assert {status for _, status, _ in answers} == {200}
    return {contract for contract, _, _ in answers}


def _assert_books_agree(database: Database) -> int:
    """Compare all that a registration writes; return how many there are."""
    with database.reading() as session:
        report = verify(session)
        assert report.agrees, report.first and report.first.text
        registered = session.scalars(
            select(Contract.reg_no).where(Contract.status == Status.REGISTERED)
        ).all()
        count = len(registered)
        assert len(set(registered)) == count
        assert report.sums == dict.fromkeys(Books, Sums(count, count * AMOUNT, count * TECH))
        steps = select(func.count(ContractEvent.id)).where(ContractEvent.action == Action.REGISTER)
        for rows in (steps, select(func.count(TurnoverEntry.id)), select(func.count(Certificate.id))):
            assert session.scalar(rows) == count
        return count


def test_a_killed_registration_is_whole_or_not_there_and_is_done_once(
    own_database: Database, forks: Any
) -> None:
    dice = random.Random(11)
    with own_database.transaction() as session:
        token, contracts = _waiting(session)
    own_database.dispose()
    heard: set[int] = set()
    for round_number in range(ROUNDS):
        dice.shuffle(contracts)
        halves = contracts[::2], contracts[1::2]
        heard |= _kill_somewhere([Worker(forks, own_database.url, token, half) for half in halves], dice)
        done = _assert_books_agree(own_database)
        assert len(heard) <= done
        assert round_number or done < CONTRACTS, "nobody was killed in the middle"
    answers = Worker(forks, own_database.url, token, contracts).rest()
    assert [(contract, status) for contract, status, _ in answers] == [(one, 200) for one in contracts]
    repeated = {contract for contract, _, replayed in answers if replayed}
    assert len(repeated) == done
    assert heard <= repeated
    assert _assert_books_agree(own_database) == CONTRACTS
