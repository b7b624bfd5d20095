"""Industrial chains: nodes, edges between them, enterprises on them, and the titles these hold."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.db import Base, BigId, Code, UtcDateTime, enum_type
from market.libraries.models.entries import RegisterEntry
from market.libraries.rules import EntryKind, EntryStatus
from market.libraries.rules.graph import ChainRole, Segment


class ChainNode(RegisterEntry):
    """A node (环节) of an industrial chain. `wanted` says what the region looks for there."""

    __tablename__ = "chain_nodes"

    id: Mapped[int] = mapped_column(ForeignKey("register_entries.id"), primary_key=True)
    segment: Mapped[Segment] = mapped_column(enum_type(Segment))
    wanted: Mapped[str | None] = mapped_column(String(2000))

    __mapper_args__ = {"polymorphic_identity": EntryKind.NODE, "polymorphic_load": "selectin"}


class ChainEdge(Base):
    """What one node delivers to another."""

    __tablename__ = "chain_edges"
    __table_args__ = (UniqueConstraint("upstream_id", "downstream_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    upstream_id: Mapped[int] = mapped_column(ForeignKey("chain_nodes.id"))
    downstream_id: Mapped[int] = mapped_column(ForeignKey("chain_nodes.id"), index=True)
    words: Mapped[str | None] = mapped_column(String(200))
    """What is delivered."""
    added_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ChainEnterprise(RegisterEntry):
    """An enterprise on one or more chains; `uscc` tells it from others of the region."""

    __tablename__ = "chain_enterprises"

    id: Mapped[int] = mapped_column(ForeignKey("register_entries.id"), primary_key=True)
    uscc: Mapped[str] = mapped_column(String(18), index=True)

    positions: Mapped[list[ChainPosition]] = relationship(
        order_by="ChainPosition.id", cascade="all, delete-orphan", lazy="selectin"
    )
    tags: Mapped[list[EnterpriseTag]] = relationship(
        order_by="EnterpriseTag.id", cascade="all, delete-orphan", lazy="selectin"
    )

    __mapper_args__ = {"polymorphic_identity": EntryKind.ENTERPRISE, "polymorphic_load": "selectin"}

    @property
    def listed_positions(self) -> list[ChainPosition]:
        """Positions on nodes that are on the list now; drafts of nodes are nobody else's business."""
        return [position for position in self.positions if position.node.status is EntryStatus.LISTED]


class ChainPosition(Base):
    """An enterprise on a node, once."""

    __tablename__ = "chain_positions"
    __table_args__ = (UniqueConstraint("enterprise_id", "node_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("chain_enterprises.id"))
    node_id: Mapped[int] = mapped_column(ForeignKey("chain_nodes.id"), index=True)
    role: Mapped[ChainRole] = mapped_column(enum_type(ChainRole))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)

    node: Mapped[ChainNode] = relationship(lazy="selectin")


class EnterpriseTag(Base):
    """A title (称号) of an enterprise with the year it was awarded; `valid_until` where it ends."""

    __tablename__ = "enterprise_tags"
    __table_args__ = (
        UniqueConstraint("enterprise_id", "tag", "year"),
        Index("ix_enterprise_tags_tag_year", "tag", "year"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("chain_enterprises.id"))
    tag: Mapped[str] = mapped_column(Code)
    year: Mapped[int]
    valid_until: Mapped[date | None]
    source: Mapped[str] = mapped_column(String(200))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
