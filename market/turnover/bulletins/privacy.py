"""Which amounts of a published table are withheld, so that nobody can read a single contract out of it.

Knows numbers and keys only. It looks at one release; what the difference between two releases gives
away (a quarter less two of its months) it does not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

MIN_DEALS_SHOWN = 3
"""Fewest contracts whose amount is printed. Of two contracts each party could subtract its own and know
the other; from three on that no longer works. The same least number is usual for cells of statistical
tables (threshold rule; Hundepool et al., Statistical Disclosure Control, 2012, section 4.2.1)."""


def hidden_rows(
    deals: Mapping[str, int], *, least: int = MIN_DEALS_SHOWN, forced: Collection[str] = ()
) -> frozenset[str]:
    """Return the rows of a table whose amounts are withheld; numbers of contracts stay.

    The table's total is printed, so one withheld amount could be subtracted out. Hence the next smallest
    rows are withheld too, until what can be subtracted out is the sum of at least two rows and of `least`
    contracts. Rows without contracts have nothing to withhold.

    Args:
        deals: contracts of each row; the rows add up to a total that is printed.
        least: fewest contracts whose amount is printed.
        forced: rows withheld because another table shows the same amount and withholds it.
    """
    counted = {key: number for key, number in deals.items() if number}
    hidden = {key for key, number in counted.items() if number < least} | (counted.keys() & set(forced))
    shown = sorted(counted.keys() - hidden, key=lambda key: (counted[key], key))
    for key in shown:
        if not hidden or (len(hidden) > 1 and sum(counted[other] for other in hidden) >= least):
            break
        hidden.add(key)
    return frozenset(hidden)


def hidden_of_linked(
    first: Mapping[str, int], second: Mapping[str, int], *, shared: str, least: int = MIN_DEALS_SHOWN
) -> tuple[frozenset[str], frozenset[str]]:
    """Return the withheld rows of two tables that have one row in common.

    Args:
        first: contracts of each row of one table.
        second: the same of the other.
        shared: key of the row that says the same in both.
        least: fewest contracts whose amount is printed.
    """
    hidden = hidden_rows(first, least=least), hidden_rows(second, least=least)
    if shared in hidden[0] | hidden[1]:
        return tuple(hidden_rows(deals, least=least, forced={shared}) for deals in (first, second))  # type: ignore[return-value]  # two in, two out
    return hidden
