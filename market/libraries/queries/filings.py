"""Agencies on file as units: which entry of a region speaks of one, and how many different ones there are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import ColumnElement, Select, String, cast, func, select
from sqlalchemy.orm import Session

from market.libraries.models import AgencyFiling
from market.libraries.queries.counts import between, listed_in
from market.libraries.rules import EntryStatus


def find_filing(
    session: Session,
    region_code: str,
    *,
    category: str,
    uscc: str | None,
    title: str,
    apart_from: int | None = None,
) -> AgencyFiling | None:
    """Return the entry of a region for the same agency, if it is on the register or on its way there.

    It is the same by its code; by its name, where one of the two states no code.

    Args:
        session: open session.
        region_code: exactly this region.
        category: an agency may stand in several.
        uscc: its code, if it is known.
        title: its name.
        apart_from: an entry that does not count.
    """
    named = AgencyFiling.title == title
    same = named if uscc is None else (AgencyFiling.uscc == uscc) | (named & AgencyFiling.uscc.is_(None))
    statement = (
        select(AgencyFiling)
        .where(AgencyFiling.region_code == region_code, AgencyFiling.category == category, same)
        .where(AgencyFiling.status.not_in((EntryStatus.REJECTED, EntryStatus.DELISTED)))
        .order_by(AgencyFiling.id)
    )
    if apart_from is not None:
        statement = statement.where(AgencyFiling.id != apart_from)
    return session.scalars(statement).first()


def _agencies(region_code: str, conditions: Iterable[ColumnElement[bool]]) -> Select[date, int | None]:
    """Return first day and staff of each different agency that a region and those inside it list."""
    # By its code; one without a code is nobody else's entry.
    agency = func.coalesce(AgencyFiling.uscc, cast(AgencyFiling.id, String))
    return (
        select(
            func.min(AgencyFiling.filed_on).label("first_filed"),
            func.max(AgencyFiling.transfer_staff).label("staff"),
        )
        .where(*listed_in(AgencyFiling, region_code), *conditions)
        .group_by(agency)
    )


def count_agencies(session: Session, region_code: str, *, conditions: Iterable[ColumnElement[bool]]) -> int:
    """Return how many different agencies are listed; one that several regions list counts once.

    Args:
        session: open session.
        region_code: of this region and all inside it.
        conditions: of agencies' own columns.
    """
    found = _agencies(region_code, conditions).subquery()
    return session.scalar(select(func.count()).select_from(found)) or 0


def count_first_filed(
    session: Session,
    region_code: str,
    *,
    since: date | None,
    until: date,
    conditions: Iterable[ColumnElement[bool]],
) -> int:
    """Return how many different agencies were filed for the first time in a span; see `count_agencies`."""
    found = _agencies(region_code, conditions).subquery()
    statement = select(func.count()).select_from(found).where(*between(found.c.first_filed, since, until))
    return session.scalar(statement) or 0


def sum_transfer_staff(
    session: Session, region_code: str, *, conditions: Iterable[ColumnElement[bool]]
) -> int:
    """Return how many people work in technology transfer at listed agencies that state it.

    Of an agency that several regions list, the largest number counts; see `count_agencies`.
    """
    found = _agencies(region_code, conditions).subquery()
    return int(session.scalar(select(func.sum(found.c.staff))) or 0)
