"""Projects over HTTP: per endpoint one success, one refusal, one bad input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.accounts.rules import OrganisationKind
from tests.factories import as_actor, make_achievement, make_organisation, make_user
from tests.market.libraries.factories import make_bureau
from tests.market.libraries.factories_talents import make_talent
from tests.market.listings.answers import invalid, problem, problem_of

pytestmark = pytest.mark.one_database("views; test_life.py, test_plans.py and test_queries.py ask both")

FORM = {
    "title": "印染废水近零排放中试",
    "category": "research",
    "source": "江阴市科技局",
    "source_date": "2025-03-31",
    "started_on": "2025-01-01",
    "ends_on": "2026-12-31",
    "total_fen": 100_000,
    "grant_fen": 20_000,
}
MILESTONE = {"name": "样机", "target": "连续运行72小时", "due_on": "2025-09-30", "amount_fen": 40_000}


@dataclass
class Desk:
    """The app, a university that writes a project, and two people of its bureau."""

    client: FlaskClient
    session: Session
    university: dict[str, str]
    bureau: dict[str, str]
    checker: dict[str, str]
    organisation_id: int

    def post(self, url: str, headers: dict[str, str], body: Any = None) -> Any:
        """POST a JSON body."""
        return self.client.post(f"/api/v1{url}", json=body if body is not None else {}, headers=headers)

    def made(self, url: str, headers: dict[str, str], body: Any = None, status: int = 201) -> Any:
        """POST a JSON body that is taken, and return the answer's."""
        response = self.post(url, headers, body)
        assert response.status_code == status, response.get_json()
        return response.get_json()

    def listed(self) -> str:
        """Bring a project into the pool with one milestone, and return its address."""
        url = f"/projects/{self.made('/projects', self.university, FORM)['id']}"
        self.made(f"{url}/milestones", self.university, MILESTONE)
        self.made(f"{url}/proposals", self.university, status=200)
        self.made(f"{url}/checks", self.checker, {"decision": "list"}, status=200)
        return url


@pytest.fixture
def desk(client: FlaskClient, session: Session) -> Desk:
    """Everybody concerned."""
    organisation = make_organisation(session, OrganisationKind.UNIVERSITY)
    bureau, checker = make_bureau(session)
    return Desk(
        client,
        session,
        university=as_actor(session, actor_of(make_user(session, organisation))),
        bureau=as_actor(session, bureau),
        checker=as_actor(session, checker),
        organisation_id=organisation.id,
    )


def test_a_project_from_its_draft_to_its_closing(desk: Desk) -> None:
    url = desk.listed()
    milestone = f"{url}/milestones/{desk.client.get(f'/api/v1{url}').get_json()['milestones'][0]['id']}"
    handed_in = desk.made(f"{milestone}/submissions", desk.university, {"evidence": "检测报告"}, 200)
    assert (handed_in["status"], handed_in["evidence"]) == ("submitted", "检测报告")
    decided = desk.made(f"{milestone}/decisions", desk.bureau, {"accepted": True}, 200)
    assert decided["status"] == "accepted"
    payment = {"payer": "grant", "amount_fen": 20_000, "paid_on": "2025-06-01", "note": "首期"}
    paid = desk.made(f"{url}/payments", desk.bureau, payment)
    assert paid == {"id": paid["id"], "milestone_id": None, "withdrawn_at": None, **payment}
    gone = desk.made(f"{url}/payments/{paid['id']}/withdrawals", desk.bureau, {"note": "重复"}, 200)
    assert gone["withdrawn_at"] is not None
    moved = desk.made(f"{url}/stages", desk.bureau, {"stage": "pilot", "trl": 7}, 200)
    assert (moved["stage"], moved["trl"]) == ("pilot", 7)
    closed = desk.made(f"{url}/closings", desk.bureau, {"accepted": True, "note": "材料齐全"}, 200)
    assert (closed["stage"], closed["closing_accepted"]) == ("closed", True)
    shown = desk.client.get(f"/api/v1{url}").get_json()  # anyone
    assert shown["milestones"][0]["status"] == "accepted"
    assert "evidence" not in shown["milestones"][0]
    assert "note" not in shown["payments"][0]
    assert "closing_note" not in shown
    events = desk.client.get(f"/api/v1{url}/events", headers=desk.university).get_json()
    assert [event["note"] for event in events][-1] == "结题验收通过：材料齐全"


def test_a_team_shows_names_as_far_as_people_agreed(desk: Desk) -> None:
    talent = make_talent(desk.session, consents=(), organisation_id=desk.organisation_id)
    url = f"/projects/{desk.made('/projects', desk.university, FORM)['id']}"
    desk.made(f"{url}/members", desk.university, {"talent_id": talent.id, "duty": "负责人"})
    team = desk.made(f"{url}/members", desk.university, {"name": "陆一舟", "unit": "暨阳大学"})["members"]
    assert [one["name"] for one in team] == [talent.person_name, "陆一舟"]
    desk.made(f"{url}/proposals", desk.university, status=200)
    desk.made(f"{url}/checks", desk.checker, {"decision": "list"}, status=200)
    [listed] = desk.client.get("/api/v1/projects?category=research&stage=planned").get_json()["items"]
    assert [one["name"] for one in listed["members"]] == [None, "陆一舟"]
    gone = desk.client.delete(f"/api/v1{url}/members/{team[1]['id']}", headers=desk.bureau)
    assert [one["talent_id"] for one in gone.get_json()["members"]] == [talent.id]


