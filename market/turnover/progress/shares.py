"""Progress with shares: a part of what the registers hold against the whole."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.orm import Session

from market.libraries.queries.projects import count_projects
from market.turnover.models import Target
from market.turnover.progress.counting import REGIONS, Asked, listing
from market.turnover.progress.model import Progress, reading_of
from market.turnover.target_rules import percent_of

ENTERPRISE_SHARE = "enterprise_project_share"
RESEARCH = "research"
"""Code of `project_category`."""

NO_PROJECTS = "《科技项目库》还没有该地区的科技攻关项目，应来自：科技项目管理系统（立项、实施和验收记录）。"


def enterprise_share(session: Session, target: Target, base: Progress) -> Progress:
    """Tell which share of the research projects enterprises lead."""
    last = base.as_of if target.period_end is None else min(base.as_of, target.period_end)
    asked = Asked(target.region_code, target.period_start, last)
    found = count_projects(session, region=asked.region, start=asked.start, end=asked.end, category=RESEARCH)
    led, every = sum(row.enterprise_led for row in found), sum(row.projects for row in found)
    value = percent_of(led, every)
    if value is None:
        return replace(base, missing_source=NO_PROJECTS)
    span = (
        f"不晚于{asked.end.isoformat()}"
        if asked.start is None
        else f"在{asked.start.isoformat()}至{asked.end.isoformat()}内"
    )
    return replace(
        base,
        reading=reading_of(target, "企业牵头的科技攻关项目比例", value, text=f"{value}%", fen=None),
        definition=f"《科技项目库》在列、类别为“科技攻关项目”、开始日期{span}的项目中，牵头单位为企业的所占比例，"
        f"按项目条目所在地区统计。{REGIONS}",
        records=(
            listing(
                "projects",
                asked,
                {
                    "status": "listed",
                    "category": RESEARCH,
                    "since": asked.start,
                    "until": asked.end,
                },
            ),
        ),
        remark=f"共{every}项，企业牵头{led}项；牵头单位未在本市场登记的，不作为企业牵头计。",
    )
