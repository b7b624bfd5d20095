"""An award and the project that it opened in the pool."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.orm import Session

from market.challenges.rules import AwardReviewKind, ReviewDecision, Status
from market.challenges.service.performance import review_award
from market.libraries.models import Project, ProjectMilestone
from market.libraries.rules import EntryStatus
from market.libraries.schemas.projects import ProjectView
from market.libraries.service.entries import revise_entry
from tests.factories import NOW
from tests.market.challenges.factories import make_field, reach
from tests.market.challenges.refusing import refused
from tests.market.libraries.factories import ENCODER


def test_a_project_leads_back_to_award_and_challenge_and_names_nobody(session: Session) -> None:
    scene = make_field(session, teams=1, experts=3)
    challenge = reach(session, scene, Status.AWARDED)
    shown = ProjectView().dump(session.get_one(Project, scene.awards[0].project_id))
    assert (shown["challenge_id"], shown["award_id"]) == (challenge.id, scene.awards[0].id)
    assert (shown["need_id"], shown["leader"], shown["leader_name"]) == (scene.need.id, None, None)


def test_nothing_is_accepted_whose_project_was_let_go_of(session: Session) -> None:
    scene = make_field(session, teams=1, experts=3)
    reach(session, scene, Status.IMPLEMENTING)
    award = scene.awards[0]
    project = session.get_one(Project, award.project_id)
    with refused("project-of-award"):
        revise_entry(session, scene.teams[0], Project, project.id, encoder=ENCODER, now=NOW)

    def accept() -> None:
        with session.begin_nested():
            review_award(
                session, scene.bureau, award.id, kind=AwardReviewKind.ACCEPTANCE,
                decision=ReviewDecision.PASS, note="齐全", encoder=ENCODER, now=scene.over,
            )  # fmt: skip

    with refused("milestones-open"):
        accept()
    session.execute(delete(ProjectMilestone).where(ProjectMilestone.project_id == project.id))
    session.expire(project)
    with refused("milestones-missing"):
        accept()
    project.status = EntryStatus.RETURNED  # as it may have become before this rule
    session.flush()
    with refused("project-not-listed"):
        accept()
    session.refresh(award)
    assert award.status is Status.IMPLEMENTING
