"""The engine that keeps its documents on a Milvus server, which many processes may share.

The server finds candidates by vector and by words in one hybrid search. Evidence, facets, scores and reasons
are made here, by the same functions as in `matching.engine`, from what the server returns of the candidates.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from matching.analysing import MAX_CONCEPTS
from matching.background import Background
from matching.character_table import character_counts
from matching.encoder import Encoder
from matching.engine import MAX_HITS
from matching.errors import DimensionMismatch, DuplicateKey, InvalidVector
from matching.explain import Analysis, Tagger, TermStatistics
from matching.milvus.filters import allowed
from matching.milvus.rows import (
    EVIDENCE_COLUMNS,
    REASON_COLUMNS,
    SCHEMA,
    TEXTS,
    Row,
    character_table,
    facet_table,
    found_document,
    stored,
    to_row,
    vectors_of,
)
from matching.milvus.server import Server
from matching.partition import RETRIEVED
from matching.progress import track
from matching.ranking import choose, depth, hits
from matching.reranker import Reranker
from matching.scoring import Evidence, Weights, score
from matching.text import MAX_CHARACTERS, NORMALISATION_VERSION, find_words
from matching.types import Document, Hit, Kind, Query, Ranking

MAX_SOUGHT_WORDS: Final = 32
"""Of a long question so many words are sought, the rarest. Twice as many as in the local engine: whether a
word occurs at all is not known here, so some of them are sought in vain."""

_KEPT: Final = re.compile("[a-z\u4e00-\u9fff]")
"""Words without such a letter are not kept by the server, which refuses a question that has no other."""

_BATCH: Final = 200
"""So many documents go to the server in one call: at worst 40 MB, of 64 that it takes."""


class MilvusEngine:
    """See `matching.protocol.Engine`.

    Ties are ordered by key, and the same documents give the same ranking, as far as the server returns the
    same candidates: among documents that are equally near at the 200th place it may choose freely.
    """

    def __init__(
        self, encoder: Encoder, uri: str, *, token: str = "", prefix: str = "market",
        lexicon: Tagger | None = None, weights: Weights | None = None, reranker: Reranker | None = None,
        timeout: float = 10.0, index: Mapping[str, Any] | None = None,
        search_params: Mapping[str, Any] | None = None, shards: int = 1,
    ) -> None:  # fmt: skip
        """Connect to a server; collections are made when the first document of a kind comes.

        Args:
            encoder: makes vectors of texts that come without one.
            uri: `http://host:19530`, `https://…`; or a path ending in `.db` for the small edition.
            token: `user:password` or an API key; empty for a server without accounts.
            prefix: of the names of all collections; letters, digits and underscores. Engines with another
                encoder or lexicon need another prefix.
            lexicon: finds concepts; None does without.
            weights: of the parts of a score; None takes the shipped ones.
            reranker: reads the best candidates again; None does without.
            timeout: seconds for one call of the server.
            index: of a new collection's vectors, as Milvus wants it: `index_type` and `params`; None lets the
                server choose.
            search_params: what this index needs to know for a search, as `ef` for HNSW.
            shards: parts a new collection is cut into; word frequencies are counted in each part alone.

        Raises:
            EngineUnavailable: the server cannot be reached, or refuses the token.
            ManifestMismatch: the documents there were made with another encoder, lexicon or normalisation, or
                have other columns.
        """
        self._encoder = encoder
        self._lexicon = lexicon
        self._weights = weights or Weights.load()
        self._reranker = reranker
        manifest = {
            "encoder": encoder.key,
            "dim": str(encoder.dim),
            "normalisation": NORMALISATION_VERSION,
            "lexicon": self._lexicon_version,
            "schema": SCHEMA,
        }
        self._server = Server(
            uri,
            token=token,
            prefix=prefix,
            manifest=manifest,
            timeout=timeout,
            index=index or {"index_type": "AUTOINDEX"},
            search_params=search_params or {},
            shards=shards,
        )

    def upsert(
        self,
        documents: Sequence[Document],
        *,
        vectors: NDArray[np.float32] | None = None,
        progress: bool = False,
    ) -> None:
        """Add documents, or replace those of the same kind and key; see `Engine.upsert`.

        They go to the server in batches; if it fails in between, calling again puts everything right.

        Raises:
            DuplicateKey, DimensionMismatch, InvalidVector: see `Engine.upsert`; nothing was changed.
            EngineUnavailable: the server did not take a batch.
        """
        if vectors is not None:
            _check(vectors, (len(documents), self._encoder.dim))
        twice = [name for name, count in Counter((d.kind, d.key) for d in documents).items() if count > 1]
        if twice:
            kind, key = twice[0]
            raise DuplicateKey(f"{kind} {key!r} is named twice")
        starts = range(0, len(documents), _BATCH)
        for start in track(starts, "建立索引", total=len(starts), show=progress):
            batch = documents[start : start + _BATCH]
            if vectors is not None:
                given = vectors[start : start + _BATCH]
            else:
                given = self._encoder.encode([one.text[:MAX_CHARACTERS] for one in batch])
            by_kind: dict[Kind, list[Row]] = {}
            for document, vector in zip(map(stored, batch), given, strict=True):
                row = to_row(document, self._analyse(document), vector)
                by_kind.setdefault(document.kind, []).append(row)
            for kind, rows in by_kind.items():
                self._server.put(kind, rows)

    def remove(self, kind: Kind, keys: Sequence[str]) -> None:
        """Take documents out; unknown keys are ignored.

        Raises:
            EngineUnavailable: the server did not do it.
        """
        self._server.remove(kind, keys)

    def search(
        self, query: Query, *, vector: NDArray[np.float32] | None = None, weights: Weights | None = None
    ) -> Ranking:
        """Rank the documents of one kind; see `Engine.search`.

        Raises:
            ValueError, DimensionMismatch, InvalidVector: see `Engine.search`.
            EngineUnavailable: the server did not answer.
        """
        if not 1 <= query.k <= MAX_HITS:
            raise ValueError(f"k must be between 1 and {MAX_HITS}, not {query.k}")
        if vector is not None:
            _check(vector, (self._encoder.dim,))
        weights = weights or self._weights
        analysis = self._analyse(query)
        condition = allowed(query)
        if not analysis.normalised.text or condition is None:
            return self._ranking((), weights)
        if vector is None:
            vector = self._encoder.encode_queries([query.text[:MAX_CHARACTERS]])[0]
        found = None
        while found is None:
            found = self._look(query, analysis, vector, condition=condition, weights=weights)
        return self._ranking(found, weights)

    def count(self, kind: Kind | None = None) -> int:
        """Return the number of documents, of one kind or of all.

        Raises:
            EngineUnavailable: the server did not answer.
        """
        return sum(self._server.count(one) for one in Kind if kind in (None, one))

    def keys(self, kind: Kind) -> set[str]:
        """Return the keys of all documents of a kind.

        Raises:
            EngineUnavailable: the server did not answer.
        """
        return self._server.keys(kind)

    def title(self, kind: Kind, key: str) -> str:
        """Return the raw title of a document, up to the 65,535 bytes that the server can hold.

        Raises:
            KeyError: there is no such document.
            EngineUnavailable: the server did not answer.
        """
        title: str = self._server.rows(kind, [key], TEXTS)[key]["title"]
        return title

    @property
    def labels(self) -> Mapping[str, str]:
        """What has been noted beside the documents, the same for every process; asked for every time.

        Raises:
            EngineUnavailable: the server did not answer.
        """
        return self._server.labels()

    def set_labels(self, labels: Mapping[str, str]) -> None:
        """Note something beside the documents; labels that are not named stay.

        Raises:
            EngineUnavailable: the server did not do it.
        """
        self._server.set_labels(labels)

    def close(self) -> None:
        """Give the connection back; the documents stay on the server. Twice does no harm."""
        self._server.close()

    @property
    def _background(self) -> Background:
        return _background(self._lexicon)  # type: ignore[arg-type]  # hashed by identity

    @property
    def _lexicon_version(self) -> str:
        return self._lexicon.version if self._lexicon is not None else ""

    def _analyse(self, text: Document | Query) -> Analysis:
        return Analysis(text.text, title_length=len(text.title), tagger=self._lexicon)

    def _ranking(self, found: tuple[Hit, ...], weights: Weights) -> Ranking:
        read_by = self._reranker.key if self._reranker is not None and found else None
        return Ranking(found, self._encoder.key, self._lexicon_version, weights.version, reranker=read_by)

    def _look(
        self, query: Query, analysis: Analysis, vector: NDArray[np.float32], *, condition: str,
        weights: Weights,
    ) -> tuple[Hit, ...] | None:  # fmt: skip
        """Return the hits; None if another process took one of them out while we looked."""
        sought = self._background.rarest(analysis.words, MAX_SOUGHT_WORDS)
        words = " ".join(word for word in sought if _KEPT.search(word))
        rows = self._server.nearest(
            query.kind,
            vector=vector.tolist() if vector.any() else None,
            words=words,
            condition=condition,
            count=max(RETRIEVED, query.k),
            columns=EVIDENCE_COLUMNS,
        )
        if not rows:
            return ()
        keys = sorted(rows)
        candidates = [rows[key] for key in keys]
        bm25 = self._server.bm25(query.kind, words, keys) if words else {}
        concept_weights = self._concept_weights(analysis, candidates)
        evidence = Evidence(
            dense=np.maximum(vectors_of(candidates) @ vector.astype(np.float64), 0.0),
            lexical=_shares([bm25.get(key, 0.0) for key in keys]),
            characters=self._characters(analysis, candidates),
            concepts=_concept_shares(candidates, concept_weights),
        )
        judgements = facet_table(candidates).judge(query, np.arange(len(keys)))
        scored = score(evidence, judgements, weights)
        wanted = depth(query.k, self._reranker)
        best = [keys[place] for place in scored.best(keys, wanted)]
        texts = self._server.rows(query.kind, best, REASON_COLUMNS)
        if len(texts) < len(best):
            return None
        chosen = choose(
            scored,
            keys,
            wanted,
            document=lambda place: found_document(keys[place], texts[keys[place]]),
            judgements=judgements,
            terms=TermStatistics(
                sought,
                find_words(analysis.normalised, sought),
                mean_length=float(np.mean([row["word_count"] for row in candidates])),
            ),
            concept_weights=concept_weights,
        )
        return hits(
            query,
            analysis,
            chosen,
            encoder=self._encoder,
            reranker=self._reranker,
            weight=weights.reranker,
        )

    def _concept_weights(self, analysis: Analysis, candidates: Sequence[Row]) -> dict[str, float]:
        """Weigh the concepts of a question that some candidate has, by how rare they are."""
        there = {name for row in candidates for name in row["concepts"]}
        background = self._background
        return {
            name: background.inverse_frequency(background.concepts.get(name, 0))
            for name in islice(analysis.concepts, MAX_CONCEPTS)
            if name in there
        }

    def _characters(self, analysis: Analysis, candidates: Sequence[Row]) -> NDArray[np.float64]:
        background = self._background
        table = character_table(candidates, frequencies=background.characters, texts=background.texts)
        return table.cosines(character_counts(analysis.normalised.text), np.arange(len(candidates)))


@lru_cache(maxsize=4)
def _background(lexicon: Tagger | None) -> Background:
    """Return the frequencies, counted once per process: an engine may be made again after a failure."""
    return Background.load(lexicon)


def _concept_shares(candidates: Sequence[Row], weights: Mapping[str, float]) -> NDArray[np.float64]:
    """Return how much of the question's concepts, by weight, each candidate has."""
    total = sum(weights.values()) or 1.0
    shares = [sum(weights.get(name, 0.0) for name in row["concepts"]) / total for row in candidates]
    return np.array(shares, np.float64)


def _shares(scores: Sequence[float]) -> NDArray[np.float64]:
    """Return scores divided by the best one, or zeros."""
    return np.array(scores, np.float64) / (max(scores) or 1.0)


def _check(vectors: NDArray[np.float32], shape: tuple[int, ...]) -> None:
    if vectors.shape != shape:
        raise DimensionMismatch(f"expected vectors of shape {shape}, got {vectors.shape}")
    if not np.isfinite(vectors).all():
        raise InvalidVector("a vector holds values that are not finite")
