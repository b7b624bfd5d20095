"""Key technologies that are to be tackled, and the needs they stand for."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.db import Base, BigId, Code, UtcDateTime
from market.libraries.models.entries import RegisterEntry
from market.libraries.rules import EntryKind
from market.libraries.rules.technologies import OPEN
from market.listings.models import Need
from market.listings.rules import PUBLIC


class KeyTechnology(RegisterEntry):
    """A key technology (关键核心技术). Each indicator has `name`, `target` and `present`.

    `gap` says what is missing and who holds it (卡脖子); it is internal unless `gap_public`.
    """

    __tablename__ = "key_technologies"

    id: Mapped[int] = mapped_column(ForeignKey("register_entries.id"), primary_key=True)
    indicators: Mapped[list[dict[str, str | None]]] = mapped_column(JSON, default=list)
    gap: Mapped[str | None]
    gap_public: Mapped[bool] = mapped_column(default=False)
    progress: Mapped[str] = mapped_column(Code, default=OPEN)
    solved_on: Mapped[date | None]
    node_id: Mapped[int | None] = mapped_column(ForeignKey("chain_nodes.id"), index=True)

    needs: Mapped[list[TechnologyNeed]] = relationship(
        order_by="TechnologyNeed.id", cascade="all, delete-orphan", lazy="selectin"
    )  # every view shows them

    __mapper_args__ = {"polymorphic_identity": EntryKind.TECHNOLOGY, "polymorphic_load": "selectin"}

    @property
    def public_gap(self) -> str | None:
        """What is missing, where anyone may read it."""
        return self.gap if self.gap_public else None

    @property
    def public_needs(self) -> list[TechnologyNeed]:
        """Links to needs that anyone may read now."""
        return [link for link in self.needs if link.need.status in PUBLIC]


class TechnologyNeed(Base):
    """A need that asks for a key technology."""

    __tablename__ = "technology_needs"
    __table_args__ = (UniqueConstraint("technology_id", "need_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    technology_id: Mapped[int] = mapped_column(ForeignKey("key_technologies.id"))
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    linked_at: Mapped[datetime] = mapped_column(UtcDateTime)

    need: Mapped[Need] = relationship(lazy="joined", innerjoin=True)
