"""Which ledger lines a question is about: measure, area, period, filters, and the state of knowledge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from market.accounts.models import Organisation
from market.accounts.rules import Actor, OrganisationKind
from market.clock import china_day
from market.errors import PermissionDenied, violation
from market.reference.models import CodeEntry, Park, Region
from market.reference.queries import check_codes, present_codes
from market.reference.rules import NATION_CODE, Scheme, lies_within, region_prefix
from market.turnover.ledger import AREA_COLUMNS, DIMENSION_COLUMNS
from market.turnover.models import Target, TurnoverEntry
from market.turnover.rules import (
    PERIOD_FORMS,
    SINCE_PLAN,
    AreaKind,
    Boundaries,
    Dimension,
    Measure,
    Period,
    Reach,
    Span,
    may_see_figures,
    parse_period,
    plan_period,
)

SCHEMES: Mapping[Dimension, Scheme] = {
    Dimension.TYPE: Scheme.CONTRACT_TYPE,
    Dimension.FIELD: Scheme.TECH_FIELD,
    Dimension.SELLER_NATURE: Scheme.PARTY_NATURE,
    Dimension.BUYER_NATURE: Scheme.PARTY_NATURE,
    Dimension.IP_KIND: Scheme.IP_KIND,
    Dimension.PLAN_SOURCE: Scheme.PLAN_SOURCE,
}
"""The list a dimension's codes come from; reach is no list but follows from the parties' countries."""


@dataclass(frozen=True, slots=True)
class Area:
    """Where: a region with all inside it, one park, or one station.

    `region_code` is the region a park or station lies in.
    """

    kind: AreaKind
    code: str
    name: str
    region_code: str

    @property
    def is_nation(self) -> bool:
        """Whether it is the whole country."""
        return self.kind is AreaKind.REGION and self.code == NATION_CODE

    @property
    def is_province(self) -> bool:
        """Whether it is a province."""
        return self.kind is AreaKind.REGION and self.code.endswith("0000") and not self.is_nation


@dataclass(frozen=True, slots=True)
class Scope:
    """Which ledger lines are meant; an empty set of codes means all.

    Attributes:
        measure: where contracts are counted.
        area: region, park or station.
        period: whole months.
        types: contract types.
        fields: technical fields.
        seller_natures: codes of 单位性质, lower levels included; so are the next three.
        buyer_natures: the same for buyers.
        ip_kinds: kinds of intellectual property.
        plan_sources: sources of plans.
        reaches: domestic, 港澳台, foreign.
        station_id: only what this station registered.
        moved: codes that ended, to those that hold their place now; empty where regions are taken
            as they were.
        known_at: None means as known now; otherwise as the books stood at that moment.
    """

    measure: Measure
    area: Area
    period: Period
    types: frozenset[str] = field(default_factory=frozenset)
    fields: frozenset[str] = field(default_factory=frozenset)
    seller_natures: frozenset[str] = field(default_factory=frozenset)
    buyer_natures: frozenset[str] = field(default_factory=frozenset)
    ip_kinds: frozenset[str] = field(default_factory=frozenset)
    plan_sources: frozenset[str] = field(default_factory=frozenset)
    reaches: frozenset[str] = field(default_factory=frozenset)
    station_id: int | None = None
    moved: Mapping[str, str] = field(default_factory=dict)
    boundaries: Boundaries = Boundaries.THEN
    known_at: datetime | None = None

    @property
    def filters(self) -> dict[Dimension, frozenset[str]]:
        """The sets of codes that are not empty."""
        every = {
            Dimension.TYPE: self.types,
            Dimension.FIELD: self.fields,
            Dimension.SELLER_NATURE: self.seller_natures,
            Dimension.BUYER_NATURE: self.buyer_natures,
            Dimension.IP_KIND: self.ip_kinds,
            Dimension.PLAN_SOURCE: self.plan_sources,
            Dimension.REACH: self.reaches,
        }
        return {dimension: codes for dimension, codes in every.items() if codes}


def get_area(session: Session, *, region: str | None, park: str | None, station: int | None = None) -> Area:
    """Return the area meant by a region's, a park's or, where there is neither, a station's code.

    Raises:
        RuleViolation: none is given, or region and park both are, or the code is unknown.
    """
    if park is not None:
        if region is not None:
            raise violation("/park", "area-ambiguous", "行政区划与园区只能选一个。")
        row = session.get(Park, park)
        if row is None:
            raise violation("/park", "unknown-code", f"园区表中没有“{park}”。")
        return Area(AreaKind.PARK, row.code, row.name, row.region_code)
    if region is None:
        if station is None:
            raise violation("/region", "area-missing", "请选择行政区划、园区或登记机构。")
        found_station = _get_station(session, station)
        return Area(AreaKind.STATION, str(station), found_station.name, found_station.region_code)
    found = session.get(Region, region)
    if found is None:
        raise violation("/region", "unknown-code", f"行政区划代码表中没有“{region}”。")
    return Area(AreaKind.REGION, found.code, found.name, found.code)


def _get_station(session: Session, station_id: int) -> Organisation:
    row = session.get(Organisation, station_id)
    if row is None or row.kind is not OrganisationKind.STATION:
        raise violation("/station", "unknown-station", f"没有编号为{station_id}的登记机构。")
    return row


def get_period(session: Session, text: str, *, area: Area, today: date) -> Period:
    """Return the period meant by `2025`, `2025-H1`, `2025-Q2`, `2025-06`, `2024-03..2025-02` or `since-plan`.

    A plan's start and end are the earliest start and latest end among the region's targets.

    Raises:
        RuleViolation: `bad-period`, or `plan-unknown` where the region's targets name no start.
    """
    if text != SINCE_PLAN:
        period = parse_period(text)
        if period is None:
            raise violation("/period", "bad-period", f"时段应写作 {PERIOD_FORMS}。")
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
    now: datetime,
    types: Sequence[str] = (),
    fields: Sequence[str] = (),
    seller_natures: Sequence[str] = (),
    buyer_natures: Sequence[str] = (),
    ip_kinds: Sequence[str] = (),
    plan_sources: Sequence[str] = (),
    reaches: Sequence[Reach] = (),
    station: int | None = None,
    boundaries: Boundaries = Boundaries.THEN,
    known_at: datetime | None = None,
) -> Scope:
    """Read a client's question; codes of an upper level stand for all below them.

    Args:
        session: open session.
        measure: which of the three.
        region: GB/T 2260 code; exclusive with `park`.
        park: park code.
        period: as `get_period` reads it.
        now: present time.
        types: only these contract types.
        fields: only these technical fields.
        seller_natures: only sellers of these natures.
        buyer_natures: only buyers of these natures.
        ip_kinds: only these kinds of intellectual property.
        plan_sources: only these sources of plans.
        reaches: only contracts that reach so far.
        station: id of the station that registered them; alone, it is the area.
        boundaries: regions as they were, or as they are now.
        known_at: as the books stood then.

    Raises:
        RuleViolation: with a pointer to the parameter that cannot be read.
    """
    area = get_area(session, region=region, park=park, station=station)
    if station is not None and area.kind is not AreaKind.STATION:
        _get_station(session, station)
    asked = {
        Dimension.TYPE: types,
        Dimension.FIELD: fields,
        Dimension.SELLER_NATURE: seller_natures,
        Dimension.BUYER_NATURE: buyer_natures,
        Dimension.IP_KIND: ip_kinds,
        Dimension.PLAN_SOURCE: plan_sources,
    }
    check_codes(
        session,
        [(f"/{name}", SCHEMES[name], code) for name, codes in asked.items() for code in codes],
    )
    if known_at is not None and known_at > now:
        raise violation("/known_at", "known-at-in-future", "“截至”时间不能晚于现在。")
    codes = {name: with_lower_codes(session, SCHEMES[name], codes) for name, codes in asked.items()}
    return Scope(
        measure=measure,
        area=area,
        period=get_period(session, period, area=area, today=china_day(known_at or now)),
        types=codes[Dimension.TYPE],
        fields=codes[Dimension.FIELD],
        seller_natures=codes[Dimension.SELLER_NATURE],
        buyer_natures=codes[Dimension.BUYER_NATURE],
        ip_kinds=codes[Dimension.IP_KIND],
        plan_sources=codes[Dimension.PLAN_SOURCE],
        reaches=frozenset(reach.value for reach in reaches),
        station_id=station,
        moved=present_codes(session) if boundaries is Boundaries.NOW else {},
        boundaries=boundaries,
        known_at=known_at,
    )


def with_lower_codes(session: Session, scheme: Scheme, codes: Sequence[str]) -> frozenset[str]:
    """Return codes with all that stand below them in their list: 020 with 021, 0211 and so on."""
    if not codes:
        return frozenset()
    parents = dict(
        session.execute(select(CodeEntry.code, CodeEntry.parent_code).where(CodeEntry.scheme == scheme)).all()
    )
    found = set(codes)
    for code in parents:
        upper: str | None = code
        while upper is not None and upper not in found:
            upper = parents.get(upper)
        if upper is not None:
            found.add(code)
    return frozenset(found)


def require_figures(actor: Actor, scope: Scope) -> None:
    """Refuse figures beyond the published ones to those who do not answer for them.

    Raises:
        PermissionDenied: `figures-not-public`.
    """
    if not may_see_figures(actor, region_code=scope.area.region_code, station_id=scope.station_id):
        raise PermissionDenied(
            "未发布的数字只对本地区主管部门开放，登记机构可查询本机构的数字（station=本机构编号）；"
            "已发布的数字见 /api/v1/releases。",
            code="figures-not-public",
        )


def line_conditions(
    scope: Scope, *, span: Span | None = None, areas: ColumnElement[bool] | None = None
) -> list[ColumnElement[bool]]:
    """Return what picks a scope's ledger lines, for other months or another area if given."""
    start, end = (span.start, span.end) if span else (scope.period.start, scope.period.end)
    return [
        TurnoverEntry.effective_on.between(start, end),
        *known_conditions(scope),
        in_area(scope) if areas is None else areas,
    ]


