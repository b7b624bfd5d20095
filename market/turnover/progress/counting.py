"""What a counter is, and how its number is set against a plan's target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from market.libraries.models import RegisterEntry
from market.libraries.queries.counts import count_listed
from market.turnover.models import Target
from market.turnover.progress.model import Forecast, Progress, count_reading, reading_of
from market.turnover.progress.outlook import Method, forecast_of_days, required_pace
from market.turnover.rules import Span, year_period
from market.turnover.target_rules import BASIS_NAMES, Basis, ratio

NO_START = "计划没有写明从何时起算，不能累计。"
NO_BASE_YEAR = "计划没有写明基年，不能计算倍数。"
EMPTY = "该地区的名录尚无在列条目，此数不表示实际为零。"
REGIONS = "地区含所辖各级行政区划。"
TENTH = Decimal("0.1")

FLOW = frozenset({Basis.CUMULATIVE, Basis.INCREASE, Basis.ANNUAL})
"""Bases that ask what came in a span."""
STOCK = frozenset({Basis.STOCK, Basis.RELATIVE})
"""Bases that ask what there is on a day."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a counter is asked for.

    Attributes:
        region: this one and all inside it.
        start: first day of the span; None where what there is on a day is asked for.
        end: last day of the span, or that day.
    """

    region: str
    start: date | None
    end: date


@dataclass(frozen=True, slots=True)
class Counter:
    """How an indicator is counted.

    Attributes:
        name: of the reading, in Chinese.
        definition: what exactly is counted and which date decides, a Chinese sentence.
        count: the number itself; None where nothing on record says it, then `missing` tells who would.
        records: addresses of lists that hold what was counted.
        bases: of the targets it answers; those of `FLOW` or those of `STOCK`.
        register: kind of entries that are counted; while a region has none listed, a zero says little.
        unit: of the number, where the target itself is in times.
        today_only: it knows the present day alone, not one that is past.
        remark: what a reader must know besides.
        records_note: where the lists show more or less than was counted.
        missing: where the number would come from, if `count` may not know it.
    """

    name: str
    definition: str
    count: Callable[[Session, Asked], int | None]
    records: Callable[[Asked], Sequence[str]]
    bases: frozenset[Basis] = FLOW
    register: type[RegisterEntry] | None = None
    unit: str = "家"
    today_only: bool = False
    remark: str | None = None
    records_note: str | None = None
    missing: str | None = None

    @property
    def standing(self) -> bool:
        """Whether it counts what there is on a day, not what came in a span."""
        return Basis.STOCK in self.bases


def quoted(name: str) -> str:
    """Return a name in quotation marks; those inside it become single ones."""
    return f"“{name.replace('“', '‘').replace('”', '’')}”"


def listing(plural: str, asked: Asked, filters: Mapping[str, object]) -> str:
    """Return the address of a list of a region, cut by filters; those of None are left out.

    Args:
        plural: the list in the address.
        asked: gives the region.
        filters: by the list's own names; several values stand for any of them.
    """
    query = {"region": asked.region, **{name: _said(value) for name, value in filters.items()}}
    return f"/api/v1/{plural}?{urlencode({k: v for k, v in query.items() if v}, doseq=True)}"


def _said(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else value


def counted(session: Session, target: Target, base: Progress, *, counter: Counter) -> Progress:
    """Tell how far a region has come with what a counter counts.

    Args:
        session: open session.
        target: the target.
        base: what is known before counting.
        counter: of the target's indicator.
    """
    if target.basis not in counter.bases:
        words = f"本市场的该项统计不能用于口径为“{BASIS_NAMES[target.basis]}”的目标，须由计划的责任部门报送。"
        return replace(base, missing_source=words)
    if target.basis is Basis.RELATIVE:
        return _times(session, target, base, counter)
    start, end = _whole_span(target, base, counter)
    if start is None and not counter.standing:
        return replace(base, missing_source=NO_START)
    last = base.as_of if end is None or counter.today_only else min(base.as_of, end)
    asked = Asked(target.region_code, start, last)
    count = counter.count(session, asked)
    if count is None:
        return replace(base, missing_source=counter.missing)
    reading = count_reading(target, counter.name, count)
    pace, forecast = None, None
    if target.number is not None:
        first = base.as_of if start is None else max(start, base.as_of)
        missing = target.number - reading.value
        pace = required_pace(missing, unit=target.unit, start=first, end=end, step=TENTH)
    if start is not None and end is not None:
        expected = forecast_of_days(reading.value, start=start, end=end, today=base.as_of)
        if expected is not None:
            forecast = Forecast(Method.LINEAR_DAYS, count_reading(target, counter.name, int(expected)))
    return replace(
        _explained(base, counter, asked),
        span=None if start is None else Span(start, max(start, last)),
        reading=reading,
        pace=pace,
        forecast=forecast,
        remark=f"{_emptiness(session, counter, asked, count)}{_remark(counter, asked, target, base)}" or None,
    )


def _whole_span(target: Target, base: Progress, counter: Counter) -> tuple[date | None, date | None]:
    """Return first and last day of what the target is about, whether they have come or not."""
    if counter.standing:
        return None, target.period_end
    if target.basis is Basis.ANNUAL:
        assert base.span is not None, "annual targets have a year"
        return base.span.start, base.span.end
    return target.period_start, target.period_end


def _explained(base: Progress, counter: Counter, asked: Asked) -> Progress:
    day = asked.end.isoformat()
    if asked.start is None:
        when = f"统计日为{day}。"
    elif asked.start > asked.end:
        when = f"统计期自{asked.start.isoformat()}起，尚未开始。"
    else:
        when = f"统计期为{asked.start.isoformat()}至{day}。"
    return replace(
        base,
        definition=f"{counter.definition}{REGIONS}{when}",
        records=tuple(counter.records(asked)),
        records_note=counter.records_note,
    )


def _emptiness(session: Session, counter: Counter, asked: Asked, count: int) -> str:
    """Say so where nothing is counted because a region keeps no such register yet."""
    if count or counter.register is None:
        return ""
    held = count_listed(session, counter.register, asked.region, conditions=())
    return "" if held else EMPTY


def _remark(counter: Counter, asked: Asked, target: Target, base: Progress) -> str:
    words = counter.remark or ""
    end = target.period_end
    if counter.standing and end is not None and base.as_of > end:
        words += (
            f"此为{base.as_of.isoformat()}的数，不是{end.isoformat()}的期末数。"
            if counter.today_only
            else f"此为{asked.end.isoformat()}的期末数，此后移出名录的不计。"
        )
    return words


def _times(session: Session, target: Target, base: Progress, counter: Counter) -> Progress:
    """Set what there is in the year in question against the end of the base year."""
    if target.base_year is None:
        return replace(base, missing_source=NO_BASE_YEAR)
    assert base.span is not None, "multiples are read for a year"
    now = Asked(target.region_code, None, min(base.as_of, base.span.end))
    then = Asked(target.region_code, None, year_period(target.base_year).end)
    count, before = counter.count(session, now), counter.count(session, then)
    value = None if count is None or before is None else ratio(count, before)
    if count is None or before is None or value is None:
        words = (
            f"本市场的名录中没有{target.base_year}年末的{counter.name}，应来自：{target.base_year}年的名单。"
        )
        return replace(base, missing_source=words)
    name = f"{counter.name}相对{target.base_year}年末的倍数"
    pace = None
    if target.number is not None:
        first = max(base.as_of, base.span.start)
        pace = required_pace(
            target.number * before - count, unit=counter.unit, start=first, end=base.span.end, step=TENTH
        )
    explained = _explained(base, counter, now)
    return replace(
        explained,
        definition=f"{explained.definition}与{then.end.isoformat()}的数相比。",
        records=(*explained.records, *counter.records(then)),
        reading=reading_of(target, name, value, text=f"{value}倍", fen=None),
        pace=pace,
        remark=f"{now.end.isoformat()}为{count}{counter.unit}，{then.end.isoformat()}为{before}{counter.unit}，"
        "以名录中记有的年度为准。",
    )
