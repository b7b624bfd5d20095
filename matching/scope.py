"""Filters as words: the facets that the word index itself can insist on."""

from __future__ import annotations

from typing import Final

from matching.types import Document, Query

_REGION_DIGITS: Final = 6


def scope_values(document: Document) -> list[str]:
    """Return the values under which a document can be insisted on."""
    values = []
    if document.facets.tech_field:
        values.append(_exact("field", document.facets.tech_field))
    if document.facets.category:
        values.append(_exact("category", document.facets.category))
    if region := document.facets.region:
        values += [
            _exact("region", region[:length]) for length in range(1, min(len(region), _REGION_DIGITS) + 1)
        ]
    return values


def scope_wanted(query: Query) -> list[str]:
    """Return the values a question insists on; a region prefix that is too long is left to other filters."""
    values = []
    if query.tech_field is not None:
        values.append(_exact("field", query.tech_field))
    if query.category is not None:
        values.append(_exact("category", query.category))
    if query.region_prefix and len(query.region_prefix) <= _REGION_DIGITS:
        values.append(_exact("region", query.region_prefix))
    return values


def _exact(name: str, value: str) -> str:
    """Spell a value so that it is one token whatever it contains."""
    return f"{name}:{value.encode('utf-8', 'surrogatepass').hex()}"
