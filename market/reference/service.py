"""Loading code tables. The rows come from files; loading twice changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.errors import violation
from market.reference.models import CalendarDay, CodeEntry, Park, Region, RegionSuccession
from market.reference.queries import CALENDAR_CACHE, SUCCESSIONS_CACHE
from market.reference.rules import cycle_in


def load_regions(session: Session, rows: Iterable[Mapping[str, Any]]) -> int:
    """Insert or update regions; parents must come before children.

    Returns:
        The number of rows read.
    """
    return merge_rows(session, Region, rows, key=("code",))


def load_parks(session: Session, rows: Iterable[Mapping[str, Any]]) -> int:
    """Insert or update parks; returns the number of rows read."""
    return merge_rows(session, Park, rows, key=("code",))


def load_codes(session: Session, rows: Iterable[Mapping[str, Any]]) -> int:
    """Insert or update codes; returns the number of rows read."""
    session.info.pop("code_names", None)
    return merge_rows(session, CodeEntry, rows, key=("scheme", "code"))


def load_successions(session: Session, rows: Iterable[Mapping[str, Any]]) -> int:
    """Insert or update what became of regions that ended; returns the number of rows read.

    Raises:
        RuleViolation: `unknown-code`; `succession-divided`, where a region became one region as a
            whole and another one too; `succession-cycle`.
    """
    session.info.pop(SUCCESSIONS_CACHE, None)
    given = list(rows)
    known = set(session.scalars(select(Region.code)))
    for row in given:
        for name in ("old_code", "new_code"):
            if row[name] not in known:
                raise violation(f"/{name}", "unknown-code", f"行政区划代码表中没有“{row[name]}”。")
    table = {(row.old_code, row.new_code): row.whole for row in session.scalars(select(RegionSuccession))}
    table |= {(row["old_code"], row["new_code"]): row["whole"] for row in given}
    _check_successions(table)
    return merge_rows(session, RegionSuccession, given, key=("old_code", "new_code"))


def _check_successions(table: Mapping[tuple[str, str], bool]) -> None:
    parts = Counter(old for old, _ in table)
    for (old, _), whole in table.items():
        if whole and parts[old] > 1:
            detail = f"“{old}”既整体并入一处，又另有去向；分归几处的，每一行都应写明不是整体。"
            raise violation("/old_code", "succession-divided", detail)
    cycle = cycle_in(table)
    if cycle is not None:
        detail = f"行政区划的承接成了环：{'→'.join((*cycle, cycle[0]))}。"
        raise violation("/new_code", "succession-cycle", detail)


def load_calendar(session: Session, rows: Iterable[Mapping[str, Any]]) -> int:
    """Insert or update holidays and working weekends; returns the number of rows read.

    Raises:
        RuleViolation: `calendar-day-twice`, where one day stands in two rows that disagree.
    """
    session.info.pop(CALENDAR_CACHE, None)
    given = list(rows)
    seen: dict[Any, bool] = {}
    for row in given:
        if seen.setdefault(row["day"], row["workday"]) != row["workday"]:
            detail = f"{row['day']:%Y-%m-%d}既列为工作日，又列为休息日。"
            raise violation("/day", "calendar-day-twice", detail)
    return merge_rows(session, CalendarDay, given, key=("day",))


def merge_rows(
    session: Session, model: type[Any], rows: Iterable[Mapping[str, Any]], *, key: tuple[str, ...]
) -> int:
    """Insert rows, or change those whose key is there already; rows that agree are not touched.

    Args:
        session: open transaction.
        model: table.
        rows: column values.
        key: columns by which a row is known.

    Returns:
        The number of rows read.
    """
    known = {tuple(getattr(row, name) for name in key): row for row in session.scalars(select(model))}
    count = 0
    for values in rows:
        count += 1
        place = tuple(values[name] for name in key)
        existing = known.get(place)
        if existing is None:
            known[place] = model(**values)
            session.add(known[place])
            continue
        for name, value in values.items():
            if getattr(existing, name) != value:
                setattr(existing, name, value)
    session.flush()
    return count
