"""What must still come, and what will come if things go on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.turnover.progress.outlook import (
    Method,
    forecast_of_days,
    forecast_of_months,
    forecast_of_published,
    months_between,
    required_pace,
)

START, END, TODAY = date(2025, 1, 1), date(2025, 12, 31), date(2025, 6, 10)
STEP = Decimal("0.1")
LAST_YEAR = {date(2024, month, 1): 10 if month <= 5 else 30 for month in range(1, 13)}


def _pace(remaining: str, *, start: date = TODAY, end: date | None = END) -> tuple[int, str, int, str] | None:
    found = required_pace(Decimal(remaining), unit="家", start=start, end=end, step=STEP)
    if found is None:
        return None
    return found.months_left, str(found.per_month), found.days_left, str(found.per_day)


def test_the_pace_is_rounded_up_so_that_it_is_enough() -> None:
    assert _pace("10") == (7, "1.5", 205, "0.1")
    assert _pace("7", start=date(2025, 12, 31)) == (1, "7.0", 1, "7.0")


@pytest.mark.parametrize(
    ("remaining", "start", "end"),
    [("0", TODAY, END), ("-3", TODAY, END), ("5", TODAY, None), ("5", date(2026, 1, 1), END)],
)
def test_there_is_no_pace_when_nothing_is_missing_or_no_time_is_left(
    remaining: str, start: date, end: date | None
) -> None:
    assert _pace(remaining, start=start, end=end) is None


@given(
    st.decimals(min_value="0.1", max_value=10**6, places=3),
    st.dates(START, END),
)
def test_a_pace_kept_reaches_the_target(remaining: Decimal, start: date) -> None:
    found = required_pace(remaining, unit="家", start=start, end=END, step=STEP)
    assert found is not None
    assert found.per_month * found.months_left >= remaining
    assert found.per_day * found.days_left >= remaining


def _forecast(
    months: dict[date, int],
    *,
    start: date = START,
    end: date = END,
    today: date = TODAY,
    first: date | None = date(2024, 1, 1),
) -> tuple[Method, int] | None:
    return forecast_of_months(months, start=start, end=end, today=today, first=first)


def test_last_years_share_of_the_same_months_is_used_where_it_is_known() -> None:
    months = {**LAST_YEAR, **{date(2025, month, 1): 20 for month in range(1, 6)}, date(2025, 6, 1): 7}
    # Last year five months brought 50 of 260.
    assert _forecast(months) == (Method.SEASONAL, 520)
    assert _forecast(months, first=date(2024, 2, 1)) == (Method.LINEAR, 240)


def test_years_before_count_in_full() -> None:
    months = {date(2023, 3, 1): 1000, **LAST_YEAR, **{date(2025, month, 1): 20 for month in range(1, 6)}}
    found = _forecast(months, start=date(2023, 1, 1), first=date(2023, 1, 1))
    assert found == (Method.SEASONAL, 1000 + 260 + 520)


def test_a_plan_that_ends_later_goes_by_the_average_month() -> None:
    months = {**LAST_YEAR, **{date(2025, month, 1): 20 for month in range(1, 6)}}
    found = _forecast(months, start=date(2024, 1, 1), end=date(2026, 12, 31))
    assert found == (Method.LINEAR, round(360 / 17 * 36))


def test_books_that_begin_late_are_averaged_from_their_beginning() -> None:
    months = {date(2025, month, 1): 20 for month in (4, 5)}
    assert _forecast(months, first=date(2025, 4, 1)) == (Method.LINEAR, 40 + 20 * 7)


def test_nothing_last_spring_gives_no_share_to_go_by() -> None:
    months = {date(2024, 9, 1): 100, date(2025, 3, 1): 50}
    assert _forecast(months) == (Method.LINEAR, 120)


def test_what_is_there_already_is_not_forecast_away() -> None:
    months = {**LAST_YEAR, date(2025, 1, 1): 1, date(2025, 6, 1): 5000}
    assert _forecast(months) == (Method.SEASONAL, 5001)


@pytest.mark.parametrize(
    ("today", "first"),
    [
        (date(2025, 1, 20), date(2024, 1, 1)),
        (date(2026, 1, 1), date(2024, 1, 1)),
        (TODAY, None),
        (TODAY, date(2025, 6, 1)),
    ],
)
def test_there_is_no_forecast_without_a_month_to_go_by_or_to_come(today: date, first: date | None) -> None:
    assert _forecast({date(2025, 1, 1): 5}, today=today, first=first) is None


def test_published_months_are_averaged() -> None:
    assert forecast_of_published(50, start=START, covered=date(2025, 5, 31), end=END) == 120
    assert forecast_of_published(50, start=START, covered=END, end=END) is None


def test_days_are_averaged_within_the_period() -> None:
    assert forecast_of_days(Decimal(3), start=START, end=END, today=date(2025, 1, 3)) == 365
    assert forecast_of_days(Decimal(3), start=START, end=END, today=date(2026, 1, 1)) is None
    assert forecast_of_days(Decimal(3), start=START, end=END, today=date(2024, 12, 31)) is None


def test_months_are_counted_with_both_ends() -> None:
    assert months_between(date(2024, 11, 30), date(2025, 2, 1)) == 4
    assert months_between(date(2025, 3, 1), date(2025, 2, 28)) == 0
