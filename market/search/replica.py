"""This process's copy of the index: it catches up with the database before every answer.

The database is the truth. A replica may be thrown away at any time; a snapshot on disk makes the
next one cheap to start.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

import numpy as np
import structlog

from market.db import Database
from market.errors import Unavailable
from market.search import queries
from market.search.service import lacks_vectors
from market.settings import Settings
from matching.encoder import Encoder, load_encoder
from matching.engine import LocalEngine
from matching.errors import IndexDamaged, IndexMissing, ManifestMismatch
from matching.lexicon import Lexicon
from matching.types import Kind, Query, Ranking

log = structlog.get_logger()


class VectorsMissing(Exception):
    """Stored vectors do not fit the chosen model; the message says what to run."""


@dataclass(frozen=True, slots=True)
class ReplicaStatus:
    """Where a replica stands.

    Attributes:
        encoder: key of the encoder.
        seq: last change applied.
        last_seq: last change committed.
        indexed: documents in the index, by kind.
        stored: documents in the database, by kind.
    """

    encoder: str
    seq: int
    last_seq: int
    indexed: dict[Kind, int]
    stored: dict[Kind, int]


class Replica:
    """A replica of the index.

    Args:
        database: where the truth is.
        encoder: the process's encoder; it must be the one whose vectors are stored.
        folder: where snapshots are kept; one sub-folder for each encoder.
        lexicon: concepts for synonym recall and reasons.
        snapshot_every: applied changes after which a new snapshot is written.
    """

    def __init__(
        self,
        database: Database,
        encoder: Encoder,
        *,
        folder: Path,
        lexicon: Lexicon | None = None,
        snapshot_every: int = 2000,
    ) -> None:
        self.encoder = encoder
        self._database = database
        self._lexicon = lexicon
        self._snapshot = folder / re.sub(r"[^A-Za-z0-9._@-]", "_", encoder.key)
        self._snapshot_every = snapshot_every
        self._applying = threading.Lock()
        self._saving = threading.Lock()
        self._since_snapshot = 0
        self._seq = 0
        self._engine: LocalEngine | None = None

    def open(self) -> Self:
        """Load the snapshot, or build from the database where there is none that fits.

        Raises:
            VectorsMissing: documents are stored without vectors of this encoder.
        """
        with self._database.reading() as session:
            if lacks_vectors(session, self.encoder.key):
                raise VectorsMissing(
                    f"库中的向量不是由模型 {self.encoder.key} 生成的：请运行 market index rebuild，"
                    "或将 MARKET_ENCODER 设为生成这些向量的模型。"
                )
            identity = queries.database_identity(session)
            last = queries.last_seq(session)
        try:
            engine = LocalEngine.load(self._snapshot, self.encoder, lexicon=self._lexicon)
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
            RuntimeError: the replica was not opened.
        """
        if self._engine is None:
            raise RuntimeError("the replica must be opened before it is used")
        return self._engine

    def search(self, query: Query) -> Ranking:
        """Catch up, then rank; what was withdrawn before the call is never in the answer."""
        self.catch_up()
        return self.engine.search(query)

    def catch_up(self) -> int:
        """Apply all changes committed before the call.

        Returns:
            The `seq` reached.

        Raises:
            Unavailable: `vectors-missing`: a document was stored with vectors of another model only.
        """
        with self._database.reading() as session:
            last = queries.last_seq(session)
        if last == self._seq:
            return self._seq
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
        return self._seq

    def _apply_batch(self) -> None:
        with self._database.reading() as session:
            changes = queries.changes_after(session, self._seq)
            found = queries.load_documents(session, changes.upserts, encoder_key=self.encoder.key)
            gone = set(changes.upserts) - {(document.kind, int(document.key)) for document, _ in found}
            if gone and lacks_vectors(session, self.encoder.key, among=gone):
                # Another process publishes with another model; going on would lose its listings silently.
                raise Unavailable(
                    "有条目的向量由另一模型生成，请统一 MARKET_ENCODER 后运行 market index rebuild。",
                    code="vectors-missing",
                )
        for kind in Kind:
            keys = [str(i) for k, i in (*changes.removals, *gone) if k is kind]
            if keys:
                self.engine.remove(kind, keys)
        if found:
            self.engine.upsert(
                [document for document, _ in found], vectors=np.stack([vector for _, vector in found])
            )
        self._since_snapshot += len(changes.upserts) + len(changes.removals)
        self._seq = changes.seq

    def rebuild(self) -> int:
        """Build a new index from the database, take it into use and write its snapshot.

        Returns:
            The number of documents in it.
        """
        with self._applying:
            engine = LocalEngine(self.encoder, lexicon=self._lexicon)
            with self._database.reading() as session:
                # Read before the documents: what changes meanwhile is applied once more later.
                seq = queries.last_seq(session)
                for batch in queries.stream_documents(session, encoder_key=self.encoder.key):
                    engine.upsert(
                        [document for document, _ in batch],
                        vectors=np.stack([vector for _, vector in batch]),
                    )
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

    def status(self) -> ReplicaStatus:
        """Return where this replica stands, without catching up."""
        with self._database.reading() as session:
            last = queries.last_seq(session)
            stored = queries.count_documents(session)
        indexed = {kind: self.engine.count(kind) for kind in Kind}
        return ReplicaStatus(self.encoder.key, self._seq, last, indexed, stored)

    def verify(self) -> list[str]:
        """Compare index and database after catching up.

        Returns:
            One Chinese line for each difference; empty when they agree.
        """
        self.catch_up()
        differences = []
        with self._database.reading() as session:
            for kind in Kind:
                stored = queries.record_ids(session, kind)
                indexed = {int(key) for key in self.engine.keys(kind)}
                differences += [f"{kind.value} {i}：索引中缺少" for i in sorted(stored - indexed)]
                differences += [f"{kind.value} {i}：不应被检索到" for i in sorted(indexed - stored)]
        return differences

    def close(self) -> None:
        """Release the index's files."""
        with self._applying:  # a snapshot must not be written from an engine already emptied
            if self._engine is not None:
                self._engine.close()
                self._engine = None


@cache
def _shipped_lexicon() -> Lexicon:
    """Return the shipped lexicon, read once per process: it never changes while one runs."""
    return Lexicon.load()


def open_encoder(settings: Settings) -> Encoder:
    """Load the model named in the settings, or the shipped one.

    Raises:
        EncoderMissing: it is not on this machine.
    """
    return load_encoder(settings.encoder)


def open_replica(settings: Settings, database: Database, encoder: Encoder) -> Replica:
    """Open this process's replica.

    Raises:
        VectorsMissing: the stored vectors were made with another model.
    """
    return make_replica(settings, database, encoder).open()


def make_replica(settings: Settings, database: Database, encoder: Encoder) -> Replica:
    """Return a replica yet to be opened or rebuilt, with snapshots under the settings' data folder."""
    return Replica(
        database,
        encoder,
        folder=settings.data_dir / "index",
        lexicon=_shipped_lexicon(),
        snapshot_every=settings.snapshot_every,
    )
