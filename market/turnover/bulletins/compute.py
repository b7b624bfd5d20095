"""Summing up a bulletin from the ledger.

One statement reads everything, for two reasons: all tables of a bulletin then show the same moment, even
while contracts are being registered, and the same code answers for what is known now and for what was
known when a release was published. The counters can do neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    String,
    case,
    cast,
    extract,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from market.contracts.rules import LargeBy
from market.reference.models import Region
from market.reference.rules import NATION_CODE, region_prefix
from market.turnover.bulletins.tables import (
    CODE_TABLES,
    LARGE,
    LOCAL,
    OTHER,
    TABLES,
    CodeList,
    Large,
    TableKey,
    code_list,
    is_present,
    part_finder,
    partner_of,
    parts_of,
    reach_names,
)
from market.turnover.ledger import Sums
from market.turnover.models import TurnoverEntry
from market.turnover.rules import (
    ABROAD,
    Measure,
    Period,
    PeriodKind,
    Span,
    add_months,
    month_end,
    month_text,
)

MONTHS_OF_YEAR = 12
HEADLINE, CUMULATIVE = "headline:", "cumulative:"
"""What the names of parts begin with that are no tables; the measure follows."""


@dataclass(slots=True)
class Pair:
    """Sums of a span, and of the same months a year before."""

    now: Sums = field(default_factory=Sums)
    before: Sums = field(default_factory=Sums)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table."""

    key: str
    name: str
    pair: Pair


@dataclass(frozen=True, slots=True)
class Bulletin:
    """Everything a release says, in full: amounts that will be withheld included.

    Attributes:
        region: the area, with all regions inside it.
        period: the months reported on.
        large: what was called large.
        headline: the three measures over the period.
        cumulative: the same from the beginning of the period's year to its end.
        tables: rows in the order of their list, or by amount where the table is ranked.
    """

    region: Region
    period: Period
    large: Large
    headline: Mapping[Measure, Pair]
    cumulative: Mapping[Measure, Pair]
    tables: Mapping[TableKey, list[Row]]


@dataclass(frozen=True, slots=True)
class _Sum:
    """What a statement gives for one row of one part: a table, or the headline of a measure.

    `past` tells the year before from this one; a `key` of None is a party abroad.
    """

    part: str
    key: str | None
    past: bool
    sums: Sums


def bulletin(
    session: Session, region: Region, period: Period, *, large: Large, known_at: datetime | None
) -> Bulletin:
    """Sum up all tables of a region and period.

    Args:
        session: open session.
        region: the area, with all regions inside it.
        period: a month, quarter or year; not cut off at the present day.
        large: what to call a large contract, in both years.
        known_at: as the books stood then; None for what is known now.
    """
    tally = _Tally(session, region, period)
    for found in _sums(session, region, period, large=large, known_at=known_at):
        tally.add(found)
    return Bulletin(
        region=region,
        period=period,
        large=large,
        headline=tally.headline,
        cumulative=tally.cumulative,
        tables=tally.rows(session, large),
    )


def year_before(span: Span) -> Span:
    """Return the same months a year before."""
    return Span(add_months(span.start, -MONTHS_OF_YEAR), month_end(add_months(span.end, -MONTHS_OF_YEAR)))


def _sums(
    session: Session, region: Region, period: Period, *, large: Large, known_at: datetime | None
) -> Iterator[_Sum]:
    """Yield the sums of every table and headline, all in one statement."""
    lines = _lines(region, period, large=large, known_at=known_at)
    inside = {measure: lines.c[measure.value] for measure in Measure}
    statements = []
    for part, measure, key in _parts(lines):
        sums = (func.sum(lines.c[name]) for name in ("count", "total_fen", "tech_fen"))
        statement = select(literal(part), key, lines.c.past, *sums).where(inside[measure] == 1)
        if not part.startswith(CUMULATIVE):
            statement = statement.where(lines.c.in_period == 1)
        statements.append(statement.group_by(key, lines.c.past))
    for part, key, past, deals, total_fen, tech_fen in session.execute(union_all(*statements)):
        # PostgreSQL sums big integers as decimals
        yield _Sum(part, key, bool(past), Sums(int(deals), int(total_fen), int(tech_fen)))


