"""Workflow table, time limits and numbers of a contract."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.contracts.rules import (
    ACTION_NAMES,
    DUTY_NAMES,
    LIVE,
    REQUEST_NAMES,
    STATUS_NAMES,
    TRANSITIONS,
    Action,
    By,
    Duty,
    ExpertConclusion,
    LargeBy,
    RequestKind,
    RuleSet,
    Status,
    amount_fault,
    approval_action,
    converted_fen,
    days_left,
    due_on,
    duties_for,
    is_large,
    is_valid_external_number,
    needs_experts,
    rate_of,
    registration_number,
    review_fault,
)

RULES = RuleSet(
    version="x",
    in_force_from=date(2000, 1, 1),
    types=frozenset({"KF"}),
    limit_days=15,
    large_limit_days=30,
    working_days=True,
    large_from_fen=500,
    large_by=LargeBy.TECH,
    approver_differs=False,
    experts_from_fen=None,
    min_experts=3,
    needs_forecast=False,
    source="",
    verified=False,
)
RULE_SETS = st.builds(
    replace,
    st.just(RULES),
    limit_days=st.integers(1, 30),
    large_limit_days=st.integers(30, 60),
    working_days=st.booleans(),
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
        status = TRANSITIONS[action].target or status
        path.append((action, status))
    return path


STAGES = [Action.SUBMIT, Action.ACCEPT, Action.EXAMINE]


@given(_paths())
def test_no_path_registers_without_acceptance_and_review(path: list[tuple[Action, Status]]) -> None:
    actions = [action for action, _ in path]
    if Action.REGISTER not in actions:
        assert not LIVE & {status for _, status in path}
        return
    before = actions[: actions.index(Action.REGISTER)]
    last_submit = max(i for i, action in enumerate(before) if action is Action.SUBMIT)
    assert [action for action in before[last_submit:] if action in STAGES] == STAGES
    assert path[len(before) - 1][1] in {Status.IN_REVIEW, Status.LARGE_REVIEW}


@given(_paths())
def test_a_contract_that_has_ended_never_counts_again(path: list[tuple[Action, Status]]) -> None:
    ended = {Status.CANCELLED, Status.REVOKED, Status.REFUSED, Status.WITHDRAWN}
    states = [status for _, status in path]
    assert all(status not in ended for status in states[:-1])


def test_only_the_applicant_asks_and_only_authorities_decide() -> None:
    asks = {action for action, step in TRANSITIONS.items() if step.by is By.APPLICANT}
    assert asks == {
        Action.SUBMIT,
        Action.WITHDRAW,
        Action.REQUEST_CHANGE,
        Action.REQUEST_SETTLEMENT,
        Action.REQUEST_CANCELLATION,
    }


@given(st.sampled_from(sorted(TRANSITIONS)), st.sampled_from(sorted(Status)))
def test_every_step_of_the_station_asks_for_a_duty(action: Action, status: Status) -> None:
    duties = duties_for(action, status)
    assert duties
    if status is Status.LARGE_REVIEW and action in {Action.REGISTER, Action.REFUSE}:
        assert duties == {Duty.APPROVE_LARGE}


def test_every_state_and_action_has_a_chinese_name() -> None:
    assert set(STATUS_NAMES) == set(Status)
    assert set(ACTION_NAMES) == set(Action)
    assert set(DUTY_NAMES) == set(Duty)
    assert set(REQUEST_NAMES) == set(RequestKind)


@given(st.sampled_from([Status.IN_REVIEW, Status.LARGE_REVIEW]), st.booleans())
def test_a_large_contract_is_registered_from_the_second_review_only(status: Status, large: bool) -> None:
    action = approval_action(status, large=large)
    assert (action is Action.REGISTER) == (status is Status.LARGE_REVIEW or not large)


@given(st.integers(1, 1000), st.integers(0, 1000))
def test_the_rule_set_says_which_amount_makes_a_contract_large(total: int, tech: int) -> None:
    amounts = {"total_amount_fen": total, "tech_amount_fen": tech}
    assert is_large(RULES, **amounts) == (tech >= 500)
    assert is_large(replace(RULES, large_by=LargeBy.TOTAL), **amounts) == (total >= 500)


def test_experts_are_heard_from_an_amount_if_there_is_one() -> None:
    amounts = {"total_amount_fen": 900, "tech_amount_fen": 800}
    assert not needs_experts(RULES, **amounts)
    assert needs_experts(replace(RULES, experts_from_fen=800), **amounts)
    assert not needs_experts(replace(RULES, experts_from_fen=801), **amounts)


@given(st.lists(st.sampled_from(ExpertConclusion), max_size=9), st.integers(1, 5))
def test_a_review_carries_with_enough_experts_and_a_majority(
    conclusions: list[ExpertConclusion], least: int
) -> None:
    fault = review_fault(conclusions, min_experts=least)
    support, oppose = (conclusions.count(one) for one in ExpertConclusion)
    assert (fault is None) == (len(conclusions) >= least and support > oppose)


def _monday_to_friday(day: date) -> bool:
    return day.weekday() < 5


@given(DAYS, RULE_SETS, st.booleans())
def test_the_last_day_lies_the_limit_after_acceptance(accepted: date, rules: RuleSet, extended: bool) -> None:
    due = due_on(accepted, rules, extended=extended, is_workday=_monday_to_friday)
    days = rules.large_limit_days if extended else rules.limit_days
    left = days_left(accepted, due, working_days=rules.working_days, is_workday=_monday_to_friday)
    assert left == days
    assert due.weekday() < 5 or not rules.working_days


@given(DAYS, DAYS, RULE_SETS)
def test_who_is_accepted_later_is_not_due_earlier(one: date, other: date, rules: RuleSet) -> None:
    first, second = sorted([one, other])
    limits = [due_on(day, rules, extended=False, is_workday=_monday_to_friday) for day in (first, second)]
    assert limits == sorted(limits)


@given(DAYS, st.integers(-60, 60), st.booleans())
def test_days_left_are_negative_exactly_when_overdue(due: date, ahead: int, working: bool) -> None:
    today = due - timedelta(days=ahead)
    left = days_left(today, due, working_days=working, is_workday=_monday_to_friday)
    assert left <= 0 if ahead <= 0 else left >= 0
    if not working:
        assert left == ahead


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


@pytest.mark.parametrize(
    ("amount", "rate", "digits", "fen"),
    [
        (10_000_00, "7.1058", 2, 71_058_00),
        (1, "7.5", 2, 8),  # 7.5 fen: halves go up
        (1_000_000, "0.0489", 0, 48_900_00),  # yen has no smaller unit
        (3, "0.0001", 2, 0),
    ],
)
def test_foreign_money_is_converted_exactly(amount: int, rate: str, digits: int, fen: int) -> None:
    assert converted_fen(amount, rate=Decimal(rate), minor_digits=digits) == fen


@given(st.integers(1, 10**15), st.decimals("0.0001", "1000", places=4))
def test_a_conversion_is_never_off_by_more_than_half_a_fen(amount: int, rate: Decimal) -> None:
    fen = converted_fen(amount, rate=rate, minor_digits=2)
    assert abs(Decimal(fen) - Decimal(amount) * rate) <= Decimal("0.5")


@pytest.mark.parametrize("text", ["", "0", "0.000", "-7", "7,1", "1e3", "７.1", " 7", "7.", "NaN"])
def test_a_rate_is_a_plain_positive_decimal(text: str) -> None:
    assert rate_of(text) is None
