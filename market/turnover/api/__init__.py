"""Figures, releases and targets over HTTP."""

from market.turnover.api import figures, flows, releases, targets  # noqa: F401  # their routes
from market.turnover.api.blueprint import blp

__all__ = ["blp"]
