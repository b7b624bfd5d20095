"""Innovation resources: what they can, when they are open, who has booked and used them."""

from __future__ import annotations

from datetime import datetime, time

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, Time
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.accounts.models import Organisation
from market.db import Base, BigId, Code, UtcDateTime, enum_type
from market.libraries.models.entries import RegisterEntry
from market.libraries.rules import EntryKind
from market.libraries.rules.bookings import KEPT, BookingStatus, OpeningHours


class Resource(RegisterEntry):
    """A laboratory, pilot base, instrument or other resource; `summary` says what it can."""

    __tablename__ = "resources"

    id: Mapped[int] = mapped_column(ForeignKey("register_entries.id"), primary_key=True)
    category: Mapped[str] = mapped_column(Code, index=True)
    level: Mapped[str | None] = mapped_column(Code)
    place: Mapped[str | None] = mapped_column(String(200))
    min_trl: Mapped[int | None]
    max_trl: Mapped[int | None]
    """Maturity that a pilot base takes in."""
    model: Mapped[str | None] = mapped_column(String(100))
    value_fen: Mapped[int | None] = mapped_column(BigInteger)
    """What an instrument was bought for."""
    area_m2: Mapped[int | None]
    opening_terms: Mapped[str | None] = mapped_column(String(2000))
    bookable: Mapped[bool] = mapped_column(default=False)
    fee_fen_per_hour: Mapped[int | None] = mapped_column(BigInteger)
    open_weekdays: Mapped[list[int]] = mapped_column(JSON, default=list)
    opens_at: Mapped[time | None] = mapped_column(Time)
    closes_at: Mapped[time | None] = mapped_column(Time)
    contact: Mapped[str | None] = mapped_column(String(200))
    """How to reach whoever minds it: internal, but told to a unit whose booking was confirmed."""

    __mapper_args__ = {"polymorphic_identity": EntryKind.RESOURCE, "polymorphic_load": "selectin"}

    @property
    def hours(self) -> OpeningHours:
        """When it is open."""
        return OpeningHours(tuple(self.open_weekdays or ()), self.opens_at, self.closes_at)


class ResourceClosure(Base):
    """A span in which a resource is not open, as for maintenance."""

    __tablename__ = "resource_closures"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    resource_id: Mapped[int] = mapped_column(ForeignKey("resources.id"), index=True)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(String(200))


class Booking(Base):
    """A span of a resource's time asked for by a unit, and what was used of it."""

    __tablename__ = "bookings"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="slot"),
        Index("ix_bookings_resource_id_starts_at", "resource_id", "starts_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    resource_id: Mapped[int] = mapped_column(ForeignKey("resources.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    booked_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    purpose: Mapped[str] = mapped_column(String(500))
    fee_fen_per_hour: Mapped[int | None] = mapped_column(BigInteger)
    """The resource's rate on the day it was booked."""
    status: Mapped[BookingStatus] = mapped_column(enum_type(BookingStatus), default=BookingStatus.REQUESTED)
    note: Mapped[str | None] = mapped_column(String(500))
    used_minutes: Mapped[int | None]
    charged_fen: Mapped[int | None] = mapped_column(BigInteger)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)

    resource: Mapped[Resource] = relationship(lazy="selectin")
    organisation: Mapped[Organisation] = relationship(lazy="joined")

    __mapper_args__ = {"version_id_col": version}

    @property
    def contact(self) -> str | None:
        """How to reach whoever minds the resource, once they have accepted."""
        return self.resource.contact if self.status in KEPT else None
