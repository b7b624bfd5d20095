"""Workflow of a contract's registration, as a table; its numbers, amounts and time limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import chinese_calendar

from market.accounts.rules import Role

LARGE_CONTRACT_FEN = 500 * 10_000 * 100
"""Technical amount from which a second approver decides: 500万元 (practice of 江苏)."""

SELLER_ROLES = frozenset({Role.ENTERPRISE, Role.UNIVERSITY})
"""Roles whose organisations sell technology, and so apply."""


class Status(StrEnum):
    """State of a contract at the station."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    LARGE_REVIEW = "large_review"
    RETURNED = "returned"
    REFUSED = "refused"
    REGISTERED = "registered"
    CHANGE_PENDING = "change_pending"
    CANCELLED = "cancelled"
    REVOKED = "revoked"
    WITHDRAWN = "withdrawn"


STATUS_NAMES: Mapping[Status, str] = {
    Status.DRAFT: "草稿",
    Status.SUBMITTED: "已提交",
    Status.IN_REVIEW: "认定审核中",
    Status.LARGE_REVIEW: "大额复审",
    Status.RETURNED: "退回补正",
    Status.REFUSED: "不予登记",
    Status.REGISTERED: "已登记",
    Status.CHANGE_PENDING: "变更中",
    Status.CANCELLED: "已注销",
    Status.REVOKED: "已撤销",
    Status.WITHDRAWN: "已撤回",
}


class Action(StrEnum):
    """A step in a contract's registration."""

    CREATE = "create"
    EDIT = "edit"
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    ACCEPT = "accept"
    RETURN = "return"
    REFUSE = "refuse"
    ESCALATE = "escalate"
    REGISTER = "register"
    REQUEST_CHANGE = "request_change"
    REQUEST_CANCELLATION = "request_cancellation"
    APPROVE_CHANGE = "approve_change"
    REJECT_REQUEST = "reject_request"
    CANCEL = "cancel"
    REVOKE = "revoke"


ACTION_NAMES: Mapping[Action, str] = {
    Action.CREATE: "起草",
    Action.EDIT: "修改",
    Action.SUBMIT: "提交",
    Action.WITHDRAW: "撤回",
    Action.ACCEPT: "受理",
    Action.RETURN: "退回补正",
    Action.REFUSE: "不予登记",
    Action.ESCALATE: "转大额复审",
    Action.REGISTER: "登记",
    Action.REQUEST_CHANGE: "申请变更",
    Action.REQUEST_CANCELLATION: "申请注销",
    Action.APPROVE_CHANGE: "准予变更",
    Action.REJECT_REQUEST: "驳回申请",
    Action.CANCEL: "注销",
    Action.REVOKE: "撤销登记",
}


class By(StrEnum):
    """Who may take a step."""

    SELLER = "seller"
    STATION = "station"


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the transition table."""

    sources: frozenset[Status]
    target: Status
    by: By


def _step(sources: set[Status], target: Status, by: By) -> Step:
    return Step(frozenset(sources), target, by)


TRANSITIONS: Mapping[Action, Step] = {
    Action.SUBMIT: _step({Status.DRAFT, Status.RETURNED}, Status.SUBMITTED, By.SELLER),
    Action.WITHDRAW: _step({Status.DRAFT, Status.SUBMITTED, Status.RETURNED}, Status.WITHDRAWN, By.SELLER),
    Action.ACCEPT: _step({Status.SUBMITTED}, Status.IN_REVIEW, By.STATION),
    Action.RETURN: _step(
        {Status.SUBMITTED, Status.IN_REVIEW, Status.LARGE_REVIEW}, Status.RETURNED, By.STATION
    ),
    Action.REFUSE: _step(
        {Status.SUBMITTED, Status.IN_REVIEW, Status.LARGE_REVIEW}, Status.REFUSED, By.STATION
    ),
    Action.ESCALATE: _step({Status.IN_REVIEW}, Status.LARGE_REVIEW, By.STATION),
    Action.REGISTER: _step({Status.IN_REVIEW, Status.LARGE_REVIEW}, Status.REGISTERED, By.STATION),
    Action.REQUEST_CHANGE: _step({Status.REGISTERED}, Status.CHANGE_PENDING, By.SELLER),
    Action.REQUEST_CANCELLATION: _step({Status.REGISTERED}, Status.CHANGE_PENDING, By.SELLER),
    Action.APPROVE_CHANGE: _step({Status.CHANGE_PENDING}, Status.REGISTERED, By.STATION),
    Action.REJECT_REQUEST: _step({Status.CHANGE_PENDING}, Status.REGISTERED, By.STATION),
    Action.CANCEL: _step({Status.CHANGE_PENDING}, Status.CANCELLED, By.STATION),
    Action.REVOKE: _step({Status.REGISTERED, Status.CHANGE_PENDING}, Status.REVOKED, By.STATION),
}

EDITABLE = frozenset({Status.DRAFT, Status.RETURNED})
LIVE = frozenset({Status.REGISTERED, Status.CHANGE_PENDING})
"""States in which a contract counts: the ledger's sum equals the sum over these."""


