"""Figures: sums of a measure over an area and a period, whole or in groups.

What is known now is read from the counters; what was known at some earlier moment is summed from
the ledger's lines recorded up to then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, extract, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from market.errors import violation
from market.reference.models import Park, Region
from market.reference.queries import code_names
from market.reference.rules import Scheme, lies_within
from market.turnover.ledger import Sums
from market.turnover.models import TurnoverCounter, TurnoverEntry
from market.turnover.queries.scopes import (
    Scope,
    area_column,
    counter_conditions,
    inside,
    line_conditions,
)
from market.turnover.rules import (
    AreaKind,
    Comparison,
    GroupBy,
    Span,
    change_percent,
    month_text,
    parse_period,
    period_on_period,
    quarter_text,
    year_on_year,
)


@dataclass(frozen=True, slots=True)
class Group:
    """One part of a figure: its key (code, or `2025-06`, `2025-Q2`, `2025`), Chinese name and sums."""

    key: str
    name: str
    sums: Sums


@dataclass(frozen=True, slots=True)
class Change:
    """Completed months against the same number of earlier months; percents of None: nothing before."""

    comparison: Comparison
    current: Sums
    base: Sums

    @property
    def deals_percent(self) -> Decimal | None:
        """Change in the number of contracts."""
        return change_percent(self.current.deals, self.base.deals)

    @property
    def total_percent(self) -> Decimal | None:
        """Change in the whole value."""
        return change_percent(self.current.total_fen, self.base.total_fen)

    @property
    def tech_percent(self) -> Decimal | None:
        """Change in the technical part."""
        return change_percent(self.current.tech_fen, self.base.tech_fen)


@dataclass(frozen=True, slots=True)
class Figure:
    """Answer to one question. `sums` covers the whole scope, also where groups do not (parks)."""

    scope: Scope
    sums: Sums
    group_by: GroupBy
    groups: Sequence[Group]
    year_on_year: Change | None
    period_on_period: Change | None


def figure(session: Session, scope: Scope, *, group_by: GroupBy, today: date) -> Figure:
    """Return the sums of a scope, its groups and how it compares with a year and a period before.

    Groups of time come in order; others by value, largest first, then by key. A group in which
    nothing is counted is left out. Money of an area that belongs to none of its parts (a contract
    whose party is the prefecture itself) forms a group of its own, so regions add up to the whole.
    Parks do not: not every deal lies in one.

    Args:
        session: open session.
        scope: which lines are meant.
        group_by: how to break the figure down.
        today: the day in China that decides which months are completed.

    Raises:
        RuleViolation: `group-by-region` or `group-by-park` for an area that has no such parts.
    """
    groups = _groups(session, scope, group_by)
    if group_by in {GroupBy.NONE, GroupBy.PARK}:
        sums = totals(session, scope)
    else:
        sums = sum((group.sums for group in groups), Sums())
    return Figure(
        scope=scope,
        sums=sums,
        group_by=group_by,
        groups=groups,
        year_on_year=_change(session, scope, year_on_year(scope.period, today)),
        period_on_period=_change(session, scope, period_on_period(scope.period, today)),
    )


def totals(session: Session, scope: Scope, *, span: Span | None = None) -> Sums:
    """Return the sums of a scope, or of the same scope over other months."""
    row = session.execute(_sums(scope, span=span)).one()
    return _read_sums(row)


def _change(session: Session, scope: Scope, comparison: Comparison | None) -> Change | None:
    if comparison is None:
        return None
    return Change(
        comparison,
        current=totals(session, scope, span=comparison.current),
        base=totals(session, scope, span=comparison.base),
    )


def _sums(
    scope: Scope,
    *columns: ColumnElement[Any] | InstrumentedAttribute[Any],
    span: Span | None = None,
    kind: AreaKind | None = None,
    areas: ColumnElement[bool] | None = None,
) -> Select[Any]:
    """Select sums from the counters, or from the ledger as it stood at `known_at`; by columns if given.

    `kind` and `areas` replace the scope's own area, to look at the parks in a region.
    """
    conditions = line_conditions(scope, span=span, areas=areas)
    deals: InstrumentedAttribute[int] = TurnoverEntry.count
    if scope.known_at is None:
        conditions = counter_conditions(scope, span=span, kind=kind, areas=areas)
        deals = TurnoverCounter.deals
    model = _source(scope)
    statement = select(
        *columns,
        func.coalesce(func.sum(deals), 0),
        func.coalesce(func.sum(model.total_fen), 0),
        func.coalesce(func.sum(model.tech_fen), 0),
    ).where(*conditions)
    return statement.group_by(*columns) if columns else statement


def _source(scope: Scope) -> type[TurnoverCounter | TurnoverEntry]:
    return TurnoverCounter if scope.known_at is None else TurnoverEntry


def _read_sums(row: Any) -> Sums:
    deals, total_fen, tech_fen = row[-3:]
    return Sums(int(deals), int(total_fen), int(tech_fen))  # PostgreSQL sums big integers as decimals


def _groups(session: Session, scope: Scope, group_by: GroupBy) -> list[Group]:
    match group_by:
        case GroupBy.NONE:
            return []
        case GroupBy.MONTH | GroupBy.QUARTER | GroupBy.YEAR:
            return _groups_of_time(session, scope, group_by)
        case GroupBy.TYPE | GroupBy.FIELD:
            return _groups_of_codes(session, scope, group_by)
        case GroupBy.REGION:
            return _groups_of_regions(session, scope)
        case GroupBy.PARK:
            return _groups_of_parks(session, scope)


def _groups_of_time(session: Session, scope: Scope, group_by: GroupBy) -> list[Group]:
    day = TurnoverCounter.month if scope.known_at is None else TurnoverEntry.effective_on
    rows = session.execute(_sums(scope, extract("year", day), extract("month", day))).all()
    keys: dict[GroupBy, Callable[[date], str]] = {
        GroupBy.MONTH: month_text,
        GroupBy.QUARTER: quarter_text,
        GroupBy.YEAR: lambda day: f"{day.year:04d}",
    }
    sums: dict[str, Sums] = {}
    for row in rows:
        key = keys[group_by](date(int(row[0]), int(row[1]), 1))
        sums[key] = sums.get(key, Sums()) + _read_sums(row)
    return [Group(key, _time_name(key), part) for key, part in sorted(sums.items()) if part]


def _time_name(key: str) -> str:
    period = parse_period(key)
    return key if period is None else period.name


def _groups_of_codes(session: Session, scope: Scope, group_by: GroupBy) -> list[Group]:
    model = _source(scope)
    if group_by is GroupBy.TYPE:
        column, scheme = model.type_code, Scheme.CONTRACT_TYPE
    else:
        column, scheme = model.tech_field, Scheme.TECH_FIELD
    names = code_names(session, scheme)
    sums = {row[0]: _read_sums(row) for row in session.execute(_sums(scope, column))}
    return _by_value([Group(code, names.get(code, code), part) for code, part in sums.items()])


def _groups_of_regions(session: Session, scope: Scope) -> list[Group]:
    area = scope.area
    children = {}
    if area.kind is AreaKind.REGION:
        children = {
            region.code: region.name
            for region in session.scalars(select(Region).where(Region.parent_code == area.code))
        }
    if not children:
        raise violation("/group_by", "group-by-region", f"{area.name}没有下级行政区划，不能按地区分组。")
    sums: dict[str, Sums] = {}
    for row in session.execute(_sums(scope, area_column(scope, AreaKind.REGION))):
        key = _child_of(row[0], children) or area.code
        sums[key] = sums.get(key, Sums()) + _read_sums(row)
    names = {**children, area.code: f"{area.name}（本级）"}
    return _by_value([Group(code, names[code], part) for code, part in sums.items()])


def _child_of(code: str, children: dict[str, str]) -> str | None:
    """Return the child a region lies in: itself, or the one whose digits it starts with."""
    if code in children:
        return code
    return next((child for child in children if lies_within(code, child)), None)


def _groups_of_parks(session: Session, scope: Scope) -> list[Group]:
    if scope.area.kind is AreaKind.PARK:
        raise violation("/group_by", "group-by-park", f"{scope.area.name}本身是园区，不能再按园区分组。")
    parks = {
        park.code: park.name
        for park in session.scalars(select(Park).where(inside(scope.area, Park.region_code)))
    }
    column = area_column(scope, AreaKind.PARK)
    rows = session.execute(_sums(scope, column, kind=AreaKind.PARK, areas=column.in_(sorted(parks))))
    return _by_value([Group(row[0], parks[row[0]], _read_sums(row)) for row in rows])


def _by_value(groups: list[Group]) -> list[Group]:
    counted = [group for group in groups if group.sums]
    return sorted(counted, key=lambda group: (-group.sums.total_fen, group.key))
