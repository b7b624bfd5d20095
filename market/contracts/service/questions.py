"""Questions about an application that only its applicant can answer; none is decided for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import Actor, Role
from market.contracts import queries
from market.contracts.form_rules import Question, form_questions, near_duplicate
from market.contracts.models import Contract
from market.contracts.service.form import form_of
from market.contracts.service.steps import applicant_party, watches
from market.errors import FieldError, PermissionDenied, RuleViolation


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question as the form now stands, and whether the applicant confirmed it at submission."""

    question: Question
    confirmed: bool


def questions_of(session: Session, contract: Contract) -> list[Question]:
    """Return what is to be asked about a contract's form as it stands."""
    form = form_of(contract)
    asked = form_questions(form, deal_amounts_fen=_deal_amounts(contract))
    near = near_duplicate(form, queries.neighbours_of(session, contract))
    return asked if near is None else [*asked, near]


def _deal_amounts(contract: Contract) -> dict[str, int]:
    suggestion = contract.suggestion
    if suggestion is None:
        return {}
    amounts = {"需求预算": suggestion.need.budget_fen, "成果报价": suggestion.achievement.price_fen}
    return {name: amount for name, amount in amounts.items() if amount is not None}


def confirm_questions(session: Session, contract: Contract, *, confirmed: Collection[str]) -> list[str]:
    """Return the codes of the questions that were asked and confirmed, to keep with the application.

    Raises:
        RuleViolation: `confirmation-needed`, with every question still open.
    """
    return _require_confirmed(questions_of(session, contract), confirmed=confirmed)


def confirm_amounts(contract: Contract, form: Mapping[str, Any], *, confirmed: Collection[str]) -> None:
    """Ask about amounts that are to take the place of registered ones; nothing where they stay.

    Args:
        contract: registered.
        form: complete, as it would be after the change.
        confirmed: codes of the questions that the applicant answers with yes.

    Raises:
        RuleViolation: `confirmation-needed`, with every question still open.
    """
    before = (contract.total_amount_fen, contract.tech_amount_fen)
    if (form["total_amount_fen"], form["tech_amount_fen"]) != before:
        registered = {"登记的合同成交额": contract.total_amount_fen}
        _require_confirmed(form_questions(form, deal_amounts_fen=registered), confirmed=confirmed)


def _require_confirmed(asked: Sequence[Question], *, confirmed: Collection[str]) -> list[str]:
    still_open = tuple(
        FieldError(question.pointer, question.code, question.detail)
        for question in asked
        if question.code not in confirmed
    )
    if still_open:
        raise RuleViolation(
            "有几处请核对：有误请修改；无误请在提交时逐项确认（confirmed）。",
            code="confirmation-needed",
            fields=still_open,
        )
    return [question.code for question in asked]


def list_questions(session: Session, actor: Actor, contract_id: int) -> list[AskedQuestion]:
    """Return the questions about a contract as its form now stands; for the applicant and the station.

    Raises:
        NotFound: no such contract, or the actor may not know of it.
        PermissionDenied: the actor neither applies nor decides.
    """
    contract = queries.get_contract(session, actor, contract_id)
    applies = (
        actor.organisation_id is not None
        and applicant_party(contract).organisation_id == actor.organisation_id
    )
    decides = queries.works_at(actor, contract.station_id) or watches(actor, contract)
    if not (applies or decides or actor.role is Role.ADMIN):
        raise PermissionDenied("只有申请单位和登记机构可以查看核对事项。", code="not-the-applicant")
    return [
        AskedQuestion(question, question.code in contract.confirmed)
        for question in questions_of(session, contract)
    ]
