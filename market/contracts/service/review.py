"""The station's part before registration: accepting, returning and refusing an application."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.clock import china_day
from market.contracts.models import Contract
from market.contracts.rules import Action, due_on, is_large, is_workday, rule_set_on
from market.contracts.service.form import check_form_rules, form_of
from market.contracts.service.steps import open_step, take_step
from market.errors import violation
from market.reference.queries import check_codes
from market.reference.rules import Scheme


def accept_contract(session: Session, actor: Actor, contract_id: int, *, now: datetime) -> Contract:
    """Accept an application; from this day the station's time runs, under the rules of this day.

    Raises:
        NotFound, PermissionDenied, Conflict: see `open_step`.
        RuleViolation: the form breaks a rule that came into force since it was submitted.
    """
    contract = open_step(session, actor, contract_id, action=Action.ACCEPT)
    today = china_day(now)
    rules = rule_set_on(today)
    check_form_rules(form_of(contract), rules=rules, today=today)
    contract.rule_version = rules.version
    contract.accepted_on = today
    contract.due_on = due_on(today, rules, large=is_large(contract.tech_amount_fen), is_workday=is_workday)
    take_step(session, actor, contract, action=Action.ACCEPT, now=now)
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
    contract = open_step(session, actor, contract_id, action=Action.RETURN)
    _require_note(note, "请写明需要补正的内容。")
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
        actor: registrar of the contract's station.
        contract_id: which contract.
        reason_code: of the list `refusal_reason`.
        note: the grounds in words.
        now: present time.

    Raises:
        NotFound, PermissionDenied, Conflict: see `open_step`.
        RuleViolation: the reason is unknown or no note is given.
    """
    contract = open_step(session, actor, contract_id, action=Action.REFUSE)
    check_codes(session, [("/reason_code", Scheme.REFUSAL_REASON, reason_code)])
    _require_note(note, "请写明不予登记的理由。")
    take_step(session, actor, contract, action=Action.REFUSE, now=now, reason_code=reason_code, note=note)
    session.flush()  # a lost race stops here
    return contract


def _require_note(note: str, words: str) -> None:
    if not note.strip():
        raise violation("/note", "note-missing", words)
