"""After registration: change and cancellation at the seller's request, revocation by authority."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import Actor, oversees
from market.clock import china_day
from market.contracts import queries
from market.contracts.ledger import Ledger
from market.contracts.models import Contract, ContractRequest
from market.contracts.rules import Action, RequestKind, RuleSet, rule_set_named, rule_set_on
from market.contracts.service.application import own_form
from market.contracts.service.form import (
    check_form,
    complete_form,
    difference,
    form_of,
    from_json,
    merge_forms,
    to_json,
    write_form,
)
from market.contracts.service.registration import flush_registered, refuse_duplicate
from market.contracts.service.steps import (
    open_step,
    require_state,
    require_station,
    require_step,
    take_step,
)
from market.errors import Conflict, RuleViolation, violation


def request_change(
    session: Session,
    actor: Actor,
    contract_id: int,
    *,
    changes: Mapping[str, Any],
    reason: str,
    now: datetime,
) -> ContractRequest:
    """Ask the station to register a change (变更登记). Nothing changes until it agrees.

    Args:
        session: open transaction.
        actor: member of the seller.
        contract_id: a registered contract.
        changes: fields of the form with their new values, parties field by field.
        reason: why.
        now: present time.

    Raises:
        NotFound, PermissionDenied, Conflict: see `open_step`.
        RuleViolation: the changed form breaks a rule, or nothing would change.
    """
    contract = open_step(session, actor, contract_id, action=Action.REQUEST_CHANGE)
    with _pointing_into("/changes"):
        changed = own_form(session, actor, contract, changes=changes)
        check_form(session, changed, rules=_rules_of(contract), today=china_day(now))
    stored = difference(form_of(contract), changed)
    if not stored:
        raise violation("/changes", "nothing-to-change", "所填内容与登记内容相同，无需变更。")
    return _file_request(
        session, actor, contract, kind=RequestKind.CHANGE, changes=to_json(stored), reason=reason, now=now
    )


@contextmanager
def _pointing_into(place: str) -> Iterator[None]:
    """Let the pointers of a refused form start at the place where the input holds it."""
    try:
        yield
    except RuleViolation as error:
        fields = tuple(replace(field, pointer=place + field.pointer) for field in error.fields)
        raise RuleViolation(error.detail, code=error.code, fields=fields) from None


def request_cancellation(
    session: Session, actor: Actor, contract_id: int, *, reason: str, now: datetime
) -> ContractRequest:
    """Ask the station to cancel a registration (注销登记), as the contract was ended.

    Raises:
        NotFound, PermissionDenied, Conflict: see `open_step`.
    """
    contract = open_step(session, actor, contract_id, action=Action.REQUEST_CANCELLATION)
    return _file_request(
        session, actor, contract, kind=RequestKind.CANCELLATION, changes={}, reason=reason, now=now
    )


_REQUEST_ACTIONS = {
    RequestKind.CHANGE: Action.REQUEST_CHANGE,
    RequestKind.CANCELLATION: Action.REQUEST_CANCELLATION,
}


def _file_request(
    session: Session,
    actor: Actor,
    contract: Contract,
    *,
    kind: RequestKind,
    changes: dict[str, Any],
    reason: str,
    now: datetime,
) -> ContractRequest:
    request = ContractRequest(
        contract_id=contract.id,
        kind=kind,
        reason=reason,
        changes=changes,
        requested_by=actor.user_id,
        requested_at=now,
    )
    session.add(request)
    take_step(session, actor, contract, action=_REQUEST_ACTIONS[kind], now=now, note=reason)
    session.flush()  # the answer shows the request's id; a lost race stops here
    return request


def decide_request(
    session: Session,
    actor: Actor,
    request_id: int,
    *,
    approve: bool,
    note: str | None,
    ledger: Ledger,
    now: datetime,
) -> ContractRequest:
    """Answer the seller's request: change or cancel the registration, or leave it as it is.

    Args:
        session: open transaction.
        actor: registrar of the contract's station.
        request_id: which request.
        approve: whether it is granted.
        note: words for the seller; needed to reject.
        ledger: takes the change or the reversal.
        now: present time.

    Raises:
        NotFound: no such request, or the actor may not know of its contract.
        PermissionDenied: the actor is not the station's registrar.
        Conflict: it has been decided.
        RuleViolation: a rejection without a note, or a change that breaks a rule by now.
    """
    request = queries.get_request(session, actor, request_id)
    contract = queries.get_contract(session, actor, request.contract_id, lock=True)
    session.refresh(request)  # what it says now that its contract is locked
    require_station(actor, contract.station_id)
    if request.decided_at is not None:
        raise Conflict("该申请已经办结。", code="request-already-decided")
    if not approve and not (note and note.strip()):
        raise violation("/note", "note-missing", "请写明驳回的理由。")
    request.approved = approve
    request.decided_by = actor.user_id
    request.decided_at = now
    request.decision_note = note
    if not approve:
        take_step(session, actor, contract, action=Action.REJECT_REQUEST, now=now, note=note)
        session.flush()  # a lost race stops here
    elif request.kind is RequestKind.CANCELLATION:
        _end(session, actor, contract, action=Action.CANCEL, note=note, ledger=ledger, now=now)
    else:
        require_step(actor, contract, Action.APPROVE_CHANGE)
        _change(session, actor, contract, request, ledger=ledger, now=now)
    return request


def _change(
    session: Session,
    actor: Actor,
    contract: Contract,
    request: ContractRequest,
    *,
    ledger: Ledger,
    now: datetime,
) -> None:
    changed = complete_form(merge_forms(form_of(contract), from_json(request.changes)))
    check_form(session, changed, rules=_rules_of(contract), today=china_day(now))
    write_form(session, contract, changed)
    refuse_duplicate(session, contract)
    contract.live_identity = contract.identity
    take_step(
        session,
        actor,
        contract,
        action=Action.APPROVE_CHANGE,
        now=now,
        note=request.decision_note,
        snapshot=to_json(changed),
    )
    flush_registered(session)
    ledger.post_change(session, contract, now=now)


def revoke_contract(
    session: Session, actor: Actor, contract_id: int, *, reason: str, ledger: Ledger, now: datetime
) -> Contract:
    """Revoke a registration that was obtained wrongly (撤销登记); an open request ends with it.

    Args:
        session: open transaction.
        actor: registrar of the contract's station, or a bureau over the station's region.
        contract_id: a registered contract.
        reason: the grounds in words.
        ledger: takes the reversal.
        now: present time.

    Raises:
        NotFound, PermissionDenied, Conflict: see the parts.
    """
    contract = queries.get_contract(session, actor, contract_id, lock=True)
    if not (actor.verified and oversees(actor, contract.station.region_code)):
        require_station(actor, contract.station_id)
    require_state(contract, Action.REVOKE)
    request = queries.find_open_request(session, contract.id)
    if request is not None:
        request.approved = False
        request.decided_by = actor.user_id
        request.decided_at = now
        request.decision_note = "登记已被撤销。"
    _end(session, actor, contract, action=Action.REVOKE, note=reason, ledger=ledger, now=now)
    return contract


def _end(
    session: Session,
    actor: Actor,
    contract: Contract,
    *,
    action: Action,
    note: str | None,
    ledger: Ledger,
    now: datetime,
) -> None:
    contract.ended_on = china_day(now)
    contract.live_identity = None
    take_step(session, actor, contract, action=action, now=now, note=note)
    session.flush()  # the ledger reads what is written
    ledger.post_reversal(session, contract, now=now)


def _rules_of(contract: Contract) -> RuleSet:
    """A change stands under the rules of the registration it changes."""
    if contract.rule_version is not None:
        return rule_set_named(contract.rule_version)
    day: date = contract.registered_on or contract.signed_on
    return rule_set_on(day)
