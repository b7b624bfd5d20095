"""What of a bulletin is not published: the amounts of few contracts, and what would tell them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from market.turnover.bulletins.compute import Bulletin, Pair
from market.turnover.bulletins.privacy import MIN_DEALS_SHOWN, hidden_of_linked, hidden_rows, is_few
from market.turnover.bulletins.tables import LOCAL, TABLES, TableKey
from market.turnover.rules import Measure

UNLISTED = ""
"""Key of what a table's rows leave out of its total: of the year before, rows with nothing counted now."""

_Deals = Callable[[Pair], int]


@dataclass(frozen=True, slots=True)
class Withheld:
    """The amounts of one year that are withheld.

    Attributes:
        headline: measures whose amount over the period is withheld, and so every amount of their tables.
        cumulative: measures whose amount from the beginning of the year is withheld.
        rows: keys of the rows of each table.
    """

    headline: frozenset[Measure]
    cumulative: frozenset[Measure]
    rows: Mapping[TableKey, frozenset[str]]

    def __bool__(self) -> bool:
        """Tell whether anything is withheld at all."""
        return bool(self.headline or self.cumulative or any(self.rows.values()))


def withheld(bulletin: Bulletin, *, least: int = MIN_DEALS_SHOWN) -> tuple[Withheld, Withheld]:
    """Return what is withheld of the period, and of the same months a year before.

    The year before is printed in the headline only, but a row's amount and its percentage tell it too.
    """
    return (
        _withheld(bulletin, lambda pair: pair.now.deals, least=least),
        _withheld(bulletin, lambda pair: pair.before.deals, least=least),
    )


def _withheld(bulletin: Bulletin, deals_of: _Deals, *, least: int) -> Withheld:
    whole = {measure: deals_of(pair) for measure, pair in bulletin.headline.items()}
    deals = {}
    for table, rows in bulletin.tables.items():
        deals[table] = {row.key: deals_of(row.pair) for row in rows}
        deals[table][UNLISTED] = whole[TABLES[table].measure] - sum(deals[table].values())
    headline = {measure for measure, number in whole.items() if is_few(number, least=least)}
    hidden = {table: hidden_rows(numbers, least=least) for table, numbers in deals.items()}
    if TableKey.FLOW_OUT in deals:  # what stays in the region stands in both tables of flows
        flows = (TableKey.FLOW_OUT, TableKey.FLOW_IN)
        first, second = (deals[table] for table in flows)
        for table, keys in zip(
            flows, hidden_of_linked(first, second, shared=LOCAL, least=least), strict=True
        ):
            if keys is None:
                headline.add(TABLES[table].measure)
            else:
                hidden[table] = keys
    for table, numbers in deals.items():
        if TABLES[table].measure in headline:  # the rows would add up to it
            hidden[table] = frozenset(key for key, number in numbers.items() if number)
    return Withheld(
        headline=frozenset(headline),
        cumulative=frozenset(
            measure
            for measure, pair in bulletin.cumulative.items()
            if _tells(deals_of(pair), whole[measure], hidden=measure in headline, least=least)
        ),
        rows=hidden,
    )


def _tells(cumulative: int, period: int, *, hidden: bool, least: int) -> bool:
    """Tell whether an amount since January gives away few contracts: its own, or those before the period."""
    earlier = cumulative - period
    return (
        is_few(cumulative, least=least) or is_few(earlier, least=least) or (hidden and cumulative == period)
    )
