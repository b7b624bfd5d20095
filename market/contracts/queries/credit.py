"""Reading who is credited with having brought a contract about."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from market.accounts.rules import Actor
from market.contracts.models import Attribution
from market.contracts.queries.contracts import get_contract
from market.errors import NotFound

WHOLE_BP = 10_000
"""Basis points of a whole contract."""


def list_attributions(session: Session, actor: Actor, contract_id: int) -> list[Attribution]:
    """Return the shares of a contract, withdrawn ones included, oldest first, with agencies and brokers.

    Raises:
        NotFound: there is no such contract, or the actor may not know of it.
    """
    get_contract(session, actor, contract_id)
    return list(
        session.scalars(
            select(Attribution)
            .where(Attribution.contract_id == contract_id)
            .options(joinedload(Attribution.agency), joinedload(Attribution.broker))
            .order_by(Attribution.id)
        )
    )


def get_attribution(session: Session, actor: Actor, attribution_id: int) -> Attribution:
    """Return one share in a contract that the actor may know of.

    Raises:
        NotFound: there is none, or the actor may not know of its contract.
    """
    named = [joinedload(Attribution.agency), joinedload(Attribution.broker)]
    row = session.get(Attribution, attribution_id, options=named)
    if row is None:
        raise NotFound("没有找到该促成记录。", code="attribution-not-found")
    get_contract(session, actor, row.contract_id)
    return row


def share_left(session: Session, contract_id: int) -> int:
    """Return how much of a contract nobody is credited with yet, in basis points."""
    taken = session.scalar(
        select(func.coalesce(func.sum(Attribution.share_bp), 0)).where(
            Attribution.contract_id == contract_id, Attribution.withdrawn_at.is_(None)
        )
    )
    return WHOLE_BP - int(taken or 0)
