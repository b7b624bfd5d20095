"""Team and milestones: planned by the keeper while written, by the bureau once in the pool."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.errors import Conflict, MarketError, NotFound, PermissionDenied, RuleViolation
from market.libraries.models import EntryEvent, Project
from market.libraries.rules import EntryStatus
from market.libraries.rules.talents import ConsentScope
from market.libraries.service.entries import edit_entry
from market.libraries.service.project_plans import (
    add_member,
    add_milestone,
    remove_member,
    remove_milestone,
)
from market.libraries.service.projects import submit_milestone
from market.libraries.service.talents import withdraw_consent
from tests.factories import NOW, make_organisation, make_user
from tests.market.libraries.factories import ENCODER, make_bureau
from tests.market.libraries.factories_talents import make_talent
from tests.market.libraries.projects.factories import MILESTONES, make_project, open_with


@pytest.fixture
def university(session: Session) -> Actor:
    """Somebody of a university that writes a project."""
    return actor_of(make_user(session, make_organisation(session, OrganisationKind.UNIVERSITY)))


def plan(session: Session, actor: Actor, project: Project, **values: Any) -> Project:
    form = {**MILESTONES[0], **values}
    return add_milestone(session, actor, project.id, form=form, encoder=ENCODER, now=NOW)


def member(session: Session, actor: Actor, project: Project, **form: Any) -> Project:
    return add_member(session, actor, project.id, form=form, now=NOW)


def refused(error: type[MarketError], call: Any, *args: Any, **values: Any) -> str:
    with pytest.raises(error) as caught:
        call(*args, **values)
    return caught.value.code


def test_the_keeper_plans_a_draft_and_the_bureau_what_is_in_the_pool(
    session: Session, university: Actor
) -> None:
    bureau, _ = make_bureau(session)
    draft = make_project(session, status=EntryStatus.DRAFT, actor=university)
    plan(session, university, draft)
    member(session, university, draft, name="陆一舟", unit="暨阳大学", duty="中试")
    listed = make_project(session, organisation_id=university.organisation_id)
    assert refused(PermissionDenied, plan, session, university, listed) == "role-not-allowed"
    assert refused(PermissionDenied, member, session, university, listed, name="甲某") == "role-not-allowed"
    stranger, _ = make_bureau(session, "320282")
    assert refused(PermissionDenied, plan, session, stranger, listed) == "role-not-allowed"
    assert [one.number for one in plan(session, bureau, listed).milestones] == [1]
    waiting = make_project(session, status=EntryStatus.PROPOSED)
    assert refused(Conflict, plan, session, bureau, waiting) == "plan-not-open"
    assert waiting.milestones == []


def test_milestones_are_numbered_and_stay_within_the_project(session: Session) -> None:
    project = make_project(session)
    plan(session, OPERATOR, project)
    plan(session, OPERATOR, project, name="中试")
    assert [one.number for one in project.milestones] == [1, 2]
    assert refused(RuleViolation, plan, session, OPERATOR, project, amount_fen=20_001) == (
        "milestones-over-total"
    )
    with pytest.raises(RuleViolation) as caught:
        plan(session, OPERATOR, project, due_on=date(2027, 1, 1))
    assert {(one.pointer, one.code) for one in caught.value.fields} == {
        ("/due_on", "milestone-outside-project"),
        ("/amount_fen", "milestones-over-total"),
    }
    assert len(project.milestones) == 2
    first = project.milestones[0]
    remove_milestone(session, OPERATOR, project.id, first.id, encoder=ENCODER, now=NOW)
    plan(session, OPERATOR, project, name="验收")
    assert [one.number for one in project.milestones] == [2, 3]


def test_a_milestone_in_use_stays(session: Session) -> None:
    project = open_with(session)
    submit_milestone(session, OPERATOR, project.id, project.milestones[0].id, evidence="样机照片", now=NOW)
    values = {"encoder": ENCODER, "now": NOW}
    used = project.milestones[0].id
    assert refused(Conflict, remove_milestone, session, OPERATOR, project.id, used, **values) == (
        "milestone-in-use"
    )
    assert refused(NotFound, remove_milestone, session, OPERATOR, project.id, 0, **values) == (
        "milestone-not-found"
    )


def test_figures_and_days_are_checked_with_the_milestones(session: Session, university: Actor) -> None:
    draft = make_project(session, status=EntryStatus.DRAFT, actor=university)
    plan(session, university, draft)
    for changes, code in (
        ({"total_fen": 39_999}, "milestones-over-total"),
        ({"total_fen": None}, "grant-over-total"),
        ({"ends_on": date(2024, 12, 31)}, "dates-out-of-order"),
        ({"ends_on": date(2025, 9, 29)}, "milestone-outside-project"),
        ({"stage": "closed"}, "stage-by-closing"),
        ({"stage": "unheard"}, "unknown-code"),
        ({"leader_talent_id": 0}, "talent-unknown"),
    ):
        assert code == refused(
            RuleViolation, edit_entry, session, university, Project, draft.id, changes=changes,
            version=draft.version, now=NOW,
        )  # fmt: skip
    assert (draft.total_fen, draft.stage) == (100_000, "planned")


def test_members_of_the_talent_pool_are_named_there_alone(session: Session) -> None:
    talent = make_talent(session, person_name="沈知远")
    project = make_project(session)
    member(session, OPERATOR, project, talent_id=talent.id, unit="不留", duty="负责人")
    [linked] = project.members
    assert (linked.name, linked.unit, linked.full_name, linked.public_name) == (
        None, None, "沈知远", "沈知远",
    )  # fmt: skip
    withdraw_consent(session, OPERATOR, talent.id, scope=ConsentScope.FIND, now=NOW)
    session.refresh(linked)
    assert (linked.full_name, linked.public_name) == ("沈知远", None)
    notes = session.scalars(select(EntryEvent.note).where(EntryEvent.entry_id == project.id)).all()
    assert not any(note and "沈知远" in note for note in notes)
    remove_member(session, OPERATOR, project.id, linked.id, now=NOW)
    assert project.members == []


def test_who_does_not_join_a_team(session: Session) -> None:
    hidden = make_talent(session, consents=())
    known = make_talent(session)
    broker = actor_of(make_user(session, make_organisation(session, OrganisationKind.AGENCY)))
    draft = make_project(session, status=EntryStatus.DRAFT, actor=broker)
    assert refused(RuleViolation, member, session, broker, draft) == "member-unnamed"
    assert refused(RuleViolation, member, session, broker, draft, name="甲某", talent_id=known.id) == (
        "member-unnamed"
    )
    # Nobody learns from here who is in the pool and does not want to be found.
    assert refused(RuleViolation, member, session, broker, draft, talent_id=hidden.id) == "talent-unknown"
    assert refused(RuleViolation, member, session, broker, draft, talent_id=0) == "talent-unknown"
    member(session, broker, draft, talent_id=known.id)
    member(session, broker, draft, name="甲某")
    assert refused(Conflict, member, session, broker, draft, talent_id=known.id) == "member-known"
    assert refused(Conflict, member, session, broker, draft, name="甲某") == "member-known"
    member(session, broker, draft, name="甲某", unit="另一单位")
    assert len(draft.members) == 3
    assert refused(NotFound, remove_member, session, broker, draft.id, 0, now=NOW) == "member-not-found"


def test_a_leader_is_named_once(session: Session) -> None:
    talent = make_talent(session)
    draft = make_project(session, status=EntryStatus.DRAFT, leader_name="甲某")
    values = {"changes": {"leader_talent_id": talent.id}, "version": draft.version, "now": NOW}
    assert (
        refused(RuleViolation, edit_entry, session, OPERATOR, Project, draft.id, **values) == "leader-twice"
    )
    values["changes"] = {"leader_talent_id": talent.id, "leader_name": None}
    edit_entry(session, OPERATOR, Project, draft.id, **values)
    assert (draft.leader_name, draft.leader_talent_id) == (None, talent.id)
