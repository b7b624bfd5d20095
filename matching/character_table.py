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
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from matching.columns import Column

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
        if len(unit) == 1:
            counts[ord(unit)] = count if count < _MAX_COUNT else _MAX_COUNT
        else:
            code = zlib.crc32(unit.encode()) % _FIRST_IDEOGRAPH
            counts[code] = min(_MAX_COUNT, counts.get(code, 0) + count)
        if len(counts) == MAX_CODES:
            break
    return counts


class CharacterTable:
    """Character counts by row, appended only; a row that is taken out leaves the frequencies."""

    def __init__(self) -> None:
        self._ends = Column(np.zeros(1, np.int64))  # of each row; the first entry is where row 0 begins
        self._codes = Column(np.zeros(0, np.uint16))
        self._counts = Column(np.zeros(0, np.uint8))
        self._texts = 0
        self._frequencies = np.zeros(_CODES, np.int64)
        self._rarity: NDArray[np.float32] | None = None  # of every code; made anew after a change

    def append(self, counts: Mapping[int, int]) -> None:
        """Add the counts of the next row."""
        codes = np.fromiter(counts, np.uint16, len(counts))
        self.extend(codes, np.fromiter(counts.values(), np.uint8, len(counts)), np.array([len(counts)]))

    def extend(self, codes: NDArray[np.uint16], counts: NDArray[np.uint8], lengths: Rows) -> None:
        """Add the counts of the next rows.

        Args:
            codes: of all of them, one row after the other, each code once a row.
            counts: (n,) of the codes.
            lengths: by row, its number of codes.
        """
        end = len(self._codes)
        self._codes.extend(codes)
        self._counts.extend(counts)
        self._ends.extend(end + np.cumsum(lengths))
        self._frequencies += np.bincount(codes, minlength=_CODES)
        self._texts += len(lengths)
        self._rarity = None

    def remove(self, rows: Rows) -> None:
        """Take rows out of the frequencies; each may be named once."""
        codes = self._codes.ranges(self._ends.take(rows), self._ends.take(rows + 1))
        self._frequencies -= np.bincount(codes, minlength=_CODES)
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
        starts, ends = self._ends.take(rows), self._ends.take(rows + 1)
        lengths = ends - starts
        filled = np.flatnonzero(lengths)
        cosines = np.zeros(len(rows))
        if not len(filled) or not counts:
            return cosines
        rarity = self._current_rarity()
        asked = np.fromiter(counts, np.int64, len(counts))
        strengths = _TERM_FREQUENCY[np.fromiter(counts.values(), np.int64, len(counts))] * rarity[asked]
        wanted = np.zeros(_CODES, np.float32)
        wanted[asked] = strengths / np.linalg.norm(strengths)
        # All rows in one flat array, one after the other, each beginning at one of `begins`.
        starts, ends, lengths = starts[filled], ends[filled], lengths[filled]
        begins = np.cumsum(lengths) - lengths
        codes = self._codes.ranges(starts, ends)
        weights = _TERM_FREQUENCY[self._counts.ranges(starts, ends)] * rarity[codes]
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

    def save(self, folder: Path) -> None:
        """Write the table into files of an existing folder."""
        for name, column in (("ends", self._ends), ("codes", self._codes), ("counts", self._counts)):
            column.save(folder / f"character_{name}.npy")
        np.save(folder / "character_frequencies.npy", self._frequencies)

    @classmethod
    def load(cls, folder: Path, *, texts: int) -> CharacterTable:
        """Map what `save` wrote; the files may be removed afterwards.

        Args:
            folder: where it was written.
            texts: number of rows that had not been taken out.

        Raises:
            OSError, ValueError: a file is not what it should be.
        """
        table = cls()
        table._ends = Column.load(folder / "character_ends.npy")
        table._codes = Column.load(folder / "character_codes.npy")
        table._counts = Column.load(folder / "character_counts.npy")
        table._frequencies = np.load(folder / "character_frequencies.npy", allow_pickle=False)
        table._texts = texts
        return table

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], *, texts: int) -> CharacterTable:
        """Make a table of given rows.

        Args:
            arrays: `character_starts` (one more than rows), `character_codes`, `character_counts` and
                `character_frequencies` (by code).
            texts: number of texts counted in the frequencies.

        Raises:
            KeyError: an array is missing.
        """
        table = cls()
        table._ends = Column(arrays["character_starts"])
        table._codes = Column(arrays["character_codes"])
        table._counts = Column(arrays["character_counts"])
        table._frequencies = arrays["character_frequencies"].astype(np.int64)
        table._texts = texts
        return table


_TERM_FREQUENCY: Final = (1.0 + np.log(np.maximum(np.arange(_MAX_COUNT + 1), 1))).astype(np.float32)
