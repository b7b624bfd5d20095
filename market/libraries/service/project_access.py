"""What every deed with a project asks first: who keeps the pool, whether it runs, which milestone."""

from __future__ import annotations

from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.errors import Conflict, NotFound, PermissionDenied
from market.libraries.models import Project, ProjectMilestone, RegisterEntry
from market.libraries.queries.entries import get_entry, is_checker
from market.libraries.rules import EntryStatus
from market.libraries.rules.projects import CLOSED, is_held_by_award


def get_kept(session: Session, actor: Actor, project_id: int, *, refusal: str) -> Project:
    """Return a project, locked, if the actor keeps the pool of its region.

    Raises:
        NotFound: there is none, or the actor may not know of it.
        PermissionDenied: with the words of `refusal`.
    """
    project = get_entry(session, actor, Project, project_id, lock=True)
    if not is_checker(actor, project):
        raise PermissionDenied(refusal, code="role-not-allowed")
    return project


def require_listed(project: Project) -> None:
    """Refuse projects that are not in the pool now.

    Raises:
        Conflict: `project-not-listed`.
    """
    if project.status is not EntryStatus.LISTED:
        raise Conflict("项目不在库，不能办理此项。", code="project-not-listed")


def require_running(project: Project) -> None:
    """Refuse projects that are not in the pool now, or closed.

    Raises:
        Conflict: `project-not-listed` or `project-closed`.
    """
    require_listed(project)
    if project.stage == CLOSED:
        raise Conflict("项目已经结题。", code="project-closed")


def require_not_held(entry: RegisterEntry) -> None:
    """Refuse to let go of a project on which an award rests.

    Raises:
        Conflict: `project-of-award`.
    """
    if isinstance(entry, Project) and is_held_by_award(entry.origin, entry.closing_accepted):
        detail = "该项目由揭榜挂帅立项开出，不能撤回修订、移出或改动经费；立项终止以后才可以。"
        raise Conflict(detail, code="project-of-award")


def require_acceptable(project: Project) -> None:
    """Refuse to accept the work of a project that left the pool, or that promised nothing.

    Raises:
        Conflict: `project-not-listed` or `milestones-missing`.
    """
    require_listed(project)
    if not project.milestones:
        raise Conflict("项目没有节点，不能通过验收；请先在项目库补列节点并验收。", code="milestones-missing")


def find_milestone(project: Project, milestone_id: int) -> ProjectMilestone:
    """Return a project's milestone.

    Raises:
        NotFound: it has no such one.
    """
    found = next((one for one in project.milestones if one.id == milestone_id), None)
    if found is None:
        raise NotFound("该项目没有这个节点。", code="milestone-not-found")
    return found
