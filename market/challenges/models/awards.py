"""Tables of notices, objections, awards, reviews of their work, and payments of their grant."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.accounts.models import Organisation, User
from market.challenges.models.bids import Bid
from market.challenges.models.challenges import Challenge
from market.challenges.rules import AwardReviewKind, ObjectionStatus, Payee, ReviewDecision, Status
from market.db import Base, BigId, UtcDateTime, enum_type


class Notice(Base):
    """Who is to be awarded, made known before it is done (公示); at most one of a challenge stands.

    Each of `winners` has `bid_id`, `unit`, `amount_fen` and `grant_fen`.
    """

    __tablename__ = "notices"
    __table_args__ = (
        Index(
            "uq_notices_standing",
            "challenge_id",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenges.id"))
    winners: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    reason: Mapped[str | None] = mapped_column(String(1000))
    """Why it is not the bids that were ranked first."""
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    """Last day on which objections are taken."""
    published_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ChallengeObjection(Base):
    """What somebody says against a notice, and what the bureau answered."""

    __tablename__ = "challenge_objections"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenges.id"), index=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notices.id"))
    words: Mapped[str] = mapped_column(String(2000))
    evidence: Mapped[str | None] = mapped_column(String(2000))
    status: Mapped[ObjectionStatus] = mapped_column(enum_type(ObjectionStatus), default=ObjectionStatus.OPEN)
    filed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    filed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answer: Mapped[str | None] = mapped_column(String(2000))
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    filer: Mapped[User | None] = relationship(foreign_keys=[filed_by])


class Award(Base):
    """A bid that was chosen (立项). The demand side pays `amount_fen`, public funds give `grant_fen`."""

    __tablename__ = "awards"
    __table_args__ = (CheckConstraint("amount_fen > 0 AND grant_fen >= 0", name="amounts"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenges.id"), index=True)
    bid_id: Mapped[int] = mapped_column(ForeignKey("challenge_bids.id"), unique=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    status: Mapped[Status] = mapped_column(enum_type(Status), default=Status.AWARDED)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    grant_fen: Mapped[int] = mapped_column(BigInteger)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    awarded_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    awarded_on: Mapped[date] = mapped_column(index=True)
    contracted_on: Mapped[date | None]
    """Since when a registered contract stands; None again once none does."""
    ended_on: Mapped[date | None]
    version: Mapped[int] = mapped_column(default=1)

    challenge: Mapped[Challenge] = relationship()
    bid: Mapped[Bid] = relationship()
    organisation: Mapped[Organisation] = relationship()
    reviews: Mapped[list[AwardReview]] = relationship(order_by="AwardReview.id")
    grant_payments: Mapped[list[GrantPayment]] = relationship(order_by="GrantPayment.id")

    __mapper_args__ = {"version_id_col": version}


class AwardReview(Base):
    """A midterm review or an acceptance, and what it decided."""

    __tablename__ = "award_reviews"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    award_id: Mapped[int] = mapped_column(ForeignKey("awards.id"), index=True)
    kind: Mapped[AwardReviewKind] = mapped_column(enum_type(AwardReviewKind))
    decision: Mapped[ReviewDecision] = mapped_column(enum_type(ReviewDecision))
    note: Mapped[str] = mapped_column(String(1000))
    rectify_by: Mapped[date | None]
    reviewed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    reviewed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class GrantPayment(Base):
    """A part of the grant that was paid, and to which side. A wrong one is withdrawn, never changed."""

    __tablename__ = "grant_payments"
    __table_args__ = (CheckConstraint("amount_fen > 0", name="amount"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    award_id: Mapped[int] = mapped_column(ForeignKey("awards.id"), index=True)
    payee: Mapped[Payee] = mapped_column(enum_type(Payee))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    paid_on: Mapped[date]
    note: Mapped[str | None] = mapped_column(String(1000))
    project_payment_id: Mapped[int] = mapped_column(ForeignKey("project_payments.id"), unique=True)
    """The same money as it stands with the award's project; withdrawn with this one."""
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
