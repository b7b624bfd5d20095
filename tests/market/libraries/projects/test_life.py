"""A project from its opening to its closing: milestones, payments, stages; and what opens one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.accounts.rules import Actor, OrganisationKind, OrganisationStatus
from market.db import Database
from market.errors import Conflict, MarketError, NotFound, PermissionDenied, RuleViolation
from market.libraries.models import EntryEvent, Project
from market.libraries.queries.entries import get_entry
from market.libraries.queries.kinds import to_document
from market.libraries.rules import EntryAction, EntryStatus
from market.libraries.rules.projects import MilestoneStatus, Payer, ProjectOrigin
from market.libraries.service.entries import delist_entry
from market.libraries.service.project_origins import propose_from_achievement
from market.libraries.service.projects import (
    close_project,
    decide_closing,
    decide_milestone,
    move_stage,
    record_payment,
    submit_milestone,
    withdraw_payment,
)
from market.listings.rules import Status as ListingStatus
from market.search.documents import Kind
from market.search.queries import findable
from tests.factories import NOW, make_achievement, make_organisation, make_user
from tests.market.contracts.racing import at_once
from tests.market.libraries.factories import ENCODER, TODAY, make_bureau
from tests.market.libraries.factories_talents import make_talent
from tests.market.libraries.projects.factories import make_project, open_with


@dataclass
class Desk:
    """An enterprise with a running project of two milestones, and its bureau."""

    session: Session
    unit: Actor
    bureau: Actor
    colleague: Actor
    project: Project

    def submit(self, place: int = 0, actor: Actor | None = None, evidence: str = "检测报告") -> Any:
        """Hand a milestone in, as the unit unless told."""
        milestone = self.project.milestones[place]
        return submit_milestone(
            self.session, actor or self.unit, self.project.id, milestone.id, evidence=evidence, now=NOW
        )

    def decide(
        self, place: int = 0, *, accepted: bool = True, note: str | None = None, actor: Actor | None = None
    ) -> Any:
        """Decide a milestone, as the bureau unless told."""
        return decide_milestone(
            self.session, actor or self.bureau, self.project.id, self.project.milestones[place].id,
            accepted=accepted, note=note, encoder=ENCODER, now=NOW,
        )  # fmt: skip

    def pay(self, payer: Payer, amount_fen: int, **values: Any) -> Any:
        """Record a payment of today."""
        return record_payment(
            self.session, values.pop("actor", self.bureau), self.project.id, payer=payer,
            amount_fen=amount_fen, **{"paid_on": TODAY, **values}, now=NOW,
        )  # fmt: skip

    def move(self, stage: str, *, trl: int | None = None, actor: Actor | None = None) -> Project:
        """Move on to a stage."""
        return move_stage(
            self.session, actor or self.bureau, self.project.id, stage=stage, trl=trl, note=None,
            encoder=ENCODER, now=NOW,
        )  # fmt: skip

    def close(self, *, accepted: bool = True, actor: Actor | None = None) -> Project:
        """Close the project."""
        return decide_closing(
            self.session, actor or self.bureau, self.project.id, accepted=accepted, note="材料齐全",
            encoder=ENCODER, now=NOW,
        )  # fmt: skip


@pytest.fixture
def desk(session: Session) -> Desk:
    """A project in the pool at once, as another deed opens one."""
    unit = actor_of(make_user(session, make_organisation(session)))
    bureau, colleague = make_bureau(session)
    project = open_with(session, actor=bureau, organisation_id=unit.organisation_id)
    return Desk(session, unit, bureau, colleague, project)


def refused(error: type[MarketError], call: Any, *args: Any, **values: Any) -> str:
    with pytest.raises(error) as caught:
        call(*args, **values)
    return caught.value.code


def test_an_award_opens_a_project_that_is_found_at_once(session: Session) -> None:
    talent = make_talent(session, person_name="沈知远")
    project = open_with(
        session,
        leader_name="沈知远",
        leader_talent_id=talent.id,
        members=[{"talent_id": talent.id, "name": "沈知远", "duty": "负责人"}, {"name": "陆一舟"}],
    )
    assert (project.status, project.stage, project.leader_name) == (EntryStatus.LISTED, "research", None)
    assert [one.full_name for one in project.members] == ["沈知远", "陆一舟"]
    assert [(one.number, one.amount_fen) for one in project.milestones] == [(1, 40_000), (2, 60_000)]
    assert findable(session, Kind.PROJECT, [project.id]) == {project.id}
    document = to_document(session, project)
    assert (document.facets.trl, document.facets.category) == (5, "research")
    assert "产水率不低于75%" in document.body
    assert "沈知远" not in document.text
    snapshots = session.scalars(select(EntryEvent.snapshot).where(EntryEvent.entry_id == project.id))
    assert not any("沈知远" in str(snapshot) for snapshot in snapshots)


def test_a_project_that_does_not_add_up_is_not_opened(session: Session) -> None:
    talent = make_talent(session)
    for values, code in (
        ({"total_fen": 99_999}, "milestones-over-total"),
        ({"category": "unheard"}, "unknown-code"),
        ({"members": [{"talent_id": 0}]}, "talent-unknown"),
        ({"members": [{"talent_id": talent.id}] * 2}, "member-twice"),
    ):
        assert refused(RuleViolation, open_with, session, **values) == code
    assert session.scalars(select(Project)).all() == []


def test_a_milestone_is_handed_in_and_decided(desk: Desk) -> None:
    milestone = desk.submit()
    assert (milestone.status, milestone.submitted_by) == (MilestoneStatus.SUBMITTED, desk.unit.user_id)
    assert refused(RuleViolation, desk.decide, accepted=False) == "note-missing"
    assert desk.decide(accepted=False, note="缺检测报告").status is MilestoneStatus.REFUSED
    desk.submit(evidence="第三方检测报告")
    assert (milestone.note, milestone.decided_at) == (None, None)
    assert desk.decide().status is MilestoneStatus.ACCEPTED
    notes = desk.session.scalars(
        select(EntryEvent.note)
        .where(EntryEvent.entry_id == desk.project.id, EntryEvent.action == EntryAction.NOTE)
        .order_by(EntryEvent.id)
    )
    assert notes.all() == [
        "提交节点1：检测报告",
        "节点1未通过：缺检测报告",
        "提交节点1：第三方检测报告",
        "节点1已通过",
    ]


def test_a_milestone_is_decided_once_and_only_after_it_was_handed_in(desk: Desk) -> None:
    assert refused(Conflict, desk.decide) == "illegal-transition"
    desk.submit()
    assert refused(Conflict, desk.submit) == "illegal-transition"
    desk.decide()
    for again in (desk.submit, desk.decide):
        assert refused(Conflict, again) == "illegal-transition"
    missing = {"evidence": "检测报告", "now": NOW}
    assert (
        refused(NotFound, submit_milestone, desk.session, desk.unit, desk.project.id, 0, **missing)
        == "milestone-not-found"
    )


def test_who_hands_in_and_who_decides(desk: Desk) -> None:
    other = actor_of(make_user(desk.session, make_organisation(desk.session)))
    far, _ = make_bureau(desk.session, "320282")
    for stranger in (other, far):
        assert refused(PermissionDenied, desk.submit, actor=stranger) == "not-leading-unit"
    desk.submit(actor=desk.bureau)  # in the unit's place
    assert refused(PermissionDenied, desk.decide, actor=desk.bureau) == "checker-is-submitter"
    for actor in (desk.unit, far):
        assert refused(PermissionDenied, desk.decide, actor=actor) == "role-not-allowed"
    desk.decide(actor=desk.colleague)
    pending = make_organisation(desk.session, status=OrganisationStatus.PENDING)
    project, newcomer = open_with(desk.session, organisation_id=pending.id), make_user(desk.session, pending)
    assert refused(
        PermissionDenied, submit_milestone, desk.session, actor_of(newcomer), project.id,
        project.milestones[0].id, evidence="检测报告", now=NOW,
    ) == "not-leading-unit"  # fmt: skip


def test_payments_never_exceed_what_was_planned(desk: Desk) -> None:
    first = desk.project.milestones[0].id
    desk.pay(Payer.GRANT, 20_000, milestone_id=first)
    desk.pay(Payer.ENTERPRISE, 20_000, milestone_id=first, note="首期")
    for payer, amount, values, code in (
        (Payer.GRANT, 1, {}, "payments-over-grant"),
        (Payer.ENTERPRISE, 1, {"milestone_id": first}, "payments-over-milestone"),
        (Payer.OTHER, 60_001, {}, "payments-over-total"),
        (Payer.OTHER, 1, {"paid_on": TODAY + timedelta(days=1)}, "day-ahead"),
    ):
        assert refused(RuleViolation, desk.pay, payer, amount, **values) == code
    assert refused(NotFound, desk.pay, Payer.OTHER, 1, milestone_id=0) == "milestone-not-found"
    assert refused(PermissionDenied, desk.pay, Payer.OTHER, 1, actor=desk.unit) == "role-not-allowed"
    assert desk.project.paid_fen == 40_000


def test_a_payment_recorded_by_mistake_counts_no_more_and_stays_on_record(desk: Desk) -> None:
    payment = desk.pay(Payer.GRANT, 20_000)

    def withdraw(actor: Actor, payment_id: int) -> None:
        withdraw_payment(desk.session, actor, desk.project.id, payment_id, note="重复记录", now=NOW)

    assert refused(PermissionDenied, withdraw, desk.unit, payment.id) == "role-not-allowed"
    assert refused(NotFound, withdraw, desk.bureau, 0) == "payment-not-found"
    withdraw(desk.bureau, payment.id)
    assert refused(Conflict, withdraw, desk.bureau, payment.id) == "payment-withdrawn"
    desk.pay(Payer.GRANT, 20_000)
    assert (desk.project.paid_fen, len(desk.project.payments)) == (20_000, 2)


def test_stages_go_forward_and_the_index_learns_the_maturity(desk: Desk) -> None:
    desk.move("pilot", trl=7)
    assert (desk.project.stage, desk.project.trl) == ("pilot", 7)
    assert to_document(desk.session, desk.project).facets.trl == 7
    for stage in ("research", "pilot", "planned", "closed"):
        assert refused(Conflict, desk.move, stage) == "illegal-stage"
    assert refused(RuleViolation, desk.move, "unheard") == "unknown-code"
    assert refused(PermissionDenied, desk.move, "industrial", actor=desk.unit) == "role-not-allowed"
    assert desk.move("industrial").trl == 7


def test_a_project_is_accepted_once_all_milestones_are(desk: Desk) -> None:
    desk.submit()
    desk.decide()
    assert refused(Conflict, desk.close) == "milestones-open"
    desk.submit(1)
    desk.decide(1)
    assert refused(PermissionDenied, desk.close, actor=desk.unit) == "role-not-allowed"
    desk.close()
    project = desk.project
    assert (project.stage, project.closed_on, project.closing_accepted) == ("closed", TODAY, True)
    assert refused(Conflict, desk.close) == "project-closed"
    assert refused(Conflict, desk.move, "industrial") == "project-closed"
    desk.pay(Payer.GRANT, 20_000)  # what is due may be paid afterwards


def test_a_project_may_fail_with_milestones_open(desk: Desk) -> None:
    assert desk.close(accepted=False).closing_accepted is False
    assert refused(Conflict, desk.submit) == "project-closed"


def test_what_never_began_or_left_the_pool_is_not_closed(desk: Desk) -> None:
    planned = make_project(desk.session)
    values = {"accepted": True, "note": "齐全", "encoder": ENCODER, "now": NOW}
    assert (
        refused(Conflict, close_project, desk.session, desk.bureau, planned, **values) == "project-not-begun"
    )
    delist_entry(
        desk.session, desk.bureau, Project, desk.project.id, note="终止合作", encoder=ENCODER, now=NOW
    )
    assert refused(Conflict, desk.close) == "project-not-listed"
    assert refused(Conflict, desk.submit, actor=desk.unit) == "project-not-listed"
    assert refused(Conflict, desk.pay, Payer.OTHER, 1) == "project-not-listed"


def test_an_achievement_fills_in_a_draft(session: Session) -> None:
    owner = actor_of(make_user(session, make_organisation(session, OrganisationKind.UNIVERSITY)))
    broker = actor_of(make_user(session, make_organisation(session, OrganisationKind.AGENCY)))
    assert owner.organisation_id is not None
    achievement = make_achievement(session, owner.organisation_id, chain_code="chain-metal")

    def propose(actor: Actor, achievement_id: int = achievement.id, **form: Any) -> Project:
        return propose_from_achievement(
            session, actor, achievement_id, form={"category": "conversion", **form}, now=NOW
        )

    project = propose(owner, title="脱盐装备产业化")
    assert (project.status, project.origin) == (EntryStatus.DRAFT, ProjectOrigin.ACHIEVEMENT)
    assert (project.title, project.trl, project.tech_field) == ("脱盐装备产业化", 7, "07")
    assert (project.achievement_id, project.organisation_id) == (achievement.id, owner.organisation_id)
    assert propose(broker).title == achievement.title
    assert propose(make_bureau(session)[0]).summary == achievement.body
    for kind, code in (
        (OrganisationKind.ENTERPRISE, "role-not-allowed"),
        (OrganisationKind.UNIVERSITY, "not-own-organisation"),
    ):
        other = actor_of(make_user(session, make_organisation(session, kind)))
        assert refused(PermissionDenied, propose, other) == code
    assert refused(PermissionDenied, propose, make_bureau(session, "320282")[0]) == "outside-region"
    draft = make_achievement(session, owner.organisation_id, status=ListingStatus.DRAFT)
    assert refused(Conflict, propose, owner, draft.id) == "achievement-not-published"
    assert refused(NotFound, propose, broker, draft.id) == "achievement-not-found"
    assert refused(RuleViolation, propose, owner, grant_fen=1) == "grant-over-total"


def test_of_two_decisions_at_the_same_moment_one_counts(own_database: Database) -> None:
    with own_database.transaction() as session:
        bureau, colleague = make_bureau(session)
        project = open_with(session, actor=bureau)
        milestone = project.milestones[0].id
        submit_milestone(session, bureau, project.id, milestone, evidence="检测报告", now=NOW)
        deciders = (colleague, make_bureau(session)[0])

    def decide(actor: Actor, accepted: bool) -> MilestoneStatus:
        with own_database.transaction() as session:
            return decide_milestone(
                session, actor, project.id, milestone, accepted=accepted, note="依检测报告", encoder=ENCODER,
                now=NOW,
            ).status  # fmt: skip

    results = at_once(lambda: decide(deciders[0], True), lambda: decide(deciders[1], False))
    [status] = [one for one in results if isinstance(one, MilestoneStatus)]
    [lost] = [one for one in results if isinstance(one, Conflict)]
    assert lost.code == "illegal-transition"
    with own_database.reading() as session:
        stored = get_entry(session, bureau, Project, project.id)
        assert stored.milestones[0].status is status


def test_days_of_a_project_may_be_open(session: Session) -> None:
    project = make_project(session, started_on=None, ends_on=None, total_fen=None, grant_fen=0)
    assert (project.started_on, project.total_fen) == (None, None)
    assert open_with(session, ends_on=date(2026, 3, 31)).ends_on == date(2026, 3, 31)
