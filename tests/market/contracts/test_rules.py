"""Workflow table, time limits and numbers of a contract."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.contracts.rules import (
    ACTION_NAMES,
    LARGE_CONTRACT_FEN,
    LIVE,
    RULE_SETS,
    STATUS_NAMES,
    TRANSITIONS,
    Action,
    By,
    Status,
    amount_fault,
    approval_action,
    due_on,
    is_large,
    is_valid_external_number,
    is_workday,
    registration_number,
    rule_set_named,
    rule_set_on,
)

DAYS = st.dates(date(2000, 1, 1), date(2040, 12, 31))


def _possible(status: Status) -> list[Action]:
    return [action for action, step in TRANSITIONS.items() if status in step.sources]


@st.composite
def _paths(draw: st.DrawFn) -> list[tuple[Action, Status]]:
    """A walk from a draft through the table, as actions with the states they lead to."""
    status, path = Status.DRAFT, []
    for _ in range(draw(st.integers(1, 12))):
        actions = _possible(status)
        if not actions:
            break
        action = draw(st.sampled_from(actions))
        status = TRANSITIONS[action].target
        path.append((action, status))
    return path


@given(_paths())
def test_no_path_registers_without_acceptance_and_review(path: list[tuple[Action, Status]]) -> None:
    actions = [action for action, _ in path]
    if Action.REGISTER not in actions:
        assert not LIVE & {status for _, status in path}
        return
    before = actions[: actions.index(Action.REGISTER)]
    last_submit = max(i for i, action in enumerate(before) if action is Action.SUBMIT)
    assert Action.ACCEPT in before[last_submit:]
    assert path[len(before) - 1][1] in {Status.IN_REVIEW, Status.LARGE_REVIEW}


@given(_paths())
def test_a_contract_that_has_ended_never_counts_again(path: list[tuple[Action, Status]]) -> None:
    ended = {Status.CANCELLED, Status.REVOKED, Status.REFUSED, Status.WITHDRAWN}
    states = [status for _, status in path]
    assert all(status not in ended for status in states[:-1])


def test_only_the_seller_asks_and_only_the_station_decides() -> None:
    asks = {action for action, step in TRANSITIONS.items() if step.by is By.SELLER}
    assert asks == {Action.SUBMIT, Action.WITHDRAW, Action.REQUEST_CHANGE, Action.REQUEST_CANCELLATION}


def test_every_state_and_action_has_a_chinese_name() -> None:
    assert set(STATUS_NAMES) == set(Status)
    assert set(ACTION_NAMES) == set(Action)


@given(st.sampled_from([Status.IN_REVIEW, Status.LARGE_REVIEW]), st.integers(0, 10**13))
def test_a_large_contract_is_registered_from_the_second_review_only(status: Status, amount: int) -> None:
    action = approval_action(status, amount)
    assert (action is Action.REGISTER) == (status is Status.LARGE_REVIEW or not is_large(amount))


def test_five_million_yuan_is_large() -> None:
    assert is_large(LARGE_CONTRACT_FEN)
    assert not is_large(LARGE_CONTRACT_FEN - 1)
    assert LARGE_CONTRACT_FEN == 500_000_000


@pytest.mark.parametrize(
    ("day", "version"),
    [
        (date(1999, 1, 1), "2000"),
        (date(2020, 12, 31), "2000"),
        (date(2021, 1, 1), "2021"),
        (date(2026, 1, 22), "2021"),
        (date(2026, 1, 23), "2026"),
    ],
)
def test_the_day_chooses_the_rule_set(day: date, version: str) -> None:
    assert rule_set_on(day).version == version
    assert rule_set_named(version).version == version


def test_the_old_rules_know_no_licence_contracts() -> None:
    assert "XK" not in rule_set_named("2000").types
    assert "XK" in rule_set_named("2021").types


def test_working_days_follow_the_holiday_table() -> None:
    assert not is_workday(date(2025, 10, 1))  # a Wednesday, National Day
    assert is_workday(date(2025, 9, 28))  # a Sunday worked in its place
    assert not is_workday(date(2025, 6, 14))  # a common Saturday


def test_a_year_the_calendar_does_not_know_counts_weekdays() -> None:
    assert is_workday(date(2199, 10, 1))  # a Tuesday
    assert not is_workday(date(2199, 10, 5))  # a Saturday


def test_the_limit_of_2026_passes_over_a_holiday() -> None:
    accepted, rules = date(2026, 9, 21), rule_set_named("2026")
    due = due_on(accepted, rules, large=False, is_workday=is_workday)
    counted = [accepted + timedelta(days=n) for n in range(1, (due - accepted).days + 1)]
    assert sum(map(is_workday, counted)) == 15
    assert any(day.weekday() < 5 and not is_workday(day) for day in counted)


@given(DAYS, st.sampled_from(RULE_SETS), st.booleans())
def test_the_last_day_lies_the_limit_after_acceptance(accepted: date, rules: object, large: bool) -> None:
    assert isinstance(rules, type(RULE_SETS[0]))
    due = due_on(accepted, rules, large=large, is_workday=lambda day: day.weekday() < 5)
    days = rules.large_limit_days if large else rules.limit_days
    passed = [accepted + timedelta(days=n) for n in range(1, (due - accepted).days + 1)]
    assert sum(day.weekday() < 5 for day in passed) == days if rules.working_days else len(passed) == days
    assert due.weekday() < 5 or not rules.working_days


@given(DAYS, DAYS, st.sampled_from(RULE_SETS))
def test_who_is_accepted_later_is_not_due_earlier(one: date, other: date, rules: object) -> None:
    assert isinstance(rules, type(RULE_SETS[0]))
    first, second = sorted([one, other])
    assert due_on(first, rules, large=False, is_workday=is_workday) <= due_on(
        second, rules, large=False, is_workday=is_workday
    )


@given(st.integers(2000, 9999), st.from_regex(r"[1-9][0-9]{5}", fullmatch=True), st.integers(1, 999_999))
def test_a_number_tells_year_area_and_serial(year: int, area: str, serial: int) -> None:
    number = registration_number(year=year, area=area, serial=serial)
    assert (int(number[:4]), number[4:10], int(number[10:])) == (year, area, serial)
    assert is_valid_external_number(number)


@pytest.mark.parametrize("serial", [0, 1_000_000])
def test_a_serial_must_fit_six_digits(serial: int) -> None:
    with pytest.raises(ValueError, match="six digits"):
        registration_number(year=2025, area="320281", serial=serial)


@pytest.mark.parametrize("number", ["", "123456789012345", "1234567890123a", "12345678901234567"])
def test_numbers_from_elsewhere_have_14_or_16_digits(number: str) -> None:
    assert not is_valid_external_number(number)
    assert is_valid_external_number("05320100000123")


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6))
def test_the_technical_amount_is_part_of_the_total(total: int, tech: int) -> None:
    fault = amount_fault(total_amount_fen=total, tech_amount_fen=tech)
    assert (fault is None) == (total > 0 and 0 <= tech <= total)
