"""Measuring rankings against graded judgements, side by side with plain baselines.

Measures (Manning, Raghavan and Schütze 2008, "Introduction to Information Retrieval", chapter 8): nDCG@10
with gain 2^grade - 1 and discount log2(rank + 1) (Järvelin and Kekäläinen 2002; Burges et al. 2005);
recall@10 and @50, reciprocal rank and share of first places over grades of 1 and more; each averaged over
the needs that have such a judgement. `ci95` is the percentile bootstrap interval of nDCG@10 over needs
(Efron 1979).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from matching.baselines import DEPTH, Scores, System, baselines
from matching.dataset import Judgements
from matching.encoder import Encoder
from matching.engine import LocalEngine
from matching.explain import Tagger
from matching.learning import Example
from matching.progress import track
from matching.scoring import EVIDENCE, Weights
from matching.types import Document, Kind, Query

BOOTSTRAP_ROUNDS: Final = 2_000
BOOTSTRAP_SEED: Final = 20260101


@dataclass(frozen=True, slots=True)
class Measures:
    """Means over needs, each from 0 to 1; `ci95` is the interval of `ndcg_at_10`."""

    ndcg_at_10: float
    recall_at_10: float
    recall_at_50: float
    mrr: float
    top1: float
    ci95: tuple[float, float]

    def to_json(self) -> dict[str, Any]:
        """Return the measures under the names of the report."""
        names = {name: name.replace("_at_", "@") for name in self.__slots__}
        return {names[name]: value for name, value in asdict(self).items()}


def ndcg(ranking: Sequence[str], grades: Mapping[str, int], *, depth: int = 10) -> float:
    """Return the normalised discounted cumulative gain of `depth` places; 0 if nothing is relevant."""
    gains = [2.0 ** grades.get(key, 0) - 1 for key in ranking[:depth]]
    ideal = sorted((2.0**grade - 1 for grade in grades.values()), reverse=True)[:depth]
    best = _discounted(ideal)
    return _discounted(gains) / best if best else 0.0


def recall(ranking: Sequence[str], grades: Mapping[str, int], *, depth: int) -> float:
    """Return the share of relevant keys among the first `depth` places; 0 if nothing is relevant."""
    relevant = {key for key, grade in grades.items() if grade > 0}
    return len(relevant.intersection(ranking[:depth])) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranking: Sequence[str], grades: Mapping[str, int]) -> float:
    """Return 1 / rank of the first relevant key; 0 if there is none."""
    return next((1 / rank for rank, key in enumerate(ranking, start=1) if grades.get(key, 0) > 0), 0.0)


def measure(rankings: Mapping[str, Sequence[str]], judgements: Judgements) -> Measures:
    """Measure the rankings of several needs.

    Args:
        rankings: keys by need, best first.
        judgements: of exactly these needs, each with a grade above 0.
    """
    needs = sorted(rankings)
    gains = np.array([ndcg(rankings[need], judgements[need]) for need in needs])
    pairs = [(rankings[need], judgements[need]) for need in needs]
    return Measures(
        ndcg_at_10=_mean(gains),
        recall_at_10=_mean([recall(*pair, depth=10) for pair in pairs]),
        recall_at_50=_mean([recall(*pair, depth=50) for pair in pairs]),
        mrr=_mean([reciprocal_rank(*pair) for pair in pairs]),
        top1=_mean([reciprocal_rank(ranking[:1], grades) for ranking, grades in pairs]),
        ci95=bootstrap_interval(gains),
    )


def bootstrap_interval(values: Scores) -> tuple[float, float]:
    """Return the 95 % percentile interval of the mean; the same values give the same interval."""
    if not len(values):
        return 0.0, 0.0
    draws = np.random.default_rng(BOOTSTRAP_SEED).integers(0, len(values), (BOOTSTRAP_ROUNDS, len(values)))
    low, high = np.percentile(values[draws].mean(axis=1), [2.5, 97.5])
    return round(float(low), 4), round(float(high), 4)


def evaluate(
    needs: Sequence[Document],
    pool: Sequence[Document],
    judgements: Judgements,
    *,
    encoder: Encoder,
    others: Mapping[str, Encoder] | None = None,
    lexicon: Tagger | None = None,
    weights: Weights | None = None,
    ablate: bool = False,
    progress: bool = False,
) -> dict[str, Any]:
    """Measure every baseline and the engine.

    Args:
        needs: asked for; those without a judgement above 0 are left out.
        pool: what is searched. A judged key outside of it can be found by no system and counts as missed.
        judgements: grade by need and key.
        encoder: used alone, in both fusions and in the engine.
        others: further encoders, measured alone, by name.
        lexicon: of the engine.
        weights: of the engine.
        ablate: measure the engine without each of its parts too, as `engine-dense` and so on.
        progress: show a bar on the error stream.

    Returns:
        `{"pool": n, "needs": n, "systems": {name: measures}}`, ready for JSON.
    """
    asked = [need for need in needs if any(judgements.get(need.key, {}).values())]
    weights = weights or Weights.load()
    systems = baselines(pool, encoder=encoder, others=others)
    engine = LocalEngine(encoder, lexicon=lexicon)
    engine.upsert(pool)
    kind = pool[0].kind if pool else Kind.ACHIEVEMENT
    systems["engine"] = _ranked_by(engine, weights, kind=kind)
    if ablate:
        for part in EVIDENCE:
            without = Weights.from_json(weights.to_json() | {part: 0.0})
            systems[f"engine-{part}"] = _ranked_by(engine, without, kind=kind)
    steps = [(name, need) for name in systems for need in asked]
    rankings: dict[str, dict[str, Sequence[str]]] = {name: {} for name in systems}
    for name, need in track(steps, "评测", total=len(steps), show=progress):
        rankings[name][need.key] = systems[name](need)
    engine.close()
    measures = {name: measure(found, judgements).to_json() for name, found in rankings.items()}
    return {"pool": len(pool), "needs": len(asked), "systems": measures}


def verdicts(
    needs: Sequence[Document],
    judgements: Judgements,
    engine: LocalEngine,
    *,
    kind: Kind = Kind.ACHIEVEMENT,
    depth: int = 50,
) -> list[Example]:
    """Put every judged need to the engine, and every hit beside its judgement; not judged counts as 0.

    Args:
        needs: asked for; those without a judgement above 0 are left out.
        judgements: grade by need and key.
        engine: searched.
        kind: of the documents wanted.
        depth: hits taken of each need.
    """
    return [
        Example(
            {part.name: part.value for part in hit.parts},
            relevant=judgements[need.key].get(hit.key, 0) > 0,
            group=need.key,
        )
        for need in needs
        if any(judgements.get(need.key, {}).values())
        for hit in engine.search(Query(need.title, need.body, kind, k=depth, facets=need.facets)).hits
    ]


def _ranked_by(engine: LocalEngine, weights: Weights, *, kind: Kind) -> System:
    def whole(need: Document) -> list[str]:
        query = Query(need.title, need.body, kind, k=DEPTH, facets=need.facets)
        return [hit.key for hit in engine.search(query, weights=weights).hits]

    return whole


def _discounted(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def _mean(values: Sequence[float] | Scores) -> float:
    return round(float(np.mean(values)), 4) if len(values) else 0.0
