"""Measuring rankings against graded judgements, side by side with plain baselines.

Measures (Manning, Raghavan and Schütze 2008, "Introduction to Information Retrieval", chapter 8): nDCG@10
with gain 2^grade - 1 and discount log2(rank + 1) (Järvelin and Kekäläinen 2002; Burges et al. 2005);
recall@10 and @50, reciprocal rank and share of first places over grades of 1 and more; each averaged over
the needs that have such a judgement. `ci95` is the percentile bootstrap interval of nDCG@10 over needs
(Efron 1979).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import rjieba
from numpy.typing import NDArray

from matching.dataset import Judgements
from matching.encoder import Encoder
from matching.engine import LocalEngine
from matching.explain import Tagger
from matching.fusion import convex, reciprocal_ranks
from matching.lexical_index import K1, B
from matching.progress import track
from matching.scoring import Weights
from matching.text import normalise
from matching.types import Document, Kind, Query

DEPTH: Final = 200
"""Rankings are measured down to this place."""

BOOTSTRAP_ROUNDS: Final = 2_000
BOOTSTRAP_SEED: Final = 20260101

Scores = NDArray[np.float64]


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
    lexicon: Tagger | None = None,
    weights: Weights | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Measure every baseline and the engine.

    Args:
        needs: asked for; those without a judgement above 0 are left out.
        pool: what is searched. A judged key outside of it can be found by no system and counts as missed.
        judgements: grade by need and key.
        encoder: used alone, in both fusions and in the engine.
        lexicon: of the engine.
        weights: of the engine.
        progress: show a bar on the error stream.

    Returns:
        `{"pool": n, "needs": n, "systems": {name: measures}}`, ready for JSON.
    """
    asked = [need for need in needs if any(judgements.get(need.key, {}).values())]
    systems = _systems(pool, encoder=encoder, lexicon=lexicon, weights=weights)
    steps = [(name, need) for name in systems for need in asked]
    rankings: dict[str, dict[str, Sequence[str]]] = {name: {} for name in systems}
    for name, need in track(steps, "评测", total=len(steps), show=progress):
        rankings[name][need.key] = systems[name](need)
    measures = {name: measure(found, judgements).to_json() for name, found in rankings.items()}
    return {"pool": len(pool), "needs": len(asked), "systems": measures}


class SparseBM25:
    """BM25 over any terms, exact over all documents; the same k1 and b as the engine's."""

    def __init__(self, documents: Sequence[Sequence[str]]) -> None:
        """Index documents given as terms."""
        from scipy.sparse import csc_matrix  # noqa: PLC0415 - only `evaluate` needs it, and it is slow to import

        self._numbers: dict[str, int] = {}
        counts = [Counter(self._number(term) for term in terms) for terms in documents]
        entries = [(row, term, n) for row, count in enumerate(counts) for term, n in count.items()]
        rows, terms, numbers = np.array(entries, np.int64).reshape(-1, 3).T
        lengths = np.array([max(1, len(document)) for document in documents], np.float64)
        norm = K1 * (1 - B + B * lengths / lengths.mean())
        size = len(self._numbers)
        frequency = np.bincount(terms, minlength=size)
        rarity = np.log1p((len(documents) - frequency + 0.5) / (frequency + 0.5))
        values = rarity[terms] * numbers * (K1 + 1) / (numbers + norm[rows])
        self._matrix = csc_matrix((values, (rows, terms)), shape=(len(documents), size))

    def scores(self, terms: Iterable[str]) -> Scores:
        """Return the score of every document."""
        known = [self._numbers[term] for term in terms if term in self._numbers]
        return np.asarray(self._matrix[:, known].sum(axis=1)).ravel()

    def _number(self, term: str) -> int:
        return self._numbers.setdefault(term, len(self._numbers))


def plain_words(text: str) -> list[str]:
    """Cut a normalised text with rjieba and keep everything that is not punctuation: no stop words."""
    return [word for word in rjieba.cut_for_search(text) if any(map(str.isalnum, word))]


def character_pairs(text: str) -> list[str]:
    """Return every two neighbouring characters of each run of letters and digits."""
    return [run[i : i + 2] for run in re.findall(r"\w+", text) for i in range(max(1, len(run) - 1))]


def _systems(
    pool: Sequence[Document], *, encoder: Encoder, lexicon: Tagger | None, weights: Weights | None
) -> dict[str, Callable[[Document], Sequence[str]]]:
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - slow to import

    keys = np.array([document.key for document in pool])
    texts = [normalise(document.text).text for document in pool]
    by_word = SparseBM25([plain_words(text) for text in texts])
    by_pair = SparseBM25([character_pairs(text) for text in texts])
    tfidf = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True)
    tfidf_matrix = tfidf.fit_transform(texts)
    vectors = encoder.encode([document.text for document in pool])
    engine = LocalEngine(encoder, lexicon=lexicon, weights=weights)
    engine.upsert(pool, vectors=vectors)
    kind = pool[0].kind if pool else Kind.ACHIEVEMENT

    def words(need: Document) -> Scores:
        return by_word.scores(plain_words(normalise(need.text).text))

    def pairs(need: Document) -> Scores:
        return by_pair.scores(character_pairs(normalise(need.text).text))

    def characters(need: Document) -> Scores:
        vector = tfidf.transform([normalise(need.text).text])
        scores: Scores = np.asarray((tfidf_matrix @ vector.T).todense(), np.float64).ravel()
        return scores

    def dense(need: Document) -> Scores:
        cosines: Scores = (vectors @ encoder.encode([need.text])[0]).astype(np.float64)
        return cosines

    def ranked(scores: Scores) -> list[str]:
        return [str(key) for key in keys[np.lexsort((keys, -scores))[:DEPTH]]]

    def by_ranks(need: Document) -> list[str]:
        return [key for key, _ in reciprocal_ranks([ranked(words(need)), ranked(dense(need))])][:DEPTH]

    def by_scores(need: Document) -> list[str]:
        found = [
            (dict(zip(keys.tolist(), scores.tolist(), strict=True)), floor, 0.5)
            for scores, floor in ((words(need), 0.0), (dense(need), -1.0))
        ]
        return [key for key, _ in convex(found)][:DEPTH]

    def whole(need: Document) -> list[str]:
        query = Query(need.title, need.body, kind, k=DEPTH, facets=need.facets)
        return [hit.key for hit in engine.search(query).hits]

    return {
        "bm25": lambda need: ranked(words(need)),
        "char-bigram-bm25": lambda need: ranked(pairs(need)),
        "char-tfidf": lambda need: ranked(characters(need)),
        "encoder": lambda need: ranked(dense(need)),
        "rrf": by_ranks,
        "convex": by_scores,
        "engine": whole,
    }


def _discounted(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def _mean(values: Sequence[float] | Scores) -> float:
    return round(float(np.mean(values)), 4) if len(values) else 0.0
