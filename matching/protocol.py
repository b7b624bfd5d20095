"""What every engine offers, wherever it keeps its documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from matching.scoring import Weights
from matching.types import Document, Kind, Query, Ranking


class Engine(Protocol):
    """Documents in, rankings with reasons out. Any number of threads may use one engine.

    `matching.engine.LocalEngine` keeps everything in its process, `matching.milvus.MilvusEngine` on a server
    that many processes share. The same documents get the same verdicts and parts of the same names from
    both; values that depend on how common a word is differ, since the server does not tell it.
    """

    def upsert(
        self,
        documents: Sequence[Document],
        *,
        vectors: NDArray[np.float32] | None = None,
        progress: bool = False,
    ) -> None:
        """Add documents, or replace those of the same kind and key; found by searches that begin afterwards.

        Args:
            documents: of any kinds.
            vectors: (n, dim) float32, rows L2-normalised, as the encoder made them; None encodes the texts.
            progress: show a bar on the error stream.

        Raises:
            DuplicateKey: two documents have the same kind and key; nothing was changed.
            DimensionMismatch, InvalidVector: the vectors are not what they should be.
        """
        ...

    def remove(self, kind: Kind, keys: Sequence[str]) -> None:
        """Take documents out; unknown keys are ignored, so that applying it twice does no harm."""
        ...

    def search(
        self, query: Query, *, vector: NDArray[np.float32] | None = None, weights: Weights | None = None
    ) -> Ranking:
        """Rank the documents of one kind; a question without text has an empty ranking.

        Args:
            query: what is sought.
            vector: (dim,) float32 of `query.text`, L2-normalised; None encodes it.
            weights: of the parts of a score, for this answer alone; None takes the engine's own.

        Raises:
            ValueError: `query.k` is not between 1 and 200.
            DimensionMismatch, InvalidVector: the vector is not what it should be.
        """
        ...

    def count(self, kind: Kind | None = None) -> int:
        """Return the number of documents, of one kind or of all."""
        ...

    def keys(self, kind: Kind) -> set[str]:
        """Return the keys of all documents of a kind."""
        ...

    def title(self, kind: Kind, key: str) -> str:
        """Return the raw title of a document.

        Raises:
            KeyError: there is no such document.
        """
        ...

    def close(self) -> None:
        """Give back what the engine holds in this process. Twice does no harm."""
        ...