def test_filters_of_the_list(desk: Desk) -> None:
    made = desk.made("/projects", desk.university, {**FORM, "trl": 5, "key_project": True})

    def found(query: str) -> list[int]:
        answer = desk.client.get(f"/api/v1/projects?mine=true&{query}", headers=desk.university)
        return [one["id"] for one in answer.get_json()["items"]]

    for query in ("min_trl=5", "key_project=true", "category=research", "stage=planned"):
        assert found(query) == [made["id"]]
    for query in ("min_trl=6", "key_project=false", "category=talent", "stage=pilot"):
        assert found(query) == []


def test_a_milestone_leaves_the_plan(desk: Desk) -> None:
    url = f"/projects/{desk.made('/projects', desk.university, FORM)['id']}"
    [planned] = desk.made(f"{url}/milestones", desk.university, MILESTONE)["milestones"]
    gone = desk.client.delete(f"/api/v1{url}/milestones/{planned['id']}", headers=desk.university)
    assert gone.get_json()["milestones"] == []


def test_an_achievement_becomes_a_draft(desk: Desk) -> None:
    achievement = make_achievement(desk.session, desk.organisation_id)
    made = desk.made(f"/achievements/{achievement.id}/projects", desk.university, {"category": "conversion"})
    assert (made["title"], made["trl"], made["status"]) == (achievement.title, 7, "draft")
    assert (made["achievement_id"], made["origin"]) == (achievement.id, "achievement")
    refused = desk.post(f"/achievements/{achievement.id}/projects", desk.university)
    assert problem_of(refused) == invalid(("/category", "此项必填。"))


def test_others_are_refused(desk: Desk) -> None:
    url = desk.listed()
    enterprise = as_actor(desk.session, actor_of(make_user(desk.session, make_organisation(desk.session))))
    milestone = {"evidence": "检测报告"}
    first = desk.client.get(f"/api/v1{url}").get_json()["milestones"][0]["id"]
    answers = {
        path: problem_of(desk.post(f"{url}{path}", enterprise, body))["code"]
        for path, body in (
            ("/members", {"name": "甲某"}),
            ("/milestones", MILESTONE),
            (f"/milestones/{first}/submissions", milestone),
            (f"/milestones/{first}/decisions", {"accepted": True}),
            ("/payments", {"payer": "grant", "amount_fen": 1, "paid_on": "2025-06-01"}),
            ("/payments/1/withdrawals", {"note": "重复"}),
            ("/stages", {"stage": "pilot"}),
            ("/closings", {"accepted": True, "note": "材料齐全"}),
        )
    }
    assert set(answers.values()) == {"role-not-allowed", "not-leading-unit"}


def test_money_is_refused_with_the_name_of_its_rule(desk: Desk) -> None:
    refused = desk.post("/projects", desk.university, {**FORM, "grant_fen": 100_001})
    words = "财政资助不能超过项目总经费。"
    assert problem_of(refused) == problem(
        422,
        "grant-over-total",
        title="不符合规则",
        detail=words,
        errors=[("/grant_fen", "grant-over-total", words)],
    )
    url = desk.listed()
    refused = desk.post(f"{url}/payments", desk.bureau, {"payer": "bank", "amount_fen": 0})
    assert problem_of(refused) == invalid(
        ("/payer", "应为以下之一：grant, enterprise, other。"),
        ("/amount_fen", "应不小于 1 且不大于 1000000000000000。"),
        ("/paid_on", "此项必填。"),
    )


def test_badly_formed_input(desk: Desk) -> None:
    cases: list[tuple[str, Any, tuple[str, str]]] = [
        ("/members", {"name": "甲"}, ("/name", "长度应在 2 与 64 之间。")),
        ("/milestones", {**MILESTONE, "due_on": "明年"}, ("/due_on", "应为 ISO 8601 日期，如 2025-03-01。")),
        ("/milestones/1/submissions", {}, ("/evidence", "此项必填。")),
        ("/milestones/1/decisions", {}, ("/accepted", "此项必填。")),
        ("/payments/1/withdrawals", {}, ("/note", "此项必填。")),
        ("/stages", {"stage": "pilot", "trl": 10}, ("/trl", "应不小于 1 且不大于 9。")),
        ("/closings", {"accepted": True}, ("/note", "此项必填。")),
    ]
    for path, body, error in cases:
        assert problem_of(desk.post(f"/projects/1{path}", desk.bureau, body)) == invalid(error)
