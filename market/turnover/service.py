"""Checking that contracts, ledger and counters agree, and making the counters anew from the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, case, delete, extract, func, literal, select, text, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from market.accounts.models import Organisation
from market.contracts.models import Contract, ContractParty
from market.contracts.rules import LIVE
from market.turnover.ledger import AREA_COLUMNS, Cell, Sums, add_to_counters
from market.turnover.models import TurnoverCounter, TurnoverEntry
from market.turnover.rules import MEASURE_NAMES, AreaKind, Measure, amount_text

CHUNK = 5000


class Books(StrEnum):
    """The three places that say what is registered."""

    CONTRACTS = "contracts"
    LEDGER = "ledger"
    COUNTERS = "counters"


BOOK_NAMES = {Books.CONTRACTS: "合同", Books.LEDGER: "台账", Books.COUNTERS: "计数"}


@dataclass(frozen=True, slots=True)
class Difference:
    """A cell on which the three books do not agree."""

    cell: Cell
    sums: dict[Books, Sums]

    @property
    def text(self) -> str:
        """The difference in one Chinese sentence."""
        cell = self.cell
        parts = "；".join(
            f"{BOOK_NAMES[books]}{sums.deals}项{amount_text(sums.total_fen)}（{sums.total_fen}分，"
            f"技术交易额{sums.tech_fen}分）"
            for books, sums in self.sums.items()
        )
        return (
            f"{MEASURE_NAMES[cell.measure]} {cell.area} {cell.month:%Y-%m} "
            f"类别{cell.type_code} 领域{cell.tech_field}：{parts}。"
        )


@dataclass(frozen=True, slots=True)
class Report:
    """What the comparison found.

    Attributes:
        sums: registered contracts in each of the books; every contract counts in exactly one region.
        cells: number of cells compared, over all measures, regions and parks.
        differing: number of cells on which the books do not agree.
        first: the first of those in the order of cells; None if there is none.
    """

    sums: dict[Books, Sums]
    cells: int
    differing: int
    first: Difference | None

    @property
    def agrees(self) -> bool:
        """Whether all three agree to the fen."""
        return self.differing == 0


def verify(session: Session) -> Report:
    """Compare live contracts, ledger and counters, cell by cell and to the fen.

    All three are read by one statement, so that registrations going on meanwhile cannot make them
    differ. A contract does not keep where its station stood when it was registered; its standing
    ledger line does, and that is taken, lest a station that moves should upset closed years.
    """
    found: dict[Books, dict[Cell, Sums]] = {books: {} for books in Books}
    statements = [*_contract_cells(), *_ledger_cells(), _counter_cells()]
    for books, *row in session.execute(union_all(*statements)):
        cell, sums = _read_cell(row)
        if sums:
            found[Books(books)][cell] = sums
    cells = sorted(set().union(*found.values()))
    differing = [cell for cell in cells if len({part.get(cell, Sums()) for part in found.values()}) > 1]
    return Report(
        sums={books: _registered(part) for books, part in found.items()},
        cells=len(cells),
        differing=len(differing),
        first=_difference(differing[0], found) if differing else None,
    )


def _difference(cell: Cell, found: dict[Books, dict[Cell, Sums]]) -> Difference:
    return Difference(cell, {books: part.get(cell, Sums()) for books, part in found.items()})


def _registered(part: dict[Cell, Sums]) -> Sums:
    return sum(
        (
            sums
            for cell, sums in part.items()
            if cell.measure is Measure.REGISTERED and cell.area_kind is AreaKind.REGION
        ),
        Sums(),
    )


def rebuild_counters(session: Session) -> int:
    """Throw the counters away and sum them anew from the ledger.

    On PostgreSQL registrations wait until the transaction ends; figures can be read meanwhile.

    Returns:
        The number of counters written.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE turnover_counters IN EXCLUSIVE MODE"))
    rows = session.execute(union_all(*_ledger_cells()))
    cells = {cell: sums for cell, sums in (_read_cell(row[1:]) for row in rows) if sums}
    session.execute(delete(TurnoverCounter))
    items = sorted(cells.items())
    for start in range(0, len(items), CHUNK):
        add_to_counters(session, dict(items[start : start + CHUNK]))
    return len(items)


