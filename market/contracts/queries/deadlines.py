"""What a station still has to decide, and by when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.accounts.rules import Actor, Role
from market.contracts.models import Contract
from market.contracts.queries.contracts import DescribedContract, describe, is_overdue, visible_contracts
from market.contracts.rules import UNDER_REVIEW
from market.db import PageRequest, SortKey, paginate
from market.errors import PermissionDenied

WATCHING_ROLES = frozenset({Role.REGISTRAR, Role.BUREAU, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Deadlines:
    """A page of undecided contracts, soonest due first, and how many there are in all."""

    items: Sequence[DescribedContract]
    next_cursor: str | None
    undecided: int
    overdue: int


def list_deadlines(session: Session, actor: Actor, *, page: PageRequest, today: date) -> Deadlines:
    """Return the accepted contracts that await a decision, by their last day.

    Args:
        session: open session.
        actor: a station's registrar sees its own, a bureau those of its region, an admin all.
        page: cursor and limit.
        today: present day in China.

    Raises:
        PermissionDenied: the actor is none of these.
    """
    if actor.role not in WATCHING_ROLES:
        raise PermissionDenied("只有登记机构及其主管部门可以查看办理期限。", code="role-not-allowed")
    due = visible_contracts(actor).where(Contract.status.in_(UNDER_REVIEW), Contract.due_on.is_not(None))
    ids = due.with_only_columns(Contract.id, maintain_column_froms=True)
    counts = session.execute(
        select(func.count(), func.count().filter(is_overdue(today)))
        .select_from(Contract)
        .where(Contract.id.in_(ids))
    ).one()
    order = [SortKey(Contract.due_on), SortKey(Contract.id)]
    found = paginate(session, due, order=order, page=page)
    return Deadlines(describe(session, found.items, today=today), found.next_cursor, counts[0], counts[1])
