"""Patent application numbers: two lengths, one check digit."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from market.reference.identifiers import patent_number_fault

DIGITS = st.from_regex(r"[0-9]{12}|[0-9]{8}", fullmatch=True)


def valid(digits: str) -> str:
    weights = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]
    check = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False)) % 11
    return f"{digits}.{'X' if check == 10 else check}"


@pytest.mark.parametrize("number", ["201710601862.3", "ZL201710601862.3", " zl 2017 1060 1862.3 "])
def test_published_number_is_right(number: str) -> None:
    assert patent_number_fault(number) is None


@given(DIGITS)
def test_number_with_its_check_digit_is_right(digits: str) -> None:
    assert patent_number_fault(valid(digits)) is None
    assert patent_number_fault(valid(digits).lower()) is None


@given(DIGITS, st.data())
def test_one_wrong_digit_is_found(digits: str, data: st.DataObject) -> None:
    number = valid(digits)
    place = data.draw(st.sampled_from([i for i, character in enumerate(number) if character.isdigit()]))
    digit = data.draw(st.sampled_from("0123456789"))
    assume(digit != number[place])
    assert patent_number_fault(number[:place] + digit + number[place + 1 :]) == "专利申请号的校验位不正确。"


@pytest.mark.parametrize(
    "number", ["", "CN107345678A", "2017106018623", "201710601862.33", "20171060186.3", "２01710601862.3"]
)
def test_other_forms_are_explained(number: str) -> None:
    assert "应为12位" in (patent_number_fault(number) or "")
