"""Key technologies over HTTP: per endpoint one success, one refusal, one bad input."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR
from market.libraries.rules import Register
from tests.factories import as_actor, make_need, make_organisation, make_user, post
from tests.market.libraries.factories import make_bureau, publish
from tests.market.libraries.technologies.test_service import make_technology
from tests.market.listings.answers import invalid, problem_of

pytestmark = pytest.mark.one_database("views; test_service.py asks both")


def test_a_technology_is_written_linked_and_tackled(client: FlaskClient, session: Session) -> None:
    first, second = (as_actor(session, actor) for actor in make_bureau(session))
    form = {
        "title": "高温合金真空熔炼纯净化",
        "source": "江阴市科技局",
        "source_date": "2025-03-31",
        "region_code": "320281",
        "indicators": [{"name": "氧含量", "target": "≤8 ppm"}],
        "gap": "真空感应炉依赖进口",
    }
    made = post(client, "/key-technologies", first, form).get_json()
    assert (made["progress"], made["gap"]) == ("open", "真空感应炉依赖进口")
    assert made["indicators"] == [{"name": "氧含量", "target": "≤8 ppm", "present": None}]
    url = f"/key-technologies/{made['id']}"
    need = make_need(session, make_organisation(session))
    linked = post(client, f"{url}/needs", first, {"need_id": need.id})
    assert (linked.status_code, linked.get_json()["needs"]) == (201, [{"id": need.id, "title": need.title}])
    post(client, f"{url}/proposals", first)
    assert post(client, f"{url}/checks", second, {"decision": "list"}).status_code == 200
    assert client.get(f"/api/v1{url}").status_code == 404  # not in an edition yet
    publish(session, Register.TECHNOLOGIES)
    moved = post(client, f"{url}/progress", second, {"progress": "tackling", "note": "已发榜"})
    assert (moved.status_code, moved.get_json()["progress"]) == (200, "tackling")
    shown = client.get("/api/v1/key-technologies?progress=tackling").get_json()["items"]
    assert [(one["id"], one["gap"], len(one["needs"])) for one in shown] == [(made["id"], None, 1)]
    for query in ("progress=open", "node=1"):
        assert client.get(f"/api/v1/key-technologies?{query}").get_json()["items"] == []
    gone = client.delete(f"/api/v1{url}/needs/{need.id}", headers=first)
    assert (gone.status_code, gone.get_json()["needs"]) == (200, [])


def test_others_are_refused(client: FlaskClient, session: Session) -> None:
    technology = make_technology(session, actor=OPERATOR)
    publish(session, Register.TECHNOLOGIES)
    enterprise = as_actor(session, actor_of(make_user(session, make_organisation(session))))
    url = f"/key-technologies/{technology.id}"

    def code(path: str, body: dict[str, Any]) -> Any:
        return problem_of(post(client, f"{url}{path}", enterprise, body))["code"]

    assert code("/progress", {"progress": "tackling"}) == "role-not-allowed"
    assert code("/needs", {"need_id": 1}) == "not-keeper"
    gone = client.delete(f"/api/v1{url}/needs/1", headers=enterprise)
    assert problem_of(gone)["code"] == "not-keeper"


def test_badly_formed_input(client: FlaskClient, session: Session) -> None:
    bureau = as_actor(session, make_bureau(session)[0])
    for path, body, errors in (
        ("/1/progress", {}, [("/progress", "此项必填。")]),
        ("/1/needs", {"need_id": "七"}, [("/need_id", "应为整数。")]),
        (
            "",
            {
                "title": "纯净化",
                "source": "科技局",
                "source_date": "2025-03-31",
                "indicators": [{"name": "氧"}],
            },
            [("/indicators/0/target", "此项必填。")],
        ),
    ):
        answer = post(client, f"/key-technologies{path}", bureau, body)
        assert problem_of(answer) == invalid(*errors)
