"""Codes, numbers and words of what a station hands out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.contracts.rules.certificates import (
    CODE_ALPHABET,
    amount_in_words,
    certificate_number,
    new_code,
    normal_code,
    serial_prefix,
)

_DIGITS = {character: value for value, character in enumerate("零壹贰叁肆伍陆柒捌玖")}
_UNITS = {"拾": 10, "佰": 100, "仟": 1000, "万": 10**4, "亿": 10**8}


def test_codes_are_grouped_readable_and_never_the_same() -> None:
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    for code in codes:
        assert [len(group) for group in code.split("-")] == [4] * 5
        assert set(code) - {"-"} <= set(CODE_ALPHABET)
        assert normal_code(code) == code


@pytest.mark.parametrize(
    "typed",
    [
        "7qk2-m0zt-9d4v-xw1c-hb6e",
        " 7QK2 M0ZT 9D4V XW1C HB6E\n",
        "7QK2MOZT9D4VXWICHB6E",
        "7qk2mozt9d4vxwlchb6e",
    ],
)
def test_a_code_is_read_however_it_was_typed(typed: str) -> None:
    assert normal_code(typed) == "7QK2-M0ZT-9D4V-XW1C-HB6E"


@pytest.mark.parametrize("typed", ["", "7QK2-M0ZT", "7QK2-M0ZT-9D4V-XW1C-HB6U", "７QK2-M0ZT-9D4V-XW1C-HB6E"])
def test_what_cannot_be_a_code_is_none(typed: str) -> None:
    assert normal_code(typed) is None


@given(st.text())
def test_reading_a_code_twice_changes_nothing(typed: str) -> None:
    once = normal_code(typed)
    assert once is None or normal_code(once) == once


def test_numbers() -> None:
    assert certificate_number("2025320281000001", 2) == "2025320281000001-02"
    assert serial_prefix("QD", year=2025, area="320281", station_id=7) == "QD2025-320281-7-"


@pytest.mark.parametrize(
    ("amount_fen", "words"),
    [
        (0, "零元整"),
        (5, "伍分"),
        (50, "伍角整"),
        (1_00, "壹元整"),
        (1_01, "壹元零壹分"),
        (1_680_32, "壹仟陆佰捌拾元叁角贰分"),
        (16_409_02, "壹万陆仟肆佰零玖元零贰分"),
        (100_0000_00, "壹佰万元整"),
        (1005_0000_00, "壹仟零伍万元整"),
        (1_0000_0001_00, "壹亿零壹元整"),
        (1_0001_0000_0000_00, "壹万零壹亿元整"),
    ],
)
def test_amounts_in_words(amount_fen: int, words: str) -> None:
    assert amount_in_words(amount_fen) == words


@given(st.integers(0, 10**15))
def test_words_say_the_amount_and_nothing_else(amount_fen: int) -> None:
    words = amount_in_words(amount_fen)
    yuan, rest = divmod(amount_fen, 100)
    whole, _, small = words.rpartition("元")
    assert _value(whole) == yuan
    jiao = _DIGITS[small[small.index("角") - 1]] if "角" in small else 0
    fen = _DIGITS[small[small.index("分") - 1]] if "分" in small else 0
    assert jiao * 10 + fen == rest
    assert "零零" not in words


def _value(words: str) -> int:
    """Read capital numerals, independently of how they were written."""
    for unit in ("亿", "万"):
        if unit in words:
            high, low = words.rsplit(unit, 1) if unit == "亿" else words.split(unit, 1)
            return _value(high) * _UNITS[unit] + _value(low)
    total, digit = 0, 0
    for character in words:
        if character in _UNITS:
            total, digit = total + digit * _UNITS[character], 0
        else:
            digit = _DIGITS[character]
    return total + digit


@pytest.mark.parametrize("amount_fen", [-1, 10**15 + 1])
def test_no_words_for_impossible_amounts(amount_fen: int) -> None:
    with pytest.raises(ValueError, match="cannot be written"):
        amount_in_words(amount_fen)
