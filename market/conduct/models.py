"""Tables of the red and black lists: records, what subjects say against them, and each step."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.accounts.models import Organisation
from market.conduct.rules import Action, Board, PleaKind, PleaStatus, Status
from market.db import Base, BigId, Code, UtcDateTime, enum_type
from market.libraries.models import RegisterEntry


class ConductRecord(Base):
    """A record about one organisation, or about one agency or person of the registers.

    `facts` are public, as are list, ground and last day; `evidence` and `documents` are the office's own.
    Names of people are never copied, so that a person who is erased from the pool is erased here too.
    """

    __tablename__ = "conduct_records"
    __table_args__ = (
        CheckConstraint("(organisation_id IS NULL) <> (entry_id IS NULL)", name="one_subject"),
        Index("ix_conduct_records_region_code_status", "region_code", "status"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    board: Mapped[Board] = mapped_column(enum_type(Board))
    status: Mapped[Status] = mapped_column(enum_type(Status), default=Status.PROPOSED)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("register_entries.id"), index=True)
    """An agency or a person; see `service.records.SUBJECT_KINDS`."""
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    ground: Mapped[str] = mapped_column(Code)
    facts: Mapped[str] = mapped_column(String(2000))
    evidence: Mapped[str] = mapped_column(String(10_000))
    documents: Mapped[list[str]] = mapped_column(JSON)
    """Titles or numbers of the papers that prove it, and where they are kept."""
    expires_on: Mapped[date]
    """The last day in force."""
    notice_until: Mapped[date | None]
    """The last day of the notice; None until a check has been passed."""
    listed_on: Mapped[date | None]
    proposed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    checked_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)

    organisation: Mapped[Organisation | None] = relationship()
    entry: Mapped[RegisterEntry | None] = relationship()

    __mapper_args__ = {"version_id_col": version}


class ConductPlea(Base):
    """What a subject says against a record: an objection before it is listed, an appeal afterwards."""

    __tablename__ = "conduct_pleas"
    __table_args__ = (
        Index(
            "uq_conduct_pleas_open",
            "record_id",
            unique=True,
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("conduct_records.id"), index=True)
    kind: Mapped[PleaKind] = mapped_column(enum_type(PleaKind))
    status: Mapped[PleaStatus] = mapped_column(enum_type(PleaStatus), default=PleaStatus.OPEN)
    words: Mapped[str] = mapped_column(String(5000))
    evidence: Mapped[str | None] = mapped_column(String(5000))
    """What it rests on; where the office wrote it down, where the paper is kept."""
    filed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    filed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answer: Mapped[str | None] = mapped_column(String(5000))
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ConductEvent(Base):
    """One step of a record. `note` holds words of the office, which no subject reads."""

    __tablename__ = "conduct_events"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("conduct_records.id"), index=True)
    action: Mapped[Action] = mapped_column(enum_type(Action))
    source: Mapped[Status | None] = mapped_column(enum_type(Status))
    target: Mapped[Status] = mapped_column(enum_type(Status))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    note: Mapped[str | None] = mapped_column(String(1000))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
