"""The periods figures are asked for, and what they may fairly be compared with."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class PeriodKind(StrEnum):
    """How a period was asked for."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF = "half"
    YEAR = "year"
    SPAN = "span"
    PLAN = "plan"


SINCE_PLAN = "since-plan"
"""How a client asks for the months from a plan's start to the present one."""
PERIOD_FORMS = "2025、2025-H1、2025-Q2、2025-06、2024-03..2025-02 或 since-plan"
"""How periods are written, for people."""


@dataclass(frozen=True, slots=True)
class Period:
    """Whole calendar months, both ends included.

    Attributes:
        kind: how it was asked for.
        start: first day of its first month.
        end: last day of its last month.
    """

    kind: PeriodKind
    start: date
    end: date

    @property
    def text(self) -> str:
        """The period as a client writes it."""
        match self.kind:
            case PeriodKind.YEAR:
                return f"{self.start.year:04d}"
            case PeriodKind.HALF:
                return f"{self.start.year:04d}-H{1 if self.start.month == 1 else 2}"
            case PeriodKind.QUARTER:
                return quarter_text(self.start)
            case PeriodKind.MONTH:
                return month_text(self.start)
            case PeriodKind.SPAN:
                return f"{month_text(self.start)}..{month_text(self.end)}"
            case PeriodKind.PLAN:
                return SINCE_PLAN

    @property
    def name(self) -> str:
        """The period in Chinese."""
        year = f"{self.start.year}年"
        months = f"{year}{self.start.month}月—{self.end.year}年{self.end.month}月"
        match self.kind:
            case PeriodKind.YEAR:
                return year
            case PeriodKind.HALF:
                return f"{year}{'上' if self.start.month == 1 else '下'}半年"
            case PeriodKind.QUARTER:
                return f"{year}第{'一二三四'[self.start.month // 3]}季度"
            case PeriodKind.MONTH:
                return f"{year}{self.start.month}月"
            case PeriodKind.SPAN:
                return months
            case PeriodKind.PLAN:
                return f"计划期以来（{months}）"

    @property
    def months(self) -> int:
        """How many months it has."""
        return (self.end.year - self.start.year) * 12 + self.end.month - self.start.month + 1


def month_start(day: date) -> date:
    """Return the first day of a day's month."""
    return day.replace(day=1)


def month_end(day: date) -> date:
    """Return the last day of a day's month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def add_months(day: date, months: int) -> date:
    """Return the first day of the month that lies so many months after a day's month.

    Raises:
        ValueError: the calendar does not reach that far.
    """
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def month_text(day: date) -> str:
    """Return a day's month as clients write it: `2025-06`."""
    return f"{day.year:04d}-{day.month:02d}"


def quarter_text(day: date) -> str:
    """Return a day's quarter as clients write it: `2025-Q2`."""
    return f"{day.year:04d}-Q{(day.month + 2) // 3}"


def year_period(year: int) -> Period:
    """Return a calendar year."""
    return Period(PeriodKind.YEAR, date(year, 1, 1), date(year, 12, 31))


def plan_period(start: date, end: date | None, *, today: date) -> Period:
    """Return the months of a plan that have begun: from its start to today's, or its end if that is past."""
    last = today if end is None else min(end, today)
    return Period(PeriodKind.PLAN, month_start(start), month_end(max(start, last)))


_PERIOD = re.compile(r"(\d{4})(?:-(?:H([12])|Q([1-4])|(0[1-9]|1[0-2])))?", re.ASCII)


def parse_period(text: str) -> Period | None:
    """Read `2025`, `2025-H1`, `2025-Q2`, `2025-06` or `2024-03..2025-02`; None if it is none of these.

    Years before 1980 and after 2999 are typing errors; a span ends in its first month or later.
    """
    first, dots, last = text.partition("..")
    if dots:
        start, end = parse_period(first), parse_period(last)
        if start is None or end is None or {start.kind, end.kind} != {PeriodKind.MONTH}:
            return None
        return Period(PeriodKind.SPAN, start.start, end.end) if start.start <= end.start else None
    found = _PERIOD.fullmatch(text)
    if found is None or not 1980 <= int(found[1]) <= 2999:
        return None
    year, half, quarter, month = (int(part) if part else 0 for part in found.groups())
    if half:
        return _months(PeriodKind.HALF, date(year, half * 6 - 5, 1), 6)
    if quarter:
        return _months(PeriodKind.QUARTER, date(year, quarter * 3 - 2, 1), 3)
    return _months(PeriodKind.MONTH, date(year, month, 1), 1) if month else year_period(year)


def _months(kind: PeriodKind, start: date, months: int) -> Period:
    return Period(kind, start, month_end(add_months(start, months - 1)))


@dataclass(frozen=True, slots=True)
class Span:
    """Whole months from one first day to one last day."""

    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two spans of the same number of months that may fairly be compared."""

    current: Span
    base: Span


def completed_span(period: Period, today: date) -> Span | None:
    """Return the months of a period that are over; None if none is.

    A running month set against a whole one would always look like a fall.
    """
    last = period.end if today > period.end else add_months(today, 0) - date.resolution
    return Span(period.start, last) if last >= period.start else None


def year_on_year(period: Period, today: date) -> Comparison | None:
    """Return the period's completed months and the same months a year before (同比).

    None for plans and for spans of more than twelve months, which overlap themselves a year earlier.
    """
    if period.kind is PeriodKind.PLAN or period.months > 12:
        return None
    return _compare(period, today, months_back=12)


def period_on_period(period: Period, today: date) -> Comparison | None:
    """Return the period's completed months and as many of the preceding period (环比).

    None for years, where it says the same as year on year, and for plans, which have no predecessor.
    """
    if period.kind in {PeriodKind.YEAR, PeriodKind.PLAN} or period.months == 12:
        return None
    return _compare(period, today, months_back=period.months)


def _compare(period: Period, today: date, *, months_back: int) -> Comparison | None:
    current = completed_span(period, today)
    if current is None:
        return None
    base = Span(add_months(current.start, -months_back), month_end(add_months(current.end, -months_back)))
    return Comparison(current, base)