def _lines(region: Region, period: Period, *, large: Large, known_at: datetime | None) -> CTE:
    """Select a region's lines of the period's year up to its end, and of the same months a year before."""
    line = TurnoverEntry
    year = Span(date(period.start.year, 1, 1), period.end)
    amount = line.total_fen if large.by is LargeBy.TOTAL else line.tech_fen
    places = {
        Measure.REGISTERED: line.station_region,
        Measure.OUTPUT: line.seller_region,
        Measure.ABSORBED: line.buyer_region,
    }
    statement = select(
        literal("", String).label("whole"),
        _flag(line.effective_on < year.start).label("past"),
        _flag(_in_either_year(Span(period.start, period.end))).label("in_period"),
        *(_flag(_inside(region, column)).label(measure.value) for measure, column in places.items()),
        cast(cast(extract("month", line.effective_on), Integer), String).label(TableKey.MONTH.value),
        case((func.abs(amount) >= large.from_fen, LARGE), else_=OTHER).label(TableKey.LARGE.value),
        cast(line.reach, String).label(TableKey.REACH.value),
        line.type_code.label(TableKey.TYPE.value),
        line.tech_field.label(TableKey.FIELD.value),
        line.seller_nature,
        line.buyer_nature,
        line.ip_kind,
        line.plan_source,
        line.seller_region,
        line.buyer_region,
        line.count,
        line.total_fen,
        line.tech_fen,
    ).where(_in_either_year(year), or_(*(_inside(region, column) for column in places.values())))
    if known_at is not None:
        statement = statement.where(line.recorded_at <= known_at)
    return statement.cte("lines")


def _parts(lines: CTE) -> Iterator[tuple[str, Measure, ColumnElement[Any]]]:
    """Yield every part with the measure it holds and the column its rows follow."""
    for measure in Measure:
        for part in (HEADLINE, CUMULATIVE):
            yield f"{part}{measure.value}", measure, lines.c.whole
    places = {
        TableKey.REGION_OUTPUT: lines.c.seller_region,
        TableKey.FLOW_OUT: lines.c.buyer_region,
        TableKey.REGION_ABSORBED: lines.c.buyer_region,
        TableKey.FLOW_IN: lines.c.seller_region,
    }
    for table in TableKey:
        column = places[table] if table in places else lines.c[table.value]
        yield table.value, TABLES[table].measure, column


