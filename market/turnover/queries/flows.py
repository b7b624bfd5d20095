"""Where technology goes and comes from: an area's partners, and the matrix of provinces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from market.accounts.rules import Actor
from market.clock import china_day
from market.errors import violation
from market.reference.models import Region
from market.reference.rules import lies_within
from market.turnover.ledger import Sums
from market.turnover.models import TurnoverEntry, TurnoverFlow
from market.turnover.queries.scopes import Area, Scope, get_area, get_period, inside, require_figures
from market.turnover.rules import (
    ABROAD,
    Direction,
    FlowLevel,
    Measure,
    PartnerLevel,
    Period,
    Source,
    province_of,
    share_percent,
)

LOCAL_NAME = "本地"
ABROAD_NAME = "境外"
NEARBY_NAME = "{}其他地区"


@dataclass(frozen=True, slots=True)
class Partner:
    """An area that an area deals with: a region, 本地 (itself, once), the rest of its province, or 境外.

    Attributes:
        key: code, or `abroad`.
        name: in Chinese.
        sums: what counts between the two.
        deals_share: in percent of all deals of this direction.
        total_share: in percent of their value.
        rank: by value, largest first; equals share a rank.
    """

    key: str
    name: str
    sums: Sums
    deals_share: Decimal | None
    total_share: Decimal | None
    rank: int


@dataclass(frozen=True, slots=True)
class Pair:
    """One field of the matrix of provinces."""

    seller: str
    seller_name: str
    buyer: str
    buyer_name: str
    sums: Sums
    total_share: Decimal | None


@dataclass(frozen=True, slots=True)
class Flows:
    """Flows of an area in a period; `partners` or, for a matrix, `pairs`, largest first."""

    area: Area
    period: Period
    direction: Direction
    level: PartnerLevel
    known_at: datetime | None
    sums: Sums
    partners: Sequence[Partner]
    pairs: Sequence[Pair]
    source: Source


def get_flows(
    session: Session,
    actor: Actor,
    *,
    region: str,
    period: str,
    direction: Direction,
    level: PartnerLevel,
    now: datetime,
    known_at: datetime | None = None,
) -> Flows:
    """Return an area's flows to somebody who answers for its figures.

    Args:
        session: open session.
        actor: an admin, or a bureau whose region holds the area.
        region: GB/T 2260 code.
        period: as `get_period` reads it.
        direction: out, in, or the matrix of all provinces.
        level: what partners are rolled up to.
        now: present time.
        known_at: as the books stood then.

    Raises:
        PermissionDenied: `figures-not-public`.
        RuleViolation: a parameter cannot be read; `matrix-of-nation`: a matrix is asked for an area
            that is not the whole country.
    """
    area = get_area(session, region=region, park=None)
    if known_at is not None and known_at > now:
        raise violation("/known_at", "known-at-in-future", "“截至”时间不能晚于现在。")
    months = get_period(session, period, area=area, today=china_day(known_at or now))
    require_figures(actor, Scope(measure=Measure.OUTPUT, area=area, period=months))
    return flows(session, area, months, direction=direction, level=level, known_at=known_at)


def flows(
    session: Session,
    area: Area,
    period: Period,
    *,
    direction: Direction,
    level: PartnerLevel,
    known_at: datetime | None = None,
) -> Flows:
    """Return what went out of an area or came into it, by partner; or the matrix of provinces.

    What an area dealt with itself stands once, as 本地; at the level of provinces, the rest of its own
    province stands beside it.

    Args:
        session: open session.
        area: a region.
        period: which months.
        direction: out, in, or the matrix.
        level: what partners are rolled up to.
        known_at: as the books stood then.

    Raises:
        RuleViolation: `matrix-of-nation`.
    """
    if direction is Direction.MATRIX:
        return _matrix(session, area, period, known_at=known_at)
    level_kept = _kept_level(area, direction, level)
    if known_at is None and level_kept is not None:
        source = Source.COUNTERS
        found = _from_counters(session, area, period, direction=direction, level=level_kept)
        if level_kept not in {FlowLevel.PROVINCES, PARTNER_REGIONS[direction]}:
            found = _set_local_apart(session, found, area, period)
    else:
        source = Source.LEDGER
        found = _from_lines(session, area, period, direction=direction, level=level, known_at=known_at)
    folded: dict[str, Sums] = {}
    for key, sums in found.items():
        partner = area.code if _is_local(key, area) else key
        folded[partner] = folded.get(partner, Sums()) + sums
    return Flows(
        area=area,
        period=period,
        direction=direction,
        level=level,
        known_at=known_at,
        sums=sum(folded.values(), Sums()),
        partners=_partners(session, folded, area),
        pairs=(),
        source=source,
    )


PARTNER_REGIONS: Mapping[Direction, FlowLevel] = {
    Direction.OUT: FlowLevel.PROVINCE_REGION,
    Direction.IN: FlowLevel.REGION_PROVINCE,
}
"""Which flows name the partner's region and the area's province."""
PARTNER_PROVINCES: Mapping[Direction, FlowLevel] = {
    Direction.OUT: FlowLevel.REGION_PROVINCE,
    Direction.IN: FlowLevel.PROVINCE_REGION,
}
"""Which flows name the partner's province and the area's region."""


def _kept_level(area: Area, direction: Direction, level: PartnerLevel) -> FlowLevel | None:
    """Return which stored flows answer; None: of regions with regions, only lines tell."""
    if area.is_nation or area.is_province:
        return FlowLevel.PROVINCES if level is PartnerLevel.PROVINCE else PARTNER_REGIONS[direction]
    return PARTNER_PROVINCES[direction] if level is PartnerLevel.PROVINCE else None


def _is_local(key: str, area: Area) -> bool:
    return key != ABROAD and not area.is_nation and lies_within(key, area.code)


def _from_counters(
    session: Session, area: Area, period: Period, *, direction: Direction, level: FlowLevel
) -> dict[str, Sums]:
    own, partner = TurnoverFlow.seller_area, TurnoverFlow.buyer_area
    if direction is Direction.IN:
        own, partner = partner, own
    here = own != ABROAD if area.is_nation else own == area.code
    if not (area.is_nation or area.is_province):
        here = inside(area, own)
    return _read(
        session,
        select(partner, *_sums(TurnoverFlow, TurnoverFlow.deals))
        .where(TurnoverFlow.level == level, here, TurnoverFlow.month.between(period.start, period.end))
        .group_by(partner),
    )


def _ends(direction: Direction) -> tuple[InstrumentedAttribute[Any], InstrumentedAttribute[Any]]:
    """Return a line's columns of the area's side and of the partner's."""
    ends = TurnoverEntry.seller_region, TurnoverEntry.buyer_region
    return ends if direction is Direction.OUT else ends[::-1]


