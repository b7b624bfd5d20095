"""How far a region has come with a plan's target.

A value is given only where the market's own tables hold it; for everything else the answer says
where it would have to come from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from market.accounts.models import Organisation, User
from market.accounts.rules import OrganisationKind, OrganisationStatus, Role
from market.clock import CHINA
from market.contracts.models import Contract
from market.listings.models import Listing, Need
from market.listings.rules import Validation
from market.matches.models import Suggestion
from market.reference.rules import region_prefix
from market.turnover.ledger import Sums
from market.turnover.models import Target, TurnoverCounter, TurnoverEntry
from market.turnover.queries.figures import totals
from market.turnover.queries.scopes import Scope, get_area, inside, line_conditions
from market.turnover.rules import FEN_PER_YI, Measure, Period, Span, amount_text, plan_period, year_period
from market.turnover.target_rules import (
    BOTH_AMOUNTS,
    INDICATOR_ABSORBED,
    INDICATOR_AMOUNT,
    MISSING_SOURCES,
    UNKNOWN_SOURCE,
    Basis,
    base_year,
    elapsed_percent,
    is_reached,
    percent_of,
    ratio,
    year_in_question,
)

NO_START = "计划没有写明从何时起算，不能累计。"


@dataclass(frozen=True, slots=True)
class Reading:
    """One value for a target.

    Attributes:
        name: what was counted, in Chinese.
        value: exact, in the target's unit.
        text: for people.
        fen: the same amount in fen; None where the value is no amount.
        percent: of the target's number; None where the plan gives none.
        reached: whether that is enough; None where the plan does not decide it.
    """

    name: str
    value: Decimal
    text: str
    fen: int | None
    percent: Decimal | None
    reached: bool | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a region has come with a target, as of a day.

    Attributes:
        as_of: the day.
        span: the days or months counted; None for the state on the day itself.
        year: the year an annual target is read for.
        measure: where contracts are counted.
        reading: None when the market's tables do not hold it; then `missing_source` says who would.
        alternative: a second reading where the plan's phrase may mean two things.
        elapsed_percent: how much of the plan's time, or the year's, has passed (序时进度).
        remark: what a reader must know about the value.
        missing_source: where the value would come from.
    """

    as_of: date
    span: Span | None = None
    year: int | None = None
    measure: Measure | None = None
    reading: Reading | None = None
    alternative: Reading | None = None
    elapsed_percent: Decimal | None = None
    remark: str | None = None
    missing_source: str | None = None


def progress(session: Session, target: Target, *, today: date, year: int | None = None) -> Progress:
    """Tell how far a region has come with a target.

    Args:
        session: open session.
        target: the target.
        today: the day in China.
        year: for which year to read an annual target; by default the present one, or the plan's
            nearest.
    """
    base = _frame(target, today, year)
    if target.indicator in {INDICATOR_AMOUNT, INDICATOR_ABSORBED}:
        return _amount_progress(session, target, base)
    compute = COMPUTED.get((target.indicator, target.basis))
    if compute is None:
        return replace(base, missing_source=MISSING_SOURCES.get(target.indicator, UNKNOWN_SOURCE))
    if target.basis is Basis.CUMULATIVE and base.span is None:
        return replace(base, missing_source=NO_START)
    return compute(session, target, base)


def _frame(target: Target, today: date, year: int | None) -> Progress:
    """Return what is known of a progress before anything is counted: days, year, time passed."""
    start, end = target.period_start, target.period_end
    if target.basis in {Basis.ANNUAL, Basis.RANKING, Basis.RELATIVE}:
        asked = year_in_question(start, end, today) if year is None else year
        period = year_period(asked)
        passed = elapsed_percent(period.start, period.end, today)
        return Progress(today, span=Span(period.start, period.end), year=asked, elapsed_percent=passed)
    passed_of_plan = elapsed_percent(start, end, today) if start and end else None
    span = None
    if target.basis in {Basis.CUMULATIVE, Basis.INCREASE} and start is not None:
        span = Span(start, min(today, end) if end else today)
    return Progress(today, span=span, elapsed_percent=passed_of_plan)