def _flag(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def _in_either_year(span: Span) -> ColumnElement[bool]:
    before = year_before(span)
    day = TurnoverEntry.effective_on
    return or_(day.between(span.start, span.end), day.between(before.start, before.end))


def _inside(region: Region, column: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    prefix = region_prefix(region.code)
    return column.between(prefix.ljust(6, "0"), prefix.ljust(6, "9"))


class _Tally:
    """Puts sums into the rows they belong to: codes into their classes, regions into parts and provinces."""

    def __init__(self, session: Session, region: Region, period: Period) -> None:
        self.region = region
        self.period = period
        self.headline = {measure: Pair() for measure in Measure}
        self.cumulative = {measure: Pair() for measure in Measure}
        self.lists = {
            table: code_list(session, table, start=period.start, end=period.end) for table in CODE_TABLES
        }
        self.parts = parts_of(session, region)
        self._part = part_finder(region, self.parts)
        self._pairs: dict[TableKey, dict[str, Pair]] = {table: {} for table in TableKey}

    def add(self, found: _Sum) -> None:
        """Add a sum to its row, this year's or the one before."""
        pair = self._pair(found)
        if found.past:
            pair.before += found.sums
        else:
            pair.now += found.sums

    def _pair(self, found: _Sum) -> Pair:
        for name, pairs in ((HEADLINE, self.headline), (CUMULATIVE, self.cumulative)):
            if found.part.startswith(name):
                return pairs[Measure(found.part.removeprefix(name))]
        table = TableKey(found.part)
        return self._pairs[table].setdefault(self._key(table, found.key), Pair())

    def _key(self, table: TableKey, key: str | None) -> str:
        """Return the row that a code, month or region falls into."""
        if table in {TableKey.FLOW_OUT, TableKey.FLOW_IN}:
            return partner_of(self.region, key)
        assert key is not None, "only the other side of a flow may lie abroad"
        if table in {TableKey.REGION_OUTPUT, TableKey.REGION_ABSORBED}:
            return self._part(key)
        if table is TableKey.MONTH:
            return month_text(self.period.start.replace(month=int(key)))
        return self.lists[table].key_of(key) if table in self.lists else key

    def rows(self, session: Session, large: Large) -> dict[TableKey, list[Row]]:
        """Return the tables that make sense for this region and period, each with its rows in order."""
        tables = {table: self._coded(table, codes) for table, codes in self.lists.items()}
        tables[TableKey.REACH] = self._listed(TableKey.REACH, reach_names())
        sizes = {LARGE: f"大额合同（{large.name}）", OTHER: "其他合同"}
        tables[TableKey.LARGE] = self._listed(TableKey.LARGE, sizes)
        if self.period.kind is not PeriodKind.MONTH:
            tables[TableKey.MONTH] = self._listed(TableKey.MONTH, self._months())
        if self.parts:
            for table in (TableKey.REGION_OUTPUT, TableKey.REGION_ABSORBED):
                tables[table] = self._regions(table)
        if self.region.code != NATION_CODE:
            names = {region.code: region.name for region in _provinces(session)}
            for table in (TableKey.FLOW_OUT, TableKey.FLOW_IN):
                tables[table] = self._flows(table, names)
        return {table: tables[table] for table in TableKey if table in tables}

    def _counted(self, table: TableKey) -> dict[str, Pair]:
        """Return the rows in which something was counted this year."""
        return {key: pair for key, pair in self._pairs[table].items() if pair.now}

    def _months(self) -> dict[str, str]:
        days = [self.period.start]
        while (day := add_months(days[-1], 1)) <= self.period.end:
            days.append(day)
        return {month_text(day): f"{day.month}月" for day in days}

    def _coded(self, table: TableKey, codes: CodeList) -> list[Row]:
        pairs = self._counted(table)
        keys = [key for key in codes.order if key in pairs or key in codes.listed]
        keys += sorted(pairs.keys() - set(keys))
        return [Row(key, codes.name_of(key), self._pairs[table].get(key, Pair())) for key in keys]

    def _listed(self, table: TableKey, names: Mapping[str, str]) -> list[Row]:
        return [Row(key, name, self._pairs[table].get(key, Pair())) for key, name in names.items()]

    def _regions(self, table: TableKey) -> list[Row]:
        pairs = self._counted(table)
        rows = [
            Row(code, part.name, self._pairs[table].get(code, Pair()))
            for code, part in self.parts.items()
            if code in pairs or is_present(part, self.period.end)
        ]
        if self.region.code in pairs:
            rows.append(Row(self.region.code, f"{self.region.name}（本级）", pairs[self.region.code]))
        return sorted(rows, key=_by_amount)

    def _flows(self, table: TableKey, names: Mapping[str, str]) -> list[Row]:
        own = region_prefix(self.region.code)[:2] + "0000"
        names = {
            **names,
            LOCAL: f"{self.region.name}（本地）",
            own: f"{names.get(own, own)}（本地以外）",
            ABROAD: "境外（含港澳台）",
        }
        rows = [Row(key, names.get(key, key), pair) for key, pair in self._counted(table).items()]
        return sorted(rows, key=_by_amount)


def _by_amount(row: Row) -> tuple[int, str]:
    return -row.pair.now.total_fen, row.key


def _provinces(session: Session) -> Iterator[Region]:
    yield from session.scalars(select(Region).where(Region.parent_code == NATION_CODE))
