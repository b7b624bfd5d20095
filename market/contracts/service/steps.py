"""What every step of a contract has in common: who may take it, from where, and what it leaves behind."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import Actor, Role
from market.audit.service import record
from market.contracts import queries
from market.contracts.models import Contract, ContractEvent
from market.contracts.rules import (
    ACTION_NAMES,
    SELLER_ROLES,
    STATUS_NAMES,
    TRANSITIONS,
    Action,
    By,
    Status,
)
from market.errors import Conflict, PermissionDenied


def open_step(session: Session, actor: Actor, contract_id: int, *, action: Action) -> Contract:
    """Return the contract, locked, if this actor may take this step with it now.

    Raises:
        NotFound: there is none, or the actor may not know of it.
        PermissionDenied: the actor may not take this step.
        Conflict: `illegal-transition`: the contract is not in a state this step starts from.
    """
    contract = queries.get_contract(session, actor, contract_id, lock=True)
    require_step(actor, contract, action)
    return contract


def require_step(actor: Actor, contract: Contract, action: Action) -> None:
    """Refuse a step to those who may not take it, and from states it does not start from.

    Raises:
        PermissionDenied, Conflict: as `open_step`.
    """
    step = TRANSITIONS[action]
    if step.by is By.SELLER:
        require_seller(actor, contract)
    else:
        require_station(actor, contract.station_id)
    require_state(contract, action)


def require_seller(actor: Actor, contract: Contract) -> None:
    """Refuse everyone but members of the seller.

    Raises:
        PermissionDenied: the actor is somebody else.
    """
    if actor.role not in SELLER_ROLES or contract.seller.organisation_id != actor.organisation_id:
        raise PermissionDenied("只有卖方单位的成员可以进行此项操作。", code="not-the-seller")


def require_station(actor: Actor, station_id: int) -> None:
    """Refuse everyone but registrars of the station.

    Raises:
        PermissionDenied: the actor is somebody else.
    """
    if actor.role is not Role.REGISTRAR or actor.organisation_id != station_id or not actor.verified:
        raise PermissionDenied("只有受理该合同的登记机构可以进行此项操作。", code="not-the-station")


def require_verified(actor: Actor) -> None:
    """Refuse members of an organisation that no bureau has checked.

    Raises:
        PermissionDenied: it is not verified.
    """
    if not actor.verified:
        raise PermissionDenied("贵单位尚未通过核验，不能申请合同登记。", code="organisation-not-verified")


def require_state(contract: Contract, action: Action) -> None:
    """Refuse a step that does not start from the contract's state.

    Raises:
        Conflict: `illegal-transition`.
    """
    if contract.status not in TRANSITIONS[action].sources:
        raise illegal_transition(contract.status, action)


def illegal_transition(status: Status, action: Action) -> Conflict:
    """Return the error for a step that does not start from this state."""
    return Conflict(
        f"该合同现为“{STATUS_NAMES[status]}”，不能{ACTION_NAMES[action]}。", code="illegal-transition"
    )


def take_step(
    session: Session,
    actor: Actor,
    contract: Contract,
    *,
    action: Action,
    now: datetime,
    reason_code: str | None = None,
    note: str | None = None,
    snapshot: dict[str, Any] | None = None,
) -> None:
    """Move the contract to the step's target, and write the event and the audit record.

    Args:
        session: open transaction.
        actor: who takes it; the caller has checked that they may.
        contract: in a state the step starts from.
        action: the step.
        now: present time.
        reason_code: of a refusal.
        note: words for the other side.
        snapshot: the whole form, where the step fixes it.

    Raises:
        Conflict: `illegal-transition`.
    """
    require_state(contract, action)
    source = contract.status
    contract.status = TRANSITIONS[action].target
    write_event(
        session,
        actor,
        contract,
        action=action,
        source=source,
        now=now,
        reason_code=reason_code,
        note=note,
        snapshot=snapshot,
    )


def write_event(
    session: Session,
    actor: Actor,
    contract: Contract,
    *,
    action: Action,
    source: Status | None,
    now: datetime,
    reason_code: str | None = None,
    note: str | None = None,
    snapshot: dict[str, Any] | None = None,
) -> None:
    """Add the event that led the contract to its present state, and its audit record."""
    session.add(
        ContractEvent(
            contract_id=contract.id,
            action=action,
            source=source,
            target=contract.status,
            actor_id=actor.user_id,
            reason_code=reason_code,
            note=note,
            snapshot=snapshot,
            at=now,
        )
    )
    record(
        session,
        actor.user_id,
        action=f"contract.{action.value}",
        entity="contract",
        entity_id=contract.id,
        now=now,
        details={"from": source.value if source is not None else None, "to": contract.status.value},
    )
