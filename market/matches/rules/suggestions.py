"""Workflow of a suggestion, as a table; conflicts of interest; what brokers' decisions can teach."""

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


class WeightsSource(StrEnum):
    """Where a version of the weights came from."""

    SHIPPED = "shipped"
    LEARNED = "learned"


DECLINES_ABOUT_FIT = frozenset({"off_topic", "immature", "budget"})
"""Codes of `decline_reason` that say the two sides do not suit each other.

The others speak of something else and teach nothing: `already_partnered` (they have found each other
without us), `incomplete` (a listing says too little to judge), `duplicate` (the pair was dealt with
elsewhere), and `other`, which may be anything. A code that is added to the list teaches nothing until it
is named here.
"""

MIN_DECISIONS = 50
MIN_OF_EACH_KIND = 10
MIN_GROUPS = 10
"""Fewer listings than this cannot be divided into some to learn from and some to check with."""

MAX_EXPOSURE_WEIGHT = 5.0


def can_be_learnt_from(*, relevant: int, irrelevant: int, groups: int) -> bool:
    """Tell whether there are enough decisions to fit weights to.

    Args:
        relevant: pairs recommended.
        irrelevant: pairs declined because they do not fit.
        groups: listings that asked for them.
    """
    return (
        relevant + irrelevant >= MIN_DECISIONS
        and min(relevant, irrelevant) >= MIN_OF_EACH_KIND
        and groups >= MIN_GROUPS
    )


def exposure_weight(*, shown: int, decided: int) -> float:
    """Return how much a decision counts, given how many pairs of its rank were decided at all.

    Brokers begin at the top, so that pairs of low rank are decided seldom; each such decision stands for
    several that were not taken (inverse propensity weighting; Joachims, Swaminathan and Schnabel 2017,
    "Unbiased learning-to-rank with biased feedback"). One decision more and one pair left more than were
    seen keep the share off 0; the cap keeps single decisions from ruling.

    Returns:
        (shown + 2) / (decided + 1), at most 5; above 1.
    """
    return min(MAX_EXPOSURE_WEIGHT, (shown + 2) / (decided + 1))
