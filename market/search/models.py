"""Tables behind the index: what may be found, its vector, and the log of changes."""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from market.db import Base, BigId, UtcDateTime, enum_type
from matching.types import Kind


class Operation(StrEnum):
    """What a change did to a record's place in the index."""

    UPSERT = "upsert"
    REMOVE = "remove"
    FORGET = "forget"
    """Like REMOVE; besides, no copy of an index that was built before may be kept."""


class SearchDocument(Base):
    """The public text and facets of a record that may be found, as the index sees it."""

    __tablename__ = "search_documents"

    kind: Mapped[Kind] = mapped_column(enum_type(Kind), primary_key=True)
    record_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    title: Mapped[str] = mapped_column(String(500))
    body: Mapped[str]
    facets: Mapped[dict[str, Any]] = mapped_column(JSON)


class ListingVector(Base):
    """The vector of a search document: `dim` little-endian float32 values, L2-normalised."""

    __tablename__ = "listing_vectors"

    kind: Mapped[Kind] = mapped_column(enum_type(Kind), primary_key=True)
    record_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    encoder: Mapped[str] = mapped_column(String(200), primary_key=True)
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[str | None] = mapped_column(String(64))
    """See `vector_digest`; None where a program that did not keep it yet has written the vector."""


def vector_digest(text: str, vector: bytes) -> str:
    """Return what ties a vector to the text it was made of: the SHA-256 of both, in hexadecimal."""
    digest = hashlib.sha256(vector)
    digest.update(text.encode())
    return digest.hexdigest()


class ListingChange(Base):
    """One change of what may be found. `seq` grows in commit order; replicas remember the last they saw."""

    __tablename__ = "listing_changes"
    __table_args__ = (
        Index("ix_listing_changes_record", "kind", "record_id"),
        # SQLite reuses the highest rowid after deletion unless told otherwise; a seq must never return.
        {"sqlite_autoincrement": True},
    )

    seq: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[Kind] = mapped_column(enum_type(Kind))
    record_id: Mapped[int] = mapped_column(BigId)
    operation: Mapped[Operation] = mapped_column(enum_type(Operation))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class IndexIdentity(Base):
    """One row: which database this is, so that a snapshot of another one is refused."""

    __tablename__ = "index_identity"

    id: Mapped[int] = mapped_column(primary_key=True)
    database: Mapped[str] = mapped_column(String(32))


class IndexEncoder(Base):
    """One row: the model this market runs on. Absent until a replica has been opened for the first time.

    Name, revision and prompts are what is needed to open it; the key proves that it is the same one.
    """

    __tablename__ = "index_encoder"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    """Hub name, or folder on the machine that chose it; None for the model that comes with the program."""
    revision: Mapped[str | None]
    """Full commit of a hub model."""
    query_prompt: Mapped[str | None]
    """None where the model's own is used; the same below."""
    document_prompt: Mapped[str | None]
    key: Mapped[str] = mapped_column(String(200))
    switched_at: Mapped[datetime] = mapped_column(UtcDateTime)
