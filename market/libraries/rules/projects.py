"""Projects: where they come from, how far they are, their milestones, and what their money must add up to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from market.errors import FieldError


class ProjectOrigin(StrEnum):
    """How a project came into the pool."""

    OWN = "own"
    ACHIEVEMENT = "achievement"
    CHALLENGE = "challenge"
    CONTRACT = "contract"


ORIGIN_NAMES: Mapping[ProjectOrigin, str] = {
    ProjectOrigin.OWN: "自行提出",
    ProjectOrigin.ACHIEVEMENT: "科技成果转入",
    ProjectOrigin.CHALLENGE: "揭榜挂帅立项",
    ProjectOrigin.CONTRACT: "技术合同转入",
}


def is_held_by_award(origin: ProjectOrigin, closing_accepted: bool | None) -> bool:
    """Tell whether an award rests on a project: its work and its grant, until it ended without acceptance."""
    return origin is ProjectOrigin.CHALLENGE and closing_accepted is not False


class MilestoneStatus(StrEnum):
    """State of a milestone."""

    PLANNED = "planned"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    REFUSED = "refused"


MILESTONE_STATUS_NAMES: Mapping[MilestoneStatus, str] = {
    MilestoneStatus.PLANNED: "未提交",
    MilestoneStatus.SUBMITTED: "待验收",
    MilestoneStatus.ACCEPTED: "已通过",
    MilestoneStatus.REFUSED: "未通过",
}


class MilestoneAction(StrEnum):
    """A step of a milestone."""

    SUBMIT = "submit"
    ACCEPT = "accept"
    REFUSE = "refuse"


MILESTONE_STEPS: Mapping[MilestoneAction, tuple[frozenset[MilestoneStatus], MilestoneStatus]] = {
    MilestoneAction.SUBMIT: (
        frozenset({MilestoneStatus.PLANNED, MilestoneStatus.REFUSED}),
        MilestoneStatus.SUBMITTED,
    ),
    MilestoneAction.ACCEPT: (frozenset({MilestoneStatus.SUBMITTED}), MilestoneStatus.ACCEPTED),
    MilestoneAction.REFUSE: (frozenset({MilestoneStatus.SUBMITTED}), MilestoneStatus.REFUSED),
}
"""States a step starts from, and the one it leads to; what was refused may be submitted again."""


class Payer(StrEnum):
    """Whose money a payment is."""

    GRANT = "grant"
    ENTERPRISE = "enterprise"
    OTHER = "other"


PAYER_NAMES: Mapping[Payer, str] = {
    Payer.GRANT: "财政资助",
    Payer.ENTERPRISE: "企业投入",
    Payer.OTHER: "其他来源",
}

PLANNED = "planned"
RESEARCH = "research"
CLOSED = "closed"
"""Codes of `project_stage` that rules speak of."""

STAGE_STEPS: Mapping[str, frozenset[str]] = {
    PLANNED: frozenset({RESEARCH, "pilot", "industrial"}),
    RESEARCH: frozenset({"pilot", "industrial"}),
    "pilot": frozenset({"industrial"}),
    "industrial": frozenset(),
    CLOSED: frozenset(),
}
"""Stages that may follow a stage; going back takes a revision, and only a closing leads to `closed`."""

CLOSABLE = frozenset(STAGE_STEPS) - {PLANNED, CLOSED}
"""Stages that a closing may start from: what never began is taken off the pool instead."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What of a project's figures and days must agree. A total of None has not been settled.

    Attributes:
        total_fen: the whole funding.
        grant_fen: the part that public funds promised.
        started_on: first day.
        ends_on: last day.
        milestones: amount and due day of each, in their order.
    """

    total_fen: int | None
    grant_fen: int
    started_on: date | None = None
    ends_on: date | None = None
    milestones: Sequence[tuple[int, date]] = ()


@dataclass(frozen=True, slots=True)
class Paid:
    """One payment that was made. `milestone` is the place of its milestone in the plan."""

    payer: Payer
    amount_fen: int
    milestone: int | None = None


def plan_faults(plan: Plan) -> Iterator[FieldError]:
    """Yield what is wrong with a plan: grant and milestones within the total, days in order."""
    total = plan.total_fen or 0
    if plan.grant_fen > total:
        yield FieldError("/grant_fen", "grant-over-total", "财政资助不能超过项目总经费。")
    if sum(amount for amount, _ in plan.milestones) > total:
        yield FieldError("/milestones", "milestones-over-total", "各节点金额之和不能超过项目总经费。")
    if plan.started_on and plan.ends_on and plan.ends_on < plan.started_on:
        yield FieldError("/ends_on", "dates-out-of-order", "结束日期不能早于开始日期。")
    for place, (_, due_on) in enumerate(plan.milestones):
        if (plan.started_on and due_on < plan.started_on) or (plan.ends_on and due_on > plan.ends_on):
            yield FieldError(
                f"/milestones/{place}/due_on", "milestone-outside-project", "节点日期须在项目起止日期之内。"
            )


def payment_faults(plan: Plan, paid: Sequence[Paid]) -> Iterator[FieldError]:
    """Yield what is wrong with all payments together: never more than was planned, by whatever measure."""
    if sum(one.amount_fen for one in paid) > (plan.total_fen or 0):
        yield FieldError("/amount_fen", "payments-over-total", "累计拨付不能超过项目总经费。")
    if sum(one.amount_fen for one in paid if one.payer is Payer.GRANT) > plan.grant_fen:
        yield FieldError("/amount_fen", "payments-over-grant", "累计财政拨付不能超过财政资助金额。")
    for place, (amount, _) in enumerate(plan.milestones):
        if sum(one.amount_fen for one in paid if one.milestone == place) > amount:
            yield FieldError("/amount_fen", "payments-over-milestone", "该节点累计拨付不能超过节点金额。")
