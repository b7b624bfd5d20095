"""Checking that contracts, ledger, counters and flows agree, and renewing the last two from the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from market.turnover.ledger import Cell, FlowCell, Sums
from market.turnover.models import TurnoverCounter, TurnoverFlow
from market.turnover.rules import DIMENSION_NAMES, MEASURE_NAMES, Dimension, Measure, amount_text
from market.turnover.service.comparing import (
    CONTRACTS_AGAINST_LEDGER,
    TOTALS,
    Account,
    accounts,
    counting,
    finding,
    renewing,
)


class Books(StrEnum):
    """The places that say what is registered."""

    CONTRACTS = "contracts"
    LEDGER = "ledger"
    COUNTERS = "counters"
    FLOWS = "flows"


BOOK_NAMES = {
    Books.CONTRACTS: "合同",
    Books.LEDGER: "台账",
    Books.COUNTERS: "计数",
    Books.FLOWS: "流向",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two books do not agree: a contract, or a cell of counters or flows.

    `what` names the part of the form where contract and ledger differ; None otherwise.
    """

    place: int | Cell | FlowCell
    sums: dict[Books, Sums]
    what: str | None = None

    @property
    def text(self) -> str:
        """The difference in one Chinese sentence."""
        parts = "；".join(
            f"{BOOK_NAMES[books]}{sums.deals}项{amount_text(sums.total_fen)}（{sums.total_fen}分，"
            f"技术交易额{sums.tech_fen}分）"
            for books, sums in self.sums.items()
        )
        return f"{self._place_text}：{parts}。"

    @property
    def _place_text(self) -> str:
        place = self.place
        if isinstance(place, int):
            return f"合同{place}的{self.what}"
        if isinstance(place, FlowCell):
            return f"流向 {place.seller_area}→{place.buyer_area} {place.month:%Y-%m}"
        dimension = DIMENSION_NAMES[Dimension(place.dimension)]
        measure = MEASURE_NAMES[Measure(place.measure)]
        return f"{measure} {place.area} {place.month:%Y-%m} {dimension}{place.code}"


@dataclass(frozen=True, slots=True)
class Report:
    """What the comparison found.

    Attributes:
        sums: what each of the books holds in all.
        cells: number of contracts and of cells compared.
        differing: number of those on which two books do not agree.
        first: the first of those: contracts first, then counters, then flows, each in their own order;
            None if there is none.
    """

    sums: dict[Books, Sums]
    cells: int
    differing: int
    first: Difference | None

    @property
    def agrees(self) -> bool:
        """Whether all agree to the fen."""
        return self.differing == 0


def verify(session: Session) -> Report:
    """Compare live contracts, ledger, counters and flows, one by one and to the fen.

    Each pair of books is read by one statement, so that registrations going on meanwhile cannot make
    them differ.
    """
    totals = [int(number) for number in session.execute(text(TOTALS)).one()]
    sums = {books: Sums(*totals[3 * n : 3 * n + 3]) for n, books in enumerate(Books)}
    cells = differing = 0
    first: Difference | None = None
    for found in _comparisons(session):
        cells += found.cells
        differing += found.differing
        first = first or found.first
    return Report(sums, cells, differing, first)


@dataclass(frozen=True, slots=True)
class _Found:
    cells: int
    differing: int
    first: Difference | None


def _comparisons(session: Session) -> list[_Found]:
    dialect = session.get_bind().dialect.name
    row = session.execute(text(CONTRACTS_AGAINST_LEDGER)).one()
    first = None
    if row[1]:
        contract_id, *numbers, what = row[2:]
        first = Difference(contract_id, _pair((Books.CONTRACTS, Books.LEDGER), numbers), what)
    found = [_Found(row[0], row[1], first)]
    for account in accounts(dialect):
        cells, differing = session.execute(text(counting(account))).one()
        # Somebody may have mended it since the count; then there is nothing to show, nor to count.
        wrong = session.execute(text(finding(account))).one_or_none() if differing else None
        first = None if wrong is None else _difference(account, wrong)
        found.append(_Found(cells, 0 if wrong is None else int(differing), first))
    return found


def _difference(account: Account, row: Sequence[Any]) -> Difference:
    kind: type[Cell | FlowCell] = Cell if account.keys == Cell._fields else FlowCell
    key: dict[str, Any] = {
        name: date.fromisoformat(value) if isinstance(value, str) and name == "month" else value
        for name, value in zip(account.keys, row, strict=False)
    }
    kept = Books.COUNTERS if kind is Cell else Books.FLOWS
    return Difference(kind(**key), _pair((Books.LEDGER, kept), row[len(account.keys) :]))


def _pair(books: tuple[Books, Books], numbers: Sequence[Any]) -> dict[Books, Sums]:
    left, right = (Sums(*map(int, part)) for part in (numbers[:3], numbers[3:6]))
    return {books[0]: left, books[1]: right}


def rebuild_counters(session: Session) -> int:
    """Throw counters and flows away and sum them anew from the ledger.

    On PostgreSQL registrations wait until the transaction ends; figures can be read meanwhile.

    Returns:
        The number of counters and flows written.
    """
    dialect = session.get_bind().dialect.name
    if dialect == "postgresql":
        session.execute(text("LOCK TABLE turnover_counters, turnover_flows IN EXCLUSIVE MODE"))
    session.execute(delete(TurnoverCounter))
    session.execute(delete(TurnoverFlow))
    written = 0
    for account in accounts(dialect):
        result: Any = session.execute(text(renewing(account)))
        written += result.rowcount
    return written
