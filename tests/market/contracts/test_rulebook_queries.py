"""Which rules hold on a day, and which papers they ask for."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import delete, event
from sqlalchemy.orm import Session

from market.contracts.models import DocumentRequirement, RegistrationRules
from market.contracts.queries.rulebook import (
    CONDITION_NAMES,
    RULES_CACHE,
    list_requirements,
    rule_set_named,
    rule_set_on,
    rule_sets,
)
from market.contracts.rules.limits import Condition, LargeBy
from market.errors import NotFound, RuleViolation, Unavailable

FIRST_DAYS = (date(2000, 2, 16), date(2021, 1, 1), date(2026, 1, 23))


@pytest.mark.parametrize(
    ("day", "version"),
    [
        (date(1985, 4, 1), "2000"),
        (date(2020, 12, 31), "2000"),
        (date(2021, 1, 1), "2021"),
        (date(2026, 1, 22), "2021"),
        (date(2026, 1, 23), "2026"),
        (date(2199, 1, 1), "2026"),
    ],
)
def test_rules_of_a_day(session: Session, day: date, version: str) -> None:
    assert rule_set_on(session, day).version == version


def test_values_of_the_newest_rules(session: Session) -> None:
    rules = rule_set_named(session, "2026")
    assert (rules.limit_days, rules.large_limit_days, rules.working_days) == (15, 30, True)
    assert (rules.large_from_fen, rules.large_by) == (5_000_000 * 100, LargeBy.TECH)
    assert (rules.experts_from_fen, rules.min_experts, rules.verified) == (None, 3, False)
    assert rules.types == {"KF", "ZR", "XK", "ZX", "FW"}


def test_old_rules_know_no_licences_and_count_the_whole_amount(session: Session) -> None:
    rules = rule_set_named(session, "2000")
    assert rules.types == {"KF", "ZR", "ZX", "FW"}
    assert (rules.large_by, rules.needs_forecast) == (LargeBy.TOTAL, True)


def test_versions_come_oldest_first_and_are_read_once(session: Session) -> None:
    statements: list[str] = []
    session.info.clear()
    event.listen(session.get_bind(), "before_cursor_execute", lambda *args: statements.append(args[2]))
    assert tuple(rules.in_force_from for rules in rule_sets(session)) == FIRST_DAYS
    rule_set_on(session, date(2025, 1, 1))
    assert len(statements) == 1


def test_an_unknown_version_is_not_found(session: Session) -> None:
    with pytest.raises(NotFound) as caught:
        rule_set_named(session, "1999")
    assert (caught.value.code, caught.value.detail) == ("rules-not-found", "没有名为“1999”的登记规则版本。")


def test_without_rules_nothing_can_be_registered(session: Session) -> None:
    session.execute(delete(DocumentRequirement))
    session.execute(delete(RegistrationRules))
    session.info.pop(RULES_CACHE, None)
    with pytest.raises(Unavailable) as caught:
        rule_set_on(session, date(2025, 1, 1))
    assert caught.value.code == "no-rules"


def test_required_papers_come_first(session: Session) -> None:
    rules = rule_set_named(session, "2026")
    papers = list_requirements(session, rules, type_code="ZR")
    required = [paper.requirement.required for paper in papers]
    assert required == sorted(required, reverse=True)
    assert [
        (paper.document_name, paper.condition_name) for paper in papers if paper.requirement.required
    ] == [
        ("完整的合同文本（双方签章）", "一律"),
        ("知识产权权属证明（技术秘密为权属声明）", "涉及知识产权的"),
        ("外文合同的中文文本", "有境外当事人的"),
    ]


def test_papers_of_a_type_are_a_part_of_all(session: Session) -> None:
    for rules in rule_sets(session):
        every = {paper.requirement.id for paper in list_requirements(session, rules)}
        by_type = [
            {paper.requirement.id for paper in list_requirements(session, rules, type_code=code)}
            for code in rules.types
        ]
        assert set.union(*by_type) == every


@pytest.mark.parametrize(("type_code", "code"), [("XK", "type-not-in-rules"), ("QQ", "unknown-code")])
def test_a_type_the_rules_do_not_know_is_refused(session: Session, type_code: str, code: str) -> None:
    with pytest.raises(RuleViolation) as caught:
        list_requirements(session, rule_set_named(session, "2000"), type_code=type_code)
    assert caught.value.code == code


def test_every_condition_has_a_chinese_name() -> None:
    assert set(CONDITION_NAMES) == set(Condition)
