"""Clocks tell aware UTC; days are China's."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from market.clock import CHINA, FixedClock, SystemClock, china_day


def test_system_clock_tells_the_present_in_utc() -> None:
    before = datetime.now(UTC)
    told = SystemClock().now()
    assert before <= told <= datetime.now(UTC)
    assert told.tzinfo is UTC


def test_fixed_clock_stands_until_it_is_moved() -> None:
    clock = FixedClock(datetime(2025, 6, 10, 10, 0, tzinfo=timezone(timedelta(hours=8))))
    assert clock.now() == datetime(2025, 6, 10, 2, 0, tzinfo=UTC)
    assert clock.now().tzinfo is UTC
    clock.advance(days=1, minutes=30)
    assert clock.now() == datetime(2025, 6, 11, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2025, 6, 10, 15, 59, 59, tzinfo=UTC), date(2025, 6, 10)),
        (datetime(2025, 6, 10, 16, 0, tzinfo=UTC), date(2025, 6, 11)),
        (datetime(2025, 1, 1, 0, 0, tzinfo=CHINA), date(2025, 1, 1)),
        (datetime(1988, 7, 1, 15, 30, tzinfo=UTC), date(1988, 7, 1)),  # summer time of 1986-1991 is left out
    ],
)
def test_day_in_china_begins_at_sixteen_utc(moment: datetime, day: date) -> None:
    assert china_day(moment) == day
