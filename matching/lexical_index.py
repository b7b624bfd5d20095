"""Words and concepts: BM25 over tantivy, by row number.

Texts arrive as words that `matching.text` has found. The words of a title stand in the same field
as those of the body, several times: weighting frequencies before they saturate is the sound way to
weight fields (Robertson, Zaragoza and Taylor 2004, "Simple BM25 extension to multiple weighted
fields"), and a question needs half as many posting lists. Scores are those of tantivy: BM25 with
k1 = 1.2, b = 0.75 (Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework").
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import tantivy
from numpy.typing import NDArray

from matching.errors import DuplicateKey, IndexDamaged

TITLE_WEIGHT: Final = 3
"""How many times a word of the title counts."""

K1: Final = 1.2
B: Final = 0.75

_PENDING_REMOVALS: Final = 1_000
_WRITER_BYTES: Final = 128_000_000


@dataclass(frozen=True, slots=True)
class LexicalEntry:
    """What is indexed of one text.

    Attributes:
        row: number chosen by the caller, never used twice.
        words: of the text, separated by spaces; those of the title `TITLE_WEIGHT` times.
        concepts: names without white space.
        scope: exact values that a search may insist on, without white space.
    """

    row: int
    words: str
    concepts: Sequence[str] = ()
    scope: Sequence[str] = ()


class LexicalIndex:
    """BM25 index that grows and shrinks; changes can be found when the call returns."""

    def __init__(self, folder: Path | None = None) -> None:
        """Open the index in a folder of its own, or make an empty one.

        Args:
            folder: existing folder that nobody else changes; None keeps all in memory.

        Raises:
            IndexDamaged: the folder holds something that cannot be read.
        """
        builder = tantivy.SchemaBuilder()
        builder.add_unsigned_field("row", indexed=True, fast=True)
        for name, option in (("words", "freq"), ("concepts", "basic"), ("scope", "basic")):
            builder.add_text_field(name, tokenizer_name="whitespace", index_option=option)
        self._schema = builder.build()
        try:
            self._index = tantivy.Index(self._schema, path=None if folder is None else str(folder))
            self._searcher = self._index.searcher()
        except (ValueError, OSError) as error:
            raise IndexDamaged(f"cannot open the word index: {error}") from error
        self._writer: tantivy.IndexWriter | None = None
        # A commit costs milliseconds, so removed rows wait for the next one and are passed over meanwhile.
        self._removed: set[int] = set()

    def __len__(self) -> int:
        return self._searcher.num_docs - len(self._removed)

    def put(self, entries: Iterable[LexicalEntry]) -> None:
        """Add texts.

        Raises:
            DuplicateKey: two entries have the same row.
        """
        writer = self._open_writer()
        seen: set[int] = set()
        for entry in entries:
            if entry.row in seen:
                writer.rollback()
                raise DuplicateKey(f"row {entry.row} is named twice")
            seen.add(entry.row)
            document = tantivy.Document()
            document.add_unsigned("row", entry.row)
            document.add_text("words", entry.words)
            document.add_text("concepts", " ".join(entry.concepts))
            document.add_text("scope", " ".join(entry.scope))
            writer.add_document(document)
        if seen:
            self._commit()

    def remove(self, rows: Iterable[int]) -> None:
        """Take out rows that were added; each may be named once in the life of the index."""
        self._removed.update(rows)
        if len(self._removed) >= _PENDING_REMOVALS:
            self._commit()

    def flush(self) -> None:
        """Finish every pending change and background merge, so that the folder can be copied."""
        self._commit()
        if self._writer is not None:
            self._writer.wait_merging_threads()
            self._writer = None
            self._refresh()

    def frequencies(self, words: Iterable[str], *, field: str = "words") -> dict[str, int]:
        """Return in how many texts each word occurs; words that occur in none are left out."""
        searcher = self._searcher
        counted = ((word, searcher.doc_freq(field, word)) for word in words)
        return {word: count for word, count in counted if count}

    def inverse_frequency(self, frequency: int) -> float:
        """Return the weight BM25 gives to a word that occurs in so many texts."""
        return math.log1p((self._searcher.num_docs - frequency + 0.5) / (frequency + 0.5))

    def search(
        self,
        weights: Mapping[str, float],
        k: int,
        *,
        field: str = "words",
        scope: Sequence[str] = (),
        rows: Sequence[int] | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Find the texts with the best BM25 score.

        Args:
            weights: the words sought, each with the factor of its score, above 0.
            k: number wanted.
            field: `words` or `concepts`.
            scope: values that a text must have all of.
            rows: only these, if given; meant for a few thousand at most.

        Returns:
            At most k rows and their scores, best first; the order of equal scores is not promised.
        """
        searcher = self._searcher
        if not weights or k <= 0 or searcher.num_docs == 0:
            return np.empty(0, np.int64), np.empty(0, np.float64)
        query = self._query(weights, field=field, scope=scope, rows=rows)
        hits = searcher.search(query, min(k + len(self._removed), searcher.num_docs), count=False).hits
        found = np.array(searcher.fast_field_values("row", [address for _, address in hits]), np.int64)
        scores = np.array([score for score, _ in hits], np.float64)
        if self._removed:
            keep = ~np.isin(found, np.fromiter(self._removed, np.int64, len(self._removed)))
            found, scores = found[keep], scores[keep]
        return found[:k], scores[:k]

    def _query(
        self, weights: Mapping[str, float], *, field: str, scope: Sequence[str], rows: Sequence[int] | None
    ) -> tantivy.Query:
        option = "freq" if field == "words" else "basic"
        parts = []
        for word, weight in weights.items():
            term = tantivy.Query.term_query(self._schema, field, word, option)
            parts.append(
                (tantivy.Occur.Should, term if weight == 1.0 else tantivy.Query.boost_query(term, weight))
            )
        query = tantivy.Query.boolean_query(parts)
        limits = [tantivy.Query.term_query(self._schema, "scope", value, "basic") for value in scope]
        if rows is not None:
            limits.append(tantivy.Query.term_set_query(self._schema, "row", list(rows)))
        if not limits:
            return query
        silent = [(tantivy.Occur.Must, tantivy.Query.const_score_query(limit, 0.0)) for limit in limits]
        return tantivy.Query.boolean_query([(tantivy.Occur.Must, query), *silent])

    def _open_writer(self) -> tantivy.IndexWriter:
        if self._writer is None:
            # One thread, so that the same texts always make the same segments.
            self._writer = self._index.writer(heap_size=_WRITER_BYTES, num_threads=1)
        return self._writer

    def _commit(self) -> None:
        if self._writer is None and not self._removed:
            return
        writer = self._open_writer()
        if self._removed:
            # Not `delete_documents_by_term`: it takes the number for a signed one and finds nothing.
            gone = tantivy.Query.term_set_query(self._schema, "row", sorted(self._removed))
            writer.delete_documents_by_query(gone)
        writer.commit()
        self._refresh()
        self._removed.clear()  # last: a search that runs beside this must not see the rows again

    def _refresh(self) -> None:
        self._index.reload()
        self._searcher = self._index.searcher()
