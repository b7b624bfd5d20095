"""Which ledger lines a question is about: measure, area, period, filters, and the state of knowledge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from market.clock import china_day
from market.errors import violation
from market.reference.models import Park, Region
from market.reference.queries import check_codes
from market.reference.rules import Scheme, region_prefix
from market.turnover.ledger import AREA_COLUMNS
from market.turnover.models import Target, TurnoverCounter, TurnoverEntry
from market.turnover.rules import SINCE_PLAN, AreaKind, Measure, Period, Span, parse_period, plan_period


@dataclass(frozen=True, slots=True)
class Area:
    """Where: a region with all inside it, or one park. `region_code` is the park's region for a park."""

    kind: AreaKind
    code: str
    name: str
    region_code: str


@dataclass(frozen=True, slots=True)
class Scope:
    """Which ledger lines are meant; empty `types` or `fields` mean all.

    `known_at` of None means as known now; otherwise as the books stood at that moment.
    """

    measure: Measure
    area: Area
    period: Period
    types: frozenset[str] = field(default_factory=frozenset)
    fields: frozenset[str] = field(default_factory=frozenset)
    known_at: datetime | None = None


def get_area(session: Session, *, region: str | None, park: str | None) -> Area:
    """Return the area meant by a region's or a park's code; exactly one must be given.

    Raises:
        RuleViolation: none or both are given, or the code is unknown.
    """
    if park is not None:
        if region is not None:
            raise violation("/park", "area-ambiguous", "行政区划与园区只能选一个。")
        row = session.get(Park, park)
        if row is None:
            raise violation("/park", "unknown-code", f"园区表中没有“{park}”。")
        return Area(AreaKind.PARK, row.code, row.name, row.region_code)
    if region is None:
        raise violation("/region", "area-missing", "请选择行政区划或园区。")
    found = session.get(Region, region)
    if found is None:
        raise violation("/region", "unknown-code", f"行政区划代码表中没有“{region}”。")
    return Area(AreaKind.REGION, found.code, found.name, found.code)


def get_period(session: Session, text: str, *, area: Area, today: date) -> Period:
    """Return the period meant by `2025`, `2025-Q2`, `2025-06` or `since-plan`.

    A plan's start and end are the earliest start and latest end among the region's targets.

    Raises:
        RuleViolation: `bad-period`, or `plan-unknown` where the region's targets name no start.
    """
    if text != SINCE_PLAN:
        period = parse_period(text)
        if period is None:
            raise violation("/period", "bad-period", "时段应写作 2025、2025-Q2、2025-06 或 since-plan。")
        return period
    start, end = session.execute(
        select(func.min(Target.period_start), func.max(Target.period_end)).where(
            Target.region_code == area.region_code
        )
    ).one()
    if start is None:
        raise violation("/period", "plan-unknown", f"没有{area.name}的计划起始日，不能按计划期统计。")
    return plan_period(start, end, today=today)


def get_scope(
    session: Session,
    *,
    measure: Measure,
    region: str | None,
    park: str | None,
    period: str,
    types: Sequence[str],
    fields: Sequence[str],
    known_at: datetime | None,
    now: datetime,
) -> Scope:
    """Read a client's question.

    Args:
        session: open session.
        measure: which of the three.
        region: GB/T 2260 code; exclusive with `park`.
        park: park code.
        period: `2025`, `2025-Q2`, `2025-06` or `since-plan`.
        types: only these contract types.
        fields: only these technical fields.
        known_at: as the books stood then.
        now: present time.

    Raises:
        RuleViolation: with a pointer to the parameter that cannot be read.
    """
    area = get_area(session, region=region, park=park)
    check_codes(
        session,
        [("/type", Scheme.CONTRACT_TYPE, code) for code in types]
        + [("/field", Scheme.TECH_FIELD, code) for code in fields],
    )
    if known_at is not None and known_at > now:
        raise violation("/known_at", "known-at-in-future", "“截至”时间不能晚于现在。")
    today = china_day(known_at or now)
    return Scope(
        measure=measure,
        area=area,
        period=get_period(session, period, area=area, today=today),
        types=frozenset(types),
        fields=frozenset(fields),
        known_at=known_at,
    )


def line_conditions(
    scope: Scope, *, span: Span | None = None, areas: ColumnElement[bool] | None = None
) -> list[ColumnElement[bool]]:
    """Return what picks a scope's ledger lines, for other months or another area if given."""
    conditions = _shared_conditions(scope, TurnoverEntry)
    conditions.append(TurnoverEntry.effective_on.between(*_ends(scope, span)))
    if scope.known_at is not None:
        conditions.append(TurnoverEntry.recorded_at <= scope.known_at)
    column = _line_area(scope.measure, scope.area.kind)
    return [*conditions, inside(scope.area, column) if areas is None else areas]


def counter_conditions(
    scope: Scope, *, span: Span | None, kind: AreaKind | None, areas: ColumnElement[bool] | None
) -> list[ColumnElement[bool]]:
    """Return what picks a scope's counters; `kind` and `areas` replace its own area."""
    return [
        TurnoverCounter.measure == scope.measure,
        TurnoverCounter.area_kind == (kind or scope.area.kind),
        TurnoverCounter.month.between(*_ends(scope, span)),
        *_shared_conditions(scope, TurnoverCounter),
        inside(scope.area, TurnoverCounter.area) if areas is None else areas,
    ]


def _shared_conditions(
    scope: Scope, model: type[TurnoverCounter | TurnoverEntry]
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if scope.types:
        conditions.append(model.type_code.in_(sorted(scope.types)))
    if scope.fields:
        conditions.append(model.tech_field.in_(sorted(scope.fields)))
    return conditions


def _ends(scope: Scope, span: Span | None) -> tuple[date, date]:
    return (span.start, span.end) if span else (scope.period.start, scope.period.end)


def _line_area(measure: Measure, kind: AreaKind) -> InstrumentedAttribute[Any]:
    column: InstrumentedAttribute[Any] = getattr(TurnoverEntry, AREA_COLUMNS[measure, kind])
    return column


def area_column(scope: Scope, kind: AreaKind) -> InstrumentedAttribute[Any]:
    """Return the column that holds the area in the table the scope is read from."""
    return TurnoverCounter.area if scope.known_at is None else _line_area(scope.measure, kind)


def inside(area: Area, column: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """Pick an area's codes by a range rather than by LIKE, which no ordinary index serves on PostgreSQL."""
    if area.kind is AreaKind.PARK:
        return column == area.code
    prefix = region_prefix(area.code)
    return column.between(prefix.ljust(6, "0"), prefix.ljust(6, "9"))
