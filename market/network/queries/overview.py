"""The view of a node: live figures of what lies under it, and those of its children beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.clock import china_day
from market.errors import violation
from market.libraries.rules import REGISTER_NAMES
from market.matches.rules import OPEN_TO_PARTIES, STATUS_NAMES, Status
from market.network.models import NetworkNode
from market.network.queries.counted import REGISTERS, by_register, count_groups, counted, days_of
from market.network.queries.nodes import children_of, get_node, territory_of
from market.network.rules import (
    FIGURE_NAMES,
    PART_NAMES,
    PUBLIC_FIGURES,
    UNITS,
    Basis,
    FigureKey,
    Part,
    Sight,
    Territory,
    TerritoryKind,
    definition_of,
    has_contracts,
    sight_of,
)
from market.turnover.ledger import Sums
from market.turnover.models import TurnoverEntry
from market.turnover.queries.figures import totals
from market.turnover.queries.releases import TOO_FEW, months_covered, published_figure
from market.turnover.queries.scopes import get_scope
from market.turnover.rules import Measure, Span, amount_text, may_see_figures

FIRST_YEAR = 1980
MATCHES_WITHHELD = "匹配与引荐的统计只供所在地主管部门、技术经纪人和该单位自己查看。"
CONTRACTS_WITHHELD = "未发布的数字只供所在地主管部门查看，该地区在此年度尚未发布统计数据。"
PARK_WITHHELD = "园区的数字不单独发布，只供所在地主管部门查看。"
UNIT_WITHHELD = "一家单位的合同只供该单位自己和所在地主管部门查看。"

MATCHES = frozenset({FigureKey.SUGGESTIONS, FigureKey.REFERRALS})

Numbers = Mapping[Any, int]
"""How many there are by group, by None where they are not told apart."""

MEASURES = {
    FigureKey.REGISTERED: Measure.REGISTERED,
    FigureKey.OUTPUT: Measure.OUTPUT,
    FigureKey.ABSORBED: Measure.ABSORBED,
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One number.

    Attributes:
        key: what is counted.
        group: state, register, or part of a contract; empty where there is none.
        name: in Chinese.
        unit: of the value; amounts are whole fen.
        value: None where the reader may not see it; `withheld` says why.
        definition: a sentence that says exactly what is counted.
        source: address under which the records behind it are listed; None where there is no value.
        basis: counted now, or as last published.
        through: last day covered, of a published one.
        withheld: why there is no value.
    """

    key: FigureKey
    group: str
    name: str
    unit: str
    value: int | None
    definition: str
    source: str | None
    basis: Basis = Basis.LIVE
    through: date | None = None
    withheld: str | None = None

    @property
    def text(self) -> str | None:
        """The value for people."""
        if self.value is None:
            return None
        return amount_text(self.value) if self.unit == "分" else f"{self.value}{self.unit}"


@dataclass(frozen=True, slots=True)
class Row:
    """A node with its figures."""

    node: NetworkNode
    territory: Territory
    figures: Sequence[Figure]


