"""Which different words of two texts make their vectors alike.

The vector of a static model is the sum of the vectors of its words, so the cosine of two texts is a sum over
pairs of words, and the pairs that carry it can be named. Other models cannot be taken apart like this.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from matching.explain import Analysis, FoundDocument
from matching.text import carries_content
from matching.types import AlikeWords, Span

MAX_PAIRS: Final = 5
MIN_SHARE: Final = 0.01
"""Pairs that carry less of the cosine are not worth showing."""

MIN_WORD_LENGTH: Final = 2

TEXTS_KEPT: Final = 512
"""Texts taken apart that are kept (some 60 kB each): a question meets many documents, and they meet again."""


@runtime_checkable
class WordEncoder(Hashable, Protocol):
    """An encoder whose vectors are sums over words."""

    def word_vectors(self, text: str) -> tuple[list[Span], NDArray[np.float32]] | None:
        """Take a text apart.

        Args:
            text: normalised.

        Returns:
            Range of each word in the text, and their (n, dim) vectors, which add up to the direction of the
            whole; None if the model is not of this kind.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Words:
    """The different words of a text worth showing, each with its place and the sum of its vectors."""

    names: list[str]
    spans: list[Span]
    vectors: NDArray[np.float32]


def alike_words(
    encoder: object, query: Analysis, document: FoundDocument, *, named: bool = False
) -> tuple[AlikeWords, ...]:
    """Name the pairs of different words that carry the most of the cosine of two texts.

    Args:
        encoder: of the index; one that is no `WordEncoder` gives no pairs.
        query: the question.
        document: a document found.
        named: its title is a proper name, of which no word is shown.

    Returns:
        At most `MAX_PAIRS` pairs, the largest share first, ties by word; no word stands in two of them.
    """
    if not isinstance(encoder, WordEncoder):
        return ()
    asked = _words(encoder, query.normalised.text)
    begin = bisect_left(document.normalised.offsets, document.title_length) if named else 0
    found = _words(encoder, document.normalised.text, begin)
    if asked is None or found is None:
        return ()
    cosine = float(asked.vectors.sum(axis=0) @ found.vectors.sum(axis=0))
    if cosine <= 0:
        return ()
    shares = (asked.vectors @ found.vectors.T).astype(np.float64).round(6) / cosine
    order = np.argsort(-shares, axis=None, kind="stable")
    pairs: list[AlikeWords] = []
    used: set[str] = set()
    for place in order.tolist():
        one, other = divmod(place, len(found.names))
        share = float(shares[one, other])
        if share < MIN_SHARE or len(pairs) == MAX_PAIRS:
            break
        ours, theirs = asked.names[one], found.names[other]
        if found.spans[other][0] < begin:
            continue
        if ours == theirs or {ours, theirs} & used or not (_telling(ours) and _telling(theirs)):
            continue
        used |= {ours, theirs}
        ours_span = query.normalised.raw_span(*asked.spans[one])
        theirs_span = document.normalised.raw_span(*found.spans[other])
        pairs.append(
            AlikeWords(
                query_word=query.raw[slice(*ours_span)],
                document_word=document.text[slice(*theirs_span)],
                query_span=ours_span,
                document_span=theirs_span,
                share=share,
            )
        )
    return tuple(pairs)


@lru_cache(maxsize=TEXTS_KEPT)
def _words(encoder: WordEncoder, text: str, begin: int = 0) -> _Words | None:
    """Take a text apart; the place of a word is its first one from `begin` on, if it has one there."""
    taken = encoder.word_vectors(text)
    if taken is None or not taken[0]:
        return None
    spans, vectors = taken
    first: dict[str, int] = {}
    numbers = np.zeros(len(spans), np.int64)
    places: list[Span] = []
    for index, (start, end) in enumerate(spans):
        name = text[start:end]
        if name not in first:
            first[name] = len(first)
            places.append((start, end))
        elif places[first[name]][0] < begin <= start:
            places[first[name]] = (start, end)
        numbers[index] = first[name]
    sums = np.zeros((len(first), vectors.shape[1]), np.float32)
    np.add.at(sums, numbers, vectors)
    return _Words(list(first), places, sums)


def _telling(word: str) -> bool:
    return len(word) >= MIN_WORD_LENGTH and carries_content(word)
