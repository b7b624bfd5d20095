"""Modes, states and actions of a challenge and of its awards; the table of actions is in `steps`.

Up to the award an action is taken with the challenge, from then on with one award; several awards of a
race go their ways side by side, and the challenge follows them (`state_of_challenge`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
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
"""States before the call is closed; what is read later is decided by what happened, see `UNSEALING`."""


class Action(StrEnum):
    """A step of a challenge or of an award."""

    COLLECT = "collect"
    EDIT = "edit"
    SCREEN = "screen"
    DROP = "drop"
    LIST = "list"
    OPEN = "open"
    INVITE = "invite"
    POSTPONE = "postpone"
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
    UNSIGN = "unsign"
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
    Action.POSTPONE: "延期截止",
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
    Action.UNSIGN: "合同失效",
    Action.START: "启动实施",
    Action.VERIFY: "进入后补助核验",
    Action.CONTINUE: "中期检查通过",
    Action.RECTIFY: "要求整改",
    Action.ACCEPT: "通过验收",
    Action.PAY: "拨付资助",
    Action.WITHDRAW_PAYMENT: "冲销拨付",
    Action.TERMINATE: "终止",
}


UNSEALING = frozenset({Action.CLOSE, Action.FINISH_CHECKS, Action.AWARD})
"""Steps after which more is read: bids by the bureau, bids by experts and demand side, names and scores.

A challenge that was called off has the same state wherever it stood; whether these were taken tells more.
"""


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
