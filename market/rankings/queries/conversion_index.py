"""Reading the conversion index: its definitions, its value as of now, and what was published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from market.accounts.rules import Actor
from market.clock import china_day
from market.db import Page, PageRequest, SortKey, paginate
from market.errors import NotFound, PermissionDenied, violation
from market.rankings.models import IndexDefinition, IndexValue
from market.rankings.queries.indicators import Where, measure
from market.rankings.queries.rankings import is_in_charge
from market.rankings.rules import Part, index_value, part_of, read_indicators
from market.reference.models import Region
from market.reference.queries import check_region
from market.turnover.rules import Period, month_end, parse_period


@dataclass(frozen=True, slots=True)
class ConversionIndex:
    """The index of a region and period, and all that it is made of.

    Attributes:
        region: which.
        period: asked for.
        definition: by which it is reckoned.
        through: last day counted; before the period's end while the period runs.
        base_start: first day of the base, the same days of the base year.
        base_end: last day of the base.
        parts: one for each indicator, in the definition's order.
        value: None where a part is missing.
        known_at: when it was measured.
    """

    region: Region
    period: Period
    definition: IndexDefinition
    through: date
    base_start: date
    base_end: date
    parts: Sequence[Part]
    value: Decimal | None
    known_at: datetime

    @property
    def missing(self) -> list[str]:
        """Why there is no value: what each missing part lacks, in Chinese."""
        return [f"{part.indicator.name}：{part.missing}" for part in self.parts if part.missing is not None]


def get_index(
    session: Session, actor: Actor, *, region: str, period: str, definition: str | None, now: datetime
) -> ConversionIndex:
    """Return the index as of now, for those in charge of the region; others read published values.

    Args:
        session: open session.
        actor: an admin, or a bureau over the region.
        region: GB/T 2260 code.
        period: within one year, as `2025`, `2025-Q2` or `2025-06`.
        definition: its version; by default the one in force.
        now: present time.

    Raises:
        RuleViolation: `unknown-code`, `bad-period` or `period-in-future`.
        NotFound: `index-definition-not-found`.
        PermissionDenied: `index-not-public`.
    """
    found = check_region(session, region, pointer="/region")
    if not is_in_charge(actor, region):
        detail = "未发布的指数只供本地区主管部门查看；已发布的见 /api/v1/conversion-index/values。"
        raise PermissionDenied(detail, code="index-not-public")
    return compute_index(session, found, period=period, definition=definition, now=now)


def compute_index(
    session: Session, region: Region, *, period: str, definition: str | None, now: datetime
) -> ConversionIndex:
    """Reckon the index as of now; a running period is set against the same days of the base year.

    Raises:
        RuleViolation, NotFound: as `get_index`.
    """
    asked = read_period(period, today=china_day(now))
    chosen = get_definition(session, version=definition, day=asked.end)
    through = min(asked.end, china_day(now))
    base_start = asked.start.replace(year=chosen.base_year)
    base_end = _same_day(through, chosen.base_year)
    spot = Where(region.code, asked.start, through)
    base = Where(region.code, base_start, base_end)
    parts = [
        part_of(
            indicator,
            now=measure(session, indicator.key, spot),
            base=measure(session, indicator.key, base),
        )
        for indicator in read_indicators(chosen.indicators)
    ]
    return ConversionIndex(
        region=region,
        period=asked,
        definition=chosen,
        through=through,
        base_start=base_start,
        base_end=base_end,
        parts=parts,
        value=index_value(parts),
        known_at=now,
    )


def _same_day(day: date, year: int) -> date:
    """Return a day in another year; the end of February stays the end of February."""
    last = day == month_end(day)
    first = day.replace(year=year, day=1)
    return month_end(first) if last else first.replace(day=min(day.day, month_end(first).day))


def read_period(text: str, *, today: date) -> Period:
    """Return the period meant; it lies within one year, so that a base year can stand beside it.

    Raises:
        RuleViolation: `bad-period` or `period-in-future`.
    """
    period = parse_period(text)
    if period is None or period.start.year != period.end.year:
        raise violation("/period", "bad-period", "时段应在一个年度之内，写作 2025、2025-Q2 或 2025-06。")
    if period.start > today:
        raise violation("/period", "period-in-future", "该时段尚未开始。")
    return period


def get_definition(session: Session, *, version: str | None, day: date) -> IndexDefinition:
    """Return a definition: the one named, or the one in force on a day, or the first one before that.

    Raises:
        NotFound: `index-definition-not-found`.
    """
    definitions = [row for row in list_definitions(session) if version in {None, row.version}]
    if not definitions:
        raise NotFound("没有找到该版本的指数定义。", code="index-definition-not-found")
    in_force = [row for row in definitions if row.in_force_from <= day]
    return in_force[0] if in_force else definitions[-1]


def list_definitions(session: Session) -> list[IndexDefinition]:
    """Return all definitions, the latest first."""
    return list(
        session.scalars(
            select(IndexDefinition).order_by(
                IndexDefinition.in_force_from.desc(), IndexDefinition.version.desc()
            )
        )
    )


def list_values(
    session: Session,
    *,
    page: PageRequest,
    region: str | None = None,
    period: str | None = None,
    definition: str | None = None,
) -> Page[IndexValue]:
    """List published values, newest publication first.

    Args:
        session: open session.
        page: cursor and limit.
        region: only of exactly this region.
        period: only of this period.
        definition: only by this version.
    """
    statement = select(IndexValue).options(joinedload(IndexValue.region), joinedload(IndexValue.definition))
    if region is not None:
        statement = statement.where(IndexValue.region_code == region)
    if period is not None:
        statement = statement.where(IndexValue.period == period)
    if definition is not None:
        statement = statement.where(IndexValue.definition_version == definition)
    return paginate(session, statement, order=[SortKey(IndexValue.id, descending=True)], page=page)
