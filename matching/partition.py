"""The documents of one kind: facets, vectors, words, concepts and texts, all by row.

A document that changes gets a new row; the old one is never found again. Nothing here locks; the engine
lets one thread change a partition while none searches it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from matching.explain import Analysis, TermStatistics
from matching.facets import FacetTable, Vocabulary
from matching.lexical_index import LexicalEntry, LexicalIndex
from matching.store import TextStore
from matching.types import Document, Query
from matching.vector_index import FaissIndex, Rows, VectorIndex, Vectors

RETRIEVED: Final = 200
"""So many documents are taken from each way of retrieval."""

MAX_SOUGHT_WORDS: Final = 24
"""Of a long question so many words are sought, those that carry most; latency grows with their number."""

MAX_CONCEPTS: Final = 16
"""So many concepts of a document are kept, the first ones; those of the title come first."""

NARROW: Final = 2_000
"""So many allowed documents are looked at one by one rather than through an index."""

_LEXICAL_DEPTH: Final = 1_000
"""BM25 scores are read so far down, so that few candidates of the other ways are without theirs."""

_SCOPE_PREFIXES: Final = 6


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document taken apart, ready to be put in."""

    document: Document
    words: Sequence[str]
    concepts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Candidates:
    """What retrieval found, by candidate.

    Attributes:
        rows: (n,) rows, ascending.
        cosines: (n,) of question and document; 0 if the question has no vector.
        bm25: (n,) scores; 0 where a document has none of the words or stands very far down.
        concepts: (n,) share of the question's concepts, weighted by how rare they are, 0 to 1.
        best_bm25: best score of any document allowed.
        terms: the words sought and what BM25 knows of them.
        concept_weights: how much each concept of the question counts.
    """

    rows: Rows
    cosines: NDArray[np.float64]
    bm25: NDArray[np.float64]
    concepts: NDArray[np.float64]
    best_bm25: float
    terms: TermStatistics
    concept_weights: Mapping[str, float]


def prepare(document: Document, analysis: Analysis) -> Prepared:
    """Take from an analysis what is indexed of a document."""
    return Prepared(document, analysis.words, analysis.concepts[:MAX_CONCEPTS])


