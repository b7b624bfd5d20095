"""Reading what has happened to a contract, and what was asked to be done with it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.contracts.models import ContractEvent, ContractRequest
from market.contracts.queries.contracts import get_contract
from market.contracts.rules import APPLICANT_ROLES, INTERNAL, Action
from market.errors import NotFound
from market.reference.queries import code_names
from market.reference.rules import Scheme


@dataclass(frozen=True, slots=True)
class DescribedEvent:
    """A step of a contract with the name of its reason; what the station wrote for itself is left out."""

    event: ContractEvent
    reason_name: str | None
    note: str | None


def list_events(session: Session, actor: Actor, contract_id: int) -> list[DescribedEvent]:
    """Return the steps of a contract, oldest first.

    Raises:
        NotFound: there is no such contract, or the actor may not know of it.
    """
    get_contract(session, actor, contract_id)
    outside = actor.role in APPLICANT_ROLES
    events = session.scalars(
        select(ContractEvent).where(ContractEvent.contract_id == contract_id).order_by(ContractEvent.id)
    )
    reasons = code_names(session, Scheme.REFUSAL_REASON)
    reasons = {**reasons, **code_names(session, Scheme.REVOCATION_REASON)}
    return [
        DescribedEvent(
            event,
            reasons.get(event.reason_code or ""),
            None if outside and event.action in INTERNAL else event.note,
        )
        for event in events
    ]


def list_requests(session: Session, actor: Actor, contract_id: int) -> list[ContractRequest]:
    """Return what was asked to be done with a registered contract, oldest first.

    Raises:
        NotFound: there is no such contract, or the actor may not know of it.
    """
    get_contract(session, actor, contract_id)
    return list(
        session.scalars(
            select(ContractRequest)
            .where(ContractRequest.contract_id == contract_id)
            .order_by(ContractRequest.id)
        )
    )


def get_request(session: Session, actor: Actor, request_id: int) -> ContractRequest:
    """Return one request of a contract that the actor may know of.

    Raises:
        NotFound: there is none, or the actor may not know of its contract.
    """
    request = session.get(ContractRequest, request_id)
    if request is None:
        raise NotFound("没有找到该变更或注销申请。", code="contract-request-not-found")
    get_contract(session, actor, request.contract_id)
    return request


def find_open_request(session: Session, contract_id: int) -> ContractRequest | None:
    """Return the request of a contract that awaits the station's answer, if any; there is at most one."""
    return session.scalar(
        select(ContractRequest).where(
            ContractRequest.contract_id == contract_id, ContractRequest.decided_at.is_(None)
        )
    )


def find_last_event(session: Session, contract_id: int, action: Action) -> ContractEvent | None:
    """Return the latest step of this kind a contract has taken."""
    return session.scalar(
        select(ContractEvent)
        .where(ContractEvent.contract_id == contract_id, ContractEvent.action == action)
        .order_by(ContractEvent.id.desc())
        .limit(1)
    )
