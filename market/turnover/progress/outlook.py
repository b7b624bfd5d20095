"""What must still come for a target to be reached, and what will come if things go on as before.

Knows numbers and days only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from enum import StrEnum

from market.turnover.rules import add_months


class Method(StrEnum):
    """How a forecast was made."""

    SEASONAL = "seasonal"
    LINEAR = "linear"
    LINEAR_DAYS = "linear_days"


METHOD_NAMES: Mapping[Method, str] = {
    Method.SEASONAL: "按上年同期占比推算：本年已结束各月合计÷上年相同月份占上年的比重",
    Method.LINEAR: "按月均推算：已结束各月的平均数乘以全部月数",
    Method.LINEAR_DAYS: "按日均推算：已过天数的平均数乘以全部天数",
}


@dataclass(frozen=True, slots=True)
class Pace:
    """What must come from a day on for the target to be reached by its end.

    Attributes:
        remaining: still missing, in `unit`.
        unit: the target's, or 亿元 where the target is a multiple of an amount.
        months_left: calendar months that are not over, the running one included.
        per_month: remaining ÷ months_left, rounded up so that it is enough.
        days_left: days that are not over, the present one included.
        per_day: remaining ÷ days_left, rounded up.
    """

    remaining: Decimal
    unit: str
    months_left: int
    per_month: Decimal
    days_left: int
    per_day: Decimal


def required_pace(
    remaining: Decimal, *, unit: str, start: date, end: date | None, step: Decimal
) -> Pace | None:
    """Return what must come per month and day from `start` to `end`; None if nothing must or no day is left.

    Args:
        remaining: target less what is there.
        unit: of `remaining`.
        start: first day that is not counted in full yet.
        end: last day of the target's period; None if the plan does not say.
        step: smallest difference the rates are given to.
    """
    if remaining <= 0 or end is None or start > end:
        return None
    months, days = months_between(start, end), (end - start).days + 1
    return Pace(
        remaining=remaining,
        unit=unit,
        months_left=months,
        per_month=(remaining / months).quantize(step, ROUND_CEILING),
        days_left=days,
        per_day=(remaining / days).quantize(step, ROUND_CEILING),
    )


def months_between(first: date, last: date) -> int:
    """Return how many calendar months lie between two days, theirs included; 0 if `last` is in none."""
    return max((last.year - first.year) * 12 + last.month - first.month + 1, 0)


def forecast_of_months(
    months: Mapping[date, int], *, start: date, end: date, today: date, first: date | None
) -> tuple[Method, int] | None:
    """Return what a period will end with, from the months that are over.

    By the share that the same months had last year, if the period ends this year and last year's books
    are whole; otherwise by the average month. Never less than what is there already.

    Args:
        months: sums by first day of month, the running month and last year's included.
        start: first day of the period.
        end: last day of the period.
        today: the present day.
        first: first month of the books; None if there is none.

    Returns:
        None if the period is over or none of its months is, or there are no books.
    """
    running = add_months(today, 0)
    if first is None or today > end or running <= max(start, first):
        return None
    counted = _sum(months, start, end)
    seasonal = _seasonal(months, start=start, end=end, running=running, first=first)
    if seasonal is not None:
        return Method.SEASONAL, max(seasonal, counted)
    since = max(add_months(start, 0), first)
    past = add_months(running, -1)
    average = Decimal(_sum(months, since, past)) / months_between(since, past)
    value = _sum(months, start, past) + average * months_between(running, end)
    return Method.LINEAR, max(_whole(value), counted)


def _seasonal(
    months: Mapping[date, int], *, start: date, end: date, running: date, first: date
) -> int | None:
    begin = max(add_months(start, 0), date(running.year, 1, 1))
    if end.year != running.year or running <= begin or first > date(running.year - 1, 1, 1):
        return None
    past = add_months(running, -1)
    same_months = _sum(months, add_months(begin, -12), add_months(past, -12))
    whole = _sum(months, add_months(begin, -12), add_months(end, -12))
    if same_months <= 0:
        return None
    value = Decimal(_sum(months, begin, past)) * whole / same_months
    return _sum(months, start, add_months(begin, -1)) + _whole(value)


def forecast_of_published(counted: int, *, start: date, covered: date, end: date) -> int | None:
    """Return what a period will end with by the average of the months published; None if all are.

    Args:
        counted: sum of the published months.
        start: first day of the period.
        covered: last day published.
        end: last day of the period.
    """
    if covered >= end:
        return None
    return _whole(Decimal(counted) * months_between(start, end) / months_between(start, covered))


def forecast_of_days(counted: Decimal, *, start: date, end: date, today: date) -> Decimal | None:
    """Return what a period will end with by the average day, to the nearest one; None outside the period."""
    if not start <= today <= end:
        return None
    value = counted * ((end - start).days + 1) / ((today - start).days + 1)
    return value.quantize(Decimal(1), ROUND_HALF_UP)


def _sum(months: Mapping[date, int], first: date, last: date) -> int:
    return sum(fen for month, fen in months.items() if add_months(first, 0) <= month <= last)


def _whole(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))
