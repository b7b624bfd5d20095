"""The yearly ranking of agencies and the conversion index over HTTP."""

from market.rankings.api import conversion_index, rankings  # noqa: F401  # their routes
from market.rankings.api.blueprint import blp

__all__ = ["blp"]