def _line_conditions(
    area: Area, period: Period, own: InstrumentedAttribute[Any], known_at: datetime | None
) -> list[ColumnElement[bool]]:
    conditions = [inside(area, own), TurnoverEntry.effective_on.between(period.start, period.end)]
    return conditions if known_at is None else [*conditions, TurnoverEntry.recorded_at <= known_at]


def _from_lines(
    session: Session,
    area: Area,
    period: Period,
    *,
    direction: Direction,
    level: PartnerLevel,
    known_at: datetime | None,
) -> dict[str, Sums]:
    own, partner = _ends(direction)
    key: Any = func.coalesce(partner if level is PartnerLevel.REGION else _province(partner), ABROAD)
    if not area.is_nation:
        key = case((inside(area, partner), area.code), else_=key)
    # Grouped outside, as PostgreSQL takes two parameters of one value for two expressions.
    inner = (
        select(key.label("partner"), TurnoverEntry.count, TurnoverEntry.total_fen, TurnoverEntry.tech_fen)
        .where(*_line_conditions(area, period, own, known_at))
        .subquery()
    )
    return _read(
        session,
        select(inner.c.partner, *_sums(inner.c, inner.c.count)).group_by(inner.c.partner),
    )


def _province(column: InstrumentedAttribute[Any]) -> ColumnElement[str]:
    return func.substr(column, 1, 2).concat("0000")