def _read_cell(row: Any) -> tuple[Cell, Sums]:
    measure, kind, area, year, month, type_code, tech_field, deals, total_fen, tech_fen = row
    cell = Cell(Measure(measure), AreaKind(kind), area, date(int(year), int(month), 1), type_code, tech_field)
    return cell, Sums(int(deals), int(total_fen), int(tech_fen))


def _ledger_cells() -> list[Select[Any]]:
    return [
        _cells(
            Books.LEDGER,
            measure,
            kind,
            area=getattr(TurnoverEntry, column),
            day=TurnoverEntry.effective_on,
            type_code=TurnoverEntry.type_code,
            tech_field=TurnoverEntry.tech_field,
            sums=(TurnoverEntry.count, TurnoverEntry.total_fen, TurnoverEntry.tech_fen),
        )
        for (measure, kind), column in AREA_COLUMNS.items()
    ]


def _contract_cells() -> list[Select[Any]]:
    seller, buyer = aliased(ContractParty), aliased(ContractParty)
    line, reversal = aliased(TurnoverEntry), aliased(TurnoverEntry)
    stands = (line.count == 1) & ~select(reversal.id).where(reversal.reverses_id == line.id).exists()
    areas: dict[str, Any] = {
        "station_region": case((line.id.is_not(None), line.station_region), else_=Organisation.region_code),
        "station_park": case((line.id.is_not(None), line.station_park), else_=Organisation.park_code),
        "seller_region": seller.region_code,
        "seller_park": seller.park_code,
        "buyer_region": buyer.region_code,
        "buyer_park": buyer.park_code,
    }
    return [
        _cells(
            Books.CONTRACTS,
            measure,
            kind,
            area=areas[column],
            # A live contract without a day of registration is at fault and must show somewhere.
            day=func.coalesce(Contract.registered_on, Contract.signed_on),
            type_code=Contract.type_code,
            tech_field=Contract.tech_field,
            sums=(literal(1), Contract.total_amount_fen, Contract.tech_amount_fen),
        )
        .join(Contract.station)
        .join(seller, Contract.seller)
        .join(buyer, Contract.buyer)
        .outerjoin(line, (line.contract_id == Contract.id) & stands)
        .where(Contract.status.in_(sorted(LIVE)))
        for (measure, kind), column in AREA_COLUMNS.items()
    ]


def _counter_cells() -> Select[Any]:
    month = TurnoverCounter.month
    columns: list[Any] = [
        literal(Books.COUNTERS.value),
        TurnoverCounter.measure,
        TurnoverCounter.area_kind,
        TurnoverCounter.area,
        extract("year", month),
        extract("month", month),
        TurnoverCounter.type_code,
        TurnoverCounter.tech_field,
        TurnoverCounter.deals,
        TurnoverCounter.total_fen,
        TurnoverCounter.tech_fen,
    ]
    return select(*columns)


def _cells(
    books: Books,
    measure: Measure,
    kind: AreaKind,
    *,
    area: Any,
    day: ColumnElement[Any] | InstrumentedAttribute[Any],
    type_code: InstrumentedAttribute[str],
    tech_field: InstrumentedAttribute[str],
    sums: tuple[Any, Any, Any],
) -> Select[Any]:
    year, month = extract("year", day), extract("month", day)
    return (
        select(
            literal(books.value),
            literal(measure.value),
            literal(kind.value),
            area,
            year,
            month,
            type_code,
            tech_field,
            *(func.sum(column) for column in sums),
        )
        .where(area.is_not(None))
        .group_by(area, year, month, type_code, tech_field)
    )
