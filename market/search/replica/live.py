"""The index a process answers from, under the model the market runs on.

When the market switches to another model, the copy under the old one goes on answering until one
under the new model stands; then it is replaced in one step.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self

import structlog
from sqlalchemy.exc import SQLAlchemyError

from market.db import Database
from market.errors import Unavailable
from market.search import queries
from market.search.models import IndexEncoder
from market.search.replica.encoders import open_recorded
from matching.encoder import Encoder
from matching.protocol import Engine
from matching.scoring import Weights
from matching.types import Kind, Query, Ranking

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ReplicaStatus:
    """Where a replica stands.

    Attributes:
        encoder: key of its encoder.
        live: key of the encoder the market runs on; None where none is recorded.
        seq: last change applied.
        last_seq: last change committed.
        indexed: documents in the index, by kind.
        stored: documents in the database, by kind.
        vectors: vectors in the database, by key of their encoder.
    """

    encoder: str
    live: str | None
    seq: int
    last_seq: int
    indexed: dict[Kind, int]
    stored: dict[Kind, int]
    vectors: dict[str, int]


class Copy(Protocol):
    """The index under one encoder: in this process (`IndexCopy`) or on a server (`SharedCopy`)."""

    encoder: Encoder

    def open(self) -> Self:
        """Make ready for use."""
        ...

    @property
    def engine(self) -> Engine:
        """The engine, without catching up."""
        ...

    @property
    def seq(self) -> int:
        """The last change applied."""
        ...

    def catch_up(self, last: int) -> None:
        """Apply all changes up to the last one committed, as the caller has just read it."""
        ...

    def search(self, query: Query, *, weights: Weights | None = None) -> Ranking:
        """Rank, without catching up."""
        ...

    def counts(self) -> dict[Kind, int]:
        """Return the number of documents of each kind."""
        ...

    def rebuild(self) -> int:
        """Make the index anew from the database; return the number of documents in it."""
        ...

    def save_snapshot(self) -> None:
        """Write what makes the next start cheap."""
        ...

    def verify(self) -> list[str]:
        """Return one Chinese line for each difference from the database, without catching up."""
        ...

    def close(self) -> None:
        """Give back what the copy holds in this process."""
        ...


class Replica:
    """This process's replica of the index; any number of threads may use it.

    Where the documents are on a server, everything but closing may raise `Unavailable`.

    Args:
        database: where the truth is.
        encoder: the one the market runs on.
        make_copy: returns the index under an encoder, yet to be opened.
        load: opens the model that the database records after a switch; raises where it is not here.
    """

    def __init__(
        self,
        database: Database,
        encoder: Encoder,
        *,
        make_copy: Callable[[Encoder], Copy],
        load: Callable[[IndexEncoder], Encoder] = open_recorded,
    ) -> None:
        self._database = database
        self._make_copy = make_copy
        self._load = load
        self._copy = make_copy(encoder)
        self._guard = threading.Lock()  # over what follows, never held for long
        self._closed = False
        self._following: threading.Thread | None = None
        self._refused: str | None = None

    def open(self) -> Self:
        """Make the index ready; see the copies."""
        self._copy.open()
        return self

    @property
    def encoder(self) -> Encoder:
        """The encoder of the index that answers now; documents are written with it."""
        return self._copy.encoder

    @property
    def engine(self) -> Engine:
        """The engine, without catching up.

        Raises:
            RuntimeError: the replica was not opened.
        """
        return self._copy.engine

    def search(self, query: Query, *, weights: Weights | None = None) -> Ranking:
        """Catch up, then rank; what was withdrawn before the call is never in the answer.

        Args:
            query: what is sought.
            weights: of the parts of a score, for this answer; None takes the engine's own.
        """
        return self._caught_up().search(query, weights=weights)

    def catch_up(self) -> int:
        """Apply all changes committed before the call; notice a switch to another model.

        Returns:
            The `seq` reached.
        """
        return self._caught_up().seq

    def _caught_up(self) -> Copy:
        """Return a copy that has caught up; one replaced meanwhile is still a true one."""
        with self._database.reading() as session:
            head = queries.head(session)
        copy = self._copy
        if head.encoder not in (None, copy.encoder.key):
            self._follow(head.encoder)
        copy.catch_up(head.seq)
        return copy

    def _follow(self, key: str | None) -> None:
        """Begin to switch in the background, unless that is under way or was in vain."""
        with self._guard:
            busy = self._following is not None and self._following.is_alive()
            if busy or self._closed or key == self._refused:
                return
            self._following = threading.Thread(target=self._switch, name="index-switch", daemon=True)
            self._following.start()

    def _switch(self) -> None:
        """Open the model recorded and an index under it; then answer from that one."""
        try:
            with self._database.reading() as session:
                record = queries.recorded_encoder(session)
            if record is None or record.key == self.encoder.key:
                return
            log.info("index.switching", live=self.encoder.key, to=record.key)
            try:
                copy = self._make_copy(self._load(record)).open()
            except (SQLAlchemyError, Unavailable):
                raise
            except Exception as error:  # whatever it is, the old index must go on answering
                log.error("index.switch_failed", live=self.encoder.key, to=record.key, reason=str(error))
                self._refused = record.key
                return
            with self._database.reading() as session:
                last = queries.last_seq(session)
            copy.catch_up(last)
        except (SQLAlchemyError, Unavailable) as error:
            # The next question tries again. Its message may hold texts, so only its name is logged.
            log.warning("index.switch_interrupted", reason=type(error).__name__)
            return
        with self._guard:
            closed = self._closed
            if not closed:
                # The copy replaced may still be answering; its files go when the last answer is given.
                self._copy = copy
        if closed:
            copy.close()
        else:
            log.info("index.switched", live=copy.encoder.key)

    def rebuild(self) -> int:
        """Make the index anew from the database and take it into use.

        Returns:
            The number of documents in it.
        """
        return self._copy.rebuild()

    def save_snapshot(self) -> None:
        """Write what makes the next start cheap."""
        self._copy.save_snapshot()

    def status(self) -> ReplicaStatus:
        """Return where this replica stands, without catching up."""
        copy = self._copy
        with self._database.reading() as session:
            head = queries.head(session)
            stored = queries.count_documents(session)
            vectors = queries.count_vectors(session)
        return ReplicaStatus(
            copy.encoder.key, head.encoder, copy.seq, head.seq, copy.counts(), stored, vectors
        )

    def verify(self) -> list[str]:
        """Compare index and database after catching up.

        Returns:
            One Chinese line for each difference; empty when they agree.
        """
        return self._caught_up().verify()

    def close(self) -> None:
        """Close the index; a switch under way is waited for and comes to nothing."""
        with self._guard:
            self._closed = True
            following = self._following
        if following is not None:
            following.join()
        self._copy.close()
