"""Contracts of one pair in short order, in both directions, or with relatives."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.oversight.rules.findings import ContractFacts, Severity, by_pair
from market.oversight.rules.parties import (
    REPEAT_DAYS,
    REPEATS,
    are_namesakes,
    find_reciprocal,
    find_related,
    find_repeated,
)
from tests.market.oversight.factories import between, facts

START = date(2025, 1, 1)


def _series(days: Sequence[int], buyer: str = "乙") -> list[ContractFacts]:
    return [between("甲", buyer, signed_on=START + timedelta(days=day)) for day in days]


def test_three_within_ninety_days_are_found() -> None:
    (finding,) = find_repeated(by_pair(_series([0, 40, 90])))
    assert finding.severity is Severity.MEDIUM
    assert finding.explanation == (
        "“甲”与“乙”在2025-01-01至2025-04-01（91天）内签订3项合同，成交额合计301.50万元；"
        "同一双方90天内达3项的，应核对是否为同一项目。"
    )


def test_three_in_more_than_ninety_days_are_not() -> None:
    assert list(find_repeated(by_pair(_series([0, 40, 91])))) == []


def test_two_series_of_a_pair_are_two_findings() -> None:
    findings = list(find_repeated(by_pair(_series([0, 1, 2, 200, 201, 202, 203, 204]))))
    assert [(len(finding.contracts), finding.severity) for finding in findings] == [
        (3, Severity.MEDIUM),
        (5, Severity.HIGH),
    ]


def test_other_pairs_do_not_count() -> None:
    assert list(find_repeated(by_pair([*_series([0, 1]), *_series([2], buyer="丙")]))) == []


@given(st.lists(st.tuples(st.integers(0, 400), st.sampled_from(["乙", "丙"])), max_size=25))
def test_a_contract_is_found_if_it_lies_in_a_dense_window(rows: list[tuple[int, str]]) -> None:
    contracts = [between("甲", buyer, signed_on=START + timedelta(days=day)) for day, buyer in rows]
    found = [
        contract.contract_id
        for finding in find_repeated(by_pair(contracts))
        for contract in finding.contracts
    ]
    expected = set()
    for contract in contracts:
        same = [other for other in contracts if other.buyer == contract.buyer]
        for first in same:
            window = [other for other in same if 0 <= (other.signed_on - first.signed_on).days <= REPEAT_DAYS]
            if contract in window and len(window) >= REPEATS:
                expected.add(contract.contract_id)
    assert set(found) == expected
    assert len(found) == len(expected)  # none twice


def test_deals_in_both_directions() -> None:
    there, back = between("甲", "乙", total_fen=100), between("乙", "甲", total_fen=90)
    (finding,) = find_reciprocal(by_pair([there, back, between("甲", "丙")]))
    assert finding.severity is Severity.HIGH
    assert finding.contracts == (there, back)
    assert "两个方向金额之比为90.0%" in finding.explanation
    (finding,) = find_reciprocal(by_pair([there, between("乙", "甲", total_fen=79)]))
    assert finding.severity is Severity.MEDIUM


def test_a_deal_with_oneself_is_related_and_not_reciprocal() -> None:
    own = between("甲", "甲")
    assert list(find_reciprocal(by_pair([own]))) == []
    (finding,) = find_related(by_pair([own]))
    assert (finding.severity, finding.subject) == (Severity.HIGH, "self")


def test_declared_and_undeclared_relatives() -> None:
    declared = between("江南大学", "江南大学资产经营有限公司", related=True)
    silent = between("江南大学", "江南大学资产经营有限公司")
    findings = list(find_related(by_pair([declared, silent, facts()])))
    assert [(finding.subject, finding.severity, finding.contracts) for finding in findings] == [
        ("declared", Severity.LOW, (declared,)),
        ("undeclared", Severity.MEDIUM, (silent,)),
    ]


@pytest.mark.parametrize(
    ("one", "other", "answer"),
    [
        ("江南大学", "江南大学资产经营有限公司", True),
        ("江苏澄星科技有限公司", "江苏澄星科技（无锡）有限公司", True),
        ("江苏澄星科技有限公司", "江苏澄星科技股份有限公司", True),
        ("江苏澄星科技有限公司", "江苏远景能源有限公司", False),
        ("张伟", "张伟强", False),
    ],
)
def test_namesakes(one: str, other: str, answer: bool) -> None:
    assert are_namesakes(one, other) is answer
    assert are_namesakes(other, one) is answer
