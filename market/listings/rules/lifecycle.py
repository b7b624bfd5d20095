"""Life cycle of a listing, as a table; who lists what; what may be found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from market.accounts.rules import Role


class ListingKind(StrEnum):
    """What is listed."""

    NEED = "need"
    ACHIEVEMENT = "achievement"
    SCENARIO = "scenario"


class Status(StrEnum):
    """State of a listing (domain: life cycle of a listing)."""

    DRAFT = "draft"
    PENDING = "pending"
    REWORK = "rework"
    REJECTED = "rejected"
    PUBLISHED = "published"
    MATCHING = "matching"
    CONTRACTED = "contracted"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


STATUS_NAMES: Mapping[Status, str] = {
    Status.DRAFT: "草稿",
    Status.PENDING: "待审核",
    Status.REWORK: "整改",
    Status.REJECTED: "驳回",
    Status.PUBLISHED: "已发布",
    Status.MATCHING: "对接中",
    Status.CONTRACTED: "已签约",
    Status.COMPLETED: "已完成",
    Status.WITHDRAWN: "已下架",
    Status.EXPIRED: "已过期",
}


class Action(StrEnum):
    """A step in the life of a listing."""

    CREATE = "create"
    EDIT = "edit"
    SUBMIT = "submit"
    PUBLISH = "publish"
    RETURN = "return"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    REVISE = "revise"
    RENEW = "renew"
    EXPIRE = "expire"
    START_MATCHING = "start_matching"
    REOPEN = "reopen"
    SIGN = "sign"
    COMPLETE = "complete"


class By(StrEnum):
    """Who may take a step."""

    OWNER = "owner"
    REVIEWER = "reviewer"
    MARKET = "market"
    """The market itself, as the consequence of another deed: a match, a contract, a date."""


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the transition table."""

    sources: frozenset[Status]
    target: Status
    by: frozenset[By]


def _step(sources: set[Status], target: Status, *by: By) -> Step:
    return Step(frozenset(sources), target, frozenset(by))


TRANSITIONS: Mapping[Action, Step] = {
    Action.SUBMIT: _step({Status.DRAFT, Status.REWORK}, Status.PENDING, By.OWNER),
    Action.PUBLISH: _step({Status.PENDING}, Status.PUBLISHED, By.REVIEWER),
    Action.RETURN: _step({Status.PENDING}, Status.REWORK, By.REVIEWER),
    Action.REJECT: _step({Status.PENDING}, Status.REJECTED, By.REVIEWER),
    Action.WITHDRAW: _step({Status.PUBLISHED, Status.MATCHING}, Status.WITHDRAWN, By.OWNER, By.REVIEWER),
    Action.REVISE: _step({Status.PUBLISHED, Status.WITHDRAWN, Status.EXPIRED}, Status.REWORK, By.OWNER),
    Action.RENEW: _step({Status.PUBLISHED, Status.EXPIRED}, Status.PUBLISHED, By.OWNER),
    Action.EXPIRE: _step({Status.PUBLISHED}, Status.EXPIRED, By.MARKET),
    Action.START_MATCHING: _step({Status.PUBLISHED}, Status.MATCHING, By.MARKET),
    Action.REOPEN: _step({Status.MATCHING}, Status.PUBLISHED, By.MARKET, By.OWNER),
    Action.SIGN: _step({Status.PUBLISHED, Status.MATCHING, Status.EXPIRED}, Status.CONTRACTED, By.MARKET),
    Action.COMPLETE: _step({Status.CONTRACTED}, Status.COMPLETED, By.OWNER),
}

EDITABLE = frozenset({Status.DRAFT, Status.REWORK})
PUBLIC = frozenset({Status.PUBLISHED, Status.MATCHING, Status.CONTRACTED, Status.COMPLETED})
"""States in which anyone may read the public part."""

OWNER_ROLES: Mapping[ListingKind, frozenset[Role]] = {
    ListingKind.NEED: frozenset({Role.ENTERPRISE}),
    ListingKind.ACHIEVEMENT: frozenset({Role.UNIVERSITY}),
    ListingKind.SCENARIO: frozenset({Role.ENTERPRISE, Role.UNIVERSITY, Role.BUREAU}),
}

OWNER_NAMES: Mapping[ListingKind, str] = {
    ListingKind.NEED: "企业",
    ListingKind.ACHIEVEMENT: "高校院所",
    ListingKind.SCENARIO: "企业、高校院所和主管部门",
}
REVIEWER_ROLES = frozenset({Role.BROKER, Role.BUREAU})

KIND_NAMES: Mapping[ListingKind, str] = {
    ListingKind.NEED: "需求",
    ListingKind.ACHIEVEMENT: "成果",
    ListingKind.SCENARIO: "场景",
}

DEFAULT_VALID_DAYS = 365
MAX_VALID_DAYS = 3 * 366


class Validation(StrEnum):
    """Whether a need was checked to be a real one (有效技术需求); apart from publication."""

    OPEN = "open"
    VALID = "valid"
    INVALID = "invalid"


def is_searchable(status: Status, expires_on: date, *, today: date) -> bool:
    """Tell whether a listing may be found and suggested: published, and not expired."""
    return status is Status.PUBLISHED and expires_on >= today


def expiry_fault(
    expires_on: date, *, today: date, opens_on: date | None = None, closes_on: date | None = None
) -> str | None:
    """Say in Chinese what is wrong with an expiry date; None if nothing is.

    Args:
        expires_on: last day on the market.
        today: present day in China.
        opens_on: first day on which a scenario is open; it is found at least until then.
        closes_on: last day on which a scenario is open; nobody should find it later.
    """
    if expires_on < today:
        return "有效期不能早于今天。"
    if expires_on > today + timedelta(days=MAX_VALID_DAYS):
        return "有效期不能超过三年。"
    if opens_on is not None and expires_on < opens_on:
        return "有效期不能早于场景的开放日期。"
    if closes_on is not None and expires_on > closes_on:
        return "有效期不能晚于场景的截止日期。"
    return None


def default_expiry(*, today: date, closes_on: date | None = None) -> date:
    """Return the last day on the market of a listing whose owner names none: a year, or until it closes."""
    day = today + timedelta(days=DEFAULT_VALID_DAYS)
    return day if closes_on is None else min(day, closes_on)


def opening_fault(opens_on: date | None, closes_on: date | None) -> str | None:
    """Say in Chinese what is wrong with the days on which a scenario opens and closes; None if nothing is."""
    if opens_on is not None and closes_on is not None and closes_on < opens_on:
        return "截止日期不能早于开放日期。"
    return None
