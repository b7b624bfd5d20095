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


def is_few(deals: int, *, least: int = MIN_DEALS_SHOWN) -> bool:
    """Tell whether an amount is that of too few contracts; of none there is nothing to withhold."""
    return 0 < deals < least


def hidden_rows(
    deals: Mapping[str, int], *, least: int = MIN_DEALS_SHOWN, forced: Collection[str] = ()
) -> frozenset[str]:
    """Return the rows of a table whose amounts are withheld; numbers of contracts stay.

    The table's total is printed unless it is that of too few contracts itself, so one withheld amount could
    be subtracted out. Hence the next smallest rows are withheld too, until what can be subtracted out is the
    sum of at least two rows and of `least` contracts. Rows without contracts have nothing to withhold.

    Args:
        deals: contracts of each row; the rows add up to the total.
        least: fewest contracts whose amount is printed.
        forced: rows withheld because another table shows the same amount and withholds it.
    """
    counted = _counted(deals)
    hidden = {key for key, number in counted.items() if number < least} | (counted.keys() & set(forced))
    shown = sorted(counted.keys() - hidden, key=lambda key: (counted[key], key))
    for key in shown:
        if not hidden or (len(hidden) > 1 and sum(counted[other] for other in hidden) >= least):
            break
        hidden.add(key)
    return frozenset(hidden)


def hidden_of_linked(
    first: Mapping[str, int], second: Mapping[str, int], *, shared: str, least: int = MIN_DEALS_SHOWN
) -> tuple[frozenset[str] | None, frozenset[str] | None]:
    """Return the withheld rows of two tables that have one row in common.

    Args:
        first: contracts of each row of one table.
        second: the same of the other.
        shared: key of the row that says the same in both.
        least: fewest contracts whose amount is printed.

    Returns:
        The rows of each; None for a table that cannot keep its small rows as long as its total is printed.
    """
    if _is_all(shared, first, least=least):
        return hidden_rows(first, least=least), _hidden_beside(shared, second, least=least)
    if _is_all(shared, second, least=least):
        return _hidden_beside(shared, first, least=least), hidden_rows(second, least=least)
    hidden = hidden_rows(first, least=least), hidden_rows(second, least=least)
    if shared in hidden[0] | hidden[1]:
        return tuple(hidden_rows(deals, least=least, forced={shared}) for deals in (first, second))  # type: ignore[return-value]  # two in, two out
    return hidden


def _is_all(shared: str, deals: Mapping[str, int], *, least: int) -> bool:
    """Tell whether a table's printed total is the shared row, which cannot be withheld anywhere then."""
    return _counted(deals).keys() == {shared} and deals[shared] >= least


def _hidden_beside(shared: str, deals: Mapping[str, int], *, least: int) -> frozenset[str] | None:
    rest = {key: number for key, number in deals.items() if key != shared}
    return None if is_few(sum(rest.values()), least=least) else hidden_rows(rest, least=least)


def _counted(deals: Mapping[str, int]) -> dict[str, int]:
    return {key: number for key, number in deals.items() if number}