class Partition:
    """The documents of one kind."""

    def __init__(self, dim: int, *, folder: Path) -> None:
        """Make an empty partition.

        Args:
            dim: length of a vector.
            folder: existing and empty, for the word index; nobody else may change it.
        """
        self.facets = FacetTable()
        self.texts = TextStore()
        self._folder = folder
        self._vectors: VectorIndex = FaissIndex(dim)
        self._lexical = LexicalIndex(folder)
        self._keys: list[str] = []
        self._row_of: dict[str, int] = {}
        self._lengths = np.zeros(0, np.int32)
        self._title_lengths = np.zeros(0, np.int32)
        self._concepts = np.zeros((0, MAX_CONCEPTS), np.int32)
        self._names = Vocabulary()

    def __len__(self) -> int:
        return len(self._row_of)

    def keys(self) -> set[str]:
        """Return the keys of all documents."""
        return set(self._row_of)

    def key(self, row: int) -> str:
        """Return the key of the document in a row."""
        return self._keys[row]

    def row(self, key: str) -> int:
        """Return the row of a document.

        Raises:
            KeyError: there is no such document.
        """
        return self._row_of[key]

    def title_length(self, row: int) -> int:
        """Return the number of raw characters of a document's title."""
        return int(self._title_lengths[row])

    def put(self, prepared: Sequence[Prepared], vectors: Vectors) -> None:
        """Add documents, or replace those whose keys are known.

        Args:
            prepared: with different keys.
            vectors: (n, dim) float32, rows L2-normalised or zero.

        Raises:
            DimensionMismatch, InvalidVector: the vectors are not what they should be; nothing was changed.
        """
        first = self.facets.rows
        rows = np.arange(first, first + len(prepared), dtype=np.int64)
        self._vectors.put(rows, vectors)  # the only step that may refuse, hence the first
        self.remove([one.document.key for one in prepared])
        self.facets.append([one.document.facets for one in prepared])
        self._reserve(self.facets.rows)
        entries = []
        for row, one in zip(rows.tolist(), prepared, strict=True):
            document = one.document
            self._keys.append(document.key)
            self._row_of[document.key] = row
            self._lengths[row] = len(one.words)
            self._title_lengths[row] = len(document.title)
            numbers = [self._names.number(concept) for concept in one.concepts]
            self._concepts[row, : len(numbers)] = numbers
            self.texts.put(row, document.text)
            entries.append(LexicalEntry(row, one.words, _tokens(numbers), _scope_values(document)))
        self._lexical.put(entries)

    def remove(self, keys: Iterable[str]) -> None:
        """Take documents out; unknown keys are ignored."""
        rows = [row for key in keys if (row := self._row_of.pop(key, None)) is not None]
        if not rows:
            return
        gone = np.array(rows, np.int64)
        self.facets.remove(gone)
        self._vectors.remove(gone)
        self._lexical.remove(rows)
        for row in rows:
            self.texts.remove(row)

    def retrieve(self, query: Query, analysis: Analysis, vector: Vectors) -> Candidates:
        """Find the candidates for a question: the nearest by vector, by words and by concepts.

        Filters hold before anything is cut off: inverted lists and posting lists are read with the
        filter, or further down until enough allowed documents have been seen, and when few documents
        are allowed all of them are compared. So a document that is allowed and fits is found, however
        narrow the filter.

        Args:
            query: with its filters.
            analysis: of its text.
            vector: (dim,) float32 of its text; zero if it has none.
        """
        allowed = self.facets.allowed(query)
        few = None
        if allowed is not None and np.count_nonzero(allowed) <= NARROW:
            few = np.flatnonzero(allowed)
        scope = _scope_wanted(query)
        terms = self._sought(analysis)
        found, scores = self._search_words(dict.fromkeys(terms.weights, 1.0), "words", scope, allowed, few)
        concept_weights = self._concept_weights(analysis)
        numbers = {f"{self._names.find(name)}": 1.0 for name in concept_weights}
        tagged, _ = self._search_words(numbers, "concepts", scope, allowed, few)
        near = self._nearest(vector, allowed, few)
        rows = np.unique(np.concatenate([near, found[:RETRIEVED], tagged[:RETRIEVED]]))
        return Candidates(
            rows=rows,
            cosines=self._vectors.cosines(vector, rows).astype(np.float64),
            bm25=_aligned(rows, found, scores),
            concepts=self._concept_share(rows, concept_weights),
            best_bm25=float(scores.max(initial=0.0)),
            terms=terms,
            concept_weights=concept_weights,
        )

    def save(self, folder: Path) -> None:
        """Write everything into an existing, empty folder."""
        self._vectors.save(folder / "vectors.faiss")
        self._lexical.flush()
        shutil.copytree(self._folder, folder / "words", ignore=shutil.ignore_patterns(".tantivy-*.lock"))
        rows = self.facets.rows
        self.texts.save(folder, rows=rows)
        columns: dict[str, Any] = {
            "lengths": self._lengths[:rows],
            "title_lengths": self._title_lengths[:rows],
            "concepts": self._concepts[:rows],
            **self.facets.arrays(),
        }
        np.savez(folder / "columns.npz", **columns)
        names = {
            "keys": self._keys,
            "concepts": self._names.values[1:],
            "vocabularies": self.facets.vocabularies(),
        }
        (folder / "names.json").write_text(json.dumps(names, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, saved: Path, *, dim: int, folder: Path) -> Partition:
        """Read what `save` wrote; `saved` is not needed afterwards and never changed.

        Args:
            saved: where it was written.
            dim: length of a vector.
            folder: not existing yet; the word index is copied there.

        Raises:
            OSError, ValueError, KeyError: a file is not what it should be.
            IndexDamaged, DimensionMismatch: an index is not what it should be.
        """
        shutil.copytree(saved / "words", folder)
        partition = cls(dim, folder=folder)
        partition._vectors = FaissIndex.load(saved / "vectors.faiss", dim=dim)
        partition.texts = TextStore.load(saved)
        names = json.loads((saved / "names.json").read_text(encoding="utf-8"))
        with np.load(saved / "columns.npz", allow_pickle=False) as columns:
            partition.facets = FacetTable.restore(columns, names["vocabularies"])
            partition._lengths = columns["lengths"]
            partition._title_lengths = columns["title_lengths"]
            partition._concepts = columns["concepts"]
        partition._names = Vocabulary(names["concepts"])
        partition._keys = names["keys"]
        alive = partition.facets.alive_rows()
        partition._row_of = {partition._keys[row]: row for row in alive.tolist()}
        return partition

    def _sought(self, analysis: Analysis) -> TermStatistics:
        """Choose the words of a question that are sought: the rarest ones that occur at all."""
        frequencies = self._lexical.frequencies(dict.fromkeys(analysis.words))
        rarest = sorted(frequencies, key=lambda word: (frequencies[word], word))[:MAX_SOUGHT_WORDS]
        weights = {word: self._lexical.inverse_frequency(frequencies[word]) for word in rarest}
        rows = self.facets.rows
        return TermStatistics(weights, float(self._lengths[:rows].mean()) if rows else 0.0)

    def _concept_weights(self, analysis: Analysis) -> dict[str, float]:
        """Weigh the concepts of a question that some document has, by how rare they are."""
        numbers = {name: self._names.find(name) for name in analysis.concepts[:MAX_CONCEPTS]}
        known = {f"{number}": name for name, number in numbers.items() if number is not None}
        counts = self._lexical.frequencies(known, field="concepts")
        return {known[token]: self._lexical.inverse_frequency(count) for token, count in counts.items()}

    def _concept_share(self, rows: Rows, weights: Mapping[str, float]) -> NDArray[np.float64]:
        total = sum(weights.values())
        if not total:
            return np.zeros(len(rows))
        table = np.zeros(len(self._names.values))
        for name, weight in weights.items():
            table[self._names.find(name)] = weight / total
        share: NDArray[np.float64] = table[self._concepts[rows]].sum(axis=1)
        return share

    def _search_words(
        self,
        weights: Mapping[str, float],
        field: str,
        scope: Sequence[str],
        allowed: NDArray[np.bool_] | None,
        few: Rows | None,
    ) -> tuple[Rows, NDArray[np.float64]]:
        """Return allowed rows by BM25, best first: all that are found, or at least `RETRIEVED` of them."""
        depth = _LEXICAL_DEPTH
        while True:
            rows, scores = self._lexical.search(weights, depth, field=field, scope=scope)
            exhausted = len(rows) < depth
            if allowed is not None:
                keep = allowed[rows]
                rows, scores = rows[keep], scores[keep]
            if exhausted or len(rows) >= RETRIEVED:
                return rows, scores
            if few is not None:
                return self._lexical.search(weights, len(few), field=field, rows=few.tolist())
            depth *= 8

    def _nearest(self, vector: Vectors, allowed: NDArray[np.bool_] | None, few: Rows | None) -> Rows:
        if not vector.any():
            return np.empty(0, np.int64)
        if few is None:
            return self._vectors.search(vector, RETRIEVED, allowed=allowed)[0]
        best = np.argsort(-self._vectors.cosines(vector, few), kind="stable")[:RETRIEVED]
        return few[best]

    def _reserve(self, rows: int) -> None:
        capacity = len(self._lengths)
        if rows > capacity:
            more = max(rows, 2 * capacity) - capacity
            self._lengths = np.concatenate([self._lengths, np.zeros(more, np.int32)])
            self._title_lengths = np.concatenate([self._title_lengths, np.zeros(more, np.int32)])
            self._concepts = np.concatenate([self._concepts, np.zeros((more, MAX_CONCEPTS), np.int32)])


def _tokens(numbers: Iterable[int]) -> list[str]:
    return [f"{number}" for number in numbers]


def _aligned(rows: Rows, found: Rows, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the score of each of `rows` (ascending), 0 for those not found."""
    aligned = np.zeros(len(rows))
    if len(rows):
        places = np.minimum(np.searchsorted(rows, found), len(rows) - 1)
        present = rows[places] == found
        aligned[places[present]] = scores[present]
    return aligned


def _scope_values(document: Document) -> list[str]:
    values = []
    if document.facets.tech_field:
        values.append(_exact("field", document.facets.tech_field))
    if region := document.facets.region:
        values += [
            _exact("region", region[:length]) for length in range(1, min(len(region), _SCOPE_PREFIXES) + 1)
        ]
    return values


def _scope_wanted(query: Query) -> list[str]:
    values = []
    if query.tech_field is not None:
        values.append(_exact("field", query.tech_field))
    if query.region_prefix and len(query.region_prefix) <= _SCOPE_PREFIXES:
        values.append(_exact("region", query.region_prefix))
    return values


def _exact(name: str, value: str) -> str:
    """Spell a value so that it is one token whatever it contains."""
    return f"{name}:{value.encode('utf-8', 'surrogatepass').hex()}"
