"""Sums of a scope by group and stretch of months, from the counters where they know, else from the lines.

A counter breaks its area down by one dimension, or by type and field together. Whatever asks for more, or
for the state of the books at an earlier moment, is summed from the ledger. Both give the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, case, extract, func, or_, select
from sqlalchemy.orm import Session

from market.turnover.ledger import DIMENSION_COLUMNS, Sums
from market.turnover.models import TurnoverCounter, TurnoverEntry
from market.turnover.queries.scopes import Scope, in_area, inside, known_conditions, line_area
from market.turnover.rules import OF_TIME, AreaKind, Dimension, GroupBy, Measure, Source, Span, month_end

DAY = timedelta(days=1)
PAIR = frozenset({Dimension.TYPE, Dimension.FIELD})
CODES: Mapping[Dimension, ColumnElement[str]] = {
    Dimension.TYPE: func.substr(TurnoverCounter.code, 1, 2),
    Dimension.FIELD: func.substr(TurnoverCounter.code, 4),
}
"""The halves of a code of type and field together, such as `KF/05`."""
DIMENSION_OF: Mapping[GroupBy, Dimension] = {
    group_by: Dimension(group_by.value)
    for group_by in GroupBy
    if group_by.value in {dimension.value for dimension in Dimension}
}

Parts = Mapping[str, Sequence[tuple[Span, Sums]]]
"""By group: disjoint stretches of months with what counts in them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a question is answered.

    Attributes:
        source: counters or ledger.
        dimension: of the counters; None for the ledger.
        kind: kind of area to be read.
        key: column or expression that tells groups apart; None for the whole.
        of_time: whether the key is a month.
    """

    source: Source
    dimension: Dimension | None
    kind: AreaKind
    key: Any
    of_time: bool = False


def plan_of(scope: Scope, group_by: GroupBy, *, from_ledger: bool = False) -> Plan:
    """Decide how to answer a question; from the ledger if that is asked for."""
    kind = _area_kind(scope, group_by)
    dimension = _dimension(scope, group_by)
    of_time = group_by in OF_TIME
    if from_ledger or dimension is None or scope.known_at is not None or not _counted(scope, kind):
        return Plan(Source.LEDGER, None, kind, _line_key(scope, group_by), of_time)
    return Plan(Source.COUNTERS, dimension, kind, _counter_key(group_by, dimension), of_time)


def _counted(scope: Scope, kind: AreaKind) -> bool:
    """Tell whether counters of the area exist: one station's within a region do not, nor its sellers'."""
    if kind is AreaKind.STATION:
        return scope.measure is Measure.REGISTERED and scope.station_id in {None, _own_id(scope)}
    return scope.station_id is None


def _own_id(scope: Scope) -> int | None:
    return int(scope.area.code) if scope.area.kind is AreaKind.STATION else None


def _area_kind(scope: Scope, group_by: GroupBy) -> AreaKind:
    area = scope.area
    if group_by is GroupBy.PARK:
        return AreaKind.PARK
    if group_by is GroupBy.STATION:
        return AreaKind.STATION
    whole_provinces = area.is_nation or (area.is_province and group_by is not GroupBy.REGION)
    moved_across = any(old[:2] != new[:2] for old, new in scope.moved.items())
    return AreaKind.PROVINCE if whole_provinces and not moved_across else area.kind


def _dimension(scope: Scope, group_by: GroupBy) -> Dimension | None:
    asked = frozenset(scope.filters) | _grouped(group_by)
    if not asked:
        return Dimension.REACH  # the one with the fewest codes: at home, 港澳台, abroad
    if len(asked) == 1:
        return next(iter(asked))
    return Dimension.TYPE_FIELD if asked == PAIR else None


def _grouped(group_by: GroupBy) -> frozenset[Dimension]:
    dimension = DIMENSION_OF.get(group_by)
    return frozenset() if dimension is None else frozenset({dimension})


def _counter_key(group_by: GroupBy, dimension: Dimension) -> Any:
    if group_by in OF_TIME:
        return TurnoverCounter.month
    if group_by in {GroupBy.REGION, GroupBy.PARK, GroupBy.STATION}:
        return TurnoverCounter.area
    if group_by is GroupBy.NONE:
        return None
    return CODES[DIMENSION_OF[group_by]] if dimension is Dimension.TYPE_FIELD else TurnoverCounter.code


def _line_key(scope: Scope, group_by: GroupBy) -> Any:
    day = TurnoverEntry.effective_on
    match group_by:
        case GroupBy.NONE:
            return None
        case GroupBy.MONTH | GroupBy.QUARTER | GroupBy.YEAR:
            return extract("year", day) * 12 + extract("month", day)
        case GroupBy.STATION:
            return TurnoverEntry.station_id
        case GroupBy.REGION:
            return line_area(scope.measure, AreaKind.REGION)
        case GroupBy.PARK:
            return line_area(scope.measure, AreaKind.PARK)
    return getattr(TurnoverEntry, DIMENSION_COLUMNS[DIMENSION_OF[group_by]])


def read_parts(
    session: Session,
    scope: Scope,
    plan: Plan,
    *,
    spans: Iterable[Span],
    areas: Sequence[str] | None = None,
) -> Parts:
    """Return sums by group over months, cut where any of the spans begins or ends; one statement.

    Args:
        session: open session.
        scope: which lines are meant; its period does not count here.
        plan: from `plan_of`.
        spans: the months wanted; they may overlap.
        areas: codes to read instead of the scope's own area, of the plan's kind.

    Returns:
        By key of the group (by "" for the whole): stretches, each inside or outside of every span.
        Groups of time have one stretch for each month.
    """
    atoms = disjoint(spans)
    on_counters = plan.source is Source.COUNTERS
    day: Any = TurnoverCounter.month if on_counters else TurnoverEntry.effective_on
    model: Any = TurnoverCounter if on_counters else TurnoverEntry
    stretch = None
    if len(atoms) > 1 and not plan.of_time:
        stretch = case(*((day <= atom.end, number) for number, atom in enumerate(atoms)))
    columns = [column for column in (plan.key, stretch) if column is not None]
    deals = TurnoverCounter.deals if on_counters else TurnoverEntry.count
    statement = select(
        *columns,
        func.coalesce(func.sum(deals), 0),
        func.coalesce(func.sum(model.total_fen), 0),
        func.coalesce(func.sum(model.tech_fen), 0),
    ).where(
        or_(*(day.between(atom.start, atom.end) for atom in _joined(atoms))),
        *(_counter_conditions(scope, plan, areas) if on_counters else _line_conditions(scope, plan, areas)),
    )
    if columns:
        statement = statement.group_by(*columns)
    parts: dict[str, list[tuple[Span, Sums]]] = {}
    for row in session.execute(statement):
        sums = Sums(*map(int, row[-3:]))  # PostgreSQL sums big integers as decimals
        if not sums:
            continue
        if plan.of_time:
            start = _first_day(row[0])
            parts.setdefault("", []).append((Span(start, month_end(start)), sums))
        else:
            key = "" if plan.key is None else str(row[0])
            parts.setdefault(key, []).append((atoms[0 if stretch is None else row[-4]], sums))
    return parts


def _first_day(month: Any) -> date:
    """Return the first day of a counter's month, or of a month numbered through the years."""
    if isinstance(month, date):
        return month
    number = int(month) - 1
    return date(number // 12, number % 12 + 1, 1)


def disjoint(spans: Iterable[Span]) -> list[Span]:
    """Cut spans at each other's ends: the stretches they are made of, in order, without overlap."""
    wanted = list(spans)
    cuts = sorted({span.start for span in wanted} | {span.end + DAY for span in wanted})
    return [
        Span(start, after - DAY)
        for start, after in pairwise(cuts)
        if any(span.start <= start and after - DAY <= span.end for span in wanted)
    ]


def _joined(atoms: Sequence[Span]) -> list[Span]:
    """Join stretches that follow each other."""
    joined: list[Span] = []
    for atom in atoms:
        if joined and joined[-1].end + DAY == atom.start:
            joined[-1] = Span(joined[-1].start, atom.end)
        else:
            joined.append(atom)
    return joined


def within(parts: Iterable[tuple[Span, Sums]], span: Span) -> Sums:
    """Add up the stretches that lie in a span."""
    return sum((sums for part, sums in parts if span.start <= part.start and part.end <= span.end), Sums())


def _counter_conditions(scope: Scope, plan: Plan, areas: Sequence[str] | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        TurnoverCounter.measure == scope.measure,
        TurnoverCounter.area_kind == plan.kind,
        TurnoverCounter.dimension == plan.dimension,
    ]
    if areas is not None:
        conditions.append(TurnoverCounter.area.in_(areas))
    elif not scope.area.is_nation:  # all areas of a kind make the nation
        conditions.append(inside(scope.area, TurnoverCounter.area, moved=scope.moved))
    for dimension, codes in scope.filters.items():
        code = CODES[dimension] if plan.dimension is Dimension.TYPE_FIELD else TurnoverCounter.code
        conditions.append(code.in_(sorted(codes)))
    return conditions


def _line_conditions(scope: Scope, plan: Plan, areas: Sequence[str] | None) -> list[ColumnElement[bool]]:
    conditions = known_conditions(scope)
    if areas is None:
        return [*conditions, in_area(scope)]
    column: Any = line_area(scope.measure, plan.kind)
    return [*conditions, column.in_(areas)]
