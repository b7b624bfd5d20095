"""Verification of technical income (技术性收入核定): asked for by the applicant, decided by the station."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.audit.service import record
from market.clock import china_day
from market.contracts import queries
from market.contracts.models import Contract, IncomeVerification
from market.contracts.queries.income import find_open, find_verified, get_income_verification, has_papers
from market.contracts.rules import Duty, IncomeStatus, Status
from market.contracts.rules.income import Ceiling, Receipt, ceiling_faults, form_faults
from market.contracts.service.numbering import draw_number
from market.contracts.service.steps import require_any_duty, require_applicant
from market.errors import Conflict, FieldError, RuleViolation, violation

INCOME_KIND = "HD"
APPROVERS = frozenset({Duty.APPROVE})


def submit_income(
    session: Session, actor: Actor, contract_id: int, *, receipt: Receipt, note: str | None, now: datetime
) -> IncomeVerification:
    """Ask the station to verify income received under a registered contract; papers follow.

    Args:
        session: open transaction.
        actor: member of the applicant.
        contract_id: a registered contract.
        receipt: the money and its period.
        note: words for the station.
        now: present time.

    Raises:
        NotFound, PermissionDenied: no such contract, or not the actor's to ask for.
        Conflict: `contract-not-registered`.
        RuleViolation: a bad period or amount, one that overlaps what is verified, or more than the contract.
    """
    contract = queries.get_contract(session, actor, contract_id, lock=True)
    require_applicant(actor, contract)
    _require_registered(contract)
    _check(session, contract, receipt, now=now)
    row = IncomeVerification(
        contract=contract,
        status=IncomeStatus.SUBMITTED,
        note=note,
        submitted_by=actor.user_id,
        submitted_at=now,
    )
    _write(row, receipt)
    session.add(row)
    session.flush()  # draws the id
    _record(session, actor, row, action="submit", now=now)
    return row


def resubmit_income(
    session: Session, actor: Actor, verification_id: int, *, receipt: Receipt, note: str | None, now: datetime
) -> IncomeVerification:
    """Hand in a returned verification again, corrected.

    Raises:
        NotFound, PermissionDenied: no such verification, or not the actor's to ask for.
        Conflict: `contract-not-registered`, or `income-not-returned`.
        RuleViolation: as `submit_income`.
    """
    row = _locked(session, actor, verification_id)
    require_applicant(actor, row.contract)
    if row.status is not IncomeStatus.RETURNED:
        raise Conflict("只有退回补正的核定申请可以重新提交。", code="income-not-returned")
    _require_registered(row.contract)
    _check(session, row.contract, receipt, now=now)
    _write(row, receipt)
    row.status = IncomeStatus.SUBMITTED
    row.note = note
    row.submitted_by, row.submitted_at = actor.user_id, now
    row.decided_by = row.decided_at = None
    _record(session, actor, row, action="submit", now=now)
    session.flush()
    return row


def decide_income(
    session: Session,
    actor: Actor,
    verification_id: int,
    *,
    answer: IncomeStatus,
    note: str | None,
    now: datetime,
) -> IncomeVerification:
    """Verify the income and give it its number, send it back to be corrected, or refuse it for good.

    Args:
        session: open transaction.
        actor: holder of the duty to approve at the contract's station.
        verification_id: a submitted one.
        answer: `VERIFIED`, `RETURNED` or `REFUSED`.
        note: words for the applicant; needed unless it is verified.
        now: present time.

    Raises:
        NotFound, PermissionDenied: no such verification, or not the actor's to decide.
        Conflict: `income-already-decided`, or `contract-not-registered` for verifying.
        RuleViolation: `note-missing`; for verifying `papers-missing`, or what `submit_income` refuses by now.
    """
    row = _locked(session, actor, verification_id)
    station, today = row.contract.station, china_day(now)
    require_any_duty(session, actor, station.id, duties=APPROVERS, purpose="核定技术性收入", day=today)
    if row.status is not IncomeStatus.SUBMITTED:
        raise Conflict("该核定申请不在待核定状态。", code="income-already-decided")
    if answer is IncomeStatus.VERIFIED:
        _require_registered(row.contract)
        if not has_papers(session, row.id):
            raise violation("/documents", "papers-missing", "尚未提交收款凭证等材料，不能核定。")
        _check(session, row.contract, receipt_of(row), now=now)
        row.number = draw_number(
            session, IncomeVerification.number, kind=INCOME_KIND, station=station, now=now
        )
    elif not (note and note.strip()):
        raise violation("/note", "note-missing", "请写明理由。")
    row.status = answer
    row.decided_by, row.decided_at, row.decision_note = actor.user_id, now, note
    _record(session, actor, row, action=answer.value, now=now)
    session.flush()
    return row


def void_open_verifications(session: Session, contract: Contract, *, reason: str, now: datetime) -> None:
    """End what still awaits an answer, as the contract's registration has ended; its row must be locked."""
    for row in find_open(session, contract.id):
        row.status = IncomeStatus.VOID
        row.decided_at = now
        row.decision_note = reason
    session.flush()


def receipt_of(row: IncomeVerification) -> Receipt:
    """Return the money and the period a verification is about."""
    return Receipt(
        received_from=row.received_from,
        received_to=row.received_to,
        received_fen=row.received_fen,
        deducted_fen=row.deducted_fen,
        bonus_fen=row.bonus_fen,
    )


def _write(row: IncomeVerification, receipt: Receipt) -> None:
    row.received_from, row.received_to = receipt.received_from, receipt.received_to
    row.received_fen, row.deducted_fen = receipt.received_fen, receipt.deducted_fen
    row.income_fen = receipt.income_fen
    row.bonus_fen = receipt.bonus_fen


def _locked(session: Session, actor: Actor, verification_id: int) -> IncomeVerification:
    """Return a verification whose contract is locked, which orders all that happens to the contract."""
    row = get_income_verification(session, actor, verification_id)
    queries.get_contract(session, actor, row.contract_id, lock=True)
    session.refresh(row)
    return row


def _check(session: Session, contract: Contract, receipt: Receipt, *, now: datetime) -> None:
    _refuse(form_faults(receipt, today=china_day(now)))
    verified = [receipt_of(row) for row in find_verified(session, contract.id)]
    ceiling = Ceiling(contract.total_amount_fen, contract.tech_amount_fen, contract.amount_is_estimate)
    _refuse(ceiling_faults(receipt, verified=verified, ceiling=ceiling))


def _refuse(faults: Iterable[FieldError]) -> None:
    found = tuple(faults)
    if found:
        raise RuleViolation("该笔技术性收入不能核定。", code=found[0].code, fields=found)


def _require_registered(contract: Contract) -> None:
    if contract.status is not Status.REGISTERED:
        raise Conflict("只有已登记且没有待办申请的合同可以核定技术性收入。", code="contract-not-registered")


def _record(session: Session, actor: Actor, row: IncomeVerification, *, action: str, now: datetime) -> None:
    record(
        session,
        actor.user_id,
        action=f"income_verification.{action}",
        entity="income_verification",
        entity_id=row.id,
        now=now,
        details={"contract_id": row.contract_id, "number": row.number},
    )
