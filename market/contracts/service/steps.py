"""What every step of a contract has in common: who may take it, from where, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Set
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import Table, insert
from sqlalchemy.orm import Session

from market.accounts.rules import Actor, oversees
from market.audit.service import record_now
from market.clock import china_day
from market.contracts import queries
from market.contracts.models import Contract, ContractEvent, ContractParty
from market.contracts.rules import (
    ACTION_NAMES,
    APPLICANT_ROLES,
    DUTY_NAMES,
    SIDE_NAMES,
    STATUS_NAMES,
    TRANSITIONS,
    Action,
    By,
    Duty,
    Side,
    Status,
    duties_for,
)
from market.errors import Conflict, PermissionDenied

_WRITE = insert(cast(Table, ContractEvent.__table__)).inline()  # nobody asks for the id


def open_step(session: Session, actor: Actor, contract_id: int, *, action: Action, now: datetime) -> Contract:
    """Return the contract, locked, if this actor may take this step with it now.

    Raises:
        NotFound: there is none, or the actor may not know of it.
        PermissionDenied: the actor may not take this step.
        Conflict: `illegal-transition`: the contract is not in a state this step starts from.
    """
    contract = queries.get_contract(session, actor, contract_id, lock=True)
    require_step(session, actor, contract, action=action, now=now)
    return contract


def require_step(
    session: Session,
    actor: Actor,
    contract: Contract,
    *,
    action: Action,
    now: datetime,
    held: Set[Duty] | None = None,
) -> None:
    """Refuse a step to those who may not take it, and from states it does not start from.

    Args:
        session: open session.
        actor: who is asking.
        contract: which contract.
        action: which step.
        now: present time.
        held: the actor's duties at the contract's station today, where the caller has read them.

    Raises:
        PermissionDenied, Conflict: as `open_step`.
    """
    by = TRANSITIONS[action].by
    if by is By.APPLICANT:
        require_applicant(actor, contract)
        require_state(contract, action)
        return
    if by is By.STATION or not watches(actor, contract):
        require_station(actor, contract.station_id)
        require_state(contract, action)
        require_duty(session, actor, contract, action=action, day=china_day(now), held=held)
    else:
        require_state(contract, action)


def require_applicant(actor: Actor, contract: Contract) -> None:
    """Refuse everyone but members of the party that applies: the seller, or the buyer of an import.

    Raises:
        PermissionDenied: the actor is somebody else.
    """
    if (
        actor.role not in APPLICANT_ROLES
        or applicant_party(contract).organisation_id != actor.organisation_id
    ):
        raise PermissionDenied(
            f"只有申请单位（{SIDE_NAMES[contract.applicant]}）的成员可以进行此项操作。",
            code="not-the-applicant",
        )


def applicant_party(contract: Contract) -> ContractParty:
    """Return the party that applies."""
    return contract.seller if contract.applicant is Side.SELLER else contract.buyer


def watches(actor: Actor, contract: Contract) -> bool:
    """Tell whether an actor is a bureau over the region of the contract's station."""
    return actor.verified and oversees(actor, contract.station.region_code)


def require_station(actor: Actor, station_id: int) -> None:
    """Refuse everyone but registrars of the station.

    Raises:
        PermissionDenied: the actor is somebody else.
    """
    if not queries.works_at(actor, station_id):
        raise PermissionDenied("只有受理该合同的登记机构可以进行此项操作。", code="not-the-station")


def require_duty(
    session: Session,
    actor: Actor,
    contract: Contract,
    *,
    action: Action,
    day: date,
    held: Set[Duty] | None = None,
) -> None:
    """Refuse one of the station's people who does not hold a duty the step asks for.

    Raises:
        PermissionDenied: `duty-missing`, naming the duty.
    """
    require_any_duty(
        session,
        actor,
        contract.station_id,
        duties=duties_for(action, contract.status),
        purpose=ACTION_NAMES[action],
        day=day,
        held=held,
    )


def require_any_duty(
    session: Session,
    actor: Actor,
    station_id: int,
    *,
    duties: Set[Duty],
    purpose: str,
    day: date,
    held: Set[Duty] | None = None,
) -> None:
    """Refuse everyone who does not hold one of these duties at the station on a day.

    Args:
        session: open session.
        actor: who is asking.
        station_id: the station.
        duties: one of them is enough.
        purpose: what it is needed for, in Chinese.
        day: present day in China.
        held: the actor's duties there that day, where the caller has read them.

    Raises:
        PermissionDenied: `not-the-station`, or `duty-missing` naming the duty.
    """
    require_station(actor, station_id)
    if held is None:
        held = queries.duties_of(session, actor.user_id, station_id, day=day)
    if not duties & held:
        names = "、".join(DUTY_NAMES[duty] for duty in Duty if duty in duties)
        raise PermissionDenied(
            f"您不是该登记机构的{names}，不能{purpose}；人员分工由主管部门确定。", code="duty-missing"
        )


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
    target = TRANSITIONS[action].target
    if target is not None:
        contract.status = target
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
    target: Status | None = None,
) -> None:
    """Write the event that leads the contract to a state, its present one unless told; and its audit record.

    Both are written at once, before what is pending of the contract, and are not kept in the session.
    """
    target = target if target is not None else contract.status
    session.connection().execute(
        _WRITE,
        {
            "contract_id": contract.id,
            "action": action,
            "source": source,
            "target": target,
            "actor_id": actor.user_id,
            "reason_code": reason_code,
            "note": note,
            "snapshot": snapshot,
            "at": now,
        },
    )
    record_now(
        session,
        actor.user_id,
        action=f"contract.{action.value}",
        entity="contract",
        entity_id=contract.id,
        now=now,
        details={"from": source.value if source is not None else None, "to": target.value},
    )
