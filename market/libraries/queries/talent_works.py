"""What people of the talent pool did, known by link and never copied."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.db import Page, PageRequest
from market.libraries.models import Project, ProjectMember, Talent
from market.libraries.queries.entries import get_entry, list_entries


def list_projects(
    session: Session, actor: Actor | None, talent_id: int, *, page: PageRequest
) -> Page[Project]:
    """List the projects of a person, led or taken part in, that the actor may read, newest first.

    Raises:
        NotFound: there is none, or the actor may not know of the person.
    """
    talent = get_entry(session, actor, Talent, talent_id)
    teams = select(ProjectMember.project_id).where(ProjectMember.talent_id == talent.id)
    theirs = (Project.leader_talent_id == talent.id) | Project.id.in_(teams)
    return list_entries(session, actor, Project, page=page, conditions=[theirs])
