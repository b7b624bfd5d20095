"""Joining several rankings into one, and the weights by which it is done.

The engine uses a convex combination of scores brought to one scale (Bruch, Gai and Ingber 2022, "An
Analysis of Fusion Functions for Hybrid Retrieval": theoretical min-max, ahead of reciprocal ranks on
their collections). Reciprocal ranks are there for scores that cannot be compared.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from matching.errors import InvalidWeights
from matching.facets import FACET_NAMES

SHIPPED_WEIGHTS: Final = Path(__file__).parent / "weights.json"

RRF_K: Final = 60
"""Constant of Cormack, Clarke and Büttcher 2009, "Reciprocal Rank Fusion outperforms Condorcet"."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each part of a score counts.

    Attributes:
        version: names this set of weights in every ranking made with it.
        dense: of the cosine of the vectors, taken as 0 where negative.
        lexical: of the BM25 score, divided by the best one of the question.
        characters: of the cosine of single characters.
        concepts: of the share of the question's concepts that a document has.
        facets: of each facet's value from -1 to 1; a facet without an entry counts 0.
    """

    version: str
    dense: float
    lexical: float
    characters: float
    concepts: float
    facets: Mapping[str, float]

    def __post_init__(self) -> None:
        unknown = self.facets.keys() - set(FACET_NAMES)
        if unknown:
            raise InvalidWeights(f"unknown facets: {', '.join(sorted(unknown))}")
        parts = ("dense", "lexical", "characters", "concepts")
        values = {name: getattr(self, name) for name in parts} | dict(self.facets)
        for name, value in values.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise InvalidWeights(f"the weight of {name} is not a finite number: {value!r}")

    def to_json(self) -> dict[str, Any]:
        """Return the weights as JSON values."""
        return {
            "version": self.version,
            "dense": self.dense,
            "lexical": self.lexical,
            "characters": self.characters,
            "concepts": self.concepts,
            "facets": dict(self.facets),
        }

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


def scaled(scores: NDArray[np.float64], *, floor: float) -> NDArray[np.float64]:
    """Bring scores to 0..1: the lowest possible score `floor` to 0, the best one present to 1.

    Scores at or below the floor become 0; if none is above it, all do.
    """
    above = np.maximum(scores - floor, 0.0)
    best = above.max(initial=0.0)
    return above / best if best > 0 else np.zeros_like(above)


def convex(parts: Sequence[tuple[Mapping[str, float], float, float]]) -> list[tuple[str, float]]:
    """Combine scores of several systems.

    Args:
        parts: for each system its scores by key, the lowest score possible, and its weight. A key that a
            system has not found counts 0 there.

    Returns:
        Keys and combined scores, best first, ties by key; independent of the order of `parts`.
    """
    shares: dict[str, list[float]] = {}
    for scores, floor, weight in parts:
        values = scaled(np.array(list(scores.values()), np.float64), floor=floor)
        for key, value in zip(scores, values.tolist(), strict=True):
            shares.setdefault(key, []).append(weight * value)
    return _ordered(shares)


def reciprocal_ranks(rankings: Sequence[Sequence[str]], *, k: int = RRF_K) -> list[tuple[str, float]]:
    """Combine rankings by the sum of 1 / (k + rank), rank counting from 1.

    Returns:
        Keys and scores, best first, ties by key; independent of the order of `rankings`.
    """
    shares: dict[str, list[float]] = {}
    for ranking in rankings:
        for rank, key in enumerate(ranking, start=1):
            shares.setdefault(key, []).append(1.0 / (k + rank))
    return _ordered(shares)


def _ordered(shares: Mapping[str, Sequence[float]]) -> list[tuple[str, float]]:
    # fsum is exact, so the order in which systems are named cannot change the last digit.
    totals = {key: math.fsum(values) for key, values in shares.items()}
    return sorted(totals.items(), key=lambda item: (-item[1], item[0]))
