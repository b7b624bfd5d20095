"""Tables of bids, their teams, and the sheets they were scored with."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.accounts.models import Organisation
from market.challenges.models.challenges import Challenge
from market.challenges.rules import BidStatus
from market.db import Base, BigId, UtcDateTime, enum_type
from market.libraries.models import Talent


class Bid(Base):
    """What a team offers (揭榜申报). A leader of the talent pool is named there alone.

    `confidential` is for the team, the bureau, experts without a conflict, and the demand side once it is
    awarded. `results` says what has been reached already, where the grant follows results (竞争后补助).
    """

    __tablename__ = "challenge_bids"
    __table_args__ = (
        CheckConstraint("leader_name IS NOT NULL OR leader_talent_id IS NOT NULL", name="led"),
        CheckConstraint("amount_fen > 0", name="amount"),
        Index(
            "uq_challenge_bids_standing",
            "challenge_id",
            "organisation_id",
            unique=True,
            sqlite_where=text("status <> 'withdrawn'"),
            postgresql_where=text("status <> 'withdrawn'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenges.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    status: Mapped[BidStatus] = mapped_column(enum_type(BidStatus), default=BidStatus.DRAFT)
    leader_name: Mapped[str | None] = mapped_column(String(64))
    leader_talent_id: Mapped[int | None] = mapped_column(ForeignKey("talents.id"), index=True)
    plan: Mapped[str]
    confidential: Mapped[str | None]
    results: Mapped[str | None]
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    months: Mapped[int]
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    checked_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    check_note: Mapped[str | None] = mapped_column(String(1000))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)

    challenge: Mapped[Challenge] = relationship()
    organisation: Mapped[Organisation] = relationship()
    leader: Mapped[Talent | None] = relationship(foreign_keys=[leader_talent_id])
    members: Mapped[list[BidMember]] = relationship(
        order_by="BidMember.id", cascade="all, delete-orphan", lazy="selectin"
    )  # every view shows them

    __mapper_args__ = {"version_id_col": version}


class BidMember(Base):
    """One of a team: somebody of the talent pool, who is named there alone, or anybody by name."""

    __tablename__ = "challenge_bid_members"
    __table_args__ = (
        CheckConstraint("name IS NOT NULL OR talent_id IS NOT NULL", name="named"),
        UniqueConstraint("bid_id", "talent_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    bid_id: Mapped[int] = mapped_column(ForeignKey("challenge_bids.id"), index=True)
    name: Mapped[str | None] = mapped_column(String(64))
    unit: Mapped[str | None] = mapped_column(String(200))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    talent_id: Mapped[int | None] = mapped_column(ForeignKey("talents.id"), index=True)
    duty: Mapped[str | None] = mapped_column(String(100))

    talent: Mapped[Talent | None] = relationship(lazy="joined")

    @property
    def full_name(self) -> str:
        """The name, wherever it is kept."""
        return self.talent.person_name if self.talent is not None else self.name or ""

    @property
    def full_unit(self) -> str:
        """The unit, wherever it is kept; empty if none is stated."""
        return self.unit or (self.talent.unit_name if self.talent is not None else "")


class ScoreSheet(Base):
    """One expert's points for one bid, or the demand side's where no panel is needed.

    `points` are 0 to 100 by criterion; `total` is weighted, in hundredths of a point. A review that was
    reopened is another round, in which a sheet may take the place of an earlier one; that one is kept.
    """

    __tablename__ = "score_sheets"
    __table_args__ = (
        UniqueConstraint("bid_id", "seat_id", "round"),
        Index(
            "uq_score_sheets_owner",
            "bid_id",
            "round",
            unique=True,
            sqlite_where=text("seat_id IS NULL"),
            postgresql_where=text("seat_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    bid_id: Mapped[int] = mapped_column(ForeignKey("challenge_bids.id"))
    seat_id: Mapped[int | None] = mapped_column(ForeignKey("panel_seats.id"), index=True)
    round: Mapped[int] = mapped_column(default=1)
    """Of the review, from 1."""
    points: Mapped[dict[str, int]] = mapped_column(JSON)
    total: Mapped[int]
    comment: Mapped[str | None] = mapped_column(String(2000))
    scored_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    scored_at: Mapped[datetime] = mapped_column(UtcDateTime)
