"""Withholding amounts: nobody may work out a single contract from what is left."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from market.turnover.bulletins.privacy import MIN_DEALS_SHOWN, hidden_of_linked, hidden_rows

TABLES = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=2), st.integers(0, 8), max_size=8)


def test_one_small_row_takes_the_next_smallest_with_it() -> None:
    assert hidden_rows({"a": 1, "b": 9, "c": 4, "d": 0}) == {"a", "c"}


def test_what_can_be_subtracted_out_holds_enough_contracts() -> None:
    assert hidden_rows({"a": 1, "b": 1, "c": 5, "d": 6}) == {"a", "b", "c"}
    assert hidden_rows({"a": 1, "b": 2, "c": 5}) == {"a", "b"}


def test_nothing_is_withheld_where_nothing_is_small() -> None:
    assert hidden_rows({"a": 3, "b": 4, "c": 0}) == frozenset()


def test_rows_of_equal_size_are_taken_in_order() -> None:
    assert hidden_rows({"a": 2, "z": 4, "m": 4}) == {"a", "m"}


@given(TABLES)
def test_small_rows_are_never_shown_and_never_alone(deals: dict[str, int]) -> None:
    hidden = hidden_rows(deals)
    counted = {key for key, number in deals.items() if number}
    assert {key for key in counted if deals[key] < MIN_DEALS_SHOWN} <= hidden <= counted
    assert not _tells_something(deals, hidden)


def _tells_something(deals: dict[str, int], hidden: frozenset[str]) -> bool:
    """Tell whether subtracting from the total gives away one row, or a sum of too few contracts."""
    if not hidden or hidden == {key for key, number in deals.items() if number}:
        return False
    return len(hidden) == 1 or sum(deals[key] for key in hidden) < MIN_DEALS_SHOWN


def test_a_shared_row_that_is_the_whole_is_told_and_the_rest_beside_it_kept() -> None:
    def hidden(rest: dict[str, int]) -> frozenset[str] | None:
        return hidden_of_linked({"local": 5}, {"local": 5, **rest}, shared="local")[1]

    assert hidden({"a": 1, "b": 4}) == {"a", "b"}
    assert hidden({"a": 3}) == frozenset()
    assert hidden({"a": 1}) is None


@given(TABLES, TABLES, st.integers(1, 8))
def test_a_shared_row_is_withheld_in_both_tables_or_in_neither(
    first: dict[str, int], second: dict[str, int], shared: int
) -> None:
    first["local"] = second["local"] = shared
    hidden = hidden_of_linked(first, second, shared="local")
    if None in hidden:
        return
    assert ("local" in (hidden[0] or ())) == ("local" in (hidden[1] or ()))
    for deals, found in zip((first, second), hidden, strict=True):
        assert found is not None
        assert {key for key, number in deals.items() if 0 < number < MIN_DEALS_SHOWN} <= found
        assert not _tells_something(deals, found)
