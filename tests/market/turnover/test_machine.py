"""Whatever happens to contracts, the books and the figures say what a plain list in Python says."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy.orm import Session

from market.contracts.models import Contract
from market.contracts.rules import Status
from market.db import Database
from market.turnover.ledger import Sums
from market.turnover.queries.figures import figure, totals
from market.turnover.queries.flows import flows
from market.turnover.rules import Direction, GroupBy, Measure, PartnerLevel, province_of
from market.turnover.service import verify
from tests.factories import NOW
from tests.market.contracts.factories import make_station
from tests.market.turnover.factories import change, end, party_in, register, scope_of

REGIONS = ["320281", "320282", "340800", None]
"""Counties of one city, another province's city, and abroad."""
DAYS = st.sampled_from([date(2024, 12, 31), date(2025, 1, 1), date(2025, 6, 30)])


@dataclass(frozen=True)
class Entry:
    """What the plain list keeps of a contract."""

    station: str
    seller: str | None
    buyer: str | None
    kind: str
    nature: str
    day: date
    total: int
    tech: int

    @property
    def sums(self) -> Sums:
        """What it counts for."""
        return Sums(1, self.total, self.tech)

    def region(self, measure: Measure) -> str | None:
        """Where it counts."""
        return {
            Measure.REGISTERED: self.station,
            Measure.OUTPUT: self.seller,
            Measure.ABSORBED: self.buyer,
        }[measure]


FORMS = st.builds(
    Entry,
    station=st.sampled_from(["320281", "340800"]),
    seller=st.sampled_from(REGIONS),
    buyer=st.sampled_from(REGIONS),
    kind=st.sampled_from(["KF", "FW"]),
    nature=st.sampled_from(["0211", "150"]),
    day=DAYS,
    total=st.integers(10, 10**15),
    tech=st.integers(0, 10),
)


class Books(RuleBasedStateMachine):
    """Registers, changes, settles and ends contracts, and remembers what was known when."""

    database: Database

    @initialize()
    def open(self) -> None:
        """Begin a transaction that is undone in the end."""
        self.undo = ExitStack()
        self.session: Session = self.undo.enter_context(self.database.transaction())
        self.savepoint = self.session.begin_nested()
        self.stations = {
            region: make_station(self.session, region_code=region) for region in ("320281", "340800")
        }
        self.now = NOW
        self.live: dict[int, tuple[Contract, Entry]] = {}
        self.known: list[tuple[datetime, list[Entry]]] = []

    def teardown(self) -> None:
        """Undo everything."""
        if hasattr(self, "undo"):
            self.savepoint.rollback()
            self.session.expunge_all()
            self.undo.close()

    def _later(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now

    def _parties(self, entry: Entry) -> dict[str, Any]:
        return {
            "seller": party_in(self.session, entry.seller, nature=entry.nature),
            "buyer": party_in(self.session, entry.buyer),
        }

    @rule(entry=FORMS)
    def register(self, entry: Entry) -> None:
        """Register a contract."""
        contract = register(
            self.session,
            now=self._later(),
            station=self.stations[entry.station],
            type_code=entry.kind,
            registered_on=entry.day,
            total_amount_fen=entry.total,
            tech_amount_fen=entry.tech,
            **self._parties(entry),
        )
        self.live[contract.id] = contract, entry

    def _alter(self, data: st.DataObject, alter: Callable[[Contract, Entry], Entry | None]) -> None:
        number = data.draw(st.sampled_from(sorted(self.live)))
        contract, entry = self.live.pop(number)
        altered = alter(contract, entry)
        if altered is not None:
            self.live[number] = contract, altered

    @precondition(lambda self: self.live)
    @rule(data=st.data(), form=FORMS)
    def change(self, data: st.DataObject, form: Entry) -> None:
        """Change parties, type and amounts; the station and the day of registration stay."""

        def alter(contract: Contract, entry: Entry) -> Entry:
            kept = replace(form, station=entry.station, day=entry.day)
            change(
                self.session,
                contract,
                now=self._later(),
                type_code=kept.kind,
                total_amount_fen=kept.total,
                tech_amount_fen=kept.tech,
                **self._parties(kept),
            )
            return kept

        self._alter(data, alter)

    @precondition(lambda self: self.live)
    @rule(data=st.data(), total=st.integers(10, 10**15))
    def settle(self, data: st.DataObject, total: int) -> None:
        """Set a royalty contract's amount."""

        def alter(contract: Contract, entry: Entry) -> Entry:
            change(self.session, contract, now=self._later(), total_amount_fen=total)
            return replace(entry, total=total)

        self._alter(data, alter)

    @precondition(lambda self: self.live)
    @rule(data=st.data(), status=st.sampled_from([Status.CANCELLED, Status.REVOKED]))
    def end(self, data: st.DataObject, status: Status) -> None:
        """Cancel or revoke a contract."""

        def alter(contract: Contract, entry: Entry) -> None:
            end(self.session, contract, status, now=self._later())

        self._alter(data, alter)

    @rule()
    def publish(self) -> None:
        """Remember what is known now, as a release does."""
        self.known.append((self._later(), [entry for _, entry in self.live.values()]))

    @invariant()
    def books_agree(self) -> None:
        """Contracts, ledger, counters and flows agree."""
        if hasattr(self, "live"):
            report = verify(self.session)
            assert report.agrees, report.first and report.first.text
            live = sum((entry.sums for _, entry in self.live.values()), Sums())
            assert set(report.sums.values()) == {live}

    @invariant()
    def figures_are_those_of_the_list(self) -> None:
        """Sums, groups and flows are those of the list, now and as of every release."""
        if not hasattr(self, "live"):
            return
        entries = [entry for _, entry in self.live.values()]
        self._compare(entries, None)
        for moment, known in self.known[-2:]:
            self._compare(known, moment)

    def _compare(self, entries: list[Entry], known_at: datetime | None) -> None:
        year = [entry for entry in entries if entry.day.year == 2025]
        for measure in Measure:
            scope = scope_of(self.session, measure, region="320200", known_at=known_at)
            inside = [entry for entry in year if (entry.region(measure) or "").startswith("3202")]
            assert totals(self.session, scope) == sum((entry.sums for entry in inside), Sums())
        scope = scope_of(self.session, Measure.ABSORBED, region="320200", known_at=known_at)
        found = figure(self.session, scope, group_by=GroupBy.SELLER_NATURE, today=date(2025, 12, 31))
        bought = [entry for entry in year if (entry.buyer or "").startswith("3202")]
        assert {group.key: group.sums for group in found.groups} == _grouped(bought, lambda one: one.nature)
        nation = scope_of(self.session, region="000000")
        matrix = flows(
            self.session,
            nation.area,
            nation.period,
            direction=Direction.MATRIX,
            level=PartnerLevel.PROVINCE,
            known_at=known_at,
        )
        assert {f"{pair.seller} {pair.buyer}": pair.sums for pair in matrix.pairs} == _grouped(
            year, lambda one: f"{_province(one.seller)} {_province(one.buyer)}"
        )


def _province(region: str | None) -> str:
    return province_of(region) if region else "abroad"


def _grouped(entries: list[Entry], key: Callable[[Entry], str]) -> dict[str, Sums]:
    groups: dict[str, Sums] = {}
    for entry in entries:
        groups[key(entry)] = groups.get(key(entry), Sums()) + entry.sums
    return groups


# One database is enough for a model of what is summed; the other one is tested under load.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_books_keep_what_a_plain_list_keeps(database: Database) -> None:
    machine = type("BooksOfThisTest", (Books,), {"database": database})
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
