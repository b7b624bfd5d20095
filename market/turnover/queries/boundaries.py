"""What a reader of figures must know about regions that changed in the meantime."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.reference.models import RegionSuccession
from market.reference.queries import succession_notes
from market.reference.rules import lies_within, region_prefix
from market.turnover.queries.scopes import Scope
from market.turnover.rules import AreaKind, Boundaries, GroupBy, Span

AS_NOW = "本数按现行区划统计。"
AS_THEN = "本数按登记时的区划统计，前后口径不同。"


def boundary_remarks(
    session: Session, scope: Scope, *, group_by: GroupBy, spans: Sequence[Span]
) -> list[str]:
    """Return a Chinese remark for every change of regions that a figure or its comparison straddles.

    A change inside the area moves nothing across its boundary; it is named only where the figure is
    broken down by region. One that took effect before the first month, or after the last, did not
    change anything within the figure.

    Args:
        session: open session.
        scope: what the figure is about.
        group_by: how it is broken down.
        spans: the months it is read for.
    """
    if scope.area.kind is not AreaKind.REGION or scope.area.is_nation:
        return []
    area = scope.area.code
    first, last = min(span.start for span in spans), max(span.end for span in spans)
    straddled = {
        row.old_code
        for row in session.execute(
            select(RegionSuccession.old_code, RegionSuccession.new_code).where(
                RegionSuccession.effective_on > first, RegionSuccession.effective_on <= last
            )
        )
        if lies_within(row.old_code, area) is not lies_within(row.new_code, area)
        or (group_by is GroupBy.REGION and lies_within(row.old_code, area))
    }
    if not straddled:
        return []
    now = scope.boundaries is Boundaries.NOW
    return [
        f"{note.text}{AS_NOW if now and note.whole else AS_THEN}"
        for note in succession_notes(session, region_prefix(area))
        if note.old_code in straddled
    ]
