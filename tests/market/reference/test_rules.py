"""Codes of GB/T 2260 nest by pairs of digits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.reference.queries import SCHEME_NAMES
from market.reference.rules import NATION_CODE, Scheme, lies_within, region_prefix

CODES = st.from_regex(r"[1-8][1-9][1-9][1-9][1-9][1-9]", fullmatch=True)


@pytest.mark.parametrize(
    ("code", "prefix"),
    [("000000", ""), ("320000", "32"), ("320200", "3202"), ("320281", "320281"), ("100000", "10")],
)
def test_prefix(code: str, prefix: str) -> None:
    assert region_prefix(code) == prefix


@given(CODES)
def test_county_lies_in_all_above_it_and_in_no_other(code: str) -> None:
    above = [NATION_CODE, code[:2] + "0000", code[:4] + "00", code]
    assert all(lies_within(code, area) for area in above)
    assert all(
        lies_within(lower, upper) == (i <= j)
        for i, upper in enumerate(above)
        for j, lower in enumerate(above)
    )
    neighbour = code[:5] + ("1" if code[5] != "1" else "2")
    assert not lies_within(code, neighbour)
    assert not lies_within(code, "9" + code[1:2] + "0000")


def test_every_scheme_has_a_chinese_name() -> None:
    assert set(SCHEME_NAMES) == set(Scheme)
