"""The table of steps, demand rules, draws and sheets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.challenges.rules import (
    DEFAULT_CRITERIA,
    LIVE_AWARD,
    STEPS,
    USUAL_RULES,
    Action,
    Candidate,
    Concerned,
    Criterion,
    Facts,
    Mode,
    Recusal,
    Status,
    Subject,
    criteria_fault,
    demand_faults,
    draw,
    drawn_order,
    months_later,
    needs_panel,
    owner_part,
    points_fault,
    rank_bids,
    size_fault,
    skips_better,
    state_of_challenge,
    step_refusal,
    total_of,
)
from market.challenges.rules.panels import recusal_of, same_unit

USUALLY, SELDOM = st.sampled_from([True, True, True, False]), st.sampled_from([0, 0, 0, 1])
"""Mostly as a step needs it, so that walks get far."""

TOLD = st.builds(
    Facts,
    mode=st.sampled_from(Mode),
    status=st.just(Status.COLLECTED),
    deadline_passed=USUALLY,
    unchecked=SELDOM,
    passed=st.sampled_from([2, 1, 0]),
    panel_needed=st.booleans(),
    seats=st.sampled_from([3, 3, 0, 5]),
    cleared=st.sampled_from([3, 3, 2, 5]),
    sheets_missing=SELDOM,
    notice_ended=USUALLY,
    open_objections=SELDOM,
    rectified=st.booleans(),
    milestones_open=SELDOM,
)


@dataclass
class Walk:
    """What has been true when a step was taken."""

    status: Status = Status.COLLECTED
    passed: bool = False
    reviewed: bool = False
    noticed: bool = False


@given(st.sampled_from(Mode), st.lists(st.tuples(st.sampled_from(list(STEPS)), TOLD), max_size=60))
def test_no_path_leads_to_an_award_past_check_review_and_notice(
    mode: Mode, tries: list[tuple[Action, Facts]]
) -> None:
    walk = Walk()
    likely = [action for action in STEPS if STEPS[action].target is not None]
    for action, told in [*tries, *((action, told) for _, told in tries for action in likely)]:
        facts = replace(told, mode=mode, status=walk.status)
        if step_refusal(action, facts) is not None:
            continue
        if action is Action.FINISH_CHECKS:
            walk.passed = facts.unchecked == 0 and facts.passed > 0
        if action is Action.REVIEW:
            panel = facts.seats > 0 and facts.cleared >= facts.seats
            walk.reviewed = facts.sheets_missing == 0 and (panel or not facts.panel_needed)
        if action is Action.REOPEN:
            walk.reviewed = walk.noticed = False
        if action is Action.NOTICE:
            walk.noticed = walk.reviewed
        if action is Action.AWARD:
            assert walk.passed and walk.reviewed and walk.noticed  # noqa: PT018  # one promise
            assert facts.notice_ended
            assert facts.open_objections == 0
        walk.status = STEPS[action].target or walk.status
    if walk.status in {*LIVE_AWARD, Status.ACCEPTED}:
        assert walk.passed
        assert walk.reviewed
        assert walk.noticed


@given(TOLD, st.sampled_from(Status), st.sampled_from(list(STEPS)))
def test_a_step_is_taken_only_from_its_sources_and_in_its_modes(
    told: Facts, status: Status, action: Action
) -> None:
    facts = replace(told, status=status)
    if step_refusal(action, facts) is None:
        assert status in STEPS[action].sources
        assert facts.mode in STEPS[action].modes


@given(st.sampled_from(Mode))
def test_the_whole_way_can_be_gone_in_every_mode(mode: Mode) -> None:
    opens = Action.INVITE if mode is Mode.DIRECTED else Action.OPEN
    begins = Action.VERIFY if mode is Mode.POST_SUBSIDY else Action.START
    ready = Facts(
        mode=mode,
        status=Status.COLLECTED,
        deadline_passed=True,
        passed=1,
        seats=3,
        cleared=3,
        notice_ended=True,
        contracted=True,
    )
    way = [
        Action.SCREEN, Action.LIST, opens, Action.CLOSE, Action.FINISH_CHECKS, Action.REVIEW, Action.NOTICE,
        Action.AWARD, Action.SIGN, begins, Action.RECTIFY, Action.CONTINUE, Action.ACCEPT,
    ]  # fmt: skip
    status = Status.COLLECTED
    for action in way:
        assert step_refusal(action, replace(ready, status=status)) is None, action
        status = STEPS[action].target or status
    assert status is Status.ACCEPTED
    assert step_refusal(Action.PAY, replace(ready, status=status)) is None


def test_only_what_is_over_has_no_way_on() -> None:
    onward = [step for step in STEPS.values() if step.target is not None]
    ends = {status for status in Status if not any(status in step.sources for step in onward)}
    assert ends == {Status.DROPPED, Status.TERMINATED, Status.FAILED, Status.ACCEPTED}
    still = {action for action, step in STEPS.items() if step.sources & ends}
    assert still == {Action.ANSWER, Action.PAY, Action.WITHDRAW_PAYMENT}


def test_every_state_can_be_reached() -> None:
    reached = {Status.COLLECTED}
    for _ in Status:
        reached |= {step.target for step in STEPS.values() if step.target and step.sources & reached}
    assert reached == set(Status)


def test_awards_begin_after_the_award_only() -> None:
    for action, step in STEPS.items():
        if step.on is Subject.AWARD:
            assert step.sources <= {*LIVE_AWARD, Status.ACCEPTED, Status.TERMINATED}, action


@pytest.mark.parametrize(
    ("facts", "action", "code"),
    [
        ({"status": Status.CALLING}, Action.CLOSE, "call-still-open"),
        ({"status": Status.LISTED}, Action.INVITE, "mode-not-allowed"),
        ({"status": Status.CLOSED, "unchecked": 1, "passed": 1}, Action.FINISH_CHECKS, "bids-unchecked"),
        ({"status": Status.CLOSED}, Action.FINISH_CHECKS, "no-valid-bid"),
        ({"status": Status.CLOSED, "passed": 1}, Action.FAIL, "valid-bid-present"),
        (
            {"status": Status.CHECKED, "passed": 1, "seats": 3, "cleared": 2},
            Action.REVIEW,
            "panel-incomplete",
        ),
        ({"status": Status.CHECKED, "passed": 1}, Action.REVIEW, "panel-incomplete"),
        (
            {"status": Status.CHECKED, "passed": 1, "seats": 3, "cleared": 3, "sheets_missing": 1},
            Action.REVIEW,
            "scores-missing",
        ),
        ({"status": Status.CHECKED, "panel_needed": False}, Action.DRAW, "panel-not-needed"),
        ({"status": Status.NOTICED}, Action.AWARD, "notice-running"),
        (
            {"status": Status.NOTICED, "notice_ended": True, "open_objections": 1},
            Action.AWARD,
            "objection-open",
        ),
        ({"status": Status.IMPLEMENTING, "rectified": True}, Action.RECTIFY, "rectified-already"),
        ({"status": Status.IMPLEMENTING, "milestones_open": 1}, Action.ACCEPT, "milestones-open"),
        (
            {"status": Status.IMPLEMENTING, "mode": Mode.POST_SUBSIDY},
            Action.PAY,
            "grant-before-acceptance",
        ),
        ({"status": Status.IMPLEMENTING}, Action.PAY, "contract-missing"),
        ({"status": Status.CONTRACTED, "project_closed": True}, Action.START, "project-closed"),
        (
            {"status": Status.IMPLEMENTING, "contracted": True, "project_closed": True},
            Action.PAY,
            "project-closed",
        ),
        (
            {"status": Status.CHECKED, "passed": 1, "panel_needed": False, "open_objections": 1},
            Action.REVIEW,
            "objection-open",
        ),
        ({"status": Status.COLLECTED}, Action.AWARD, "illegal-transition"),
    ],
)
def test_each_condition_has_its_name(facts: dict[str, object], action: Action, code: str) -> None:
    refusal = step_refusal(action, Facts(**{"mode": Mode.OPEN_CALL, **facts}))  # type: ignore[arg-type]
    assert refusal is not None
    assert refusal.code == code


def test_a_challenge_follows_its_furthest_award_and_ends_with_the_last() -> None:
    for status in (*LIVE_AWARD, Status.ACCEPTED, Status.TERMINATED):
        assert state_of_challenge([status]) is status
    assert state_of_challenge([Status.AWARDED, Status.IMPLEMENTING]) is Status.IMPLEMENTING
    assert state_of_challenge([Status.TERMINATED, Status.CONTRACTED]) is Status.CONTRACTED
    assert state_of_challenge([Status.ACCEPTED, Status.RECTIFYING]) is Status.RECTIFYING
    assert state_of_challenge([Status.ACCEPTED, Status.TERMINATED]) is Status.ACCEPTED


FORM = {
    "mode": Mode.OPEN_CALL,
    "budget_fen": 400,
    "grant_fen": 100,
    "solver_percent": 40,
    "duration_months": 36,
    "max_awards": 1,
    "indicators": [{"name": "周期", "value": "12个月"}],
}


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({}, []),
        ({"budget_fen": 399}, ["budget-below-grant"]),
        ({"solver_percent": 39}, ["solver-share-low"]),
        ({"duration_months": 37}, ["duration-too-long"]),
        ({"indicators": []}, ["indicators-missing"]),
        ({"max_awards": 2}, ["awards-out-of-range"]),
        ({"mode": Mode.RACE}, ["awards-out-of-range"]),
        ({"mode": Mode.RACE, "max_awards": 3}, []),
        ({"budget_fen": 1, "duration_months": 40}, ["budget-below-grant", "duration-too-long"]),
        ({"budget_fen": 0, "grant_fen": 0}, ["budget-missing"]),
    ],
)
def test_demand_rules(change: dict[str, object], codes: list[str]) -> None:
    assert [fault.code for fault in demand_faults({**FORM, **change}, USUAL_RULES)] == codes


def test_only_small_crowdsourced_work_does_without_a_panel() -> None:
    limit = USUAL_RULES.crowd_limit_fen
    assert not needs_panel(Mode.CROWDSOURCING, limit, USUAL_RULES)
    assert needs_panel(Mode.CROWDSOURCING, limit + 1, USUAL_RULES)
    assert all(needs_panel(mode, 1, USUAL_RULES) for mode in Mode if mode is not Mode.CROWDSOURCING)


@given(st.integers(0, 10**15), st.integers(0, 100))
def test_the_solver_never_gets_less_than_the_share(grant: int, percent: int) -> None:
    kept = owner_part(grant, percent)
    assert 0 <= kept <= grant
    assert (grant - kept) * 100 >= grant * percent
    assert (grant - kept - 1) * 100 < grant * percent or kept == grant


def test_months_end_where_they_end() -> None:
    assert months_later(date(2025, 1, 31), 1) == date(2025, 2, 28)
    assert months_later(date(2025, 6, 10), 36) == date(2028, 6, 10)
    assert months_later(date(2025, 12, 15), 1) == date(2026, 1, 15)
    assert months_later(date(9998, 12, 31), 24) == date.max


CONCERNED = Concerned(
    owner_units=("澄江印染有限公司",),
    owner_ids=frozenset({1}),
    bidder_units=("暨阳理工大学",),
    bidder_ids=frozenset({2}),
    people=(("周文远", "暨阳理工大学"),),
    talent_ids=frozenset({7}),
    project_ids=frozenset({70}),
)


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [
        ({"units": ("苏南研究院",)}, None),
        ({"units": ("澄江印染有限公司",)}, Recusal.OWNER_UNIT),
        ({"organisation_ids": frozenset({1})}, Recusal.OWNER_UNIT),
        ({"units": ("暨阳理工大学 化工学院",)}, Recusal.BIDDER_UNIT),
        ({"organisation_ids": frozenset({2})}, Recusal.BIDDER_UNIT),
        ({"talent_id": 7}, Recusal.BIDDER),
        ({"name": "周文远", "units": ("暨阳理工大学",)}, Recusal.BIDDER),
        ({"name": "周文远", "units": ("别处研究院",)}, None),
        ({"project_ids": frozenset({70})}, Recusal.SAME_PROJECT),
        ({"interests": "兼任澄江印染有限公司独立董事"}, Recusal.STATED),
        ({"barred": True}, Recusal.BARRED),
    ],
)
def test_who_has_an_interest_is_set_aside(candidate: dict[str, object], reason: Recusal | None) -> None:
    someone = Candidate(**{"talent_id": 9, "name": "林知秋", **candidate})  # type: ignore[arg-type]
    assert recusal_of(someone, CONCERNED) is reason


def test_names_of_units_are_compared_without_blanks_brackets_and_width() -> None:
    assert same_unit("江阴（澄江）研究院", "江阴(澄江) 研究院")
    assert not same_unit("大学", "江南大学")
    assert not same_unit("", "江南大学")


@given(st.sets(st.integers(1, 500)), st.text(alphabet="0123456789abcdef", min_size=1, max_size=32))
def test_a_draw_can_be_repeated_and_leaves_nobody_out(ids: set[int], seed: str) -> None:
    order = drawn_order(seed, ids)
    assert sorted(order) == sorted(ids)
    assert drawn_order(seed, sorted(ids, reverse=True)) == order
    assert [one for one in order if one % 2] == list(drawn_order(seed, [one for one in ids if one % 2]))


def test_draws_differ_with_the_seed_and_name_who_was_set_aside() -> None:
    people = [Candidate(talent_id=one, name=f"甲{one}", barred=one == 3) for one in range(1, 20)]
    first, second = draw("a", people, CONCERNED), draw("b", people, CONCERNED)
    assert first.order != second.order
    assert first.excluded == second.excluded == {3: Recusal.BARRED, 7: Recusal.BIDDER}
    assert 3 not in first.eligible


def test_panels_are_odd_and_large_enough() -> None:
    assert size_fault(5, least=3) is None
    assert size_fault(4, least=3)
    assert size_fault(1, least=3)


def test_criteria_and_points_must_fit() -> None:
    assert criteria_fault(DEFAULT_CRITERIA) is None
    assert criteria_fault([Criterion("a", "甲", 60), Criterion("a", "乙", 40)])
    assert criteria_fault([Criterion("a", "甲", 60), Criterion("b", "乙", 30)])
    assert criteria_fault([Criterion("a", "甲", 100), Criterion("b", "乙", 0)])
    whole = {criterion.key: 100 for criterion in DEFAULT_CRITERIA}
    assert points_fault(whole, DEFAULT_CRITERIA) is None
    assert total_of(whole, DEFAULT_CRITERIA) == 10_000
    assert points_fault({**whole, "fit": 101}, DEFAULT_CRITERIA)
    assert points_fault({"fit": 1}, DEFAULT_CRITERIA)


@given(st.dictionaries(st.integers(1, 50), st.lists(st.integers(0, 10_000), min_size=3, max_size=3)))
def test_ranks_follow_sums_and_equals_share_a_rank(totals: dict[int, list[int]]) -> None:
    places = rank_bids(totals)
    assert sorted(place.bid_id for place in places) == sorted(totals)
    for one in places:
        assert one.total == sum(totals[one.bid_id])
        for other in places:
            assert (one.rank < other.rank) == (one.total > other.total)


def test_sheets_far_from_the_median_are_marked() -> None:
    assert rank_bids({1: [8000, 8100, 5000]})[0].outlying == (2,)
    assert rank_bids({1: [8000, 8100, 6000]})[0].outlying == ()
    assert rank_bids({1: [0, 10_000]})[0].outlying == ()
    assert rank_bids({1: [0, 4000, 4000, 8000]})[0].outlying == (0, 3)
    assert rank_bids({1: []})[0].mean == 0


def test_passing_over_a_better_bid_shows() -> None:
    places = rank_bids({1: [9], 2: [8], 3: [8], 4: [7]})
    assert not skips_better(places, {1})
    assert not skips_better(places, {1, 2})  # level with the one left out
    assert skips_better(places, {2})
    assert skips_better(places, {1, 4})
