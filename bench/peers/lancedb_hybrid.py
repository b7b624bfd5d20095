"""LanceDB: IVF_HNSW_SQ over vectors, its own full-text index, joined by its reciprocal rank fusion."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from itertools import islice
from typing import Any

import lancedb
import pyarrow as pa
from lancedb.index import FTS, HnswSq
from lancedb.rerankers import RRFReranker

from bench.peers.prepared import BATCH, Prepared
from bench.peers.system import CANDIDATES, System
from matching.types import Query

VECTORS = HnswSq(distance_type="cosine", num_partitions=1, m=20, ef_construction=300)
"""Its defaults for m and ef_construction; one partition, as its documentation advises for most tables."""

WORDS = FTS(
    base_tokenizer="whitespace",
    lower_case=False,
    stem=False,
    remove_stop_words=False,
    ascii_folding=False,
    with_position=False,
    num_workers=2,
)
EF = 150
"""One and a half times the candidates, its default."""


class Peer(System):
    """See the module."""

    def parameters(self) -> dict[str, Any]:
        """See `System.parameters`."""
        return {
            "lancedb": version("lancedb"),
            "vectors": "IVF_HNSW_SQ, cosine, 1 partition, m 20, ef_construction 300, ef 150",
            "words": "native full-text index (BM25), tokens parted by blanks",
            "fusion": "RRFReranker, k 60",
            "candidates": f"{CANDIDATES} of each",
        }

    def build(self, prepared: Prepared) -> None:
        """See `System.build`."""
        vectors = prepared.vectors()
        schema = pa.schema(
            {"key": pa.string(), "words": pa.string(), "vector": pa.list_(pa.float32(), vectors.shape[1])}
        )

        def batches() -> Iterator[pa.RecordBatch]:
            rows, first = prepared.keys_and_words(), 0
            while batch := list(islice(rows, BATCH)):
                flat = pa.array(vectors[first : first + len(batch)].ravel())
                columns = [
                    pa.array([key for key, _ in batch]),
                    pa.array([text for _, text in batch]),
                    pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1]),
                ]
                first += len(batch)
                yield pa.RecordBatch.from_arrays(columns, schema=schema)

        reader = pa.RecordBatchReader.from_batches(schema, batches())
        table = lancedb.connect(self.folder).create_table("listings", reader)
        table.create_index("vector", config=VECTORS)
        table.create_index("words", config=WORDS)
        table.optimize()

    def open(self, prepared: Prepared) -> None:
        """See `System.open`."""
        self._asking = self.asking(prepared)
        self._table = lancedb.connect(self.folder).open_table("listings")
        self._fusion = RRFReranker()

    def ask(self, query: Query) -> list[str]:
        """See `System.ask`."""
        vector, words = self._asking(query)
        search = self._table.search(query_type="hybrid", vector_column_name="vector", fts_columns="words")
        found = (
            search.vector(vector)
            .text(" ".join(words))
            .distance_type("cosine")
            .ef(EF)
            .limit(CANDIDATES)
            .select(["key"])
            .rerank(self._fusion)
            .to_arrow()
        )
        keys: list[str] = found["key"].to_pylist()[: query.k]
        return keys
