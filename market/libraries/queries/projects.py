"""Projects of the pool: what is read of them, and how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.rules import OrganisationKind
from market.libraries.models import Project
from market.libraries.queries.spec import Column, KindSpec
from market.libraries.rules import EntryStatus
from market.libraries.rules.projects import ORIGIN_NAMES, MilestoneStatus
from market.reference.rules import Scheme, region_prefix
from market.search.documents import Kind


def _contents(_session: Session, entries: Sequence[Project]) -> list[dict[str, Any]]:
    return [
        {
            "category": entry.category,
            "stage": entry.stage,
            "trl": entry.trl,
            "key_project": "是" if entry.key_project else "否",
            "leader": entry.public_leader,
            "members": [
                f"{one.public_name}（{one.unit}）" if one.unit else one.public_name
                for one in entry.members
                if one.public_name
            ],
            "started_on": entry.started_on.isoformat() if entry.started_on else None,
            "ends_on": entry.ends_on.isoformat() if entry.ends_on else None,
            "total_fen": entry.total_fen,
            "grant_fen": entry.grant_fen,
            "paid_fen": entry.paid_fen,
            "milestones": _progress(entry),
            "origin": ORIGIN_NAMES[entry.origin],
        }
        for entry in entries
    ]


def _progress(entry: Project) -> str | None:
    if not entry.milestones:
        return None
    accepted = sum(one.status is MilestoneStatus.ACCEPTED for one in entry.milestones)
    return f"{accepted}/{len(entry.milestones)}"


def _index_text(_session: Session, entry: Project) -> str:
    return "\n".join(f"{one.name} {one.target}" for one in entry.milestones)


PROJECT = KindSpec(
    model=Project,
    columns=(
        Column("category", "项目类别", scheme=Scheme.PROJECT_CATEGORY),
        Column("stage", "阶段", scheme=Scheme.PROJECT_STAGE),
        Column("trl", "技术成熟度", "integer"),
        Column("key_project", "重点项目"),
        Column("leader", "负责人"),
        Column("members", "团队成员"),
        Column("started_on", "开始日期", "date"),
        Column("ends_on", "结束日期", "date"),
        Column("total_fen", "总经费", "amount_wan"),
        Column("grant_fen", "财政资助", "amount_wan"),
        Column("paid_fen", "已拨付", "amount_wan"),
        Column("milestones", "已通过节点"),
        Column("origin", "来源方式"),
    ),
    contents=_contents,
    codes={"category": Scheme.PROJECT_CATEGORY, "stage": Scheme.PROJECT_STAGE},
    index_kind=Kind.PROJECT,
    index_text=_index_text,
    facets=lambda _session, entry: {"trl": entry.trl, "category": entry.category},
)


@dataclass(frozen=True, slots=True)
class ProjectCount:
    """How many projects of a category there are in the pool.

    Attributes:
        category: code of scheme `project_category`.
        projects: all of them.
        key_projects: those that are major ones (重点).
        enterprise_led: those whose leading unit is an enterprise on the market.
        total_fen: their funding, as far as it has been settled.
    """

    category: str
    projects: int
    key_projects: int
    enterprise_led: int
    total_fen: int


def count_projects(
    session: Session,
    *,
    region: str,
    start: date | None,
    end: date,
    category: str | None = None,
    key_only: bool = False,
) -> list[ProjectCount]:
    """Count the listed projects that began in a span, by category; categories without any are left out.

    Args:
        session: open session.
        region: this region and all inside it.
        start: first day of the span; None for no beginning.
        end: its last day.
        category: only this one.
        key_only: only major projects.
    """
    conditions: list[ColumnElement[bool]] = [
        Project.status == EntryStatus.LISTED,
        Project.region_code.startswith(region_prefix(region)),
        Project.started_on <= end,
    ]
    if start is not None:
        conditions.append(Project.started_on >= start)
    if category is not None:
        conditions.append(Project.category == category)
    if key_only:
        conditions.append(Project.key_project.is_(True))
    statement = (
        select(
            Project.category,
            func.count(),
            func.count().filter(Project.key_project.is_(True)),
            func.count().filter(Organisation.kind == OrganisationKind.ENTERPRISE),
            func.sum(func.coalesce(Project.total_fen, 0)),
        )
        .join(Organisation, Organisation.id == Project.organisation_id, isouter=True)
        .where(*conditions)
        .group_by(Project.category)
        .order_by(Project.category)
    )
    # PostgreSQL adds up big integers as numeric.
    return [ProjectCount(*row[:4], total_fen=int(row[4])) for row in session.execute(statement)]
