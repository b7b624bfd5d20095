"""What time it is. Times are aware UTC; days are days in China (UTC+8, no summer time)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Protocol

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")


class Clock(Protocol):
    """Tells the time; passed in wherever time matters."""

    def now(self) -> datetime:
        """Return the present as aware UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present as aware UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands until it is set; for tests and for replaying sample years."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment.astimezone(UTC)

    def now(self) -> datetime:
        """Return the moment it was last set to."""
        return self.moment

    def advance(self, **delta: float) -> None:
        """Move forward by a `timedelta(**delta)`."""
        self.moment += timedelta(**delta)


class SampleClock:
    """Shows one day for ever, with the machine's time of day; keeps a sample market in its own year."""

    def __init__(self, day: date) -> None:
        self._day = day

    def now(self) -> datetime:
        """Return the present time of day in China on the sample day, as aware UTC."""
        time = datetime.now(CHINA).timetz()
        return datetime.combine(self._day, time).astimezone(UTC)


def clock_of(sample_day: date | None) -> Clock:
    """Return the machine's clock, or one that stays on a sample day."""
    return SystemClock() if sample_day is None else SampleClock(sample_day)


def china_day(moment: datetime) -> date:
    """Return the calendar day in China at a moment in time."""
    return moment.astimezone(CHINA).date()
