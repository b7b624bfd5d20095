"""Projects: opened by other deeds, milestones handed in and decided, money paid, stages, closing.

Team and milestones are planned in `project_plans`; what each deed asks first is in `project_access`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.clock import china_day
from market.errors import Conflict, NotFound, PermissionDenied, violation
from market.libraries.models import (
    Project,
    ProjectMember,
    ProjectMilestone,
    ProjectPayment,
    RegisterEntry,
    Talent,
)
from market.libraries.queries.entries import get_entry, is_checker
from market.libraries.rules import EntryKind, EntryStatus
from market.libraries.rules.projects import (
    CLOSABLE,
    CLOSED,
    MILESTONE_STATUS_NAMES,
    MILESTONE_STEPS,
    PAYER_NAMES,
    RESEARCH,
    STAGE_STEPS,
    MilestoneAction,
    MilestoneStatus,
    Payer,
    Plan,
    ProjectOrigin,
    payment_faults,
    plan_faults,
)
from market.libraries.service.entries import check_entry_form, list_by_market, record_with
from market.libraries.service.forms.projects import paid_of, plan_of, refuse
from market.libraries.service.project_access import find_milestone, get_kept, require_listed, require_running
from market.reference.queries import check_codes, code_names
from market.reference.rules import Scheme
from market.search.documents import Encoder
from market.typesetting.amounts import wan_text


def open_project(
    session: Session,
    actor: Actor,
    *,
    values: Mapping[str, Any],
    members: Sequence[Mapping[str, Any]],
    milestones: Sequence[Mapping[str, Any]],
    note: str,
    encoder: Encoder,
    now: datetime,
) -> Project:
    """Put a project into the pool as the consequence of a deed that was checked elsewhere; listed at once.

    Args:
        session: open transaction.
        actor: who did the deed.
        values: columns of the project, at least `title`, `region_code` and `category`. Its stage is
            research unless given, source and day those of the deed. A leader of the talent pool is
            named by `leader_talent_id`; a `leader_name` beside it is not kept.
        members: `name` or `talent_id` of each, `unit`, `duty`. Of somebody in the talent pool neither
            name nor unit is kept here, also where that person is not listed any more.
        milestones: `name`, `target`, `due_on` and `amount_fen` of each, numbered in their order.
        note: what it follows from.
        encoder: makes the vector.
        now: present time.

    Raises:
        RuleViolation: an unknown code, region or talent, or figures and days that do not agree.
    """
    given = {
        "stage": RESEARCH,
        "grant_fen": 0,
        "source": note[:200],
        "source_date": china_day(now),
        **values,
    }
    if given.get("leader_talent_id") is not None:
        given["leader_name"] = None
    # Whoever took part in the deed may have left the pool since; a copy of the name would outlive an erasure.
    leader_id = given.get("leader_talent_id")
    check_entry_form(session, EntryKind.PROJECT, {**given, "leader_talent_id": None}, None, now=now)
    if leader_id is not None:
        _require_held(session, leader_id, pointer="/leader_talent_id")
    refuse(
        plan_faults(
            Plan(
                total_fen=given.get("total_fen"),
                grant_fen=given["grant_fen"],
                started_on=given.get("started_on"),
                ends_on=given.get("ends_on"),
                milestones=[(one.get("amount_fen", 0), one["due_on"]) for one in milestones],
            )
        )
    )
    linked: set[int] = set()
    for place, member in enumerate(members):
        talent_id = member.get("talent_id")
        if talent_id is None:
            continue
        _require_held(session, talent_id, pointer=f"/members/{place}/talent_id")
        if talent_id in linked:
            raise violation(f"/members/{place}/talent_id", "member-twice", "同一人在团队中出现两次。")
        linked.add(talent_id)
    rows = {
        "members": [make_member(member) for member in members],
        "milestones": [ProjectMilestone(number=place, **one) for place, one in enumerate(milestones, 1)],
        "payments": [],
    }
    project = list_by_market(
        session, actor, EntryKind.PROJECT, values={**given, **rows}, note=note, encoder=encoder, now=now,
    )  # fmt: skip
    assert isinstance(project, Project)
    session.refresh(project)  # with its unit, and the names of those in the talent pool
    return project


def _require_held(session: Session, talent_id: int, *, pointer: str) -> None:
    held = select(Talent.id).where(Talent.id == talent_id, Talent.status != EntryStatus.ERASED)
    if session.scalar(held) is None:
        raise violation(pointer, "talent-unknown", f"人才库中没有人员 {talent_id}。")


def make_member(form: Mapping[str, Any]) -> ProjectMember:
    """Return one of a team; of somebody in the talent pool no name and unit are kept."""
    linked = form.get("talent_id") is not None
    return ProjectMember(
        talent_id=form.get("talent_id"),
        name=None if linked else form["name"],
        unit=None if linked else form.get("unit"),
        duty=form.get("duty"),
    )


def submit_milestone(
    session: Session, actor: Actor, project_id: int, milestone_id: int, *, evidence: str, now: datetime
) -> ProjectMilestone:
    """Hand a milestone in to be decided, as the leading unit; its bureau may do it in the unit's place.

    Raises:
        NotFound: no such project or milestone.
        PermissionDenied: somebody else.
        Conflict: the project is not running, or the milestone was handed in or accepted already.
    """
    project = get_entry(session, actor, Project, project_id, lock=True)
    own = project.organisation_id is not None and project.organisation_id == actor.organisation_id
    if not (own and actor.verified) and not is_checker(actor, project):
        raise PermissionDenied(
            "节点由项目牵头单位提交，或由所在地主管部门代为登记。", code="not-leading-unit"
        )
    require_running(project)
    milestone = find_milestone(project, milestone_id)
    milestone.status = _target(milestone, MilestoneAction.SUBMIT)
    milestone.evidence = evidence
    milestone.submitted_by, milestone.submitted_at = actor.user_id, now
    milestone.decided_by = milestone.decided_at = milestone.note = None
    record_with(
        session, actor, project, note=f"提交节点{milestone.number}：{evidence}", encoder=None, now=now
    )
    return milestone


def decide_milestone(
    session: Session,
    actor: Actor,
    project_id: int,
    milestone_id: int,
    *,
    accepted: bool,
    note: str | None,
    encoder: Encoder,
    now: datetime,
) -> ProjectMilestone:
    """Accept or refuse a milestone, as the bureau of the region; what is refused may be handed in again.

    Raises:
        NotFound: no such project or milestone.
        PermissionDenied: another region's bureau, or whoever handed it in.
        Conflict: the project is not running, or nothing waits to be decided.
        RuleViolation: refused without a note.
    """
    project = get_kept(session, actor, project_id, refusal="节点由所在地主管部门验收。")
    require_running(project)
    milestone = find_milestone(project, milestone_id)
    action = MilestoneAction.ACCEPT if accepted else MilestoneAction.REFUSE
    target = _target(milestone, action)
    if actor.user_id is not None and actor.user_id == milestone.submitted_by:
        raise PermissionDenied("代为提交节点的人不能自己验收，请由另一人办理。", code="checker-is-submitter")
    if not accepted and not note:
        raise violation("/note", "note-missing", "不予通过时请写明理由。")
    milestone.status = target
    milestone.decided_by, milestone.decided_at, milestone.note = actor.user_id, now, note
    words = f"节点{milestone.number}{MILESTONE_STATUS_NAMES[milestone.status]}"
    record_with(session, actor, project, note=f"{words}：{note}" if note else words, encoder=encoder, now=now)
    return milestone


def _target(milestone: ProjectMilestone, action: MilestoneAction) -> MilestoneStatus:
    sources, target = MILESTONE_STEPS[action]
    if milestone.status not in sources:
        raise Conflict(
            f"节点{milestone.number}现为“{MILESTONE_STATUS_NAMES[milestone.status]}”，不能进行此操作。",
            code="illegal-transition",
        )
    return target


def record_payment(
    session: Session,
    actor: Actor,
    project_id: int,
    *,
    payer: Payer,
    amount_fen: int,
    paid_on: date,
    milestone_id: int | None = None,
    note: str | None = None,
    held_elsewhere: bool = False,
    now: datetime,
) -> ProjectPayment:
    """Record money that was paid to a project, as the bureau of the region.

    One that is `held_elsewhere`, with an award, is withdrawn there alone; the grant is paid there alone.

    Raises:
        NotFound: no such project or milestone.
        PermissionDenied: another region's bureau.
        Conflict: the project is not listed, or the grant is paid with its award: `payment-of-award`.
        RuleViolation: more than was planned, or a day ahead.
    """
    project = get_kept(session, actor, project_id, refusal="经费拨付由所在地主管部门记录。")
    require_listed(project)
    if payer is Payer.GRANT and project.origin is ProjectOrigin.CHALLENGE and not held_elsewhere:
        detail = "该项目的财政资助随揭榜挂帅立项拨付，请在立项的资助拨付中记录，这里随之记录。"
        raise Conflict(detail, code="payment-of-award")
    if milestone_id is not None:
        find_milestone(project, milestone_id)
    if paid_on > china_day(now):
        raise violation("/paid_on", "day-ahead", "拨付日期不能晚于今天。")
    payment = ProjectPayment(
        project_id=project.id,
        milestone_id=milestone_id,
        payer=payer,
        amount_fen=amount_fen,
        paid_on=paid_on,
        note=note,
        recorded_by=actor.user_id,
        recorded_at=now,
        held_elsewhere=held_elsewhere,
    )
    refuse(payment_faults(plan_of(project, {}), paid_of(project, payment)))
    project.payments.append(payment)
    words = f"记录拨付：{PAYER_NAMES[payer]}{wan_text(amount_fen)}万元"
    record_with(session, actor, project, note=words, encoder=None, now=now)
    return payment


def withdraw_payment(
    session: Session,
    actor: Actor,
    project_id: int,
    payment_id: int,
    *,
    note: str,
    held_elsewhere: bool = False,
    now: datetime,
) -> ProjectPayment:
    """Withdraw a payment that was recorded by mistake; it stays on record and counts no more.

    Raises:
        NotFound: no such project or payment.
        PermissionDenied: another region's bureau.
        Conflict: it was withdrawn already, or belongs to an award and is withdrawn there.
    """
    project = get_kept(session, actor, project_id, refusal="经费拨付由所在地主管部门记录。")
    payment = next((one for one in project.payments if one.id == payment_id), None)
    if payment is None:
        raise NotFound("没有找到该笔拨付。", code="payment-not-found")
    if payment.withdrawn_at is not None:
        raise Conflict("该笔拨付已经冲销。", code="payment-withdrawn")
    if payment.held_elsewhere and not held_elsewhere:
        detail = "该笔拨付是揭榜挂帅立项的财政资助，请在立项的资助拨付中冲销，这里随之冲销。"
        raise Conflict(detail, code="payment-of-award")
    payment.withdrawn_by, payment.withdrawn_at = actor.user_id, now
    record_with(session, actor, project, note=f"冲销拨付{payment.id}：{note}", encoder=None, now=now)
    return payment


def move_stage(
    session: Session,
    actor: Actor,
    project_id: int,
    *,
    stage: str,
    trl: int | None,
    note: str | None,
    encoder: Encoder,
    now: datetime,
) -> Project:
    """Move a project on to a later stage, as the bureau of the region.

    Args:
        session: open transaction.
        actor: the bureau.
        project_id: which project.
        stage: code of scheme `project_stage`.
        trl: the maturity reached by now; None leaves it as it is.
        note: words that go with it.
        encoder: makes the vector.
        now: present time.

    Raises:
        PermissionDenied: another region's bureau.
        Conflict: the project is not running, or the stage does not follow its present one.
        RuleViolation: no such stage.
    """
    project = get_kept(session, actor, project_id, refusal="项目阶段由所在地主管部门记录。")
    require_running(project)
    check_codes(session, [("/stage", Scheme.PROJECT_STAGE, stage)])
    names = code_names(session, Scheme.PROJECT_STAGE)
    if stage not in STAGE_STEPS[project.stage]:
        raise Conflict(
            f"项目现处于“{names[project.stage]}”，不能转入“{names[stage]}”；退回须先发起修订，结题另行办理。",
            code="illegal-stage",
        )
    project.stage = stage
    if trl is not None:
        project.trl = trl
    words = f"转入{names[stage]}" + (f"：{note}" if note else "")
    record_with(session, actor, project, note=words, encoder=encoder, now=now)
    return project


def decide_closing(
    session: Session,
    actor: Actor,
    project_id: int,
    *,
    accepted: bool,
    note: str,
    encoder: Encoder,
    now: datetime,
) -> Project:
    """Close a project, as the bureau of the region; see `close_project`.

    Raises:
        PermissionDenied: another region's bureau.
    """
    project = get_kept(session, actor, project_id, refusal="结题由所在地主管部门验收。")
    return close_project(session, actor, project, accepted=accepted, note=note, encoder=encoder, now=now)


def close_project(
    session: Session,
    actor: Actor,
    project: Project,
    *,
    accepted: bool,
    note: str,
    encoder: Encoder,
    now: datetime,
) -> Project:
    """Close a project for good (结题验收). The caller has seen to it that the actor may decide that.

    Args:
        session: open transaction.
        actor: who decides.
        project: is read afresh and locked.
        accepted: whether it reached what it promised; then every milestone must have been accepted.
        note: words that go with it.
        encoder: makes the vector.
        now: present time.

    Raises:
        Conflict: it is not running, never began, or a milestone is not accepted.
    """
    session.refresh(project, with_for_update={"of": [RegisterEntry, Project]})
    require_running(project)
    if project.stage not in CLOSABLE:
        raise Conflict("储备项目尚未开始，不能结题；不再实施的请移出项目库。", code="project-not-begun")
    waiting = [one for one in project.milestones if one.status is not MilestoneStatus.ACCEPTED]
    if accepted and waiting:
        numbers = "、".join(str(one.number) for one in waiting)
        raise Conflict(f"节点 {numbers} 尚未通过验收，不能通过结题。", code="milestones-open")
    project.stage, project.closed_on = CLOSED, china_day(now)
    project.closing_accepted, project.closing_note = accepted, note
    result = "通过" if accepted else "不通过"
    record_with(session, actor, project, note=f"结题验收{result}：{note}", encoder=encoder, now=now)
    return project