def known_conditions(scope: Scope) -> list[ColumnElement[bool]]:
    """Return what picks a scope's ledger lines apart from area and months."""
    conditions: list[ColumnElement[bool]] = [
        getattr(TurnoverEntry, DIMENSION_COLUMNS[dimension]).in_(sorted(codes))
        for dimension, codes in scope.filters.items()
    ]
    if scope.station_id is not None and scope.area.kind is not AreaKind.STATION:
        conditions.append(TurnoverEntry.station_id == scope.station_id)
    if scope.known_at is not None:
        conditions.append(TurnoverEntry.recorded_at <= scope.known_at)
    return conditions


def line_area(measure: Measure, kind: AreaKind) -> InstrumentedAttribute[Any]:
    """Return the column of a line that says where it counts."""
    column: InstrumentedAttribute[Any] = getattr(TurnoverEntry, AREA_COLUMNS[measure, kind])
    return column


def in_area(scope: Scope) -> ColumnElement[bool]:
    """Return what picks the ledger lines that count for a scope's area."""
    area = scope.area
    if area.kind is not AreaKind.STATION:
        return inside(area, line_area(scope.measure, area.kind), moved=scope.moved)
    at_station = TurnoverEntry.station_id == int(area.code)
    if scope.measure is Measure.REGISTERED:
        return at_station
    # What a station registered for sellers or buyers, of whatever region; those abroad count nowhere.
    return and_(at_station, line_area(scope.measure, AreaKind.REGION).is_not(None))


def inside(
    area: Area, column: InstrumentedAttribute[Any], *, moved: Mapping[str, str] | None = None
) -> ColumnElement[bool]:
    """Pick an area's codes by a range rather than by LIKE, which no ordinary index serves on PostgreSQL.

    Args:
        area: the area.
        column: holds codes of its kind.
        moved: codes to be taken for others; those that leave the area so are left out, those that
            come into it are added.
    """
    if area.kind is not AreaKind.REGION:
        return column == area.code
    prefix = region_prefix(area.code)
    within = (
        column == prefix if len(prefix) == 6 else column.between(prefix.ljust(6, "0"), prefix.ljust(6, "9"))
    )
    crossing = crossings(area, moved or {})
    leaving = sorted(old for old in crossing if lies_within(old, area.code))
    coming = sorted(old for old in crossing if not lies_within(old, area.code))
    if leaving:
        within = and_(within, column.not_in(leaving))
    return or_(within, column.in_(coming)) if coming else within


def crossings(area: Area, moved: Mapping[str, str]) -> list[str]:
    """Return the codes that lie on the other side of an area's boundary than what they became."""
    return [
        old for old, new in moved.items() if lies_within(old, area.code) is not lies_within(new, area.code)
    ]
