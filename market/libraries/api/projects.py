"""Projects of the pool over HTTP: team, milestones, payments, stages, closing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from market.accounts.auth import current_actor
from market.accounts.rules import Actor
from market.http.edge import now, transaction
from market.http.etag import versioned
from market.libraries.api.blueprint import blp, lay_out
from market.libraries.models import Project
from market.libraries.queries.counts import between
from market.libraries.rules import EntryKind
from market.libraries.schemas.projects import (
    ProjectArgs,
    ProjectClosingInput,
    ProjectFields,
    ProjectFromInput,
    ProjectInput,
    ProjectInternalView,
    ProjectMemberInput,
    ProjectMilestoneDecisionInput,
    ProjectMilestoneInput,
    ProjectMilestoneInternalView,
    ProjectMilestoneSubmissionInput,
    ProjectPaymentInput,
    ProjectPaymentInternalView,
    ProjectPaymentWithdrawalInput,
    ProjectStageInput,
    ProjectView,
)
from market.libraries.service import project_origins, project_plans, projects
from market.search.access import current_encoder, index_changed


def _filters(filters: dict[str, Any]) -> Iterator[ColumnElement[bool]]:
    if category := filters.pop("category", None):
        yield Project.category == category
    if stage := filters.pop("stage", None):
        yield Project.stage == stage
    if (key_project := filters.pop("key_project", None)) is not None:
        yield Project.key_project.is_(key_project)
    yield from between(Project.started_on, filters.pop("since", None), filters.pop("until", None))
    if (min_trl := filters.pop("min_trl", None)) is not None:
        yield Project.trl >= min_trl


lay_out(
    EntryKind.PROJECT,
    "projects",
    Project,
    new=ProjectInput,
    change=ProjectFields,
    view=ProjectView,
    internal_view=ProjectInternalView,
    args=ProjectArgs,
    conditions=_filters,
)


def _done(work: Callable[[Session, Actor], Project], status: int = 200) -> Any:
    with transaction() as session:
        project = work(session, current_actor(session))
    index_changed()
    return versioned(project, status)


@blp.route("/achievements/<int:achievement_id>/projects", methods=["POST"])
@blp.arguments(ProjectFromInput)
@blp.response(201, ProjectInternalView)
def propose_from_achievement(form: dict[str, Any], achievement_id: int) -> Any:
    """由已发布的成果提出项目，先成为草稿（成果单位、技术经纪人、所在地主管部门）"""
    return _done(
        lambda session, actor: project_origins.propose_from_achievement(
            session, actor, achievement_id, form=form, now=now()
        ),
        201,
    )


@blp.route("/projects/<int:entry_id>/members", methods=["POST"])
@blp.arguments(ProjectMemberInput)
@blp.response(201, ProjectInternalView)
def add_project_member(form: dict[str, Any], entry_id: int) -> Any:
    """加入团队成员；在库项目由所在地主管部门办理"""
    return _done(
        lambda session, actor: project_plans.add_member(session, actor, entry_id, form=form, now=now()), 201
    )


@blp.route("/projects/<int:entry_id>/members/<int:member_id>", methods=["DELETE"])
@blp.response(200, ProjectInternalView)
def remove_project_member(entry_id: int, member_id: int) -> Any:
    """移出团队成员；在库项目由所在地主管部门办理"""
    return _done(
        lambda session, actor: project_plans.remove_member(session, actor, entry_id, member_id, now=now())
    )


@blp.route("/projects/<int:entry_id>/milestones", methods=["POST"])
@blp.arguments(ProjectMilestoneInput)
@blp.response(201, ProjectInternalView)
def add_milestone(form: dict[str, Any], entry_id: int) -> Any:
    """增加节点；在库项目由所在地主管部门办理"""
    return _done(
        lambda session, actor: project_plans.add_milestone(
            session, actor, entry_id, form=form, encoder=current_encoder(), now=now()
        ),
        201,
    )


@blp.route("/projects/<int:entry_id>/milestones/<int:milestone_id>", methods=["DELETE"])
@blp.response(200, ProjectInternalView)
def remove_milestone(entry_id: int, milestone_id: int) -> Any:
    """删除尚未提交、也没有拨付的节点；在库项目由所在地主管部门办理"""
    return _done(
        lambda session, actor: project_plans.remove_milestone(
            session, actor, entry_id, milestone_id, encoder=current_encoder(), now=now()
        )
    )


@blp.route("/projects/<int:entry_id>/milestones/<int:milestone_id>/submissions", methods=["POST"])
@blp.arguments(ProjectMilestoneSubmissionInput)
@blp.response(200, ProjectMilestoneInternalView)
def submit_milestone(form: dict[str, Any], entry_id: int, milestone_id: int) -> Any:
    """提交节点验收材料（项目牵头单位，或所在地主管部门代为登记）"""
    with transaction() as session:
        return projects.submit_milestone(
            session, current_actor(session), entry_id, milestone_id, evidence=form["evidence"], now=now()
        )


@blp.route("/projects/<int:entry_id>/milestones/<int:milestone_id>/decisions", methods=["POST"])
@blp.arguments(ProjectMilestoneDecisionInput)
@blp.response(200, ProjectMilestoneInternalView)
def decide_milestone(form: dict[str, Any], entry_id: int, milestone_id: int) -> Any:
    """验收节点：通过，或不予通过并写明理由（所在地主管部门，代为提交的人除外）"""
    with transaction() as session:
        milestone = projects.decide_milestone(
            session, current_actor(session), entry_id, milestone_id, **form,
            encoder=current_encoder(), now=now(),
        )  # fmt: skip
    index_changed()
    return milestone


@blp.route("/projects/<int:entry_id>/payments", methods=["POST"])
@blp.arguments(ProjectPaymentInput)
@blp.response(201, ProjectPaymentInternalView)
def record_payment(form: dict[str, Any], entry_id: int) -> Any:
    """记录拨付，累计不超过计划（所在地主管部门）"""
    with transaction() as session:
        return projects.record_payment(session, current_actor(session), entry_id, **form, now=now())


@blp.route("/projects/<int:entry_id>/payments/<int:payment_id>/withdrawals", methods=["POST"])
@blp.arguments(ProjectPaymentWithdrawalInput)
@blp.response(200, ProjectPaymentInternalView)
def withdraw_payment(form: dict[str, Any], entry_id: int, payment_id: int) -> Any:
    """冲销记错的拨付，记录保留（所在地主管部门）"""
    with transaction() as session:
        return projects.withdraw_payment(
            session, current_actor(session), entry_id, payment_id, note=form["note"], now=now()
        )


@blp.route("/projects/<int:entry_id>/stages", methods=["POST"])
@blp.arguments(ProjectStageInput)
@blp.response(200, ProjectInternalView)
def move_stage(form: dict[str, Any], entry_id: int) -> Any:
    """记录项目进入后一阶段，可同时记录技术成熟度（所在地主管部门）"""
    return _done(
        lambda session, actor: projects.move_stage(
            session, actor, entry_id, **form, encoder=current_encoder(), now=now()
        )
    )


@blp.route("/projects/<int:entry_id>/closings", methods=["POST"])
@blp.arguments(ProjectClosingInput)
@blp.response(200, ProjectInternalView)
def decide_closing(form: dict[str, Any], entry_id: int) -> Any:
    """结题验收：通过或不通过，办理后不能更改（所在地主管部门）"""
    return _done(
        lambda session, actor: projects.decide_closing(
            session, actor, entry_id, **form, encoder=current_encoder(), now=now()
        )
    )
