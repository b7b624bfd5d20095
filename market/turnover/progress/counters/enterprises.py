"""Counting enterprises on the chains by the titles they hold."""

from __future__ import annotations

from market.libraries.models import ChainEnterprise
from market.libraries.queries.chains import count_tagged
from market.turnover.progress.counting import STOCK, Counter, listing, quoted

REGISTER = "《重点产业链上下游核心关联企业清单》"
ONCE = "同一企业（统一社会信用代码相同）由几个地区列入的，只计一次。"
SEVERAL = "由几个地区列入的企业，名单中每个地区各有一条。"
ON_CHAINS = "只含列入重点产业链清单的企业；全部企业的数以认定部门的名单为准。"


def titled(tag: str, name: str) -> Counter:
    """Count the enterprises that hold a title."""
    return Counter(
        name=name,
        register=ChainEnterprise,
        definition=f"{REGISTER}在列、记有{quoted(name)}称号、称号年度不晚于统计日且未过有效期的企业数，"
        f"按企业条目所在地区统计；{ONCE}",
        count=lambda session, asked: count_tagged(session, tag, asked.region, day=asked.end),
        records=lambda asked: [
            listing("chain-enterprises", asked, {"status": "listed", "tag": tag, "valid_on": asked.end})
        ],
        bases=STOCK,
        remark=ON_CHAINS,
        records_note=SEVERAL,
    )


def newly_titled(tag: str, name: str) -> Counter:
    """Count the enterprises that were awarded a title for the first time in the years of a span."""
    return Counter(
        name=f"期内首次获得称号的{name}",
        register=ChainEnterprise,
        definition=f"{REGISTER}在列、首次获得{quoted(name)}称号的年度在统计期所含年度内的企业数，"
        f"按企业条目所在地区统计；{ONCE}",
        count=lambda session, asked: count_tagged(
            session,
            tag,
            asked.region,
            years=(asked.start.year if asked.start else 0, asked.end.year),
            day=asked.end,
        ),
        records=lambda asked: [
            listing(
                "chain-enterprises",
                asked,
                {
                    "status": "listed",
                    "tag": tag,
                    "first_year": asked.start.year if asked.start else None,
                    "last_year": asked.end.year,
                },
            )
        ],
        remark=ON_CHAINS,
        records_note=SEVERAL,
    )
