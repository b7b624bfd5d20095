"""Counting projects, challenges and key technologies."""

from __future__ import annotations

from market.challenges.queries.awards import count_challenges
from market.libraries.models import KeyTechnology, Project
from market.libraries.queries.projects import count_projects
from market.libraries.queries.technologies import count_solved
from market.libraries.rules.technologies import SOLVED
from market.turnover.progress.counting import Counter, listing

POOL = "《科技项目库》"


def begun(category: str, name: str, *, key_only: bool = False) -> Counter:
    """Count the projects of a category, or the major ones of them, that began in a span."""
    key = "、标明为重点（重大）项目" if key_only else ""
    return Counter(
        name=f"期内开始的{'重点' if key_only else ''}{name}",
        register=Project,
        definition=f"{POOL}在列、类别为“{name}”{key}、开始日期在统计期内的项目数，按项目条目所在地区统计。",
        count=lambda session, asked: sum(
            row.projects
            for row in count_projects(
                session,
                region=asked.region,
                start=asked.start,
                end=asked.end,
                category=category,
                key_only=key_only,
            )
        ),
        records=lambda asked: [
            listing(
                "projects",
                asked,
                {
                    "status": "listed",
                    "category": category,
                    "key_project": True if key_only else None,
                    "since": asked.start,
                    "until": asked.end,
                },
            )
        ],
        unit="项",
        remark="按项目开始日期统计；没有开始日期的不计。",
    )


def awarded_key_challenges() -> Counter:
    """Count the key challenges (揭榜挂帅) that were awarded in a span."""
    return Counter(
        name="期内立项的重点揭榜挂帅项目",
        definition="揭榜挂帅榜单中标明为重点、首次立项日期在统计期内的榜单项目数，"
        "一个榜单项目有几个揭榜方立项的只计一次，按榜单项目所在地区统计。",
        count=lambda session, asked: (
            count_challenges(session, asked.region, start=asked.start, end=asked.end, key_only=True).awarded
        ),
        records=lambda asked: [
            listing(
                "challenges",
                asked,
                {"key": True, "awarded_since": asked.start, "awarded_until": asked.end},
            )
        ],
        unit="个",
    )


def solved() -> Counter:
    """Count the key technologies that were solved in a span."""
    return Counter(
        name="期内攻克的关键核心技术",
        register=KeyTechnology,
        definition="《关键核心技术攻关清单》在列、攻关进展为“已攻克”、攻克日期在统计期内的技术数，"
        "按条目所在地区统计。",
        count=lambda session, asked: count_solved(
            session, region=asked.region, start=asked.start, end=asked.end
        ),
        records=lambda asked: [
            listing(
                "key-technologies",
                asked,
                {"status": "listed", "progress": SOLVED, "since": asked.start, "until": asked.end},
            )
        ],
        unit="项",
    )
