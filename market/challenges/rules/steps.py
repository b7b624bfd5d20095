"""The life of a challenge and of its awards, in all modes, as one table of actions and their conditions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from market.challenges.rules.workflow import (
    ACTION_NAMES,
    LIVE_AWARD,
    MODE_NAMES,
    STATUS_NAMES,
    Action,
    Mode,
    Status,
)


class By(StrEnum):
    """Who takes a step."""

    OWNER = "owner"
    """The demand side (出题方)."""
    BUREAU = "bureau"
    """The bureau of the challenge's region (发榜方)."""
    EXPERT = "expert"
    """The expert of the panel whom it is about."""
    SIGNED_IN = "signed_in"
    """Anybody with an account."""
    MARKET = "market"
    """The market itself, as the consequence of another deed."""


class Subject(StrEnum):
    """What a step is taken with."""

    CHALLENGE = "challenge"
    AWARD = "award"


class Condition(StrEnum):
    """What must be so before a step; the value is the code of the refusal."""

    DEADLINE_PASSED = "call-still-open"
    ALL_CHECKED = "bids-unchecked"
    SOME_PASSED = "no-valid-bid"
    NONE_PASSED = "valid-bid-present"
    PANEL_NEEDED = "panel-not-needed"
    PANEL_CLEARED = "panel-incomplete"
    ALL_SCORED = "scores-missing"
    NOTICE_ENDED = "notice-running"
    NO_OPEN_OBJECTION = "objection-open"
    NOT_RECTIFIED = "rectified-already"
    MILESTONES_DONE = "milestones-open"
    GRANT_DUE = "grant-before-acceptance"
    CONTRACT_STANDS = "contract-missing"
    PROJECT_OPEN = "project-closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the conditions look at.

    Attributes:
        mode: of the challenge.
        status: of the challenge or the award.
        deadline_passed: whether the time for bids is over.
        standing: bids handed in and not withdrawn, whatever the formal check said.
        unchecked: those of them without a formal check.
        passed: those that passed it.
        panel_needed: whether a panel of experts decides; see `demand.needs_panel`.
        seats: how many experts the panel must have.
        cleared: experts of the panel who declared that nothing stands in the way.
        sheets_missing: sheets that cleared experts, or the demand side where no panel is needed, owe.
        notice_ended: whether a notice has been published and its last day is over.
        open_objections: objections nobody has answered.
        rectified: whether the same review has asked for a rectification before.
        milestones_open: milestones of the project not accepted.
        contracted: whether a registered contract of the award stands.
        project_closed: whether the award's project has been closed in the pool.
    """

    mode: Mode
    status: Status
    deadline_passed: bool = False
    standing: int = 0
    unchecked: int = 0
    passed: int = 0
    panel_needed: bool = True
    seats: int = 0
    cleared: int = 0
    sheets_missing: int = 0
    notice_ended: bool = False
    open_objections: int = 0
    rectified: bool = False
    milestones_open: int = 0
    contracted: bool = False
    project_closed: bool = False


CONDITIONS: Mapping[Condition, tuple[Callable[[Facts], bool], str]] = {
    Condition.DEADLINE_PASSED: (lambda facts: facts.deadline_passed, "揭榜期限未到，不能截止。"),
    Condition.ALL_CHECKED: (lambda facts: facts.unchecked == 0, "还有未作形式审查的揭榜申报。"),
    Condition.SOME_PASSED: (lambda facts: facts.passed > 0, "没有通过形式审查的揭榜申报。"),
    Condition.NONE_PASSED: (
        lambda facts: facts.passed == 0 and facts.unchecked == 0, "尚有有效的揭榜申报，不能按流榜处理。"
    ),
    Condition.PANEL_NEEDED: (lambda facts: facts.panel_needed, "该项目由需求方评分，不抽取专家。"),
    Condition.PANEL_CLEARED: (
        lambda facts: not facts.panel_needed or (facts.seats > 0 and facts.cleared >= facts.seats),
        "评审组未满员：须有足够人数的专家声明无须回避。",
    ),
    Condition.ALL_SCORED: (lambda facts: facts.sheets_missing == 0, "还有未交的评分表。"),
    Condition.NOTICE_ENDED: (lambda facts: facts.notice_ended, "公示期未满。"),
    Condition.NO_OPEN_OBJECTION: (lambda facts: facts.open_objections == 0, "还有未答复的异议。"),
    Condition.NOT_RECTIFIED: (lambda facts: not facts.rectified, "已经整改过一次，只能通过或终止。"),
    Condition.MILESTONES_DONE: (lambda facts: facts.milestones_open == 0, "还有未通过的里程碑，不能验收。"),
    Condition.GRANT_DUE: (
        lambda facts: facts.mode is not Mode.POST_SUBSIDY or facts.status is Status.ACCEPTED,
        "竞争后补助在通过验收以后才能拨付。",
    ),
    Condition.CONTRACT_STANDS: (
        lambda facts: facts.contracted or facts.mode is Mode.POST_SUBSIDY,
        "该立项没有有效的登记合同，重新登记以后才能拨付。",
    ),
    Condition.PROJECT_OPEN: (
        lambda facts: not facts.project_closed or facts.status is Status.ACCEPTED,
        "该立项的项目已在项目库结题，不能再启动或拨付。",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the table; a target of None leaves the state as it is."""

    sources: frozenset[Status]
    target: Status | None
    by: frozenset[By]
    on: Subject
    modes: frozenset[Mode]
    needs: tuple[Condition, ...]


