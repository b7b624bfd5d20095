"""Reading the papers of a contract: who may see them, and which ones are still missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.accounts.rules import Actor, Role, oversees
from market.contracts.models import Contract, ContractDocument, DocumentRequirement
from market.contracts.queries.contracts import get_contract
from market.contracts.queries.rulebook import rule_set_named, rule_set_on
from market.contracts.rules import APPLICANT_ROLES, RuleSet, Side
from market.contracts.rules.papers import PRIVATE, PaperFacts, is_asked
from market.errors import NotFound, PermissionDenied
from market.reference.queries import code_names
from market.reference.rules import Scheme


@dataclass(frozen=True, slots=True)
class DescribedPaper:
    """A paper with the name of its kind."""

    paper: ContractDocument
    kind_name: str | None


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """A kind of paper an application is asked for, and whether it is there."""

    kind: str
    kind_name: str
    required: bool
    there: bool
    source: str


@dataclass(frozen=True, slots=True)
class Papers:
    """The papers of a contract, and what its application needs."""

    rule_version: str
    complete: bool
    checklist: Sequence[ChecklistItem]
    papers: Sequence[DescribedPaper]


def list_papers(session: Session, actor: Actor, contract_id: int, *, today: date) -> Papers:
    """Return the papers of a contract, oldest first, and the checklist of its application.

    The checklist follows the rules of the day of acceptance, or of today before it.

    Raises:
        NotFound: there is no such contract, or the actor may not know of it.
        PermissionDenied: the actor may know of the contract but not of its papers.
    """
    contract = get_contract(session, actor, contract_id)
    require_reader(actor, contract)
    version = contract.rule_version
    rules = rule_set_named(session, version) if version is not None else rule_set_on(session, today)
    names = code_names(session, Scheme.DOCUMENT_KIND)
    rows = session.scalars(
        select(ContractDocument)
        .where(ContractDocument.contract_id == contract_id)
        .order_by(ContractDocument.id)
    )
    items = checklist(session, contract, rules=rules)
    return Papers(
        rule_version=rules.version,
        complete=all(item.there for item in items if item.required),
        checklist=items,
        papers=[DescribedPaper(row, names.get(row.kind)) for row in rows if _may_read(actor, contract, row)],
    )


def get_paper(session: Session, actor: Actor, contract_id: int, paper_id: int) -> ContractDocument:
    """Return one paper of a contract.

    Raises:
        NotFound: there is none, or it was taken back, or the actor may not know of it.
        PermissionDenied: the actor may know of the contract but not of its papers.
    """
    contract = get_contract(session, actor, contract_id)
    require_reader(actor, contract)
    paper = session.get(ContractDocument, paper_id)
    if (
        paper is None
        or paper.contract_id != contract_id
        or paper.withdrawn_at is not None
        or not _may_read(actor, contract, paper)
    ):
        raise NotFound("没有找到该材料。", code="document-not-found")
    return paper


def require_reader(actor: Actor, contract: Contract) -> None:
    """Refuse papers to a broker who only brought the deal about; parties and officials may read them.

    Raises:
        PermissionDenied: `papers-not-yours`.
    """
    if actor.role is Role.BROKER and not _is_party(actor, contract):
        raise PermissionDenied("只有合同双方、登记机构和主管部门可以查看材料。", code="papers-not-yours")


def _is_party(actor: Actor, contract: Contract) -> bool:
    return actor.organisation_id is not None and actor.organisation_id in {
        contract.seller.organisation_id,
        contract.buyer.organisation_id,
    }


def _may_read(actor: Actor, contract: Contract, paper: ContractDocument) -> bool:
    """Who sees a contract reads its papers; on persons and accounts only the applicant and its station do."""
    private = paper.income_verification_id is not None or paper.kind in PRIVATE
    if not private:
        return True
    if actor.role not in APPLICANT_ROLES:
        return actor.role is not Role.BUREAU or oversees(actor, contract.station.region_code)
    applicant = contract.seller if contract.applicant is Side.SELLER else contract.buyer
    return applicant.organisation_id == actor.organisation_id


def checklist(session: Session, contract: Contract, *, rules: RuleSet) -> list[ChecklistItem]:
    """Return the papers an application is asked for under a rule set, insisted on ones first."""
    facts = PaperFacts(
        type_code=contract.type_code,
        subtype_code=contract.subtype_code,
        ip_kind=contract.ip_kind,
        plan_source=contract.plan_source,
        payment_mode=contract.payment_mode,
        abroad=contract.abroad,
    )
    asked: dict[str, DocumentRequirement] = {}
    for row in session.scalars(
        select(DocumentRequirement)
        .where(DocumentRequirement.rule_version == rules.version)
        .order_by(DocumentRequirement.required.desc(), DocumentRequirement.id)
    ):
        if is_asked(facts, type_code=row.type_code, condition=row.condition):
            asked.setdefault(row.document_kind, row)
    there = set(
        session.scalars(
            select(ContractDocument.kind).where(
                ContractDocument.contract_id == contract.id,
                ContractDocument.withdrawn_at.is_(None),
                ContractDocument.request_id.is_(None),
                ContractDocument.income_verification_id.is_(None),
            )
        )
    )
    names = code_names(session, Scheme.DOCUMENT_KIND)
    return [
        ChecklistItem(kind, names.get(kind, kind), row.required, kind in there, row.source)
        for kind, row in asked.items()
    ]


def count_papers(session: Session, contract_id: int) -> int:
    """Return how many papers were ever handed in with a contract."""
    return session.scalar(select(func.count()).where(ContractDocument.contract_id == contract_id)) or 0


def named_digests(session: Session, digests: Sequence[str]) -> set[str]:
    """Return those of these digests that a paper on record names."""
    return set(session.scalars(select(ContractDocument.sha256).where(ContractDocument.sha256.in_(digests))))
