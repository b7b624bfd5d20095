"""The gate of needs: what is asked, how complete a need is, and which way it should go."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.listings.rules import (
    GATE_VERSION,
    RULES,
    SEVERITY_NAMES,
    TRIAGE_NAMES,
    GateCode,
    NeedFacts,
    Severity,
    Triage,
    check_need,
    suggest_triage,
)
from market.listings.rules.gate import is_measurable, lacks_unit
from market.listings.rules.triage import DIRECT_FROM, LARGE_BUDGET_FEN, PRACTICE_PERCENT

EMPTY = NeedFacts(title="某项技术", body="")
WHOLE = NeedFacts(
    title="反渗透膜三个月就要清洗",
    body="每天两千吨染整废水，电导8 mS/cm，换过两家药剂都没用，希望清洗周期延长到一年以上，明年汛期前完成。",
    existing_conditions="双膜法一套，有中试场地。",
    indicators=(("清洗周期", "≥12个月"), ("回用率", "≥70%")),
    need_type="tackle",
    tech_field="07",
    cooperation_modes=("commission",),
    budget_fen=80_000_000,
    min_trl=6,
    deadline=date(2026, 6, 30),
    has_contact=True,
)
MANUAL = Path(__file__).parents[3] / "docs" / "手册" / "需求质量与场景.md"

ANSWERS: Mapping[GateCode, Callable[[NeedFacts], NeedFacts]] = {
    GateCode.TOO_SHORT: lambda need: replace(need, body=f"{need.body}\n{'注塑机换模以后首件尺寸不稳。' * 3}"),
    GateCode.NO_FIELD: lambda need: replace(need, tech_field="03"),
    GateCode.NO_NUMBER: lambda need: replace(need, body=f"{need.body}\n目前合格率92%。"),
    GateCode.NO_GOAL: lambda need: replace(need, body=f"{need.body}\n要求合格率不低于98%。"),
    GateCode.NO_INDICATOR: lambda need: replace(need, indicators=(("合格率", "≥98%"),)),
    GateCode.BARE_INDICATOR: lambda need: replace(
        need, indicators=tuple((name, "≥98%") for name, _ in need.indicators)
    ),
    GateCode.UNIT_MISSING: lambda need: replace(
        need, indicators=tuple((name, f"{value} MPa") for name, value in need.indicators)
    ),
    GateCode.NO_CONDITIONS: lambda need: replace(need, existing_conditions="有中试车间。"),
    GateCode.NO_DEADLINE: lambda need: replace(need, deadline=date(2026, 1, 1)),
    GateCode.NO_BUDGET: lambda need: replace(need, budget_fen=1_000_000),
    GateCode.NO_MODE: lambda need: replace(need, cooperation_modes=("joint",)),
    GateCode.NO_CONTACT: lambda need: replace(need, has_contact=True),
}
"""An answer to each question that is answered by telling more; the others are faults in what was said."""

words = st.text(alphabet="希望提高效率达到行业领先现有3.5%吨，。；一二成以内A1 \n", max_size=60)
indicators = st.lists(
    st.tuples(
        st.sampled_from(["合格率", "抗拉强度", "外观"]), st.sampled_from(["≥95%", "600", "高", "无裂纹"])
    ),
    max_size=3,
)
needs = st.builds(
    NeedFacts,
    title=words,
    body=words,
    existing_conditions=st.one_of(st.just(""), words),
    indicators=indicators.map(tuple),
    need_type=st.sampled_from([None, "tackle", "talent"]),
    tech_field=st.sampled_from([None, "07"]),
    cooperation_modes=st.sampled_from([(), ("joint",)]),
    budget_fen=st.sampled_from([None, 0, LARGE_BUDGET_FEN]),
    min_trl=st.sampled_from([None, 2, 7]),
    deadline=st.sampled_from([None, date(2026, 1, 1)]),
    has_contact=st.booleans(),
)


def asked(**changes: Any) -> set[str]:
    """Return what is asked about a need that is whole but for these changes."""
    return {code.value for code in check_need(replace(WHOLE, **changes)).codes}


def test_nothing_is_asked_of_a_need_that_says_all() -> None:
    check = check_need(WHOLE)
    assert (check.completeness, check.findings) == (100, ())
    assert suggest_triage(WHOLE, check).triage is Triage.DIRECT


def test_a_need_that_says_nothing_loses_everything_it_could_have_said() -> None:
    check = check_need(EMPTY)
    assert check.completeness == 0
    assert check.codes == set(ANSWERS) - {GateCode.BARE_INDICATOR, GateCode.UNIT_MISSING}
    suggestion = suggest_triage(EMPTY, check)
    assert suggestion.triage is Triage.DIAGNOSE
    assert suggestion.reasons == (
        "还有必须补充的问题：描述过短、未选技术领域、没有数字、没有目标值。",
        f"完整度0，低于可直接对接的{DIRECT_FROM}。",
    )


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"tech_field": None}, {"no_field"}),
        ({"indicators": ()}, {"no_indicator"}),
        ({"indicators": (("清洗周期", "尽量长"), ("回用率", "≥70%"))}, {"bare_indicator"}),
        ({"indicators": (("回用率", "≥70"),)}, {"unit_missing"}),
        ({"cooperation_modes": ()}, {"no_mode"}),
        ({"budget_fen": None}, {"no_budget"}),
        ({"deadline": None}, set()),  # the text says it
        ({"has_contact": False}, {"no_contact"}),
        ({"existing_conditions": ""}, set()),  # the text says them
        ({"need_type": "talent"}, {"not_technology"}),
        ({"title": "膜清洗、除臭和污泥减量技术"}, {"several_problems"}),
        ({"existing_conditions": "希望技术达到国内先进。"}, {"vague_words"}),
    ],
)
def test_each_gap_is_asked_about_and_nothing_else(changes: dict[str, Any], codes: set[str]) -> None:
    assert asked(**changes) == codes


def test_numbers_without_a_goal_are_not_enough_and_a_measurable_indicator_is() -> None:
    told = "每天两千吨染整废水，电导8 mS/cm，反渗透膜三个月就要清洗，换过两家阻垢剂都不见效。"
    assert "no_goal" in asked(body=told, indicators=())
    assert "no_goal" not in asked(body=told)
    assert {"no_number", "no_goal"} <= asked(
        title="膜清洗太勤", body="反渗透膜总要清洗。" * 5, existing_conditions="", indicators=()
    )


@pytest.mark.parametrize("value", ["≥98%", "不检出", "通过型式试验", "八成以上", "零泄漏", "符合GB/T 14992"])
def test_values_that_can_be_checked(value: str) -> None:
    assert is_measurable(value)


@pytest.mark.parametrize("value", ["高", "明显提高", "国内先进", "越长越好"])
def test_values_that_cannot_be_checked(value: str) -> None:
    assert not is_measurable(value)


@pytest.mark.parametrize(
    ("name", "value", "lacking"),
    [
        ("抗拉强度", "≥600", True),
        ("一次合格率", "98以上", True),
        ("抗拉强度（MPa）", "≥600", False),
        ("抗拉强度", "≥600 MPa", False),
        ("第二点拉力CPK", "≥1.67", False),
        ("最低短路比", "≤1.5", False),
        ("漏检率", "0", False),
    ],
)
def test_units_are_missed_only_where_a_quantity_certainly_has_one(
    name: str, value: str, lacking: bool
) -> None:
    assert lacks_unit(name, value) is lacking


@given(needs, indicators)
def test_completeness_is_what_the_weights_say_and_the_order_of_indicators_is_all_one(
    need: NeedFacts, more: list[tuple[str, str]]
) -> None:
    need = replace(need, indicators=(*need.indicators, *more))
    check = check_need(need)
    assert 0 <= check.completeness <= 100
    assert check.completeness == 100 - sum(finding.rule.weight for finding in check.findings)
    turned = replace(need, indicators=need.indicators[::-1])
    assert check_need(turned) == check
    assert suggest_triage(turned, check) == suggest_triage(need, check)


@given(needs)
def test_an_answer_removes_its_question_and_never_lowers_completeness(need: NeedFacts) -> None:
    check = check_need(need)
    for code in check.codes & ANSWERS.keys():
        after = check_need(ANSWERS[code](need))
        assert code not in after.codes
        assert after.completeness >= check.completeness, code


@given(needs)
def test_a_class_has_reasons_and_only_needs_without_blocking_questions_go_straight_on(
    need: NeedFacts,
) -> None:
    check = check_need(need)
    suggestion = suggest_triage(need, check)
    assert suggestion.reasons
    if suggestion.triage is Triage.DIRECT:
        assert not check.blocking
        assert check.completeness >= DIRECT_FROM
    if check.codes & {GateCode.TOO_SHORT, GateCode.NOT_TECHNOLOGY}:
        assert suggestion.triage is Triage.DIAGNOSE


def test_needs_that_depend_on_others_are_tracked_and_a_single_weak_sign_is_not_enough() -> None:
    def suggested(**changes: Any) -> Triage:
        need = replace(WHOLE, **changes)
        return suggest_triage(need, check_need(need)).triage

    assert suggested(existing_conditions="膜元件全部依赖进口，国内尚无替代。") is Triage.LONG_TERM
    assert suggested(min_trl=2) is Triage.DIRECT
    assert suggested(min_trl=2, budget_fen=LARGE_BUDGET_FEN) is Triage.LONG_TERM
    assert suggested(body="膜元件依赖进口。") is Triage.DIAGNOSE
    assert suggested(title="膜清洗；除臭") is Triage.DIAGNOSE


def test_every_rule_is_stated_once_in_full_and_stands_in_the_manual() -> None:
    assert [rule.code for rule in RULES] == list(GateCode)
    blocking = [rule.severity is Severity.BLOCKING for rule in RULES]
    assert blocking == sorted(blocking, reverse=True)
    faults = {GateCode.NOT_TECHNOLOGY, GateCode.SEVERAL_PROBLEMS, GateCode.VAGUE_WORDS}
    assert {rule.code for rule in RULES if rule.weight == 0} == faults
    text = MANUAL.read_text("utf-8")
    row = re.compile(r"^\| `([a-z_]+)` \| (\S+) \| (\S+) \| (\d+) \|", re.MULTILINE)
    stated = {code: (name, severity, int(weight)) for code, name, severity, weight in row.findall(text)}
    assert stated == {r.code.value: (r.name, SEVERITY_NAMES[r.severity], r.weight) for r in RULES}
    assert GATE_VERSION in text
    assert all(f"`{one.value}` {TRIAGE_NAMES[one]}" in text for one in Triage)
    assert sum(PRACTICE_PERCENT.values()) == 100
