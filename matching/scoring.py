"""From evidence to a score: a logistic model whose weights are data.

Every part of the evidence and every facet is an addend of the log-odds that a broker would find the
document relevant; the score is that probability. `matching.calibration` fits the weights, so that of
the pairs scored 0.8 about 80 % are relevant.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from matching.errors import InvalidWeights
from matching.facets import FACET_NAMES, Judgement
from matching.types import ScorePart

SHIPPED_WEIGHTS: Final = Path(__file__).parent / "weights.json"

EVIDENCE: Final = ("dense", "lexical", "characters", "concepts")
BASE: Final = "base"
RERANKER: Final = "reranker"

PART_NAMES: Final[Mapping[str, str]] = {
    BASE: "起点",
    "dense": "语义",
    "lexical": "用词",
    "characters": "用字",
    "concepts": "概念",
    RERANKER: "精读",
    "tech_field": "技术领域",
    "chain": "产业链",
    "maturity": "成熟度",
    "price": "价格",
    "modes": "合作方式",
    "region": "地区",
    "freshness": "时效",
}
"""What the parts of a score are called to people."""

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Weights:
    """A version of the model: how many log-odds each part of the evidence is worth.

    Attributes:
        version: names this set of weights in every ranking made with it.
        intercept: log-odds of a document for which nothing speaks.
        dense: of the cosine of the vectors, taken as 0 where negative.
        lexical: of the BM25 score, divided by the best one of the question.
        characters: of the cosine of single characters.
        concepts: of the share of the question's concepts that a document has.
        facets: of each facet's value from -1 to 1; a facet without an entry counts 0.
        reranker: of the cross-encoder's verdict from -1 to 1, where one is in use.
    """

    version: str
    intercept: float
    dense: float
    lexical: float
    characters: float
    concepts: float
    facets: Mapping[str, float] = field(default_factory=dict)
    reranker: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.version, str) or not self.version:
            raise InvalidWeights("the weights have no version")
        if not isinstance(self.facets, Mapping):
            raise InvalidWeights("the weights of the facets are not an object")
        unknown = self.facets.keys() - set(FACET_NAMES)
        if unknown:
            raise InvalidWeights(f"unknown facets: {', '.join(sorted(unknown))}")
        values = {name: getattr(self, name) for name in ("intercept", *EVIDENCE, RERANKER)}
        for name, value in (values | dict(self.facets)).items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise InvalidWeights(f"the weight of {name} is not a finite number: {value!r}")

    def to_json(self) -> dict[str, Any]:
        """Return the weights as JSON values."""
        numbers = {name: getattr(self, name) for name in ("intercept", *EVIDENCE, RERANKER)}
        return {"version": self.version, **numbers, "facets": dict(self.facets)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Weights:
        """Read what `to_json` gave.

        Raises:
            InvalidWeights: an entry is missing, unknown or not a number.
        """
        try:
            return cls(**data)
        except TypeError as error:
            raise InvalidWeights(f"entries of the weights are wrong: {error}") from error

    @classmethod
    def load(cls, path: Path | None = None) -> Weights:
        """Read a JSON file; None means the shipped weights.

        Raises:
            InvalidWeights: the file does not hold weights.
        """
        path = path or SHIPPED_WEIGHTS
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise InvalidWeights(f"{path.name} is not JSON: {error}") from error
        if not isinstance(data, dict):
            raise InvalidWeights(f"{path.name} does not hold an object")
        return cls.from_json(data)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What retrieval knows of some documents, each (n,) from 0 to 1.

    Attributes:
        dense: cosines of the vectors, negative ones as 0.
        lexical: BM25 scores, divided by the best one of the question.
        characters: cosines of single characters.
        concepts: shares of the question's concepts.
    """

    dense: Values
    lexical: Values
    characters: Values
    concepts: Values


@dataclass(frozen=True, slots=True)
class Addend:
    """One part of all scores: `weight * values[i]` log-odds for document i."""

    name: str
    values: Values
    weight: float


class Scored:
    """The scores of some documents, with the parts they are made of."""

    def __init__(self, addends: Sequence[Addend], *, intercept: float, count: int) -> None:
        """Add up.

        Args:
            addends: each with (count,) values; their order is that of the parts shown.
            intercept: log-odds when all values are 0.
            count: number of documents.
        """
        # Rounded: the last bits of a sum of products depend on the processor and must decide no ranking.
        self.addends = [Addend(one.name, one.values.round(6), one.weight) for one in addends]
        self.intercept = intercept
        self.log_odds: Values = np.full(count, float(intercept))
        for one in self.addends:
            self.log_odds += one.weight * one.values

    def with_addend(self, addend: Addend) -> Scored:
        """Return the scores with one part more."""
        return Scored([*self.addends, addend], intercept=self.intercept, count=len(self.log_odds))

    def only(self, places: Sequence[int]) -> Scored:
        """Return the scores of some documents, in the order named."""
        kept = [Addend(one.name, one.values[list(places)], one.weight) for one in self.addends]
        return Scored(kept, intercept=self.intercept, count=len(places))

    def best(self, keys: Sequence[str], k: int) -> list[int]:
        """Return the places of the k best documents, ties by key.

        Args:
            keys: of all documents, or something that gives the key of a place.
            k: number wanted.
        """
        places = np.arange(len(self.log_odds))
        if len(places) > k:
            limit = np.partition(self.log_odds, len(places) - k)[len(places) - k]
            places = np.flatnonzero(self.log_odds >= limit)
        return sorted(places.tolist(), key=lambda place: (-self.log_odds[place], keys[place]))[:k]

    def score(self, place: int) -> float:
        """Return the probability that one document is relevant."""
        return _logistic(float(self.log_odds[place]))

    def parts(self, place: int) -> tuple[ScorePart, ...]:
        """Return what one score is made of; the contributions add up to it.

        The first part is the probability when nothing is known. The rest of the score is shared out in
        proportion to the log-odds of each part: the slope of the chord between both points, the same for
        all parts, turns log-odds into probability.
        """
        base, score = _logistic(self.intercept), self.score(place)
        rise = float(self.log_odds[place]) - self.intercept
        slope = (score - base) / rise if abs(rise) > 1e-9 else base * (1 - base)
        parts = [ScorePart(BASE, 1.0, self.intercept, base)]
        for one in self.addends:
            value = float(one.values[place])
            parts.append(ScorePart(one.name, value, one.weight, one.weight * value * slope))
        return tuple(parts)


def score(evidence: Evidence, judgements: Iterable[Judgement], weights: Weights) -> Scored:
    """Score documents by all that is known of them but a cross-encoder's verdict."""
    addends = [Addend(name, getattr(evidence, name), getattr(weights, name)) for name in EVIDENCE]
    addends += [Addend(one.facet, one.values, weights.facets.get(one.facet, 0.0)) for one in judgements]
    return Scored(addends, intercept=weights.intercept, count=len(evidence.dense))


def _logistic(log_odds: float) -> float:
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    odds = math.exp(log_odds)
    return odds / (1 + odds)
