"""Life of an entry, editions compared, and the graph of a chain."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from market.libraries.rules import (
    CHECKS,
    POOLS,
    REGISTER_OF,
    STEPS,
    By,
    EntryAction,
    EntryKind,
    EntryStatus,
    Frozen,
    compare,
    is_public,
)
from market.libraries.rules.graph import Edge, closed_cycle, layers, places

EDGES = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=30)


def test_an_entry_is_listed_only_by_a_check() -> None:
    leading = [action for action, step in STEPS.items() if step.target is EntryStatus.LISTED]
    assert leading == [EntryAction.LIST]
    assert STEPS[EntryAction.LIST].sources == {EntryStatus.PROPOSED}
    assert all(By.KEEPER not in STEPS[action].by for action in CHECKS)


def test_nothing_follows_an_erasure() -> None:
    assert all(EntryStatus.ERASED not in step.sources for step in STEPS.values())


@given(st.sampled_from(EntryKind), st.sampled_from(EntryStatus), st.booleans())
def test_only_what_is_listed_is_public(kind: EntryKind, status: EntryStatus, published: bool) -> None:
    public = is_public(kind, status, published=published)
    assert public == (status is EntryStatus.LISTED and (published or REGISTER_OF[kind] in POOLS))


def _rows(contents: dict[str, int]) -> dict[str, Frozen]:
    return {key: Frozen(0, key, key, {"value": value}) for key, value in contents.items()}


@given(st.dictionaries(st.sampled_from("abcde"), st.integers(0, 2)),
       st.dictionaries(st.sampled_from("abcde"), st.integers(0, 2)))  # fmt: skip
def test_editions_are_compared_row_by_row(before: dict[str, int], after: dict[str, int]) -> None:
    found = compare(_rows(before), _rows(after))
    assert {key for key, _ in found.added} == after.keys() - before.keys()
    assert {key for key, _ in found.removed} == before.keys() - after.keys()
    both = after.keys() & before.keys()
    assert {change.key for change in found.changed} == {key for key in both if before[key] != after[key]}
    assert found.unchanged + len(found.changed) == len(both)


def test_a_change_names_its_fields() -> None:
    before = {"a": Frozen(1, "a", "旧", {"title": "旧", "tier": None, "gone": 1})}
    after = {"a": Frozen(1, "a", "新", {"title": "新", "tier": None})}
    (change,) = compare(before, after).changed
    assert (change.title, change.fields) == ("新", ("title", "gone"))


def _acyclic(tries: Sequence[Edge]) -> list[Edge]:
    edges: list[Edge] = []
    for edge in tries:
        if closed_cycle(edges, edge) is None:
            edges.append(edge)
    return edges


@given(EDGES)
def test_edges_that_were_let_in_never_close_a_cycle(tries: list[Edge]) -> None:
    edges = _acyclic(tries)
    layer = layers(range(9), edges)
    assert layer.keys() == set(range(9))
    assert all(layer[one] < layer[other] for one, other in edges)


@given(EDGES, st.tuples(st.integers(0, 8), st.integers(0, 8)))
def test_the_cycle_named_is_one(tries: list[Edge], new: Edge) -> None:
    edges = _acyclic(tries)
    cycle = closed_cycle(edges, new)
    if cycle is None:
        return
    assert cycle[0] == new[0]
    assert {*pairwise((*cycle, cycle[0]))} <= {*edges, new}
    assert len(set(cycle)) == len(cycle)


@given(EDGES)
def test_no_two_nodes_are_drawn_at_one_place(tries: list[Edge]) -> None:
    edges = _acyclic(tries)
    placed = places(range(9), edges)
    assert len(set(placed.values())) == 9
    assert placed == places(range(9), edges)
    assert all(placed[one][0] < placed[other][0] for one, other in edges)


def test_a_chain_of_three_and_a_lone_node() -> None:
    assert layers([1, 2, 3, 4], [(1, 2), (2, 3), (1, 3), (9, 1)]) == {1: 0, 2: 1, 3: 2, 4: 0}
    assert closed_cycle([(1, 2), (2, 3)], (3, 1)) == (3, 1, 2)
    assert closed_cycle([], (1, 1)) == (1,)
