"""Reading the integrity record (诚信记录), which those in charge of a region keep to themselves."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from market.accounts.rules import Actor, Role, oversees
from market.challenges.models import IntegrityRecord
from market.db import Page, PageRequest, SortKey, paginate
from market.errors import NotFound, PermissionDenied
from market.reference.rules import region_prefix

PEOPLE_AND_UNITS = (joinedload(IntegrityRecord.talent), joinedload(IntegrityRecord.organisation))


def list_integrity(session: Session, actor: Actor, *, page: PageRequest) -> Page[IntegrityRecord]:
    """Return the integrity records of regions the actor is in charge of, newest first.

    Raises:
        PermissionDenied: the actor is in charge of none.
    """
    _require_office(actor)
    statement = select(IntegrityRecord).options(*PEOPLE_AND_UNITS)
    if actor.role is not Role.ADMIN:
        assert actor.region_code is not None
        here = region_prefix(actor.region_code)
        statement = statement.where(IntegrityRecord.region_code.startswith(here))
    return paginate(session, statement, order=[SortKey(IntegrityRecord.id, descending=True)], page=page)


def lock_integrity(session: Session, actor: Actor, record_id: int) -> IntegrityRecord:
    """Return a record of a region the actor is in charge of, locked.

    Raises:
        PermissionDenied: the actor is in charge of none.
        NotFound: there is none, or it is another region's.
    """
    _require_office(actor)
    row = session.get(
        IntegrityRecord, record_id, populate_existing=True, with_for_update={"of": IntegrityRecord},
        options=PEOPLE_AND_UNITS,
    )  # fmt: skip
    if row is None or not (actor.role is Role.ADMIN or oversees(actor, row.region_code)):
        raise NotFound("没有找到该诚信记录。", code="integrity-not-found")
    return row


def _require_office(actor: Actor) -> None:
    bureau = actor.role is Role.BUREAU and actor.in_office and actor.region_code is not None
    if actor.role is not Role.ADMIN and not bureau:
        raise PermissionDenied("诚信记录由主管部门掌握。", code="role-not-allowed")
