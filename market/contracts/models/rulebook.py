"""Tables of the rules registration stands under; editable data, since local practice and law change."""

from __future__ import annotations

from datetime import date

from sqlalchemy import JSON, BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from market.contracts.rules import Condition, LargeBy
from market.db import Base, BigId, Code, enum_type


class RegistrationRules(Base):
    """One version of the rules, in force from a day until the next version (see `rules.RuleSet`)."""

    __tablename__ = "registration_rules"

    version: Mapped[str] = mapped_column(String(16), primary_key=True)
    in_force_from: Mapped[date] = mapped_column(unique=True)
    types: Mapped[list[str]] = mapped_column(JSON)
    limit_days: Mapped[int]
    large_limit_days: Mapped[int]
    working_days: Mapped[bool]
    large_from_fen: Mapped[int] = mapped_column(BigInteger)
    large_by: Mapped[LargeBy] = mapped_column(enum_type(LargeBy))
    approver_differs: Mapped[bool]
    experts_from_fen: Mapped[int | None] = mapped_column(BigInteger)
    min_experts: Mapped[int]
    needs_forecast: Mapped[bool]
    source: Mapped[str] = mapped_column(String(300))
    verified: Mapped[bool]


class DocumentRequirement(Base):
    """A paper that an application must bring under a version of the rules.

    `type_code` of None means every type. A paper that is not `required` is asked for but not insisted on.
    """

    __tablename__ = "document_requirements"
    __table_args__ = (
        UniqueConstraint(
            "rule_version", "type_code", "condition", "document_kind", name="uq_document_requirements_paper"
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    rule_version: Mapped[str] = mapped_column(ForeignKey("registration_rules.version"))
    type_code: Mapped[str | None] = mapped_column(Code)
    condition: Mapped[Condition] = mapped_column(enum_type(Condition))
    document_kind: Mapped[str] = mapped_column(Code)
    required: Mapped[bool]
    source: Mapped[str] = mapped_column(String(300))
