"""Projects that are made from what the market knows already."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.clock import china_day
from market.errors import Conflict
from market.libraries.models import Project
from market.libraries.rules import EntryAction, EntryKind
from market.libraries.rules.projects import ProjectOrigin
from market.libraries.service.entries import check_entry_form, create_entry
from market.libraries.service.forms.projects import check_leader
from market.libraries.service.steps import note_event, take_step
from market.listings.models import Achievement
from market.listings.queries import get_listing
from market.listings.rules import PUBLIC, ListingKind


def propose_from_achievement(
    session: Session, actor: Actor, achievement_id: int, *, form: Mapping[str, Any], now: datetime
) -> Project:
    """Write a draft of a project that takes up an achievement; its public part fills in what is not given.

    Args:
        session: open transaction.
        actor: the achievement's owner, a verified broker or the bureau of its region.
        achievement_id: a published one.
        form: `category`, and whatever is to differ from the achievement.
        now: present time.

    Raises:
        NotFound: no such achievement.
        PermissionDenied: see `create_entry`.
        Conflict: it is not published.
        RuleViolation: see `create_entry`.
    """
    achievement = get_listing(session, actor, ListingKind.ACHIEVEMENT, achievement_id)
    assert isinstance(achievement, Achievement)
    if achievement.status not in PUBLIC:
        raise Conflict("成果未发布，不能据以提出项目。", code="achievement-not-published")
    values = {
        "title": achievement.title,
        "summary": achievement.body,
        "tech_field": achievement.tech_field,
        "chain_code": achievement.chain_code,
        "keywords": list(achievement.keywords),
        "trl": achievement.trl,
        "source": f"科技成果（编号{achievement.id}）",
        "source_date": china_day(now),
        "region_code": achievement.region_code,
        **form,
        "organisation_id": achievement.organisation_id,
        "origin": ProjectOrigin.ACHIEVEMENT,
        "achievement_id": achievement.id,
    }
    project = create_entry(session, actor, EntryKind.PROJECT, form=values, now=now)
    assert isinstance(project, Project)
    return project


def hand_in_project(
    session: Session, actor: Actor, *, values: Mapping[str, Any], note: str, now: datetime
) -> Project:
    """Write a project that follows from another record and hand it in to be checked at once.

    For those who may not propose entries otherwise; the caller has seen to it that the actor may do this.

    Args:
        session: open transaction.
        actor: who does it, and may not check it.
        values: all its columns, `region_code` among them.
        note: what it follows from.
        now: present time.

    Raises:
        RuleViolation: an unknown code, or figures and days that do not agree.
    """
    check_entry_form(session, EntryKind.PROJECT, values, None, now=now)
    check_leader(session, actor, values)
    project = Project(**values, proposed_by=actor.user_id, created_at=now, updated_at=now)
    session.add(project)
    session.flush()  # draws the id
    session.refresh(project)  # with its unit and what hangs on it, to be shown after the commit
    note_event(session, actor, project, EntryAction.CREATE, source=None, now=now, note=note, with_text=True)
    take_step(session, actor, project, EntryAction.PROPOSE, encoder=None, now=now)
    return project
