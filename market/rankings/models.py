"""Tables of yearly rankings, objections to them, and of the conversion index."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.accounts.models import Organisation
from market.db import Base, BigId, UtcDateTime, enum_type
from market.rankings.rules import ObjectionStatus, RankingStatus
from market.reference.models import Region


class Ranking(Base):
    """The agencies of a region in a year, by what they brought to landing there.

    A draft is counted anew as often as asked; published rows stay as they are while objections may be
    raised until `objections_until`; a final ranking never changes. `known_at` is the moment of the ledger.
    """

    __tablename__ = "rankings"
    __table_args__ = (
        Index(
            "uq_rankings_standing",
            "region_code",
            "year",
            unique=True,
            sqlite_where=text("status <> 'withdrawn'"),
            postgresql_where=text("status <> 'withdrawn'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    year: Mapped[int]
    status: Mapped[RankingStatus] = mapped_column(enum_type(RankingStatus), default=RankingStatus.DRAFT)
    known_at: Mapped[datetime] = mapped_column(UtcDateTime)
    published_on: Mapped[date | None]
    objections_until: Mapped[date | None]
    final_on: Mapped[date | None]
    note: Mapped[str | None] = mapped_column(String(1000))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)

    region: Mapped[Region] = relationship()
    rows: Mapped[list[RankingRow]] = relationship(back_populates="ranking", order_by="RankingRow.position")

    __mapper_args__ = {"version_id_col": version}


class RankingRow(Base):
    """One agency's place. Agencies with equal figures share a rank; `position` only orders the print.

    `deals_share_bp` sums the agency's shares in its contracts, in basis points of a contract, so that a
    contract brokered by two counts once in all.
    """

    __tablename__ = "ranking_rows"
    __table_args__ = (UniqueConstraint("ranking_id", "position"),)

    ranking_id: Mapped[int] = mapped_column(ForeignKey("rankings.id"), primary_key=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    position: Mapped[int]
    rank_by_deals: Mapped[int]
    rank_by_amount: Mapped[int]
    deals: Mapped[int]
    deals_share_bp: Mapped[int] = mapped_column(BigInteger)
    total_fen: Mapped[int] = mapped_column(BigInteger)
    tech_fen: Mapped[int] = mapped_column(BigInteger)

    ranking: Mapped[Ranking] = relationship(back_populates="rows")
    agency: Mapped[Organisation] = relationship()


class RankingObjection(Base):
    """What an agency says against a published ranking, and what the bureau decided."""

    __tablename__ = "ranking_objections"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ranking_id: Mapped[int] = mapped_column(ForeignKey("rankings.id"), index=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    words: Mapped[str] = mapped_column(String(2000))
    status: Mapped[ObjectionStatus] = mapped_column(enum_type(ObjectionStatus), default=ObjectionStatus.OPEN)
    filed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    filed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decision_note: Mapped[str | None] = mapped_column(String(2000))

    agency: Mapped[Organisation] = relationship()


class IndexDefinition(Base):
    """One version of how the conversion index is made: indicators, weights, normalisation, base period."""

    __tablename__ = "index_definitions"

    version: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    in_force_from: Mapped[date]
    base_year: Mapped[int]
    indicators: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    source: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class IndexValue(Base):
    """A published value of the index, with the parts it is made of; `value` is decimal text."""

    __tablename__ = "index_values"
    __table_args__ = (UniqueConstraint("region_code", "period", "definition_version"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    period: Mapped[str] = mapped_column(String(16))
    definition_version: Mapped[str] = mapped_column(ForeignKey("index_definitions.version"))
    value: Mapped[str] = mapped_column(String(32))
    parts: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    known_at: Mapped[datetime] = mapped_column(UtcDateTime)
    published_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)

    region: Mapped[Region] = relationship()
    definition: Mapped[IndexDefinition] = relationship()
