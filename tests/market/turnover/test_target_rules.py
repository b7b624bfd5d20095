"""Reading a plan's numbers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from market.turnover.target_rules import (
    Comparator,
    elapsed_percent,
    is_reached,
    percent_of,
    ratio,
    year_in_question,
)


@pytest.mark.parametrize(
    ("comparator", "value", "reached"),
    [
        (Comparator.ABOVE, "300", False),
        (Comparator.ABOVE, "300.0000000001", True),
        (Comparator.EQUAL, "300", True),
        (Comparator.EQUAL, "299.9999999999", False),
        (Comparator.AT_LEAST, "300", True),
        (Comparator.TIMES, "299", False),
        (Comparator.ABOUT, "300", True),
        (Comparator.ABOUT, "299", None),
        (Comparator.NONE, "999", None),
    ],
)
def test_when_a_target_is_reached(comparator: Comparator, value: str, reached: bool | None) -> None:
    assert is_reached(comparator, Decimal(value), Decimal(300)) is reached


def test_parts_are_rounded_halves_up() -> None:
    assert percent_of(1, 8) == Decimal("12.5")
    assert percent_of(Decimal("0.0005"), 1) == Decimal("0.1")
    assert percent_of(1, 0) is None
    assert ratio(3, 2) == Decimal("1.500")
    assert ratio(1, 0) is None


def test_time_passed_counts_whole_days_and_stays_within_the_plan() -> None:
    start, end = date(2025, 1, 1), date(2025, 1, 10)
    assert elapsed_percent(start, end, date(2025, 1, 1)) == Decimal("10.0")
    assert elapsed_percent(start, end, date(2025, 1, 10)) == Decimal("100.0")
    assert elapsed_percent(start, end, date(2024, 12, 31)) == Decimal("0.0")
    assert elapsed_percent(start, end, date(2026, 1, 1)) == Decimal("100.0")


@pytest.mark.parametrize(
    ("start", "end", "year"),
    [
        (date(2023, 1, 1), date(2027, 12, 31), 2025),
        (date(2018, 1, 1), date(2020, 12, 31), 2020),
        (date(2026, 1, 1), date(2027, 12, 31), 2026),
        (None, None, 2025),
    ],
)
def test_the_year_in_question(start: date | None, end: date | None, year: int) -> None:
    assert year_in_question(start, end, date(2025, 6, 10)) == year
