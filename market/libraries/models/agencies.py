"""Agencies on file, and consortia with their members."""

from __future__ import annotations

from datetime import date

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.accounts.models import Organisation
from market.db import Base, BigId, Code
from market.libraries.models.entries import RegisterEntry
from market.libraries.rules import EntryKind


class AgencyFiling(RegisterEntry):
    """A technology transfer or science service agency on file (备案)."""

    __tablename__ = "agency_filings"

    id: Mapped[int] = mapped_column(ForeignKey("register_entries.id"), primary_key=True)
    category: Mapped[str] = mapped_column(Code)
    tier: Mapped[str | None] = mapped_column(Code)
    uscc: Mapped[str | None] = mapped_column(String(18))
    filed_on: Mapped[date]
    """Day of filing; for centres and agencies elsewhere, of the link with them."""
    valid_until: Mapped[date | None]
    services: Mapped[list[str]] = mapped_column(JSON, default=list)
    transfer_staff: Mapped[int | None]
    """People who work in technology transfer there."""
    above_scale: Mapped[bool] = mapped_column(default=False)
    """Whether statistics count it as above the designated size (规上)."""

    __mapper_args__ = {"polymorphic_identity": EntryKind.AGENCY, "polymorphic_load": "selectin"}


class Consortium(RegisterEntry):
    """An alliance of enterprises and universities, or an innovation consortium."""

    __tablename__ = "consortia"

    id: Mapped[int] = mapped_column(ForeignKey("register_entries.id"), primary_key=True)
    category: Mapped[str] = mapped_column(Code)
    founded_on: Mapped[date]

    members: Mapped[list[ConsortiumMember]] = relationship(
        order_by="ConsortiumMember.id", cascade="all, delete-orphan", lazy="selectin"
    )

    __mapper_args__ = {"polymorphic_identity": EntryKind.CONSORTIUM, "polymorphic_load": "selectin"}


class ConsortiumMember(Base):
    """A unit of a consortium; `organisation_id` where it is on the market."""

    __tablename__ = "consortium_members"
    __table_args__ = (UniqueConstraint("consortium_id", "name"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    consortium_id: Mapped[int] = mapped_column(ForeignKey("consortia.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    lead: Mapped[bool] = mapped_column(default=False)
    is_enterprise: Mapped[bool] = mapped_column(default=False)
    joined_on: Mapped[date]

    organisation: Mapped[Organisation | None] = relationship(lazy="joined")
