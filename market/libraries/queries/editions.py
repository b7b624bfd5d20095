"""Reading published editions, and what the next one would hold."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from market.db import Page, PageRequest, SortKey, get_or_not_found, paginate
from market.libraries.models import Edition, EditionRow, RegisterEntry
from market.libraries.queries.kinds import kinds_of
from market.libraries.rules import EntryStatus, Frozen, Register
from market.reference.rules import region_prefix


def get_edition(session: Session, edition_id: int) -> Edition:
    """Return one edition; they are public.

    Raises:
        NotFound: there is none.
    """
    return get_or_not_found(session, Edition, edition_id, name="清单版本")


def list_editions(
    session: Session, *, page: PageRequest, register: Register | None = None, region: str | None = None
) -> Page[Edition]:
    """List editions, newest first.

    Args:
        session: open session.
        page: cursor and limit.
        register: only of this register.
        region: only of exactly this region.
    """
    statement: Select[tuple[Edition]] = select(Edition)
    if register is not None:
        statement = statement.where(Edition.register == register)
    if region is not None:
        statement = statement.where(Edition.region_code == region)
    return paginate(session, statement, order=[SortKey(Edition.id, descending=True)], page=page)


def latest_edition(session: Session, register: Register, region_code: str) -> Edition | None:
    """Return the newest edition of a region's list, if any."""
    return session.scalar(
        select(Edition)
        .where(Edition.register == register, Edition.region_code == region_code)
        .order_by(Edition.number.desc())
        .limit(1)
    )


def list_rows(session: Session, edition: Edition, *, page: PageRequest) -> Page[EditionRow]:
    """List the rows of an edition in their order."""
    statement = select(EditionRow).where(EditionRow.edition_id == edition.id)
    return paginate(
        session, statement, order=[SortKey(EditionRow.position), SortKey(EditionRow.id)], page=page
    )


def all_rows(session: Session, edition: Edition) -> list[EditionRow]:
    """Return all rows of an edition in their order."""
    statement = select(EditionRow).where(EditionRow.edition_id == edition.id).order_by(EditionRow.position)
    return list(session.scalars(statement))


def frozen_rows(session: Session, edition: Edition | None) -> dict[str, Frozen]:
    """Return the rows of an edition by key; none for no edition."""
    if edition is None:
        return {}
    return {
        row.key: Frozen(row.record_id, row.key, row.title, row.content) for row in all_rows(session, edition)
    }


def entries_in_state(
    session: Session, register: Register, region_code: str, status: EntryStatus, *, lock: bool = False
) -> Sequence[RegisterEntry]:
    """Return the entries of a region's register in one state, by kind and id.

    Args:
        session: open session.
        register: which.
        region_code: this region and all inside it.
        status: which state.
        lock: read them afresh and lock them.
    """
    statement = (
        select(RegisterEntry)
        .where(
            RegisterEntry.kind.in_(kinds_of(register)),
            RegisterEntry.region_code.startswith(region_prefix(region_code)),
            RegisterEntry.status == status,
        )
        .order_by(RegisterEntry.kind, RegisterEntry.id)
    )
    if lock:
        statement = statement.with_for_update(of=RegisterEntry).execution_options(populate_existing=True)
    return session.scalars(statement).all()