def _amount_progress(session: Session, target: Target, base: Progress) -> Progress:
    measure = Measure.ABSORBED if target.indicator == INDICATOR_ABSORBED else Measure.REGISTERED
    base = replace(base, measure=measure)
    if target.basis is Basis.CUMULATIVE and target.period_start is not None:
        period = plan_period(target.period_start, target.period_end, today=base.as_of)
    elif base.year is not None:
        period = year_period(base.year)
    else:
        return replace(base, missing_source=NO_START)
    sums = _totals(session, target, measure, period)
    base = replace(base, span=Span(period.start, period.end))
    if target.basis is Basis.RELATIVE:
        return _relative_progress(session, target, base, sums)
    readings = [
        _amount_reading(target, name, fen)
        for name, fen in (("合同成交额", sums.total_fen), ("技术交易额", sums.tech_fen))
    ]
    return replace(
        base,
        reading=readings[0],
        alternative=readings[1] if target.phrase in BOTH_AMOUNTS else None,
        remark=_records_remark(session, target, measure, period.start),
    )


def _totals(session: Session, target: Target, measure: Measure, period: Period) -> Sums:
    area = get_area(session, region=target.region_code, park=None)
    return totals(session, Scope(measure=measure, area=area, period=period))


def _amount_reading(target: Target, name: str, fen: int) -> Reading:
    value = Decimal(fen) / FEN_PER_YI
    return _reading(target, name, value, text=amount_text(fen), fen=fen)


def _relative_progress(session: Session, target: Target, base: Progress, sums: Sums) -> Progress:
    assert base.measure is not None
    year = base_year(target.note)
    if year is None:
        return replace(base, missing_source="计划没有写明基年，不能计算倍数。")
    before = _totals(session, target, base.measure, year_period(year))
    times = {
        "合同成交额": ratio(sums.total_fen, before.total_fen),
        "技术交易额": ratio(sums.tech_fen, before.tech_fen),
    }
    readings = [
        _reading(target, f"{name}相对{year}年的倍数", value, text=f"{value}倍", fen=None)
        for name, value in times.items()
        if value is not None
    ]
    if not readings:
        words = f"本市场没有{year}年的登记数据，应来自：全国技术合同管理与服务系统的{year}年登记数据。"
        return replace(base, missing_source=words)
    both = target.phrase in BOTH_AMOUNTS and len(readings) == 2
    return replace(
        base,
        reading=readings[0],
        alternative=readings[1] if both else None,
        remark=f"{base.year}年数与{year}年全年数相比。",
    )


def _records_remark(session: Session, target: Target, measure: Measure, start: date) -> str | None:
    """Say so where the market's books begin after the period does: the value is then too low."""
    area = get_area(session, region=target.region_code, park=None)
    first = session.scalar(
        select(func.min(TurnoverCounter.month)).where(
            TurnoverCounter.measure == measure,
            TurnoverCounter.area_kind == area.kind,
            inside(area, TurnoverCounter.area),
        )
    )
    if first is None:
        return "本市场尚无该地区的登记数据。"
    if first > start:
        return f"本市场的登记数据自{first.year}年{first.month}月起，此前的登记未录入，未计入本数。"
    return None


def _reading(target: Target, name: str, value: Decimal, *, text: str, fen: int | None) -> Reading:
    number = target.number
    return Reading(
        name=name,
        value=value,
        text=text,
        fen=fen,
        percent=None if number is None else percent_of(value, number),
        reached=None if number is None else is_reached(target.comparator, value, number),
    )


def _count_reading(target: Target, name: str, count: int | None) -> Reading:
    value = Decimal(count or 0)
    return _reading(target, name, value, text=f"{value}{target.unit}", fen=None)


def _valid_needs(session: Session, target: Target, base: Progress) -> Progress:
    statement = select(func.count(Need.id)).where(
        Need.validation == Validation.VALID, *_within(target, base, Need.region_code, Need.validated_at)
    )
    reading = _count_reading(target, "经核实有效的技术需求", session.scalar(statement))
    return replace(base, reading=reading, remark="按需求所在地、核实日期统计。")


def _published_listings(session: Session, target: Target, base: Progress) -> Progress:
    statement = select(func.count(Listing.id)).where(
        *_within(target, base, Listing.region_code, Listing.published_at)
    )
    return replace(
        base,
        reading=_count_reading(target, "本市场发布的技术需求和科技成果", session.scalar(statement)),
        remark="按本市场的发布数统计；在省技术产权交易市场的发布数以该市场为准。",
    )


