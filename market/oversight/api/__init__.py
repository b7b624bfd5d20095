"""Deals not yet registered, odd records and yearly conversion reports over HTTP."""

from market.oversight.api import deals, findings, reports  # noqa: F401  # their routes
from market.oversight.api.blueprint import blp

__all__ = ["blp"]
