"""Workflow of a suggestion, as a table, and the rule on conflicts of interest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """State of a suggestion."""

    SUGGESTED = "suggested"
    DECLINED = "declined"
    RECOMMENDED = "recommended"
    NOT_INTERESTED = "not_interested"
    AGREED = "agreed"
    CONTRACTED = "contracted"
    FAILED = "failed"
    LAPSED = "lapsed"


STATUS_NAMES: Mapping[Status, str] = {
    Status.SUGGESTED: "待审核",
    Status.DECLINED: "已否决",
    Status.RECOMMENDED: "已推荐",
    Status.NOT_INTERESTED: "一方无意",
    Status.AGREED: "双方有意",
    Status.CONTRACTED: "已签约",
    Status.FAILED: "未成交",
    Status.LAPSED: "已失效",
}


class Action(StrEnum):
    """A step in the life of a suggestion."""

    SUGGEST = "suggest"
    ASSIGN = "assign"
    DECLINE = "decline"
    RECOMMEND = "recommend"
    INTEREST = "interest"
    DISINTEREST = "disinterest"
    AGREE = "agree"
    NOTE = "note"
    SIGN = "sign"
    FAIL = "fail"
    LAPSE = "lapse"
    REVIVE = "revive"


class Side(StrEnum):
    """Which side of a suggestion an organisation stands on."""

    NEED = "need"
    ACHIEVEMENT = "achievement"


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the transition table; a target of None leaves the state as it is."""

    sources: frozenset[Status]
    target: Status | None


TRANSITIONS: Mapping[Action, Step] = {
    Action.ASSIGN: Step(frozenset({Status.SUGGESTED, Status.RECOMMENDED, Status.AGREED}), None),
    Action.DECLINE: Step(frozenset({Status.SUGGESTED}), Status.DECLINED),
    Action.RECOMMEND: Step(frozenset({Status.SUGGESTED}), Status.RECOMMENDED),
    Action.INTEREST: Step(frozenset({Status.RECOMMENDED}), None),
    Action.DISINTEREST: Step(frozenset({Status.RECOMMENDED}), Status.NOT_INTERESTED),
    Action.AGREE: Step(frozenset({Status.RECOMMENDED}), Status.AGREED),
    Action.NOTE: Step(frozenset({Status.RECOMMENDED, Status.AGREED}), None),
    Action.SIGN: Step(frozenset({Status.AGREED}), Status.CONTRACTED),
    Action.FAIL: Step(frozenset({Status.AGREED}), Status.FAILED),
    Action.LAPSE: Step(frozenset({Status.SUGGESTED, Status.RECOMMENDED}), Status.LAPSED),
    Action.REVIVE: Step(frozenset({Status.LAPSED}), Status.SUGGESTED),
}

OPEN_TO_PARTIES = frozenset(
    {Status.RECOMMENDED, Status.NOT_INTERESTED, Status.AGREED, Status.CONTRACTED, Status.FAILED}
)
"""States in which both sides may see the suggestion."""

RELEASED = frozenset({Status.AGREED, Status.CONTRACTED, Status.FAILED})
"""States in which each side may read the other's confidential part: both have agreed."""


def has_conflict(organisation_id: int | None, *, need_owner_id: int, achievement_owner_id: int) -> bool:
    """Tell whether a broker's own organisation stands on either side."""
    return organisation_id is not None and organisation_id in {need_owner_id, achievement_owner_id}