def _within(
    target: Target,
    base: Progress,
    region: InstrumentedAttribute[str],
    moment: InstrumentedAttribute[datetime | None],
) -> list[ColumnElement[bool]]:
    assert base.span is not None, "targets without a start are answered before"
    first = datetime.combine(base.span.start, time.min, CHINA)
    after = datetime.combine(base.span.end + timedelta(days=1), time.min, CHINA)
    return [region.startswith(region_prefix(target.region_code)), moment >= first, moment < after]


def _agencies(session: Session, target: Target, base: Progress) -> Progress:
    statement = select(func.count(Organisation.id)).where(*_verified_agency(target))
    reading = _count_reading(target, "已核验的技术转移机构", session.scalar(statement))
    return replace(base, reading=reading, remark=_stock_remark(target, base))


def _affiliated_brokers(session: Session, target: Target, base: Progress) -> Progress:
    statement = (
        select(func.count(User.id))
        .join(User.organisation)
        .where(User.active, User.role == Role.BROKER, *_verified_agency(target))
    )
    reading = _count_reading(target, "已核验机构的在用技术经理人账号", session.scalar(statement))
    return replace(base, reading=reading, remark=_stock_remark(target, base))


def _verified_agency(target: Target) -> list[ColumnElement[bool]]:
    return [
        Organisation.kind == OrganisationKind.AGENCY,
        Organisation.status == OrganisationStatus.VERIFIED,
        Organisation.region_code.startswith(region_prefix(target.region_code)),
    ]


def _stock_remark(target: Target, base: Progress) -> str:
    words = "按本市场登记的机构统计，未在本市场登记的不计。"
    if target.period_end is not None and base.as_of > target.period_end:
        words += f"此为{base.as_of.isoformat()}的数，不是{target.period_end.isoformat()}的期末数。"
    return words


def _landed(session: Session, target: Target, base: Progress) -> Sums:
    """Sum the year's contracts with buyers in the region that came from a broker's suggestion."""
    assert base.year is not None, "rankings are by year"
    area = get_area(session, region=target.region_code, park=None)
    scope = Scope(measure=Measure.ABSORBED, area=area, period=year_period(base.year))
    deals, total_fen, tech_fen = session.execute(
        select(
            func.coalesce(func.sum(TurnoverEntry.count), 0),
            func.coalesce(func.sum(TurnoverEntry.total_fen), 0),
            func.coalesce(func.sum(TurnoverEntry.tech_fen), 0),
        )
        .join(Contract, TurnoverEntry.contract_id == Contract.id)
        .join(Suggestion, Contract.suggestion_id == Suggestion.id)
        .where(Suggestion.broker_id.is_not(None), *line_conditions(scope))
    ).one()
    return Sums(int(deals), int(total_fen), int(tech_fen))


LANDED_REMARK = "全部机构合计，按吸纳方所在地统计，只计经本市场技术经理人撮合的合同。"


def _landed_deals(session: Session, target: Target, base: Progress) -> Progress:
    reading = _count_reading(target, "机构促成的合同", _landed(session, target, base).deals)
    return replace(base, measure=Measure.ABSORBED, reading=reading, remark=LANDED_REMARK)


def _landed_amount(session: Session, target: Target, base: Progress) -> Progress:
    reading = _amount_reading(target, "机构促成的合同成交额", _landed(session, target, base).total_fen)
    return replace(base, measure=Measure.ABSORBED, reading=reading, remark=LANDED_REMARK)


Compute = Callable[[Session, Target, Progress], Progress]

COMPUTED: Mapping[tuple[str, Basis], Compute] = {
    ("valid_needs", Basis.CUMULATIVE): _valid_needs,
    ("published_listings", Basis.CUMULATIVE): _published_listings,
    ("transfer_agencies", Basis.STOCK): _agencies,
    ("affiliated_brokers", Basis.STOCK): _affiliated_brokers,
    ("agency_landed_deals", Basis.RANKING): _landed_deals,
    ("agency_landed_amount", Basis.RANKING): _landed_amount,
}
"""Indicators that the market's own tables hold, contract amounts apart."""
