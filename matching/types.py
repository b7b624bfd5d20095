"""Values that go into the engine and come out of it.

All are frozen; none knows where its text is stored or who may read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

Span = tuple[int, int]
"""A half-open range of characters."""


class Kind(StrEnum):
    """What a document describes; each kind is indexed apart from the others."""

    NEED = "need"
    ACHIEVEMENT = "achievement"
    EXPERT = "expert"
    RESOURCE = "resource"
    PROJECT = "project"
    NODE = "node"
    ENTERPRISE = "enterprise"
    TECHNOLOGY = "technology"
    SCENARIO = "scenario"


@dataclass(frozen=True, slots=True)
class Facets:
    """What is known of a document besides its words. None or empty means "not stated".

    Attributes:
        tech_field: code of the technical field, `01` to `11` (domain list of eleven).
        chain: code of the industrial chain.
        category: what sort of its kind it is, as code; e.g. of a resource whether instrument or pilot base.
        region: six-digit GB/T 2260 code.
        trl: technology readiness level 1-9 an achievement or project has reached.
        min_trl: lowest level a need, scenario or pilot base can take.
        max_trl: highest level it can take.
        price_fen: asking price of an achievement, in fen.
        budget_fen: budget of a need, in fen.
        modes: cooperation modes that the owner accepts, as codes; see `matching.cooperation`.
        organisation: opaque identity of the owner; equal owners are never matched.
        published_on: day of publication.
        expires_on: last day on which the document may be found.
    """

    tech_field: str | None = None
    chain: str | None = None
    category: str | None = None
    region: str | None = None
    trl: int | None = None
    min_trl: int | None = None
    max_trl: int | None = None
    price_fen: int | None = None
    budget_fen: int | None = None
    modes: tuple[str, ...] = ()
    organisation: str | None = None
    published_on: date | None = None
    expires_on: date | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the stated facets as JSON values; dates as ISO 8601."""
        stated: dict[str, Any] = {}
        for name in self.__slots__:
            value = getattr(self, name)
            if value is None or value == ():
                continue
            if isinstance(value, date):
                value = value.isoformat()
            elif isinstance(value, tuple):
                value = list(value)
            stated[name] = value
        return stated

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Facets:
        """Read what `to_json` wrote.

        Raises:
            TypeError: a facet is unknown.
            ValueError: a date is not ISO 8601.
        """
        values = dict(data)
        for name in ("published_on", "expires_on"):
            if values.get(name):
                values[name] = date.fromisoformat(values[name])
        if "modes" in values:
            values["modes"] = tuple(values["modes"])
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Document:
    """One text that can be found: the public part of a listing.

    Attributes:
        key: unique within its kind; ties between equal scores are broken by it.
        kind: what it describes.
        title: raw title, as its owner wrote it.
        body: raw text, as its owner wrote it.
        facets: what else is known.
    """

    key: str
    kind: Kind
    title: str
    body: str
    facets: Facets = field(default_factory=Facets)

    @property
    def text(self) -> str:
        """Title and body as one text, the form that is encoded."""
        return f"{self.title}\n{self.body}"


@dataclass(frozen=True, slots=True)
class Query:
    """What is sought.

    Attributes:
        title: short form of the question; may be empty.
        body: its full text.
        facets: wishes of the one who asks, compared with the facets of each document.
        kind: the kind of document wanted.
        k: number of hits wanted, 1 to 200.
        as_of: documents expired on that day are left out; None means no check.
        tech_field: only documents of this field, if given.
        category: only documents of this category, if given.
        region_prefix: only documents whose region starts with it, if given.
        alike: name the different words that make the vectors alike; costs a fifth of a millisecond a hit.
    """

    title: str
    body: str
    kind: Kind
    k: int = 10
    facets: Facets = field(default_factory=Facets)
    as_of: date | None = None
    tech_field: str | None = None
    category: str | None = None
    region_prefix: str | None = None
    alike: bool = False

    @property
    def text(self) -> str:
        """Title and body as one text, the form that is encoded."""
        return f"{self.title}\n{self.body}"


@dataclass(frozen=True, slots=True)
class ScorePart:
    """One part of a score.

    Attributes:
        name: what was compared.
        value: of the comparison.
        weight: log-odds that a value of 1 is worth.
        contribution: what it adds to the score; in one hit proportional to weight * value.
    """

    name: str
    value: float
    weight: float
    contribution: float


@dataclass(frozen=True, slots=True)
class SharedTerm:
    """A word on both sides.

    Attributes:
        term: normalised word.
        query_spans: half-open character ranges in the raw `Query.text`.
        document_spans: half-open character ranges in the raw `Document.text`.
        weight: its share of the lexical score, 0 to 1.
    """

    term: str
    query_spans: tuple[tuple[int, int], ...]
    document_spans: tuple[tuple[int, int], ...]
    weight: float


@dataclass(frozen=True, slots=True)
class SharedConcept:
    """A concept of the lexicon that both sides speak of, with the words that carried it.

    Attributes:
        concept: its name.
        query_words: words of the question, as written.
        document_words: words of the document, as written.
        exact: both sides name the concept itself; else each names one that belongs to it.
    """

    concept: str
    query_words: tuple[str, ...]
    document_words: tuple[str, ...]
    exact: bool = True


@dataclass(frozen=True, slots=True)
class AlikeWords:
    """Two different words that make the vectors of both sides alike.

    Attributes:
        query_word: as written.
        document_word: as written.
        query_span: half-open range of its first place in the raw `Query.text`.
        document_span: the same in the raw `Document.text`.
        share: of the cosine that this pair carries, 0 to 1.
    """

    query_word: str
    document_word: str
    query_span: Span
    document_span: Span
    share: float


@dataclass(frozen=True, slots=True)
class FacetVerdict:
    """How one facet of the document stands to the wish of the query.

    Attributes:
        facet: name of the facet.
        verdict: `fits`, `near`, `differs` or `unknown`.
        words: the verdict in Chinese, for a broker to read.
    """

    facet: str
    verdict: str
    words: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One document found, with the reasons for its place.

    `score` is the estimated probability that the document is relevant. The contributions of `parts` add up
    to it (to 1e-6).
    """

    key: str
    rank: int
    score: float
    parts: tuple[ScorePart, ...]
    terms: tuple[SharedTerm, ...] = ()
    concepts: tuple[SharedConcept, ...] = ()
    facets: tuple[FacetVerdict, ...] = ()
    alike: tuple[AlikeWords, ...] = ()


@dataclass(frozen=True, slots=True)
class Ranking:
    """Hits best first; equal scores are ordered by key.

    Attributes:
        hits: at most `Query.k` of them.
        encoder: name and revision of the encoder that was used.
        lexicon: version of the lexicon that was used.
        weights: version of the fusion and facet weights that were used.
        reranker: name and revision of the model that read the best candidates again; None if none did.
    """

    hits: tuple[Hit, ...]
    encoder: str
    lexicon: str
    weights: str
    reranker: str | None = None
