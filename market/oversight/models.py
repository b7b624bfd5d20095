"""Tables of universities' yearly conversion reports and their steps."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.accounts.models import Organisation
from market.db import Base, BigId, UtcDateTime, enum_type
from market.oversight.rules import ReportStatus


class ConversionReport(Base):
    """What a university or institute reports on a year's conversion of its achievements.

    `declared` is what it says, `computed` what the market's own contracts say, as they stood when the
    report was last handed in. 促进科技成果转化法 (2015), article 21.
    """

    __tablename__ = "conversion_reports"
    __table_args__ = (UniqueConstraint("organisation_id", "year"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    year: Mapped[int]
    status: Mapped[ReportStatus] = mapped_column(enum_type(ReportStatus), default=ReportStatus.DRAFT)
    declared: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    computed: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)

    organisation: Mapped[Organisation] = relationship()

    __mapper_args__ = {"version_id_col": version}


class ReportEvent(Base):
    """One step of a report, with the words said and the report as it then was."""

    __tablename__ = "report_events"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("conversion_reports.id"), index=True)
    source: Mapped[ReportStatus | None] = mapped_column(enum_type(ReportStatus))
    target: Mapped[ReportStatus] = mapped_column(enum_type(ReportStatus))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    note: Mapped[str | None] = mapped_column(String(1000))
    snapshot: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
