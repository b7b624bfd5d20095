"""Asking the engine, and putting its reasons into words of the two sides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.matches.models import RankingWeights
from market.matches.rules import Side
from market.matches.rules.referrals import ReferralSide
from market.reference.rules import region_prefix
from market.search.documents import PART_NAMES, Document, Hit, Kind, Query, Ranking, Weights
from market.search.replica import Replica

OPPOSITE = {Side.NEED: Kind.ACHIEVEMENT, Side.ACHIEVEMENT: Kind.NEED}

_OTHER: Mapping[Side | ReferralSide, Side | ReferralSide] = {
    Side.NEED: Side.ACHIEVEMENT,
    Side.ACHIEVEMENT: Side.NEED,
    ReferralSide.DEMAND: ReferralSide.SUPPLY,
    ReferralSide.SUPPLY: ReferralSide.DEMAND,
}


def active_weights(session: Session) -> Weights | None:
    """Return the weights the market ranks by; None while it uses those that come with the program."""
    row = session.execute(select(RankingWeights.weights).where(RankingWeights.active)).first()
    return None if row is None else Weights.from_json(row.weights)


def search(session: Session, replica: Replica, query: Query) -> Ranking:
    """Ask the engine, with the weights that are active as the session sees it.

    They are handed over with each question, so that all processes rank by them from the next one on.
    """
    return replica.search(query, weights=active_weights(session))


def ask_engine(
    session: Session,
    replica: Replica,
    document: Document,
    *,
    kind: Kind,
    k: int,
    today: date,
    field: str | None = None,
    region: str | None = None,
    category: str | None = None,
    alike: bool = False,
) -> Ranking:
    """Rank what could answer a record.

    Args:
        session: open session.
        replica: this process's index.
        document: what the index sees of it is the question.
        kind: what is sought.
        k: how many.
        today: listings expired on this day are left out.
        field: only this technical field.
        region: only this region and all inside it.
        category: only this category.
        alike: name the different words that make the vectors alike, too.
    """
    return search(
        session,
        replica,
        Query(
            title=document.title,
            body=document.body,
            facets=document.facets,
            kind=kind,
            k=k,
            as_of=today,
            tech_field=field,
            category=category,
            region_prefix=region_prefix(region) if region else None,
            alike=alike,
        ),
    )


def reasons_of(hit: Hit, ranking: Ranking, *, asked_by: Side | ReferralSide) -> dict[str, Any]:
    """Return the reasons of a ranking's hit as JSON, with spans and words named by side.

    Spans are half-open character ranges in the side's title, a line break, and its searchable text.
    """
    other = _OTHER[asked_by]
    own_spans, other_spans = f"{asked_by}_spans", f"{other}_spans"
    own_words, other_words = f"{asked_by}_words", f"{other}_words"
    # Written out by hand: `dataclasses.asdict` copies deeply and cost a tenth of a match request.
    return {
        "parts": [
            {
                "name": part.name,
                "label": PART_NAMES.get(part.name, part.name),
                "value": part.value,
                "weight": part.weight,
                "contribution": part.contribution,
            }
            for part in hit.parts
        ],
        "terms": [
            {
                "term": term.term,
                own_spans: term.query_spans,
                other_spans: term.document_spans,
                "weight": term.weight,
            }
            for term in hit.terms
        ],
        "concepts": [
            {
                "concept": concept.concept,
                own_words: concept.query_words,
                other_words: concept.document_words,
                "exact": concept.exact,
            }
            for concept in hit.concepts
        ],
        "alike": [
            {
                f"{asked_by}_word": pair.query_word,
                f"{other}_word": pair.document_word,
                f"{asked_by}_span": pair.query_span,
                f"{other}_span": pair.document_span,
                "share": pair.share,
            }
            for pair in hit.alike
        ],
        "facets": [
            {"facet": verdict.facet, "verdict": verdict.verdict, "words": verdict.words}
            for verdict in hit.facets
        ],
        "reranker": ranking.reranker,
    }


def without_quotations(reasons: Mapping[str, Any]) -> dict[str, Any]:
    """Return reasons without the words of either record: score parts and facet verdicts alone."""
    return {**reasons, "terms": [], "concepts": [], "alike": []}
