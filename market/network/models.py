"""Tables of the service network: its nodes, and who works there."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.accounts.models import Organisation, User
from market.db import Base, BigId, UtcDateTime, enum_type
from market.network.rules import Level, NodeStatus, StaffDuty
from market.reference.models import Park, Region

ACTIVE_HUB = "level = 'hub' AND status = 'active'"


class NetworkNode(Base):
    """A place that serves the market: the city's platform, a county's centre, or a station below them.

    `organisation` runs it; `contact` is public text. A node is closed for good.
    """

    __tablename__ = "network_nodes"
    __table_args__ = (
        CheckConstraint("(level = 'hub') = (parent_id IS NULL)", name="root"),
        CheckConstraint("(status = 'closed') = (closed_on IS NOT NULL)", name="closed"),
        Index(  # one platform for a city at a time, whoever writes
            "uq_network_nodes_hub",
            "region_code",
            unique=True,
            sqlite_where=text(ACTIVE_HUB),
            postgresql_where=text(ACTIVE_HUB),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("network_nodes.id"), index=True)
    level: Mapped[Level] = mapped_column(enum_type(Level))
    title: Mapped[str] = mapped_column(String(200))
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    park_code: Mapped[str | None] = mapped_column(ForeignKey("parks.code"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    contact: Mapped[str | None] = mapped_column(String(500))
    opened_on: Mapped[date]
    closed_on: Mapped[date | None]
    status: Mapped[NodeStatus] = mapped_column(enum_type(NodeStatus), default=NodeStatus.ACTIVE)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)

    region: Mapped[Region] = relationship()
    park: Mapped[Park | None] = relationship()
    organisation: Mapped[Organisation | None] = relationship()

    __mapper_args__ = {"version_id_col": version}


class NetworkStaff(Base):
    """Somebody who works at a node, from a day to a day; `until` None: still."""

    __tablename__ = "network_staff"
    __table_args__ = (CheckConstraint("until IS NULL OR until >= since", name="days"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    node_id: Mapped[int] = mapped_column(ForeignKey("network_nodes.id"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    duty: Mapped[StaffDuty] = mapped_column(enum_type(StaffDuty))
    since: Mapped[date]
    until: Mapped[date | None]
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)

    user: Mapped[User] = relationship(foreign_keys=[user_id])
