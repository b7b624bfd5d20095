"""What registration asks of the ledger.

`turnover` stands above this feature and implements the protocol; `NoLedger` registers without
figures, to measure what they cost and to test registration alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from market.contracts.models import Contract


class Ledger(Protocol):
    """Writes lines for contracts, in the transaction of the step that causes them."""

    def post_registration(self, session: Session, contract: Contract, *, now: datetime) -> None:
        """Write the plus line of a contract that has just been registered."""
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

    def post_change(self, session: Session, contract: Contract, *, now: datetime) -> None:
        """Keep nothing."""

    def post_reversal(self, session: Session, contract: Contract, *, now: datetime) -> None:
        """Keep nothing."""
