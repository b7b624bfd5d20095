"""Workflow of a contract's registration, as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from market.accounts.rules import Role

SELLER_ROLES = frozenset({Role.ENTERPRISE, Role.UNIVERSITY})
"""Roles whose organisations sell and buy technology."""

APPLICANT_ROLES = SELLER_ROLES | {Role.BROKER}
"""Roles that apply; agencies (中介人) for brokerage contracts."""


class Side(StrEnum):
    """A party's place in the contract."""

    SELLER = "seller"
    BUYER = "buyer"


SIDE_NAMES: Mapping[Side, str] = {Side.SELLER: "卖方", Side.BUYER: "买方"}


class Duty(StrEnum):
    """What a person at a station may decide."""

    EXAMINE = "examine"
    APPROVE = "approve"
    APPROVE_LARGE = "approve_large"


DUTY_NAMES: Mapping[Duty, str] = {
    Duty.EXAMINE: "登记员",
    Duty.APPROVE: "审批员",
    Duty.APPROVE_LARGE: "大额审批员",
}


class Scan(StrEnum):
    """Whether the malware hook has looked at a file."""

    CLEAN = "clean"
    NOT_SCANNED = "not_scanned"


class IncomeStatus(StrEnum):
    """State of a verification of technical income."""

    SUBMITTED = "submitted"
    RETURNED = "returned"
    VERIFIED = "verified"
    REFUSED = "refused"
    VOID = "void"


class Status(StrEnum):
    """State of a contract at the station."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
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
    Status.ACCEPTED: "已受理",
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
    EXAMINE = "examine"
    MARK_DISPUTED = "mark_disputed"
    CALL_EXPERTS = "call_experts"
    RECORD_OPINION = "record_opinion"
    RETURN = "return"
    REFUSE = "refuse"
    ESCALATE = "escalate"
    REGISTER = "register"
    REQUEST_CHANGE = "request_change"
    REQUEST_SETTLEMENT = "request_settlement"
    REQUEST_CANCELLATION = "request_cancellation"
    REQUEST_REVOCATION = "request_revocation"
    EXAMINE_REQUEST = "examine_request"
    APPROVE_CHANGE = "approve_change"
    SETTLE = "settle"
    REJECT_REQUEST = "reject_request"
    CANCEL = "cancel"
    REVOKE = "revoke"


ACTION_NAMES: Mapping[Action, str] = {
    Action.CREATE: "起草",
    Action.EDIT: "修改",
    Action.SUBMIT: "提交",
    Action.WITHDRAW: "撤回",
    Action.ACCEPT: "受理",
    Action.EXAMINE: "审核",
    Action.MARK_DISPUTED: "列为有争议",
    Action.CALL_EXPERTS: "提请专家评审",
    Action.RECORD_OPINION: "记录专家意见",
    Action.RETURN: "退回补正",
    Action.REFUSE: "不予登记",
    Action.ESCALATE: "转大额复审",
    Action.REGISTER: "登记",
    Action.REQUEST_CHANGE: "申请变更",
    Action.REQUEST_SETTLEMENT: "申请结算",
    Action.REQUEST_CANCELLATION: "申请注销",
    Action.REQUEST_REVOCATION: "提请撤销",
    Action.EXAMINE_REQUEST: "审核申请",
    Action.APPROVE_CHANGE: "准予变更",
    Action.SETTLE: "准予结算",
    Action.REJECT_REQUEST: "驳回申请",
    Action.CANCEL: "注销",
    Action.REVOKE: "撤销登记",
}


class By(StrEnum):
    """Who may take a step: the party that applies, the station, or the station and bureaus over it."""

    APPLICANT = "applicant"
    STATION = "station"
    AUTHORITY = "authority"


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the transition table; a target of None leaves the contract where it is."""

    sources: frozenset[Status]
    target: Status | None
    by: By


def _step(sources: set[Status] | frozenset[Status], target: Status | None, by: By) -> Step:
    return Step(frozenset(sources), target, by)


EDITABLE = frozenset({Status.DRAFT, Status.RETURNED})
UNDER_REVIEW = frozenset({Status.ACCEPTED, Status.IN_REVIEW, Status.LARGE_REVIEW})
"""States in which the station's time runs."""

AT_STATION = frozenset({Status.SUBMITTED}) | UNDER_REVIEW
"""States in which the station has to do something before registration."""

LIVE = frozenset({Status.REGISTERED, Status.CHANGE_PENDING})
"""States in which a contract counts: the ledger's sum equals the sum over these."""

