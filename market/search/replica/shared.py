"""The index on a Milvus server that all processes of a market share.

The database is the truth here as well. The server remembers the last change applied (its label `seq`);
whichever process needs a later one carries it there, while an advisory lock of PostgreSQL keeps the
others waiting.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from time import monotonic
from typing import Final, Self

import structlog
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from market.db import AdvisoryLock, Database, advisory_lock
from market.errors import Unavailable
from market.search import queries
from market.search.replica.carrying import Carrier
from matching.encoder import Encoder
from matching.milvus import SCHEMA, EngineUnavailable, MilvusEngine
from matching.scoring import Weights
from matching.text import NORMALISATION_VERSION
from matching.types import Kind, Query, Ranking

log = structlog.get_logger()

BATCH: Final = 500
"""Documents put in while the lock is held, when everything is put in anew beside a running market."""

_SEQ: Final = "seq"
_PLACE: Final = """
    SELECT system_identifier, oid FROM pg_control_system(), pg_database WHERE datname = current_database()
"""
_LOCK_NOT_AVAILABLE: Final = "55P03"


def collections_of(database: Database, prefix: str) -> str:
    """Return what all collections of one market begin with, whatever their model.

    Two markets may share a server. A database that was copied or restored elsewhere is another market: what
    the server says of the original's change log does not hold for it.
    """
    with database.reading() as session:
        identity = queries.database_identity(session)
        place = session.execute(text(_PLACE)).one()
    return f"{prefix}_{_digest(identity, *map(str, place))}_"


def collections_under(database: Database, prefix: str, *, encoder_key: str, lexicon_version: str) -> str:
    """Return the prefix of one market's collections under one model.

    Models have collections of their own, so that the old ones answer until the new ones stand; and so have
    programs that store other columns.
    """
    made_with = (encoder_key, lexicon_version, NORMALISATION_VERSION, SCHEMA)
    return collections_of(database, prefix) + _digest(*made_with)


class SharedCopy:
    """The index under one encoder, on a server.

    The connection is made when it is first needed: in the worker process, not in one that forks, and a
    market whose server is away still starts. Whatever the server does not do is `Unavailable`; then the
    connection is given up, and the next call makes a new one and asks the server again how far it is.

    Args:
        database: where the truth is; PostgreSQL.
        encoder: whose vectors are searched.
        connect: returns the engine whose collections have this prefix.
        remove_everywhere: takes documents out of all collections whose names begin so, those of other models
            included; None where there are no others.
        prefix: of all the market's collections; see `collections_under`.
        lexicon_version: of the lexicon that `connect` gives the engine.
        wait: seconds a question waits for others to finish writing.
        pause: seconds without a new attempt, after a connection could not be made.
    """

    def __init__(
        self,
        database: Database,
        encoder: Encoder,
        *,
        connect: Callable[[str], MilvusEngine],
        remove_everywhere: Callable[[str, Kind, Sequence[str]], None] | None = None,
        prefix: str,
        lexicon_version: str,
        wait: float = 20.0,
        pause: float = 5.0,
    ) -> None:
        self.encoder = encoder
        self._database = database
        self._connect = connect
        self._remove_everywhere = remove_everywhere
        self._prefix = prefix
        self._lexicon_version = lexicon_version
        self._wait = wait
        self._pause = pause
        self._carrier = Carrier(database, encoder)
        self._lock_key = int(_digest(encoder.key, lexicon_version), 16) - 2**31  # 32 bits with a sign
        self._applying = threading.Lock()
        self._connecting = threading.Lock()  # over what follows
        self._engine: MilvusEngine | None = None
        self._seq: int | None = None
        self._not_before = 0.0
        self._closed = False

    def open(self) -> Self:
        """Make and store the vectors that are missing; the server is not asked yet."""
        self._carrier.make_missing()
        return self

    @property
    def engine(self) -> MilvusEngine:
        """The engine, without catching up.

        Raises:
            EngineUnavailable: the server cannot be reached; for some seconds afterwards `Unavailable`.
            RuntimeError: the copy is closed.
        """
        with self._connecting:
            if self._closed:
                raise RuntimeError("the index must be opened before it is used")
            if self._engine is None:
                if monotonic() < self._not_before:
                    raise unavailable()
                try:
                    self._engine = self._connect(self._collections())
                except EngineUnavailable:
                    self._not_before = monotonic() + self._pause
                    raise
            return self._engine

    def _collections(self) -> str:
        return collections_under(
            self._database, self._prefix, encoder_key=self.encoder.key, lexicon_version=self._lexicon_version
        )

    @property
    def seq(self) -> int:
        """The last change applied, by whichever process; 0 where nothing has been put in yet.

        Raises:
            Unavailable: the server did not answer.
        """
        with self._asking():
            return _applied(self.engine) or 0

    def catch_up(self, last: int) -> None:
        """See to it that all changes up to the last one committed are on the server.

        Raises:
            Unavailable: the server did not do it, or others have been writing to it for too long.
        """
        if last == self._seq:
            return
        with self._asking(), self._alone(self._wait):
            self._bring_up_to_date(self.engine)

    def _bring_up_to_date(self, engine: MilvusEngine) -> bool:
        """Apply all changes, under the lock; return whether everything had to be put in anew."""
        with self._database.reading() as session:
            last = queries.last_seq(session)
        seq = _applied(engine)
        anew = False
        if seq is None or seq > last:
            # Nothing was ever put in, or the database went back in time, as after restoring a backup.
            anew = True
            log.warning("index.filling", encoder=self.encoder.key, seq=seq, last_seq=last)
            self._put_all(engine, nullcontext)
            seq = last
            engine.set_labels({_SEQ: str(seq)})
        while seq < last:
            changes = self._carrier.apply_next(engine, seq)
            self._forget(changes.forgotten)
            seq = changes.seq
            engine.set_labels({_SEQ: str(seq)})
        self._seq = seq
        return anew

    def _forget(self, records: Sequence[tuple[Kind, int]]) -> None:
        """Take records out of the collections of other models too, which nobody may ever ask again."""
        if not records or self._remove_everywhere is None:
            return
        begin = collections_of(self._database, self._prefix)
        for kind in dict.fromkeys(kind for kind, _ in records):
            ids = {record_id for one, record_id in records if one is kind}
            with self._database.reading() as session:
                ids -= queries.findable(session, kind, sorted(ids))  # came back, and others may know it
            if ids:
                self._remove_everywhere(begin, kind, [str(record_id) for record_id in sorted(ids)])

    def _put_all(self, engine: MilvusEngine, alone: Callable[[], AbstractContextManager[None]]) -> None:
        """Put all documents in and take all others out.

        Args:
            engine: where.
            alone: holds the lock during one step, unless the caller holds it. What is read in a step is
                written in it, so no step undoes what others write between two steps.
        """
        with self._database.reading() as session:
            batches = queries.stream_documents(session, encoder_key=self.encoder.key, batch=BATCH)
            more = True
            while more:
                with alone():
                    batch = next(batches, None)
                    if batch is not None:
                        self._carrier.upsert(engine, batch)
                more = batch is not None
            for kind in Kind:
                with alone():
                    stored = {str(record_id) for record_id in queries.record_ids(session, kind)}
                    engine.remove(kind, sorted(engine.keys(kind) - stored))

    def search(self, query: Query, *, weights: Weights | None = None) -> Ranking:
        """Rank, without catching up; what has been withdrawn meanwhile is left out.

        Raises:
            Unavailable: the server did not answer.
        """
        with self._asking():
            ranking = self.engine.search(query, weights=weights)
        # A write that the server was slow to do may come after the removal that followed it.
        with self._database.reading() as session:
            findable = queries.findable(session, query.kind, [int(hit.key) for hit in ranking.hits])
        hits = [hit for hit in ranking.hits if int(hit.key) in findable]
        return replace(ranking, hits=tuple(replace(hit, rank=rank) for rank, hit in enumerate(hits, start=1)))

    def counts(self) -> dict[Kind, int]:
        """Return the number of documents of each kind.

        Raises:
            Unavailable: the server did not answer.
        """
        with self._asking():
            return {kind: self.engine.count(kind) for kind in Kind}

    def rebuild(self) -> int:
        """Put all documents in again and take out what does not belong there.

        Others go on searching and publishing meanwhile, unless nothing had been put in before.

        Returns:
            The number of documents on the server.

        Raises:
            Unavailable: the server did not do it; what was done stays done.
        """
        with self._asking():
            engine = self.engine
            with self._alone():
                anew = self._bring_up_to_date(engine)
            if not anew:
                self._put_all(engine, self._alone)
            return engine.count()

    def save_snapshot(self) -> None:
        """Do nothing: the server keeps everything."""

    def verify(self) -> list[str]:
        """Compare server and database, while no other process writes to the server.

        Returns:
            One Chinese line for each difference; empty when they agree.

        Raises:
            Unavailable: the server did not answer.
        """
        with self._asking(), self._alone():
            return self._carrier.differences(self.engine)

    def close(self) -> None:
        """Give the connection back; the documents stay on the server."""
        with self._applying, self._connecting:
            self._closed = True
            if self._engine is not None:
                self._engine.close()
                self._engine = None
        self._carrier.close()

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Turn the server's failures into `Unavailable`, and begin afresh after one."""
        try:
            yield
        except EngineUnavailable as error:
            # The message may hold the question's filter, so only its code is logged.
            log.warning("index.engine_unavailable", code=error.code)
            with self._connecting:
                # Not closed: other threads may be using it.
                self._engine = self._seq = None
            raise unavailable() from error

    @contextmanager
    def _alone(self, wait: float | None = None) -> Iterator[None]:
        """Keep all others, threads and processes, from writing to the server under this model.

        Args:
            wait: seconds; None waits as long as it takes.
        """
        if not self._applying.acquire(timeout=-1 if wait is None else wait):
            raise _busy()
        try:
            with self._database.engine.begin() as connection:
                if wait is not None:
                    connection.execute(text(f"SET LOCAL lock_timeout = {int(wait * 1000)}"))
                try:
                    advisory_lock(connection, AdvisoryLock.SHARED_INDEX, self._lock_key)
                except OperationalError as error:
                    if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
                        raise _busy() from error
                    raise
                yield
        finally:
            self._applying.release()


def _applied(engine: MilvusEngine) -> int | None:
    label = engine.labels.get(_SEQ)
    return None if label is None else int(label)


def _digest(*names: str) -> str:
    return hashlib.sha256("|".join(names).encode()).hexdigest()[:8]


def unavailable() -> Unavailable:
    """Return the error for a server that did not do what it was asked."""
    return Unavailable("检索服务暂不可用，请稍后再试。", code="engine-unavailable")


def _busy() -> Unavailable:
    return Unavailable("检索服务正在更新，请稍后再试。", code="engine-unavailable")