ALL_MODES = frozenset(Mode)


def _step(
    sources: Collection[Status],
    target: Status | None,
    *by: By,
    modes: Collection[Mode] = ALL_MODES,
    needs: tuple[Condition, ...] = (),
    on: Subject = Subject.CHALLENGE,
) -> Step:
    return Step(frozenset(sources), target, frozenset(by), on, frozenset(modes), needs)


STEPS: Mapping[Action, Step] = {
    Action.EDIT: _step({Status.COLLECTED}, None, By.OWNER, By.BUREAU),
    Action.SCREEN: _step({Status.COLLECTED, Status.SCREENED}, Status.SCREENED, By.BUREAU),
    Action.DROP: _step({Status.COLLECTED, Status.SCREENED}, Status.DROPPED, By.OWNER, By.BUREAU),
    Action.LIST: _step({Status.SCREENED}, Status.LISTED, By.BUREAU),
    Action.OPEN: _step({Status.LISTED}, Status.CALLING, By.MARKET, modes=ALL_MODES - {Mode.DIRECTED}),
    Action.INVITE: _step({Status.LISTED}, Status.CALLING, By.BUREAU, modes={Mode.DIRECTED}),
    Action.POSTPONE: _step({Status.CALLING}, None, By.BUREAU),
    Action.CLOSE: _step(
        {Status.CALLING}, Status.CLOSED, By.BUREAU, needs=(Condition.DEADLINE_PASSED,)
    ),
    Action.CHECK_BID: _step({Status.CLOSED}, None, By.BUREAU),
    Action.FINISH_CHECKS: _step(
        {Status.CLOSED}, Status.CHECKED, By.MARKET,
        needs=(Condition.ALL_CHECKED, Condition.SOME_PASSED),
    ),
    Action.FAIL: _step({Status.CLOSED}, Status.FAILED, By.MARKET, needs=(Condition.NONE_PASSED,)),
    Action.DRAW: _step({Status.CHECKED}, None, By.BUREAU, needs=(Condition.PANEL_NEEDED,)),
    Action.DECLARE: _step({Status.CHECKED}, None, By.EXPERT, By.BUREAU),
    Action.SCORE: _step({Status.CHECKED}, None, By.EXPERT, By.BUREAU),
    Action.APPRAISE: _step({Status.CHECKED}, None, By.OWNER, modes={Mode.CROWDSOURCING}),
    Action.REVIEW: _step(
        {Status.CHECKED}, Status.REVIEWED, By.BUREAU,
        needs=(
            Condition.ALL_CHECKED, Condition.SOME_PASSED, Condition.PANEL_CLEARED, Condition.ALL_SCORED,
            Condition.NO_OPEN_OBJECTION,
        ),
    ),
    Action.NOTICE: _step({Status.REVIEWED}, Status.NOTICED, By.BUREAU),
    Action.OBJECT: _step({Status.NOTICED}, None, By.SIGNED_IN),
    Action.ANSWER: _step({Status.NOTICED, Status.CHECKED, Status.TERMINATED}, None, By.BUREAU),
    Action.REOPEN: _step({Status.NOTICED}, Status.CHECKED, By.BUREAU),
    Action.AWARD: _step(
        {Status.NOTICED}, Status.AWARDED, By.BUREAU,
        needs=(Condition.NOTICE_ENDED, Condition.NO_OPEN_OBJECTION),
    ),
    Action.CANCEL: _step(
        {Status.LISTED, Status.CALLING, Status.CLOSED, Status.CHECKED, Status.REVIEWED, Status.NOTICED},
        Status.TERMINATED, By.BUREAU,
    ),
    Action.SIGN: _step({Status.AWARDED}, Status.CONTRACTED, By.MARKET, on=Subject.AWARD),
    Action.UNSIGN: _step({Status.CONTRACTED}, Status.AWARDED, By.MARKET, on=Subject.AWARD),
    Action.START: _step(
        {Status.CONTRACTED}, Status.IMPLEMENTING, By.BUREAU, on=Subject.AWARD,
        modes=ALL_MODES - {Mode.POST_SUBSIDY}, needs=(Condition.PROJECT_OPEN,),
    ),
    Action.VERIFY: _step(
        {Status.AWARDED, Status.CONTRACTED}, Status.IMPLEMENTING, By.BUREAU, on=Subject.AWARD,
        modes={Mode.POST_SUBSIDY}, needs=(Condition.PROJECT_OPEN,),
    ),
    Action.CONTINUE: _step(
        {Status.IMPLEMENTING, Status.RECTIFYING}, Status.IMPLEMENTING, By.BUREAU, on=Subject.AWARD
    ),
    Action.RECTIFY: _step(
        {Status.IMPLEMENTING}, Status.RECTIFYING, By.BUREAU, on=Subject.AWARD,
        needs=(Condition.NOT_RECTIFIED,),
    ),
    Action.ACCEPT: _step(
        {Status.IMPLEMENTING, Status.RECTIFYING}, Status.ACCEPTED, By.BUREAU, on=Subject.AWARD,
        needs=(Condition.MILESTONES_DONE,),
    ),
    Action.PAY: _step(
        {Status.CONTRACTED, Status.IMPLEMENTING, Status.RECTIFYING, Status.ACCEPTED}, None, By.BUREAU,
        on=Subject.AWARD,
        needs=(Condition.GRANT_DUE, Condition.CONTRACT_STANDS, Condition.PROJECT_OPEN),
    ),
    Action.WITHDRAW_PAYMENT: _step(
        {*LIVE_AWARD, Status.ACCEPTED, Status.TERMINATED}, None, By.BUREAU, on=Subject.AWARD
    ),
    Action.TERMINATE: _step(set(LIVE_AWARD), Status.TERMINATED, By.BUREAU, on=Subject.AWARD),
}  # fmt: skip
"""Every step but the first, COLLECT, by which a challenge comes to be."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a step is not taken."""

    code: str
    detail: str


def step_refusal(action: Action, facts: Facts) -> Refusal | None:
    """Say why a step cannot be taken as things stand; None if it can. Who takes it is asked elsewhere."""
    step = STEPS[action]
    if facts.mode not in step.modes:
        detail = f"{MODE_NAMES[facts.mode]}项目不进行“{ACTION_NAMES[action]}”。"
        return Refusal("mode-not-allowed", detail)
    if facts.status not in step.sources:
        detail = f"该项目现为“{STATUS_NAMES[facts.status]}”，不能进行“{ACTION_NAMES[action]}”。"
        return Refusal("illegal-transition", detail)
    for condition in step.needs:
        holds, detail = CONDITIONS[condition]
        if not holds(facts):
            return Refusal(condition.value, detail)
    return None
