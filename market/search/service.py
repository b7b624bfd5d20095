"""Recording what may be found, in the transaction of the deed that decides it; and its vectors.

Each change adds a row to `listing_changes`, so that every replica hears of it, and keeps the
document with the vector of the process that writes. A process with another model makes its own
vector when it meets the document, so two models may be in use for as long as a switch takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, insert, select, tuple_
from sqlalchemy.orm import Session

from market.db import AdvisoryLock, Database, advisory_lock
from market.search import queries
from market.search.models import (
    IndexEncoder,
    ListingChange,
    ListingVector,
    Operation,
    SearchDocument,
    vector_digest,
)
from matching.encoder import Encoder
from matching.types import Document, Kind

ENCODE_BATCH = 256
"""Documents encoded between two transactions; some seconds' work for a transformer on one core."""

DELETE_BATCH = 1000
"""Records named in one statement."""


def put_document(session: Session, encoder: Encoder, document: Document, *, now: datetime) -> None:
    """Make a record findable, or change what is found of it; see `put_documents`."""
    put_documents(session, encoder, [document], now=now)


def put_documents(
    session: Session, encoder: Encoder, documents: Iterable[Document], *, now: datetime
) -> None:
    """Make records findable, or change what is found of them.

    Args:
        session: the transaction of the deed.
        encoder: the process's encoder; the vectors are stored under its key.
        documents: of any kinds; their keys are the records' ids in decimal. A record that is named more
            than once is taken as it is named last.
        now: present time.
    """
    named = {(document.kind, int(document.key)): document for document in documents}
    if not named:
        return
    # Before the log is held, on which all who publish wait.
    vectors = encoder.encode([document.text for document in named.values()])
    _log(session, list(named), Operation.UPSERT, now=now)
    # With the vectors of other encoders, which may describe an old text: whoever needs them makes them anew.
    _delete(session, list(named))
    texts = [
        {
            "kind": kind,
            "record_id": record_id,
            "title": document.title,
            "body": document.body,
            "facets": document.facets.to_json(),
        }
        for (kind, record_id), document in named.items()
    ]
    session.execute(insert(SearchDocument), texts)
    session.execute(insert(ListingVector), _vector_rows(encoder.key, list(named.values()), vectors))


def remove_document(session: Session, kind: Kind, record_id: int, *, now: datetime) -> None:
    """Make a record unfindable; removing it twice does no harm."""
    remove_documents(session, kind, [record_id], now=now)


def remove_documents(session: Session, kind: Kind, record_ids: Iterable[int], *, now: datetime) -> None:
    """Make records of one kind unfindable; removing them twice does no harm."""
    _take_out(session, kind, record_ids, Operation.REMOVE, now=now)


def forget_document(session: Session, kind: Kind, record_id: int, *, now: datetime) -> None:
    """Make a record unfindable and have every trace of its text thrown away, in memory and on disk.

    Every process that hears of it drops the snapshots built before, also those from which the record had
    been removed already, and builds its index anew. So it is worth calling for a record that cannot be found
    any more. What it does not reach is said in docs/decisions/0005-change-log-and-replicas.md.

    Args:
        session: the transaction of the deed; after its commit call `market.search.access.index_forgot` or
            the replica's `catch_up`, so that this machine does not wait for the next question.
        kind: of the record.
        record_id: its id.
        now: present time.
    """
    _take_out(session, kind, [record_id], Operation.FORGET, now=now)


def _take_out(
    session: Session, kind: Kind, record_ids: Iterable[int], operation: Operation, *, now: datetime
) -> None:
    records = [(kind, record_id) for record_id in dict.fromkeys(record_ids)]
    if records:
        _log(session, records, operation, now=now)
        _delete(session, records)


def _log(
    session: Session, records: Sequence[tuple[Kind, int]], operation: Operation, *, now: datetime
) -> None:
    # Without it a lower seq could commit after a higher one, and a replica that has
    # already seen the higher one would never apply the lower.
    hold_change_log(session)
    change = {"operation": operation, "at": now}
    rows = [{"kind": kind, "record_id": record_id, **change} for kind, record_id in records]
    session.execute(insert(ListingChange), rows)  # draws the seq while the lock is held


def _delete(session: Session, records: Sequence[tuple[Kind, int]]) -> None:
    """Delete documents and all their vectors."""
    for start in range(0, len(records), DELETE_BATCH):
        by_kind: dict[Kind, list[int]] = {}
        for kind, record_id in records[start : start + DELETE_BATCH]:
            by_kind.setdefault(kind, []).append(record_id)
        for model in (SearchDocument, ListingVector):
            for kind, ids in by_kind.items():
                session.execute(delete(model).where(model.kind == kind, model.record_id.in_(ids)))


