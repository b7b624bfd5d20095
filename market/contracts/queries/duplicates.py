"""Finding other contracts between the same two parties."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, aliased

from market.contracts.form_rules import Neighbour
from market.contracts.models import Contract, ContractParty
from market.contracts.rules import STATUS_NAMES, Status

GONE = frozenset(
    {Status.DRAFT, Status.WITHDRAWN, Status.REFUSED, Status.CANCELLED, Status.REVOKED, Status.RETURNED}
)
"""States in which nobody asks for, or has, a registration."""

LOOK_AT_MOST = 200
"""Two parties with more contracts than this have a series; the newest are compared."""


def neighbours_of(session: Session, contract: Contract) -> list[Neighbour]:
    """Return the other contracts between the same parties, registered or on the way, newest first."""
    seller, buyer = aliased(ContractParty), aliased(ContractParty)
    rows = session.execute(
        select(
            Contract.reg_no,
            Contract.status,
            Contract.project_name,
            Contract.total_amount_fen,
            Contract.signed_on,
        )
        .join(seller, Contract.seller_id == seller.id)
        .join(buyer, Contract.buyer_id == buyer.id)
        .where(
            Contract.id != contract.id,
            Contract.status.not_in(GONE),
            _same(seller, contract.seller),
            _same(buyer, contract.buyer),
        )
        .order_by(Contract.id.desc())
        .limit(LOOK_AT_MOST)
    )
    return [
        Neighbour(
            label=f"登记编号{row.reg_no}" if row.reg_no else STATUS_NAMES[row.status],
            project_name=row.project_name,
            total_amount_fen=row.total_amount_fen,
            signed_on=row.signed_on,
        )
        for row in rows
    ]


def _same(column: type[ContractParty], party: ContractParty) -> ColumnElement[bool]:
    """Compare what tells parties apart: the credit code, or the name where there is none."""
    if party.organisation_id is not None:
        return column.organisation_id == party.organisation_id
    if party.uscc is not None:
        return column.uscc == party.uscc
    return column.uscc.is_(None) & (column.name == party.name)
