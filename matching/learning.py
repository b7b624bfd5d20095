"""Fitting the weights of a score to verdicts of people, and telling how far scores can be believed.

The verdicts are judgements of an evaluation set, or the decisions of brokers. Weights are fitted by
logistic regression that is drawn towards the weights in use: where the verdicts say little of a part,
its weight stays (maximum a posteriori with a normal prior; Bishop 2006, "Pattern Recognition and Machine
Learning", sections 4.3.2 and 4.5).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from matching.errors import InvalidWeights
from matching.facets import FACET_NAMES
from matching.scoring import EVIDENCE, RERANKER, Weights

PARTS: Final = (*EVIDENCE, RERANKER, *FACET_NAMES)

EVIDENCE_SPREAD: Final = 3.0
"""Standard deviation of the prior of an evidence weight; these are around 5 to 10."""

FACET_SPREAD: Final = 0.5
INTERCEPT_SPREAD: Final = 2.0

_TINY: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Example:
    """One verdict on a pair.

    Attributes:
        values: of the parts of its score, by name; parts that are missing count 0.
        relevant: the verdict.
        group: the question it belongs to; groups are never torn apart.
        weight: how much it counts, above 0.
    """

    values: Mapping[str, float]
    relevant: bool
    group: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Bin:
    """The examples scored from `low` to below `high` (the last bin includes 1).

    Attributes:
        low: lower edge.
        high: upper edge.
        count: number of examples.
        mean_score: mean score of these.
        relevant_share: share of these that are relevant.
    """

    low: float
    high: float
    count: int
    mean_score: float
    relevant_share: float


def fit_weights(examples: Sequence[Example], prior: Weights, *, version: str) -> Weights:
    """Fit weights to verdicts.

    Weights of the evidence and the reranker do not fall below 0: common words never speak against a pair.

    Args:
        examples: with both verdicts among them.
        prior: the weights in use; the result is drawn towards them.
        version: of the result.

    Raises:
        InvalidWeights: the examples all have the same verdict, or there are none.
    """
    from scipy.optimize import minimize  # noqa: PLC0415 - slow to import; searches never fit anything

    if len({example.relevant for example in examples}) < 2:
        raise InvalidWeights("weights can only be fitted to examples of both verdicts")
    matrix = np.array([_row(example) for example in examples])
    labels = np.array([example.relevant for example in examples], np.float64)
    counts = np.array([example.weight for example in examples])
    start = _vector(prior)
    spread = np.array(
        [INTERCEPT_SPREAD] + [EVIDENCE_SPREAD] * (len(EVIDENCE) + 1) + [FACET_SPREAD] * len(FACET_NAMES)
    )

    def cost(vector: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = _logistic(matrix @ vector)
        away = (vector - start) / spread
        total = float(counts @ _losses(scores, labels) + 0.5 * away @ away)
        return total, matrix.T @ (counts * (scores - labels)) + away / spread

    bounds = [(None, None)] + [(0.0, None)] * (len(EVIDENCE) + 1) + [(None, None)] * len(FACET_NAMES)
    found: Any = minimize(cost, start, jac=True, method="L-BFGS-B", bounds=bounds)
    values = dict(zip(PARTS, found.x[1:].round(4).tolist(), strict=True))
    return replace(
        prior,
        version=version,
        intercept=round(float(found.x[0]), 4),
        **{name: values[name] for name in (*EVIDENCE, RERANKER)},
        facets={name: values[name] for name in FACET_NAMES},
    )


def scores(examples: Sequence[Example], weights: Weights) -> NDArray[np.float64]:
    """Return the score of each example; (n,) from 0 to 1."""
    if not examples:
        return np.zeros(0)
    return _logistic(np.array([_row(example) for example in examples]) @ _vector(weights))


def log_loss(examples: Sequence[Example], weights: Weights) -> float:
    """Return the mean of -ln(probability given to the verdict); the lower the better, 0.69 is guessing."""
    labels = np.array([example.relevant for example in examples], np.float64)
    counts = np.array([example.weight for example in examples])
    return float(counts @ _losses(scores(examples, weights), labels) / counts.sum())


def order_quality(examples: Sequence[Example], weights: Weights) -> float:
    """Return how often a relevant example of a group is scored above one that is not; ties count half.

    Returns:
        From 0 to 1; 0.5 if no group has both verdicts.
    """
    by_group: dict[str, tuple[list[float], list[float]]] = {}
    for example, value in zip(examples, scores(examples, weights).tolist(), strict=True):
        by_group.setdefault(example.group, ([], []))[example.relevant].append(value)
    pairs = [(good, bad) for bads, goods in by_group.values() for good in goods for bad in bads]
    if not pairs:
        return 0.5
    return sum((good > bad) + 0.5 * (good == bad) for good, bad in pairs) / len(pairs)


def calibration(examples: Sequence[Example], weights: Weights, *, bins: int = 10) -> list[Bin]:
    """Compare scores with the share of relevant examples, in bins of equal width; empty bins are left out."""
    values = scores(examples, weights)
    labels = np.array([example.relevant for example in examples], np.float64)
    places = np.minimum((values * bins).astype(np.int64), bins - 1)
    found = []
    for number in range(bins):
        inside = places == number
        if inside.any():
            mean, share = float(values[inside].mean()), float(labels[inside].mean())
            found.append(Bin(number / bins, (number + 1) / bins, int(inside.sum()), mean, share))
    return found


def calibration_error(bins: Iterable[Bin]) -> float:
    """Return the mean distance of score and share of relevant examples, weighted by the size of the bins.

    Naeini, Cooper and Hauskrecht 2015, "Obtaining well calibrated probabilities using Bayesian binning".
    """
    entries = list(bins)
    total = sum(one.count for one in entries)
    return (
        sum(one.count * abs(one.mean_score - one.relevant_share) for one in entries) / total if total else 0.0
    )


def split_groups(
    examples: Sequence[Example], *, share: float, seed: int = 0
) -> tuple[list[Example], list[Example]]:
    """Take whole groups out, about `share` of them; the same seed takes the same ones.

    Returns:
        The rest, and the examples taken out.
    """
    groups = sorted({example.group for example in examples})
    random.Random(seed).shuffle(groups)  # noqa: S311 - nothing secret
    taken = set(groups[: round(len(groups) * share)])
    return (
        [example for example in examples if example.group not in taken],
        [example for example in examples if example.group in taken],
    )


def _row(example: Example) -> list[float]:
    return [1.0, *(example.values.get(name, 0.0) for name in PARTS)]


def _vector(weights: Weights) -> NDArray[np.float64]:
    numbers = [getattr(weights, name) for name in (*EVIDENCE, RERANKER)]
    facets = [weights.facets.get(name, 0.0) for name in FACET_NAMES]
    return np.array([weights.intercept, *numbers, *facets], np.float64)


def _logistic(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    values: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-np.clip(log_odds, -60, 60)))
    return values


def _losses(values: NDArray[np.float64], labels: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = -np.log(np.where(labels > 0, values, 1 - values) + _TINY)
    return found
