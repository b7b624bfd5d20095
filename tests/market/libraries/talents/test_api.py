"""The talent pool over HTTP: per endpoint one success, one refusal, one bad input."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import flask
import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.accounts.rules import OrganisationKind
from market.db import Database
from market.search.access import current_replica
from market.search.documents import Kind
from market.search.replica import open_replica
from market.settings import Settings
from matching.encoder import HashingEncoder
from tests.factories import as_actor, make_actor, make_organisation, make_user
from tests.market.libraries.factories import make_bureau, make_filing
from tests.market.libraries.factories_talents import make_talent
from tests.market.libraries.projects.factories import open_with
from tests.market.listings.answers import invalid, problem, problem_of, statements
from tests.market.search.factories import ask

pytestmark = pytest.mark.one_database("views; test_service.py, test_roles.py and test_queries.py ask both")

NAME = "顾澄波".encode()
FORM = {
    "person_name": "顾澄波",
    "unit_name": "暨阳理工大学",
    "post": "教授",
    "fields": ["07"],
    "works": ["膜浓缩装置"],
    "contact": "0510-80000000",
    "declared_interests": "无",
    "source": "暨阳理工大学",
    "source_date": "2025-03-31",
}
AGREED = {"scope": "find", "given_on": "2025-06-01", "evidence": "同意书第7号"}
MANAGER = {
    "role": "technology_manager",
    "level": "junior",
    "certificate_no": "JS-2024-001",
    "trained_on": "2023-11-01",
    "valid_from": "2024-01-01",
    "valid_until": "2025-12-31",
}


@dataclass
class Desk:
    """The app, a university that proposes people, two persons of its bureau, and somebody else."""

    client: FlaskClient
    session: Session
    university: dict[str, str]
    checker: dict[str, str]
    stranger: dict[str, str]
    person: dict[str, str]
    login: str

    def post(self, url: str, headers: dict[str, str], body: Any = None) -> Any:
        """POST a JSON body."""
        return self.client.post(f"/api/v1{url}", json=body if body is not None else {}, headers=headers)

    def made(self, url: str, headers: dict[str, str], body: Any = None, status: int = 200) -> Any:
        """POST a JSON body that is taken, and return the answer's."""
        response = self.post(url, headers, body)
        assert response.status_code == status, response.get_json()
        return response.get_json(silent=True)

    def seen(self, url: str, headers: dict[str, str] | None = None) -> Any:
        """GET what is there and return it."""
        response = self.client.get(f"/api/v1{url}", headers=headers or {})
        assert response.status_code == 200, response.get_json()
        return response.get_json()

    def names(self, query: str = "", headers: dict[str, str] | None = None) -> list[str]:
        """Return the names on the first page of the list."""
        return [one["person_name"] for one in self.seen(f"/talents{query}", headers)["items"]]

    def listed(self) -> str:
        """Bring a person into the pool, and return the address of the record."""
        url = f"/talents/{self.made('/talents', self.university, FORM, 201)['id']}"
        self.made(f"{url}/consents", self.university, {**AGREED, "scope": "keep"}, 201)
        self.made(f"{url}/proposals", self.university)
        self.made(f"{url}/checks", self.checker, {"decision": "list"})
        return url


@pytest.fixture
def desk(client: FlaskClient, session: Session) -> Desk:
    """Everybody concerned."""
    unit = make_organisation(session, OrganisationKind.UNIVERSITY)
    _, checker = make_bureau(session)
    person = make_user(session, unit)
    return Desk(
        client,
        session,
        university=as_actor(session, actor_of(make_user(session, unit))),
        checker=as_actor(session, checker),
        stranger=as_actor(session, make_actor(session, OrganisationKind.AGENCY)),
        person=as_actor(session, actor_of(person)),
        login=person.login,
    )


