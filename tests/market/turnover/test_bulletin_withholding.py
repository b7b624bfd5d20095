"""What a bulletin withholds: no amount of few contracts can be worked out of what is left of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from market.contracts.rules import LargeBy
from market.reference.models import Region
from market.turnover.bulletins import MIN_DEALS_SHOWN, Bulletin, Large, freeze
from market.turnover.bulletins.compute import Pair, Row
from market.turnover.bulletins.tables import TABLES, TableKey
from market.turnover.ledger import Sums
from market.turnover.rules import Measure, parse_period

TYPES = ("KF", "ZR", "FW")
PLACES = ("local", "340000", "abroad")


@dataclass(frozen=True)
class Deal:
    """A contract as tables see it: of this year or the one before, of the period or earlier in its year."""

    past: bool = False
    in_period: bool = True
    registered: bool = True
    seller: str = "local"
    buyer: str = "local"
    type_code: str = "KF"
    ip_kind: str = "10"
    part: str = "320281"

    def row(self, table: TableKey) -> str:
        """Return the key of its row."""
        return {
            TableKey.TYPE: self.type_code,
            TableKey.IP_KIND: self.ip_kind,
            TableKey.FLOW_OUT: self.buyer,
            TableKey.FLOW_IN: self.seller,
        }.get(table, self.part)

    def counts_in(self, measure: Measure) -> bool:
        """Tell whether it counts."""
        if measure is Measure.REGISTERED:
            return self.registered
        return (self.seller if measure is Measure.OUTPUT else self.buyer) == "local"


DEALS = st.lists(
    st.builds(
        Deal,
        past=st.booleans(),
        in_period=st.integers(0, 3).map(bool),
        registered=st.booleans(),
        seller=st.sampled_from(PLACES),
        buyer=st.sampled_from(PLACES),
        type_code=st.sampled_from(TYPES),
        ip_kind=st.sampled_from(["10", "20", "90"]),
        part=st.sampled_from(["320281", "320282"]),
    ),
    max_size=20,
)


def _sum(deals: Sequence[Deal], wanted: Callable[[Deal], bool]) -> Pair:
    pair = Pair()
    for deal in filter(wanted, deals):
        if deal.past:
            pair.before += Sums(1, 100, 50)
        else:
            pair.now += Sums(1, 100, 50)
    return pair


def _bulletin(deals: Sequence[Deal]) -> Bulletin:
    tables: dict[TableKey, list[Row]] = {}
    for table in (
        TableKey.TYPE,
        TableKey.IP_KIND,
        TableKey.REGION_OUTPUT,
        TableKey.FLOW_OUT,
        TableKey.FLOW_IN,
    ):
        inside = [deal for deal in deals if deal.in_period and deal.counts_in(TABLES[table].measure)]
        counted = sorted({deal.row(table) for deal in inside if not deal.past})
        keys = TYPES if table is TableKey.TYPE else counted
        tables[table] = [
            Row(key, key, _sum(inside, lambda deal, key=key, table=table: deal.row(table) == key))  # type: ignore[misc]
            for key in keys
        ]
    period = parse_period("2025-05")
    assert period is not None
    return Bulletin(
        region=Region(code="320200", name="无锡市"),
        period=period,
        large=Large(1, LargeBy.TOTAL),
        headline={m: _sum(deals, lambda deal, m=m: deal.in_period and deal.counts_in(m)) for m in Measure},  # type: ignore[misc]
        cumulative={m: _sum(deals, lambda deal, m=m: deal.counts_in(m)) for m in Measure},  # type: ignore[misc]
        tables=tables,
    )


Cell = tuple[str, str]
"""A number of a release: the part it stands in and its key."""


class Reader:
    """Somebody who knows how the numbers of a release add up, and works out what is not printed."""

    def __init__(self, bulletin: Bulletin, content: dict[str, Any], side: str) -> None:
        self.side = side
        self.deals: dict[Cell, int] = {}
        self.printed: set[Cell] = set()
        self.equations: list[dict[Cell, int]] = []
        lines = zip(Measure, content["headline"], content["cumulative"]["lines"], strict=True)
        for measure, line, since_january in lines:
            whole, year = ("whole", measure.value), ("year", measure.value)
            self._see(whole, bulletin.headline[measure], line, headline=True)
            self._see(year, bulletin.cumulative[measure], since_january, headline=True)
            self._add_up(year, [whole, ("earlier", measure.value)])
        for table in content["tables"]:
            self._read_table(bulletin, table)

    def _read_table(self, bulletin: Bulletin, table: dict[str, Any]) -> None:
        key, whole = table["key"], ("whole", table["measure"])
        rows = {row.key: row.pair for row in bulletin.tables[TableKey(key)]}
        cells: list[Cell] = []
        for row in table["rows"]:
            # What stays in the region says the same in both tables of flows.
            cell = ("flows", "local") if row["key"] == "local" else (key, row["key"])
            self._see(cell, rows[row["key"]], row)
            cells.append(cell)
        self._see(whole, bulletin.headline[Measure(table["measure"])], table["total"])
        self._add_up(whole, [*cells, (key, "unlisted")])
        if table["subtotal"] is not None:
            rest, others = TABLES[TableKey(key)].rest, Pair()
            for other, pair in rows.items():
                if other != rest:
                    others.now += pair.now
                    others.before += pair.before
            self._see((key, "subtotal"), others, table["subtotal"])
            self._add_up((key, "subtotal"), [cell for cell in cells if cell[1] != rest])

    def _see(self, cell: Cell, pair: Pair, view: dict[str, Any], *, headline: bool = False) -> None:
        sums: Sums = getattr(pair, self.side)
        self.deals[cell] = sums.deals
        if headline and self.side == "before":
            shown = view["before"]["total_fen"] is not None
        else:
            shown = view["total_fen"] is not None
        # An amount and its change tell the year before.
        told = view["total_fen"] is not None and view["total_percent"] is not None
        if not sums.deals or (shown if headline or self.side == "now" else told):
            self.printed.add(cell)

    def _add_up(self, whole: Cell, parts: Sequence[Cell]) -> None:
        if not parts:
            return
        *known, last = parts
        if last not in self.deals:
            self.deals[last] = self.deals[whole] - sum(self.deals[part] for part in known)
            if not self.deals[last]:
                self.printed.add(last)
        self.equations.append({whole: -1, **dict.fromkeys(parts, 1)})

    def works_out(self) -> Iterator[Cell]:
        """Yield the numbers that can be known."""
        unknown = sorted(self.deals.keys() - self.printed)
        yield from self.printed
        if not unknown:
            return
        matrix = np.array([[row.get(cell, 0) for cell in unknown] for row in self.equations])
        _, sizes, directions = np.linalg.svd(matrix)
        free = directions[int((sizes > 1e-9).sum()) :]
        yield from (cell for number, cell in enumerate(unknown) if not (abs(free[:, number]) > 1e-9).any())


@given(DEALS)
@example([Deal()])
@example([*[Deal()] * 5, Deal(seller="340000")])
@example([*[Deal(in_period=False)] * 2, *[Deal()] * 4])
@example([*[Deal(past=True)] * 4, Deal(past=True, buyer="abroad"), *[Deal()] * 9])
def test_no_amount_of_few_contracts_can_be_worked_out(deals: list[Deal]) -> None:
    bulletin = _bulletin(deals)
    content = freeze(bulletin)
    for side in ("now", "before"):
        reader = Reader(bulletin, content, side)
        told = {cell: reader.deals[cell] for cell in reader.works_out()}
        assert not {cell: number for cell, number in told.items() if 0 < number < MIN_DEALS_SHOWN}, side


def _shown(deals: Sequence[Deal]) -> dict[str, list[Any]]:
    """Return what is printed of amounts, by part: headline, since January, and each table with its total."""
    content = freeze(_bulletin(deals))
    parts = {"headline": content["headline"], "year": content["cumulative"]["lines"]}
    parts |= {table["key"]: [*table["rows"], table["total"]] for table in content["tables"]}
    return {part: [row["total_fen"] for row in rows] for part, rows in parts.items()}


def test_a_total_of_few_contracts_is_withheld_everywhere_and_none_is_zero() -> None:
    shown = _shown([Deal(buyer="abroad")] * 2)
    assert shown["headline"] == shown["year"] == [None, None, 0]
    assert shown["type"] == [None, 0, 0, None]
    assert shown["flow_in"] == [0]
    content = freeze(_bulletin([Deal(past=True), *[Deal()] * 3]))
    [line, *_] = content["headline"]
    assert line["before"] == {"hidden": True, "deals": 1, "total_fen": None, "tech_fen": None}
    assert (line["deals_percent"], line["total_percent"], line["tech_percent"]) == ("200.0", None, None)
    assert "不足3项" in content["notes"][-1]


def test_months_before_the_period_are_not_told_by_the_sum_since_january() -> None:
    shown = _shown([*[Deal()] * 3, Deal(in_period=False)])
    assert (shown["headline"][0], shown["year"][0]) == (300, None)


def test_a_measure_is_withheld_whole_where_another_would_tell_its_small_row() -> None:
    shown = _shown([*[Deal()] * 5, Deal(seller="340000")])
    assert shown["headline"] == [600, 500, None]
    assert (shown["flow_out"], shown["flow_in"]) == ([500, 500], [None, None, None])
