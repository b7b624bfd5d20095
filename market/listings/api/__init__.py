"""Needs, achievements and scenarios over HTTP."""

from market.listings.api import listings, needs  # noqa: F401  # their routes
from market.listings.api.blueprint import blp

__all__ = ["blp"]
