"""Tables of challenges: what is asked, under which rules, each step, and who may read the annex."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.accounts.models import Organisation
from market.challenges.rules import Action, Criterion, DemandRules, Mode, Status
from market.db import Base, BigId, Code, UtcDateTime, enum_type
from market.listings.models import Need


class ChallengeRuleSet(Base):
    """Demand rules of a region, or of everywhere where none is named, from a day on."""

    __tablename__ = "challenge_rule_sets"

    version: Mapped[str] = mapped_column(String(32), primary_key=True)
    region_code: Mapped[str | None] = mapped_column(ForeignKey("regions.code"))
    in_force_from: Mapped[date]
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The fields of `DemandRules`, version apart."""
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def rules(self) -> DemandRules:
        """The rules as the functions of `rules.demand` take them."""
        return DemandRules(version=self.version, **self.content)


class Challenge(Base):
    """A challenge: the public part, and `annex`, which a unit reads once it has agreed to `annex_terms`.

    `organisation` is the demand side. `rules` and `criteria` are copies of what was in force when it was
    collected. `number` and `edition_id` are set when it is put on a list; the call is open until `closes_at`.
    """

    __tablename__ = "challenges"
    __table_args__ = (
        CheckConstraint("budget_fen >= 0 AND grant_fen >= 0", name="amounts"),
        CheckConstraint("need_id IS NOT NULL OR technology_id IS NOT NULL", name="origin"),
        Index("ix_challenges_region_code_status", "region_code", "status"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[str | None] = mapped_column(String(32), unique=True)
    status: Mapped[Status] = mapped_column(enum_type(Status), default=Status.COLLECTED)
    mode: Mapped[Mode] = mapped_column(enum_type(Mode))
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    need_id: Mapped[int | None] = mapped_column(ForeignKey("needs.id"), index=True)
    technology_id: Mapped[int | None] = mapped_column(ForeignKey("key_technologies.id"), index=True)
    key: Mapped[bool] = mapped_column(default=False)
    """Whether it is a key one (重点): a wish until it is screened, then what the bureau decided."""

    title: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str]
    goals: Mapped[str] = mapped_column(String(5000))
    indicators: Mapped[list[dict[str, str]]] = mapped_column(JSON)
    conditions: Mapped[str] = mapped_column(String(5000))
    ip_terms: Mapped[str] = mapped_column(String(2000))
    tech_field: Mapped[str | None] = mapped_column(Code)
    chain_code: Mapped[str | None] = mapped_column(Code)
    budget_fen: Mapped[int] = mapped_column(BigInteger)
    grant_fen: Mapped[int] = mapped_column(BigInteger)
    solver_percent: Mapped[int]
    """Share of the grant, at the least, that goes to who solves it."""
    duration_months: Mapped[int]
    max_awards: Mapped[int] = mapped_column(default=1)
    annex: Mapped[str | None]
    annex_terms: Mapped[str | None] = mapped_column(String(5000))
    rules: Mapped[dict[str, Any]] = mapped_column(JSON)
    criteria: Mapped[list[dict[str, Any]]] = mapped_column(JSON)

    screening_note: Mapped[str | None] = mapped_column(String(1000))
    edition_id: Mapped[int | None] = mapped_column(ForeignKey("editions.id"), index=True)
    listed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closes_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    invited_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    """The one unit that may bid, where the work is commissioned (定向委托)."""
    postponements: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    """Each with the `announced` deadline, the new one `closes_at`, the `note` and when it was done, `at`."""
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)

    organisation: Mapped[Organisation] = relationship(foreign_keys=[organisation_id])
    need: Mapped[Need | None] = relationship()
    invited: Mapped[Organisation | None] = relationship(foreign_keys=[invited_id])

    __mapper_args__ = {"version_id_col": version}

    @property
    def demand_rules(self) -> DemandRules:
        """The rules it was collected under."""
        return DemandRules(**self.rules)

    @property
    def score_criteria(self) -> tuple[Criterion, ...]:
        """What its bids are scored by."""
        return tuple(Criterion(**criterion) for criterion in self.criteria)


class ChallengeEvent(Base):
    """One step of a challenge, or of one of its awards or bids. Holds ids and words of the office only."""

    __tablename__ = "challenge_events"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenges.id"), index=True)
    bid_id: Mapped[int | None] = mapped_column(ForeignKey("challenge_bids.id"))
    award_id: Mapped[int | None] = mapped_column(ForeignKey("awards.id"))
    action: Mapped[Action] = mapped_column(enum_type(Action))
    source: Mapped[Status | None] = mapped_column(enum_type(Status))
    target: Mapped[Status] = mapped_column(enum_type(Status))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    note: Mapped[str | None] = mapped_column(String(1000))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class AnnexAgreement(Base):
    """A unit's agreement to the terms on which it reads an annex; `terms_digest` says to which words."""

    __tablename__ = "annex_agreements"
    __table_args__ = (UniqueConstraint("challenge_id", "organisation_id", "terms_digest"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenges.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    terms_digest: Mapped[str] = mapped_column(String(64))
    agreed_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    agreed_at: Mapped[datetime] = mapped_column(UtcDateTime)

    organisation: Mapped[Organisation] = relationship()
