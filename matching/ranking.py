"""The last steps of a search, the same for every engine: choose, read again if wished, give reasons."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from matching.encoder import Encoder
from matching.explain import (
    Analysis,
    FoundDocument,
    TermStatistics,
    shared_concepts,
    shared_terms,
)
from matching.facets import Judgement
from matching.kinds import NAMED
from matching.likeness import alike_words
from matching.reranker import RERANKED, Reranker
from matching.scoring import RERANKER, Addend, Scored
from matching.types import Hit, Query


@dataclass(frozen=True, slots=True)
class Chosen:
    """The best candidates, copied out of an index.

    Attributes:
        documents: best first, ties by key.
        scored: of these documents, in this order.
        judgements: of all candidates.
        places: of each document among all candidates.
        terms: the words sought and what BM25 knows of them.
        concept_weights: how much each concept of the question counts.
    """

    documents: Sequence[FoundDocument]
    scored: Scored
    judgements: Sequence[Judgement]
    places: Sequence[int]
    terms: TermStatistics
    concept_weights: Mapping[str, float]


def depth(k: int, reranker: Reranker | None) -> int:
    """Return how many candidates must be chosen to return `k`."""
    return k if reranker is None else max(k, RERANKED)


def choose(
    scored: Scored, keys: Sequence[str], count: int, *, document: Callable[[int], FoundDocument],
    judgements: Sequence[Judgement], terms: TermStatistics, concept_weights: Mapping[str, float],
) -> Chosen:  # fmt: skip
    """Take the best candidates.

    Args:
        scored: all candidates.
        keys: of all candidates.
        count: number wanted.
        document: gives what the reasons need to know of the candidate at a place.
        judgements: of all candidates.
        terms: of the question.
        concept_weights: of the question.
    """
    places = scored.best(keys, count)
    documents = [document(place) for place in places]
    return Chosen(documents, scored.only(places), judgements, places, terms, concept_weights)


def hits(
    query: Query, analysis: Analysis, chosen: Chosen, *, encoder: Encoder, reranker: Reranker | None,
    weight: float,
) -> tuple[Hit, ...]:  # fmt: skip
    """Return the best `query.k` documents with their reasons, best first, ties by key.

    Args:
        query: the question.
        analysis: of its text.
        chosen: at least `depth(query.k, reranker)` candidates, if there are so many.
        encoder: of the index.
        reranker: reads them again; None leaves them as they are.
        weight: of the reranker's verdict.
    """
    scored = chosen.scored
    if reranker is not None:
        verdicts = reranker.verdicts(query.text, [document.text for document in chosen.documents])
        scored = scored.with_addend(Addend(RERANKER, verdicts, weight))
    order = scored.best([document.key for document in chosen.documents], query.k)
    return tuple(
        Hit(
            key=chosen.documents[place].key,
            rank=rank,
            score=scored.score(place),
            parts=scored.parts(place),
            terms=shared_terms(analysis, chosen.documents[place], chosen.terms),
            concepts=shared_concepts(analysis, chosen.documents[place], chosen.concept_weights),
            facets=tuple(
                judgement.verdict(chosen.places[place])
                for judgement in chosen.judgements
                if judgement.tells(chosen.places[place])
            ),
            alike=alike_words(encoder, analysis, chosen.documents[place], named=query.kind in NAMED)
            if query.alike
            else (),
        )
        for rank, place in enumerate(order, start=1)
    )
