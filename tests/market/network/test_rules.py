"""Rules of the tree and of who sees which figure; no database."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.accounts.rules import Actor, Role
from market.network.rules import (
    CONTRACTS,
    FigureKey,
    Level,
    Place,
    Sight,
    Territory,
    TerritoryKind,
    closes_cycle,
    days_fault,
    definition_of,
    overlaps,
    parent_fault,
    park_fault,
    sight_of,
)

HUB = Place(Level.HUB, "320200", active=True)
COUNTY = Place(Level.COUNTY, "320281", active=True)
STATION = Place(Level.NODE, "320281", active=True)
CLOSED = Place(Level.HUB, "320200", active=False)

UNIT = Territory(TerritoryKind.ORGANISATION, "7", "澄江大学", "320281", organisation_id=7)
AREA = Territory(TerritoryKind.REGION, "320281", "江阴市", "320281")


@pytest.mark.parametrize(
    ("level", "region", "parent", "code"),
    [
        (Level.HUB, "320200", None, None),
        (Level.HUB, "320281", HUB, "network-hub-has-parent"),
        (Level.COUNTY, "320281", HUB, None),
        (Level.COUNTY, "320281", None, "network-parent-missing"),
        (Level.COUNTY, "320281", COUNTY, "network-parent-level"),
        (Level.COUNTY, "320281", CLOSED, "network-parent-closed"),
        (Level.COUNTY, "320481", HUB, "network-region-outside"),
        (Level.NODE, "320281", COUNTY, None),
        (Level.NODE, "320282", HUB, None),
        (Level.NODE, "320281", STATION, "network-parent-level"),
        (Level.NODE, "320282", COUNTY, "network-region-outside"),
    ],
)
def test_what_may_hang_where(level: Level, region: str, parent: Place | None, code: str | None) -> None:
    fault = parent_fault(level, region, parent)
    assert (fault.code if fault else None) == code


@given(st.data(), st.integers(2, 12))
def test_a_move_that_is_no_cycle_leaves_every_node_under_a_root(data: st.DataObject, size: int) -> None:
    parents: dict[int, int | None] = {
        node: data.draw(st.integers(0, node - 1)) if node else None for node in range(size)
    }
    node, parent = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size - 1))
    if closes_cycle(parents, node, parent):
        return
    parents[node] = parent
    for start in parents:
        seen, upper = set(), start
        while (above := parents[upper]) is not None:
            assert upper not in seen
            seen.add(upper)
            upper = above


def test_a_node_cannot_hang_under_itself_or_what_is_below_it() -> None:
    parents = {1: None, 2: 1, 3: 2, 4: 1}
    assert closes_cycle(parents, 2, 2)
    assert closes_cycle(parents, 2, 3)
    assert not closes_cycle(parents, 2, 4)


def test_parks_and_days() -> None:
    assert park_fault(Level.NODE, "320281", "320281") is None
    assert park_fault(Level.COUNTY, "320281", "320282") is not None
    assert park_fault(Level.HUB, "320200", "320281") is not None
    first, today = date(2024, 1, 8), date(2025, 6, 10)
    assert days_fault(first, None, today=today) is None
    assert days_fault(first, today, today=today) is None
    assert days_fault(first, date(2025, 6, 11), today=today) is not None
    assert days_fault(first, date(2024, 1, 7), today=today) is not None


DAYS = st.integers(1, 28).map(lambda day: date(2025, 6, day))


@given(DAYS, st.none() | DAYS, DAYS, st.none() | DAYS)
def test_spans_overlap_where_they_share_a_day(
    since: date, until: date | None, other: date, end: date | None
) -> None:
    june = [date(2025, 6, day) for day in range(1, 29)]
    first = {day for day in june if day >= since and (until is None or day <= until)}
    second = {day for day in june if day >= other and (end is None or day <= end)}
    if first and second:
        assert overlaps((since, until), (other, end)) is bool(first & second)


@pytest.mark.parametrize(
    ("actor", "matches", "contracts", "of_area"),
    [
        (None, Sight.NONE, Sight.NONE, Sight.NONE),
        (Actor(1, Role.ENTERPRISE, 8, "320281", verified=True), Sight.NONE, Sight.NONE, Sight.NONE),
        (Actor(1, Role.UNIVERSITY, 7, "320281", verified=True), Sight.OPEN, Sight.ALL, Sight.NONE),
        (Actor(1, Role.BROKER, 9, "320281", verified=True), Sight.ALL, Sight.NONE, Sight.ALL),
        (Actor(1, Role.BROKER, 9, "320281", verified=False), Sight.NONE, Sight.NONE, Sight.NONE),
        (Actor(1, Role.BUREAU, 9, "320200", verified=True), Sight.ALL, Sight.ALL, Sight.ALL),
        (Actor(1, Role.BUREAU, 9, "320200", verified=False), Sight.NONE, Sight.NONE, Sight.NONE),
        (Actor(1, Role.BUREAU, 9, "320282", verified=True), Sight.NONE, Sight.NONE, Sight.NONE),
        (Actor(1, Role.ADMIN), Sight.ALL, Sight.ALL, Sight.ALL),
    ],
)
def test_who_sees_what(actor: Actor | None, matches: Sight, contracts: Sight, of_area: Sight) -> None:
    assert sight_of(actor, FigureKey.NEEDS, UNIT) is Sight.ALL
    assert sight_of(actor, FigureKey.SUGGESTIONS, UNIT) is matches
    assert sight_of(actor, FigureKey.OUTPUT, UNIT) is contracts
    assert sight_of(actor, FigureKey.REFERRALS, AREA) is of_area


def test_every_number_says_what_it_counts() -> None:
    said = {
        definition_of(key, territory, year=2025, group="合同成交额")
        for territory in (AREA, UNIT)
        for key in FigureKey
        if key is not FigureKey.BROKERED or territory is UNIT
    }
    assert len(said) == 2 * len(FigureKey) - 1
    assert not any("{" in words for words in said)
    assert all("澄江大学" in definition_of(key, UNIT, year=2025, group="项数") for key in CONTRACTS)
