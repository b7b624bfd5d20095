"""Loading rules and required papers: twice changes nothing, a row that cannot be is refused."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.contracts.models import DocumentRequirement, RegistrationRules
from market.contracts.queries.rulebook import rule_set_named, rule_set_on
from market.contracts.rules.limits import Condition, LargeBy
from market.contracts.service.rulebook import load_requirements, load_rules
from market.errors import MarketError

NEW_RULES: dict[str, Any] = {
    "version": "2030",
    "in_force_from": date(2030, 1, 1),
    "types": ["KF", "ZR"],
    "limit_days": 10,
    "large_limit_days": 20,
    "working_days": True,
    "large_from_fen": 1_000_000_000,
    "large_by": LargeBy.TECH,
    "approver_differs": True,
    "experts_from_fen": 5_000_000_000,
    "min_experts": 5,
    "needs_forecast": False,
    "source": "测试",
    "verified": False,
}
PAPER: dict[str, Any] = {
    "rule_version": "2026",
    "type_code": None,
    "condition": Condition.ALWAYS,
    "document_kind": "contract_text",
    "required": True,
    "source": "测试",
}


def papers_of(session: Session, version: str) -> list[str]:
    statement = select(DocumentRequirement.document_kind).where(DocumentRequirement.rule_version == version)
    return list(session.scalars(statement))


def test_a_new_version_holds_from_its_first_day(session: Session) -> None:
    assert rule_set_on(session, date(2030, 1, 1)).version == "2026"
    assert load_rules(session, iter([NEW_RULES])) == 1
    assert rule_set_on(session, date(2029, 12, 31)).version == "2026"
    rules = rule_set_on(session, date(2030, 1, 1))
    assert (rules.version, rules.types, rules.experts_from_fen) == ("2030", {"KF", "ZR"}, 5_000_000_000)


def test_a_corrected_limit_counts_at_once(session: Session) -> None:
    load_rules(session, [NEW_RULES])
    row = session.get_one(RegistrationRules, "2030")
    load_rules(session, [NEW_RULES])
    assert not session.is_modified(row)
    load_rules(session, [{**NEW_RULES, "limit_days": 12}])
    assert rule_set_named(session, "2030").limit_days == 12


@pytest.mark.parametrize(
    ("changed", "code", "detail"),
    [
        ({"types": ["KF", "QQ"]}, "unknown-code", "合同类别中没有代码“QQ”。"),
        ({"limit_days": 0}, "rules-invalid", "规则 2030 的期限须大于零，大额期限不得短于一般期限。"),
        ({"large_limit_days": 9}, "rules-invalid", "规则 2030 的期限须大于零，大额期限不得短于一般期限。"),
        ({"large_from_fen": 0}, "rules-invalid", "规则 2030 的大额起点须大于零。"),
        (
            {"in_force_from": date(2026, 1, 23)},
            "rules-invalid",
            "规则 2026 与 2030 不能同日（2026-01-23）施行。",
        ),
        ({"min_experts": 0}, "rules-invalid", "规则 2030 的专家人数至少为一人。"),
    ],
)
def test_impossible_rules_are_refused(
    session: Session, *, changed: dict[str, Any], code: str, detail: str
) -> None:
    with pytest.raises(MarketError) as caught:
        load_rules(session, [{**NEW_RULES, **changed}])
    assert caught.value.code == code
    assert detail in {caught.value.detail, *(fault.detail for fault in caught.value.fields)}
    assert session.get(RegistrationRules, "2030") is None


def test_papers_become_those_of_the_file(session: Session) -> None:
    others = papers_of(session, "2021")
    receipt = {**PAPER, "document_kind": "receipt", "required": False}
    for _ in range(2):
        assert load_requirements(session, iter([PAPER, receipt])) == 2
        assert sorted(papers_of(session, "2026")) == ["contract_text", "receipt"]
    assert papers_of(session, "2021") == others


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"rule_version": "1999"}, "rules-not-found"),
        ({"document_kind": "love_letter"}, "unknown-code"),
        ({"rule_version": "2000", "type_code": "XK"}, "unknown-code"),
        ({"required": False}, "requirement-twice"),
    ],
)
def test_impossible_papers_are_refused(session: Session, *, changed: dict[str, Any], code: str) -> None:
    before = papers_of(session, "2026")
    with pytest.raises(MarketError) as caught:
        load_requirements(session, [PAPER, {**PAPER, **changed}])
    assert caught.value.code == code
    assert papers_of(session, "2026") == before
