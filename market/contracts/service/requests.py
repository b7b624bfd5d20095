"""After registration: asking for a change, a settlement or the end of a registration."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.clock import china_day
from market.contracts import queries
from market.contracts.models import Contract, ContractRequest
from market.contracts.rules import Action, RequestKind
from market.contracts.service.application import own_form, require_known_brokered
from market.contracts.service.form import SIDES, check_form, difference, form_of, refuse_retired, to_json
from market.contracts.service.questions import confirm_amounts
from market.contracts.service.review import require_words
from market.contracts.service.steps import open_step, take_step
from market.errors import Conflict, RuleViolation, violation
from market.reference.queries import check_codes, get_region
from market.reference.rules import Scheme

SETTLED_FIELDS = (
    "total_amount_fen",
    "tech_amount_fen",
    "foreign_amount",
    "exchange_rate",
    "rate_on",
    "rate_source",
)
"""What a settlement states anew: the amounts, and the rate where they are in foreign money."""


def request_change(
    session: Session,
    actor: Actor,
    contract_id: int,
    *,
    changes: Mapping[str, Any],
    reason: str,
    now: datetime,
    confirmed: Collection[str] = (),
) -> ContractRequest:
    """Ask the station to register a change (变更登记). Nothing changes until it agrees.

    Args:
        session: open transaction.
        actor: member of the applicant.
        contract_id: a registered contract.
        changes: fields of the form with their new values, parties field by field.
        reason: why.
        now: present time.
        confirmed: codes of the questions about the new amounts that the applicant answers with yes.

    Raises:
        NotFound, PermissionDenied, Conflict: see `open_step`.
        RuleViolation: the changed form breaks a rule, nothing would change, or `confirmation-needed`.
    """
    contract = open_step(session, actor, contract_id, action=Action.REQUEST_CHANGE, now=now)
    with _pointing_into("/changes"):
        stored = _changed(session, actor, contract, changes, confirmed=confirmed, now=now)
    if not stored:
        raise violation("/changes", "nothing-to-change", "所填内容与登记内容相同，无需变更。")
    return _file(session, actor, contract, kind=RequestKind.CHANGE, changes=stored, reason=reason, now=now)


def request_settlement(
    session: Session,
    actor: Actor,
    contract_id: int,
    *,
    amounts: Mapping[str, Any],
    reason: str,
    now: datetime,
    confirmed: Collection[str] = (),
) -> ContractRequest:
    """Ask the station to put the amounts that came out in the place of the estimated ones (提成结算).

    Args:
        session: open transaction.
        actor: member of the applicant.
        contract_id: a registered contract whose amounts are an estimate.
        amounts: both amounts in fen, and foreign money with its rate where the contract has any.
        reason: how they came out.
        now: present time.
        confirmed: as for a change.

    Raises:
        NotFound, PermissionDenied, Conflict: see `open_step`; `not-an-estimate`.
        RuleViolation: the amounts break a rule of the form.
    """
    contract = open_step(session, actor, contract_id, action=Action.REQUEST_SETTLEMENT, now=now)
    if not contract.amount_is_estimate:
        raise Conflict("该合同的金额不是暂估，无需结算；金额有误请申请变更。", code="not-an-estimate")
    given = {name: amounts[name] for name in SETTLED_FIELDS if name in amounts}
    changes = {**given, "amount_is_estimate": False}
    stored = _changed(session, actor, contract, changes, confirmed=confirmed, now=now)
    return _file(
        session, actor, contract, kind=RequestKind.SETTLEMENT, changes=stored, reason=reason, now=now
    )


def request_cancellation(
    session: Session, actor: Actor, contract_id: int, *, reason: str, now: datetime
) -> ContractRequest:
    """Ask the station to cancel a registration (注销登记), as the contract was ended.

    Raises:
        NotFound, PermissionDenied, Conflict: see `open_step`.
    """
    contract = open_step(session, actor, contract_id, action=Action.REQUEST_CANCELLATION, now=now)
    return _file(session, actor, contract, kind=RequestKind.CANCELLATION, changes={}, reason=reason, now=now)


def request_revocation(
    session: Session, actor: Actor, contract_id: int, *, reason_code: str, reason: str, now: datetime
) -> ContractRequest:
    """Propose to revoke a registration that was obtained wrongly (撤销登记); somebody else decides.

    Who proposes it has examined it. A request of the applicant that is still open is rejected: a
    registration that may be void is neither changed nor ended in another way.

    Args:
        session: open transaction.
        actor: one of the station's people with any duty, or a bureau over the station's region.
        contract_id: a registered contract.
        reason_code: of the list `revocation_reason`.
        reason: the grounds in words.
        now: present time.

    Raises:
        NotFound, PermissionDenied, Conflict: see `open_step`; `revocation-pending`.
        RuleViolation: the reason is unknown.
    """
    contract = open_step(session, actor, contract_id, action=Action.REQUEST_REVOCATION, now=now)
    check_codes(session, [("/reason_code", Scheme.REVOCATION_REASON, reason_code)])
    require_words(reason, pointer="/reason", detail="请写明撤销的理由。")
    waiting = queries.find_open_request(session, contract.id)
    if waiting is not None:
        _supersede(session, actor, contract, waiting, now=now)
    request = _file(
        session,
        actor,
        contract,
        kind=RequestKind.REVOCATION,
        changes={},
        reason=reason,
        now=now,
        reason_code=reason_code,
    )
    request.examined_by, request.examined_at = actor.user_id, now
    session.flush()  # the answer shows what is written
    return request


def _supersede(
    session: Session, actor: Actor, contract: Contract, waiting: ContractRequest, *, now: datetime
) -> None:
    if waiting.kind is RequestKind.REVOCATION:
        raise Conflict("该合同的撤销已在办理。", code="revocation-pending")
    waiting.approved = False
    waiting.decided_by, waiting.decided_at = actor.user_id, now
    waiting.decision_note = "已提请撤销登记，此项申请不再办理。"
    take_step(session, actor, contract, action=Action.REJECT_REQUEST, now=now, note=waiting.decision_note)


def _changed(
    session: Session,
    actor: Actor,
    contract: Contract,
    changes: Mapping[str, Any],
    *,
    confirmed: Collection[str],
    now: datetime,
) -> dict[str, Any]:
    """Return the fields that differ, as JSON, once the changed form has been checked."""
    today = china_day(now)
    changed = own_form(session, actor, contract, changes=changes)
    check_form(session, changed, rules=queries.rules_of(session, contract), today=today)
    confirm_amounts(contract, changed, confirmed=confirmed)
    different = difference(form_of(contract), changed)
    # What a registration of old has always said may stay; what it is to say anew is looked at as such.
    for side in SIDES:
        code = different.get(side, {}).get("region_code")
        if code is not None:
            pointer = f"/{side}/region_code"
            refuse_retired(session, get_region(session, code), pointer=pointer, today=today)
    require_known_brokered(session, actor, different.get("brokered_id"), contract_id=contract.id)
    return to_json(different)


@contextmanager
def _pointing_into(place: str) -> Iterator[None]:
    """Let the pointers of a refused form start at the place where the input holds it."""
    try:
        yield
    except RuleViolation as error:
        fields = tuple(replace(field, pointer=place + field.pointer) for field in error.fields)
        raise RuleViolation(error.detail, code=error.code, fields=fields) from None


_ACTIONS = {
    RequestKind.CHANGE: Action.REQUEST_CHANGE,
    RequestKind.SETTLEMENT: Action.REQUEST_SETTLEMENT,
    RequestKind.CANCELLATION: Action.REQUEST_CANCELLATION,
    RequestKind.REVOCATION: Action.REQUEST_REVOCATION,
}


def _file(
    session: Session,
    actor: Actor,
    contract: Contract,
    *,
    kind: RequestKind,
    changes: dict[str, Any],
    reason: str,
    now: datetime,
    reason_code: str | None = None,
) -> ContractRequest:
    request = ContractRequest(
        contract_id=contract.id,
        kind=kind,
        reason_code=reason_code,
        reason=reason,
        changes=changes,
        requested_by=actor.user_id,
        requested_at=now,
    )
    session.add(request)
    take_step(session, actor, contract, action=_ACTIONS[kind], now=now, reason_code=reason_code, note=reason)
    session.flush()  # the answer shows the request's id; a lost race stops here
    return request
