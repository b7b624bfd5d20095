"""Tables of suggestions and referrals, of every step taken with them, and of the weights behind them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.db import Base, BigId, Code, UtcDateTime, enum_type
from market.listings.models import Achievement, Need
from market.matches.rules import Action, Side, Status, WeightsSource
from market.matches.rules.referrals import ReferralSide
from market.search.documents import Kind


class _Proposed:
    """What the engine found and a broker decides, whichever two kinds of records it joins."""

    rank: Mapped[int]
    score: Mapped[float]
    encoder: Mapped[str] = mapped_column(String(200))
    lexicon: Mapped[str] = mapped_column(String(64))
    weights: Mapped[str] = mapped_column(String(64))
    reasons: Mapped[dict[str, Any]] = mapped_column(JSON)
    status: Mapped[Status] = mapped_column(enum_type(Status), default=Status.SUGGESTED)
    broker_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    reason_code: Mapped[str | None] = mapped_column(Code)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class _Step:
    """One step with such a pair: from which state to which, by whom and in what words."""

    action: Mapped[Action] = mapped_column(enum_type(Action))
    source: Mapped[Status | None] = mapped_column(enum_type(Status))
    target: Mapped[Status] = mapped_column(enum_type(Status))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    reason_code: Mapped[str | None] = mapped_column(Code)
    words: Mapped[str | None] = mapped_column(String(2000))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Suggestion(_Proposed, Base):
    """A pair of a need and an achievement, with the reasons it was suggested for.

    `score` orders the broker's queue; `reasons` holds score parts, terms, concepts and facet
    verdicts exactly as the engine gave them, and names the reranker if one took part; `encoder`,
    `lexicon` and `weights` are the versions of what else produced them.
    """

    __tablename__ = "suggestions"
    __table_args__ = (
        UniqueConstraint("need_id", "achievement_id"),
        Index("ix_suggestions_status_score", "status", "score"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"))
    achievement_id: Mapped[int] = mapped_column(ForeignKey("achievements.id"), index=True)
    asked_by: Mapped[Side] = mapped_column(enum_type(Side))
    need_interest: Mapped[bool | None]
    achievement_interest: Mapped[bool | None]
    version: Mapped[int] = mapped_column(default=1)

    need: Mapped[Need] = relationship()
    achievement: Mapped[Achievement] = relationship()

    __mapper_args__ = {"version_id_col": version}


class SuggestionEvent(_Step, Base):
    """One step with a suggestion: who, when, from which state to which, and in what words."""

    __tablename__ = "suggestion_events"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    suggestion_id: Mapped[int] = mapped_column(ForeignKey("suggestions.id"), index=True)
    side: Mapped[Side | None] = mapped_column(enum_type(Side))


class Referral(_Proposed, Base):
    """A pair of records of other kinds than need and achievement (引荐), with the reasons for it.

    Kept as `Suggestion` is; the records are listings or entries of registers, named by kind and id.
    """

    __tablename__ = "referrals"
    __table_args__ = (
        UniqueConstraint("demand_kind", "demand_id", "supply_kind", "supply_id"),
        Index("ix_referrals_status_score", "status", "score"),
        Index("ix_referrals_supply", "supply_kind", "supply_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    demand_kind: Mapped[Kind] = mapped_column(enum_type(Kind))
    demand_id: Mapped[int] = mapped_column(BigId)
    supply_kind: Mapped[Kind] = mapped_column(enum_type(Kind))
    supply_id: Mapped[int] = mapped_column(BigId)
    asked_by: Mapped[ReferralSide] = mapped_column(enum_type(ReferralSide))
    demand_interest: Mapped[bool | None]
    supply_interest: Mapped[bool | None]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class ReferralEvent(_Step, Base):
    """One step with a referral, as `SuggestionEvent` is with a suggestion."""

    __tablename__ = "referral_events"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    referral_id: Mapped[int] = mapped_column(ForeignKey("referrals.id"), index=True)
    side: Mapped[ReferralSide | None] = mapped_column(enum_type(ReferralSide))


class SuggestionProgress(Base):
    """One row: the last change of the index for which suggestions and referrals were made."""

    __tablename__ = "suggestion_progress"

    id: Mapped[int] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigId)


class RankingWeights(Base):
    """A version of the weights of a score; kept for ever, since rankings name it.

    While the table is empty the weights that come with the program are used; see `market.matches.weights`.
    """

    __tablename__ = "ranking_weights"
    __table_args__ = (
        Index(  # one active version at most, whoever writes
            "uq_ranking_weights_active",
            "active",
            unique=True,
            sqlite_where=text("active"),
            postgresql_where=text("active"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    version: Mapped[str] = mapped_column(String(64), unique=True)
    weights: Mapped[dict[str, Any]] = mapped_column(JSON)
    source: Mapped[WeightsSource] = mapped_column(enum_type(WeightsSource))
    examples: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """How many decisions it was learned from and checked with, and how many taught nothing."""
    figures: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """How well these weights and those before foretold the decisions held out; see `learning.Figures`."""
    active: Mapped[bool] = mapped_column(default=False)
    promoted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it last became the active one; None if it never was."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    note: Mapped[str | None] = mapped_column(String(500))
