"""The table of imports: what was brought in, by whom, and what came of it. Holds no personal data."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from market.db import Base, BigId, UtcDateTime, enum_type
from market.exchange.rules.runs import ImportKind, Mode, Result


class ImportRun(Base):
    """One file that was imported, or tried on (`dry_run`).

    `errors` holds the first refused rows, without the values that stood there; of files about people no
    heading and no name of a file is kept either. `organisation_id` is where
    the person who imported belongs. Counts of a dry run are what a real run would have done.
    """

    __tablename__ = "imports"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[ImportKind] = mapped_column(enum_type(ImportKind))
    file_name: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    mode: Mapped[Mode] = mapped_column(enum_type(Mode))
    dry_run: Mapped[bool]
    publish: Mapped[bool]
    result: Mapped[Result] = mapped_column(enum_type(Result), default=Result.RUNNING)
    rows: Mapped[int] = mapped_column(default=0)
    created: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    mapping: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    unmapped: Mapped[list[str]] = mapped_column(JSON, default=list)
    errors: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
