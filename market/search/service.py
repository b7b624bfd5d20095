"""Recording what may be found, in the transaction of the deed that decides it.

Each change adds a row to `listing_changes`, so that every replica hears of it, and keeps the
document with its vector, so that no replica ever has to encode anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, delete, select, text, tuple_
from sqlalchemy.orm import Session

from market.search.models import ListingChange, ListingVector, Operation, SearchDocument
from matching.encoder import Encoder
from matching.types import Document, Kind

CHANGE_LOG_LOCK = 7_340_021
"""Key of the advisory lock under which a `seq` is drawn on PostgreSQL."""


def put_document(session: Session, encoder: Encoder, document: Document, *, now: datetime) -> None:
    """Make a record findable, or change what is found of it.

    Args:
        session: the transaction of the deed.
        encoder: the process's encoder; the vector is stored under its key.
        document: its key is the record's id in decimal.
        now: present time.
    """
    record_id = int(document.key)
    _log(session, document.kind, record_id, Operation.UPSERT, now=now)
    session.merge(
        SearchDocument(
            kind=document.kind,
            record_id=record_id,
            title=document.title,
            body=document.body,
            facets=document.facets.to_json(),
        )
    )
    # Vectors of another encoder would describe the old text.
    session.execute(
        delete(ListingVector).where(ListingVector.kind == document.kind, ListingVector.record_id == record_id)
    )
    vector = encoder.encode([document.text])[0]
    session.add(
        ListingVector(
            kind=document.kind, record_id=record_id, encoder=encoder.key, vector=vector_bytes(vector)
        )
    )


def remove_document(session: Session, kind: Kind, record_id: int, *, now: datetime) -> None:
    """Make a record unfindable; removing it twice does no harm."""
    _log(session, kind, record_id, Operation.REMOVE, now=now)
    for model in (SearchDocument, ListingVector):
        session.execute(delete(model).where(model.kind == kind, model.record_id == record_id))


def _log(session: Session, kind: Kind, record_id: int, operation: Operation, *, now: datetime) -> None:
    if session.get_bind().dialect.name == "postgresql":
        # Without it a lower seq could commit after a higher one, and a replica that has
        # already seen the higher one would never apply the lower.
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CHANGE_LOG_LOCK})
    session.add(ListingChange(kind=kind, record_id=record_id, operation=operation, at=now))
    session.flush()  # draws the seq while the lock is held


def encode_missing(
    session: Session, encoder: Encoder, *, batch: int = 1000, progress: Callable[[int], None] | None = None
) -> int:
    """Store vectors of this encoder for every document that has none.

    Args:
        session: open transaction.
        encoder: whose vectors are wanted.
        batch: documents encoded at once.
        progress: called with the number of documents done by each batch.

    Returns:
        The number of vectors stored.
    """
    done = 0
    while True:
        rows = session.execute(_without_vector(encoder.key).limit(batch)).all()
        if not rows:
            return done
        vectors = encoder.encode([f"{row.title}\n{row.body}" for row in rows])
        session.add_all(
            ListingVector(
                kind=row.kind, record_id=row.record_id, encoder=encoder.key, vector=vector_bytes(vector)
            )
            for row, vector in zip(rows, vectors, strict=True)
        )
        session.flush()  # the next round must not find them again
        session.expunge_all()
        done += len(rows)
        if progress is not None:
            progress(len(rows))


def lacks_vectors(
    session: Session, encoder_key: str, *, among: Iterable[tuple[Kind, int]] | None = None
) -> bool:
    """Tell whether some document, or some of those named, has no vector of this encoder.

    Document and vector are looked at in one statement: they are written together, so a record that
    is republished meanwhile never seems to lack its vector.
    """
    statement = _without_vector(encoder_key)
    if among is not None:
        record = tuple_(SearchDocument.kind, SearchDocument.record_id)
        statement = statement.where(record.in_(list(among)))
    return session.execute(statement.limit(1)).first() is not None


def _without_vector(encoder_key: str) -> Select[Kind, int, str, str]:
    return (
        select(SearchDocument.kind, SearchDocument.record_id, SearchDocument.title, SearchDocument.body)
        .outerjoin(
            ListingVector,
            (ListingVector.kind == SearchDocument.kind)
            & (ListingVector.record_id == SearchDocument.record_id)
            & (ListingVector.encoder == encoder_key),
        )
        .where(ListingVector.record_id.is_(None))
        .order_by(SearchDocument.kind, SearchDocument.record_id)
    )


def vector_bytes(vector: NDArray[Any]) -> bytes:
    """Return a vector as little-endian float32 bytes."""
    return np.ascontiguousarray(vector, dtype="<f4").tobytes()
