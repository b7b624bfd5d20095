"""Money of projects always adds up; stages and milestones only go where the tables lead."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.libraries.rules.projects import (
    CLOSABLE,
    CLOSED,
    MILESTONE_STEPS,
    PLANNED,
    STAGE_STEPS,
    MilestoneAction,
    MilestoneStatus,
    Paid,
    Payer,
    Plan,
    payment_faults,
    plan_faults,
)

AMOUNTS = st.integers(0, 1000)
DAYS = st.dates(date(2025, 1, 1), date(2025, 1, 20))
MILESTONES = st.lists(st.tuples(AMOUNTS, DAYS), max_size=4)
PLANS = st.builds(
    Plan,
    total_fen=st.none() | AMOUNTS,
    grant_fen=AMOUNTS,
    started_on=st.none() | DAYS,
    ends_on=st.none() | DAYS,
    milestones=MILESTONES,
)


def codes(plan: Plan) -> list[str]:
    return [fault.code for fault in plan_faults(plan)]


@given(PLANS)
def test_a_plan_without_faults_adds_up_and_lies_within_its_days(plan: Plan) -> None:
    total = plan.total_fen or 0
    within = all(
        (plan.started_on is None or due >= plan.started_on) and (plan.ends_on is None or due <= plan.ends_on)
        for _, due in plan.milestones
    )
    ordered = plan.started_on is None or plan.ends_on is None or plan.started_on <= plan.ends_on
    sums = plan.grant_fen <= total and sum(amount for amount, _ in plan.milestones) <= total
    assert (codes(plan) == []) == (within and ordered and sums)


@given(PLANS, st.randoms())
def test_the_order_of_milestones_does_not_matter(plan: Plan, random) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(plan.milestones)
    random.shuffle(shuffled)
    other = Plan(plan.total_fen, plan.grant_fen, plan.started_on, plan.ends_on, shuffled)
    assert sorted(codes(plan)) == sorted(codes(other))


@st.composite
def funded(draw: st.DrawFn) -> tuple[Plan, Sequence[Paid]]:
    """Draw a plan without faults and payments in any order."""
    amounts = draw(st.lists(AMOUNTS, max_size=3))
    total = sum(amounts) + draw(AMOUNTS)
    plan = Plan(total, draw(st.integers(0, total)), milestones=[(one, date(2025, 1, 1)) for one in amounts])
    places = st.none() | st.integers(0, len(amounts) - 1) if amounts else st.none()
    paid = st.builds(Paid, st.sampled_from(Payer), st.integers(1, 400), places)
    return plan, draw(st.lists(paid, max_size=8))


@given(funded())
def test_payments_taken_one_by_one_never_exceed_what_was_planned(
    case: tuple[Plan, Sequence[Paid]],
) -> None:
    plan, offered = case
    assert codes(plan) == []
    taken: list[Paid] = []
    for payment in offered:
        if not list(payment_faults(plan, [*taken, payment])):
            taken.append(payment)
    assert sum(one.amount_fen for one in taken) <= (plan.total_fen or 0)
    assert sum(one.amount_fen for one in taken if one.payer is Payer.GRANT) <= plan.grant_fen
    for place, (amount, _) in enumerate(plan.milestones):
        assert sum(one.amount_fen for one in taken if one.milestone == place) <= amount
    for dropped in range(len(taken)):  # a withdrawal never breaks what stood
        assert list(payment_faults(plan, taken[:dropped] + taken[dropped + 1 :])) == []


def test_every_payment_fault_has_its_name() -> None:
    plan = Plan(100, 30, milestones=[(50, date(2025, 1, 1))])

    def found(*paid: Paid) -> list[str]:
        return [fault.code for fault in payment_faults(plan, paid)]

    assert found(Paid(Payer.GRANT, 30, 0), Paid(Payer.ENTERPRISE, 20, 0), Paid(Payer.OTHER, 50)) == []
    assert found(Paid(Payer.OTHER, 101)) == ["payments-over-total"]
    assert found(Paid(Payer.GRANT, 31)) == ["payments-over-grant"]
    assert found(Paid(Payer.ENTERPRISE, 51, 0)) == ["payments-over-milestone"]


def test_money_needs_a_settled_total() -> None:
    assert codes(Plan(None, 0)) == []
    assert codes(Plan(None, 1)) == ["grant-over-total"]
    assert codes(Plan(None, 0, milestones=[(1, date(2025, 1, 1))])) == ["milestones-over-total"]


def test_stages_only_go_forward() -> None:
    order = list(STAGE_STEPS)
    for stage, targets in STAGE_STEPS.items():
        assert all(order.index(target) > order.index(stage) for target in targets)
        assert CLOSED not in targets
    assert PLANNED not in CLOSABLE


@given(st.lists(st.sampled_from(MilestoneAction), max_size=12))
def test_nothing_is_decided_that_was_not_handed_in(actions: list[MilestoneAction]) -> None:
    status, submitted = MilestoneStatus.PLANNED, False
    for action in actions:
        sources, target = MILESTONE_STEPS[action]
        if status not in sources:
            continue
        assert status is not MilestoneStatus.ACCEPTED
        if action is not MilestoneAction.SUBMIT:
            assert submitted
        status, submitted = target, action is MilestoneAction.SUBMIT


@pytest.mark.parametrize("action", MilestoneAction)
def test_an_accepted_milestone_stays_accepted(action: MilestoneAction) -> None:
    assert MilestoneStatus.ACCEPTED not in MILESTONE_STEPS[action][0]
