"""Codes of GB/T 2260 nest by pairs of digits; regions follow each other; days are worked or not."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.reference.queries import SCHEME_NAMES
from market.reference.rules import (
    NATION_CODE,
    Scheme,
    announced_workday,
    cycle_in,
    last_successors,
    lies_within,
    region_prefix,
    workdays,
    working_days_after,
    year_is_known,
)

CODES = st.from_regex(r"[1-8][1-9][1-9][1-9][1-9][1-9]", fullmatch=True)
NUMBERS = st.integers(0, 30)
FAR = 2199
"""A year nobody has announced the holidays of."""


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


@given(st.dictionaries(NUMBERS, NUMBERS))
def test_steps_that_only_lead_on_have_no_cycle_and_end_where_nothing_follows(steps: dict[int, int]) -> None:
    onward = {f"{old:06d}": f"{new:06d}" for old, new in steps.items() if new > old}
    assert cycle_in(onward.items()) is None
    last = last_successors(onward)
    assert last.keys() == onward.keys()
    assert not set(last.values()) & onward.keys()


@given(st.lists(CODES, min_size=2, unique=True), st.lists(st.tuples(CODES, CODES)))
def test_a_ring_is_found_whatever_stands_around_it(ring: list[str], others: list[tuple[str, str]]) -> None:
    steps = {*zip(ring, [*ring[1:], ring[0]], strict=True), *others}
    found = cycle_in(steps)
    assert found is not None
    assert set(zip(found, (*found[1:], found[0]), strict=True)) <= steps


def test_announced_days() -> None:
    assert announced_workday(date(2025, 10, 1)) is False  # a Wednesday, National Day
    assert announced_workday(date(2025, 9, 28)) is True  # a Sunday worked in its place
    assert announced_workday(date(FAR, 10, 1)) is None


def test_what_was_loaded_comes_before_what_was_announced_and_that_before_the_week() -> None:
    loaded = {date(2025, 9, 28): False, date(FAR, 10, 1): False, date(FAR, 10, 5): True}
    is_workday = workdays(loaded)
    assert not is_workday(date(2025, 9, 28))
    assert not is_workday(date(2025, 10, 1))
    assert not is_workday(date(FAR, 10, 1))  # a Tuesday
    assert is_workday(date(FAR, 10, 5))  # a Saturday
    assert is_workday(date(FAR, 10, 2))
    assert not is_workday(date(FAR, 10, 6))


def test_a_year_is_known_when_announced_or_loaded_as_a_whole() -> None:
    new_year, national_day = date(FAR, 1, 1), date(FAR, 10, 1)
    assert year_is_known(2025, {})
    assert not year_is_known(FAR, {})
    assert not year_is_known(FAR, {new_year: False})
    assert not year_is_known(FAR, {new_year: False, national_day: True})
    assert year_is_known(FAR, {new_year: False, national_day: False})


@given(st.integers(0, 20), st.dates(date(2024, 1, 1), date(2026, 12, 31)))
def test_a_limit_has_its_working_days_after_the_first(days: int, start: date) -> None:
    end = working_days_after(start, days, is_workday=lambda day: day.weekday() < 5)
    between = [start + timedelta(days=n + 1) for n in range((end - start).days)]
    assert sum(day.weekday() < 5 for day in between) == days
    assert end == start or end.weekday() < 5


def test_holidays_make_a_limit_longer() -> None:
    def is_workday(day: date) -> bool:
        return day.weekday() < 5 and day != date(2025, 6, 12)

    # Tuesday; Wednesday is the first day, Thursday is a holiday.
    assert working_days_after(date(2025, 6, 10), 2, is_workday=is_workday) == date(2025, 6, 13)
    assert working_days_after(date(2025, 6, 10), 7, is_workday=is_workday) == date(2025, 6, 20)
