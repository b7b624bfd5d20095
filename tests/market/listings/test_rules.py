"""The life cycle table."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.listings.rules import (
    MAX_VALID_DAYS,
    PUBLIC,
    STATUS_NAMES,
    TRANSITIONS,
    Action,
    By,
    Status,
    default_expiry,
    expiry_fault,
    is_searchable,
    opening_fault,
)
from market.reference.identifiers import patent_number_fault

TODAY = date(2025, 6, 10)
ACTIONS = st.lists(st.sampled_from(sorted(TRANSITIONS)), max_size=30)


@given(ACTIONS)
def test_no_path_reaches_the_market_without_a_review(actions: list[Action]) -> None:
    status, reviewed = Status.DRAFT, False
    for action in actions:
        step = TRANSITIONS[action]
        if status not in step.sources:
            continue
        if action is Action.PUBLISH:
            assert step.by == {By.REVIEWER}
            reviewed = True
        if action is Action.REVISE:
            reviewed = False  # the text may change, so it must be reviewed again
        status = step.target
        assert reviewed or status not in PUBLIC


def test_every_state_can_be_reached_and_has_a_name() -> None:
    reached = {Status.DRAFT}
    while True:
        found = {s.target for s in TRANSITIONS.values() if s.sources & reached} | reached
        if found == reached:
            break
        reached = found
    assert reached == set(Status) == set(STATUS_NAMES)


@pytest.mark.parametrize("status", Status)
def test_only_published_and_unexpired_listings_may_be_found(status: Status) -> None:
    assert is_searchable(status, TODAY, today=TODAY) is (status is Status.PUBLISHED)
    assert not is_searchable(status, TODAY - timedelta(days=1), today=TODAY)


@pytest.mark.parametrize(
    ("days", "fine"), [(-1, False), (0, True), (MAX_VALID_DAYS, True), (MAX_VALID_DAYS + 1, False)]
)
def test_last_day_lies_between_today_and_three_years_ahead(days: int, fine: bool) -> None:
    assert (expiry_fault(TODAY + timedelta(days=days), today=TODAY) is None) is fine


def test_a_scenario_is_on_the_market_until_it_closes_at_the_latest() -> None:
    soon, late = TODAY + timedelta(days=9), TODAY + timedelta(days=900)
    assert default_expiry(today=TODAY) == default_expiry(today=TODAY, closes_on=late)
    assert default_expiry(today=TODAY, closes_on=soon) == soon
    assert expiry_fault(soon, today=TODAY, closes_on=soon) is None
    assert expiry_fault(late, today=TODAY, closes_on=soon)
    assert opening_fault(soon, late) is opening_fault(None, soon) is opening_fault(soon, None) is None
    assert opening_fault(late, soon)


@pytest.mark.parametrize("number", ["201710601862.3", "95115608.X", "97101765.4", "ZL 201710601862.3"])
def test_published_patent_numbers_are_accepted(number: str) -> None:
    assert patent_number_fault(number) is None


@pytest.mark.parametrize("number", ["201710601862.4", "2017106018623", "CN101234567A", ""])
def test_other_patent_numbers_are_refused(number: str) -> None:
    assert patent_number_fault(number)
