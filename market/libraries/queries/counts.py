"""How much of a register stands listed, and the conditions by which it is counted.

Lists over HTTP narrow by the same conditions, so that whoever opens a number finds what was counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from market.libraries.models import (
    AgencyFiling,
    ChainEnterprise,
    Consortium,
    ConsortiumMember,
    EnterpriseTag,
    Evaluation,
    Recognition,
    RegisterEntry,
    Resource,
)
from market.libraries.rules import EntryStatus
from market.libraries.rules.recognitions import at_least
from market.reference.rules import region_prefix


def listed_in(model: type[RegisterEntry], region_code: str) -> list[ColumnElement[bool]]:
    """Return the conditions that an entry is listed in a region or inside it."""
    return [
        model.status == EntryStatus.LISTED,
        model.region_code.startswith(region_prefix(region_code)),
    ]


def count_listed(
    session: Session,
    model: type[RegisterEntry],
    region_code: str,
    *,
    conditions: Iterable[ColumnElement[bool]],
) -> int:
    """Return how many entries of a kind are listed in a region and all inside it.

    Args:
        session: open session.
        model: table class of the kind.
        region_code: whose.
        conditions: of the kind's own columns.
    """
    statement = select(func.count()).select_from(model)
    return session.scalars(statement.where(*listed_in(model, region_code), *conditions)).one()


def count_partners(
    session: Session, region_code: str, *, category: str, start: date | None, end: date
) -> int:
    """Return how many different enterprises joined a region's listed consortia of a kind in a span."""
    statement = (
        select(func.count(ConsortiumMember.name.distinct()))
        .join(Consortium, Consortium.id == ConsortiumMember.consortium_id)
        .where(
            *listed_in(Consortium, region_code),
            Consortium.category == category,
            ConsortiumMember.is_enterprise,
            *between(ConsortiumMember.joined_on, start, end),
        )
    )
    return session.scalars(statement).one()


def sum_evaluated(
    session: Session, region_code: str, *, category: str, name: str, years: tuple[int, int]
) -> int | None:
    """Add up what the yearly evaluations of a region's listed resources state under a name.

    Args:
        session: open session.
        region_code: of this region and all inside it.
        category: of the resources.
        name: of one of the figures of an evaluation.
        years: first and last year evaluated.

    Returns:
        None where no evaluation states it.
    """
    statement = (
        select(Evaluation.figures)
        .join(Resource, Resource.id == Evaluation.entry_id)
        .where(
            *listed_in(Resource, region_code),
            Resource.category == category,
            Evaluation.withdrawn_at.is_(None),
            Evaluation.year.between(*years),
        )
    )
    stated = [figures[name] for figures in session.scalars(statement) if name in figures]
    return sum(stated) if stated else None


def between(column: Any, since: Any | None, until: Any | None) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions that a day or year lies in a span; None leaves an end open."""
    if since is not None:
        yield column >= since
    if until is not None:
        yield column <= until


def on_file(day: date) -> ColumnElement[bool]:
    """Return the condition that an agency was filed by a day, and its filing had not run out."""
    return (AgencyFiling.filed_on <= day) & or_(
        AgencyFiling.valid_until.is_(None), AgencyFiling.valid_until >= day
    )


def _recognition(level: str | None) -> list[ColumnElement[bool]]:
    wanted = [Recognition.entry_id == Resource.id]
    return wanted if level is None else [*wanted, Recognition.level.in_(at_least(level))]


def recognised_on(day: date, level: str | None) -> ColumnElement[bool]:
    """Return the condition that a resource holds a recognition on a day, of this level or above it."""
    statement = select(Recognition.id).where(
        *_recognition(level),
        Recognition.recognised_on <= day,
        or_(Recognition.ended_on.is_(None), Recognition.ended_on >= day),
    )
    return statement.exists()


def first_recognised(
    level: str | None, *, since: date | None, until: date | None
) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions that a resource was first recognised, at this level or above it, in a span."""
    first = select(func.min(Recognition.recognised_on)).where(*_recognition(level)).scalar_subquery()
    yield first.is_not(None)
    yield from between(first, since, until)


def known_by(day: date) -> ColumnElement[bool]:
    """Return the condition that a resource stood by a day: its source says so, or a recognition does."""
    recognised = select(Recognition.id).where(*_recognition(None), Recognition.recognised_on <= day)
    return (Resource.source_date <= day) | recognised.exists()


def holds_title(tag: str | None, day: date) -> ColumnElement[bool]:
    """Return the condition that an enterprise holds a title on a day; any title where none is named."""
    wanted = (EnterpriseTag.year <= day.year) & or_(
        EnterpriseTag.valid_until.is_(None), EnterpriseTag.valid_until >= day
    )
    return ChainEnterprise.tags.any(wanted if tag is None else wanted & (EnterpriseTag.tag == tag))


def first_titled(tag: str | None, *, since: int | None, until: int | None) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions that an enterprise was first awarded a title, or any title, in these years."""
    first = select(func.min(EnterpriseTag.year)).where(EnterpriseTag.enterprise_id == ChainEnterprise.id)
    if tag is not None:
        first = first.where(EnterpriseTag.tag == tag)
    yield from between(first.scalar_subquery(), since, until)