def test_a_person_from_the_draft_to_being_found_and_forgotten(desk: Desk) -> None:
    url = desk.listed()
    assert desk.names() == []
    linked = desk.made(f"{url}/accounts", desk.university, {"login": desk.login})
    assert linked["declared_interests"] == "无"
    assert "contact" not in linked
    consent = desk.made(f"{url}/consents", desk.person, {"scope": "find", "given_on": "2025-06-01"}, 201)
    assert (consent["scope"], consent["evidence"], consent["withdrawn_at"]) == ("find", None, None)
    role = desk.made(f"{url}/roles", desk.checker, MANAGER, 201)["roles"][0]
    assert (role["level"], role["certificate_no"], role["trained_on"]) == (
        "junior",
        "JS-2024-001",
        "2023-11-01",
    )
    shown = desk.seen(url)  # anyone
    assert shown["title"] == "顾澄波 教授 暨阳理工大学"
    assert shown["fields"] == ["07"]
    assert shown["roles"] == [
        {key: role[key] for key in role if key not in {"certificate_no", "trained_on", "note"}}
    ]
    assert not {"contact", "declared_interests", "internal", "user_id"} & shown.keys()
    assert desk.seen(f"{url}/contact", desk.checker) == {"contact": "0510-80000000"}
    ended = desk.made(f"{url}/roles/{role['id']}/endings", desk.checker, {"ended_on": "2025-06-30"})
    assert ended["roles"][0]["valid_until"] == "2025-06-30"
    emptied = desk.client.delete(f"/api/v1{url}/roles/{role['id']}", headers=desk.checker).get_json()
    assert emptied["roles"] == []
    desk.made(f"{url}/consents/withdrawals", desk.person, {"scope": "find"}, 204)
    assert desk.client.get(f"/api/v1{url}").status_code == 404
    kept, ended_consent = desk.seen(f"{url}/consents", desk.checker)
    assert (kept["scope"], kept["withdrawn_at"]) == ("keep", None)
    assert ended_consent["withdrawn_at"] is not None
    desk.made(f"{url}/erasures", desk.person, {"reason": "request"}, 204)
    gone = desk.client.get(f"/api/v1{url}", headers=desk.checker)
    assert problem_of(gone) == problem(404, "talent-not-found", title="未找到", detail="没有找到该科技人才。")


def test_an_erasure_empties_the_index_on_disk_at_once_and_other_workers_when_they_are_asked(
    desk: Desk, app: flask.Flask, settings: Settings, database: Database
) -> None:
    url = desk.listed()
    desk.made(f"{url}/consents", desk.checker, AGREED, 201)
    with app.app_context():
        current_replica().catch_up()
        current_replica().save_snapshot()
    other = open_replica(settings, database, HashingEncoder(dim=64))
    written = [path for path in settings.data_dir.rglob("*") if path.is_file()]
    assert ask(other, kind=Kind.EXPERT) == {int(url.rpartition("/")[2])}
    assert any(NAME in path.read_bytes() for path in written)
    desk.made(f"{url}/erasures", desk.checker, {"reason": "request"}, 204)
    left = [path for path in settings.data_dir.rglob("*") if path.is_file()]
    assert not any(NAME in path.read_bytes() for path in left)
    assert ask(other, kind=Kind.EXPERT) == set()
    assert other.verify() == []
    other.close()


def test_filters_mean_one_and_the_same_role(desk: Desk) -> None:
    agency = make_filing(desk.session)
    manager = {"role": "technology_manager", "level": "junior"}
    soon = {**manager, "valid_until": date(2025, 7, 31), "agency_entry_id": agency.id}
    make_talent(desk.session, person_name="甲一", roles=[soon, "expert"], fields=["04"])
    make_talent(desk.session, person_name="乙二", roles=[manager], tech_field="07", fields=[])
    for query, names in (
        ("", ["乙二", "甲一"]),
        ("?role=technology_manager", ["乙二", "甲一"]),
        ("?role=technology_manager&expires_by=2025-08-31", ["甲一"]),
        ("?role=technology_manager&valid_on=2025-08-01", ["乙二"]),
        ("?role=expert&level=junior", []),
        (f"?agency={agency.id}", ["甲一"]),
        ("?field=04", ["甲一"]),
        ("?field=07", ["乙二"]),
    ):
        assert desk.names(query) == names, query


