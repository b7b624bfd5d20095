"""What is read of projects: counts, rows of an export, links that show no more than people agreed to."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, OrganisationKind
from market.db import Database, PageRequest
from market.libraries.models import Project
from market.libraries.queries.entries import list_entries
from market.libraries.queries.kinds import freeze
from market.libraries.queries.projects import ProjectCount, count_projects
from market.libraries.rules import EntryStatus
from market.libraries.rules.projects import Payer
from market.libraries.service.projects import decide_milestone, record_payment, submit_milestone
from tests.factories import JIANGYIN, NOW, make_organisation
from tests.market.libraries.factories import ENCODER, TODAY, make_bureau
from tests.market.libraries.factories_talents import make_talent
from tests.market.libraries.projects.factories import make_project, open_with
from tests.market.listings.answers import statements

SPAN = {"start": date(2025, 1, 1), "end": date(2025, 12, 31)}


def test_projects_are_counted_by_category_and_span(session: Session) -> None:
    enterprise = make_organisation(session)
    university = make_organisation(session, OrganisationKind.UNIVERSITY)
    make_project(session, organisation_id=enterprise.id, key_project=True)
    make_project(session, organisation_id=university.id, total_fen=None, grant_fen=0)
    make_project(session, category="talent", started_on=date(2025, 12, 31))
    make_project(session, started_on=date(2024, 12, 31))
    make_project(session, started_on=None)
    make_project(session, status=EntryStatus.PROPOSED)
    make_project(session, status=EntryStatus.DELISTED)
    make_project(session, region_code="320282")
    assert count_projects(session, region=JIANGYIN, **SPAN) == [
        ProjectCount("research", projects=2, key_projects=1, enterprise_led=1, total_fen=100_000),
        ProjectCount("talent", projects=1, key_projects=0, enterprise_led=0, total_fen=100_000),
    ]
    since_ever = count_projects(session, region=JIANGYIN, start=None, end=SPAN["end"], category="research")
    assert [one.projects for one in since_ever] == [3]
    [key] = count_projects(session, region="320200", **SPAN, key_only=True)
    assert (key.projects, key.enterprise_led) == (1, 1)
    assert count_projects(session, region="340800", **SPAN) == []


def test_rows_of_an_export_name_those_who_agreed(session: Session) -> None:
    found, hidden = make_talent(session, person_name="沈知远"), make_talent(session, consents=())
    project = open_with(
        session,
        leader_talent_id=found.id,
        members=[{"talent_id": found.id}, {"talent_id": hidden.id}, {"name": "陆一舟"}],
    )
    other = open_with(session, leader_talent_id=hidden.id, milestones=[])
    bureau, colleague = make_bureau(session)
    milestone = project.milestones[0].id
    submit_milestone(session, bureau, project.id, milestone, evidence="检测报告", now=NOW)
    decide_milestone(
        session, colleague, project.id, milestone, accepted=True, note=None, encoder=ENCODER, now=NOW
    )
    record_payment(session, bureau, project.id, payer=Payer.GRANT, amount_fen=10_000, paid_on=TODAY, now=NOW)
    first, second = (row.content for row in freeze(session, [project, other]))
    assert (first["leader"], first["members"]) == ("沈知远", ["沈知远", "陆一舟"])
    assert (first["milestones"], first["paid_fen"], first["origin"]) == ("1/2", 10_000, "自行提出")
    assert (second["leader"], second["members"], second["milestones"]) == (None, [], None)


def test_a_list_takes_a_fixed_number_of_statements(session: Session, database: Database) -> None:
    def count() -> int:
        session.expunge_all()
        with statements(database) as sent:
            rows = list_entries(session, OPERATOR, Project, page=PageRequest(limit=50)).items
        assert all(row.members[0].full_name and row.milestones and not row.payments for row in rows)
        return len(sent)

    open_with(session, members=[{"name": "陆一舟"}])
    few = count()
    for _ in range(4):
        open_with(session, members=[{"name": "陆一舟"}, {"talent_id": make_talent(session).id}])
    assert count() == few
