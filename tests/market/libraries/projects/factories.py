"""Projects in any state, made by the market's own services."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, Actor
from market.libraries.models import Project
from market.libraries.rules import EntryKind, EntryStatus
from market.libraries.service.projects import open_project
from tests.factories import JIANGYIN, NOW
from tests.market.libraries.factories import ENCODER, make_entry

MILESTONES = [
    {"name": "样机", "target": "完成样机并连续运行72小时", "due_on": date(2025, 9, 30), "amount_fen": 40_000},
    {"name": "中试", "target": "产水率不低于75%", "due_on": date(2026, 3, 31), "amount_fen": 60_000},
]


def project_form(**values: Any) -> dict[str, Any]:
    """Return the form of a project of 1000元, 200元 of it a grant."""
    return {
        "title": "印染废水近零排放中试",
        "summary": "以荷电纳滤与电渗析耦合回用印染废水。",
        "category": "research",
        "tech_field": "07",
        "trl": 5,
        "started_on": date(2025, 1, 1),
        "ends_on": date(2026, 12, 31),
        "total_fen": 100_000,
        "grant_fen": 20_000,
        **values,
    }


def make_project(
    session: Session, *, status: EntryStatus = EntryStatus.LISTED, actor: Actor = OPERATOR, **values: Any
) -> Project:
    """Insert a project without team and milestones."""
    project: Project = make_entry(
        session, EntryKind.PROJECT, project_form(**values), status=status, actor=actor
    )
    return project


def open_with(
    session: Session,
    *,
    actor: Actor = OPERATOR,
    members: list[dict[str, Any]] | None = None,
    milestones: list[dict[str, Any]] | None = None,
    **values: Any,
) -> Project:
    """Open a project as an award does, with two milestones unless told."""
    return open_project(
        session,
        actor,
        values={"region_code": JIANGYIN, **project_form(**values)},
        members=members if members is not None else [],
        milestones=milestones if milestones is not None else MILESTONES,
        note="揭榜挂帅立项",
        encoder=ENCODER,
        now=NOW,
    )
