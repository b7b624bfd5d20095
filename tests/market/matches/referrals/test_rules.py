"""Which kinds meet, what a pilot base takes in, and who speaks for a side."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.accounts.rules import OPERATOR, Actor, Role
from market.matches.rules.referrals import (
    DEMANDING,
    PAIRS,
    PILOT_BASE,
    ReferralSide,
    Standing,
    is_involved,
    pair_of,
    pairs_of,
    reads_all,
    speaks_for,
    takes_in,
)
from market.search.documents import Kind

LEVELS = st.none() | st.integers(1, 9)


def test_the_pairs() -> None:
    assert {(pair.demand.value, pair.supply.value, pair.category) for pair in PAIRS} == {
        ("need", "expert", None),
        ("need", "resource", None),
        ("need", "project", None),
        ("achievement", "resource", PILOT_BASE),
        ("scenario", "achievement", None),
        ("node", "achievement", None),
        ("node", "enterprise", None),
        ("technology", "achievement", None),
        ("technology", "expert", None),
    }
    assert all(pair.demand in DEMANDING for pair in PAIRS if pair.demand is not Kind.ACHIEVEMENT)


@given(st.sampled_from(list(Kind)), st.sampled_from(list(Kind)))
def test_both_kinds_of_a_pair_find_it_from_opposite_sides(one: Kind, other: Kind) -> None:
    found, back = pair_of(one, other), pair_of(other, one)
    assert (found is None) == (back is None)
    if found is not None and back is not None:
        assert found[0] == back[0]
        assert {found[1], back[1]} == set(ReferralSide)
        assert found in pairs_of(one)
        assert (found[0].demand if found[1] is ReferralSide.DEMAND else found[0].supply) is one


def test_no_two_kinds_are_paired_twice() -> None:
    assert len({frozenset((pair.demand, pair.supply)) for pair in PAIRS}) == len(PAIRS)
    assert pair_of(Kind.NEED, Kind.ACHIEVEMENT) is None
    assert pair_of(Kind.TECHNOLOGY, Kind.RESOURCE) is None


@pytest.mark.parametrize(
    ("trl", "low", "high", "taken"),
    [
        (5, 5, 7, True),
        (7, 5, 7, True),
        (4, 5, 7, False),
        (8, 5, 7, False),
        (1, None, 7, True),
        (9, 5, None, True),
        (3, None, None, True),
        (None, None, None, False),
    ],
)
def test_a_pilot_base_takes_in_what_lies_between_its_bounds(
    trl: int | None, low: int | None, high: int | None, taken: bool
) -> None:
    assert takes_in(trl, min_trl=low, max_trl=high) is taken


@given(LEVELS, LEVELS, LEVELS)
def test_a_wider_range_takes_in_no_less(trl: int | None, low: int | None, high: int | None) -> None:
    if takes_in(trl, min_trl=low, max_trl=high):
        assert takes_in(trl, min_trl=None, max_trl=high)
        assert takes_in(trl, min_trl=low, max_trl=None)


UNIT = Standing(organisation_id=1, user_id=7, region_code="320281", by_bureau=False)
NODE = Standing(organisation_id=1, user_id=None, region_code="320281", by_bureau=True)


def bureau(region: str, *, verified: bool = True) -> Actor:
    return Actor(5, Role.BUREAU, organisation_id=50, region_code=region, verified=verified)


@pytest.mark.parametrize(
    ("actor", "for_unit", "for_node"),
    [
        (Actor(3, Role.UNIVERSITY, organisation_id=1, region_code="320281", verified=True), True, False),
        (Actor(7, Role.ENTERPRISE, organisation_id=2, region_code="320281", verified=True), True, False),
        (Actor(8, Role.ENTERPRISE, organisation_id=2, region_code="320281", verified=True), False, False),
        (bureau("320281"), False, True),
        (bureau("320200"), False, True),
        (bureau("320282"), False, False),
        (bureau("320281", verified=False), False, False),
        (OPERATOR, False, False),
    ],
)
def test_who_speaks_for_a_unit_and_for_a_node(actor: Actor, for_unit: bool, for_node: bool) -> None:
    assert speaks_for(actor, UNIT) is for_unit
    assert speaks_for(actor, NODE) is for_node


def test_whoever_belongs_to_a_side_is_involved_even_where_its_bureau_speaks() -> None:
    assert is_involved(NODE, organisation_id=1, user_id=None)
    assert is_involved(UNIT, organisation_id=None, user_id=7)
    assert not is_involved(UNIT, organisation_id=2, user_id=8)
    nobody = Standing(organisation_id=None, user_id=None, region_code="320281", by_bureau=True)
    assert not is_involved(nobody, organisation_id=None, user_id=None)


def test_who_reads_all() -> None:
    assert reads_all(OPERATOR)
    assert reads_all(Actor(1, Role.BROKER, organisation_id=1, verified=True))
    assert not reads_all(Actor(1, Role.BROKER, organisation_id=1))
    assert not reads_all(bureau("320000"))
