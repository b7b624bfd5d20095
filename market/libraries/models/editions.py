"""Tables of published editions. Triggers made by the migration keep anybody from changing them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from market.db import Base, BigId, UtcDateTime, enum_type
from market.libraries.rules import Register


class Edition(Base):
    """A list as it stood when it was published, frozen. `digest` covers all rows in their order."""

    __tablename__ = "editions"
    __table_args__ = (UniqueConstraint("register", "region_code", "number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    register: Mapped[Register] = mapped_column(enum_type(Register))
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    number: Mapped[int]
    """Counts from 1 within register and region."""
    title: Mapped[str] = mapped_column(String(200))
    as_of: Mapped[date]
    """What the publisher states; the rows are as they were at `published_at`."""
    note: Mapped[str | None] = mapped_column(String(1000))
    row_count: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    comparison: Mapped[dict[str, Any]] = mapped_column(JSON)
    """Against the number before; everything is new in the first."""
    published_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)


class EditionRow(Base):
    """One row of an edition; `content` is the public part as it was."""

    __tablename__ = "edition_rows"
    __table_args__ = (UniqueConstraint("edition_id", "key"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.id"))
    record_id: Mapped[int] = mapped_column(BigId, index=True)
    key: Mapped[str] = mapped_column(String(64))
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
