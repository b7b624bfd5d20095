"""Shares and places, by examples and for any contracts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.rankings.rules import (
    WHOLE_BP,
    Credited,
    Standing,
    parts_of,
    places,
    share_text,
    split,
    standings,
)

NAMES = {agency: f"机构{agency}" for agency in range(1, 7)}


def _standing(agency: int, share_bp: int, total_fen: int, name: str = "机构") -> Standing:
    return Standing(agency, name, deals=1, deals_share_bp=share_bp, total_fen=total_fen, tech_fen=0)


@st.composite
def shares(draw: st.DrawFn) -> list[int]:
    """Draw up to six shares that do not exceed the whole."""
    cuts = sorted(draw(st.sets(st.integers(1, WHOLE_BP), min_size=1, max_size=6)))
    return [after - before for before, after in zip([0, *cuts], cuts, strict=False)]


@pytest.mark.parametrize(
    ("whole", "shares_bp", "parts"),
    [
        (100, [10_000], [100]),
        (101, [5_000, 5_000], [51, 50]),  # of equal fractions the earlier comes first
        (100, [3_334, 3_333, 3_333], [34, 33, 33]),
        (1, [5_000], [1]),  # half a fen nobody has and half a fen of an agency: the agency comes first
        (10, [2_500], [3]),
        (0, [4_000, 6_000], [0, 0]),
        (7, [], []),
    ],
)
def test_a_whole_is_split_by_largest_remainders(whole: int, shares_bp: list[int], parts: list[int]) -> None:
    assert split(whole, shares_bp) == parts


@given(whole=st.integers(0, 10**17), shares_bp=shares())
def test_parts_are_exact(whole: int, shares_bp: list[int]) -> None:
    parts = split(whole, shares_bp)
    rest = whole - sum(parts)
    assert rest >= 0
    if sum(shares_bp) == WHOLE_BP:
        assert rest == 0
    for part, share in zip([*parts, rest], [*shares_bp, WHOLE_BP - sum(shares_bp)], strict=True):
        assert abs(part * WHOLE_BP - whole * share) < WHOLE_BP  # less than one fen from the exact part


@pytest.mark.parametrize(("whole", "shares_bp"), [(-1, [1]), (1, [0]), (1, [6_000, 4_001])])
def test_impossible_shares_are_refused(whole: int, shares_bp: list[int]) -> None:
    with pytest.raises(ValueError, match="cannot divide"):
        split(whole, shares_bp)


@given(st.lists(st.tuples(st.integers(0, 10**15), shares()), max_size=8))
def test_standings_add_up_to_the_contracts(rows: list[tuple[int, list[int]]]) -> None:
    contracts = [
        Credited(number, total, total // 2, dict(enumerate(shares_bp, start=1)))
        for number, (total, shares_bp) in enumerate(rows)
    ]
    found = standings(contracts, NAMES)
    assert sum(row.deals_share_bp for row in found) == sum(sum(shares_bp) for _, shares_bp in rows)
    assert sum(row.total_fen for row in found) == sum(
        piece.total_fen for contract in contracts for piece in parts_of(contract).values()
    )
    for row in found:
        assert row.deals == sum(row.agency_id in contract.shares_bp for contract in contracts)


def test_equal_figures_share_a_rank_and_the_next_is_passed_over() -> None:
    found = places([_standing(1, 20_000, 5), _standing(2, 20_000, 9), _standing(3, 10_000, 9)])
    assert [(row.standing.agency_id, row.rank_by_deals, row.rank_by_amount) for row in found] == [
        (2, 1, 1),
        (1, 1, 3),
        (3, 3, 1),
    ]
    assert [row.position for row in found] == [1, 2, 3]


def test_name_and_id_decide_lines_but_no_ranks() -> None:
    found = places(
        [_standing(3, 10_000, 5, "乙"), _standing(2, 10_000, 5, "甲"), _standing(1, 10_000, 5, "甲")]
    )
    assert {(row.rank_by_deals, row.rank_by_amount) for row in found} == {(1, 1)}
    assert [row.standing.agency_id for row in found] == [3, 1, 2]  # by code point: 乙 before 甲


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 5)), max_size=8), st.randoms())
def test_places_do_not_depend_on_the_order_of_input(rows: list[tuple[int, int]], random: object) -> None:
    found = [_standing(number, share, total) for number, (share, total) in enumerate(rows)]
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    placed = places(found)
    assert placed == places(shuffled)
    for row in placed:
        better = sum(other.total_fen > row.standing.total_fen for other in found)
        assert row.rank_by_amount == better + 1


def test_shares_are_shown_as_contracts() -> None:
    assert share_text(25_001) == "2.5001"
