"""Carrying documents and changes from the database into an engine, the same for every copy."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import structlog
from numpy.typing import NDArray
from sqlalchemy.exc import SQLAlchemyError

from market.db import Database
from market.search import queries
from market.search.service import encode_missing, store_vectors
from matching.encoder import Encoder
from matching.protocol import Engine
from matching.types import Document, Kind

log = structlog.get_logger()


class Carrier:
    """Carries documents with the vectors of one encoder; one thread at a time into the same engine.

    A document that another model's process wrote has no vector of this encoder; the carrier makes it,
    and has it stored for others in the background: the caller may be inside a transaction of its own.
    """

    def __init__(self, database: Database, encoder: Encoder) -> None:
        self._database = database
        self._encoder = encoder
        self._guard = threading.Lock()  # over what follows
        self._storing: list[threading.Thread] = []

    def make_missing(self) -> None:
        """Make and store the vectors that documents lack, before a copy is used."""
        made = encode_missing(self._database, self._encoder)
        if made:
            log.warning("index.vectors_made", encoder=self._encoder.key, count=made)

    def apply_next(self, engine: Engine, seq: int) -> queries.Changes:
        """Apply the next batch of changes after `seq`; return them."""
        with self._database.reading() as session:
            changes = queries.changes_after(session, seq)
            found = queries.load_documents(session, changes.upserts, encoder_key=self._encoder.key)
        gone = set(changes.upserts) - {(document.kind, int(document.key)) for document, _ in found}
        for kind in Kind:
            keys = [str(i) for k, i in (*changes.removals, *gone) if k is kind]
            if keys:
                engine.remove(kind, keys)
        if found:
            self.upsert(engine, found)
        return changes

    def upsert(self, engine: Engine, found: Sequence[queries.Found]) -> None:
        """Put documents into an engine, after making the vectors that are missing."""
        engine.upsert([document for document, _ in found], vectors=self._vectors(found))

    def _vectors(self, found: Sequence[queries.Found]) -> NDArray[np.float32]:
        lacking = [document for document, vector in found if vector is None]
        if not lacking:
            return np.stack([vector for _, vector in found if vector is not None])
        made = self._encoder.encode([document.text for document in lacking])
        storing = threading.Thread(
            target=self._store, args=(lacking, made), name="index-vectors", daemon=True
        )
        with self._guard:
            storing.start()
            self._storing = [*(thread for thread in self._storing if thread.is_alive()), storing]
        rest = iter(made)
        return np.stack([next(rest) if vector is None else vector for _, vector in found])

    def _store(self, documents: Sequence[Document], vectors: NDArray[np.float32]) -> None:
        try:
            with self._database.transaction() as session:
                store_vectors(session, self._encoder.key, documents, vectors)
        except SQLAlchemyError as error:
            # Searches do not need them; the next process that opens the index makes them again.
            log.warning("index.vectors_not_stored", count=len(documents), reason=type(error).__name__)

    def differences(self, engine: Engine, *, titles: bool = False) -> list[str]:
        """Compare an engine with the database.

        Args:
            engine: which.
            titles: the title of each document too; a server would have to be asked for one after the other.

        Returns:
            One Chinese line for each difference; empty when they agree.
        """
        differences = []
        with self._database.reading() as session:
            for kind in Kind:
                stored = queries.record_ids(session, kind)
                indexed = {int(key) for key in engine.keys(kind)}
                differences += [f"{kind.value} {i}：索引中缺少" for i in sorted(stored - indexed)]
                differences += [f"{kind.value} {i}：不应被检索到" for i in sorted(indexed - stored)]
                known = queries.titles(session, kind) if titles else {}
                differences += [
                    f"{kind.value} {i}：索引中的标题与数据库不同"
                    for i in sorted(stored & indexed & known.keys())
                    if engine.title(kind, str(i)) != known[i]
                ]
        return differences

    def close(self) -> None:
        """Wait until all vectors are stored."""
        with self._guard:
            storing = self._storing
        for thread in storing:
            thread.join()