def _set_local_apart(
    session: Session, found: Mapping[str, Sums], area: Area, period: Period
) -> dict[str, Sums]:
    """Take what an area below a province dealt with itself out of its province."""
    row = session.execute(
        select(*_sums(TurnoverFlow, TurnoverFlow.deals)).where(
            TurnoverFlow.level == FlowLevel.LOCAL,
            TurnoverFlow.seller_area == area.code,
            TurnoverFlow.buyer_area == area.code,
            TurnoverFlow.month.between(period.start, period.end),
        )
    ).one()
    local = _sums_of(row)
    province = province_of(area.code)
    return {**found, province: found.get(province, Sums()) - local, area.code: local}


def _sums(columns: Any, deals: Any) -> list[Any]:
    return [func.coalesce(func.sum(one), 0) for one in (deals, columns.total_fen, columns.tech_fen)]


def _sums_of(row: Any) -> Sums:
    return Sums(*map(int, row[-3:]))


def _read(session: Session, statement: Select[Any]) -> dict[str, Sums]:
    return {row[0]: _sums_of(row) for row in session.execute(statement)}


def _partners(session: Session, found: Mapping[str, Sums], area: Area) -> list[Partner]:
    counted = {key: sums for key, sums in found.items() if sums}
    whole = sum(counted.values(), Sums())
    names = _names(session, counted)
    if not (area.is_nation or area.is_province):
        province = province_of(area.code)
        names[province] = NEARBY_NAME.format(names.get(province, province))
    if not area.is_nation:
        names[area.code] = LOCAL_NAME
    values = sorted((sums.total_fen for sums in counted.values()), reverse=True)
    return [
        Partner(
            key=key,
            name=names.get(key, key),
            sums=sums,
            deals_share=share_percent(sums.deals, whole.deals),
            total_share=share_percent(sums.total_fen, whole.total_fen),
            rank=values.index(sums.total_fen) + 1,
        )
        for key, sums in sorted(counted.items(), key=lambda item: (-item[1].total_fen, item[0]))
    ]


def _names(session: Session, codes: Iterable[str]) -> dict[str, str]:
    rows: Any = session.execute(select(Region.code, Region.name).where(Region.code.in_(sorted(set(codes)))))
    return {ABROAD: ABROAD_NAME, **{row.code: row.name for row in rows}}


def _matrix(session: Session, area: Area, period: Period, *, known_at: datetime | None) -> Flows:
    if not area.is_nation:
        raise violation("/direction", "matrix-of-nation", "省际流向只能按全国（000000）查询。")
    if known_at is None:
        ends: tuple[Any, Any] = TurnoverFlow.seller_area, TurnoverFlow.buyer_area
        statement = select(*ends, *_sums(TurnoverFlow, TurnoverFlow.deals)).where(
            TurnoverFlow.level == FlowLevel.PROVINCES, TurnoverFlow.month.between(period.start, period.end)
        )
    else:
        inner = (
            select(
                func.coalesce(_province(TurnoverEntry.seller_region), ABROAD).label("seller"),
                func.coalesce(_province(TurnoverEntry.buyer_region), ABROAD).label("buyer"),
                TurnoverEntry.count,
                TurnoverEntry.total_fen,
                TurnoverEntry.tech_fen,
            )
            .where(
                TurnoverEntry.effective_on.between(period.start, period.end),
                TurnoverEntry.recorded_at <= known_at,
            )
            .subquery()
        )
        ends = inner.c.seller, inner.c.buyer
        statement = select(*ends, *_sums(inner.c, inner.c.count))
    found = {(row[0], row[1]): _sums_of(row) for row in session.execute(statement.group_by(*ends))}
    counted = {pair: sums for pair, sums in found.items() if sums}
    whole = sum(counted.values(), Sums())
    names = _names(session, (code for pair in counted for code in pair))
    return Flows(
        area=area,
        period=period,
        direction=Direction.MATRIX,
        level=PartnerLevel.PROVINCE,
        known_at=known_at,
        sums=whole,
        partners=(),
        pairs=[
            Pair(
                seller=seller,
                seller_name=names.get(seller) or seller,
                buyer=buyer,
                buyer_name=names.get(buyer) or buyer,
                sums=sums,
                total_share=share_percent(sums.total_fen, whole.total_fen),
            )
            for (seller, buyer), sums in sorted(
                counted.items(), key=lambda item: (-item[1].total_fen, item[0])
            )
        ],
        source=Source.COUNTERS if known_at is None else Source.LEDGER,
    )
