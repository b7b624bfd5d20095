"""The life of a challenge and of its awards, in all modes, as one table of actions.

Up to the award an action is taken with the challenge, from then on with one award; several awards of a
race go their ways side by side, and the challenge follows them (`state_of_challenge`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """How a challenge finds who solves it."""

    OPEN_CALL = "open_call"
    RACE = "race"
    DIRECTED = "directed"
    CROWDSOURCING = "crowdsourcing"
    POST_SUBSIDY = "post_subsidy"


MODE_NAMES: Mapping[Mode, str] = {
    Mode.OPEN_CALL: "揭榜挂帅",
    Mode.RACE: "赛马制",
    Mode.DIRECTED: "定向委托",
    Mode.CROWDSOURCING: "研发众包",
    Mode.POST_SUBSIDY: "竞争后补助",
}


class Status(StrEnum):
    """State of a challenge; from the award on, of an award too."""

    COLLECTED = "collected"
    SCREENED = "screened"
    DROPPED = "dropped"
    LISTED = "listed"
    CALLING = "calling"
    CLOSED = "closed"
    CHECKED = "checked"
    REVIEWED = "reviewed"
    NOTICED = "noticed"
    AWARDED = "awarded"
    CONTRACTED = "contracted"
    IMPLEMENTING = "implementing"
    RECTIFYING = "rectifying"
    ACCEPTED = "accepted"
    TERMINATED = "terminated"
    FAILED = "failed"


STATUS_NAMES: Mapping[Status, str] = {
    Status.COLLECTED: "待筛选",
    Status.SCREENED: "待发榜",
    Status.DROPPED: "未入选",
    Status.LISTED: "已发榜",
    Status.CALLING: "揭榜中",
    Status.CLOSED: "已截止",
    Status.CHECKED: "评审中",
    Status.REVIEWED: "待公示",
    Status.NOTICED: "公示中",
    Status.AWARDED: "已立项",
    Status.CONTRACTED: "已签约",
    Status.IMPLEMENTING: "实施中",
    Status.RECTIFYING: "整改中",
    Status.ACCEPTED: "通过验收",
    Status.TERMINATED: "已终止",
    Status.FAILED: "流榜",
}

LIVE_AWARD = (Status.AWARDED, Status.CONTRACTED, Status.RECTIFYING, Status.IMPLEMENTING)
"""States of an award that is not over; a challenge with several stands where the last of these is."""

BEFORE_LIST = frozenset({Status.COLLECTED, Status.SCREENED, Status.DROPPED})
"""States that only the demand side and its bureau know of."""

SEALED = BEFORE_LIST | {Status.LISTED, Status.CALLING}
"""States in which nobody but the team itself reads a bid."""

BEFORE_AWARD = SEALED | {Status.CLOSED, Status.CHECKED, Status.REVIEWED, Status.NOTICED, Status.FAILED}
"""States in which the names of experts are kept from the teams."""


class Action(StrEnum):
    """A step of a challenge or of an award."""

    COLLECT = "collect"
    EDIT = "edit"
    SCREEN = "screen"
    DROP = "drop"
    LIST = "list"
    OPEN = "open"
    INVITE = "invite"
    CLOSE = "close"
    CHECK_BID = "check_bid"
    FINISH_CHECKS = "finish_checks"
    FAIL = "fail"
    DRAW = "draw"
    DECLARE = "declare"
    SCORE = "score"
    APPRAISE = "appraise"
    REVIEW = "review"
    NOTICE = "notice"
    OBJECT = "object"
    ANSWER = "answer"
    REOPEN = "reopen"
    AWARD = "award"
    CANCEL = "cancel"
    SIGN = "sign"
    START = "start"
    VERIFY = "verify"
    CONTINUE = "continue"
    RECTIFY = "rectify"
    ACCEPT = "accept"
    PAY = "pay"
    WITHDRAW_PAYMENT = "withdraw_payment"
    TERMINATE = "terminate"


ACTION_NAMES: Mapping[Action, str] = {
    Action.COLLECT: "提出榜单需求",
    Action.EDIT: "修改",
    Action.SCREEN: "筛选入选",
    Action.DROP: "不予入选",
    Action.LIST: "发榜",
    Action.OPEN: "开始揭榜",
    Action.INVITE: "定向邀请",
    Action.CLOSE: "截止揭榜",
    Action.CHECK_BID: "形式审查",
    Action.FINISH_CHECKS: "完成形式审查",
    Action.FAIL: "流榜",
    Action.DRAW: "抽取专家",
    Action.DECLARE: "回避声明",
    Action.SCORE: "专家评分",
    Action.APPRAISE: "需求方评分",
    Action.REVIEW: "完成评审",
    Action.NOTICE: "公示",
    Action.OBJECT: "提出异议",
    Action.ANSWER: "答复异议",
    Action.REOPEN: "重新评审",
    Action.AWARD: "立项",
    Action.CANCEL: "撤销榜单",
    Action.SIGN: "合同登记",
    Action.START: "启动实施",
    Action.VERIFY: "进入后补助核验",
    Action.CONTINUE: "中期检查通过",
    Action.RECTIFY: "要求整改",
    Action.ACCEPT: "通过验收",
    Action.PAY: "拨付资助",
    Action.WITHDRAW_PAYMENT: "冲销拨付",
    Action.TERMINATE: "终止",
}


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
            Condition.ALL_CHECKED, Condition.SOME_PASSED, Condition.PANEL_CLEARED, Condition.ALL_SCORED
        ),
    ),
    Action.NOTICE: _step({Status.REVIEWED}, Status.NOTICED, By.BUREAU),
    Action.OBJECT: _step({Status.NOTICED}, None, By.SIGNED_IN),
    Action.ANSWER: _step({Status.NOTICED}, None, By.BUREAU),
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
    Action.START: _step(
        {Status.CONTRACTED}, Status.IMPLEMENTING, By.BUREAU, on=Subject.AWARD,
        modes=ALL_MODES - {Mode.POST_SUBSIDY},
    ),
    Action.VERIFY: _step(
        {Status.AWARDED, Status.CONTRACTED}, Status.IMPLEMENTING, By.BUREAU, on=Subject.AWARD,
        modes={Mode.POST_SUBSIDY},
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
        on=Subject.AWARD, needs=(Condition.GRANT_DUE,),
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


def start_action(mode: Mode) -> Action:
    """Return the step by which an award's work begins."""
    return Action.VERIFY if mode is Mode.POST_SUBSIDY else Action.START


def state_of_challenge(awards: Collection[Status]) -> Status:
    """Return the state of a challenge with these awards: of the furthest that is not over.

    Once all are over it is accepted if one of them was.
    """
    live = [LIVE_AWARD.index(status) for status in awards if status in LIVE_AWARD]
    if live:
        return LIVE_AWARD[max(live)]
    return Status.ACCEPTED if Status.ACCEPTED in awards else Status.TERMINATED