class RequestKind(StrEnum):
    """What the seller asks the station to do with a registered contract."""

    CHANGE = "change"
    CANCELLATION = "cancellation"


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules under which a contract is registered, chosen by the day it is accepted.

    Attributes:
        version: name stored with the registration.
        in_force_from: first day.
        types: contract types it knows.
        limit_days: days the station has from acceptance.
        working_days: whether those are working days.
        large_limit_days: the same for a large contract.
        source: where this is written, and how well it is known.
        needs_forecast: whether a transfer must state expected input and output (新增投入、新增产值).
    """

    version: str
    in_force_from: date
    types: frozenset[str]
    limit_days: int
    working_days: bool
    large_limit_days: int
    source: str
    needs_forecast: bool = False


RULE_SETS: tuple[RuleSet, ...] = (
    RuleSet(
        version="2000",
        in_force_from=date(2000, 2, 16),
        types=frozenset({"KF", "ZR", "ZX", "FW"}),
        limit_days=30,
        working_days=False,
        large_limit_days=30,
        source="技术合同认定登记管理办法（国科发政字〔2000〕063号）",
        needs_forecast=True,
    ),
    RuleSet(
        version="2021",
        in_force_from=date(2021, 1, 1),
        types=frozenset({"KF", "ZR", "XK", "ZX", "FW"}),
        limit_days=30,
        working_days=False,
        large_limit_days=30,
        source="同上，合同类别依民法典第二十章（2021年1月1日施行）",
    ),
    RuleSet(
        version="2026",
        in_force_from=date(2026, 1, 23),
        types=frozenset({"KF", "ZR", "XK", "ZX", "FW"}),
        limit_days=15,
        working_days=True,
        large_limit_days=30,
        source="技术合同认定登记管理办法（2026年1月23日印发；期限取自2024年征求意见稿，待核）",
    ),
)


def rule_set_on(day: date) -> RuleSet:
    """Return the rule set in force on a day; the oldest one for days before all."""
    return next((rules for rules in reversed(RULE_SETS) if rules.in_force_from <= day), RULE_SETS[0])


def rule_set_named(version: str) -> RuleSet:
    """Return the rule set a registration was made under.

    Raises:
        KeyError: no such version.
    """
    return {rules.version: rules for rules in RULE_SETS}[version]


def is_workday(day: date) -> bool:
    """Tell whether a day is a working day in China.

    Holidays and the working weekends that make up for them come from `chinesecalendar`. It knows
    the years the State Council has announced; in a year it does not know yet, every Monday to
    Friday counts, so a limit that reaches into that year may come out a few days early.
    """
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:  # how the calendar says that it does not know the year
        return day.weekday() < 5


def due_on(accepted_on: date, rules: RuleSet, *, large: bool, is_workday: Callable[[date], bool]) -> date:
    """Return the last day on which the station may decide, not counting the day of acceptance."""
    days = rules.large_limit_days if large else rules.limit_days
    if not rules.working_days:
        return accepted_on + timedelta(days=days)
    day = accepted_on
    while days:
        day += timedelta(days=1)
        days -= is_workday(day)
    return day


def is_large(tech_amount_fen: int) -> bool:
    """Tell whether a contract needs the second approver."""
    return tech_amount_fen >= LARGE_CONTRACT_FEN


def approval_action(status: Status, tech_amount_fen: int) -> Action:
    """Return what a registrar's approval does: a large contract goes to a second person first."""
    if status is Status.IN_REVIEW and is_large(tech_amount_fen):
        return Action.ESCALATE
    return Action.REGISTER


def amount_fault(*, total_amount_fen: int, tech_amount_fen: int) -> str | None:
    """Say in Chinese what is wrong with the two amounts; None if nothing is."""
    if total_amount_fen <= 0:
        return "合同成交额必须大于零。"
    if not 0 <= tech_amount_fen <= total_amount_fen:
        return "技术交易额不能为负，也不能大于合同成交额。"
    return None


def registration_number(*, year: int, area: str, serial: int) -> str:
    """Return a 16-digit registration number: year 4, area 6, serial 6.

    The layout of the national 16-digit number is not published; this one is ours.

    Raises:
        ValueError: the year's serials are used up.
    """
    if not 1 <= serial <= 999_999:
        raise ValueError(f"serial {serial} does not fit six digits")
    return f"{year:04d}{area}{serial:06d}"


def is_valid_external_number(number: str) -> bool:
    """Tell whether a number from elsewhere has 14 or 16 digits; it is opaque otherwise."""
    return re.fullmatch(r"[0-9]{14}|[0-9]{16}", number) is not None
