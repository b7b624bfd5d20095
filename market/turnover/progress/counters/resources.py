"""Counting innovation resources, and how far they are shared."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from market.clock import CHINA
from market.libraries.models import Resource
from market.libraries.queries.bookings import sharing
from market.libraries.queries.counts import (
    count_listed,
    first_recognised,
    known_by,
    recognised_on,
    sum_evaluated,
)
from market.libraries.rules.bookings import BookingStatus
from market.turnover.progress.counting import FLOW, STOCK, Counter, listing, quoted
from market.turnover.target_rules import Basis

REGISTER = "《创新资源清单》"
LEVEL_NAMES: Mapping[str, str] = {"municipal": "市级以上", "provincial": "省级以上"}


def _quoted(categories: Mapping[str, str]) -> str:
    return "、".join(quoted(name) for name in categories.values())


def standing(name: str, categories: Mapping[str, str], *, undated: bool = False) -> Counter:
    """Count the resources of some categories that stood by a day.

    Args:
        name: of the reading.
        categories: codes of `resource_category` with their names.
        undated: the plan adds up from a beginning it does not name; all that stand are counted.
    """
    return Counter(
        name=f"在册的{name}",
        register=Resource,
        definition=f"{REGISTER}在列、类别为{_quoted(categories)}、数据日期或认定日期不晚于统计日的资源数，"
        "按资源条目所在地区统计。",
        count=lambda session, asked: count_listed(
            session,
            Resource,
            asked.region,
            conditions=[Resource.category.in_(categories), known_by(asked.end)],
        ),
        records=lambda asked: [
            listing(
                "resources",
                asked,
                {"status": "listed", "category": list(categories), "valid_on": asked.end},
            )
        ],
        bases=STOCK | {Basis.CUMULATIVE} if undated else STOCK,
        remark="计划没有写明起算日期，按清单在列的全部统计。" if undated else None,
    )


def recognised(name: str, categories: Mapping[str, str], *, level: str, unjudged: str = "") -> Counter:
    """Count the resources of some categories that hold a recognition of a level or above it.

    Args:
        name: of the reading.
        categories: codes of `resource_category` with their names.
        level: code of `recognition_level`.
        unjudged: what the plan says besides and no register does, as a clause.
    """
    return Counter(
        name=f"在册的{LEVEL_NAMES[level]}{name}",
        register=Resource,
        definition=f"{REGISTER}在列、类别为{_quoted(categories)}、统计日有{LEVEL_NAMES[level]}有效认定的资源数，"
        "按资源条目所在地区统计。",
        count=lambda session, asked: count_listed(
            session,
            Resource,
            asked.region,
            conditions=[Resource.category.in_(categories), recognised_on(asked.end, level)],
        ),
        records=lambda asked: [
            listing(
                "resources",
                asked,
                {
                    "status": "listed",
                    "category": list(categories),
                    "recognised": level,
                    "valid_on": asked.end,
                },
            )
        ],
        bases=STOCK,
        remark=f"按认定记录统计；{unjudged}没有认定记录的不计。",
    )


def newly_recognised(name: str, categories: Mapping[str, str], *, level: str | None = None) -> Counter:
    """Count the resources of some categories that were first recognised, at a level or above, in a span."""
    words = LEVEL_NAMES[level] if level is not None else ""
    return Counter(
        name=f"期内首次认定的{words}{name}",
        register=Resource,
        definition=f"{REGISTER}在列、类别为{_quoted(categories)}、首次获得{words}认定的日期在统计期内的资源数，"
        "按资源条目所在地区统计。",
        count=lambda session, asked: count_listed(
            session,
            Resource,
            asked.region,
            conditions=[
                Resource.category.in_(categories),
                *first_recognised(level, since=asked.start, until=asked.end),
            ],
        ),
        records=lambda asked: [
            listing(
                "resources",
                asked,
                {
                    "status": "listed",
                    "category": list(categories),
                    "recognised": level or "county",
                    "since": asked.start,
                    "until": asked.end,
                },
            )
        ],
        bases=FLOW,
        remark="按认定日期统计；没有认定记录的不计。",
    )


def sharing_units() -> Counter:
    """Count the units whose resources may be booked."""
    return Counter(
        name="开放共享资源的服务机构",
        register=Resource,
        definition=f"{REGISTER}在列、接受预约的资源，其所属单位的个数，同一单位只计一次，按资源条目所在地区统计。",
        count=lambda session, asked: sharing(session, asked.region, start=None, end=None).agencies,
        records=lambda asked: [listing("resources", asked, {"status": "listed", "bookable": True})],
        bases=STOCK,
        today_only=True,
        remark="所属单位未在本市场登记的不计。",
        records_note="名单列出资源，同一单位的几项资源只计一次。",
    )


def served_enterprises() -> Counter:
    """Count the enterprises that used shared resources in a span."""
    return Counter(
        name="使用过共享资源的企业",
        register=Resource,
        definition=f"{REGISTER}的资源，预约已完成、使用开始时间在统计期内的企业数，同一企业只计一次，"
        "按资源条目所在地区统计。",
        count=lambda session, asked: (
            sharing(
                session,
                asked.region,
                start=None if asked.start is None else _midnight(asked.start),
                end=_midnight(asked.end + timedelta(days=1)),
            ).firms
        ),
        records=lambda _asked: [f"/api/v1/bookings?status={BookingStatus.COMPLETED.value}"],
        records_note="名单不分日期，只列出您有权查看的预约；同一企业的几次预约只计一次。",
    )


def evaluated(name: str, *, unit: str) -> Counter:
    """Add up what the yearly evaluations of new-type R&D institutions state under a name."""
    return Counter(
        name=f"新型研发机构年度评价所填的{name}",
        register=Resource,
        definition=f"{REGISTER}在列、类别为“新型研发机构”的资源，其统计期所含各年度的年度评价中，"
        f"填报的“{name}”之和，按资源条目所在地区统计。",
        count=lambda session, asked: sum_evaluated(
            session,
            asked.region,
            category="rd_institution",
            name=name,
            years=(asked.start.year if asked.start else 0, asked.end.year),
        ),
        records=lambda asked: [
            listing("resources", asked, {"status": "listed", "category": "rd_institution"})
        ],
        unit=unit,
        remark="按各机构已记录的年度评价统计；未评价、未填报该项的不计。",
        records_note="名单列出机构，各年度所填见 /api/v1/entries/{编号}/evaluations。",
        missing=f"在列的新型研发机构在统计期内没有填报“{name}”的年度评价，应来自：新型研发机构年度考核报告。",
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, CHINA)
