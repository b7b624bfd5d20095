"""Matching over HTTP. Importing the modules lays out their routes."""

from market.matches.api import referrals, searches, suggestions
from market.matches.api.blueprint import blp

__all__ = ["blp", "referrals", "searches", "suggestions"]
