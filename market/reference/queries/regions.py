"""Reading regions, what became of those that ended, and parks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from market.db import get_or_not_found
from market.errors import violation
from market.reference.models import Park, Region, RegionSuccession
from market.reference.rules import last_successors

SUCCESSIONS_CACHE = "region_successions"
"""Key in `session.info`; whoever writes the table drops it."""


@dataclass(frozen=True, slots=True)
class SuccessionNote:
    """What became of a region, in words for the foot of a table.

    Attributes:
        old_code: code that ended.
        old_name: the name it had.
        new_codes: what it became; several where it was divided.
        new_names: their names, in the same order.
        effective_on: first day the old code is no longer valid.
        whole: False where it was divided.
        source: where this is known from.
        text: one Chinese sentence.
    """

    old_code: str
    old_name: str
    new_codes: tuple[str, ...]
    new_names: tuple[str, ...]
    effective_on: date
    whole: bool
    source: str
    text: str


def check_region(session: Session, code: str, *, pointer: str) -> Region:
    """Return the region with this code.

    Raises:
        RuleViolation: `unknown-code`.
    """
    region = session.get(Region, code)
    if region is None:
        raise violation(pointer, "unknown-code", f"行政区划代码表中没有“{code}”。")
    return region


def check_park(session: Session, code: str | None, *, pointer: str) -> None:
    """Refuse a park code that is not in the table; None is allowed.

    Raises:
        RuleViolation: `unknown-code`.
    """
    if code is not None and session.get(Park, code) is None:
        raise violation(pointer, "unknown-code", f"园区表中没有“{code}”。")


def get_region(session: Session, code: str) -> Region:
    """Return one region.

    Raises:
        NotFound: there is none.
    """
    return get_or_not_found(session, Region, code, name="行政区划")


def list_regions(session: Session, parent_code: str) -> list[Region]:
    """Return the regions directly inside another, by code."""
    return list(
        session.scalars(select(Region).where(Region.parent_code == parent_code).order_by(Region.code))
    )


def list_parks(session: Session, region_code: str | None = None) -> list[Park]:
    """Return the parks, all or of one region, by code."""
    statement = select(Park).order_by(Park.code)
    if region_code is not None:
        statement = statement.where(Park.region_code == region_code)
    return list(session.scalars(statement))


def find_successor(session: Session, code: str, day: date) -> Region | None:
    """Return the region that holds the place of another on a day.

    Args:
        session: open session.
        code: region whose code may have ended.
        day: only changes that have happened by this day are followed.

    Returns:
        None if the region still stood, if nothing is known of what became of it, or if it was
        divided among several. Where a successor was itself divided later, that successor.
    """
    happened = {old: new for old, (new, since) in _whole_steps(session).items() if since <= day}
    last = last_successors(happened).get(code)
    return session.get(Region, last) if last is not None else None


def present_codes(session: Session) -> dict[str, str]:
    """Return every code that ended to the one that holds its whole place now.

    A region that was divided is not in it; a figure of its own time cannot be given to one of its parts.
    """
    return last_successors({old: new for old, (new, _) in _whole_steps(session).items()})


def succession_notes(session: Session, prefix: str) -> list[SuccessionNote]:
    """Return what became of the regions inside an area, or came into it; by day, then by code.

    Args:
        session: open session.
        prefix: digits that the codes of the area start with, from `rules.region_prefix`.
    """
    inside = or_(
        RegionSuccession.old_code.startswith(prefix, autoescape=True),
        RegionSuccession.new_code.startswith(prefix, autoescape=True),
    )
    olds = select(RegionSuccession.old_code).where(inside)
    rows = session.scalars(
        select(RegionSuccession)
        .where(RegionSuccession.old_code.in_(olds))
        .order_by(RegionSuccession.effective_on, RegionSuccession.old_code, RegionSuccession.new_code)
    )
    by_old: dict[str, list[RegionSuccession]] = {}
    for row in rows:
        by_old.setdefault(row.old_code, []).append(row)
    codes = {code for parts in by_old.values() for part in parts for code in (part.old_code, part.new_code)}
    regions = {
        region.code: region for region in session.scalars(select(Region).where(Region.code.in_(codes)))
    }
    return [_note(parts, regions) for parts in by_old.values()]


def _whole_steps(session: Session) -> dict[str, tuple[str, date]]:
    cached: dict[str, tuple[str, date]] | None = session.info.get(SUCCESSIONS_CACHE)
    if cached is None:
        rows = session.scalars(select(RegionSuccession).where(RegionSuccession.whole))
        cached = {row.old_code: (row.new_code, row.effective_on) for row in rows}
        session.info[SUCCESSIONS_CACHE] = cached
    return cached


def _note(parts: list[RegionSuccession], regions: dict[str, Region]) -> SuccessionNote:
    first = parts[0]
    old = regions[first.old_code]
    news = [regions[part.new_code] for part in parts]
    names = "、".join(f"{region.name}（{region.code}）" for region in news)
    became = f"由{names}承接" if first.whole else f"分归{names}，此前的数字不能拆分"
    return SuccessionNote(
        old_code=old.code,
        old_name=old.name,
        new_codes=tuple(region.code for region in news),
        new_names=tuple(region.name for region in news),
        effective_on=first.effective_on,
        whole=first.whole,
        source=first.source,
        text=f"{old.name}（{old.code}）自{first.effective_on:%Y-%m-%d}起不再使用，{became}。",
    )
