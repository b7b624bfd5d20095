"""Loading the rules registration stands under. The rows come from files; loading twice changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.contracts.models import DocumentRequirement, RegistrationRules
from market.contracts.queries.rulebook import RULES_CACHE, rule_set_named
from market.errors import violation
from market.reference.queries import check_codes
from market.reference.rules import Scheme
from market.reference.service import merge_rows

PAPER_KEY = ("rule_version", "type_code", "condition", "document_kind")
"""Columns by which a required paper is known."""


def load_rules(session: Session, rows: Iterable[Mapping[str, Any]]) -> int:
    """Insert or update versions of the rules; a version once loaded is never taken away.

    Args:
        session: open transaction.
        rows: the columns of `registration_rules`.

    Returns:
        The number of rows read.

    Raises:
        RuleViolation: `unknown-code`, a contract type that is in no list; `rules-invalid`, limits or
            amounts that no station could keep, or two versions that begin on one day.
    """
    session.info.pop(RULES_CACHE, None)
    given = list(rows)
    for row in given:
        check_codes(session, [("/types", Scheme.CONTRACT_TYPE, code) for code in row["types"]])
        _check_rules(row)
    _check_first_days(session, given)
    return merge_rows(session, RegistrationRules, given, key=("version",))


def _check_rules(row: Mapping[str, Any]) -> None:
    version = row["version"]
    if not 0 < row["limit_days"] <= row["large_limit_days"]:
        detail = f"规则 {version} 的期限须大于零，大额期限不得短于一般期限。"
        raise violation("/limit_days", "rules-invalid", detail)
    if row["large_from_fen"] <= 0:
        raise violation("/large_from_fen", "rules-invalid", f"规则 {version} 的大额起点须大于零。")
    if row["min_experts"] < 1:
        raise violation("/min_experts", "rules-invalid", f"规则 {version} 的专家人数至少为一人。")


def _check_first_days(session: Session, given: Iterable[Mapping[str, Any]]) -> None:
    first_days = {row.version: row.in_force_from for row in session.scalars(select(RegistrationRules))}
    first_days |= {row["version"]: row["in_force_from"] for row in given}
    versions: dict[date, str] = {}
    for version, day in first_days.items():
        other = versions.setdefault(day, version)
        if other != version:
            detail = f"规则 {other} 与 {version} 不能同日（{day:%Y-%m-%d}）施行。"
            raise violation("/in_force_from", "rules-invalid", detail)


def load_requirements(session: Session, rows: Iterable[Mapping[str, Any]]) -> int:
    """Make the required papers of every version named in the rows exactly those of the rows.

    Args:
        session: open transaction.
        rows: the columns of `document_requirements` but its id.

    Returns:
        The number of rows read.

    Raises:
        NotFound: `rules-not-found`, an unknown version.
        RuleViolation: `unknown-code`; `requirement-twice`, a paper that stands in two rows.
    """
    given = list(rows)
    wanted: set[tuple[Any, ...]] = set()
    for row in given:
        _check_requirement(session, row)
        place = tuple(row[name] for name in PAPER_KEY)
        if place in wanted:
            detail = f"规则 {row['rule_version']} 的材料“{row['document_kind']}”在同一条件下列了两次。"
            raise violation("/document_kind", "requirement-twice", detail)
        wanted.add(place)
    for known in session.scalars(
        select(DocumentRequirement).where(
            DocumentRequirement.rule_version.in_({row["rule_version"] for row in given})
        )
    ):
        if tuple(getattr(known, name) for name in PAPER_KEY) not in wanted:
            session.delete(known)
    return merge_rows(session, DocumentRequirement, given, key=PAPER_KEY)


def _check_requirement(session: Session, row: Mapping[str, Any]) -> None:
    rules = rule_set_named(session, row["rule_version"])
    check_codes(session, [("/document_kind", Scheme.DOCUMENT_KIND, row["document_kind"])])
    if row["type_code"] is not None and row["type_code"] not in rules.types:
        detail = f"规则 {rules.version} 中没有合同类别“{row['type_code']}”。"
        raise violation("/type_code", "unknown-code", detail)
