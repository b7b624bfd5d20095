"""Joining several rankings into one: the baselines that the engine is measured against.

A convex combination of scores brought to one scale (Bruch, Gai and Ingber 2022, "An
Analysis of Fusion Functions for Hybrid Retrieval": theoretical min-max, ahead of reciprocal ranks on
their collections). Reciprocal ranks are there for scores that cannot be compared.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

RRF_K: Final = 60
"""Constant of Cormack, Clarke and Büttcher 2009, "Reciprocal Rank Fusion outperforms Condorcet"."""


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
