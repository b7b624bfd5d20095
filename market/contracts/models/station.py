"""Tables of what a registration station covers and who does what in it."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.accounts.models import Organisation, User
from market.contracts.rules import Duty
from market.db import Base, BigId, UtcDateTime, enum_type


class StationTerritory(Base):
    """A region whose applicants a station serves, with all regions inside it."""

    __tablename__ = "station_territories"

    station_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"), primary_key=True)
    source: Mapped[str] = mapped_column(String(200))

    station: Mapped[Organisation] = relationship()


class StationDuty(Base):
    """A duty one of the station's people holds from a day to a day (None: until taken back)."""

    __tablename__ = "station_duties"
    __table_args__ = (
        Index(
            "uq_station_duties_open",
            "user_id",
            "duty",
            unique=True,
            sqlite_where=text("valid_to IS NULL"),
            postgresql_where=text("valid_to IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    station_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    duty: Mapped[Duty] = mapped_column(enum_type(Duty))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    granted_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    granted_at: Mapped[datetime] = mapped_column(UtcDateTime)

    user: Mapped[User] = relationship(foreign_keys=[user_id])
