"""Writing ledger lines and moving the counters, in the transaction of the step that causes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from market.contracts.models import Contract
from market.errors import Conflict
from market.turnover.models import TurnoverCounter, TurnoverEntry
from market.turnover.rules import AreaKind, Line, Measure, month_start

INSERTS: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}

COUNTERS = cast(Table, TurnoverCounter.__table__)

AREA_COLUMNS: Mapping[tuple[Measure, AreaKind], str] = {
    (Measure.REGISTERED, AreaKind.REGION): "station_region",
    (Measure.REGISTERED, AreaKind.PARK): "station_park",
    (Measure.OUTPUT, AreaKind.REGION): "seller_region",
    (Measure.OUTPUT, AreaKind.PARK): "seller_park",
    (Measure.ABSORBED, AreaKind.REGION): "buyer_region",
    (Measure.ABSORBED, AreaKind.PARK): "buyer_park",
}
"""Which column of a line says where it counts, by measure and kind of area; None counts nowhere."""

COPIED = (
    "contract_id",
    "total_fen",
    "tech_fen",
    "effective_on",
    "station_id",
    "station_region",
    "station_park",
    "seller_region",
    "seller_park",
    "buyer_region",
    "buyer_park",
    "seller_nature",
    "buyer_nature",
    "type_code",
    "subtype_code",
    "tech_field",
    "ip_kind",
    "plan_source",
)
"""What a reversal repeats of the line it takes back; the amounts with the other sign."""


class Cell(NamedTuple):
    """Key of one counter; sorts, so that every transaction touches counters in one order."""

    measure: Measure
    area_kind: AreaKind
    area: str
    month: date
    type_code: str
    tech_field: str


@dataclass(frozen=True, slots=True)
class Sums:
    """What is counted: contracts, their whole value and its technical part, in fen."""

    deals: int = 0
    total_fen: int = 0
    tech_fen: int = 0

    def __add__(self, other: Sums) -> Sums:
        """Add field by field."""
        return Sums(
            self.deals + other.deals, self.total_fen + other.total_fen, self.tech_fen + other.tech_fen
        )

    def __bool__(self) -> bool:
        """Tell whether anything is counted at all."""
        return bool(self.deals or self.total_fen or self.tech_fen)


class TurnoverLedger:
    """The market's ledger (see `market.contracts.ledger.Ledger`)."""

    def post_registration(self, session: Session, contract: Contract, *, now: datetime) -> None:
        """Write the plus line of a contract that has just been registered.

        Raises:
            Conflict: `ledger-line-exists`, a contract is registered once only; or
                `ledger-day-missing`, it has no day of registration.
        """
        written = select(TurnoverEntry.id).where(TurnoverEntry.contract_id == contract.id).limit(1)
        if session.scalar(written) is not None:
            raise Conflict("该合同已计入台账，一项合同只能登记一次。", code="ledger-line-exists")
        if contract.registered_on is None:
            raise Conflict("该合同没有登记日期，不能计入台账。", code="ledger-day-missing")
        _post(
            session, [_plus_line(contract, Line.REGISTRATION, effective_on=contract.registered_on, now=now)]
        )

    def post_change(self, session: Session, contract: Contract, *, now: datetime) -> None:
        """Reverse the contract's standing line and write a new one from its present form.

        The new line keeps the day of the original registration, so a change restates the period
        in which the contract was registered.

        Raises:
            Conflict: `ledger-line-missing`, nothing stands that could be changed.
        """
        standing = _standing_line(session, contract)
        _post(
            session,
            [
                _reversal(standing, contract, now=now),
                _plus_line(contract, Line.CHANGE, effective_on=standing.effective_on, now=now),
            ],
        )

    def post_reversal(self, session: Session, contract: Contract, *, now: datetime) -> None:
        """Reverse the standing line of a contract that has been cancelled or revoked.

        Raises:
            Conflict: `ledger-line-missing`, nothing stands that could be reversed.
        """
        _post(session, [_reversal(_standing_line(session, contract), contract, now=now)])


