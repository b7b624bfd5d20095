"""Answering requests about a registered contract: one person examines, one decides, often another."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.models import User
from market.accounts.rules import Actor, Role
from market.clock import china_day
from market.contracts import queries
from market.contracts.ledger import Ledger
from market.contracts.models import Contract, ContractRequest
from market.contracts.rules import REQUEST_NAMES, Action, RequestKind, RuleSet, decision_duties, is_large
from market.contracts.rules.certificates import CANCELLED, CHANGED, REVOKED
from market.contracts.service.awarded import release_award
from market.contracts.service.certificates import issue, void_all
from market.contracts.service.form import (
    check_form,
    complete_form,
    form_of,
    from_json,
    merge_forms,
    to_json,
    write_form,
)
from market.contracts.service.registration import flush_registered, refuse_duplicate
from market.contracts.service.review import require_words
from market.contracts.service.steps import (
    require_any_duty,
    require_state,
    require_step,
    take_step,
    watches,
)
from market.errors import Conflict, PermissionDenied


def examine_request(
    session: Session, actor: Actor, request_id: int, *, note: str, now: datetime
) -> ContractRequest:
    """Write down what an examiner found about a request, before it is decided.

    Args:
        session: open transaction.
        actor: an examiner (登记员) of the contract's station.
        request_id: which request.
        note: the examiner's words.
        now: present time.

    Raises:
        NotFound: no such request, or the actor may not know of its contract.
        PermissionDenied: not of the station, or without the duty.
        Conflict: it has been decided, or examined already.
        RuleViolation: no words are given.
    """
    request, contract = _locked(session, actor, request_id)
    require_step(session, actor, contract, action=Action.EXAMINE_REQUEST, now=now)
    _require_open(request)
    if request.examined_at is not None:
        raise Conflict("该申请已经审核。", code="request-already-examined")
    require_words(note, pointer="/note", detail="请写明审核意见。")
    request.examined_by, request.examined_at, request.examination_note = actor.user_id, now, note
    take_step(session, actor, contract, action=Action.EXAMINE_REQUEST, now=now, note=note)
    session.flush()  # a lost race stops here
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
    """Answer an examined request: do what it asks, or leave the registration as it is.

    Args:
        session: open transaction.
        actor: an approver (审批员) of the contract's station, of large contracts where it is one; a
            bureau over the station's region for a revocation the station proposed.
        request_id: which request.
        approve: whether it is granted.
        note: words for the other side; needed to reject.
        ledger: takes the change or the reversal.
        now: present time.

    Raises:
        NotFound: no such request, or the actor may not know of its contract.
        PermissionDenied: not of the station, without the duty, or a second person is needed.
        Conflict: it has been decided, or nobody has examined it.
        RuleViolation: a rejection without a note, or a change that breaks a rule by now.
    """
    request, contract = _locked(session, actor, request_id)
    form = _form_after(contract, request)
    _require_decider(session, actor, contract, request, form=form, now=now)
    if not approve:
        require_words(note or "", pointer="/note", detail="请写明驳回的理由。")
    request.approved = approve
    request.decided_by = actor.user_id
    request.decided_at = now
    request.decision_note = note
    if not approve:
        take_step(session, actor, contract, action=Action.REJECT_REQUEST, now=now, note=note)
        session.flush()  # a lost race stops here
    elif request.kind is RequestKind.CANCELLATION:
        _end(session, actor, contract, action=Action.CANCEL, request=request, ledger=ledger, now=now)
    elif request.kind is RequestKind.REVOCATION:
        _end(session, actor, contract, action=Action.REVOKE, request=request, ledger=ledger, now=now)
    else:
        _change(session, actor, contract, request, form=form, ledger=ledger, now=now)
    return request


def _locked(session: Session, actor: Actor, request_id: int) -> tuple[ContractRequest, Contract]:
    request = queries.get_request(session, actor, request_id)
    contract = queries.get_contract(session, actor, request.contract_id, lock=True)
    session.refresh(request)  # what it says now that its contract is locked
    return request, contract


def _require_open(request: ContractRequest) -> None:
    if request.decided_at is not None:
        raise Conflict("该申请已经办结。", code="request-already-decided")


def _form_after(contract: Contract, request: ContractRequest) -> dict[str, Any]:
    return complete_form(merge_forms(form_of(contract), from_json(request.changes)))


def _require_decider(
    session: Session,
    actor: Actor,
    contract: Contract,
    request: ContractRequest,
    *,
    form: dict[str, Any],
    now: datetime,
) -> None:
    """Refuse whoever may not decide this request now."""
    rules = queries.rules_of(session, contract)
    large = _is_large(rules, form_of(contract)) or _is_large(rules, form)
    from_above = request.kind is RequestKind.REVOCATION and watches(actor, contract)
    if not from_above:
        require_any_duty(
            session,
            actor,
            contract.station_id,
            duties=decision_duties(large=large),
            purpose=f"决定{REQUEST_NAMES[request.kind]}",
            day=china_day(now),
        )
    _require_open(request)
    require_state(contract, Action.REJECT_REQUEST)
    if from_above and not _filed_by_station(session, request):
        raise PermissionDenied("主管部门提请的撤销由登记机构决定。", code="second-person-needed")
    if request.examined_at is None:
        raise Conflict("该申请尚未审核，不能决定。", code="request-not-examined")
    another = large or rules.approver_differs or request.kind is RequestKind.REVOCATION
    if another and request.examined_by == actor.user_id:
        raise PermissionDenied("该申请须由审核人以外的另一人决定。", code="second-person-needed")


def _is_large(rules: RuleSet, form: dict[str, Any]) -> bool:
    return is_large(rules, total_amount_fen=form["total_amount_fen"], tech_amount_fen=form["tech_amount_fen"])


def _filed_by_station(session: Session, request: ContractRequest) -> bool:
    filer = session.get(User, request.requested_by) if request.requested_by is not None else None
    return filer is not None and filer.role is Role.REGISTRAR


def _change(
    session: Session,
    actor: Actor,
    contract: Contract,
    request: ContractRequest,
    *,
    form: dict[str, Any],
    ledger: Ledger,
    now: datetime,
) -> None:
    check_form(session, form, rules=queries.rules_of(session, contract), today=china_day(now))
    write_form(session, contract, form)
    refuse_duplicate(session, contract)
    contract.live_identity = contract.identity
    take_step(
        session,
        actor,
        contract,
        action=Action.SETTLE if request.kind is RequestKind.SETTLEMENT else Action.APPROVE_CHANGE,
        now=now,
        note=request.decision_note,
        snapshot=to_json(form),
    )
    flush_registered(session)
    void_all(session, contract, reason=CHANGED, now=now)
    issue(session, actor, contract, now=now)
    ledger.post_change(session, contract, now=now)


def _end(
    session: Session,
    actor: Actor,
    contract: Contract,
    *,
    action: Action,
    request: ContractRequest,
    ledger: Ledger,
    now: datetime,
) -> None:
    contract.ended_on = china_day(now)
    contract.live_identity = None
    take_step(
        session,
        actor,
        contract,
        action=action,
        now=now,
        reason_code=request.reason_code,
        note=request.decision_note,
    )
    session.flush()  # the ledger reads what is written
    release_award(session, actor, contract, now=now)
    void_all(session, contract, reason=REVOKED if action is Action.REVOKE else CANCELLED, now=now)
    ledger.post_reversal(session, contract, now=now)
