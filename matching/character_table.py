"""Likeness of texts by their single characters, for candidates that other ways have found.

In Chinese one character carries meaning: 除盐, 脱盐 and 含盐 share 盐 and no word. So the cosine of
tf-idf over Chinese characters and whole Latin words finds paraphrases that words miss, and it is kind
to short texts. Posting lists of characters would be long; here only given rows are compared.

Weights: (1 + ln tf) · (1 + ln((1 + N) / (1 + df))), cosine-normalised (Manning, Raghavan and Schütze
2008, "Introduction to Information Retrieval", section 6.4).
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]

MAX_CODES: Final = 400
"""So many different characters of a text are kept, the first ones."""

_CODES: Final = 1 << 16
_FIRST_IDEOGRAPH: Final = 0x3400
_MAX_COUNT: Final = 255
_UNIT: Final = re.compile(r"[\u3400-\u9fff]|[a-z][a-z0-9]+")


def character_counts(text: str) -> dict[int, int]:
    """Count the characters of a normalised text by code.

    An ideograph has its own code; Latin words share the codes below, which is rarely felt.
    """
    counts: dict[int, int] = {}
    for unit, count in Counter(_UNIT.findall(text)).items():
        code = ord(unit) if len(unit) == 1 else zlib.crc32(unit.encode()) % _FIRST_IDEOGRAPH
        counts[code] = min(_MAX_COUNT, counts.get(code, 0) + count)
        if len(counts) == MAX_CODES:
            break
    return counts


class CharacterTable:
    """Character counts by row, appended only; a row that is taken out leaves the frequencies."""

    def __init__(self) -> None:
        self._starts = np.zeros(1, np.int64)
        self._codes = np.zeros(0, np.uint16)
        self._counts = np.zeros(0, np.uint8)
        self._rows = 0
        self._texts = 0
        self._frequencies = np.zeros(_CODES, np.int64)
        self._rarity: NDArray[np.float32] | None = None  # of every code; made anew after a change

    def append(self, counts: Mapping[int, int]) -> None:
        """Add the counts of the next row."""
        first = int(self._starts[self._rows])
        last = first + len(counts)
        self._codes = grown(self._codes, last)
        self._counts = grown(self._counts, last)
        self._starts = grown(self._starts, self._rows + 2)
        codes = np.fromiter(counts, np.uint16, len(counts))
        self._codes[first:last] = codes
        self._counts[first:last] = np.fromiter(counts.values(), np.uint8, len(counts))
        self._rows += 1
        self._starts[self._rows] = last
        self._frequencies[codes] += 1
        self._texts += 1
        self._rarity = None

    def remove(self, rows: Rows) -> None:
        """Take rows out of the frequencies; each may be named once."""
        for row in rows.tolist():
            self._frequencies[self._codes[self._starts[row] : self._starts[row + 1]]] -= 1
        self._texts -= len(rows)
        self._rarity = None

    def cosines(self, counts: Mapping[int, int], rows: Rows) -> NDArray[np.float64]:
        """Compare a text with some rows.

        Args:
            counts: of the text, as `character_counts` gives them.
            rows: (n,) to compare with.

        Returns:
            (n,) cosines from 0 to 1; 0 where a text has no characters.
        """
        lengths = self._starts[rows + 1] - self._starts[rows]
        filled = np.flatnonzero(lengths)
        cosines = np.zeros(len(rows))
        if not len(filled) or not counts:
            return cosines
        rarity = self._current_rarity()
        asked = np.fromiter(counts, np.int64, len(counts))
        strengths = _TERM_FREQUENCY[np.fromiter(counts.values(), np.int64, len(counts))] * rarity[asked]
        wanted = np.zeros(_CODES, np.float32)
        wanted[asked] = strengths / np.linalg.norm(strengths)
        # One flat gather over all rows: for each row its places in the two arrays, one row after the other.
        lengths = lengths[filled]
        begins = np.cumsum(lengths) - lengths
        places = np.arange(int(lengths.sum())) + np.repeat(self._starts[rows[filled]] - begins, lengths)
        codes = self._codes[places]
        weights = _TERM_FREQUENCY[self._counts[places]] * rarity[codes]
        products = np.add.reduceat(weights * wanted[codes], begins)
        norms = np.sqrt(np.add.reduceat(weights * weights, begins))
        cosines[filled] = products / norms
        return cosines

    def _current_rarity(self) -> NDArray[np.float32]:
        rarity = self._rarity
        if rarity is None:
            rarity = (1.0 + np.log((1.0 + self._texts) / (1.0 + self._frequencies))).astype(np.float32)
            self._rarity = rarity  # two searching threads may both come here; they make the same
        return rarity

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the table, for saving."""
        size = int(self._starts[self._rows])
        return {
            "character_starts": self._starts[: self._rows + 1],
            "character_codes": self._codes[:size],
            "character_counts": self._counts[:size],
            "character_frequencies": self._frequencies,
        }

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], *, texts: int) -> CharacterTable:
        """Make a table from what `arrays` gave.

        Args:
            arrays: as saved.
            texts: number of rows that had not been taken out.

        Raises:
            KeyError: an array is missing.
        """
        table = cls()
        table._starts = np.array(arrays["character_starts"])
        table._codes = np.array(arrays["character_codes"])
        table._counts = np.array(arrays["character_counts"])
        table._frequencies = np.array(arrays["character_frequencies"])
        table._rows = len(table._starts) - 1
        table._texts = texts
        return table


_TERM_FREQUENCY: Final = (1.0 + np.log(np.maximum(np.arange(_MAX_COUNT + 1), 1))).astype(np.float32)


def grown(array: NDArray[Any], size: int) -> NDArray[Any]:
    """Return the array, or a copy padded with zeros along its first axis, with room for `size` elements."""
    if size <= len(array):
        return array
    longer = np.zeros((max(size, 2 * len(array)), *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    return longer
