"""Progress with amounts of contracts: counted live for those who answer for them, else as last published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import urlencode

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.reference.rules import region_prefix
from market.turnover.ledger import Sums
from market.turnover.models import Target, TurnoverCounter
from market.turnover.progress.counting import NO_BASE_YEAR, NO_START, REGIONS
from market.turnover.progress.model import (
    Forecast,
    Progress,
    Publication,
    Reading,
    amount_reading,
    reading_of,
)
from market.turnover.progress.outlook import (
    Method,
    forecast_of_months,
    forecast_of_published,
    required_pace,
)
from market.turnover.queries.figures import figure
from market.turnover.queries.releases import TOO_FEW, months_covered, published_figure
from market.turnover.queries.scopes import Scope, get_area
from market.turnover.rules import (
    FEN_PER_YI,
    MEASURE_NOTES,
    AreaKind,
    Dimension,
    GroupBy,
    Measure,
    Period,
    PeriodKind,
    Span,
    month_end,
    parse_period,
    plan_period,
    year_period,
)
from market.turnover.target_rules import BOTH_AMOUNTS, INDICATOR_ABSORBED, Basis, ratio

NOT_FROM_JANUARY = "计划不是从一月起算，已发布的年初以来累计数不能用于本目标。"
NOT_PUBLISHED = "尚未发布：主管部门发布统计数据（/api/v1/releases）后可见。"
FEN = Decimal(1) / FEN_PER_YI
"""One fen in 亿元."""

ENTRIES_NOTE = "台账的每一笔，变更和注销的冲销记负数；由合同可以追溯到成果和需求。"
RELEASES_NOTE = "金额所出的已发布数据；明细只供所在地主管部门查看。"

NAMES = ("合同成交额", "技术交易额")


@dataclass(frozen=True, slots=True)
class _Counted:
    """An amount as it is known to the reader, and what lies ahead.

    Attributes:
        sums: counted in the period.
        before: counted in the base year of a relative target; None if it is not known.
        open_from: first day that is not counted in full.
        forecast: method and whole value expected, in fen.
    """

    sums: Sums
    before: Sums | None
    open_from: date
    forecast: tuple[Method, int] | None


def amount_progress(session: Session, target: Target, base: Progress, *, live: bool) -> Progress:
    """Tell how far a region has come with an amount of contracts.

    Args:
        session: open session.
        target: one of the two indicators that are amounts.
        base: what is known before counting.
        live: count what is known now; otherwise say what was published.
    """
    measure = Measure.ABSORBED if target.indicator == INDICATOR_ABSORBED else Measure.REGISTERED
    base = replace(base, measure=measure)
    if target.basis is Basis.RELATIVE and target.base_year is None:
        return replace(base, missing_source=NO_BASE_YEAR)
    if target.basis is Basis.CUMULATIVE and target.period_start is not None:
        period = plan_period(target.period_start, target.period_end, today=base.as_of)
        end = target.period_end
    elif base.year is not None:
        period = year_period(base.year)
        end = period.end
    else:
        return replace(base, missing_source=NO_START)
    base = replace(base, span=Span(period.start, period.end))
    if live:
        return _live(session, target, base, end)
    return _published(session, target, base, end)


def _live(session: Session, target: Target, base: Progress, end: date | None) -> Progress:
    assert base.measure is not None
    assert base.span is not None
    start, today = base.span.start, base.as_of
    base_span = _base_span(target)
    begin = min(start, date(today.year - 1, 1, 1), base_span.start if base_span else start)
    months = _months(session, target, base.measure, Span(begin, max(base.span.end, month_end(today))))
    first = _first_month(session, target, base.measure)
    forecast = None
    if end is not None:
        fen = {month: sums.total_fen for month, sums in months.items()}
        forecast = forecast_of_months(fen, start=start, end=end, today=today, first=first)
    counted = _Counted(
        sums=_total(months, base.span),
        before=None if base_span is None else _total(months, base_span),
        open_from=max(today, start),
        forecast=forecast,
    )
    found = _with_readings(target, base, counted, end)
    if found.reading is not None:
        spans = [base.span, *([] if base_span is None else [base_span])]
        found = replace(
            found,
            definition=_definition(base.measure),
            records=tuple(_entries(target, base.measure, span) for span in spans),
            records_note=ENTRIES_NOTE,
        )
    if found.remark is None and found.missing_source is None:
        return replace(found, remark=_records_remark(first, start))
    return found


def _published(session: Session, target: Target, base: Progress, end: date | None) -> Progress:
    measure = base.measure
    assert measure is not None
    assert base.span is not None
    span = Span(base.span.start, end or base.span.end)
    if (span.start.month, span.start.day) != (1, 1):
        return replace(base, missing_source=NOT_FROM_JANUARY)
    found = published_figure(session, region=target.region_code, measure=measure, span=span)
    base_span = _base_span(target)
    before, few = None, found is not None and found.sums is None
    if base_span is not None:
        then = published_figure(session, region=target.region_code, measure=measure, span=base_span)
        if then is not None and then.span == base_span:
            before = then.sums
            few = few or before is None
    if found is None or found.sums is None or (base_span is not None and before is None):
        return replace(base, missing_source=TOO_FEW if few else NOT_PUBLISHED)
    forecast = None
    if end is not None and base.as_of <= end:
        value = forecast_of_published(found.sums.total_fen, start=span.start, covered=found.span.end, end=end)
        forecast = None if value is None else (Method.LINEAR, value)
    counted = _Counted(found.sums, before, found.span.end + timedelta(days=1), forecast)
    publication = Publication(found.known_at, found.span, months_covered(found.span), found.releases)
    base = replace(base, span=found.span, published=publication)
    base = _with_readings(target, base, counted, end)
    if base.missing_source is not None:
        return base
    return replace(
        base,
        definition=_definition(measure),
        records=tuple(f"/api/v1/releases/{number}" for number in found.releases),
        records_note=RELEASES_NOTE,
        remark=f"为已发布的{publication.months}数。{base.remark or ''}",
    )


def _with_readings(target: Target, base: Progress, counted: _Counted, end: date | None) -> Progress:
    if target.basis is Basis.RELATIVE:
        return _relative(target, base, counted, end)
    first, second = (
        amount_reading(target, name, fen)
        for name, fen in zip(NAMES, (counted.sums.total_fen, counted.sums.tech_fen), strict=True)
    )
    forecast = None
    if counted.forecast is not None:
        method, fen = counted.forecast
        forecast = Forecast(method, amount_reading(target, first.name, fen))
    return replace(
        base,
        reading=first,
        alternative=second if target.phrase in BOTH_AMOUNTS else None,
        pace=None
        if target.number is None or base.as_of > (end or base.as_of)
        else required_pace(
            target.number - first.value, unit=target.unit, start=counted.open_from, end=end, step=FEN
        ),
        forecast=forecast,
    )


def _relative(target: Target, base: Progress, counted: _Counted, end: date | None) -> Progress:
    """Set this year's sums against the base year's. What must come is told in money, not in times."""
    year, before = target.base_year, counted.before
    assert before is not None
    readings = [
        _times(target, name, now, then)
        for name, now, then in zip(
            NAMES,
            (counted.sums.total_fen, counted.sums.tech_fen),
            (before.total_fen, before.tech_fen),
            strict=True,
        )
    ]
    first, second = readings
    if first is None:
        words = f"本市场没有{year}年的登记数据，应来自：全国技术合同管理与服务系统的{year}年登记数据。"
        return replace(base, missing_source=words)
    forecast, pace = None, None
    if counted.forecast is not None:
        method, fen = counted.forecast
        expected = _times(target, NAMES[0], fen, before.total_fen)
        forecast = None if expected is None else Forecast(method, expected)
    if target.number is not None and base.as_of <= (end or base.as_of):
        missing = target.number * before.total_fen - counted.sums.total_fen
        pace = required_pace(missing / FEN_PER_YI, unit="亿元", start=counted.open_from, end=end, step=FEN)
    return replace(
        base,
        reading=first,
        alternative=second if target.phrase in BOTH_AMOUNTS else None,
        pace=pace,
        forecast=forecast,
        remark=f"{base.year}年数与{year}年全年数相比。",
    )


def _times(target: Target, name: str, fen: int, before_fen: int) -> Reading | None:
    value = ratio(fen, before_fen)
    if value is None:
        return None
    return reading_of(target, f"{name}相对{target.base_year}年的倍数", value, text=f"{value}倍", fen=None)


def _definition(measure: Measure) -> str:
    return (
        "登记日期在统计期内的技术合同的合同成交额（另有读法的并列技术交易额），"
        f"{MEASURE_NOTES[measure]}，{REGIONS}"
    )


def _entries(target: Target, measure: Measure, span: Span) -> str:
    """Return the address of the ledger lines of a region and span."""
    whole_year = span == Span(date(span.start.year, 1, 1), date(span.start.year, 12, 31))
    period = Period(PeriodKind.YEAR if whole_year else PeriodKind.SPAN, span.start, span.end)
    query = {"measure": measure.value, "region": target.region_code, "period": period.text}
    return f"/api/v1/turnover/entries?{urlencode(query)}"


def _base_span(target: Target) -> Span | None:
    if target.basis is not Basis.RELATIVE or target.base_year is None:
        return None
    period = year_period(target.base_year)
    return Span(period.start, period.end)


def _months(session: Session, target: Target, measure: Measure, span: Span) -> dict[date, Sums]:
    """Return the sums of every month in which something was counted, in one statement."""
    area = get_area(session, region=target.region_code, park=None)
    scope = Scope(measure=measure, area=area, period=Period(PeriodKind.PLAN, span.start, span.end))
    found = figure(session, scope, group_by=GroupBy.MONTH, today=span.end)
    sums: dict[date, Sums] = {}
    for group in found.groups:
        month = parse_period(group.key)
        assert month is not None
        sums[month.start] = group.sums
    return sums


def _total(months: Mapping[date, Sums], span: Span) -> Sums:
    return sum((sums for month, sums in months.items() if span.start <= month <= span.end), Sums())


def _first_month(session: Session, target: Target, measure: Measure) -> date | None:
    """Return the first month in which the market's books hold anything of a region."""
    prefix = region_prefix(target.region_code)
    return session.scalar(
        select(func.min(TurnoverCounter.month)).where(
            TurnoverCounter.measure == measure,
            TurnoverCounter.area_kind == AreaKind.REGION,
            TurnoverCounter.dimension == Dimension.TYPE,
            TurnoverCounter.area.between(prefix.ljust(6, "0"), prefix.ljust(6, "9")),
            TurnoverCounter.deals > 0,
        )
    )


def _records_remark(first: date | None, start: date) -> str | None:
    """Say so where the market's books begin after the period does: the value is then too low."""
    if first is None:
        return "本市场尚无该地区的登记数据。"
    if first > start:
        return f"本市场的登记数据自{first.year}年{first.month}月起，此前的登记未录入，未计入本数。"
    return None
