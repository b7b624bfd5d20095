"""Tables of contracts, their parties, requests, expert opinions, events and serials."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.accounts.models import Organisation
from market.challenges.models import Award
from market.contracts.form_rules import contract_identity
from market.contracts.rules import Action, ExpertConclusion, RequestKind, Side, Status
from market.db import Base, BigId, Code, UtcDateTime, enum_type
from market.matches.models import Suggestion


class ContractParty(Base):
    """A seller or buyer as the contract names it; parties need not be on the market."""

    __tablename__ = "contract_parties"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    uscc: Mapped[str | None] = mapped_column(String(18))
    nature_code: Mapped[str] = mapped_column(Code)
    country_code: Mapped[str] = mapped_column(String(3), default="156")
    region_code: Mapped[str | None] = mapped_column(ForeignKey("regions.code"))
    park_code: Mapped[str | None] = mapped_column(ForeignKey("parks.code"))

    @property
    def identity(self) -> str:
        """What tells this party from others: its credit code, or its name where it has none."""
        return self.uscc or self.name


class Contract(Base):
    """One technical contract and its registration.

    `acceptance_no` is ours from the first submission on; `reg_no` is given at registration, unique
    and never used again. `live_identity` is set while the contract counts, so that the database
    itself refuses to register one contract twice. Amounts are fen.

    The applicant is the seller, or the buyer where technology is bought from abroad. A brokerage
    contract (技术中介) names the contract it brokered in `brokered_id`. A contract in another currency
    keeps `foreign_amount` in that currency's smallest unit and `exchange_rate`, yuan for one whole
    unit, as decimal text. `confirmed` lists the questions about the form that the applicant answered
    with yes. `amount_is_estimate` marks a royalty contract whose amounts are settled later.
    """

    __tablename__ = "contracts"
    __table_args__ = (
        CheckConstraint("tech_amount_fen >= 0 AND tech_amount_fen <= total_amount_fen", name="amounts"),
        Index("ix_contracts_station_status", "station_id", "status"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    status: Mapped[Status] = mapped_column(enum_type(Status), default=Status.DRAFT)
    station_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    suggestion_id: Mapped[int | None] = mapped_column(ForeignKey("suggestions.id"), index=True)
    brokered_id: Mapped[int | None] = mapped_column(ForeignKey("contracts.id"), index=True)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id"), index=True)
    award_id: Mapped[int | None] = mapped_column(ForeignKey("awards.id"), index=True)
    applicant: Mapped[Side] = mapped_column(enum_type(Side), default=Side.SELLER)
    external_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    acceptance_no: Mapped[str | None] = mapped_column(String(32), unique=True)
    reg_no: Mapped[str | None] = mapped_column(String(16), unique=True)
    rule_version: Mapped[str | None] = mapped_column(String(16))
    live_identity: Mapped[str | None] = mapped_column(String(64), unique=True)

    project_name: Mapped[str] = mapped_column(String(300))
    type_code: Mapped[str] = mapped_column(Code)
    subtype_code: Mapped[str | None] = mapped_column(Code)
    seller_id: Mapped[int] = mapped_column(ForeignKey("contract_parties.id"))
    buyer_id: Mapped[int] = mapped_column(ForeignKey("contract_parties.id"))
    signed_on: Mapped[date]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    tech_field: Mapped[str] = mapped_column(Code)
    ip_kind: Mapped[str] = mapped_column(Code)
    licence_kind: Mapped[str | None] = mapped_column(Code)
    plan_source: Mapped[str] = mapped_column(Code)
    seo: Mapped[str | None] = mapped_column(Code)
    industry_code: Mapped[str | None] = mapped_column(Code)
    total_amount_fen: Mapped[int] = mapped_column(BigInteger)
    tech_amount_fen: Mapped[int] = mapped_column(BigInteger)
    amount_is_estimate: Mapped[bool] = mapped_column(default=False)
    payment_mode: Mapped[str] = mapped_column(Code)
    royalty_base: Mapped[str | None] = mapped_column(Code)
    royalty_terms: Mapped[str | None] = mapped_column(String(500))
    currency: Mapped[str] = mapped_column(String(3), default="CNY")
    foreign_amount: Mapped[int | None] = mapped_column(BigInteger)
    exchange_rate: Mapped[str | None] = mapped_column(String(24))
    rate_on: Mapped[date | None]
    rate_source: Mapped[str | None] = mapped_column(String(100))
    new_input_fen: Mapped[int | None] = mapped_column(BigInteger)
    new_output_fen: Mapped[int | None] = mapped_column(BigInteger)
    related_party: Mapped[bool] = mapped_column(default=False)
    abroad: Mapped[bool] = mapped_column(default=False)
    confirmed: Mapped[list[str]] = mapped_column(JSON, default=list)
    disputed: Mapped[bool] = mapped_column(default=False)
    experts_called: Mapped[bool] = mapped_column(default=False)

    submitted_on: Mapped[date | None]
    accepted_on: Mapped[date | None]
    due_on: Mapped[date | None]
    registered_on: Mapped[date | None] = mapped_column(index=True)
    ended_on: Mapped[date | None]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)

    seller: Mapped[ContractParty] = relationship(foreign_keys=[seller_id])
    buyer: Mapped[ContractParty] = relationship(foreign_keys=[buyer_id])
    station: Mapped[Organisation] = relationship()
    suggestion: Mapped[Suggestion | None] = relationship()
    award: Mapped[Award | None] = relationship()

    __mapper_args__ = {"version_id_col": version}

    @property
    def identity(self) -> str:
        """Digest that two entries of the same contract share."""
        return contract_identity(
            seller=self.seller.identity,
            buyer=self.buyer.identity,
            project_name=self.project_name,
            total_amount_fen=self.total_amount_fen,
            signed_on=self.signed_on,
        )


class ContractRequest(Base):
    """What is to be done with a registered contract, and the answer.

    The applicant asks for changes, settlements and cancellation; the station or a bureau proposes a
    revocation. One person examines it; where the contract is large, and always for a revocation,
    another one decides.
    """

    __tablename__ = "contract_requests"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contracts.id"), index=True)
    kind: Mapped[RequestKind] = mapped_column(enum_type(RequestKind))
    reason_code: Mapped[str | None] = mapped_column(Code)
    reason: Mapped[str] = mapped_column(String(1000))
    changes: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    requested_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    examined_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    examined_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    examination_note: Mapped[str | None] = mapped_column(String(1000))
    approved: Mapped[bool | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decision_note: Mapped[str | None] = mapped_column(String(1000))


class ExpertOpinion(Base):
    """What one expert of the review of a large or disputed contract concluded."""

    __tablename__ = "expert_opinions"
    __table_args__ = (UniqueConstraint("contract_id", "name", "unit"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contracts.id"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    unit: Mapped[str] = mapped_column(String(200))
    conclusion: Mapped[ExpertConclusion] = mapped_column(enum_type(ExpertConclusion))
    words: Mapped[str] = mapped_column(String(2000))
    opined_on: Mapped[date]
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ContractEvent(Base):
    """One step of a contract; `snapshot` holds the whole form at submission, registration and change."""

    __tablename__ = "contract_events"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contracts.id"), index=True)
    action: Mapped[Action] = mapped_column(enum_type(Action))
    source: Mapped[Status | None] = mapped_column(enum_type(Status))
    target: Mapped[Status] = mapped_column(enum_type(Status))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    reason_code: Mapped[str | None] = mapped_column(Code)
    note: Mapped[str | None] = mapped_column(String(1000))
    snapshot: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class RegistrationSerial(Base):
    """The last serial used by a station's area in a year; locked while the next one is drawn."""

    __tablename__ = "registration_serials"
    __table_args__ = (UniqueConstraint("area", "year"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    area: Mapped[str] = mapped_column(String(6))
    year: Mapped[int]
    last: Mapped[int]
