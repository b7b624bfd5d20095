"""The plan of a project: its team and its milestones.

While a project is written its keeper plans it; once it is in the pool only its bureau changes the plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.errors import Conflict, NotFound, PermissionDenied, violation
from market.libraries.models import Project, ProjectMilestone
from market.libraries.queries.entries import get_entry, is_checker
from market.libraries.rules import EDITABLE, ENTRY_STATUS_NAMES, EntryAction, EntryStatus
from market.libraries.rules.projects import MilestoneStatus, is_held_by_award, plan_faults
from market.libraries.service.entries import record_with
from market.libraries.service.forms.projects import check_talent, plan_of, refuse
from market.libraries.service.project_access import find_milestone, require_running
from market.libraries.service.projects import make_member
from market.libraries.service.steps import require_right
from market.search.documents import Encoder


def add_member(
    session: Session, actor: Actor, project_id: int, *, form: Mapping[str, Any], now: datetime
) -> Project:
    """Add somebody to the team: of the talent pool, or anybody by name.

    Raises:
        NotFound, PermissionDenied: see `_planned`.
        Conflict: the person is on the team, or the plan is not open.
        RuleViolation: neither name nor talent, both, or a talent the actor may not know of.
    """
    project = _planned(session, actor, project_id)
    talent_id, name = form.get("talent_id"), form.get("name")
    if (talent_id is None) == (not name):
        raise violation("/name", "member-unnamed", "请填写成员姓名，或指明人才库中的人员，二者择一。")
    if talent_id is not None:
        check_talent(session, actor, talent_id, pointer="/talent_id")
    if any(
        one.talent_id == talent_id
        if talent_id is not None
        else (one.name, one.unit) == (name, form.get("unit"))
        for one in project.members
    ):
        raise Conflict("该成员已在团队中。", code="member-known")
    member = make_member(form)
    project.members.append(member)
    # No name in the note: what is said of a person must go when the person asks for it.
    record_with(session, actor, project, note="加入团队成员", encoder=None, now=now)
    session.refresh(member)  # with the name of somebody in the talent pool
    return project


def remove_member(
    session: Session, actor: Actor, project_id: int, member_id: int, *, now: datetime
) -> Project:
    """Take somebody out of the team.

    Raises:
        NotFound, PermissionDenied, Conflict: see `_planned`; or no such member.
    """
    project = _planned(session, actor, project_id)
    member = next((one for one in project.members if one.id == member_id), None)
    if member is None:
        raise NotFound("没有找到该团队成员。", code="member-not-found")
    project.members.remove(member)
    record_with(session, actor, project, note="移出团队成员", encoder=None, now=now)
    return project


def add_milestone(
    session: Session,
    actor: Actor,
    project_id: int,
    *,
    form: Mapping[str, Any],
    encoder: Encoder,
    now: datetime,
) -> Project:
    """Plan one more milestone.

    Raises:
        NotFound, PermissionDenied, Conflict: see `_planned`.
        RuleViolation: more than the funding, or a day outside the project.
    """
    project = _planned(session, actor, project_id)
    number = max((one.number for one in project.milestones), default=0) + 1
    plan = plan_of(project, {})
    faults = plan_faults(replace(plan, milestones=[*plan.milestones, (form["amount_fen"], form["due_on"])]))
    refuse(
        replace(fault, pointer="/due_on" if fault.code == "milestone-outside-project" else "/amount_fen")
        for fault in faults
    )
    project.milestones.append(ProjectMilestone(number=number, **form))
    record_with(session, actor, project, note=f"增加节点{number}", encoder=encoder, now=now)
    return project


def remove_milestone(
    session: Session, actor: Actor, project_id: int, milestone_id: int, *, encoder: Encoder, now: datetime
) -> Project:
    """Take a milestone out of the plan that was never handed in and for which nothing was paid.

    Raises:
        NotFound, PermissionDenied: see `_planned`; or no such milestone.
        Conflict: it was handed in, or paid for; or the plan is not open; or it is the last one of a project
            on which an award rests.
    """
    project = _planned(session, actor, project_id)
    milestone = find_milestone(project, milestone_id)
    paid = any(one.milestone_id == milestone.id for one in project.payments)
    if paid or milestone.status is not MilestoneStatus.PLANNED:
        raise Conflict("节点已提交或已有拨付记录，不能删除。", code="milestone-in-use")
    if len(project.milestones) == 1 and is_held_by_award(project.origin, project.closing_accepted):
        detail = "揭榜挂帅立项的项目至少保留一个节点；要换的，请先增加新的节点。"
        raise Conflict(detail, code="milestone-last")
    project.milestones.remove(milestone)
    record_with(session, actor, project, note=f"删除节点{milestone.number}", encoder=encoder, now=now)
    return project


def _planned(session: Session, actor: Actor, project_id: int) -> Project:
    """Return a project, locked, if the actor may change its plan now.

    Raises:
        NotFound: there is none, or the actor may not know of it.
        PermissionDenied: neither keeper nor bureau; or no bureau, once the project is in the pool.
        Conflict: it is being checked, off the pool, or closed.
    """
    project = get_entry(session, actor, Project, project_id, lock=True)
    if project.status in EDITABLE:
        require_right(actor, project, EntryAction.PROPOSE)
        return project
    if not is_checker(actor, project):
        raise PermissionDenied("在库项目的团队和节点由所在地主管部门变更。", code="role-not-allowed")
    if project.status is not EntryStatus.LISTED:
        raise Conflict(
            f"{ENTRY_STATUS_NAMES[project.status]}的项目不能变更团队和节点。", code="plan-not-open"
        )
    require_running(project)
    return project
