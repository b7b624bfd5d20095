"""Red and black lists over HTTP: the whole way, what is shown to whom, and bad input explained."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.clock import FixedClock
from market.conduct.rules import Status
from market.db import Database
from tests.factories import as_actor, make_actor, make_organisation
from tests.market.conduct.factories import (
    AFTER_LAST,
    NOTICE_OVER,
    Office,
    conduct_form,
    make_office,
    reach,
)
from tests.market.libraries.factories import make_filing
from tests.market.listings.answers import invalid, problem, problem_of, statements

pytestmark = pytest.mark.one_database("views; test_service.py and test_queries.py ask both")


class Desk:
    """The app at a moment that can be moved on."""

    def __init__(self, client: FlaskClient, session: Session, clock: FixedClock) -> None:
        self.client, self.session, self.clock = client, session, clock
        self.office: Office = make_office(session)
        self.unit: Actor = make_actor(session)

    def send(self, method: str, path: str, actor: Actor | None = None, body: Any = None) -> Any:
        """Send a request as an actor and return the response."""
        headers = as_actor(self.session, actor) if actor is not None else {}
        return self.client.open(f"/api/v1{path}", method=method, json=body, headers=headers)

    def post(self, path: str, actor: Actor, body: Any) -> Any:
        """POST what must succeed, and return what it answers."""
        response = self.send("POST", path, actor, body)
        assert response.status_code < 300, response.get_json()
        return response.get_json()

    def get(self, path: str, actor: Actor | None = None) -> Any:
        """GET what must be there."""
        response = self.send("GET", path, actor)
        assert response.status_code == 200, response.get_json()
        return response.get_json()

    def form(self, **values: Any) -> dict[str, Any]:
        """Return a proposal about the unit as JSON."""
        form = conduct_form(organisation_id=self.unit.organisation_id, **values)
        return {"list": form.pop("board").value, **form, "expires_on": form["expires_on"].isoformat()}


@pytest.fixture
def desk(client: FlaskClient, session: Session, clock: FixedClock) -> Desk:
    return Desk(client, session, clock)


def test_from_a_proposal_to_the_list_and_off_it(desk: Desk) -> None:
    office, unit = desk.office, desk.unit
    proposed = desk.post("/conduct-records", office.proposer, desk.form())
    path = f"/conduct-records/{proposed['id']}"
    assert (proposed["status_name"], proposed["list_name"], proposed["evidence"]) == (
        "待核对", "黑榜", "业主单位来函否认该工程，见核查笔录。"
    )  # fmt: skip
    assert proposed["subject"]["kind"] == "organisation"
    checked = desk.post(f"{path}/checks", office.checker, {"passed": True})
    assert (checked["status"], checked["notice_until"]) == ("noticed", "2025-06-17")
    objected = desk.post(f"{path}/objections", unit, {"words": "业绩属实。"})
    assert (objected["status"], objected["evidence"], objected["proposed_by"]) == ("objected", None, None)
    desk.post(f"{path}/decisions", office.checker, {"decision": "dismiss", "note": "来函否认。"})
    assert desk.get(path, unit)["pleas"][0]["answer"] == "来函否认。"
    assert desk.get(f"/conduct-records?organisation={unit.organisation_id}&list=black")["items"] == []

    desk.clock.moment = NOTICE_OVER
    desk.post(f"{path}/decisions", office.checker, {"decision": "list"})
    (public,) = desk.get(f"/conduct-records?organisation={unit.organisation_id}&list=black")["items"]
    assert (public["status_name"], public["listed_on"], "evidence" in public) == ("在列", "2025-06-18", False)
    shown = desk.get(path)
    assert (shown["evidence"], shown["documents"], shown["pleas"]) == (None, None, [])
    appealed = desk.post(f"{path}/appeals", unit, {"words": "业绩属实。", "evidence": "验收报告"})
    assert [(one["kind_name"], one["status_name"]) for one in appealed["pleas"]] == [
        ("异议", "不成立"), ("申诉", "待处理")
    ]  # fmt: skip
    decided = desk.post(f"{path}/appeal-decisions", office.third, {"upheld": False, "answer": "维持。"})
    assert decided["status"] == "listed"
    removed = desk.post(f"{path}/removals", office.third, {"note": "已完成信用修复。"})
    assert removed["status_name"] == "已移出"
    assert desk.send("GET", path).status_code == 404
    assert [one["action_name"] for one in desk.get(f"{path}/events", unit)] == [
        "提出", "核对通过", "提出异议", "异议不成立", "列入", "申诉", "申诉不成立", "移出"
    ]  # fmt: skip


def test_what_is_listed_ends_by_itself(desk: Desk) -> None:
    agency = make_filing(desk.session, title="澄江技术转移中心")
    record = reach(desk.session, Status.LISTED, conduct_form(entry_id=agency.id), office=desk.office)
    desk.clock.moment = NOTICE_OVER
    (shown,) = desk.get(f"/conduct-records?entry={agency.id}&region=320281")["items"]
    assert shown["subject"] == {"kind": "agency", "id": agency.id, "name": "澄江技术转移中心"}
    desk.clock.moment = AFTER_LAST
    assert desk.get("/conduct-records")["items"] == []
    assert desk.get(f"/conduct-records/{record.id}", desk.office.third)["status_name"] == "已到期"
    response = desk.send(
        "POST", f"/conduct-records/{record.id}/removals", desk.office.third, {"note": "已完成整改"}
    )
    assert problem_of(response) == problem(
        409, "record-expired", title="状态冲突", detail="该记录的有效期已满。"
    )


REQUIRED = "此项必填。"
BAD_INPUT: dict[str, tuple[Any, list[tuple[str, str]]]] = {
    "": (
        {
            "list": "grey",
            "ground": "black_leak",
            "facts": "短",
            "evidence": "见核查笔录第七号附件。",
            "documents": [],
        },
        [
            ("/documents", "长度应在 1 与 20 之间。"),
            ("/expires_on", REQUIRED),
            ("/facts", "长度应在 10 与 2000 之间。"),
            ("/list", "应为以下之一：red, black。"),
        ],
    ),
    "/1/checks": ({}, [("/passed", REQUIRED)]),
    "/1/objections": ({}, [("/words", REQUIRED)]),
    "/1/decisions": (
        {"decision": "remove"}, [("/decision", "应为以下之一：uphold, dismiss, list, drop。")]
    ),
    "/1/removals": ({}, [("/note", REQUIRED)]),
    "/1/appeals": ({"words": 1}, [("/words", "应为文字。")]),
    "/1/appeal-decisions": ({"upheld": True}, [("/answer", REQUIRED)]),
}  # fmt: skip
"""By address: what is posted, and the detail of each error."""


def test_bad_input_is_explained(desk: Desk) -> None:
    for path, (body, errors) in BAD_INPUT.items():
        found = problem_of(desk.send("POST", f"/conduct-records{path}", desk.office.proposer, body))
        found["errors"].sort(key=lambda error: error["pointer"])
        assert found == invalid(*errors), path


def test_a_ground_of_the_other_list_and_four_eyes(desk: Desk) -> None:
    response = desk.send("POST", "/conduct-records", desk.office.proposer, desk.form(ground="red_service"))
    detail = "该事由属于另一个榜。"
    assert problem_of(response) == problem(
        422, "ground-of-other-list", title="不符合规则", detail=detail,
        errors=[("/ground", "ground-of-other-list", detail)],
    )  # fmt: skip
    record = desk.post("/conduct-records", desk.office.proposer, desk.form())
    response = desk.send(
        "POST", f"/conduct-records/{record['id']}/checks", desk.office.proposer, {"passed": True}
    )
    assert problem_of(response) == problem(
        403,
        "checker-is-proposer",
        title="没有权限",
        detail="提出记录的人不能自己核对和决定，请由另一人办理。",
    )


def test_a_list_takes_the_same_number_of_queries_however_long(desk: Desk, database: Database) -> None:
    desk.clock.moment = NOTICE_OVER
    asked = []
    for _ in range(2):
        for subject in (
            {"organisation_id": make_organisation(desk.session).id},
            {"entry_id": make_filing(desk.session).id},
        ):
            reach(desk.session, Status.LISTED, conduct_form(**subject), office=desk.office)
        desk.session.expunge_all()
        with statements(database) as sent:
            assert desk.get("/conduct-records")["items"]
        asked.append(len(sent))
    assert asked[0] == asked[1]
