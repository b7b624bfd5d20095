"""Clocks tell aware UTC; days are China's."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from market.clock import CHINA, FixedClock, SampleClock, SystemClock, china_day, clock_of


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


def test_sample_clock_keeps_its_day_and_tells_the_time_of_day() -> None:
    day = date(2025, 6, 10)
    before = datetime.now(CHINA)
    told = SampleClock(day).now()
    after = datetime.now(CHINA)
    assert told.tzinfo is UTC
    assert china_day(told) == day
    if before.date() == after.date():
        assert before.time() <= told.astimezone(CHINA).time() <= after.time()


def test_sample_day_chooses_the_clock() -> None:
    assert isinstance(clock_of(None), SystemClock)
    assert china_day(clock_of(date(2025, 6, 10)).now()) == date(2025, 6, 10)


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
