"""Fen in units for people."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.typesetting.amounts import in_wan, in_yi, plain, wan_text, yi_text


@pytest.mark.parametrize(
    ("fen", "wan", "yi"),
    [
        (0, "0.00", "0.00"),
        (1, "0.000001", "0.0000000001"),
        (-1, "-0.000001", "-0.0000000001"),
        (123_456_000_000, "123,456.00", "12.3456"),
        (1_000_000, "1.00", "0.0001"),
        (1_234_567_890_123, "1,234,567.890123", "123.4567890123"),
    ],
)
def test_print(fen: int, wan: str, yi: str) -> None:
    assert wan_text(fen) == wan
    assert yi_text(fen) == yi


@given(st.integers(-(10**40), 10**40))
def test_no_fen_is_lost(fen: int) -> None:
    with localcontext(prec=60):
        assert in_wan(fen) * 10**6 == in_yi(fen) * 10**10 == fen


@pytest.mark.parametrize(
    ("number", "text"), [("1E+3", "1000"), ("0.500", "0.5"), ("-0.0", "0"), ("10", "10"), ("-2.50", "-2.5")]
)
def test_plain(number: str, text: str) -> None:
    assert plain(Decimal(number)) == text
