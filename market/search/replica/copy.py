"""This process's own copy of the index under one encoder, and how it keeps up with the database.

The database is the truth. A copy may be thrown away at any time; a snapshot on disk makes the next
one cheap to start.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import structlog
from sqlalchemy.exc import SQLAlchemyError

from market.db import Database
from market.search import queries
from market.search.replica.carrying import Carrier
from market.search.replica.snapshots import Origin, Snapshots
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

RENEWED_AT_ONCE = 2_000
"""An index of so many documents is made anew in about a second, so whoever finds that it must be waits."""

WANTED_RECALL = 0.98
"""Of the ten nearest listings a search must find so many; less means that the index is to be rebuilt."""


@dataclass(frozen=True, slots=True)
class _Made:
    """An engine, how far it has followed the database, and what it was built from."""

    engine: LocalEngine
    seq: int
    origin: Origin


class IndexCopy:
    """A copy of the index under one encoder, in this process.

    When a record is to be forgotten, it is taken out as if it were withdrawn, and what the machine's disk
    holds from before is deleted; then an index in which it never was takes the place of this one.

    Args:
        database: where the truth is.
        encoder: whose vectors are searched.
        folder: where snapshots are kept; one sub-folder for each encoder.
        lexicon: concepts for synonym recall and reasons.
        reranker: reads the best candidates again; None does without.
        snapshot_every: applied changes after which a new snapshot is written.
        renewed_at_once: documents up to which an index is made anew within the question that finds it must
            be; a larger one is made anew in the background.
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
        renewed_at_once: int = RENEWED_AT_ONCE,
    ) -> None:
        self.encoder = encoder
        self._database = database
        self._lexicon = lexicon
        self._reranker = reranker
        self._snapshots = Snapshots(folder)
        self._snapshot = self._snapshots.place(encoder.key)
        self._snapshot_every = snapshot_every
        self._renewed_at_once = renewed_at_once
        self._building = threading.Lock()  # these three are taken in this order
        self._saving = threading.Lock()
        self._applying = threading.Lock()
        self._renewing: threading.Thread | None = None
        self._since_snapshot = 0
        self._seq = 0
        self._forgotten = 0  # the last change applied that was to forget
        self._origin: Origin | None = None
        self._engine: LocalEngine | None = None
        self._closed = False
        self._carrier = Carrier(database, encoder)

    def open(self) -> Self:
        """Load the snapshot, or build from the database where there is none that fits.

        Vectors that are missing are made and stored first.
        """
        self._carrier.make_missing()
        with self._database.reading() as session:
            last = queries.last_seq(session)
            origin = Origin.of(session)
        self._snapshots.drop_outdated(origin)
        saved = self._load(origin, last)
        if saved is None:
            self.rebuild()
        else:
            self._use(saved.engine, saved.seq, saved.origin, forgotten=saved.origin.forgotten)
        return self

    def _load(self, origin: Origin, last: int) -> _Made | None:
        """Open the snapshot if it was made from this database as it stands."""
        try:
            engine = LocalEngine.load(
                self._snapshot, self.encoder, lexicon=self._lexicon, reranker=self._reranker
            )
        except IndexMissing:
            return None
        except (IndexDamaged, ManifestMismatch) as error:
            log.warning("index.snapshot_refused", reason=str(error))
            return None
        seq = int(engine.labels.get("seq", "-1"))
        if origin.has(engine.labels) and 0 <= seq <= last:
            return _Made(engine, seq, origin)
        log.warning("index.snapshot_refused", reason="it was made from another database or another state")
        engine.close()
        return None

    def _use(self, engine: LocalEngine, seq: int, origin: Origin, *, forgotten: int) -> None:
        # The index replaced may still be answering; its files go when the last answer is given.
        self._engine, self._seq, self._origin, self._forgotten = engine, seq, origin, forgotten

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
        if last == self._seq and self._clean:
            return
        with self._applying:
            known = self._forgotten
            while self._seq < last:
                self._apply_batch()
            if last < self._seq:
                # Another thread may have gone on since we looked; under the lock nobody does.
                with self._database.reading() as session:
                    last = queries.last_seq(session)
            went_back = last < self._seq
            forgetting = self._forgotten != known
        if went_back:
            # The database went back in time, as after restoring a backup.
            log.warning("index.rebuilt", reason="the change log is shorter than the index")
            self.rebuild()
        if forgetting:
            with self._database.reading() as session:
                origin = Origin.of(session)
            self._snapshots.drop_outdated(origin)
        if not self._clean:
            self._renew_soon()
        if self._since_snapshot >= self._snapshot_every:
            threading.Thread(target=self.save_snapshot, name="index-snapshot", daemon=True).start()

    def _apply_batch(self) -> None:
        changes = self._carrier.apply_next(self.engine, self._seq)
        self._since_snapshot += len(changes.upserts) + len(changes.removals)
        self._forgotten = changes.last_forgotten or self._forgotten
        self._seq = changes.seq

    @property
    def _clean(self) -> bool:
        """Whether no record that is to be forgotten was there when this index was built."""
        return self._origin is None or self._origin.forgotten == self._forgotten

    def _renew_soon(self) -> None:
        """Replace this index by one in which nothing that is to be forgotten ever was.

        Until that is done no such record is found, but traces of it are in memory.
        """
        if self.engine.count() <= self._renewed_at_once:
            self._renew()
        elif self._renewing is None or not self._renewing.is_alive():
            self._renewing = threading.Thread(target=self._renew_quietly, name="index-renewal", daemon=True)
            self._renewing.start()

    def _renew_quietly(self) -> None:
        try:
            self._renew()
        except (SQLAlchemyError, OSError) as error:
            # The next question tries again. Its message may hold texts, so only its name is logged.
            log.warning("index.renewal_failed", reason=type(error).__name__)

    def _renew(self) -> None:
        with self._building, self._snapshots.building(self.encoder.key):
            while not self._clean and not self._closed:
                with self._database.reading() as session:
                    last = queries.last_seq(session)
                    origin = Origin.of(session)
                self._snapshots.drop_outdated(origin)
                made = self._load(origin, last)  # another process of this machine may have been quicker
                self._take_over(made or self._build())
                if made is None:
                    self._save(wait=True)

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
        with self._building:
            made = self._build()
            self._take_over(made)
            self._save(wait=True)
            self._snapshots.drop_outdated(made.origin)
        return made.engine.count()

    def _build(self) -> _Made:
        """Build an index from the database while others go on using the present one."""
        engine = LocalEngine(self.encoder, lexicon=self._lexicon, reranker=self._reranker)
        with self._database.reading() as session:
            # In this order, and before the documents: what changes meanwhile is applied once more later, and
            # no change that is to forget can be behind us without the origin naming it.
            seq = queries.last_seq(session)
            origin = Origin.of(session)
            key = self.encoder.key
            for batch in queries.stream_documents(session, encoder_key=key, batch=REBUILD_BATCH):
                self._carrier.upsert(engine, batch)
        return _Made(engine, seq, origin)

    def _take_over(self, made: _Made) -> None:
        """Bring an index up to date and use it from now on; nobody is shown what the present one has lost."""
        engine, seq, forgotten = made.engine, made.seq, made.origin.forgotten
        with self._applying:
            if self._closed:
                engine.close()
                return
            with self._database.reading() as session:
                last = queries.last_seq(session)
            while seq < last:
                changes = self._carrier.apply_next(engine, seq)
                seq, forgotten = changes.seq, changes.last_forgotten or forgotten
            self._use(engine, seq, made.origin, forgotten=forgotten)

    def save_snapshot(self) -> None:
        """Write the present index beside the old snapshot and swap them; one writer at a time.

        Nothing is written from an index that was built before a record was forgotten.
        """
        self._save(wait=False)

    def _save(self, *, wait: bool) -> None:
        if not self._saving.acquire(blocking=wait):
            return
        try:
            with self._applying:  # index and seq must belong together
                if self._engine is None or self._origin is None:  # closed while this thread was on its way
                    return
                if self._outdated(self._origin):
                    log.info("index.not_saved", seq=self._seq)
                    return
                self._engine.save(self._snapshot, labels=self._origin.labels(self._seq))
                self._since_snapshot = 0
                origin = self._origin
            if self._outdated(origin):  # a record was forgotten while it was written
                with self._database.reading() as session:
                    origin = Origin.of(session)
                self._snapshots.drop_outdated(origin)
        finally:
            self._saving.release()

    def _outdated(self, origin: Origin) -> bool:
        with self._database.reading() as session:
            return origin != Origin.of(session)

    def verify(self) -> list[str]:
        """Compare index and database, without catching up; read the snapshot whole.

        Returns:
            One Chinese line for each difference, for each kind of which a search overlooks too much, for a
            damaged snapshot, and for what may hold a record that was forgotten; empty when all is well.
        """
        differences = self._carrier.differences(self.engine, titles=True)
        with self._database.reading() as session:
            origin = Origin.of(session)
        differences += [
            f"快照 {folder.name} 早于最近一次抹去，应已删除" for folder in self._snapshots.outdated(origin)
        ]
        if not self._clean:
            differences.append("有条目被抹去，索引正在重建，尚未完成")
        try:
            open_snapshot(self._snapshot, thorough=True)
        except IndexMissing:
            log.info("index.no_snapshot")
        except (IndexDamaged, ManifestMismatch) as error:
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
            self._closed = True
            if self._engine is not None:
                self._engine.close()
                self._engine = None
        if self._renewing is not None:
            self._renewing.join()
        self._carrier.close()
