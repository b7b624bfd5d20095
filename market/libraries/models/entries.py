"""Tables of entries and of their steps; what every register has in common."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.accounts.models import Organisation
from market.db import Base, BigId, Code, UtcDateTime, enum_type
from market.libraries.rules import EntryAction, EntryKind, EntryStatus


class RegisterEntry(Base):
    """One entry of a register.

    `title` and `summary` are public; `internal` is for its unit, its bureau and who proposed it.
    `source` and `source_date` say where the facts are from and as of which day they hold.
    """

    __tablename__ = "register_entries"
    __table_args__ = (
        UniqueConstraint("kind", "region_code", "external_id"),
        Index("ix_register_entries_kind_status", "kind", "status"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[EntryKind] = mapped_column(enum_type(EntryKind))
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"), index=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    """The unit it is about or belongs to; None where that unit is not on the market."""
    external_id: Mapped[str | None] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str] = mapped_column(default="")
    internal: Mapped[str | None]
    tech_field: Mapped[str | None] = mapped_column(Code)
    chain_code: Mapped[str | None] = mapped_column(Code, index=True)
    keywords: Mapped[list[str]] = mapped_column(JSON, default=list)
    source: Mapped[str] = mapped_column(String(200))
    source_date: Mapped[date]
    status: Mapped[EntryStatus] = mapped_column(enum_type(EntryStatus), default=EntryStatus.DRAFT)
    proposed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    checked_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the first edition came out in which it stands; in pools, when it was listed first."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)

    organisation: Mapped[Organisation | None] = relationship(lazy="joined")

    __mapper_args__ = {"polymorphic_on": "kind", "version_id_col": version}


class EntryEvent(Base):
    """One step of an entry. `snapshot` holds its fields when they changed, but never those of a person."""

    __tablename__ = "entry_events"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("register_entries.id"), index=True)
    action: Mapped[EntryAction] = mapped_column(enum_type(EntryAction))
    source: Mapped[EntryStatus | None] = mapped_column(enum_type(EntryStatus))
    target: Mapped[EntryStatus] = mapped_column(enum_type(EntryStatus))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    note: Mapped[str | None] = mapped_column(String(1000))
    version: Mapped[int]
    snapshot: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Recognition(Base):
    """A recognition (认定) that a resource, an agency or a consortium holds."""

    __tablename__ = "recognitions"
    __table_args__ = (UniqueConstraint("entry_id", "level", "recognised_on"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("register_entries.id"))
    level: Mapped[str] = mapped_column(Code)
    recognised_on: Mapped[date]
    recognised_by: Mapped[str] = mapped_column(String(200))
    document: Mapped[str | None] = mapped_column(String(200))
    ended_on: Mapped[date | None]
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Evaluation(Base):
    """A yearly evaluation of a resource or an agency. `figures` are whole numbers by name.

    One that was entered wrongly is withdrawn: it stays on record, and another one of the year may follow.
    """

    __tablename__ = "evaluations"
    __table_args__ = (
        Index(
            "uq_evaluations_standing",
            "entry_id",
            "year",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("register_entries.id"))
    year: Mapped[int]
    grade: Mapped[str] = mapped_column(Code)
    score_tenths: Mapped[int | None]
    """Points times ten."""
    figures: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    note: Mapped[str | None] = mapped_column(String(1000))
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawal_note: Mapped[str | None] = mapped_column(String(500))
