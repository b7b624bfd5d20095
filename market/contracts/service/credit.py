"""Crediting agencies with the contracts they brought about; rankings are counted from this."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from market.accounts.models import Organisation, User
from market.accounts.rules import Actor, OrganisationKind, OrganisationStatus, Role, oversees
from market.audit.service import record
from market.clock import china_day
from market.contracts.models import Attribution, Contract
from market.contracts.queries.contracts import get_contract
from market.contracts.queries.credit import WHOLE_BP, get_attribution, share_left
from market.contracts.queries.station import works_at
from market.contracts.rules import LIVE, Duty
from market.contracts.service.steps import require_any_duty
from market.errors import Conflict, PermissionDenied, violation
from market.reference.queries import check_codes
from market.reference.rules import Scheme

MATCHING = "matching"
"""Role of the agency whose broker made the match (撮合), in the code list `attribution_role`."""


def credit_broker(session: Session, actor: Actor, contract: Contract, *, now: datetime) -> Attribution | None:
    """Credit the broker's agency with a contract that has just been registered from a suggestion.

    The agency gets what nobody else is credited with, normally the whole. Nothing happens where there
    is no suggestion, no broker or no agency. Where the agency is not verified or is itself a party, it
    gets nothing and the audit says why; the registration stands either way.

    Args:
        session: the transaction of the registration; the contract's row is locked in it.
        actor: who registers.
        contract: registered in this transaction.
        now: present time.

    Returns:
        The share, or None.
    """
    suggestion = contract.suggestion
    broker = session.get(User, suggestion.broker_id) if suggestion and suggestion.broker_id else None
    agency = broker.organisation if broker is not None else None
    if broker is None or agency is None or agency.kind is not OrganisationKind.AGENCY:
        return None
    left = share_left(session, contract.id)
    withheld = None
    if agency.status is not OrganisationStatus.VERIFIED:
        withheld = "agency-not-verified"
    elif is_party(contract, agency):
        withheld = "conflict-of-interest"
    elif left <= 0:
        withheld = "shares-exceed-whole"
    if withheld is not None:
        record(
            session,
            actor.user_id,
            action="attribution.withhold",
            entity="contract",
            entity_id=contract.id,
            now=now,
            details={"agency_id": agency.id, "reason": withheld},
        )
        return None
    return _credit(
        session,
        actor,
        Attribution(
            contract_id=contract.id,
            agency=agency,
            broker=broker,
            role=MATCHING,
            share_bp=left,
            created_at=now,
        ),
        now=now,
    )


def attribute_contract(
    session: Session,
    actor: Actor,
    contract_id: int,
    *,
    agency_id: int,
    broker_id: int | None,
    role: str,
    share_bp: int,
    now: datetime,
) -> Attribution:
    """Credit an agency with a share in a registered contract.

    Args:
        session: open transaction.
        actor: one of the station's people with a duty, a bureau over the station's region, or an admin.
        contract_id: a registered contract.
        agency_id: a verified agency that is not a party of the contract.
        broker_id: the person of that agency who did it, if one is to be named.
        role: code of `attribution_role`.
        share_bp: basis points of the contract; all shares together are at most 10,000.
        now: present time.

    Raises:
        NotFound: no such contract, or the actor may not know of it.
        PermissionDenied: `not-crediting` or `duty-missing`.
        Conflict: `contract-not-registered`.
        RuleViolation: `unknown-code`, `unknown-agency`, `agency-not-verified`, `unknown-broker`,
            `conflict-of-interest` or `shares-exceed-whole`.
    """
    contract = get_contract(session, actor, contract_id, lock=True)
    require_crediting(session, actor, contract, now=now)
    if contract.status not in LIVE:
        raise Conflict("只有已登记的合同才能记入促成机构。", code="contract-not-registered")
    check_codes(session, [("/role", Scheme.ATTRIBUTION_ROLE, role)])
    agency = _get_agency(session, agency_id)
    broker = _get_broker(session, broker_id, agency=agency)
    if is_party(contract, agency):
        raise violation("/agency_id", "conflict-of-interest", "该机构是合同当事人，不能记为促成机构。")
    left = share_left(session, contract.id)
    if share_bp > left:
        raise violation(
            "/share_bp", "shares-exceed-whole", f"各机构份额之和不能超过10000（万分比），现余{left}。"
        )
    row = Attribution(
        contract_id=contract.id, agency=agency, broker=broker, role=role, share_bp=share_bp, created_at=now
    )
    return _credit(session, actor, row, now=now)


def withdraw_attribution(
    session: Session, actor: Actor, attribution_id: int, *, now: datetime
) -> Attribution:
    """Take back a share that was credited wrongly; the record of it stays.

    Raises:
        NotFound: no such share, or the actor may not know of its contract.
        PermissionDenied: `not-crediting` or `duty-missing`.
        Conflict: `attribution-withdrawn`.
    """
    row = get_attribution(session, actor, attribution_id)
    contract = get_contract(session, actor, row.contract_id, lock=True)
    require_crediting(session, actor, contract, now=now)
    session.refresh(row)  # what it says now that its contract is locked
    if row.withdrawn_at is not None:
        raise Conflict("该促成记录已经撤回。", code="attribution-withdrawn")
    row.withdrawn_by, row.withdrawn_at = actor.user_id, now
    _audit(session, actor, row, verb="withdraw", now=now)
    session.flush()
    return row


def require_crediting(session: Session, actor: Actor, contract: Contract, *, now: datetime) -> None:
    """Refuse everyone but the station's people with a duty, bureaus over its region, and admins.

    Raises:
        PermissionDenied: `not-crediting`, or `duty-missing`.
    """
    if actor.role is Role.ADMIN or oversees(actor, contract.station.region_code):
        return
    if not works_at(actor, contract.station_id):
        raise PermissionDenied(
            "只有登记该合同的登记机构、其所在地的主管部门可以记入或撤回促成机构。", code="not-crediting"
        )
    require_any_duty(
        session,
        actor,
        contract.station_id,
        duties=frozenset(Duty),
        purpose="记入或撤回促成机构",
        day=china_day(now),
    )


def is_party(contract: Contract, organisation: Organisation) -> bool:
    """Tell whether an organisation is seller or buyer, by its account or by its credit code."""
    return any(
        party.organisation_id == organisation.id
        or (organisation.uscc is not None and party.uscc == organisation.uscc)
        for party in (contract.seller, contract.buyer)
    )


def _get_agency(session: Session, agency_id: int) -> Organisation:
    agency = session.get(Organisation, agency_id)
    if agency is None or agency.kind is not OrganisationKind.AGENCY:
        raise violation("/agency_id", "unknown-agency", "没有该技术转移机构。")
    if agency.status is not OrganisationStatus.VERIFIED:
        raise violation("/agency_id", "agency-not-verified", "该机构尚未通过核验或已停用。")
    return agency


def _get_broker(session: Session, broker_id: int | None, *, agency: Organisation) -> User | None:
    if broker_id is None:
        return None
    broker = session.get(User, broker_id)
    if broker is None or broker.organisation_id != agency.id:
        raise violation("/broker_id", "unknown-broker", "该机构没有这位技术经理人。")
    return broker


def _credit(session: Session, actor: Actor, row: Attribution, *, now: datetime) -> Attribution:
    assert 0 < row.share_bp <= WHOLE_BP
    row.created_by = actor.user_id
    session.add(row)
    session.flush()  # draws the id that the audit names
    _audit(session, actor, row, verb="create", now=now)
    return row


def _audit(session: Session, actor: Actor, row: Attribution, *, verb: str, now: datetime) -> None:
    record(
        session,
        actor.user_id,
        action=f"attribution.{verb}",
        entity="attribution",
        entity_id=row.id,
        now=now,
        details={
            "contract_id": row.contract_id,
            "agency_id": row.agency_id,
            "broker_id": row.broker_id,
            "role": row.role,
            "share_bp": row.share_bp,
        },
    )
