"""Counting needs and achievements that stood on the market."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from market.clock import CHINA
from market.listings.models import Listing, Need
from market.listings.queries import first_found_valid_at, first_published_at
from market.listings.rules import ListingKind, Validation
from market.reference.rules import region_prefix
from market.turnover.progress.counting import Asked, Counter, listing

PARTLY = "名单不能按日期筛选，只列出您有权查看的条目。"


def _within(
    asked: Asked, region: InstrumentedAttribute[str], moment: ColumnElement[datetime | None]
) -> list[ColumnElement[bool]]:
    assert asked.start is not None, "asked with a span"
    first = datetime.combine(asked.start, time.min, CHINA)
    after = datetime.combine(asked.end + timedelta(days=1), time.min, CHINA)
    return [region.startswith(region_prefix(asked.region)), moment >= first, moment < after]


def valid_needs() -> Counter:
    """Count the needs found valid, by the day on which they first were; finding it again moves none."""

    def count(session: Session, asked: Asked) -> int:
        statement = select(func.count(Need.id)).where(
            Need.validation == Validation.VALID, *_within(asked, Need.region_code, first_found_valid_at())
        )
        return session.scalars(statement).one()

    return Counter(
        name="经核实有效的技术需求",
        definition="技术经纪人或主管部门现认定为有效、首次认定有效的日期在统计期内的需求数，按需求所在地区统计。",
        count=count,
        records=lambda asked: [listing("needs", asked, {"validation": Validation.VALID.value})],
        unit="项",
        records_note=PARTLY,
    )


def published() -> Counter:
    """Count the needs and achievements published on this market, by the day of their first publication."""

    def count(session: Session, asked: Asked) -> int:
        statement = select(func.count(Listing.id)).where(
            Listing.kind != ListingKind.SCENARIO,
            *_within(asked, Listing.region_code, first_published_at()),
        )
        return session.scalars(statement).one()

    return Counter(
        name="本市场发布的技术需求和科技成果",
        definition="本市场发布过的需求和成果（不含应用场景）中，首次审核发布的日期在统计期内的条数，"
        "按需求、成果所在地区统计，以后下架的仍计入。",
        count=count,
        records=lambda asked: [listing("needs", asked, {}), listing("achievements", asked, {})],
        unit="条",
        remark="为本市场的发布数；在省技术产权交易市场的发布数以该市场为准。",
        records_note=PARTLY,
    )
