"""Projects on which an award rests: not let go of, paid with the award alone, and named with care."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.errors import MarketError
from market.libraries.models import EntryEvent, Project
from market.libraries.queries.kinds import freeze
from market.libraries.rules import EntryStatus
from market.libraries.rules.projects import Payer, ProjectOrigin, is_held_by_award
from market.libraries.rules.talents import ConsentScope
from market.libraries.schemas.projects import ProjectInternalView, ProjectView
from market.libraries.service.entries import create_entry, delist_entry, edit_entry, revise_entry
from market.libraries.service.project_plans import add_milestone, remove_milestone
from market.libraries.service.projects import decide_closing, record_payment
from market.libraries.service.talents import withdraw_consent
from tests.factories import JIANGYIN, NOW, make_organisation, make_user
from tests.market.libraries.factories import ENCODER, TODAY, make_bureau
from tests.market.libraries.factories_talents import make_talent
from tests.market.libraries.projects.factories import MILESTONES, make_project, open_with, project_form


def refused(call: Any, *args: Any, **values: Any) -> str:
    with pytest.raises(MarketError) as caught:
        call(*args, **values)
    return caught.value.code


def held(session: Session, **values: Any) -> tuple[Project, Actor]:
    """Return a project that an award opened, and its unit."""
    unit = actor_of(make_user(session, make_organisation(session, OrganisationKind.UNIVERSITY)))
    project = open_with(
        session, organisation_id=unit.organisation_id, origin=ProjectOrigin.CHALLENGE, **values
    )
    return project, unit


def test_an_award_holds_its_project_until_it_ends_without_acceptance() -> None:
    assert [is_held_by_award(ProjectOrigin.CHALLENGE, one) for one in (None, True, False)] == [
        True, True, False,
    ]  # fmt: skip
    assert not any(is_held_by_award(one, None) for one in set(ProjectOrigin) - {ProjectOrigin.CHALLENGE})


def test_nobody_lets_go_of_what_an_award_rests_on(session: Session) -> None:
    project, unit = held(session)
    bureau, _ = make_bureau(session)
    for actor in (unit, bureau):
        taken = {"encoder": ENCODER, "now": NOW}
        assert refused(revise_entry, session, actor, Project, project.id, **taken) == "project-of-award"
        assert (
            refused(delist_entry, session, actor, Project, project.id, note="不再实施", **taken)
            == "project-of-award"
        )
    first, second = (one.id for one in project.milestones)
    remove_milestone(session, bureau, project.id, first, encoder=ENCODER, now=NOW)
    last = {"encoder": ENCODER, "now": NOW}
    assert refused(remove_milestone, session, bureau, project.id, second, **last) == "milestone-last"
    add_milestone(session, bureau, project.id, form=MILESTONES[0], encoder=ENCODER, now=NOW)
    remove_milestone(session, bureau, project.id, second, encoder=ENCODER, now=NOW)
    assert (project.status, len(project.milestones)) == (EntryStatus.LISTED, 1)
    project.status = EntryStatus.RETURNED  # as it may have become before this rule
    session.flush()
    for change in ({"grant_fen": 0}, {"total_fen": 1}):
        values = {"changes": change, "version": project.version, "now": NOW}
        assert refused(edit_entry, session, unit, Project, project.id, **values) == "project-of-award"
    project.status = EntryStatus.LISTED
    decide_closing(session, bureau, project.id, accepted=False, note="立项终止", encoder=ENCODER, now=NOW)
    assert delist_entry(
        session, bureau, Project, project.id, note="已终止", encoder=ENCODER, now=NOW
    ).status is (EntryStatus.DELISTED)


def test_the_grant_of_an_award_is_paid_there_alone(session: Session) -> None:
    project, _ = held(session)

    def pay(payer: Payer, *, amount_fen: int = 10_000, held_elsewhere: bool = False) -> None:
        record_payment(
            session, OPERATOR, project.id, payer=payer, amount_fen=amount_fen, paid_on=TODAY,
            held_elsewhere=held_elsewhere, now=NOW,
        )  # fmt: skip

    assert refused(pay, Payer.GRANT) == "payment-of-award"
    pay(Payer.GRANT, held_elsewhere=True)
    pay(Payer.ENTERPRISE, amount_fen=12_300)
    assert project.paid_fen == 22_300
    notes = select(EntryEvent.note).where(EntryEvent.entry_id == project.id).order_by(EntryEvent.id)
    assert session.scalars(notes).all()[-2:] == [
        "记录拨付：财政资助0.01万元",
        "记录拨付：企业投入0.0123万元",
    ]


def test_names_from_a_bid_are_for_the_unit_and_the_bureau(session: Session) -> None:
    team: dict[str, Any] = {"leader_name": "周文远", "members": [{"name": "李明", "unit": "膜工程公司"}]}
    project, _ = held(session, **team)
    shown, whole = ProjectView().dump(project), ProjectInternalView().dump(project)
    assert (shown["leader"], shown["leader_name"], shown["members"][0]["name"]) == (None, None, None)
    assert (whole["leader"], whole["leader_name"], whole["members"][0]["name"]) == (
        "周文远", "周文远", "李明",
    )  # fmt: skip
    other = open_with(session, **team)
    shown = ProjectView().dump(other)
    assert (shown["leader"], shown["leader_name"], shown["members"][0]["name"]) == (
        "周文远", "周文远", "李明",
    )  # fmt: skip
    rows = [row.content for row in freeze(session, [project, other])]
    assert [(row["leader"], row["members"]) for row in rows] == [
        (None, []),
        ("周文远", ["李明（膜工程公司）"]),
    ]


def test_a_leader_of_the_pool_is_named_as_far_as_the_person_agreed(session: Session) -> None:
    leader, hidden = make_talent(session, person_name="沈知远"), make_talent(session, consents=())
    project, unit = held(session, leader_talent_id=leader.id)
    assert ProjectView().dump(project)["leader"] == "沈知远"
    withdraw_consent(session, OPERATOR, leader.id, scope=ConsentScope.FIND, now=NOW)
    session.refresh(project)
    assert ProjectView().dump(project)["leader"] is None
    assert ProjectInternalView().dump(project)["leader"] == "沈知远"
    # Nobody learns from here who is in the pool and does not want to be found.
    form = {**project_form(), "region_code": JIANGYIN, "source": "江阴市科技局", "source_date": TODAY}
    for talent_id in (hidden.id, 0):
        named = {"form": {**form, "leader_talent_id": talent_id}, "now": NOW}
        assert refused(create_entry, session, unit, project.kind, **named) == "talent-unknown"
    draft = make_project(session, status=EntryStatus.DRAFT, actor=unit)
    found = make_talent(session, person_name="陆一舟")
    changes: dict[str, Any] = {"leader_talent_id": hidden.id}
    values = {"changes": changes, "version": draft.version, "now": NOW}
    assert refused(edit_entry, session, unit, Project, draft.id, **values) == "talent-unknown"
    changes["leader_talent_id"] = found.id
    edit_entry(session, unit, Project, draft.id, **values)
    assert (draft.full_leader, draft.public_leader) == ("陆一舟", "陆一舟")