def hold_change_log(session: Session) -> None:
    """Keep everybody else from changing what may be found until this transaction ends."""
    advisory_lock(session, AdvisoryLock.CHANGE_LOG)


def store_vectors(
    session: Session, encoder_key: str, documents: Sequence[Document], vectors: NDArray[np.float32]
) -> int:
    """Store vectors made outside of the transaction that wrote the documents.

    A document that is gone or has another text by now is passed over, and so is one that has a
    vector of this encoder.

    Args:
        session: a writing transaction; it holds the change log afterwards.
        encoder_key: of the encoder that made the vectors.
        documents: what was encoded.
        vectors: (n, dim) float32, in the order of `documents`.

    Returns:
        The number of vectors stored.
    """
    hold_change_log(session)
    records = [(document.kind, int(document.key)) for document in documents]
    lacking = {
        (one.kind, one.key): one.text for one in queries.lacking_vectors(session, encoder_key, among=records)
    }
    kept = [
        number
        for number, document in enumerate(documents)
        if lacking.get((document.kind, document.key)) == document.text
    ]
    if kept:
        rows = _vector_rows(encoder_key, [documents[number] for number in kept], vectors[kept])
        session.execute(insert(ListingVector), rows)
    return len(kept)


def _vector_rows(
    encoder_key: str, documents: Sequence[Document], vectors: NDArray[np.float32]
) -> list[dict[str, Any]]:
    rows = []
    for document, vector in zip(documents, vectors, strict=True):
        stored = vector_bytes(vector)
        rows.append(
            {
                "kind": document.kind,
                "record_id": int(document.key),
                "encoder": encoder_key,
                "vector": stored,
                "digest": vector_digest(document.text, stored),
            }
        )
    return rows


def encode_missing(
    database: Database,
    encoder: Encoder,
    *,
    batch: int = ENCODE_BATCH,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Store vectors of this encoder for every document that has none, beside those of others.

    Every batch is a transaction of its own: what is stored stays when the work is interrupted, and
    the next call goes on with what is missing. Nothing is locked while the model works.

    Args:
        database: where the documents are.
        encoder: whose vectors are wanted.
        batch: documents encoded at once.
        progress: called with the number of vectors stored by each batch.

    Returns:
        The number of vectors stored.
    """
    done = 0
    after: tuple[Kind, int] | None = None
    while True:
        with database.reading() as session:
            documents = queries.lacking_vectors(session, encoder.key, after=after, limit=batch)
        if not documents:
            if after is None:
                return done
            after = None  # once more from the beginning, for what was written meanwhile
            continue
        vectors = encoder.encode([document.text for document in documents])
        with database.transaction() as session:
            stored = store_vectors(session, encoder.key, documents, vectors)
        after = (documents[-1].kind, int(documents[-1].key))
        done += stored
        if progress is not None:
            progress(stored)


def record_encoder(session: Session, record: IndexEncoder) -> IndexEncoder:
    """Record the model a market runs on, unless one is recorded.

    Returns:
        The model recorded: the one given, or that of a process that came first.
    """
    hold_change_log(session)
    present = queries.recorded_encoder(session)
    if present is not None:
        return present
    session.add(record)
    return record


def switch_encoder(session: Session, encoder: Encoder, record: IndexEncoder) -> int:
    """Make the market run on another model, all at once.

    Everything has a vector of the model when the transaction commits: what was written since the
    last pass of `encode_missing` is encoded here, while nobody can write.

    Args:
        session: a writing transaction.
        encoder: the new model.
        record: how other processes open it.

    Returns:
        The number of vectors stored.
    """
    hold_change_log(session)
    done = 0
    while documents := queries.lacking_vectors(session, encoder.key, limit=ENCODE_BATCH):
        vectors = encoder.encode([document.text for document in documents])
        done += store_vectors(session, encoder.key, documents, vectors)
    session.merge(record)
    return done


def drop_other_vectors(database: Database, *, batch: int = 2000) -> int:
    """Delete all vectors but those of the model recorded, in small transactions.

    Returns:
        The number of vectors deleted; 0 where no model is recorded.
    """
    dropped = 0
    while True:
        with database.transaction() as session:
            record = queries.recorded_encoder(session)
            if record is None:
                return dropped
            name = (ListingVector.kind, ListingVector.record_id, ListingVector.encoder)
            some = select(*name).where(ListingVector.encoder != record.key).limit(batch)
            rows = session.execute(some).all()
            if not rows:
                return dropped
            session.execute(delete(ListingVector).where(tuple_(*name).in_(rows)))
        dropped += len(rows)


def vector_bytes(vector: NDArray[Any]) -> bytes:
    """Return a vector as little-endian float32 bytes."""
    return np.ascontiguousarray(vector, dtype="<f4").tobytes()
