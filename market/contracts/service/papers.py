"""Papers of a contract: handing them in, taking them back, insisting on them, sweeping up files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from market.accounts.models import User
from market.accounts.rules import Actor
from market.audit.service import record
from market.clock import china_day
from market.contracts import queries
from market.contracts.models import Contract, ContractDocument
from market.contracts.queries.income import get_income_verification
from market.contracts.queries.papers import (
    DescribedPaper,
    checklist,
    count_papers,
    get_paper,
    named_digests,
)
from market.contracts.queries.station import works_at
from market.contracts.rules import (
    AT_STATION,
    EDITABLE,
    LIVE,
    STATUS_NAMES,
    Duty,
    RuleSet,
    Scan,
    Status,
)
from market.contracts.rules.income import OPEN_INCOME
from market.contracts.rules.papers import MAX_PAPERS
from market.contracts.service.steps import require_any_duty, require_applicant, watches
from market.errors import Conflict, FieldError, NotFound, PermissionDenied, RuleViolation
from market.reference.queries import check_codes, code_names
from market.reference.rules import Scheme
from market.storage import DocumentStore, StoredFile

SWEEP_AFTER = timedelta(days=1)
"""Age from which a file without a record is taken for left over; no request lasts nearly as long."""

_TOGETHER = 500


@dataclass(frozen=True, slots=True)
class Belonging:
    """What a paper is handed in for, beside the application itself: at most one of the two."""

    request_id: int | None = None
    income_verification_id: int | None = None


APPLICATION = Belonging()


def require_may_add(
    session: Session,
    actor: Actor,
    contract_id: int,
    *,
    kind: str,
    belonging: Belonging = APPLICATION,
    now: datetime,
) -> Contract:
    """Return the contract, locked, if this actor may hand in such a paper with it now.

    Asked before the file is taken in, so that strangers cannot fill the disk, and again with it.

    Raises:
        NotFound: no such contract, request or verification, or the actor may not know of it.
        PermissionDenied: the actor is neither the applicant nor the station, or has no duty there.
        Conflict: `papers-closed`: it is too late, or too early; `too-many-papers`.
        RuleViolation: `unknown-code`: there is no such kind of paper.
    """
    contract = queries.get_contract(session, actor, contract_id, lock=True)
    by_station = _is_authority(session, actor, contract, belonging, now=now)
    if not by_station:
        require_applicant(actor, contract)
    check_codes(session, [("/kind", Scheme.DOCUMENT_KIND, kind)])
    _require_open(session, actor, contract, belonging, at=_STATION_ADDS if by_station else EDITABLE)
    if count_papers(session, contract_id) >= MAX_PAPERS:
        raise Conflict(f"一份合同的材料不能超过{MAX_PAPERS}份。", code="too-many-papers")
    return contract


_STATION_ADDS = AT_STATION | LIVE
"""The station may add what was handed over its counter as long as the contract is in its hands."""


def add_paper(
    session: Session,
    actor: Actor,
    contract_id: int,
    *,
    kind: str,
    file: StoredFile,
    belonging: Belonging = APPLICATION,
    now: datetime,
) -> DescribedPaper:
    """Put a file that the store has taken on record as a paper of a contract.

    Args:
        session: open transaction.
        actor: member of the applicant or of the station; a bureau for a request it watches over.
        contract_id: which contract.
        kind: of the list `document_kind`.
        file: what the store said of it.
        belonging: the request or verification it is handed in for.
        now: present time.

    Raises:
        NotFound, PermissionDenied, Conflict, RuleViolation: see `require_may_add`.
    """
    require_may_add(session, actor, contract_id, kind=kind, belonging=belonging, now=now)
    paper = ContractDocument(
        contract_id=contract_id,
        request_id=belonging.request_id,
        income_verification_id=belonging.income_verification_id,
        kind=kind,
        name=file.name,
        media_type=file.media_type,
        size=file.size,
        sha256=file.sha256,
        scan=Scan.CLEAN if file.scanned else Scan.NOT_SCANNED,
        uploaded_by=actor.user_id,
        uploaded_at=now,
    )
    session.add(paper)
    session.flush()  # draws the id
    _record(session, actor, paper, action="add", now=now)
    return DescribedPaper(paper, code_names(session, Scheme.DOCUMENT_KIND).get(kind))


def withdraw_paper(
    session: Session, actor: Actor, contract_id: int, paper_id: int, *, now: datetime
) -> ContractDocument:
    """Take a paper back; it stays on record, and nobody can read it any more.

    The side that handed it in may do so: the applicant until the station accepts, the station until it
    decides, either of them while the request or verification it belongs to is open.

    Raises:
        NotFound: there is none, it was taken back, or the actor may not know of it.
        PermissionDenied: the other side handed it in.
        Conflict: `papers-closed`: it is too late.
        RuleViolation: `papers-missing`: the application lies at the station and would lack this paper.
    """
    contract = queries.get_contract(session, actor, contract_id, lock=True)
    paper = get_paper(session, actor, contract_id, paper_id)
    belonging = Belonging(paper.request_id, paper.income_verification_id)
    by_station = _is_authority(session, actor, contract, belonging, now=now)
    if not by_station:
        require_applicant(actor, contract)
    sender = session.get(User, paper.uploaded_by) if paper.uploaded_by is not None else None
    if sender is None or sender.organisation_id != actor.organisation_id:
        raise PermissionDenied("只能撤下本单位提交的材料。", code="not-your-paper")
    until = AT_STATION if by_station else EDITABLE | {Status.SUBMITTED}
    _require_open(session, actor, contract, belonging, at=until)
    paper.withdrawn_by, paper.withdrawn_at = actor.user_id, now
    session.flush()
    if belonging == APPLICATION and contract.status in AT_STATION:
        version = contract.rule_version
        rules = (
            queries.rule_set_named(session, version)
            if version is not None
            else queries.rule_set_on(session, china_day(now))
        )
        require_papers(session, contract, rules=rules)
    _record(session, actor, paper, action="withdraw", now=now)
    return paper


def require_papers(session: Session, contract: Contract, *, rules: RuleSet) -> None:
    """Refuse an application that lacks a paper its rule set insists on.

    Args:
        session: open session.
        contract: about to be submitted, or accepted.
        rules: the rule set it stands under.

    Raises:
        RuleViolation: `papers-missing`, with one fault for each, and where the demand is written.
    """
    missing = tuple(
        FieldError(f"/documents/{item.kind}", "paper-missing", f"请上传{item.kind_name}。", item.source)
        for item in checklist(session, contract, rules=rules)
        if item.required and not item.there
    )
    if missing:
        raise RuleViolation(f"申请材料不齐，还缺{len(missing)}种。", code="papers-missing", fields=missing)


def sweep(store: DocumentStore, session: Session, *, now: datetime) -> int:
    """Remove files that no paper on record names and that are older than a day; return how many."""
    before = now - SWEEP_AFTER
    removed = store.remove_unfinished(before)
    old = sorted(store.find_older_than(before))
    for start in range(0, len(old), _TOGETHER):
        some = old[start : start + _TOGETHER]
        named = named_digests(session, some)
        removed += sum(store.remove_older_than(digest, before) for digest in some if digest not in named)
    return removed


def _is_authority(
    session: Session, actor: Actor, contract: Contract, belonging: Belonging, *, now: datetime
) -> bool:
    """Tell whether an actor hands in as the station, or as a bureau that has filed or watches a request.

    Raises:
        PermissionDenied: `duty-missing`, one of the station's people without a duty.
    """
    if works_at(actor, contract.station_id):
        require_any_duty(
            session,
            actor,
            contract.station_id,
            duties=frozenset(Duty),
            purpose="办理材料",
            day=china_day(now),
        )
        return True
    return belonging.request_id is not None and watches(actor, contract)


def _require_open(
    session: Session, actor: Actor, contract: Contract, belonging: Belonging, *, at: frozenset[Status]
) -> None:
    """Refuse once what the paper belongs to is decided.

    Raises:
        NotFound: the request or verification is not one of this contract.
        Conflict: `papers-closed`.
    """
    if belonging.request_id is not None:
        request = queries.get_request(session, actor, belonging.request_id)
        if request.contract_id != contract.id:
            raise NotFound("没有找到该变更或注销申请。", code="contract-request-not-found")
        if request.decided_at is not None:
            raise _closed("该申请已经办结，不能再增减材料。")
    elif belonging.income_verification_id is not None:
        verification = get_income_verification(session, actor, belonging.income_verification_id)
        if verification.contract_id != contract.id:
            raise NotFound("没有找到该技术性收入核定申请。", code="income-verification-not-found")
        if verification.status not in OPEN_INCOME:
            raise _closed("该核定申请已经办结，不能再增减材料。")
    elif contract.status not in at:
        raise _closed(f"该合同现为“{STATUS_NAMES[contract.status]}”，不能增减申请材料。")


def _closed(detail: str) -> Conflict:
    return Conflict(detail, code="papers-closed")


def _record(session: Session, actor: Actor, paper: ContractDocument, *, action: str, now: datetime) -> None:
    record(
        session,
        actor.user_id,
        action=f"contract_document.{action}",
        entity="contract_document",
        entity_id=paper.id,
        now=now,
        details={"contract_id": paper.contract_id, "kind": paper.kind, "sha256": paper.sha256},
    )
