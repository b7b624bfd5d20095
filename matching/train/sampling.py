"""Batches of texts that belong together, drawn from the corpus.

Two kinds of pairs: parts of one triple (with the hard negative of its need), and two views of one concept. A
view of a concept is one or two of its words, its English gloss, or a word with its broader concept; sometimes
words of other texts are mixed in, which teaches the model what to overlook.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from matching.train.corpus import Corpus, Triple
from matching.train.vocabulary import token_ids

Tokens = list[int]

(
    _NEED,
    _ACHIEVEMENT,
    _NEED_TITLE,
    _ACHIEVEMENT_TITLE,
    _NEED_BODY,
    _ACHIEVEMENT_BODY,
    _ENGLISH,
    _NEED_AGAIN,
) = range(8)

_TRIPLE_PAIRS = {
    (_NEED, _ACHIEVEMENT): 45,
    (_NEED_AGAIN, _ACHIEVEMENT): 10,
    (_NEED_TITLE, _ACHIEVEMENT_TITLE): 10,
    (_NEED_TITLE, _NEED_BODY): 10,
    (_ACHIEVEMENT_TITLE, _ACHIEVEMENT_BODY): 10,
    (_ENGLISH, _NEED): 7,
    (_ENGLISH, _ACHIEVEMENT): 8,
}
"""Which parts of a triple are paired, and how often in a hundred."""

_GLOSS_SHARE = 0.4
_BROADER_SHARE = 0.1
_TWO_WORDS_SHARE = 0.4
_FILLER_SHARE = 0.3
_MAX_FILLER = 10


@dataclass(frozen=True, slots=True)
class TripleBatch:
    """Row i of `left` belongs to row i of `right`; `negatives` belong to none."""

    left: list[Tokens]
    right: list[Tokens]
    negatives: list[Tokens]


@dataclass(frozen=True, slots=True)
class ConceptBatch:
    """Row i of `left` and row i of `right` are views of one concept.

    `related[i, j]` tells that the concepts of rows i and j are kin and must not be pushed apart.
    """

    left: list[Tokens]
    right: list[Tokens]
    related: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class LessonBatch:
    """Row i of `texts` is of the concept or triple `numbers[i]` of the corpus."""

    texts: list[Tokens]
    numbers: list[int]


class Sampler:
    """Draws batches; the same seed gives the same batches."""

    def __init__(self, corpus: Corpus, tokenizer: Tokenizer, *, seed: int, dropout: float) -> None:
        """Tokenise the corpus.

        Args:
            corpus: with at least one concept and one triple.
            tokenizer: of `build_tokenizer`.
            seed: of all choices.
            dropout: share of the tokens of a long text left out in each draw.
        """
        self._random = random.Random(seed)  # noqa: S311 - nothing secret
        self._dropout = dropout
        self._triples = [token_ids(tokenizer, _parts(triple)) for triple in corpus.triples]
        self._negatives = token_ids(tokenizer, [triple.negative_text for triple in corpus.triples])
        self._filler = [
            token
            for parts, negative in zip(self._triples, self._negatives, strict=True)
            for token in (*parts[_NEED_BODY], *parts[_ACHIEVEMENT_BODY], *negative)
        ]
        # A word without a known token (a bare formula, say) would be a view that says nothing.
        self._terms = [
            [tokens for tokens in token_ids(tokenizer, concept.terms) if tokens] or [[]]
            for concept in corpus.concepts
        ]
        self._glosses = token_ids(tokenizer, [concept.gloss for concept in corpus.concepts])
        self._broader = token_ids(tokenizer, [concept.broader for concept in corpus.concepts])
        self._kin = _kin(corpus)

    def triples(self, size: int) -> TripleBatch:
        """Draw pairs of parts of at most `size` different triples."""
        chosen = self._random.sample(range(len(self._triples)), min(size, len(self._triples)))
        kinds = self._random.choices(list(_TRIPLE_PAIRS), weights=list(_TRIPLE_PAIRS.values()), k=len(chosen))
        return TripleBatch(
            left=[self._thinned(self._triples[i][kind[0]]) for i, kind in zip(chosen, kinds, strict=True)],
            right=[self._thinned(self._triples[i][kind[1]]) for i, kind in zip(chosen, kinds, strict=True)],
            negatives=[self._thinned(self._negatives[i]) for i in chosen],
        )

    def concepts(self, size: int) -> ConceptBatch:
        """Draw two views each of at most `size` different concepts."""
        chosen = self._random.sample(range(len(self._terms)), min(size, len(self._terms)))
        row_of = {concept: row for row, concept in enumerate(chosen)}
        related = np.zeros((len(chosen), len(chosen)), dtype=np.bool_)
        for row, concept in enumerate(chosen):
            related[row, [row_of[other] for other in self._kin[concept] if other in row_of]] = True
        return ConceptBatch(
            left=[self._view(concept) for concept in chosen],
            right=[self._view(concept) for concept in chosen],
            related=related,
        )

    def lessons(self, size: int) -> LessonBatch:
        """Draw one or two words each of at most `size` different concepts."""
        chosen = self._random.sample(range(len(self._terms)), min(size, len(self._terms)))
        return LessonBatch([self._words(concept) for concept in chosen], chosen)

    def summaries(self, size: int) -> tuple[LessonBatch, LessonBatch]:
        """Draw the needs, and the achievements, of at most `size` different triples each."""
        batches = []
        for part in (_NEED, _ACHIEVEMENT):
            chosen = self._random.sample(range(len(self._triples)), min(size, len(self._triples)))
            batches.append(LessonBatch([self._thinned(self._triples[i][part]) for i in chosen], chosen))
        return batches[0], batches[1]

    def _words(self, concept: int) -> Tokens:
        terms = self._terms[concept]
        count = 2 if self._random.random() < _TWO_WORDS_SHARE else 1
        return [token for term in self._random.sample(terms, min(count, len(terms))) for token in term]

    def _view(self, concept: int) -> Tokens:
        draw = self._random.random()
        if draw < _GLOSS_SHARE and self._glosses[concept]:
            return self._glosses[concept]
        if draw < _GLOSS_SHARE + _BROADER_SHARE and self._broader[concept]:
            return self._broader[concept] + self._random.choice(self._terms[concept])
        view = self._words(concept)
        if self._random.random() < _FILLER_SHARE:
            view += self._random.choices(self._filler, k=self._random.randint(2, _MAX_FILLER))
        return view

    def _thinned(self, tokens: Tokens) -> Tokens:
        if len(tokens) < 4:
            return tokens
        kept = [token for token in tokens if self._random.random() >= self._dropout]
        return kept or tokens


def _parts(triple: Triple) -> Sequence[str]:
    """Return the parts of a triple in the order of the constants above."""
    return (
        triple.need_text,
        triple.achievement_text,
        triple.need_title,
        triple.achievement_title,
        triple.need,
        triple.achievement,
        triple.english,
        triple.need_again or triple.need_text,
    )


def _kin(corpus: Corpus) -> list[set[int]]:
    """Return for each concept those that share a word or the broader one, or are broader or narrower."""
    by_name: dict[str, set[int]] = defaultdict(set)
    for number, concept in enumerate(corpus.concepts):
        for name in (*concept.terms, concept.broader):
            if name:
                by_name[name].add(number)
    kin: list[set[int]] = [set() for _ in corpus.concepts]
    for numbers in by_name.values():
        for number in numbers:
            kin[number] |= numbers - {number}
    return kin