def _standing_line(session: Session, contract: Contract) -> TurnoverEntry:
    reversal = aliased(TurnoverEntry)
    standing = session.scalar(
        select(TurnoverEntry).where(
            TurnoverEntry.contract_id == contract.id,
            TurnoverEntry.count == 1,
            ~select(reversal.id).where(reversal.reverses_id == TurnoverEntry.id).exists(),
        )
    )
    if standing is None:
        raise Conflict("该合同在台账中没有有效记录，不能变更或冲销。", code="ledger-line-missing")
    return standing


def _plus_line(contract: Contract, line: Line, *, effective_on: date, now: datetime) -> TurnoverEntry:
    station, seller, buyer = contract.station, contract.seller, contract.buyer
    return TurnoverEntry(
        contract_id=contract.id,
        contract_version=contract.version,
        line=line,
        count=1,
        total_fen=contract.total_amount_fen,
        tech_fen=contract.tech_amount_fen,
        effective_on=effective_on,
        recorded_at=now,
        station_id=contract.station_id,
        station_region=station.region_code,
        station_park=station.park_code,
        seller_region=seller.region_code,
        seller_park=seller.park_code,
        buyer_region=buyer.region_code,
        buyer_park=buyer.park_code,
        seller_nature=seller.nature_code,
        buyer_nature=buyer.nature_code,
        type_code=contract.type_code,
        subtype_code=contract.subtype_code,
        tech_field=contract.tech_field,
        ip_kind=contract.ip_kind,
        plan_source=contract.plan_source,
    )


def _reversal(standing: TurnoverEntry, contract: Contract, *, now: datetime) -> TurnoverEntry:
    values = {name: getattr(standing, name) for name in COPIED}
    values |= {"total_fen": -standing.total_fen, "tech_fen": -standing.tech_fen}
    return TurnoverEntry(
        **values,
        contract_version=contract.version,
        line=Line.REVERSAL,
        reverses_id=standing.id,
        count=-1,
        recorded_at=now,
    )


def _post(session: Session, lines: Iterable[TurnoverEntry]) -> None:
    """Write lines and move every counter they touch, once each."""
    sums: dict[Cell, Sums] = {}
    for line in lines:
        session.add(line)
        for cell in cells_of(line):
            sums[cell] = sums.get(cell, Sums()) + Sums(line.count, line.total_fen, line.tech_fen)
    session.flush()  # the database's own guards speak before any counter moves
    add_to_counters(session, {cell: change for cell, change in sums.items() if change})


def cells_of(line: TurnoverEntry) -> list[Cell]:
    """Return the counters a line counts in: for each measure its region and its park, where known."""
    cells = []
    for (measure, area_kind), column in AREA_COLUMNS.items():
        area = getattr(line, column)
        if area is not None:
            month = month_start(line.effective_on)
            cells.append(Cell(measure, area_kind, area, month, line.type_code, line.tech_field))
    return cells


def add_to_counters(session: Session, changes: Mapping[Cell, Sums]) -> None:
    """Add to counters, making those that are not there yet.

    The database adds, so nothing is lost between reading and writing; the rows go in one order,
    so two transactions that touch the same counters wait for each other instead of deadlocking.
    """
    if not changes:
        return
    rows = [
        {
            **cell._asdict(),
            "deals": change.deals,
            "total_fen": change.total_fen,
            "tech_fen": change.tech_fen,
        }
        for cell, change in sorted(changes.items())
    ]
    insert = INSERTS[session.get_bind().dialect.name](COUNTERS)
    session.execute(
        insert.on_conflict_do_update(
            index_elements=list(Cell._fields),
            set_={
                name: COUNTERS.c[name] + insert.excluded[name] for name in ("deals", "total_fen", "tech_fen")
            },
        ),
        rows,
    )
