"""Reading suggestions and referrals, and asking the engine."""

from market.matches.queries.engine import OPPOSITE, active_weights, ask_engine, reasons_of, search
from market.matches.queries.suggestions import (
    confidential_parts,
    get_suggestion,
    list_events,
    list_suggestions,
    may_read,
    side_of,
)

__all__ = [
    "OPPOSITE",
    "active_weights",
    "ask_engine",
    "confidential_parts",
    "get_suggestion",
    "list_events",
    "list_suggestions",
    "may_read",
    "reasons_of",
    "search",
    "side_of",
]
