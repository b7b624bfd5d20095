"""Reading the rules registration stands under: versions, and the papers each of them asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, or_, select
from sqlalchemy.orm import Session

from market.contracts.models import DocumentRequirement, RegistrationRules
from market.contracts.rules.limits import Condition, RuleSet
from market.errors import NotFound, Unavailable, violation
from market.reference.queries import check_codes, code_names, list_codes
from market.reference.rules import Scheme

RULES_CACHE = "registration_rules"
"""Key in `session.info`; whoever writes the table drops it."""

RULE_COLUMNS = tuple(RegistrationRules.__table__.columns)
"""For statements that read the rules beside something else."""

CONDITION_NAMES: Mapping[Condition, str] = {
    Condition.ALWAYS: "一律",
    Condition.IP: "涉及知识产权的",
    Condition.FOREIGN: "有境外当事人的",
    Condition.GOVERNMENT_PLAN: "列入政府计划的",
    Condition.BROKERAGE: "技术中介合同",
    Condition.ROYALTY: "提成支付的",
    Condition.TRANSFER: "技术转让、技术许可合同",
}


@dataclass(frozen=True, slots=True)
class DescribedRequirement:
    """A paper that is asked for, with the names a reader needs beside its codes."""

    requirement: DocumentRequirement
    type_name: str | None
    condition_name: str
    document_name: str


def rule_sets(session: Session) -> tuple[RuleSet, ...]:
    """Return every rule set, oldest first; read once per session.

    Raises:
        Unavailable: `no-rules`, where none was loaded.
    """
    cached: tuple[RuleSet, ...] | None = session.info.get(RULES_CACHE)
    if cached is None:
        rows = session.scalars(select(RegistrationRules).order_by(RegistrationRules.in_force_from))
        cached = tuple(rule_set_of(row) for row in rows)
        if not cached:
            raise Unavailable("尚未载入技术合同登记规则，请先运行 market seed reference。", code="no-rules")
        session.info[RULES_CACHE] = cached
    return cached


def rule_set_on(session: Session, day: date) -> RuleSet:
    """Return the rule set in force on a day; the oldest one for days before all.

    Raises:
        Unavailable: `no-rules`, where none was loaded.
    """
    known = rule_sets(session)
    return next((rules for rules in reversed(known) if rules.in_force_from <= day), known[0])


def rule_set_named(session: Session, version: str) -> RuleSet:
    """Return one version of the rules.

    Raises:
        NotFound: `rules-not-found`.
        Unavailable: `no-rules`, where none was loaded.
    """
    for rules in rule_sets(session):
        if rules.version == version:
            return rules
    raise NotFound(f"没有名为“{version}”的登记规则版本。", code="rules-not-found")


def list_requirements(
    session: Session, rules: RuleSet, *, type_code: str | None = None
) -> list[DescribedRequirement]:
    """Return the papers a version of the rules asks for: required ones first, each part in its own order.

    Args:
        session: open session.
        rules: the version.
        type_code: only what concerns contracts of this type.

    Raises:
        RuleViolation: `unknown-code`; `type-not-in-rules`, a type this version does not know.
    """
    check_codes(session, [("/type_code", Scheme.CONTRACT_TYPE, type_code)])
    if type_code is not None and type_code not in rules.types:
        detail = f"登记规则 {rules.version} 中没有合同类别“{type_code}”。"
        raise violation("/type_code", "type-not-in-rules", detail, source=rules.source)
    statement = select(DocumentRequirement).where(DocumentRequirement.rule_version == rules.version)
    if type_code is not None:
        column = DocumentRequirement.type_code
        statement = statement.where(or_(column.is_(None), column == type_code))
    order = {entry.code: entry.sort for entry in list_codes(session, Scheme.DOCUMENT_KIND)}
    rows = sorted(
        session.scalars(statement),
        key=lambda row: (not row.required, order[row.document_kind], row.type_code or ""),
    )
    types = code_names(session, Scheme.CONTRACT_TYPE)
    kinds = code_names(session, Scheme.DOCUMENT_KIND)
    return [
        DescribedRequirement(
            requirement=row,
            type_name=types[row.type_code] if row.type_code is not None else None,
            condition_name=CONDITION_NAMES[row.condition],
            document_name=kinds[row.document_kind],
        )
        for row in rows
    ]


def rule_set_of(row: RegistrationRules | Row[Any]) -> RuleSet:
    """Return the rule set in a row of the table, or in one that has `RULE_COLUMNS`."""
    return RuleSet(
        version=row.version,
        in_force_from=row.in_force_from,
        types=frozenset(row.types),
        limit_days=row.limit_days,
        large_limit_days=row.large_limit_days,
        working_days=row.working_days,
        large_from_fen=row.large_from_fen,
        large_by=row.large_by,
        approver_differs=row.approver_differs,
        experts_from_fen=row.experts_from_fen,
        min_experts=row.min_experts,
        needs_forecast=row.needs_forecast,
        source=row.source,
        verified=row.verified,
    )
