"""Reasons: which words, concepts and facets speak for a document.

Everything shown points into the raw texts, so that a reader can check it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

from matching.lexical_index import K1, TITLE_WEIGHT, B
from matching.text import Normalised, Token, normalise, tokens, words
from matching.types import SharedConcept, SharedTerm

MAX_TERMS: Final = 12
"""So many shared words are shown, the weightiest first."""


class ConceptMatch(Protocol):
    """A word of a normalised text, at `text[start:end]`, that stands for a concept."""

    @property
    def concept(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


class Tagger(Protocol):
    """What finds the concepts of a text: a lexicon."""

    @property
    def version(self) -> str: ...

    def tag(self, text: Normalised) -> Sequence[ConceptMatch]: ...


class Analysis:
    """One raw text, taken apart once; each part is made when first asked for."""

    def __init__(self, raw: str, *, title_length: int, tagger: Tagger | None) -> None:
        """Take a text apart.

        Args:
            raw: title and body as `Document.text` joins them.
            title_length: number of raw characters that are the title.
            tagger: finds concepts; None finds none.
        """
        self.raw = raw
        self._tagger = tagger
        self.normalised = normalise(raw)
        self._title_end = bisect_left(self.normalised.offsets, title_length)

    @cached_property
    def tokens(self) -> list[Token]:
        """Words that carry content, with their places, in order of the text."""
        return tokens(self.normalised)

    @cached_property
    def words(self) -> list[str]:
        """Words as they are indexed, in no promised order: those of the title `TITLE_WEIGHT` times."""
        text = self.normalised.text
        return words(text[: self._title_end]) * TITLE_WEIGHT + words(text[self._title_end :])

    @cached_property
    def matches(self) -> Sequence[ConceptMatch]:
        """Concepts found, in order of the text."""
        return self._tagger.tag(self.normalised) if self._tagger is not None else ()

    @cached_property
    def concepts(self) -> list[str]:
        """Concepts in order of first occurrence, each once."""
        return list(dict.fromkeys(match.concept for match in self.matches))

    def word_spans(self, wanted: Mapping[str, object]) -> dict[str, list[tuple[int, int]]]:
        """Return the raw ranges of the wanted words that occur."""
        spans: dict[str, list[tuple[int, int]]] = {}
        for token in self.tokens:
            if token.text in wanted:
                spans.setdefault(token.text, []).append(self.normalised.raw_span(token.start, token.end))
        return spans

    def concept_words(self, concept: str) -> tuple[str, ...]:
        """Return the raw words that carry a concept, in order of the text, each once."""
        spans = (self.normalised.raw_span(m.start, m.end) for m in self.matches if m.concept == concept)
        return tuple(dict.fromkeys(self.raw[start:end] for start, end in spans))


@dataclass(frozen=True, slots=True)
class TermStatistics:
    """What BM25 needs to know of the words sought.

    Attributes:
        weights: inverse document frequency of each word sought, times its factor in the question.
        mean_length: mean number of indexed words of a document.
    """

    weights: Mapping[str, float]
    mean_length: float


def shared_terms(query: Analysis, document: Analysis, statistics: TermStatistics) -> tuple[SharedTerm, ...]:
    """Return the words sought that a document has, with their shares of its BM25 score.

    The shares of all shared words add up to 1; at most `MAX_TERMS` are returned, the largest share first,
    ties by word.
    """
    counts = Counter(word for word in document.words if word in statistics.weights)
    if not counts:
        return ()
    relative_length = len(document.words) / statistics.mean_length if statistics.mean_length else 1.0
    norm = K1 * (1 - B + B * relative_length)
    scores = {
        word: statistics.weights[word] * count * (K1 + 1) / (count + norm) for word, count in counts.items()
    }
    total = sum(scores.values())
    best = sorted(scores, key=lambda word: (-scores[word], word))[:MAX_TERMS]
    wanted = dict.fromkeys(best)
    query_spans, document_spans = query.word_spans(wanted), document.word_spans(wanted)
    return tuple(
        SharedTerm(
            term=word,
            query_spans=tuple(query_spans.get(word, ())),
            document_spans=tuple(document_spans[word]),
            weight=scores[word] / total,
        )
        for word in best
    )


def shared_concepts(
    query: Analysis, document: Analysis, weights: Mapping[str, float]
) -> tuple[SharedConcept, ...]:
    """Return the concepts of both sides with the words that carried them, weightiest first, ties by name.

    Args:
        query: the question.
        document: the document.
        weights: how much each concept of the question counts.
    """
    carried = set(document.concepts)
    common = [concept for concept in query.concepts if concept in carried]
    common.sort(key=lambda concept: (-weights.get(concept, 0.0), concept))
    return tuple(
        SharedConcept(concept, query.concept_words(concept), document.concept_words(concept))
        for concept in common
    )
