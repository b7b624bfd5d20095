"""Round amounts at the year's end, technical shares off the norm, amounts just below the threshold."""

from __future__ import annotations

import statistics
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.oversight.rules.amounts import (
    find_below_threshold,
    find_odd_shares,
    find_round_year_ends,
    is_excess,
    is_just_below,
    is_round,
    twice_median,
)
from market.oversight.rules.findings import ContractFacts, FindingKind, Severity, percent_text
from tests.market.oversight.factories import facts

ROUND, UNEVEN = 100_000_000, 100_500_001


def _registered(count: int, *, month: int, round_ones: int) -> list[ContractFacts]:
    return [
        facts(registered_on=date(2025, month, 10), total_fen=ROUND if number < round_ones else UNEVEN)
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("total_fen", "answer"), [(10_000_000, True), (100_000_000, True), (15_000_000, False), (1, False)]
)
def test_round_amounts_end_in_five_zeros(total_fen: int, answer: bool) -> None:
    assert is_round(total_fen) is answer


def test_many_round_amounts_in_december() -> None:
    contracts = [*_registered(20, month=12, round_ones=15), *_registered(40, month=5, round_ones=8)]
    findings, not_judged = find_round_year_ends(contracts)
    assert not_judged == []
    assert len(findings[0].contracts) == 15
    assert findings[0].explanation == (
        "“江阴站”12月登记的20项中，成交额为10万元整倍数的有15项，占75.0%；其余月份为20.0%（8/40项）。"
    )


def test_as_many_round_amounts_as_always() -> None:
    contracts = [*_registered(20, month=12, round_ones=5), *_registered(40, month=5, round_ones=8)]
    assert find_round_year_ends(contracts) == ([], [])


def test_a_december_too_small_says_so() -> None:
    contracts = [*_registered(9, month=12, round_ones=9), *_registered(40, month=5, round_ones=0)]
    findings, not_judged = find_round_year_ends(contracts)
    assert findings == []
    assert not_judged[0].kind is FindingKind.YEAR_END_ROUND
    assert "12月登记9项、其余月份40项" in not_judged[0].reason


@given(st.data())
def test_excess_is_one_sided(data: st.DataObject) -> None:
    tries, other_tries = data.draw(st.integers(1, 200)), data.draw(st.integers(1, 200))
    hits, other_hits = data.draw(st.integers(0, tries)), data.draw(st.integers(0, other_tries))
    if is_excess(hits, tries, other_hits, other_tries):
        assert hits / tries - other_hits / other_tries >= 0.2 - 1e-9
        assert not is_excess(other_hits, other_tries, hits, tries)


def _shares(*percents: int, type_code: str = "KF") -> list[ContractFacts]:
    return [facts(total_fen=10_000, tech_fen=percent * 100, type_code=type_code) for percent in percents]


def test_a_share_far_off_its_type() -> None:
    usual = [78, 79, 80, 81, 82] * 4
    findings, not_judged = find_odd_shares(_shares(*usual, 30, 100, 2))
    assert not_judged == []
    assert [(finding.contracts[0].tech_fen, finding.severity) for finding in findings] == [
        (3000, Severity.MEDIUM),
        (10_000, Severity.MEDIUM),
        (200, Severity.HIGH),
    ]
    assert "占成交额30.0%；所查同类23项合同的中位数为80.0%" in findings[0].explanation


def test_most_shares_alike_still_have_outliers() -> None:
    findings, _ = find_odd_shares(_shares(*[80] * 30, 20))
    assert [finding.contracts[0].tech_fen for finding in findings] == [2000]


def test_wide_spread_has_no_outliers() -> None:
    assert find_odd_shares(_shares(*range(10, 100, 3))) == ([], [])


def test_shares_all_alike() -> None:
    assert find_odd_shares(_shares(*[80] * 30)) == ([], [])


def test_a_small_type_says_so() -> None:
    findings, not_judged = find_odd_shares(_shares(80, 1, type_code="ZX"))
    assert findings == []
    assert not_judged[0].reason == "ZX类合同只有2项，不足20项，看不出常态。"


@given(st.lists(st.integers(0, 10_000), min_size=1))
def test_median_agrees_with_the_library(values: list[int]) -> None:
    assert twice_median(values) == 2 * statistics.median(values)


@given(st.lists(st.integers(0, 100), min_size=20, max_size=60))
def test_an_odd_share_lies_well_off_the_middle(percents: list[int]) -> None:
    contracts = _shares(*percents)
    findings, _ = find_odd_shares(contracts)
    middle = statistics.median(percents)
    assert all(abs(finding.contracts[0].tech_fen / 100 - middle) >= 20 for finding in findings)
    assert len(findings) * 2 < len(contracts)  # most are never off the norm


@pytest.mark.parametrize(
    ("counts_fen", "answer"),
    [(474_999_999, False), (475_000_000, True), (499_999_999, True), (500_000_000, False)],
)
def test_just_below_the_threshold(counts_fen: int, answer: bool) -> None:
    assert is_just_below(counts_fen, 500_000_000) is answer


def test_sellers_just_below_the_threshold() -> None:
    near = [facts(seller="甲", seller_name="甲", counts_fen=499_000_000) for _ in range(3)]
    other = facts(counts_fen=480_000_000)
    findings = list(find_below_threshold([*near, other, facts(), facts(counts_fen=500_000_000)]))
    assert [(finding.severity, len(finding.contracts)) for finding in findings] == [
        (Severity.HIGH, 3),
        (Severity.LOW, 1),
    ]
    assert "“甲”有3项合同的金额在大额标准（500.00万元）的95%以上而未达标准" in findings[0].explanation


@given(st.integers(0, 10_000), st.integers(1, 10_000))
def test_percentages_are_rounded_half_up(part: int, whole: int) -> None:
    tenths = round(float(percent_text(part, whole).removesuffix("%")) * 10)
    assert abs(tenths * whole - 1000 * part) * 2 <= whole
