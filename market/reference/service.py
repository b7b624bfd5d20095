"""Loading code tables. The rows come from files; loading twice changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.reference.models import CodeEntry, Park, Region


def load_regions(session: Session, rows: Iterable[Mapping[str, Any]]) -> int:
    """Insert or update regions; parents must come before children.

    Returns:
        The number of rows read.
    """
    return _merge(session, Region, rows)


def load_parks(session: Session, rows: Iterable[Mapping[str, Any]]) -> int:
    """Insert or update parks; returns the number of rows read."""
    return _merge(session, Park, rows)


def load_codes(session: Session, rows: Iterable[Mapping[str, Any]]) -> int:
    """Insert or update codes; returns the number of rows read."""
    session.info.pop("code_names", None)
    return _merge(session, CodeEntry, rows)


def _merge(session: Session, model: type[Any], rows: Iterable[Mapping[str, Any]]) -> int:
    known = {_key(row): row for row in session.scalars(select(model))}
    count = 0
    for values in rows:
        count += 1
        row = model(**values)
        existing = known.get(_key(row))
        if existing is None:
            session.add(row)
            continue
        for name, value in values.items():
            if getattr(existing, name) != value:
                setattr(existing, name, value)
    session.flush()
    return count


def _key(row: Any) -> tuple[Any, ...]:
    return (row.scheme, row.code) if isinstance(row, CodeEntry) else (row.code,)
