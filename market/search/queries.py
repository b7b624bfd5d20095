"""Reading the change log and the stored documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, and_, func, or_, select, tuple_
from sqlalchemy.orm import Session

from market.errors import Unavailable
from market.search.models import (
    IndexEncoder,
    IndexIdentity,
    ListingChange,
    ListingVector,
    Operation,
    SearchDocument,
)
from matching.types import Document, Facets, Kind

BATCH = 2000

Found = tuple[Document, NDArray[np.float32] | None]
"""A document and its vector, (dim,) float32; None where the encoder asked for has not made one."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A document, the bytes of its vector, and the digest kept with it; None where there is none."""

    document: Document
    vector: bytes | None
    digest: str | None


@dataclass(frozen=True, slots=True)
class Changes:
    """What a replica must do to reach `seq`.

    Attributes:
        seq: of the last of these changes.
        upserts: records to be read anew.
        removals: records to be taken out; each record is named once, by its last change.
        forgotten: records that were to be forgotten, also those that came back afterwards.
        last_forgotten: `seq` of the last change that was to forget; None where none was.
    """

    seq: int
    upserts: list[tuple[Kind, int]]
    removals: list[tuple[Kind, int]]
    forgotten: list[tuple[Kind, int]] = field(default_factory=list)
    last_forgotten: int | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """Where the market stands: the last committed change, and the key of the model it runs on."""

    seq: int
    encoder: str | None


def head(session: Session) -> Head:
    """Return last change and model as of one moment."""
    key = select(IndexEncoder.key).scalar_subquery()
    seq, encoder = session.execute(select(func.max(ListingChange.seq), key)).one()
    return Head(seq or 0, encoder)


def last_seq(session: Session) -> int:
    """Return the last committed change; 0 before the first."""
    return session.scalar(select(func.max(ListingChange.seq))) or 0


def last_forgotten(session: Session) -> int:
    """Return the last committed change by which a record was to be forgotten; 0 before the first."""
    last = select(func.max(ListingChange.seq)).where(ListingChange.operation == Operation.FORGET)
    return session.scalar(last) or 0


def changes_after(session: Session, seq: int, *, limit: int = BATCH) -> Changes:
    """Return the next changes after one, at most `limit` of them."""
    rows = session.execute(
        select(ListingChange.seq, ListingChange.kind, ListingChange.record_id, ListingChange.operation)
        .where(ListingChange.seq > seq)
        .order_by(ListingChange.seq)
        .limit(limit)
    ).all()
    last = {(row.kind, row.record_id): row.operation for row in rows}
    forgotten = [row for row in rows if row.operation is Operation.FORGET]
    return Changes(
        seq=rows[-1].seq if rows else seq,
        upserts=[record for record, operation in last.items() if operation is Operation.UPSERT],
        removals=[record for record, operation in last.items() if operation is not Operation.UPSERT],
        forgotten=[(row.kind, row.record_id) for row in forgotten],
        last_forgotten=forgotten[-1].seq if forgotten else None,
    )


def load_documents(session: Session, records: Sequence[tuple[Kind, int]], *, encoder_key: str) -> list[Found]:
    """Return documents and vectors of these records; records that are gone are left out.

    Document and vector are read in one statement: they are written together, so a record that is
    republished meanwhile never seems to lack its vector.
    """
    statement = _documents(encoder_key).where(
        tuple_(SearchDocument.kind, SearchDocument.record_id).in_(records)
    )
    return [_to_found(row) for row in session.execute(statement)]


def stream_documents(session: Session, *, encoder_key: str, batch: int = BATCH) -> Iterator[list[Found]]:
    """Yield all documents with their vectors, in batches ordered by kind and id."""
    for rows in _stream(session, encoder_key, batch=batch):
        yield [_to_found(row) for row in rows]


def stream_vectors(session: Session, *, encoder_key: str, batch: int = BATCH) -> Iterator[list[Kept]]:
    """Yield all documents with what is kept of their vectors, in batches ordered by kind and id."""
    for rows in _stream(session, encoder_key, batch=batch):
        yield [Kept(_to_found(row)[0], row.vector, row.digest) for row in rows]


def stray_vectors(session: Session) -> list[tuple[Kind, int]]:
    """Return the records that have a vector, of whatever encoder, and no document, by kind and id."""
    kind, record_id = ListingVector.kind, ListingVector.record_id
    document = (SearchDocument.kind == kind) & (SearchDocument.record_id == record_id)
    strays = (
        select(kind, record_id)
        .outerjoin(SearchDocument, document)
        .where(SearchDocument.record_id.is_(None))
        .distinct()
        .order_by(kind, record_id)
    )
    return [(row.kind, row.record_id) for row in session.execute(strays)]


