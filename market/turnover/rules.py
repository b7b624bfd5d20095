"""The three measures, the periods figures are asked for, amounts as people read them, who may look.

Knows dates, numbers and codes only.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from market.accounts.rules import Actor, Role, oversees


class Measure(StrEnum):
    """Whose region a contract counts for; the three are never added."""

    REGISTERED = "registered"
    OUTPUT = "output"
    ABSORBED = "absorbed"


MEASURE_NAMES: Mapping[Measure, str] = {
    Measure.REGISTERED: "登记",
    Measure.OUTPUT: "输出",
    Measure.ABSORBED: "吸纳",
}
MEASURE_NOTES: Mapping[Measure, str] = {
    Measure.REGISTERED: "按技术合同登记机构所在地统计",
    Measure.OUTPUT: "按卖方所在地统计",
    Measure.ABSORBED: "按买方所在地统计",
}
MEASURE_NAMES_EN: Mapping[Measure, str] = {
    Measure.REGISTERED: "registered (by registration station)",
    Measure.OUTPUT: "output (by seller)",
    Measure.ABSORBED: "absorbed (by buyer)",
}


class AreaKind(StrEnum):
    """What an area is: a region of GB/T 2260, or a park, which stands beside the regions."""

    REGION = "region"
    PARK = "park"


class Line(StrEnum):
    """Why a ledger line was written."""

    REGISTRATION = "registration"
    CHANGE = "change"
    REVERSAL = "reversal"


LINE_NAMES: Mapping[Line, str] = {
    Line.REGISTRATION: "登记",
    Line.CHANGE: "变更登记",
    Line.REVERSAL: "冲销",
}


class GroupBy(StrEnum):
    """How a figure is broken down."""

    NONE = "none"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    TYPE = "type"
    FIELD = "field"
    REGION = "region"
    PARK = "park"


class PeriodKind(StrEnum):
    """How a period was asked for."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    PLAN = "plan"


SINCE_PLAN = "since-plan"
"""How a client asks for the months from a plan's start to the present one."""


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
            case PeriodKind.QUARTER:
                return quarter_text(self.start)
            case PeriodKind.MONTH:
                return month_text(self.start)
            case PeriodKind.PLAN:
                return SINCE_PLAN

    @property
    def name(self) -> str:
        """The period in Chinese."""
        year = f"{self.start.year}年"
        match self.kind:
            case PeriodKind.YEAR:
                return year
            case PeriodKind.QUARTER:
                return f"{year}第{'一二三四'[self.start.month // 3]}季度"
            case PeriodKind.MONTH:
                return f"{year}{self.start.month}月"
            case PeriodKind.PLAN:
                return f"计划期以来（{year}{self.start.month}月—{self.end.year}年{self.end.month}月）"


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


def parse_period(text: str) -> Period | None:
    """Read `2025`, `2025-Q2` or `2025-06`; None if it is none of these.

    Years before 1980 and after 2999 are typing errors.
    """
    found = re.fullmatch(r"(\d{4})(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?", text, re.ASCII)
    if found is None or not 1980 <= int(found[1]) <= 2999:
        return None
    year = int(found[1])
    if found[2]:
        start = date(year, int(found[2]) * 3 - 2, 1)
        return Period(PeriodKind.QUARTER, start, month_end(add_months(start, 2)))
    if found[3]:
        start = date(year, int(found[3]), 1)
        return Period(PeriodKind.MONTH, start, month_end(start))
    return year_period(year)


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

    None for plans: a span of several years overlaps itself a year earlier.
    """
    return None if period.kind is PeriodKind.PLAN else _compare(period, today, months_back=12)


def period_on_period(period: Period, today: date) -> Comparison | None:
    """Return the period's completed months and as many of the preceding period (环比).

    None for years, where it says the same as year on year, and for plans, which have no predecessor.
    """
    back = {PeriodKind.MONTH: 1, PeriodKind.QUARTER: 3}.get(period.kind)
    return None if back is None else _compare(period, today, months_back=back)


def _compare(period: Period, today: date, *, months_back: int) -> Comparison | None:
    current = completed_span(period, today)
    if current is None:
        return None
    base = Span(add_months(current.start, -months_back), month_end(add_months(current.end, -months_back)))
    return Comparison(current, base)


FEN_PER_YUAN = 100
FEN_PER_WAN = 10_000 * FEN_PER_YUAN
FEN_PER_YI = 100_000_000 * FEN_PER_YUAN


def amount_text(fen: int) -> str:
    """Return an amount for people: in 亿元 from one 亿 up, in 万元 from one 万 up, else in 元; two places."""
    size = abs(fen)
    for unit_fen, unit in ((FEN_PER_YI, "亿元"), (FEN_PER_WAN, "万元")):
        if size >= unit_fen:
            return f"{_quotient(fen, unit_fen)}{unit}"
    return f"{_quotient(fen, FEN_PER_YUAN)}元"


def _quotient(fen: int, unit_fen: int) -> Decimal:
    return (Decimal(fen) / unit_fen).quantize(Decimal("0.01"), ROUND_HALF_UP)


def change_percent(now: int, before: int) -> Decimal | None:
    """Return the change in percent, one decimal place, halves up; None if there was nothing before."""
    if before == 0:
        return None
    return (Decimal(now - before) * 100 / before).quantize(Decimal("0.1"), ROUND_HALF_UP)


def may_drill_down(actor: Actor, *, region_code: str, measure: Measure) -> bool:
    """Tell whether the actor may see the contracts behind an area's figure.

    A registrar may, for the registration figure; the list is then cut to the own station.
    """
    if actor.role is Role.REGISTRAR:
        return measure is Measure.REGISTERED
    return actor.role is Role.ADMIN or oversees(actor, region_code)


def sees_all_words(actor: Actor, *, broker_id: int | None) -> bool:
    """Tell whether the actor may read all that was said on the way to a contract.

    Admins and the broker may. Others, bureaus too, read the broker's decision only: what a side
    told the broker was not for them.
    """
    return actor.role is Role.ADMIN or (broker_id is not None and actor.user_id == broker_id)
