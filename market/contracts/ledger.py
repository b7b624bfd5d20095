"""What registration asks of the ledger.

`turnover` stands above this feature and implements the protocol; `NoLedger` registers without
figures, to measure what they cost and to test registration alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from sqlalchemy.orm import Session

from market.contracts.models import Contract


@dataclass(frozen=True, slots=True)
class RegisteredParty:
    """What the ledger keeps of a party; a region of None means abroad."""

    country_code: str
    region_code: str | None
    park_code: str | None
    nature_code: str


@dataclass(frozen=True, slots=True)
class Registration:
    """What the ledger keeps of a contract that counts; amounts in fen."""

    contract_id: int
    contract_version: int
    registered_on: date
    station_id: int
    station_region: str
    station_park: str | None
    seller: RegisteredParty
    buyer: RegisteredParty
    type_code: str
    subtype_code: str | None
    tech_field: str
    ip_kind: str
    plan_source: str
    total_fen: int
    tech_fen: int


class Ledger(Protocol):
    """Writes lines for contracts, in the transaction of the step that causes them."""

    def post_registration(self, session: Session, contract: Contract, *, now: datetime) -> None:
        """Write the plus line of a contract that has just been registered."""
        ...

    def post_registrations(
        self, session: Session, registrations: Sequence[Registration], *, now: datetime
    ) -> None:
        """Write the plus lines of many contracts that nobody else knows of yet, moving each counter once."""
        ...

    def post_change(self, session: Session, contract: Contract, *, now: datetime) -> None:
        """Reverse the contract's standing line and write a new one from its present form."""
        ...

    def post_reversal(self, session: Session, contract: Contract, *, now: datetime) -> None:
        """Reverse the standing line of a contract that has been cancelled or revoked."""
        ...


class NoLedger:
    """A ledger that keeps nothing."""

    def post_registration(self, session: Session, contract: Contract, *, now: datetime) -> None:
        """Keep nothing."""

    def post_registrations(
        self, session: Session, registrations: Sequence[Registration], *, now: datetime
    ) -> None:
        """Keep nothing."""

    def post_change(self, session: Session, contract: Contract, *, now: datetime) -> None:
        """Keep nothing."""

    def post_reversal(self, session: Session, contract: Contract, *, now: datetime) -> None:
        """Keep nothing."""
