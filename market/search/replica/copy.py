"""This process's own copy of the index under one encoder, and how it keeps up with the database.

The database is the truth. A copy may be thrown away at any time; a snapshot on disk makes the next
one cheap to start.
"""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Self

import structlog

from market.db import Database
from market.search import queries
from market.search.replica.carrying import Carrier
from matching.encoder import Encoder
from matching.engine import LocalEngine
from matching.errors import IndexDamaged, IndexMissing, ManifestMismatch
from matching.lexicon import Lexicon
from matching.reranker import Reranker
from matching.scoring import Weights
from matching.store import open_snapshot
from matching.types import Kind, Query, Ranking

log = structlog.get_logger()

REBUILD_BATCH = 100_000
"""Documents handed to the engine at once; it takes many apart in several processes, and few in one."""

WANTED_RECALL = 0.98
"""Of the ten nearest listings a search must find so many; less means that the index is to be rebuilt."""


class IndexCopy:
    """A copy of the index under one encoder, in this process.

    Args:
        database: where the truth is.
        encoder: whose vectors are searched.
        folder: where snapshots are kept; one sub-folder for each encoder.
        lexicon: concepts for synonym recall and reasons.
        reranker: reads the best candidates again; None does without.
        snapshot_every: applied changes after which a new snapshot is written.
    """

    def __init__(
        self,
        database: Database,
        encoder: Encoder,
        *,
        folder: Path,
        lexicon: Lexicon | None = None,
        reranker: Reranker | None = None,
        snapshot_every: int = 2000,
    ) -> None:
        self.encoder = encoder
        self._database = database
        self._lexicon = lexicon
        self._reranker = reranker
        self._snapshot = folder / re.sub(r"[^A-Za-z0-9._@-]", "_", encoder.key)
        self._snapshot_every = snapshot_every
        self._applying = threading.Lock()
        self._saving = threading.Lock()
        self._since_snapshot = 0
        self._seq = 0
        self._engine: LocalEngine | None = None
        self._carrier = Carrier(database, encoder)

    def open(self) -> Self:
        """Load the snapshot, or build from the database where there is none that fits.

        Vectors that are missing are made and stored first.
        """
        self._carrier.make_missing()
        with self._database.reading() as session:
            identity = queries.database_identity(session)
            last = queries.last_seq(session)
        try:
            engine = LocalEngine.load(
                self._snapshot, self.encoder, lexicon=self._lexicon, reranker=self._reranker
            )
        except IndexMissing:
            engine = None
        except (IndexDamaged, ManifestMismatch) as error:
            log.warning("index.snapshot_refused", reason=str(error))
            engine = None
        if engine is not None:
            seq = int(engine.labels.get("seq", "-1"))
            if engine.labels.get("database") == identity and 0 <= seq <= last:
                self._engine, self._seq = engine, seq
                return self
            log.warning("index.snapshot_refused", reason="it was made from another database")
            engine.close()
        self.rebuild()
        return self

    @property
    def engine(self) -> LocalEngine:
        """The engine, without catching up.

        Raises:
            RuntimeError: the copy was not opened.
        """
        if self._engine is None:
            raise RuntimeError("the index must be opened before it is used")
        return self._engine

    @property
    def seq(self) -> int:
        """The last change applied."""
        return self._seq

    def catch_up(self, last: int) -> None:
        """Apply all changes up to the last one committed, as the caller has just read it."""
        if last == self._seq:
            return
        with self._applying:
            while self._seq < last:
                self._apply_batch()
            if last < self._seq:
                # Another thread may have gone on since we looked; under the lock nobody does.
                with self._database.reading() as session:
                    last = queries.last_seq(session)
            went_back = last < self._seq
        if went_back:
            # The database went back in time, as after restoring a backup.
            log.warning("index.rebuilt", reason="the change log is shorter than the index")
            self.rebuild()
        if self._since_snapshot >= self._snapshot_every:
            threading.Thread(target=self.save_snapshot, name="index-snapshot", daemon=True).start()

    def _apply_batch(self) -> None:
        changes = self._carrier.apply_next(self.engine, self._seq)
        self._since_snapshot += len(changes.upserts) + len(changes.removals)
        self._seq = changes.seq

    def search(self, query: Query, *, weights: Weights | None = None) -> Ranking:
        """Rank, without catching up."""
        return self.engine.search(query, weights=weights)

    def counts(self) -> dict[Kind, int]:
        """Return the number of documents of each kind."""
        return {kind: self.engine.count(kind) for kind in Kind}

    def rebuild(self) -> int:
        """Build a new index from the database, take it into use and write its snapshot.

        Returns:
            The number of documents in it.
        """
        with self._applying:
            engine = LocalEngine(self.encoder, lexicon=self._lexicon, reranker=self._reranker)
            with self._database.reading() as session:
                # Read before the documents: what changes meanwhile is applied once more later.
                seq = queries.last_seq(session)
                key = self.encoder.key
                for batch in queries.stream_documents(session, encoder_key=key, batch=REBUILD_BATCH):
                    self._carrier.upsert(engine, batch)
            # The index replaced may still be answering; its files go when the last answer is given.
            self._engine, self._seq = engine, seq
        self.save_snapshot()
        return engine.count()

    def save_snapshot(self) -> None:
        """Write the present index beside the old snapshot and swap them; one writer at a time."""
        if not self._saving.acquire(blocking=False):
            return
        try:
            with self._applying:  # index and seq must belong together
                if self._engine is None:  # closed while this thread was on its way
                    return
                with self._database.reading() as session:
                    identity = queries.database_identity(session)
                self._snapshot.parent.mkdir(parents=True, exist_ok=True)
                self._engine.save(self._snapshot, labels={"database": identity, "seq": str(self._seq)})
                self._since_snapshot = 0
        finally:
            self._saving.release()

    def verify(self) -> list[str]:
        """Compare index and database, without catching up; read the snapshot whole.

        Returns:
            One Chinese line for each difference, for each kind of which a search overlooks too much, and for
            a damaged snapshot; empty when all is well.
        """
        differences = self._carrier.differences(self.engine)
        try:
            open_snapshot(self._snapshot, thorough=True)
        except IndexMissing:
            log.info("index.no_snapshot")
        except IndexDamaged as error:
            differences.append(f"快照已损坏：{error}")
        for kind in Kind:
            recall = self.engine.recall(kind)
            if recall is not None and recall < WANTED_RECALL:
                differences.append(
                    f"{kind.value}：近邻检索的前十名只找到 {recall:.1%}，应不低于 {WANTED_RECALL:.0%}"
                )
        return differences

    def close(self) -> None:
        """Release the index's files."""
        with self._applying:  # a snapshot must not be written from an engine already emptied
            if self._engine is not None:
                self._engine.close()
                self._engine = None
        self._carrier.close()
