"""The station's part before registration: accepting, examining, returning and refusing an application."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.clock import china_day
from market.contracts import queries
from market.contracts.models import Contract
from market.contracts.rules import Action, RuleSet, due_on, is_large
from market.contracts.service.form import check_form_rules, form_of
from market.contracts.service.steps import open_step, take_step
from market.errors import Conflict, violation
from market.reference.queries import check_codes, is_workday
from market.reference.rules import Scheme


def accept_contract(
    session: Session, actor: Actor, contract_id: int, *, now: datetime, disputed: bool = False
) -> Contract:
    """Accept an application; the station's time runs from this day, under the rules of the day.

    For an application that was returned, it runs from the day of the corrected filing.

    Args:
        session: open transaction.
        actor: one of the station's people with any duty.
        contract_id: which contract.
        now: present time.
        disputed: whether it is disputed already, which gives the station more time.

    Raises:
        NotFound, PermissionDenied, Conflict: see `open_step`.
        RuleViolation: the form breaks a rule that came into force since it was submitted.
    """
    contract = open_step(session, actor, contract_id, action=Action.ACCEPT, now=now)
    today = china_day(now)
    day = _accepted_on(session, contract, today)
    rules = queries.rule_set_on(session, day)
    check_form_rules(form_of(contract), rules=rules, today=today)
    contract.rule_version = rules.version
    contract.accepted_on = day
    contract.disputed = contract.disputed or disputed
    _set_due(session, contract, rules)
    take_step(session, actor, contract, action=Action.ACCEPT, now=now)
    session.flush()  # a lost race stops here
    return contract


def _accepted_on(session: Session, contract: Contract, today: date) -> date:
    corrected = queries.find_last_event(session, contract.id, Action.RETURN) is not None
    return contract.submitted_on if corrected and contract.submitted_on is not None else today


def _set_due(session: Session, contract: Contract, rules: RuleSet) -> None:
    assert contract.accepted_on is not None
    large = is_large(
        rules, total_amount_fen=contract.total_amount_fen, tech_amount_fen=contract.tech_amount_fen
    )
    contract.due_on = due_on(
        contract.accepted_on, rules, extended=large or contract.disputed, is_workday=is_workday(session)
    )


def examine_contract(
    session: Session, actor: Actor, contract_id: int, *, finding: str, now: datetime
) -> Contract:
    """Write down what the examiner found and pass an accepted application on for approval.

    Args:
        session: open transaction.
        actor: an examiner (登记员) of the contract's station.
        contract_id: which contract.
        finding: the examiner's words.
        now: present time.

    Raises:
        NotFound, PermissionDenied, Conflict: see `open_step`.
        RuleViolation: no words are given.
    """
    contract = open_step(session, actor, contract_id, action=Action.EXAMINE, now=now)
    require_words(finding, pointer="/finding", detail="请写明审核意见。")
    take_step(session, actor, contract, action=Action.EXAMINE, now=now, note=finding)
    session.flush()  # a lost race stops here
    return contract


def mark_disputed(
    session: Session, actor: Actor, contract_id: int, *, reason: str, now: datetime
) -> Contract:
    """Mark an accepted application as disputed; the station then has as long as for a large one.

    Raises:
        NotFound, PermissionDenied, Conflict: see `open_step`; `already-disputed`.
        RuleViolation: no reason is given.
    """
    contract = open_step(session, actor, contract_id, action=Action.MARK_DISPUTED, now=now)
    if contract.disputed:
        raise Conflict("该合同已列为有争议。", code="already-disputed")
    require_words(reason, pointer="/reason", detail="请写明争议所在。")
    contract.disputed = True
    assert contract.rule_version is not None  # accepted contracts have one
    _set_due(session, contract, queries.rule_set_named(session, contract.rule_version))
    take_step(session, actor, contract, action=Action.MARK_DISPUTED, now=now, note=reason)
    session.flush()  # a lost race stops here
    return contract


def return_contract(
    session: Session, actor: Actor, contract_id: int, *, note: str, now: datetime
) -> Contract:
    """Send an application back to be corrected; acceptance starts anew when it comes again.

    Raises:
        NotFound, PermissionDenied, Conflict: see `open_step`.
        RuleViolation: no note says what to correct.
    """
    contract = open_step(session, actor, contract_id, action=Action.RETURN, now=now)
    require_words(note, pointer="/note", detail="请写明需要补正的内容。")
    contract.accepted_on = contract.due_on = contract.rule_version = None
    take_step(session, actor, contract, action=Action.RETURN, now=now, note=note)
    session.flush()  # a lost race stops here
    return contract


def refuse_contract(
    session: Session, actor: Actor, contract_id: int, *, reason_code: str, note: str, now: datetime
) -> Contract:
    """Refuse registration for good.

    Args:
        session: open transaction.
        actor: an approver (审批员) of the contract's station; in a large review its approver.
        contract_id: which contract.
        reason_code: of the list `refusal_reason`.
        note: the grounds in words.
        now: present time.

    Raises:
        NotFound, PermissionDenied, Conflict: see `open_step`.
        RuleViolation: the reason is unknown or no note is given.
    """
    contract = open_step(session, actor, contract_id, action=Action.REFUSE, now=now)
    check_codes(session, [("/reason_code", Scheme.REFUSAL_REASON, reason_code)])
    require_words(note, pointer="/note", detail="请写明不予登记的理由。")
    take_step(session, actor, contract, action=Action.REFUSE, now=now, reason_code=reason_code, note=note)
    session.flush()  # a lost race stops here
    return contract


def require_words(words: str, *, pointer: str, detail: str) -> None:
    """Refuse an empty text where words are needed.

    Raises:
        RuleViolation: `note-missing`.
    """
    if not words.strip():
        raise violation(pointer, "note-missing", detail)
