"""Reading releases, and the figures that have been published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, defer, joinedload

from market.db import Page, PageRequest, SortKey, get_or_not_found, paginate
from market.turnover.ledger import Sums
from market.turnover.models import Release
from market.turnover.rules import Measure, Period, ReleaseKind, Span, add_months


def get_release(session: Session, release_id: int, *, lock: bool = False) -> Release:
    """Return one release with its region.

    Raises:
        NotFound: there is none.
    """
    release = get_or_not_found(session, Release, release_id, name="发布", lock=lock)
    _ = release.region  # loaded while the session is open
    return release


def list_releases(
    session: Session,
    *,
    region: str | None,
    kind: ReleaseKind | None,
    withdrawn: bool | None,
    page: PageRequest,
) -> Page[Release]:
    """List releases without their content, those of the latest months first.

    Args:
        session: open session.
        region: only of exactly this region.
        kind: only of this kind.
        withdrawn: only withdrawn ones, or only standing ones; None for all.
        page: cursor and limit.
    """
    statement = select(Release).options(defer(Release.content, raiseload=True), joinedload(Release.region))
    if region is not None:
        statement = statement.where(Release.region_code == region)
    if kind is not None:
        statement = statement.where(Release.kind == kind)
    if withdrawn is not None:
        is_null = Release.withdrawn_at.is_(None)
        statement = statement.where(~is_null if withdrawn else is_null)
    order = [SortKey(Release.period_end, descending=True), SortKey(Release.id, descending=True)]
    return paginate(session, statement, order=order, page=page)


def find_standing(session: Session, *, region: str, kind: ReleaseKind, period: Period) -> Release | None:
    """Return the release of a region and period that has not been withdrawn."""
    return session.scalar(
        select(Release)
        .where(Release.region_code == region, Release.kind == kind, Release.period == period.text)
        .where(Release.withdrawn_at.is_(None))
    )


def list_superseded(session: Session, *, region: str, kind: ReleaseKind, period: Period) -> list[Release]:
    """Return the withdrawn releases of a region and period that nothing has taken the place of yet."""
    return list(
        session.scalars(
            select(Release)
            .where(Release.region_code == region, Release.kind == kind, Release.period == period.text)
            .where(Release.withdrawn_at.is_not(None), Release.superseded_by.is_(None))
        )
    )


TOO_FEW = "已发布的合同项数过少，金额不公布。"
"""Why a published figure has no amounts."""


@dataclass(frozen=True, slots=True)
class PublishedFigure:
    """A measure over whole years and the present one so far, as published.

    Attributes:
        deals: contracts, added up over the releases.
        sums: the same with the amounts; None where a release withholds them.
        span: the months covered, without a gap.
        known_at: the state of the books behind the newest of the releases.
        releases: numbers of the releases, earliest months first.
    """

    deals: int
    sums: Sums | None
    span: Span
    known_at: datetime
    releases: Sequence[int]


def published_figure(
    session: Session, *, region: str, measure: Measure, span: Span
) -> PublishedFigure | None:
    """Return how much of a measure has been published over a span that begins with a year.

    Every release says how much came from the beginning of its year to its end, so one a year is enough:
    the one that reaches furthest. The years are added up as long as they are complete.

    Returns:
        None if nothing was published of the first year, or the span begins in the middle of one.
    """
    if (span.start.month, span.start.day) != (1, 1):
        return None
    latest = {
        end.year: number
        for number, end in session.execute(
            select(Release.id, Release.period_end)
            .where(Release.region_code == region, Release.withdrawn_at.is_(None))
            .where(Release.period_start >= span.start, Release.period_end <= span.end)
            .order_by(Release.period_end, Release.known_at, Release.id)
        )
    }
    used: list[Release] = []
    lines = []
    for year in range(span.start.year, span.end.year + 1):
        if year not in latest:
            break
        release = session.get_one(Release, latest[year])
        used.append(release)
        lines.append(_year_so_far(release.content, measure))
        if release.period_end != date(year, 12, 31):
            break
    if not used:
        return None
    shown = all(line["total_fen"] is not None for line in lines)
    sums = [Sums(line["deals"], line["total_fen"], line["tech_fen"]) for line in lines] if shown else []
    return PublishedFigure(
        deals=sum(line["deals"] for line in lines),
        sums=sum(sums, Sums()) if shown else None,
        span=Span(span.start, used[-1].period_end),
        known_at=max(release.known_at for release in used),
        releases=[release.id for release in used],
    )


def months_covered(span: Span) -> str:
    """Return the months of a span in Chinese."""
    start, end = span.start, span.end
    if start.year != end.year:
        return f"{start.year}年{start.month}月—{end.year}年{end.month}月"
    if add_months(start, 0) == add_months(end, 0):
        return f"{start.year}年{start.month}月"
    return f"{start.year}年{start.month}—{end.month}月"


def _year_so_far(content: dict[str, Any], measure: Measure) -> dict[str, Any]:
    cumulative = content["cumulative"]
    lines: list[dict[str, Any]] = content["headline"] if cumulative is None else cumulative["lines"]
    return next(line for line in lines if line["measure"] == measure)
