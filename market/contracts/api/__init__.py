"""Contracts over HTTP: registration, station, papers, certificates, income, credit."""

from market.contracts.api import (  # noqa: F401  # their routes
    certificates,
    credit,
    income,
    papers,
    projects,
    registration,
    requests,
    review,
    rulebook,
    station,
)
from market.contracts.api.blueprint import LEDGER_KEY, blp, current_ledger

__all__ = ["LEDGER_KEY", "blp", "current_ledger"]
