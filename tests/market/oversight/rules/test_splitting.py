"""Contracts that look like one contract cut into pieces."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.oversight.rules.findings import Severity, by_pair
from market.oversight.rules.splitting import are_alike, find_split
from tests.market.oversight.factories import between

START = date(2025, 3, 1)
NAME = "膜法水处理工艺开发"


@pytest.mark.parametrize(
    ("one", "other", "answer"),
    [
        (f"{NAME}（一期）", f"{NAME}（二期）", True),
        (f"{NAME}1", f"{NAME}２", True),
        (f"{NAME}第1阶段", f"{NAME}", True),
        (NAME, "高温合金叶片精密铸造", False),
        ("5", "6", False),
        ("膜", "膜", True),
    ],
)
def test_names_alike(one: str, other: str, answer: bool) -> None:
    assert are_alike(one, other) is answer


def test_pieces_of_a_large_contract() -> None:
    pieces = [
        between("甲", "乙", project_name=f"{NAME}（{number}期）", counts_fen=300_000_000, signed_on=START)
        for number in "一二"
    ]
    (finding,) = find_split(by_pair(pieces))
    assert finding.severity is Severity.HIGH
    assert finding.explanation == (
        "“甲”与“乙”签订的2项合同名称相近（如“膜法水处理工艺开发（一期）”），相邻签订日相隔不超过30天，"
        "成交额合计201.00万元；单项均未达大额标准（500.00万元），合并后已达。"
    )


def test_small_pieces_are_of_less_interest() -> None:
    pieces = [between("甲", "乙", project_name=f"{NAME}{number}", signed_on=START) for number in (1, 2)]
    (finding,) = find_split(by_pair(pieces))
    assert finding.severity is Severity.LOW


@pytest.mark.parametrize(
    "other",
    [
        between("甲", "丙", project_name=NAME, signed_on=START),
        between("甲", "乙", project_name="高温合金叶片精密铸造", signed_on=START),
        between("甲", "乙", project_name=NAME, signed_on=START + timedelta(days=31)),
        between("甲", "乙", project_name=NAME, signed_on=START, counts_fen=500_000_000),
    ],
)
def test_what_is_no_piece(other: object) -> None:
    assert list(find_split(by_pair([between("甲", "乙", project_name=NAME, signed_on=START), other]))) == []  # type: ignore[list-item]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 300),
            st.sampled_from([f"{NAME}一期", f"{NAME}二期", "高温合金叶片精密铸造"]),
            st.sampled_from([100_000_000, 600_000_000]),
        ),
        max_size=20,
    )
)
def test_pieces_share_parties_and_each_has_a_near_one(rows: list[tuple[int, str, int]]) -> None:
    contracts = [
        between("甲", "乙", project_name=name, counts_fen=fen, signed_on=START + timedelta(days=day))
        for day, name, fen in rows
    ]
    seen = []
    for finding in find_split(by_pair(contracts)):
        assert all(contract.counts_fen < contract.large_from_fen for contract in finding.contracts)
        for contract in finding.contracts:
            seen.append(contract.contract_id)
            assert any(
                other is not contract
                and abs((other.signed_on - contract.signed_on).days) <= 30
                and are_alike(other.project_name, contract.project_name)
                for other in finding.contracts
            )
    assert len(seen) == len(set(seen))
