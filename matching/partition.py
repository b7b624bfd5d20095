"""The documents of one kind: facets, vectors, words, concepts and texts, all by row.

A document that changes gets a new row; the old one is never found again. Nothing here locks; the engine
lets one thread change a partition while none searches it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matching.analysing import MAX_CONCEPTS, Packed
from matching.character_table import CharacterTable, character_counts
from matching.columns import Column, TextStore
from matching.explain import Analysis, FoundDocument, TermStatistics
from matching.facets import FacetTable, Vocabulary
from matching.lexical_index import LexicalEntry, LexicalIndex
from matching.scope import scope_values, scope_wanted
from matching.scoring import Evidence
from matching.store import overlay
from matching.text import Normalised, find_words, normalise
from matching.types import Document, Query
from matching.vector_index import FaissIndex, Rows, Vectors

RETRIEVED: Final = 150
"""So many documents are taken by vector, and as many by words, or as many as are asked for. With 200 the
development set was ranked alike; each costs time in every later step."""

RETRIEVED_BY_CONCEPT: Final = 50

MAX_SOUGHT_WORDS: Final = 16
"""Of a long question so many words are sought, those that carry most; latency grows with their number."""

NARROW: Final = 2_000
"""So many allowed documents are looked at one by one rather than through an index."""

_READ_AHEAD: Final = 2
"""Posting lists are read for so many times the documents wanted: room for filters, and scores for candidates
that other ways have found."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """What retrieval found, by candidate.

    Attributes:
        rows: (n,) rows, ascending.
        cosines: (n,) of question and document; 0 if the question has no vector.
        bm25: (n,) scores; 0 where a document has none of the words or stands very far down.
        characters: (n,) cosines of single characters, 0 to 1.
        concepts: (n,) share of the question's concepts, weighted by how rare they are, 0 to 1.
        best_bm25: best score of any document allowed.
        terms: the words sought and what BM25 knows of them.
        concept_weights: how much each concept of the question counts.
    """

    rows: Rows
    cosines: NDArray[np.float64]
    bm25: NDArray[np.float64]
    characters: NDArray[np.float64]
    concepts: NDArray[np.float64]
    best_bm25: float
    terms: TermStatistics
    concept_weights: Mapping[str, float]

    @property
    def evidence(self) -> Evidence:
        """What the score is made of."""
        lexical = self.bm25 / self.best_bm25 if self.best_bm25 else self.bm25
        return Evidence(np.maximum(self.cosines, 0.0), lexical, self.characters, self.concepts)


@dataclass(frozen=True, slots=True)
class _Limits:
    """Which documents a question allows.

    Attributes:
        scope: exact values that the word index can insist on.
        allowed: by row; None allows all.
        few: the allowed rows, if they are few enough to be compared one by one.
    """

    scope: Sequence[str]
    allowed: NDArray[np.bool_] | None
    few: Rows | None


class Partition:
    """The documents of one kind."""

    def __init__(self, dim: int, *, folder: Path) -> None:
        """Make an empty partition.

        Args:
            dim: length of a vector.
            folder: existing and empty, for the word index; nobody else may change it.
        """
        self.facets = FacetTable()
        self._texts = TextStore()
        # Normalised texts whose characters kept their places; the others are made when needed.
        self._aligned = TextStore()
        self._folder = folder
        self._vectors = FaissIndex(dim)
        self._lexical = LexicalIndex(folder)
        self._keys: list[str] = []
        self._row_of: dict[str, int] = {}
        self._lengths = Column(np.zeros(0, np.int32))
        self._total_length = 0
        self._title_lengths = Column(np.zeros(0, np.int32))
        self._concepts = Column(np.zeros((0, MAX_CONCEPTS), np.int32))
        # Raw ranges of their first words; MAX_CHARACTERS keeps them within 16 bits.
        self._concept_spans = Column(np.zeros((0, MAX_CONCEPTS, 2), np.uint16))
        self._names = Vocabulary()
        self._characters = CharacterTable()

    def __len__(self) -> int:
        return len(self._row_of)

    def keys(self) -> set[str]:
        """Return the keys of all documents."""
        return set(self._row_of)

    def keys_of(self, rows: Sequence[int]) -> list[str]:
        """Return the keys of the documents in some rows."""
        keys = self._keys
        return [keys[row] for row in rows]

    def row(self, key: str) -> int:
        """Return the row of a document.

        Raises:
            KeyError: there is no such document.
        """
        return self._row_of[key]

    def document(self, row: int) -> FoundDocument:
        """Return what the reasons need to know of the document in a row."""
        numbers = self._concepts.row(row)
        spans = self._concept_spans.row(row).tolist()
        text, aligned = self._texts.get(row), self._aligned.get(row)
        return FoundDocument(
            key=self._keys[row],
            text=text,
            normalised=Normalised.of_aligned(aligned) if aligned else normalise(text),
            title_length=int(self._title_lengths.row(row)),
            word_count=int(self._lengths.row(row)),
            concepts={
                self._names.values[number]: (start, end)
                for number, (start, end) in zip(numbers.tolist(), spans, strict=True)
                if number
            },
        )

    def put(self, documents: Sequence[Document], packed: Packed, vectors: Vectors) -> None:
        """Add documents, or replace those whose keys are known.

        Args:
            documents: with different keys.
            packed: their texts, taken apart.
            vectors: (n, dim) float32, rows L2-normalised or zero.

        Raises:
            DimensionMismatch, InvalidVector: the vectors are not what they should be; nothing was changed.
        """
        first = self.facets.rows
        rows = np.arange(first, first + len(documents), dtype=np.int64)
        self._vectors.put(rows, vectors)  # the only step that may refuse, hence the first
        self.remove([one.key for one in documents])
        self.facets.append([one.facets for one in documents])
        self._keys += [one.key for one in documents]
        self._row_of |= {one.key: row for row, one in zip(rows.tolist(), documents, strict=True)}
        self._lengths.extend(packed.lengths)
        self._total_length += int(packed.lengths.sum())
        self._title_lengths.extend(np.array([len(one.title) for one in documents], np.int32))
        self._characters.extend(packed.codes, packed.counts, packed.code_lengths)
        self._texts.extend([one.text for one in documents])
        self._aligned.extend(packed.aligned)
        numbers = [[self._names.number(name) for name in names] for names in packed.concepts]
        self._put_concepts(numbers, packed.spans)
        self._lexical.put(
            LexicalEntry(row, words, _tokens(concepts), scope_values(document))
            for row, words, concepts, document in zip(
                rows.tolist(), packed.words, numbers, documents, strict=True
            )
        )

    def refitted(self) -> FaissIndex | None:
        """Make a vector index that fits the present size, for `use_vectors`; None if this one fits.

        May take a minute; searches may go on meanwhile, changes may not.
        """
        return self._vectors.refitted()

    def use_vectors(self, vectors: FaissIndex) -> None:
        """Search from now on in an index that `refitted` made."""
        self._vectors = vectors

    def recall(self) -> float | None:
        """Measure the share of the ten nearest that a vector search finds; None where it finds all.

        Takes seconds for a million documents; searches may go on meanwhile, changes may not.
        """
        return self._vectors.recall()

    def remove(self, keys: Iterable[str]) -> None:
        """Take documents out; unknown keys are ignored."""
        rows = [row for key in keys if (row := self._row_of.pop(key, None)) is not None]
        if not rows:
            return
        gone = np.array(rows, np.int64)
        self.facets.remove(gone)
        self._vectors.remove(gone)
        self._lexical.remove(rows)
        self._characters.remove(gone)

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
        limits = self._limits(query)
        terms = self._sought(analysis)
        wanted = max(RETRIEVED, query.k)
        found, scores = self._search_words("words", terms.weights, wanted, limits)
        concept_weights = self._concept_weights(analysis)
        numbers = [f"{self._names.find(name)}" for name in concept_weights]
        tagged, _ = self._search_words("concepts", numbers, RETRIEVED_BY_CONCEPT, limits)
        near, known = self._nearest(vector, limits, wanted)
        rows = np.unique(np.concatenate([near, found[:wanted], tagged[:RETRIEVED_BY_CONCEPT]]))
        cosines = np.zeros(len(rows))
        cosines[np.searchsorted(rows, near)] = known
        further = ~np.isin(rows, near)
        cosines[further] = self._vectors.cosines(vector, rows[further])
        return Candidates(
            rows=rows,
            cosines=cosines,
            bm25=_aligned(rows, found, scores),
            characters=self._characters.cosines(character_counts(analysis.normalised.text), rows),
            concepts=self._concept_share(rows, concept_weights),
            best_bm25=float(scores.max(initial=0.0)),
            terms=terms,
            concept_weights=concept_weights,
        )

    def save(self, folder: Path) -> None:
        """Write everything into an existing, empty folder; texts that were taken out are left out."""
        self._vectors.save(folder / "vectors.faiss")
        self._lexical.flush()
        shutil.copytree(self._folder, folder / "words", ignore=shutil.ignore_patterns(".tantivy-*.lock"))
        kept = np.zeros(self.facets.rows, np.bool_)
        kept[self.facets.alive_rows()] = True
        self._texts.save(folder, "texts", kept=kept)
        self._aligned.save(folder, "aligned", kept=kept)
        self._characters.save(folder)
        for name in _COLUMNS:
            getattr(self, f"_{name}").save(folder / f"{name}.npy")
        np.savez(folder / "facets.npz", **self.facets.arrays())  # type: ignore[arg-type]
        names = {
            "keys": self._keys,
            "concepts": self._names.values[1:],
            "vocabularies": self.facets.vocabularies(),
        }
        (folder / "names.json").write_text(json.dumps(names, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, saved: Path, *, dim: int, folder: Path) -> Partition:
        """Open what `save` wrote; large files are mapped into memory and never changed.

        Args:
            saved: where it was written; must stay as long as the partition is used.
            dim: length of a vector.
            folder: not existing yet; changes of the word index go there.

        Raises:
            OSError, ValueError, KeyError: a file is not what it should be.
            IndexDamaged, DimensionMismatch: an index is not what it should be.
        """
        folder.mkdir()
        overlay(saved / "words", folder)
        partition = cls(dim, folder=folder)
        partition._vectors = FaissIndex.load(saved / "vectors.faiss", dim=dim)
        partition._texts = TextStore.load(saved, "texts")
        partition._aligned = TextStore.load(saved, "aligned")
        names = json.loads((saved / "names.json").read_text(encoding="utf-8"))
        with np.load(saved / "facets.npz", allow_pickle=False) as facets:
            partition.facets = FacetTable.restore(facets, names["vocabularies"])
        for name in _COLUMNS:
            setattr(partition, f"_{name}", Column.load(saved / f"{name}.npy"))
        partition._total_length = int(partition._lengths.all().sum(dtype=np.int64))
        partition._characters = CharacterTable.load(saved, texts=len(partition.facets))
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
        places = find_words(analysis.normalised, weights)
        return TermStatistics(weights, places, self._total_length / rows if rows else 0.0)

    def _concept_weights(self, analysis: Analysis) -> dict[str, float]:
        """Weigh the concepts of a question that some document has, by how rare they are."""
        numbers = {name: self._names.find(name) for name in islice(analysis.concepts, MAX_CONCEPTS)}
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
        share: NDArray[np.float64] = table[self._concepts.take(rows)].sum(axis=1)
        return share

    def _limits(self, query: Query) -> _Limits:
        allowed = self.facets.allowed(query)
        few = None
        if allowed is not None and np.count_nonzero(allowed) <= NARROW:
            few = np.flatnonzero(allowed)
        return _Limits(scope_wanted(query), allowed, few)

    def _search_words(
        self, field: str, sought: Iterable[str], wanted: int, limits: _Limits
    ) -> tuple[Rows, NDArray[np.float64]]:
        """Return allowed rows by BM25, best first: all there are, or at least as many as wanted."""
        weights = dict.fromkeys(sought, 1.0)
        depth = wanted * _READ_AHEAD
        while True:
            rows, scores = self._lexical.search(weights, depth, field=field, scope=limits.scope)
            exhausted = len(rows) < depth
            if limits.allowed is not None:
                keep = limits.allowed[rows]
                rows, scores = rows[keep], scores[keep]
            if exhausted or len(rows) >= wanted:
                return rows, scores
            if limits.few is not None:
                few = limits.few.tolist()
                return self._lexical.search(weights, len(few), field=field, rows=few)
            depth *= 8

    def _nearest(self, vector: Vectors, limits: _Limits, wanted: int) -> tuple[Rows, Vectors]:
        """Return the nearest allowed rows and their cosines; none for a question without a vector."""
        if not vector.any():
            return np.empty(0, np.int64), np.empty(0, np.float32)
        if limits.few is None:
            return self._vectors.search(vector, wanted, allowed=limits.allowed)
        cosines = self._vectors.cosines(vector, limits.few)
        best = np.argsort(-cosines, kind="stable")[:wanted]
        return limits.few[best], cosines[best]

    def _put_concepts(self, numbers: Sequence[Sequence[int]], spans: NDArray[np.uint16]) -> None:
        counts = [len(one) for one in numbers]
        rows = np.repeat(np.arange(len(numbers)), counts)
        places = np.array([place for count in counts for place in range(count)], np.int64)
        table = np.zeros((len(numbers), MAX_CONCEPTS), np.int32)
        table[rows, places] = [number for one in numbers for number in one]
        ranges = np.zeros((len(numbers), MAX_CONCEPTS, 2), np.uint16)
        ranges[rows, places] = spans
        self._concepts.extend(table)
        self._concept_spans.extend(ranges)


_COLUMNS: Final = ("lengths", "title_lengths", "concepts", "concept_spans")


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
