"""How common characters, words and concepts are in texts of the trade, from texts of our own.

A server that is asked for neighbours does not tell in how many documents a word occurs. An engine that keeps
its documents on one takes the frequencies from here instead: the needs and achievements the shipped encoder
was trained on, some six thousand texts of all technical fields. They are the same in every process and do
not change with the documents kept, so that the same pair of texts is judged the same way in every market.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matching.character_table import character_counts
from matching.errors import MatchingError
from matching.explain import Analysis, Tagger

PAIRS: Final = Path(__file__).parent / "training" / "pairs"

_SIDES: Final = ("need", "achievement", "negative")
_CODES: Final = 1 << 16  # as `character_table` numbers characters


@dataclass(frozen=True, slots=True)
class Background:
    """In how many texts something occurs.

    Attributes:
        texts: number of texts.
        words: texts by word; a word that is not there occurs in none.
        concepts: the same by concept.
        characters: (65536,) the same by code of `character_counts`.
    """

    texts: int
    words: Mapping[str, int]
    concepts: Mapping[str, int]
    characters: NDArray[np.int64]

    @classmethod
    def load(cls, tagger: Tagger | None = None, *, folder: Path = PAIRS) -> Background:
        """Count the texts that come with this package; takes about about a second.

        Args:
            tagger: finds concepts; None counts none.
            folder: of the `.jsonl` files; each line has title and text of a need and two achievements.

        Raises:
            MatchingError: there are no texts, or a line is not what it should be.
        """
        words: Counter[str] = Counter()
        concepts: Counter[str] = Counter()
        characters = np.zeros(_CODES, np.int64)
        texts = 0
        for title, body in _texts(folder):
            analysis = Analysis(f"{title}\n{body}", title_length=len(title), tagger=tagger)
            words.update(set(analysis.words))
            concepts.update(analysis.concepts.keys())
            characters[list(character_counts(analysis.normalised.text))] += 1
            texts += 1
        if not texts:
            raise MatchingError(f"{folder.name}: no texts here to count words in")
        return cls(texts, words, concepts, characters)

    def inverse_frequency(self, frequency: int) -> float:
        """Return the weight BM25 gives to what occurs in so many texts, above 0.

        Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework", with the 1 added that keeps the
        weight of what occurs nearly everywhere above 0.
        """
        return math.log1p((self.texts - frequency + 0.5) / (frequency + 0.5))

    def rarest(self, words: list[str], count: int) -> dict[str, float]:
        """Return the `count` rarest of some words with their weights, rarest first, ties by word."""
        distinct = sorted(set(words), key=lambda word: (self.words.get(word, 0), word))
        return {word: self.inverse_frequency(self.words.get(word, 0)) for word in distinct[:count]}


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                entry = json.loads(line)
                yield from [(entry[f"{side}_title"], entry[side]) for side in _SIDES]
            except (ValueError, KeyError, TypeError) as error:
                raise MatchingError(f"{file.name}:{number}: not a pair of texts ({error!r})") from error
