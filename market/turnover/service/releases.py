"""Publishing a region's figures, and withdrawing what was published wrongly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import Actor, Role, oversees
from market.audit.service import record
from market.canonical import digest_of
from market.clock import china_day
from market.errors import Conflict, PermissionDenied, violation
from market.reference.models import Region
from market.reference.queries import check_region
from market.turnover import bulletins
from market.turnover.models import Release
from market.turnover.queries.releases import find_standing, get_release, list_superseded
from market.turnover.rules import Period, PeriodKind, ReleaseKind, parse_period

PERIOD_OF_KIND: Mapping[ReleaseKind, tuple[PeriodKind, str]] = {
    ReleaseKind.MONTHLY: (PeriodKind.MONTH, "月度快报的时段应写作 2025-06。"),
    ReleaseKind.QUARTERLY: (PeriodKind.QUARTER, "季度通报的时段应写作 2025-Q2。"),
    ReleaseKind.ANNUAL: (PeriodKind.YEAR, "年度公报的时段应写作 2025。"),
}
TITLES: Mapping[ReleaseKind, str] = {
    ReleaseKind.MONTHLY: "技术市场统计快报",
    ReleaseKind.QUARTERLY: "技术市场统计通报",
    ReleaseKind.ANNUAL: "技术市场统计公报",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """What would be published now.

    Attributes:
        title: of the release.
        region: the area.
        period: what it reports on.
        content: as it would be frozen.
        digest: of the content.
        publishable: whether the period is over and nothing published of it stands.
    """

    title: str
    region: Region
    period: Period
    content: dict[str, Any]
    digest: str
    publishable: bool


def draft_release(
    session: Session, actor: Actor, *, region: str, kind: ReleaseKind, period: str, now: datetime
) -> Draft:
    """Return what would be published of a period, also of one that is running; changes nothing.

    Raises:
        PermissionDenied: the actor is neither a bureau over the region nor an admin.
        RuleViolation: `unknown-code` or `period-kind`.
    """
    _require_overseer(actor, region)
    area, asked = check_region(session, region, pointer="/region"), _period(kind, period)
    standing = find_standing(session, region=region, kind=kind, period=asked)
    content = _content(session, area, asked, now=now)
    return Draft(
        title=_title(area, kind, asked),
        region=area,
        period=asked,
        content=content,
        digest=digest_of(content),
        publishable=standing is None and asked.end < china_day(now),
    )


def publish_release(
    session: Session,
    actor: Actor,
    *,
    region: str,
    kind: ReleaseKind,
    period: str,
    note: str | None,
    now: datetime,
) -> Release:
    """Publish a region's figures of a period that is over, as they are known now, and freeze them.

    A release that was withdrawn before, of the same region and period, is superseded by this one.

    Args:
        session: open transaction.
        actor: an admin, or a verified bureau of exactly this region.
        region: GB/T 2260 code.
        kind: monthly, quarterly or annual.
        period: as the kind asks for: `2025-06`, `2025-Q2`, `2025`.
        note: words printed with the tables.
        now: present time.

    Raises:
        PermissionDenied: the actor does not publish for this region.
        RuleViolation: `unknown-code`, `period-kind`, or `period-running`.
        Conflict: `release-standing`, a release of this period must be withdrawn first.
    """
    _require_publisher(actor, region)
    area = check_region(session, region, pointer="/region")
    asked = _period(kind, period)
    if asked.end >= china_day(now):
        raise violation("/period", "period-running", f"{asked.name}尚未结束，结束后方可发布。")
    if find_standing(session, region=region, kind=kind, period=asked) is not None:
        raise Conflict(
            f"{area.name}{asked.name}的数据已经发布，如需更正，请先撤回原发布。", code="release-standing"
        )
    content = _content(session, area, asked, now=now)
    release = Release(
        region=area,
        kind=kind,
        period=asked.text,
        period_start=asked.start,
        period_end=asked.end,
        title=_title(area, kind, asked),
        known_at=now,
        content=content,
        digest=digest_of(content),
        note=note,
        published_by=actor.user_id,
        published_at=now,
    )
    session.add(release)
    session.flush()  # draws the number; a lost race stops here
    for former in list_superseded(session, region=region, kind=kind, period=asked):
        former.superseded_by = release.id
    _audit(session, actor, "release.publish", release, now=now)
    return release


def withdraw_release(
    session: Session, actor: Actor, release_id: int, *, reason: str, now: datetime
) -> Release:
    """Withdraw a release found wrong. It stays readable, marked as withdrawn with the reason.

    Raises:
        NotFound: there is none.
        PermissionDenied: the actor does not publish for its region.
        Conflict: `release-withdrawn`, it was withdrawn before.
    """
    release = get_release(session, release_id, lock=True)
    _require_publisher(actor, release.region_code)
    if release.withdrawn_at is not None:
        raise Conflict("该发布已经撤回。", code="release-withdrawn")
    release.withdrawn_by = actor.user_id
    release.withdrawn_at = now
    release.withdraw_reason = reason
    session.flush()  # the frozen columns' guard speaks here
    _audit(session, actor, "release.withdraw", release, now=now)
    return release


def compare_release(session: Session, actor: Actor, release_id: int) -> bulletins.ReleaseComparison:
    """Set a release beside the same figures as they are known now; changes nothing.

    Raises:
        NotFound: there is none.
        PermissionDenied: the actor is neither a bureau over its region nor an admin.
    """
    release = get_release(session, release_id)
    _require_overseer(actor, release.region_code)
    return bulletins.compare_release(session, release)


def _content(session: Session, area: Region, period: Period, *, now: datetime) -> dict[str, Any]:
    large = bulletins.large_of(session, period.end)
    return bulletins.freeze(bulletins.bulletin(session, area, period, large=large, known_at=now))


def _title(area: Region, kind: ReleaseKind, period: Period) -> str:
    return f"{period.name}{area.name}{TITLES[kind]}"


def _require_overseer(actor: Actor, region: str) -> None:
    if actor.role is not Role.ADMIN and not oversees(actor, region):
        raise PermissionDenied("只有该地区的主管部门可以预览和核对发布数据。", code="release-denied")


def _require_publisher(actor: Actor, region: str) -> None:
    """A bureau above the region sees its figures, but each region's bureau answers for its own."""
    if actor.role is Role.ADMIN:
        return
    if actor.role is not Role.BUREAU or not actor.verified or actor.region_code != region:
        raise PermissionDenied("只有该地区的主管部门可以发布或撤回本地区的数据。", code="release-denied")


def _period(kind: ReleaseKind, text: str) -> Period:
    wanted, words = PERIOD_OF_KIND[kind]
    period = parse_period(text)
    if period is None or period.kind is not wanted:
        raise violation("/period", "period-kind", words)
    return period


def _audit(session: Session, actor: Actor, action: str, release: Release, *, now: datetime) -> None:
    record(
        session,
        actor.user_id,
        action=action,
        entity="release",
        entity_id=release.id,
        now=now,
        details={
            "region": release.region_code,
            "kind": release.kind.value,
            "period": release.period,
            "digest": release.digest,
        },
    )