def _stream(session: Session, encoder_key: str, *, batch: int) -> Iterator[Sequence[Row[Any]]]:
    for kind in Kind:
        after = 0
        while True:
            rows = session.execute(
                _documents(encoder_key)
                .where(SearchDocument.kind == kind, SearchDocument.record_id > after)
                .order_by(SearchDocument.record_id)
                .limit(batch)
            ).all()
            if not rows:
                break
            after = rows[-1].record_id
            yield rows


def lacking_vectors(
    session: Session,
    encoder_key: str,
    *,
    among: Sequence[tuple[Kind, int]] | None = None,
    after: tuple[Kind, int] | None = None,
    limit: int | None = None,
) -> list[Document]:
    """Return documents without a vector of this encoder, ordered by kind and id.

    Args:
        session: open session.
        encoder_key: of the encoder.
        among: only these records.
        after: only what follows this record.
        limit: at most so many.
    """
    kind, record_id = SearchDocument.kind, SearchDocument.record_id
    statement = _documents(encoder_key).where(ListingVector.record_id.is_(None)).order_by(kind, record_id)
    if among is not None:
        statement = statement.where(tuple_(kind, record_id).in_(among))
    if after is not None:
        statement = statement.where(or_(kind > after[0], and_(kind == after[0], record_id > after[1])))
    return [_to_found(row)[0] for row in session.execute(statement.limit(limit))]


def count_lacking(session: Session, encoder_key: str) -> int:
    """Return how many documents have no vector of this encoder."""
    lacking = _documents(encoder_key).where(ListingVector.record_id.is_(None)).subquery()
    return session.scalar(select(func.count()).select_from(lacking)) or 0


def count_vectors(session: Session) -> dict[str, int]:
    """Return how many vectors are stored, by key of the encoder that made them, ordered by key."""
    encoder = ListingVector.encoder
    return dict(session.execute(select(encoder, func.count()).group_by(encoder).order_by(encoder)).all())


def recorded_encoder(session: Session) -> IndexEncoder | None:
    """Return the model this market runs on; None before the index was opened for the first time."""
    return session.scalar(select(IndexEncoder))


def count_documents(session: Session) -> dict[Kind, int]:
    """Return how many documents of each kind may be found."""
    counts = select(SearchDocument.kind, func.count()).group_by(SearchDocument.kind)
    return dict(session.execute(counts).all())


def record_ids(session: Session, kind: Kind) -> set[int]:
    """Return the ids of all records of a kind that may be found."""
    return set(session.scalars(select(SearchDocument.record_id).where(SearchDocument.kind == kind)))


def titles(session: Session, kind: Kind) -> dict[int, str]:
    """Return the titles of all records of a kind that may be found, by id."""
    rows = session.execute(
        select(SearchDocument.record_id, SearchDocument.title).where(SearchDocument.kind == kind)
    )
    return dict(rows.all())


def findable(session: Session, kind: Kind, record_ids: Sequence[int]) -> set[int]:
    """Return those of some records that may be found."""
    which = (SearchDocument.kind == kind, SearchDocument.record_id.in_(record_ids))
    return set(session.scalars(select(SearchDocument.record_id).where(*which)))


def database_identity(session: Session) -> str:
    """Return the name this database was given when its tables were made.

    Raises:
        Unavailable: the tables are there but the row is not; run the migrations.
    """
    identity: str | None = session.scalar(select(IndexIdentity.database))
    if identity is None:
        raise Unavailable("数据库尚未初始化，请运行 market db upgrade。", code="database-not-initialised")
    return identity


def _documents(encoder_key: str) -> Any:
    return select(
        SearchDocument.kind,
        SearchDocument.record_id,
        SearchDocument.title,
        SearchDocument.body,
        SearchDocument.facets,
        ListingVector.vector,
        ListingVector.digest,
    ).outerjoin(
        ListingVector,
        (ListingVector.kind == SearchDocument.kind)
        & (ListingVector.record_id == SearchDocument.record_id)
        & (ListingVector.encoder == encoder_key),
    )


def _to_found(row: Row[Any]) -> Found:
    document = Document(
        key=str(row.record_id),
        kind=row.kind,
        title=row.title,
        body=row.body,
        facets=Facets.from_json(row.facets),
    )
    return document, None if row.vector is None else np.frombuffer(row.vector, dtype="<f4")
