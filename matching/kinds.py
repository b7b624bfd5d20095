"""What is worth saying of a document of each kind besides its words.

An achievement without a price leaves a question open, a person without one does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from matching.types import Kind

_LISTED: Final = frozenset({"tech_field", "chain", "maturity", "price", "modes", "region", "freshness"})

EXPECTED: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.NEED: _LISTED,
    Kind.ACHIEVEMENT: _LISTED,
    Kind.SCENARIO: _LISTED - {"modes"},
    Kind.PROJECT: _LISTED - {"price", "modes"},
    Kind.TECHNOLOGY: frozenset({"tech_field", "chain", "region", "freshness"}),
    Kind.EXPERT: frozenset({"tech_field", "region"}),
    Kind.RESOURCE: frozenset({"tech_field", "region"}),
    Kind.ENTERPRISE: frozenset({"chain", "region"}),
    Kind.NODE: frozenset({"chain"}),
}
"""The facets whose absence is told ("not stated"). Of the others only what is stated is told."""

AGELESS: Final = frozenset({Kind.EXPERT, Kind.RESOURCE, Kind.ENTERPRISE, Kind.NODE})
"""Kinds that do not go stale: a person or an instrument is as good three years after its entry."""

NAMED: Final = frozenset({Kind.EXPERT, Kind.ENTERPRISE})
"""Kinds whose title is a proper name: whatever its characters mean, it is like no other word."""
