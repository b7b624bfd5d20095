"""Counting agencies on file and consortia."""

from __future__ import annotations

from collections.abc import Mapping

from market.libraries.models import AgencyFiling, Consortium
from market.libraries.queries.counts import between, count_listed, count_partners, on_file
from market.libraries.queries.filings import count_agencies, count_first_filed, sum_transfer_staff
from market.turnover.progress.counting import STOCK, Counter, listing

REGISTER = "《技术转移和科技服务机构名录》"
CONSORTIA = "《校企联盟和创新联合体名录》"
ONCE = "同一机构（统一社会信用代码相同）由几个地区列入的，只计一次。"
SEVERAL = "由几个地区列入的机构，名单中每个地区各有一条。"

OWN: Mapping[str, str] = {
    "transfer": "技术转移机构",
    "branch": "省技术交易市场区域分中心",
    "industry_branch": "行业分中心、工作站",
    "service": "科技服务机构",
    "global": "引进的全球科技服务机构",
}
"""Codes of `agency_category` that stand in the region; the others are linked with from elsewhere."""


def filed(category: str, name: str) -> Counter:
    """Count the agencies of a category that were filed in a span for the first time."""
    return Counter(
        name=f"期内备案的{name}",
        register=AgencyFiling,
        definition=f"{REGISTER}在列、类别为“{name}”、备案（联通）日期在统计期内的机构数，"
        f"按机构条目所在地区统计；{ONCE}几个日期以最早的为准。",
        count=lambda session, asked: count_first_filed(
            session,
            asked.region,
            since=asked.start,
            until=asked.end,
            conditions=[AgencyFiling.category == category],
        ),
        records=lambda asked: [
            listing(
                "agencies",
                asked,
                {"status": "listed", "category": category, "since": asked.start, "until": asked.end},
            )
        ],
        remark="按备案日期而不是设立日期统计；尚未列入名录的不计。",
        records_note=SEVERAL,
    )


def standing(category: str, name: str, *, tier: str | None = None, tier_name: str = "") -> Counter:
    """Count the agencies of a category, and a tier where one is asked for, whose filing is in force."""
    level = f"、层级为“{tier_name}”" if tier is not None else ""
    return Counter(
        name=f"在册的{name}" if tier is None else f"在册的{name}（{tier_name}）",
        register=AgencyFiling,
        definition=f"{REGISTER}在列、类别为“{name}”{level}、统计日已备案（联通）且未过有效期的机构数，"
        f"按机构条目所在地区统计；{ONCE}",
        count=lambda session, asked: count_agencies(
            session,
            asked.region,
            conditions=[
                AgencyFiling.category == category,
                on_file(asked.end),
                *([] if tier is None else [AgencyFiling.tier == tier]),
            ],
        ),
        records=lambda asked: [
            listing(
                "agencies",
                asked,
                {"status": "listed", "category": category, "tier": tier, "valid_on": asked.end},
            )
        ],
        bases=STOCK,
        records_note=SEVERAL,
    )


def above_scale() -> Counter:
    """Count the agencies in the region that statistics count as above the designated size (规上)."""
    return Counter(
        name="在册的规上科技服务业机构",
        register=AgencyFiling,
        definition=f"{REGISTER}在列、设在本地区（不含联通、链接的外地机构）、标明为规上、"
        f"统计日已备案且未过有效期的机构数，按机构条目所在地区统计；{ONCE}",
        count=lambda session, asked: count_agencies(
            session,
            asked.region,
            conditions=[
                AgencyFiling.category.in_(OWN),
                AgencyFiling.above_scale.is_(True),
                on_file(asked.end),
            ],
        ),
        records=lambda asked: [
            listing(
                "agencies",
                asked,
                {"status": "listed", "category": list(OWN), "above_scale": True, "valid_on": asked.end},
            )
        ],
        bases=STOCK,
        remark="只含名录中的机构；全行业的数以统计部门为准。",
        records_note=SEVERAL,
    )


def transfer_staff() -> Counter:
    """Add up the people who work in technology transfer at the region's own agencies."""
    return Counter(
        name="名录中机构的技术转移从业人员",
        register=AgencyFiling,
        definition=f"{REGISTER}在列、设在本地区（不含联通、链接的外地机构）、统计日已备案且未过有效期的机构，"
        f"其填报的技术转移从业人员之和，按机构条目所在地区统计；{ONCE}几处填报的以多的为准。",
        count=lambda session, asked: sum_transfer_staff(
            session, asked.region, conditions=[AgencyFiling.category.in_(OWN), on_file(asked.end)]
        ),
        records=lambda asked: [
            listing("agencies", asked, {"status": "listed", "category": list(OWN), "valid_on": asked.end})
        ],
        bases=STOCK,
        unit="人",
        remark="为各机构最近填报的人数；未填报的机构不计，同一人在两家机构的计两次。",
        records_note=f"名单列出机构，人数见各机构的 transfer_staff。{SEVERAL}",
    )


def founded(category: str, name: str) -> Counter:
    """Count the consortia of a kind that were founded in a span."""
    return Counter(
        name=f"期内组建的{name}",
        register=Consortium,
        definition=f"{CONSORTIA}在列、类别为“{name}”、组建日期在统计期内的个数，按条目所在地区统计。",
        count=lambda session, asked: count_listed(
            session,
            Consortium,
            asked.region,
            conditions=[
                Consortium.category == category,
                *between(Consortium.founded_on, asked.start, asked.end),
            ],
        ),
        records=lambda asked: [
            listing(
                "consortia",
                asked,
                {"status": "listed", "category": category, "since": asked.start, "until": asked.end},
            )
        ],
    )


def partners(category: str, name: str) -> Counter:
    """Count the enterprises that joined consortia of a kind in a span."""
    return Counter(
        name=f"期内加入{name}的企业",
        register=Consortium,
        definition=f"{CONSORTIA}在列、类别为“{name}”的条目中，标明为企业、加入日期在统计期内的成员单位数，"
        "同名单位只计一次，按条目所在地区统计。",
        count=lambda session, asked: count_partners(
            session, asked.region, category=category, start=asked.start, end=asked.end
        ),
        records=lambda asked: [listing("consortia", asked, {"status": "listed", "category": category})],
        records_note="名单列出联合体，企业及其加入日期见各条的 members。",
    )
