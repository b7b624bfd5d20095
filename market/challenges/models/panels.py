"""Tables of draws of experts, their seats, and the integrity record."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.accounts.models import Organisation
from market.challenges.rules import SeatStatus
from market.db import Base, BigId, UtcDateTime, enum_type
from market.libraries.models import Talent


class Panel(Base):
    """One draw of experts, with all it takes to repeat it: seed, candidates, exclusions and order.

    Lists hold ids of the talent pool. A later round fills the seats that a drawn order left empty.
    """

    __tablename__ = "panels"
    __table_args__ = (UniqueConstraint("challenge_id", "round"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenges.id"))
    round: Mapped[int]
    seats: Mapped[int]
    """How many experts the panel has when it is complete."""
    fields: Mapped[list[str]] = mapped_column(JSON)
    region_code: Mapped[str | None] = mapped_column(ForeignKey("regions.code"))
    """Where the candidates were looked for; None for anywhere."""
    note: Mapped[str | None] = mapped_column(String(900))
    """Why in other fields or another region than those of the challenge."""
    seed: Mapped[str] = mapped_column(String(64))
    eligible: Mapped[list[int]] = mapped_column(JSON)
    excluded: Mapped[list[dict[str, str | int]]] = mapped_column(JSON)
    """Each with `talent_id` and `reason`."""
    order: Mapped[list[int]] = mapped_column(JSON)
    passed_over: Mapped[list[dict[str, str | int]]] = mapped_column(JSON, default=list)
    """Those of the order who could no longer be called when their turn came: `talent_id`, `reason`, `on`."""
    drawn_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    drawn_at: Mapped[datetime] = mapped_column(UtcDateTime)

    members: Mapped[list[PanelSeat]] = relationship(back_populates="panel", order_by="PanelSeat.id")


class PanelSeat(Base):
    """A drawn expert: called, then without conflict or recused."""

    __tablename__ = "panel_seats"
    __table_args__ = (UniqueConstraint("challenge_id", "talent_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    panel_id: Mapped[int] = mapped_column(ForeignKey("panels.id"), index=True)
    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenges.id"))
    talent_id: Mapped[int] = mapped_column(ForeignKey("talents.id"), index=True)
    position: Mapped[int]
    """Place in the drawn order, from 1."""
    status: Mapped[SeatStatus] = mapped_column(enum_type(SeatStatus), default=SeatStatus.CALLED)
    words: Mapped[str | None] = mapped_column(String(1000))
    """What the expert declared."""
    declared_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    declared_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    panel: Mapped[Panel] = relationship(back_populates="members")
    talent: Mapped[Talent] = relationship()


class IntegrityRecord(Base):
    """A breach of an expert or a unit; until `barred_until` neither is drawn nor may bid.

    One that was wrong is withdrawn by somebody else than who recorded it; it stays on record.
    """

    __tablename__ = "integrity_records"
    __table_args__ = (
        CheckConstraint("(talent_id IS NULL) <> (organisation_id IS NULL)", name="one_subject"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawal_note IS NULL)", name="withdrawn"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"), index=True)
    talent_id: Mapped[int | None] = mapped_column(ForeignKey("talents.id"), index=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    challenge_id: Mapped[int | None] = mapped_column(ForeignKey("challenges.id"))
    reason: Mapped[str] = mapped_column(String(1000))
    barred_until: Mapped[date]
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawal_note: Mapped[str | None] = mapped_column(String(1000))

    talent: Mapped[Talent | None] = relationship()
    organisation: Mapped[Organisation | None] = relationship()
