"""The workflow table of suggestions, and the rule on conflicts of interest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.matches.rules import (
    OPEN_TO_PARTIES,
    RELEASED,
    STATUS_NAMES,
    TRANSITIONS,
    Action,
    Status,
    has_conflict,
)


@given(st.lists(st.sampled_from(sorted(TRANSITIONS)), max_size=30))
def test_no_path_releases_anything_without_a_recommendation(actions: list[Action]) -> None:
    status, recommended = Status.SUGGESTED, False
    for action in actions:
        step = TRANSITIONS[action]
        if status not in step.sources:
            continue
        recommended = recommended or action is Action.RECOMMEND
        if action is Action.REVIVE:
            recommended = False  # a suggestion that comes back is decided anew
        status = step.target or status
        assert recommended or status not in OPEN_TO_PARTIES
        assert not (status in RELEASED and Action.AGREE not in actions)


def test_every_state_can_be_reached_and_has_a_name() -> None:
    reached = {Status.SUGGESTED}
    while True:
        found = {
            step.target for step in TRANSITIONS.values() if step.target and step.sources & reached
        } | reached
        if found == reached:
            break
        reached = found
    assert reached == set(Status) == set(STATUS_NAMES)


def test_what_is_released_is_open_to_both_sides() -> None:
    assert RELEASED < OPEN_TO_PARTIES
    assert {Status.SUGGESTED, Status.DECLINED, Status.LAPSED}.isdisjoint(OPEN_TO_PARTIES)


def test_what_both_sides_agreed_on_does_not_lapse() -> None:
    assert TRANSITIONS[Action.LAPSE].sources.isdisjoint(RELEASED)


@pytest.mark.parametrize(("organisation", "conflict"), [(1, True), (2, True), (3, False), (None, False)])
def test_an_organisation_on_either_side_is_a_conflict(organisation: int | None, conflict: bool) -> None:
    assert has_conflict(organisation, need_owner_id=1, achievement_owner_id=2) is conflict
