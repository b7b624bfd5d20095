"""Challenges over HTTP. Views parse, name the actor, open the transaction and call one function."""

from market.challenges.api import awards, bids, challenges, panels  # noqa: F401  # they lay out their routes
from market.challenges.api.blueprint import blp

__all__ = ["blp"]