TRANSITIONS: Mapping[Action, Step] = {
    Action.SUBMIT: _step(EDITABLE, Status.SUBMITTED, By.APPLICANT),
    Action.WITHDRAW: _step(EDITABLE | {Status.SUBMITTED}, Status.WITHDRAWN, By.APPLICANT),
    Action.ACCEPT: _step({Status.SUBMITTED}, Status.ACCEPTED, By.STATION),
    Action.EXAMINE: _step({Status.ACCEPTED}, Status.IN_REVIEW, By.STATION),
    Action.MARK_DISPUTED: _step(UNDER_REVIEW, None, By.STATION),
    Action.CALL_EXPERTS: _step(UNDER_REVIEW, None, By.STATION),
    Action.RECORD_OPINION: _step(UNDER_REVIEW, None, By.STATION),
    Action.RETURN: _step(AT_STATION, Status.RETURNED, By.STATION),
    Action.REFUSE: _step(AT_STATION, Status.REFUSED, By.STATION),
    Action.ESCALATE: _step({Status.IN_REVIEW}, Status.LARGE_REVIEW, By.STATION),
    Action.REGISTER: _step({Status.IN_REVIEW, Status.LARGE_REVIEW}, Status.REGISTERED, By.STATION),
    Action.REQUEST_CHANGE: _step({Status.REGISTERED}, Status.CHANGE_PENDING, By.APPLICANT),
    Action.REQUEST_SETTLEMENT: _step({Status.REGISTERED}, Status.CHANGE_PENDING, By.APPLICANT),
    Action.REQUEST_CANCELLATION: _step({Status.REGISTERED}, Status.CHANGE_PENDING, By.APPLICANT),
    Action.REQUEST_REVOCATION: _step(LIVE, Status.CHANGE_PENDING, By.AUTHORITY),
    Action.EXAMINE_REQUEST: _step({Status.CHANGE_PENDING}, None, By.STATION),
    Action.APPROVE_CHANGE: _step({Status.CHANGE_PENDING}, Status.REGISTERED, By.STATION),
    Action.SETTLE: _step({Status.CHANGE_PENDING}, Status.REGISTERED, By.STATION),
    Action.REJECT_REQUEST: _step({Status.CHANGE_PENDING}, Status.REGISTERED, By.AUTHORITY),
    Action.CANCEL: _step({Status.CHANGE_PENDING}, Status.CANCELLED, By.STATION),
    Action.REVOKE: _step({Status.CHANGE_PENDING}, Status.REVOKED, By.AUTHORITY),
}

INTERNAL = frozenset({Action.EXAMINE, Action.CALL_EXPERTS, Action.EXAMINE_REQUEST})
"""Steps whose words one person at the station writes for the next; parties see that they were taken."""

_ANY_DUTY = frozenset(Duty)
_DUTIES: Mapping[Action, frozenset[Duty]] = {
    Action.EXAMINE: frozenset({Duty.EXAMINE}),
    Action.ESCALATE: frozenset({Duty.APPROVE}),
    Action.REGISTER: frozenset({Duty.APPROVE}),
    Action.REFUSE: frozenset({Duty.APPROVE, Duty.APPROVE_LARGE}),
    Action.EXAMINE_REQUEST: frozenset({Duty.EXAMINE}),
}


def duties_for(action: Action, status: Status) -> frozenset[Duty]:
    """Return the duties of which a person at the station needs one to take a step from a state.

    What a large review decides, registration or refusal, only its own approver decides.
    """
    if status is Status.LARGE_REVIEW and action in {Action.REGISTER, Action.REFUSE}:
        return frozenset({Duty.APPROVE_LARGE})
    return _DUTIES.get(action, _ANY_DUTY)


def decision_duties(*, large: bool) -> frozenset[Duty]:
    """Return the duties of which a person at the station needs one to decide a request."""
    return frozenset({Duty.APPROVE_LARGE if large else Duty.APPROVE})


def approval_action(status: Status, *, large: bool) -> Action:
    """Return what an approval does: a large contract goes to a second person first."""
    return Action.ESCALATE if status is Status.IN_REVIEW and large else Action.REGISTER


class RequestKind(StrEnum):
    """What is to be done with a registered contract."""

    CHANGE = "change"
    SETTLEMENT = "settlement"
    CANCELLATION = "cancellation"
    REVOCATION = "revocation"


REQUEST_NAMES: Mapping[RequestKind, str] = {
    RequestKind.CHANGE: "变更",
    RequestKind.SETTLEMENT: "结算",
    RequestKind.CANCELLATION: "注销",
    RequestKind.REVOCATION: "撤销",
}
