"""Tables of listings, which share a life cycle and so a table for it; and what is noted on needs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, TypeAlias

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.accounts.models import Organisation
from market.db import Base, BigId, Code, UtcDateTime, enum_type
from market.listings.rules import Action, ListingKind, Status, Triage, Validation


class Listing(Base):
    """What needs, achievements and scenarios have in common.

    `title` and `body` are public; `confidential` is released to the other side of a match only
    once both agree. All are kept raw, as their owner wrote them.
    """

    __tablename__ = "listings"
    __table_args__ = (
        UniqueConstraint("organisation_id", "kind", "external_id"),
        Index("ix_listings_kind_status", "kind", "status"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[ListingKind] = mapped_column(enum_type(ListingKind))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    external_id: Mapped[str | None] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str]
    confidential: Mapped[str | None]
    tech_field: Mapped[str | None] = mapped_column(Code, index=True)
    industry_code: Mapped[str | None] = mapped_column(Code)
    chain_code: Mapped[str | None] = mapped_column(Code)
    keywords: Mapped[list[str]] = mapped_column(JSON, default=list)
    indicators: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"), index=True)
    contact_name: Mapped[str | None] = mapped_column(String(64))
    contact_phone: Mapped[str | None] = mapped_column(String(32))
    source: Mapped[str | None] = mapped_column(String(200))
    status: Mapped[Status] = mapped_column(enum_type(Status), default=Status.DRAFT)
    expires_on: Mapped[date]
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)

    organisation: Mapped[Organisation] = relationship()

    __mapper_args__ = {"polymorphic_on": "kind", "version_id_col": version}


class Need(Listing):
    """A technical need (技术需求). A budget of None means to be negotiated (面议).

    `triage` is the class last decided; `override_note` says why the need is valid all the same, where
    questions that block were open.
    """

    __tablename__ = "needs"

    id: Mapped[int] = mapped_column(ForeignKey("listings.id"), primary_key=True)
    need_type: Mapped[str | None] = mapped_column(Code)
    existing_conditions: Mapped[str | None]
    cooperation_modes: Mapped[list[str]] = mapped_column(JSON, default=list)
    budget_fen: Mapped[int | None] = mapped_column(BigInteger)
    min_trl: Mapped[int | None]
    desired_partners: Mapped[str | None] = mapped_column(String(500))
    deadline: Mapped[date | None]
    validation: Mapped[Validation] = mapped_column(enum_type(Validation), default=Validation.OPEN)
    validated_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    validated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    validation_note: Mapped[str | None] = mapped_column(String(1000))
    override_note: Mapped[str | None] = mapped_column(String(1000))
    triage: Mapped[Triage | None] = mapped_column(enum_type(Triage))

    __mapper_args__ = {"polymorphic_identity": ListingKind.NEED, "polymorphic_load": "selectin"}


class Achievement(Listing):
    """An achievement (科技成果). A price of None means to be negotiated (面议)."""

    __tablename__ = "achievements"

    id: Mapped[int] = mapped_column(ForeignKey("listings.id"), primary_key=True)
    trl: Mapped[int | None]
    stage: Mapped[str | None] = mapped_column(Code)
    attribute: Mapped[str | None] = mapped_column(Code)
    transfer_modes: Mapped[list[str]] = mapped_column(JSON, default=list)
    pricing_mode: Mapped[str | None] = mapped_column(Code)
    price_fen: Mapped[int | None] = mapped_column(BigInteger)
    ip: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    registration_no: Mapped[str | None] = mapped_column(String(12))
    completers: Mapped[list[str]] = mapped_column(JSON, default=list)
    awards: Mapped[str | None] = mapped_column(String(500))

    __mapper_args__ = {"polymorphic_identity": ListingKind.ACHIEVEMENT, "polymorphic_load": "selectin"}


class Scenario(Listing):
    """A scenario (应用场景) that its owner opens to new technology.

    An investment of None means that none is stated. It is not to be found after `closes_on`.
    """

    __tablename__ = "scenarios"

    id: Mapped[int] = mapped_column(ForeignKey("listings.id"), primary_key=True)
    scenario_type: Mapped[str | None] = mapped_column(Code)
    opening_terms: Mapped[str | None]
    place: Mapped[str | None] = mapped_column(String(200))
    investment_fen: Mapped[int | None] = mapped_column(BigInteger)
    min_trl: Mapped[int | None]
    opens_on: Mapped[date | None]
    closes_on: Mapped[date | None]

    __mapper_args__ = {"polymorphic_identity": ListingKind.SCENARIO, "polymorphic_load": "selectin"}


AnyListing: TypeAlias = Need | Achievement | Scenario


class ListingEvent(Base):
    """One step in the life of a listing; `snapshot` holds its fields when its text changed."""

    __tablename__ = "listing_events"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id"), index=True)
    action: Mapped[Action] = mapped_column(enum_type(Action))
    source: Mapped[Status | None] = mapped_column(enum_type(Status))
    target: Mapped[Status] = mapped_column(enum_type(Status))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    note: Mapped[str | None] = mapped_column(String(1000))
    version: Mapped[int]
    snapshot: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class NeedAssessment(Base):
    """What the rules of one version found in one version of a need; never changed."""

    __tablename__ = "need_assessments"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    need_version: Mapped[int]
    rule_version: Mapped[str] = mapped_column(String(16))
    completeness: Mapped[int]
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    suggested: Mapped[Triage] = mapped_column(enum_type(Triage))
    reasons: Mapped[list[str]] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class NeedTriage(Base):
    """A reviewer's decision on which way a need goes, beside what had been suggested; never changed."""

    __tablename__ = "need_triages"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    assessment_id: Mapped[int] = mapped_column(ForeignKey("need_assessments.id"))
    decided: Mapped[Triage] = mapped_column(enum_type(Triage))
    note: Mapped[str | None] = mapped_column(String(1000))
    visit_note: Mapped[str | None] = mapped_column(String(500))
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    assessment: Mapped[NeedAssessment] = relationship()


class NeedQuestion(Base):
    """Questions with which a need was sent back: findings of an assessment, and words; never changed."""

    __tablename__ = "need_questions"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    assessment_id: Mapped[int] = mapped_column(ForeignKey("need_assessments.id"))
    codes: Mapped[list[str]] = mapped_column(JSON)
    words: Mapped[str] = mapped_column(String(800))
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    assessment: Mapped[NeedAssessment] = relationship()
