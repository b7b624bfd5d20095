"""Bundles over HTTP: from making to the inbox, and bad input explained."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.db import Database
from tests.factories import NOW, as_actor
from tests.market.bundles.factories import (
    bundle_form,
    make_broker,
    make_bundle,
    make_found_achievement,
    make_subscriber,
    make_wanted_need,
)
from tests.market.listings.answers import invalid, problem, problem_of, statements

pytestmark = pytest.mark.one_database("views; test_making.py and test_releasing.py ask both")


class Desk:
    """The app; each request is a transaction of its own."""

    def __init__(self, client: FlaskClient, session: Session) -> None:
        self.client, self.session = client, session

    def send(self, method: str, path: str, actor: Actor | None, body: Any = None, **headers: str) -> Any:
        """Send a request as an actor and return the response."""
        headers = as_actor(self.session, actor, **headers) if actor is not None else headers
        return self.client.open(f"/api/v1{path}", method=method, json=body, headers=headers)

    def done(self, method: str, path: str, actor: Actor | None, body: Any = None, **headers: str) -> Any:
        """Send a request that must succeed and return what it answers."""
        response = self.send(method, path, actor, body, **headers)
        assert response.status_code < 300, response.get_json()
        return response.get_json(silent=True)


@pytest.fixture
def desk(client: FlaskClient, session: Session) -> Desk:
    """The whole market."""
    return Desk(client, session)


def json_form(**values: Any) -> dict[str, Any]:
    """Return the form of a bundle as JSON."""
    form = bundle_form(**values)
    return {**form, "release_on": form["release_on"].isoformat()}


def test_from_a_draft_to_the_inbox(desk: Desk) -> None:
    broker, buyer = make_broker(desk.session), make_subscriber(desk.session)
    need, achievement = make_wanted_need(desk.session, buyer), make_found_achievement(desk.session)
    bundle = desk.done("POST", "/bundles", broker, json_form())
    assert (bundle["status_name"], bundle["items"], bundle["version"]) == ("待发布", [], 1)
    path = f"/bundles/{bundle['id']}"
    desk.done("PATCH", path, broker, {"title": "膜法回用成果包"}, If_Match='"1"')
    items = {"items": [{"achievement_id": achievement.id, "words": "已中试"}]}
    assert desk.done("POST", f"{path}/items", broker, items, If_Match='"2"')["item_count"] == 1
    assert desk.send("GET", path, buyer).status_code == 404
    desk.done("POST", f"{path}/releases", broker)
    public = desk.done("GET", path, None)
    assert (public["title"], public["status"]) == ("膜法回用成果包", "released")
    shown = {
        "achievement_id": achievement.id,
        "state_name": "在架",
        "title": achievement.title,
        "provider": "澄江示例大学",
        "trl": 7,
        "words": "已中试",
    }
    assert public["items"] == [shown]
    (sent,) = desk.done("GET", "/bundle-deliveries?unread=true", buyer)["items"]
    assert (sent["bundle"]["id"], sent["need"]["id"], sent["achievement"]) == (bundle["id"], need.id, shown)
    assert sent["reasons"]["parts"]
    desk.done("POST", f"/bundle-deliveries/{sent['id']}/readings", buyer)
    assert desk.done("GET", "/bundle-deliveries?unread=true", buyer)["items"] == []
    withdrawn = desk.done("POST", f"{path}/withdrawals", broker, {"note": "权属有争议"})
    assert (withdrawn["status"], withdrawn["withdrawal_note"]) == ("withdrawn", "权属有争议")
    assert desk.send("GET", path, buyer).status_code == 404


def test_subscriptions_come_and_go(desk: Desk) -> None:
    buyer = make_subscriber(desk.session)
    row = desk.done("POST", "/bundle-subscriptions", buyer, {"tech_field": "07", "without_match": True})
    assert (row["chain_code"], row["tech_field"], row["without_match"]) == (None, "07", True)
    assert len(desk.done("GET", "/bundle-subscriptions", buyer)) == 2
    desk.done("DELETE", f"/bundle-subscriptions/{row['id']}", buyer)
    (left,) = desk.done("GET", "/bundle-subscriptions", buyer)
    assert left["id"] != row["id"]
    response = desk.send("POST", "/bundle-subscriptions", buyer, {"chain_code": left["chain_code"]})
    assert problem_of(response) == problem(
        409, "subscription-exists", title="状态冲突", detail="贵单位已订阅同样的成果包。"
    )


def test_a_release_that_is_refused_says_why(desk: Desk) -> None:
    broker = make_broker(desk.session)
    bundle = make_bundle(desk.session, broker, release_on=NOW.date().replace(month=12))
    response = desk.send("POST", f"/bundles/{bundle.id}/releases", broker)
    assert problem_of(response) == problem(
        409,
        "bundle-not-due",
        title="状态冲突",
        detail="该成果包定于2025-12-10发布，未到日期不能发布。",
    )
    response = desk.send(
        "POST", f"/bundles/{bundle.id}/withdrawals", make_broker(desk.session), {"note": "不要"}
    )
    assert problem_of(response) == problem(
        404, "bundle-not-found", title="未找到", detail="没有找到该成果包。"
    )


REQUIRED = "此项必填。"
BAD_INPUT: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "/bundles": (
        {"title": "短", "summary": "说明", "release_on": "一月"},
        [
            ("/chain_code", REQUIRED),
            ("/release_on", "应为 ISO 8601 日期，如 2025-03-01。"),
            ("/title", "长度应在 2 与 200 之间。"),
        ],
    ),
    "/bundles/1/items": ({"items": [{"achievement_id": "甲"}]}, [
        ("/items/0/achievement_id", "应为整数。"), ("/items/0/words", REQUIRED),
    ]),
    "/bundles/1/withdrawals": ({}, [("/note", REQUIRED)]),
    "/bundle-subscriptions": ({"tech_field": 7}, [("/tech_field", "应为文字。")]),
}  # fmt: skip
"""By address: what is posted, and the detail of each error."""


def test_bad_input_is_explained(desk: Desk) -> None:
    broker = make_broker(desk.session)
    for path, (body, errors) in BAD_INPUT.items():
        found = problem_of(desk.send("POST", path, broker, body, If_Match='"1"'))
        found["errors"].sort(key=lambda error: error["pointer"])
        assert found == invalid(*errors), path


def test_lists_take_as_many_statements_for_many_as_for_one(
    desk: Desk, database: Database, session: Session
) -> None:
    broker, buyer = make_broker(session), make_subscriber(session)
    headers = [as_actor(session, one) for one in (broker, buyer)]

    def counted() -> list[int]:
        session.expire_all()
        found = []
        for path, mine in zip(("/bundles", "/bundle-deliveries"), headers, strict=True):
            with statements(database) as sent:
                assert desk.client.get(f"/api/v1{path}", headers=mine).get_json()["items"]
            found.append(len(sent))
        return found

    def send_one() -> None:
        make_wanted_need(session, buyer)
        bundle = make_bundle(session, broker, make_found_achievement(session))
        desk.done("POST", f"/bundles/{bundle.id}/releases", broker)

    send_one()
    first = counted()
    send_one()
    assert counted() == first
