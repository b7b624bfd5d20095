"""A document as a row of a collection, and a row as what scores and reasons need."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from matching.analysing import prepare
from matching.character_table import CharacterTable
from matching.explain import Analysis, FoundDocument
from matching.facets import FacetTable
from matching.lexical_index import TITLE_WEIGHT
from matching.milvus.filters import storable
from matching.text import MAX_CHARACTERS, normalise
from matching.types import Document, Facets

Row = Mapping[str, Any]

SCHEMA: Final = "2"
"""Version of the columns; collections with others are refused."""

MAX_BYTES: Final = 65_535
"""Longest text a column of Milvus can hold, in UTF-8. What is longer is cut off; 20,000 Chinese characters,
more than are ever read, take 60,000."""

MAX_NAME_BYTES: Final = 1_024
"""Longest key or code; documents with a longer one are refused by the server."""

TEXTS: Final = ("title", "body")
NAMES: Final = ("tech_field", "chain", "category", "region", "organisation")
NUMBERS: Final = {
    "trl": "INT8", "min_trl": "INT8", "max_trl": "INT8", "price_fen": "INT64", "budget_fen": "INT64"
}  # fmt: skip
DAYS: Final = ("published_on", "expires_on")

REASON_COLUMNS: Final = (*TEXTS, "word_count", "concepts")
"""What reasons need of the documents that are returned."""

EVIDENCE_COLUMNS: Final = (
    "vector", "word_count", "concepts", "characters", "modes", *NAMES, *NUMBERS, *DAYS,
)  # fmt: skip
"""What scores need of every candidate."""

_NOT_STATED: Final = -1
_COUNT_BITS: Final = 8


def to_row(document: Document, analysis: Analysis, vector: NDArray[np.float32]) -> dict[str, Any]:
    """Return a document as a row.

    Args:
        document: one that `stored` gave.
        analysis: of its text.
        vector: (dim,) float32.
    """
    prepared = prepare(analysis)
    facets = document.facets
    title, body = normalise(document.title).text, normalise(document.body).text
    row: dict[str, Any] = {
        "key": document.key,
        "title": document.title,
        "body": document.body,
        "words": cut(f"{f'{title} ' * TITLE_WEIGHT}{body}"),
        "vector": vector.tolist(),
        "word_count": len(prepared.words),
        "concepts": {name: list(span) for name, span in prepared.concepts.items()},
        "characters": [code << _COUNT_BITS | count for code, count in prepared.characters.items()],
        "modes": [storable(mode) for mode in facets.modes],
    }
    for name in NAMES:
        row[name] = storable(getattr(facets, name) or "")
    for name in NUMBERS:
        value = getattr(facets, name)
        row[name] = _NOT_STATED if value is None else value
    for name in DAYS:
        day = getattr(facets, name)
        row[name] = 0 if day is None else day.toordinal()
    return row


def stored(document: Document) -> Document:
    """Return a document as the server can hold it: what of its text is read, within `MAX_BYTES`."""
    title = cut(storable(document.title))
    body = cut(storable(document.body[:MAX_CHARACTERS]))
    return dataclasses.replace(document, title=title, body=body)


def cut(text: str) -> str:
    """Return as much of the beginning of a text as a column can hold."""
    encoded = text.encode()
    return text if len(encoded) <= MAX_BYTES else encoded[:MAX_BYTES].decode(errors="ignore")


def vectors_of(rows: Sequence[Row]) -> NDArray[np.float64]:
    """Return the vectors of some rows, (n, dim)."""
    return np.array([row["vector"] for row in rows], np.float64)


def facet_table(rows: Sequence[Row]) -> FacetTable:
    """Return the facets of some rows, in their order."""
    table = FacetTable()
    table.append([_facets(row) for row in rows])
    return table


def character_table(rows: Sequence[Row], *, frequencies: NDArray[np.int64], texts: int) -> CharacterTable:
    """Return the characters of some rows, in their order.

    Args:
        rows: of the candidates.
        frequencies: in how many of `texts` texts each code occurs.
        texts: number of texts counted.
    """
    packed = np.array([one for row in rows for one in row["characters"]], np.int64)
    arrays = {
        "character_starts": np.cumsum([0, *(len(row["characters"]) for row in rows)]),
        "character_codes": (packed >> _COUNT_BITS).astype(np.uint16),
        "character_counts": (packed & ((1 << _COUNT_BITS) - 1)).astype(np.uint8),
        "character_frequencies": frequencies,
    }
    return CharacterTable.restore(arrays, texts=texts)


def found_document(key: str, row: Row) -> FoundDocument:
    """Return what reasons need to know of a document.

    Args:
        key: of the document.
        row: with `REASON_COLUMNS`.
    """
    text = f"{row['title']}\n{row['body']}"
    return FoundDocument(
        key=key,
        text=text,
        normalised=normalise(text),
        title_length=len(row["title"]),
        word_count=row["word_count"],
        concepts={name: (start, end) for name, (start, end) in row["concepts"].items()},
    )


def _facets(row: Row) -> Facets:
    stated: dict[str, Any] = {name: row[name] or None for name in NAMES}
    stated |= {name: None if row[name] == _NOT_STATED else row[name] for name in NUMBERS}
    stated |= {name: date.fromordinal(row[name]) if row[name] else None for name in DAYS}
    return Facets(modes=tuple(row["modes"]), **stated)