def test_the_projects_of_a_person_are_those_led_and_those_taken_part_in(desk: Desk) -> None:
    shown, hidden = make_talent(desk.session), make_talent(desk.session, consents=())
    led = open_with(desk.session, leader_talent_id=shown.id)
    joined = open_with(desk.session, members=[{"talent_id": shown.id, "duty": "中试"}])
    open_with(desk.session, members=[{"talent_id": hidden.id}])
    items = desk.seen(f"/talents/{shown.id}/projects")["items"]
    assert [(one["id"], one["title"], one["closed_on"]) for one in items] == [
        (joined.id, joined.title, None),
        (led.id, led.title, None),
    ]
    assert desk.client.get(f"/api/v1/talents/{hidden.id}/projects").status_code == 404
    refused = desk.client.get(f"/api/v1/talents/{shown.id}/projects?limit=0")
    assert problem_of(refused)["errors"][0]["pointer"] == "/limit"


def test_a_list_asks_as_often_for_many_as_for_one(desk: Desk, database: Database) -> None:
    def asked() -> int:
        with statements(database) as sent:
            desk.names()
        return len(sent)

    make_talent(desk.session)
    desk.session.expunge_all()
    once = asked()
    for _ in range(3):
        make_talent(desk.session)
    desk.session.expunge_all()
    assert asked() == once


def test_others_are_refused(desk: Desk) -> None:
    url = desk.listed()
    desk.made(f"{url}/consents", desk.checker, AGREED, 201)
    for path, body, code in (
        ("/roles", MANAGER, "not-keeper"),
        ("/roles/1/endings", {"ended_on": "2025-06-30"}, "not-keeper"),
        ("/consents", AGREED, "role-not-allowed"),
        ("/consents/withdrawals", {"scope": "find"}, "role-not-allowed"),
        ("/accounts", {"login": None}, "role-not-allowed"),
        ("/erasures", {"reason": "request"}, "role-not-allowed"),
    ):
        assert problem_of(desk.post(f"{url}{path}", desk.stranger, body))["code"] == code, path
    for path, code in (("/consents", "role-not-allowed"), ("/contact", "contact-not-released")):
        refused = desk.client.get(f"/api/v1{url}{path}", headers=desk.stranger)
        assert problem_of(refused)["code"] == code
    refused = desk.client.delete(f"/api/v1{url}/roles/1", headers=desk.stranger)
    assert problem_of(refused)["code"] == "not-keeper"
    refused = desk.post(f"{url}/roles", desk.university, MANAGER)
    assert problem_of(refused) == problem(
        403,
        "role-not-allowed",
        title="没有权限",
        detail="提交核对以后，身份由所在地主管部门登记；也可以先发起修订。",
    )


def test_badly_formed_input(desk: Desk) -> None:
    refused = desk.post("/talents", desk.university, {**FORM, "title": "某某", "fields": "07"})
    assert problem_of(refused) == invalid(("/fields", "应为列表。"), ("/title", "没有这个字段。"))
    url = f"/talents/{desk.made('/talents', desk.university, FORM, 201)['id']}"
    scopes = "应为以下之一：keep, find, contact。"
    cases: list[tuple[str, Any, tuple[str, str]]] = [
        ("/roles", {"role": "expert"}, ("/valid_from", "此项必填。")),
        ("/roles/1/endings", {}, ("/ended_on", "此项必填。")),
        ("/consents", {**AGREED, "scope": "all"}, ("/scope", scopes)),
        ("/consents/withdrawals", {"scope": "all"}, ("/scope", scopes)),
        ("/accounts", {}, ("/login", "此项必填。")),
        (
            "/erasures",
            {"reason": "不想留"},
            ("/reason", "应为以下之一：request, consent_withdrawn, purpose_ended, mistake。"),
        ),
    ]
    for path, body, error in cases:
        assert problem_of(desk.post(f"{url}{path}", desk.university, body)) == invalid(error)
    words = "请先登记本人对“入库保存”（keep）的同意，再提交核对、列入。"
    refused = desk.post(f"{url}/proposals", desk.university)
    assert problem_of(refused) == problem(
        422,
        "consent-missing",
        title="不符合规则",
        detail=words,
        errors=[("/consents", "consent-missing", words)],
    )
    words = "请写明本人同意的依据，如同意书的存放处和编号。"
    refused = desk.post(f"{url}/consents", desk.university, {**AGREED, "evidence": ""})
    assert problem_of(refused) == problem(
        422,
        "evidence-missing",
        title="不符合规则",
        detail=words,
        errors=[("/evidence", "evidence-missing", words)],
    )
