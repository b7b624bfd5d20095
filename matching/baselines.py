"""The rankings that the engine is measured against: each takes a need and orders the whole pool.

Words and characters: BM25 (Robertson and Zaragoza 2009) and tf-idf. Latent semantic analysis (Deerwester
et al. 1990) on tf-idf of words, 200 directions. Encoders: cosine alone. Fusions: `matching.fusion`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import rjieba
from numpy.typing import NDArray

from matching.encoder import Encoder
from matching.fusion import convex, reciprocal_ranks
from matching.lexical_index import K1, B
from matching.text import normalise
from matching.types import Document

DEPTH: Final = 200
"""Rankings are measured down to this place."""

LSA_DIRECTIONS: Final = 200
LSA_SEED: Final = 1

Scores = NDArray[np.float64]
System = Callable[[Document], Sequence[str]]
"""Returns keys of the pool, best first, ties by key."""


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


def baselines(
    pool: Sequence[Document], *, encoder: Encoder, others: Mapping[str, Encoder] | None = None
) -> dict[str, System]:
    """Prepare every baseline over a pool.

    Args:
        pool: what is searched.
        encoder: the one of the engine, alone and in both fusions.
        others: further encoders by name, alone.
    """
    keys = np.array([document.key for document in pool])
    texts = [normalise(document.text).text for document in pool]
    by_word = SparseBM25([plain_words(text) for text in texts])
    by_pair = SparseBM25([character_pairs(text) for text in texts])
    characters = _tfidf_characters(texts)

    def words(need: Document) -> Scores:
        return by_word.scores(plain_words(_text(need)))

    def pairs(need: Document) -> Scores:
        return by_pair.scores(character_pairs(_text(need)))

    dense = _cosines(pool, encoder)
    scored: dict[str, Callable[[Document], Scores]] = {
        "bm25": words,
        "char-bigram-bm25": pairs,
        "char-tfidf": characters,
        "lexical-sum": lambda need: _share(words(need)) + characters(need),
        "lsa": _latent(texts),
    }
    scored |= {name: _cosines(pool, other) for name, other in (others or {}).items()}
    scored["encoder"] = dense

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

    def order(score: Callable[[Document], Scores]) -> System:
        return lambda need: ranked(score(need))

    return {name: order(score) for name, score in scored.items()} | {"rrf": by_ranks, "convex": by_scores}


def _text(need: Document) -> str:
    return normalise(need.text).text


def _share(scores: Scores) -> Scores:
    best = scores.max(initial=0.0)
    return scores / best if best > 0 else scores


def _cosines(pool: Sequence[Document], encoder: Encoder) -> Callable[[Document], Scores]:
    vectors = encoder.encode([document.text for document in pool])

    def cosines(need: Document) -> Scores:
        found: Scores = (vectors @ encoder.encode_queries([need.text])[0]).astype(np.float64)
        return found

    return cosines


def _tfidf_characters(texts: Sequence[str]) -> Callable[[Document], Scores]:
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - slow to import

    tfidf = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True)
    matrix = tfidf.fit_transform(texts)

    def characters(need: Document) -> Scores:
        vector = tfidf.transform([_text(need)])
        scores: Scores = np.asarray((matrix @ vector.T).todense(), np.float64).ravel()
        return scores

    return characters


def _latent(texts: Sequence[str]) -> Callable[[Document], Scores]:
    from sklearn.decomposition import TruncatedSVD  # noqa: PLC0415 - slow to import
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - slow to import
    from sklearn.preprocessing import normalize  # noqa: PLC0415 - slow to import

    tfidf = TfidfVectorizer(analyzer=plain_words, sublinear_tf=True)
    matrix: Any = tfidf.fit_transform(texts)
    directions = min(LSA_DIRECTIONS, matrix.shape[0] - 1, matrix.shape[1] - 1)
    if directions < 1:
        return lambda _need: np.zeros(len(texts))
    reduced = TruncatedSVD(n_components=directions, random_state=LSA_SEED)
    rows: NDArray[np.float64] = normalize(reduced.fit_transform(matrix))

    def latent(need: Document) -> Scores:
        vector = normalize(reduced.transform(tfidf.transform([_text(need)])))[0]
        scores: Scores = rows @ vector
        return scores

    return latent
