"""txtai: its hybrid index of FAISS and its own BM25, joined by its convex combination."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from txtai import Embeddings

from bench.peers.prepared import Prepared
from bench.peers.system import System
from matching.types import Query

SETTINGS: dict[str, Any] = {
    "method": "external",
    "backend": "faiss",
    "content": False,
    "scoring": {
        "method": "bm25",
        "terms": True,
        "normalize": True,
        "tokenizer": {"whitespace": True, "lowercase": False},
    },
}
"""What `hybrid: true` means to txtai, with our vectors and words parted by blanks."""


class Peer(System):
    """See the module."""

    def parameters(self) -> dict[str, Any]:
        """See `System.parameters`."""
        return {
            "txtai": version("txtai"),
            "vectors": "its choice for FAISS: Flat up to 5,000, then IVF{4·√n},Flat, 1/16 of lists read",
            "words": "its BM25 over SQLite, tokens parted by blanks",
            "fusion": "its convex combination, half and half, scores normalised",
            "candidates": "100 of each (ten times the limit, its rule)",
        }

    def build(self, prepared: Prepared) -> None:
        """See `System.build`."""
        vectors, place = prepared.vectors(), 0

        def given(texts: Sequence[str]) -> NDArray[np.float32]:
            nonlocal place  # txtai asks for the vectors once, in the order of the listings
            place += len(texts)
            return np.array(vectors[place - len(texts) : place])

        embeddings = Embeddings(SETTINGS | {"transform": given})
        embeddings.index((key, text, None) for key, text in prepared.keys_and_words())
        if place != prepared.count:
            raise RuntimeError(f"txtai asked for {place} vectors, not {prepared.count}")
        embeddings.save(str(self.folder))
        embeddings.close()

    def open(self, prepared: Prepared) -> None:
        """See `System.open`."""
        self._asking = self.asking(prepared)
        self._asked: dict[str, NDArray[np.float32]] = {}

        def given(texts: Sequence[str]) -> NDArray[np.float32]:
            return np.stack([self._asked[text] for text in texts])

        self._embeddings = Embeddings()
        self._embeddings.load(str(self.folder), config={"transform": given})

    def ask(self, query: Query) -> list[str]:
        """See `System.ask`."""
        vector, words = self._asking(query)
        text = " ".join(words)
        self._asked[text] = vector
        return [key for key, _ in self._embeddings.search(text, query.k)]

    def close(self) -> None:
        """See `System.close`."""
        if hasattr(self, "_embeddings"):
            self._embeddings.close()
