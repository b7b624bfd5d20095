"""Reading what experts concluded about a contract."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import Actor, Role, oversees
from market.contracts.models import Contract, ExpertOpinion
from market.contracts.queries.contracts import get_contract
from market.contracts.queries.history import find_last_event
from market.contracts.queries.station import works_at
from market.contracts.rules import Action
from market.errors import PermissionDenied


def opinions_on(session: Session, contract: Contract) -> list[ExpertOpinion]:
    """Return the opinions on a contract as last accepted, oldest first.

    What was said about a filing that went back to be corrected says nothing about the corrected one.
    """
    accepted = find_last_event(session, contract.id, Action.ACCEPT)
    if accepted is None:
        return []
    return list(
        session.scalars(
            select(ExpertOpinion)
            .where(ExpertOpinion.contract_id == contract.id, ExpertOpinion.recorded_at >= accepted.at)
            .order_by(ExpertOpinion.id)
        )
    )


def list_opinions(session: Session, actor: Actor, contract_id: int) -> list[ExpertOpinion]:
    """Return every opinion recorded on a contract, oldest first; for the authorities, not for parties.

    Raises:
        NotFound: no such contract, or the actor may not know of it.
        PermissionDenied: the actor is a party or its broker.
    """
    contract = get_contract(session, actor, contract_id)
    inside = works_at(actor, contract.station_id) or oversees(actor, contract.station.region_code)
    if not (inside or actor.role is Role.ADMIN):
        raise PermissionDenied("专家意见只供登记机构及其主管部门查看。", code="not-the-station")
    return list(
        session.scalars(
            select(ExpertOpinion).where(ExpertOpinion.contract_id == contract.id).order_by(ExpertOpinion.id)
        )
    )
