"""Counting people of the talent pool by the roles they hold."""

from __future__ import annotations

from collections.abc import Callable

from market.libraries.models import Talent
from market.libraries.queries.talents import RoleCount, count_roles
from market.turnover.progress.counting import STOCK, Counter, listing

POOL = "《科技人才库》"
NOT_SHOWN = (
    "已移出、已删除的人员仍计入，但不在名单中；不同意公开检索的人员，只有主管部门和有关单位能在名单中看到。"
)
NOT_FOUND = "不同意公开检索的人员，只有主管部门和有关单位能在名单中看到。"


def trained(role: str, name: str) -> Counter:
    """Count the people of a role who were trained in a span."""
    return Counter(
        name=f"期内培训的{name}",
        register=Talent,
        definition=f"{POOL}列入过的、身份为“{name}”、培训日期在统计期内的人数，每人只计一次，"
        "按人才条目所在地区统计。",
        count=lambda session, asked: (
            count_roles(session, role, asked.region, start=asked.start, end=asked.end, day=asked.end).trained
        ),
        records=lambda asked: [listing("talents", asked, {"status": "listed", "role": role})],
        unit="人",
        records_note=f"培训日期不公开，名单不能按它筛选，主管部门在各条的身份中可见。{NOT_SHOWN}",
    )


def appointed(role: str, name: str) -> Counter:
    """Count the people whose role began for the first time in a span."""
    return _begun(
        role,
        name=f"期内新增的{name}",
        definition=f"{POOL}列入过的、身份为“{name}”、首次取得该身份的起始日期在统计期内的人数，续期、升级不重计，"
        "每人只计一次，按人才条目所在地区统计。",
        which=lambda found: found.appointed,
        records_note=f"名单含期内续期、升级的人员。{NOT_SHOWN}",
    )


def dispatched(role: str, name: str) -> Counter:
    """Count the people with a role that began in a span; who is sent out again later counts again."""
    return _begun(
        role,
        name=f"期内选派的{name}",
        definition=f"{POOL}列入过的、身份为“{name}”、身份起始日期在统计期内的人数，每期每人只计一次，"
        "按人才条目所在地区统计。",
        which=lambda found: found.dispatched,
        records_note=NOT_SHOWN,
    )


def _begun(
    role: str, *, name: str, definition: str, which: Callable[[RoleCount], int], records_note: str
) -> Counter:
    """Count people by the day on which their role began; the list is of all roles begun in the span."""
    return Counter(
        name=name,
        register=Talent,
        definition=definition,
        count=lambda session, asked: which(
            count_roles(session, role, asked.region, start=asked.start, end=asked.end, day=asked.end)
        ),
        records=lambda asked: [
            listing(
                "talents",
                asked,
                {"status": "listed", "role": role, "since": asked.start, "until": asked.end},
            )
        ],
        unit="人",
        records_note=records_note,
    )


def affiliated(role: str, name: str) -> Counter:
    """Count the people who hold a role at an agency that is on file that day."""
    return Counter(
        name=f"在备案机构任职的{name}",
        register=Talent,
        definition=f"{POOL}在列、统计日身份“{name}”有效、注明任职的机构统计日在名录中在列、已备案且未过有效期的"
        "人数，每人只计一次，按人才条目所在地区统计。",
        count=lambda session, asked: (
            count_roles(
                session, role, asked.region, start=None, end=asked.end, day=asked.end, at_agency=True
            ).stock
        ),
        records=lambda asked: [
            listing(
                "talents",
                asked,
                {"status": "listed", "role": role, "at_agency": True, "valid_on": asked.end},
            )
        ],
        bases=STOCK,
        unit="人",
        records_note=NOT_FOUND,
    )