@dataclass(frozen=True, slots=True)
class Overview(Row):
    """A node with its figures, and one row for each of its active children."""

    year: int
    as_of: datetime
    children: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, about which year, and when."""

    actor: Actor | None
    year: int
    now: datetime


def check_year(year: int | None, *, now: datetime) -> int:
    """Return the year meant; None is the present one.

    Raises:
        RuleViolation: `bad-year`.
    """
    present = china_day(now).year
    if year is not None and not FIRST_YEAR <= year <= present:
        raise violation("/year", "bad-year", f"年度应在{FIRST_YEAR}年至{present}年之间。")
    return year or present


def get_overview(
    session: Session, actor: Actor | None, node_id: int, *, year: int | None, now: datetime
) -> Overview:
    """Return the view of a node; figures that the reader may not see are named without a value.

    Args:
        session: open session.
        actor: who is asking; None for anyone.
        node_id: which node; a closed one too.
        year: in question; None for the present one.
        now: present time.

    Raises:
        NotFound: there is no such node.
        RuleViolation: `bad-year`.
    """
    node = get_node(session, node_id)
    asked = Asked(actor, check_year(year, now=now), now)
    nodes = [node, *children_of(session, node)]
    territories = [territory_of(one) for one in nodes]
    numbers = {key: _numbers(session, key, territories, asked) for key in PUBLIC_FIGURES | MATCHES}
    own, *rows = (
        _row(session, one, asked, {key: found[place] for key, found in numbers.items()})
        for place, one in enumerate(nodes)
    )
    return Overview(node, own.territory, own.figures, asked.year, now, rows)


def _numbers(
    session: Session, key: FigureKey, territories: Sequence[Territory], asked: Asked
) -> list[Numbers]:
    """Return the numbers of a figure by group, of each territory; none that the reader may not see."""
    sights = [sight_of(asked.actor, key, territory) for territory in territories]
    seen = [place for place, sight in enumerate(sights) if sight is not Sight.NONE]
    figures = [counted(key, territories[place], year=asked.year, sight=sights[place]) for place in seen]
    found: list[Numbers] = [{} for _ in territories]
    for place, numbers in zip(seen, count_groups(session, figures), strict=True):
        found[place] = numbers
    return found


def _row(session: Session, node: NetworkNode, asked: Asked, numbers: Mapping[FigureKey, Numbers]) -> Row:
    territory = territory_of(node)
    figures: list[Figure] = []
    for key in FigureKey:
        if key is FigureKey.ENTRIES:
            figures += _entries(node, asked, territory, numbers[key])
        elif key in PUBLIC_FIGURES:
            figures.append(_figure(node, asked, territory, key, value=numbers[key][None]))
        elif key in MATCHES:
            figures += _matches(node, asked, territory, key, numbers[key])
        elif has_contracts(territory, key):
            figures += _contracts(session, node, asked, territory, key)
    return Row(node, territory, figures)


def _figure(
    node: NetworkNode,
    asked: Asked,
    territory: Territory,
    key: FigureKey,
    *,
    value: int | None,
    group: str = "",
    group_name: str = "",
    sight: Sight = Sight.ALL,
    withheld: str | None = None,
) -> Figure:
    name = FIGURE_NAMES[key]
    return Figure(
        key=key,
        group=group,
        name=f"{name}（{group_name}）" if group_name else name,
        unit=UNITS.get(group) or UNITS[key],
        value=value,
        definition=definition_of(key, territory, year=asked.year, group=group_name, sight=sight),
        source=None if value is None else _records(node, asked, key, group),
        withheld=withheld,
    )


def _records(node: NetworkNode, asked: Asked, key: FigureKey, group: str) -> str:
    """Return the address of the records behind a number; all parts of contracts have the same."""
    query = {"figure": key.value, "group": "" if group in set(Part) else group, "year": str(asked.year)}
    return f"/api/v1/network/nodes/{node.id}/records?{urlencode({k: v for k, v in query.items() if v})}"


def _entries(node: NetworkNode, asked: Asked, territory: Territory, kinds: Numbers) -> list[Figure]:
    key = FigureKey.ENTRIES
    numbers = by_register(kinds)
    return [
        _figure(
            node, asked, territory, key,
            value=numbers.get(register, 0), group=register.value, group_name=REGISTER_NAMES[register],
        )
        for register in REGISTERS
    ]  # fmt: skip


def _matches(
    node: NetworkNode, asked: Asked, territory: Territory, key: FigureKey, numbers: Numbers
) -> list[Figure]:
    sight = sight_of(asked.actor, key, territory)
    return [
        _figure(
            node, asked, territory, key,
            value=None if sight is Sight.NONE else numbers.get(status, 0),
            group=status.value, group_name=STATUS_NAMES[status], sight=sight,
            withheld=MATCHES_WITHHELD if sight is Sight.NONE else None,
        )
        for status in Status
        if sight is not Sight.OPEN or status in OPEN_TO_PARTIES
    ]  # fmt: skip


def _contracts(
    session: Session, node: NetworkNode, asked: Asked, territory: Territory, key: FigureKey
) -> list[Figure]:
    source: str | None = None
    basis, through, withheld, sums = Basis.LIVE, None, None, None
    values: dict[Part, int] = {}
    if territory.kind is TerritoryKind.ORGANISATION:
        if sight_of(asked.actor, key, territory) is Sight.ALL:
            sums = _of_organisation(session, territory, key, asked.year)
            source = _records(node, asked, key, "")
        else:
            withheld = UNIT_WITHHELD
    elif asked.actor is not None and may_see_figures(
        asked.actor, region_code=territory.region_code, station_id=None
    ):
        sums, source = _live(session, territory, key, asked)
    elif territory.kind is TerritoryKind.PARK:
        withheld = PARK_WITHHELD
    else:
        span = Span(*days_of(asked.year))
        found = published_figure(session, region=territory.code, measure=MEASURES[key], span=span)
        if found is None:
            withheld = CONTRACTS_WITHHELD
        else:
            basis, through, sums = Basis.PUBLISHED, found.span.end, found.sums
            source = f"/api/v1/releases/{found.releases[-1]}"
            if sums is None:
                values, withheld = {Part.DEALS: found.deals}, TOO_FEW
    remark = (
        "" if through is None else f"为已发布的{months_covered(Span(date(asked.year, 1, 1), through))}数。"
    )
    if sums is not None:
        values = dict(zip(Part, (sums.deals, sums.total_fen, sums.tech_fen), strict=True))
    return [
        Figure(
            key=key,
            group=part.value,
            name=f"{FIGURE_NAMES[key]}（{PART_NAMES[part]}）",
            unit=UNITS[part],
            value=values.get(part),
            definition=definition_of(key, territory, year=asked.year, group=PART_NAMES[part]) + remark,
            source=source if part in values else None,
            basis=basis,
            through=through,
            withheld=None if part in values else withheld,
        )
        for part in Part
    ]


def _live(session: Session, territory: Territory, key: FigureKey, asked: Asked) -> tuple[Sums, str]:
    """Return the figure of a region or park as turnover counts it, and where turnover lists its lines."""
    where = {territory.kind.value: territory.code}
    scope = get_scope(
        session, measure=MEASURES[key], region=where.get("region"), park=where.get("park"),
        period=str(asked.year), now=asked.now,
    )  # fmt: skip
    query = {"measure": MEASURES[key].value, **where, "period": str(asked.year)}
    return totals(session, scope), f"/api/v1/turnover/entries?{urlencode(query)}"


def _of_organisation(session: Session, territory: Territory, key: FigureKey, year: int) -> Sums:
    columns = (TurnoverEntry.count, TurnoverEntry.total_fen, TurnoverEntry.tech_fen)
    found = session.execute(
        select(*(func.coalesce(func.sum(column), 0) for column in columns)).where(
            *counted(key, territory, year=year).conditions
        )
    ).one()
    return Sums(*(int(value) for value in found))
