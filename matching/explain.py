"""Reasons: which words, concepts and facets speak for a document.

Everything shown points into the raw texts, so that a reader can check it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

from matching.lexical_index import K1, TITLE_WEIGHT, B
from matching.text import Normalised, find_words, normalise, words
from matching.types import SharedConcept, SharedTerm

MAX_TERMS: Final = 12
"""So many shared words are shown, the weightiest first."""

MAX_BROADER: Final = 3


class ConceptMatch(Protocol):
    """A word of a normalised text, at `text[start:end]`, that stands for a concept."""

    @property
    def concept(self) -> str:
        """Name of the concept."""
        ...

    @property
    def start(self) -> int:
        """Place of the first character."""
        ...

    @property
    def end(self) -> int:
        """Place behind the last character."""
        ...


class Tagger(Protocol):
    """What finds the concepts of a text: a lexicon."""

    @property
    def version(self) -> str:
        """Changes whenever other concepts may be found."""
        ...

    def tag(self, text: Normalised) -> Sequence[ConceptMatch]:
        """Return the concepts of a text, in order of the text."""
        ...

    def broader(self, concept: str) -> str | None:
        """Return the concept or group that a concept belongs to; None if there is none."""
        ...


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
    def words(self) -> list[str]:
        """Words as they are indexed, in no promised order: those of the title `TITLE_WEIGHT` times."""
        text = self.normalised.text
        return words(text[: self._title_end]) * TITLE_WEIGHT + words(text[self._title_end :])

    @cached_property
    def concepts(self) -> dict[str, list[tuple[int, int]]]:
        """Concepts in order of first occurrence, each with the raw ranges of the words that carry it."""
        found: dict[str, list[tuple[int, int]]] = {}
        for match in self._tagger.tag(self.normalised) if self._tagger is not None else ():
            found.setdefault(match.concept, []).append(self.normalised.raw_span(match.start, match.end))
        return found

    @cached_property
    def groups(self) -> dict[str, list[str]]:
        """Concepts under each group they belong to; a concept belongs to itself too."""
        return self.grouped(self.concepts)

    def grouped(self, concepts: Iterable[str]) -> dict[str, list[str]]:
        """Return concepts of any text under each group they belong to; none without a tagger."""
        groups: dict[str, list[str]] = {}
        if self._tagger is None:
            return groups
        for concept in concepts:
            groups.setdefault(concept, []).append(concept)
            broader = self._tagger.broader(concept)
            if broader is not None:
                groups.setdefault(broader, []).append(concept)
        return groups


@dataclass(frozen=True, slots=True)
class FoundDocument:
    """What the reasons need to know of a document.

    Attributes:
        key: of the document.
        text: raw, as `Document.text` joins it.
        normalised: the same text folded.
        title_length: number of raw characters that are the title.
        word_count: number of indexed words.
        concepts: each concept kept, with the raw range of the first word that carries it.
    """

    key: str
    text: str
    normalised: Normalised
    title_length: int
    word_count: int
    concepts: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class TermStatistics:
    """What BM25 needs to know of the words sought.

    Attributes:
        weights: inverse document frequency of each word sought, times its factor in the question.
        places: of each word sought, in the normalised question.
        mean_length: mean number of indexed words of a document.
    """

    weights: Mapping[str, float]
    places: Mapping[str, Sequence[tuple[int, int]]]
    mean_length: float


def shared_terms(
    query: Analysis, document: FoundDocument, statistics: TermStatistics
) -> tuple[SharedTerm, ...]:
    """Return the words sought that a document has, with their shares of its BM25 score.

    The shares of all shared words add up to 1; at most `MAX_TERMS` are returned, the largest share first,
    ties by word.
    """
    normalised = document.normalised
    places = find_words(normalised, statistics.weights)
    if not places:
        return ()
    title_end = bisect_left(normalised.offsets, document.title_length)
    relative_length = document.word_count / statistics.mean_length if statistics.mean_length else 1.0
    norm = K1 * (1 - B + B * relative_length)
    scores: dict[str, float] = {}
    for word, spans in places.items():
        count = sum(TITLE_WEIGHT if start < title_end else 1 for start, _ in spans)
        scores[word] = statistics.weights[word] * count * (K1 + 1) / (count + norm)
    total = sum(scores.values())
    best = sorted(scores, key=lambda word: (-scores[word], word))[:MAX_TERMS]
    return tuple(
        SharedTerm(
            term=word,
            query_spans=tuple(query.normalised.raw_span(*span) for span in statistics.places.get(word, ())),
            document_spans=tuple(normalised.raw_span(*span) for span in places[word]),
            weight=scores[word] / total,
        )
        for word in best
    )


def shared_concepts(
    query: Analysis, document: FoundDocument, weights: Mapping[str, float]
) -> tuple[SharedConcept, ...]:
    """Return what both sides speak of, with the words that carried it.

    First the concepts that both name, weightiest first, ties by name; then the broader ones of which each
    side names another member, in order of the document, at most `MAX_BROADER`. What both say in the very same
    word, and not by the concept's name, is left to the shared words: a word can mean more than the lexicon
    knows (a b value is a colour's as well as a scanner's), and a concept is worth naming where it tells more.

    Args:
        query: the question; its tagger knows what is broader.
        document: the document.
        weights: how much each concept of the question counts; those that no document has are missing.
    """
    common = [concept for concept in weights if concept in document.concepts]
    common.sort(key=lambda concept: (-weights[concept], concept))
    shared = [
        SharedConcept(concept, _asked(query, [concept]), _found(document, [concept])) for concept in common
    ]
    theirs = query.grouped(concept for concept in document.concepts if concept not in common)
    for group in theirs:
        ours = [concept for concept in query.groups.get(group, ()) if concept not in common]
        if ours and group not in common:
            found = _found(document, theirs[group])
            shared.append(SharedConcept(group, _asked(query, ours), found, exact=False))
    return tuple(one for one in shared[: len(common) + MAX_BROADER] if _tells_more(one))


def _tells_more(shared: SharedConcept) -> bool:
    """Tell whether a concept says more than that both sides use one word."""
    asked = {word.lower() for word in shared.query_words}
    found = {word.lower() for word in shared.document_words}
    return asked != found or shared.concept.lower() in asked


def _asked(query: Analysis, concepts: Sequence[str]) -> tuple[str, ...]:
    spans = [span for concept in concepts for span in query.concepts.get(concept, ())]
    return tuple(dict.fromkeys(query.raw[start:end] for start, end in spans))


def _found(document: FoundDocument, concepts: Sequence[str]) -> tuple[str, ...]:
    spans = [document.concepts[concept] for concept in concepts if concept in document.concepts]
    return tuple(dict.fromkeys(document.text[start:end] for start, end in spans))
