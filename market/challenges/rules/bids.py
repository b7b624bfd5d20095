"""The life of a bid as a table, and until when it is open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class BidStatus(StrEnum):
    """State of a bid (揭榜申报)."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"
    PASSED = "passed"
    REFUSED = "refused"
    AWARDED = "awarded"
    NOT_AWARDED = "not_awarded"


BID_STATUS_NAMES: Mapping[BidStatus, str] = {
    BidStatus.DRAFT: "草稿",
    BidStatus.SUBMITTED: "已提交",
    BidStatus.WITHDRAWN: "已撤回",
    BidStatus.PASSED: "形式审查通过",
    BidStatus.REFUSED: "形式审查不通过",
    BidStatus.AWARDED: "中榜",
    BidStatus.NOT_AWARDED: "未中榜",
}


class BidAction(StrEnum):
    """A step of a bid."""

    CREATE = "create"
    EDIT = "edit"
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    PASS = "pass"  # noqa: S105  # a decision
    REFUSE = "refuse"
    AWARD = "award"
    PASS_OVER = "pass_over"  # noqa: S105  # the same


@dataclass(frozen=True, slots=True)
class BidStep:
    """One row of the table; a target of None leaves the state as it is."""

    sources: frozenset[BidStatus]
    target: BidStatus | None
    before_deadline: bool


def _step(sources: set[BidStatus], target: BidStatus | None, *, before_deadline: bool = False) -> BidStep:
    return BidStep(frozenset(sources), target, before_deadline)


OPEN_BID = frozenset({BidStatus.DRAFT, BidStatus.SUBMITTED})

BID_STEPS: Mapping[BidAction, BidStep] = {
    BidAction.EDIT: _step(set(OPEN_BID), None, before_deadline=True),
    BidAction.SUBMIT: _step({BidStatus.DRAFT}, BidStatus.SUBMITTED, before_deadline=True),
    BidAction.WITHDRAW: _step(set(OPEN_BID), BidStatus.WITHDRAWN, before_deadline=True),
    BidAction.PASS: _step({BidStatus.SUBMITTED}, BidStatus.PASSED),
    BidAction.REFUSE: _step({BidStatus.SUBMITTED}, BidStatus.REFUSED),
    BidAction.AWARD: _step({BidStatus.PASSED}, BidStatus.AWARDED),
    BidAction.PASS_OVER: _step({BidStatus.PASSED}, BidStatus.NOT_AWARDED),
}

HANDED_IN = frozenset(BidStatus) - {BidStatus.DRAFT, BidStatus.WITHDRAWN}
"""States of a bid that stands, whatever became of it."""

SCORED = frozenset({BidStatus.PASSED, BidStatus.AWARDED, BidStatus.NOT_AWARDED})
"""States of a bid that the panel looks at, then and later."""


def is_late(closes_at: datetime | None, *, now: datetime) -> bool:
    """Tell whether the time for bids is over; the closing moment itself is too late."""
    return closes_at is None or now >= closes_at
