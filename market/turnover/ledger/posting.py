"""Writing ledger lines, in the transaction of the step that causes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from market.contracts.ledger import RegisteredParty, Registration
from market.contracts.models import Contract, ContractParty
from market.errors import Conflict
from market.turnover.ledger.counters import move_counters
from market.turnover.models import TurnoverEntry
from market.turnover.rules import Line, reach_of

LINES = cast(Table, TurnoverEntry.__table__)
COLUMNS = tuple(column.name for column in LINES.columns if column.name != "id")
# Made once: what a statement of twenty-five columns costs is mostly its making.
WRITE = insert(LINES).values({name: bindparam(name) for name in COLUMNS})
REGISTER: Mapping[str, Any] = {
    name: make(LINES)
    .values({column: bindparam(column) for column in COLUMNS})
    .on_conflict_do_nothing(index_elements=["contract_id"], index_where=text("line = 'registration'"))
    .returning(LINES.c.id)
    for name, make in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}
"""By database: writes the line of a registration, or nothing where the contract has one."""

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
    "reach",
)
"""What a reversal repeats of the line it takes back; the amounts with the other sign."""


class TurnoverLedger:
    """The market's ledger (see `market.contracts.ledger.Ledger`)."""

    def post_registration(self, session: Session, contract: Contract, *, now: datetime) -> None:
        """Write the plus line of a contract that has just been registered.

        Raises:
            Conflict: `ledger-line-exists`, a contract is registered once only; or
                `ledger-day-missing`, it has no day of registration.
        """
        if contract.registered_on is None:
            raise Conflict("该合同没有登记日期，不能计入台账。", code="ledger-day-missing")
        session.flush()  # gives a new contract its id and version; its guards speak before any counter moves
        line = _plus_line(
            _registration(contract), Line.REGISTRATION, effective_on=contract.registered_on, now=now
        )
        connection = session.connection()
        written = connection.execute(REGISTER[connection.dialect.name], line).scalar()
        if written is None:
            raise Conflict("该合同已计入台账，一项合同只能登记一次。", code="ledger-line-exists")
        move_counters(session, [line])

    def post_registrations(
        self, session: Session, registrations: Sequence[Registration], *, now: datetime
    ) -> None:
        """Write the plus lines of many contracts that nobody else knows of yet, moving each counter once."""
        if not registrations:
            return
        session.flush()
        lines = [
            _plus_line(one, Line.REGISTRATION, effective_on=one.registered_on, now=now)
            for one in registrations
        ]
        session.connection().execute(WRITE, lines)
        move_counters(session, lines)

    def post_change(self, session: Session, contract: Contract, *, now: datetime) -> None:
        """Reverse the contract's standing line and write a new one from its present form.

        The new line keeps the day of the original registration, so a change restates the period
        in which the contract was registered.

        Raises:
            Conflict: `ledger-line-missing`, nothing stands that could be changed.
        """
        session.flush()
        standing = _standing_line(session, contract)
        lines = [
            _reversal(standing, contract, now=now),
            _plus_line(_registration(contract), Line.CHANGE, effective_on=standing.effective_on, now=now),
        ]
        session.connection().execute(WRITE, lines)
        move_counters(session, lines)

    def post_reversal(self, session: Session, contract: Contract, *, now: datetime) -> None:
        """Reverse the standing line of a contract that has been cancelled or revoked.

        Raises:
            Conflict: `ledger-line-missing`, nothing stands that could be reversed.
        """
        session.flush()
        lines = [_reversal(_standing_line(session, contract), contract, now=now)]
        session.connection().execute(WRITE, lines)
        move_counters(session, lines)


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


def _registration(contract: Contract) -> Registration:
    station = contract.station
    return Registration(
        contract_id=contract.id,
        contract_version=contract.version,
        registered_on=contract.registered_on or contract.signed_on,
        station_id=contract.station_id,
        station_region=station.region_code,
        station_park=station.park_code,
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
    return RegisteredParty(
        country_code=party.country_code,
        region_code=party.region_code,
        park_code=party.park_code,
        nature_code=party.nature_code,
    )


def _plus_line(one: Registration, line: Line, *, effective_on: date, now: datetime) -> dict[str, Any]:
    seller, buyer = one.seller, one.buyer
    return {
        "contract_id": one.contract_id,
        "contract_version": one.contract_version,
        "line": line,
        "reverses_id": None,
        "count": 1,
        "total_fen": one.total_fen,
        "tech_fen": one.tech_fen,
        "effective_on": effective_on,
        "recorded_at": now,
        "station_id": one.station_id,
        "station_region": one.station_region,
        "station_park": one.station_park,
        "seller_region": seller.region_code,
        "seller_park": seller.park_code,
        "buyer_region": buyer.region_code,
        "buyer_park": buyer.park_code,
        "seller_nature": seller.nature_code,
        "buyer_nature": buyer.nature_code,
        "type_code": one.type_code,
        "subtype_code": one.subtype_code,
        "tech_field": one.tech_field,
        "ip_kind": one.ip_kind,
        "plan_source": one.plan_source,
        "reach": reach_of(seller.country_code, buyer.country_code),
    }


def _reversal(standing: TurnoverEntry, contract: Contract, *, now: datetime) -> dict[str, Any]:
    return {
        **line_values(standing),
        "total_fen": -standing.total_fen,
        "tech_fen": -standing.tech_fen,
        "contract_version": contract.version,
        "line": Line.REVERSAL,
        "reverses_id": standing.id,
        "count": -1,
        "recorded_at": now,
    }


def line_values(line: TurnoverEntry) -> dict[str, Any]:
    """Return what a line says of its contract, by column names."""
    return {name: getattr(line, name) for name in COPIED}
