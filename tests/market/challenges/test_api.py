"""Challenges over HTTP: the whole way, and bad input explained."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.accounts.rules import Actor
from market.challenges.rules import Status
from market.clock import FixedClock
from market.db import Database
from tests.factories import as_actor, make_user
from tests.market.challenges.factories import (
    CLOSED,
    CLOSES,
    MILESTONES,
    NOTICE_OVER,
    Field,
    bid_form,
    challenge_form,
    make_field,
    person_of,
    points,
    reach,
    unit_of,
)
from tests.market.listings.answers import problem, problem_of, statements

pytestmark = pytest.mark.one_database("views; test_story.py and the tests of services ask both")


@dataclass
class Desk:
    """The app at a moment that can be moved on; each request is a transaction of its own."""

    client: FlaskClient
    session: Session
    clock: FixedClock

    def send(self, method: str, path: str, actor: Actor | None, body: Any = None, **headers: str) -> Any:
        """Send a request as an actor and return the response."""
        headers = as_actor(self.session, actor, **headers) if actor is not None else headers
        return self.client.open(f"/api/v1{path}", method=method, json=body, headers=headers)

    def done(self, method: str, path: str, actor: Actor | None, body: Any = None, **headers: str) -> Any:
        """Send a request that must succeed and return what it answers."""
        response = self.send(method, path, actor, body, **headers)
        assert response.status_code < 300, response.get_json()
        return response.get_json()

    def post(self, path: str, actor: Actor, body: Any = None) -> Any:
        """POST what must succeed."""
        return self.done("POST", path, actor, body if body is not None else {})

    def at(self, moment: datetime) -> None:
        """Move the clock."""
        self.clock.moment = moment


@pytest.fixture
def desk(client: FlaskClient, session: Session, clock: FixedClock) -> Desk:
    """The whole market."""
    return Desk(client, session, clock)


def json_form(scene: Field, **values: Any) -> dict[str, Any]:
    """Return a challenge's form as JSON."""
    form = challenge_form(scene.need, annex="工艺窗口", annex_terms="不得披露。", **values)
    return {**form, "mode": form["mode"].value}


def test_from_the_call_to_acceptance(desk: Desk) -> None:
    scene = make_field(desk.session, experts=3)
    bureau, (first, second) = scene.bureau, scene.teams
    challenge = desk.post("/challenges", scene.owner, json_form(scene, key=True))
    assert challenge["status_name"] == "待筛选"
    path = f"/challenges/{challenge['id']}"
    edited = desk.done("PATCH", path, scene.owner, {"title": "膜污堵治理"}, If_Match='"1"')
    assert (edited["title"], edited["has_annex"], "annex" in edited) == ("膜污堵治理", True, False)
    desk.post(f"{path}/screenings", bureau, {"chosen": True, "key": False, "note": "共性难题"})
    edition = desk.post(
        "/challenge-lists",
        bureau,
        {"region_code": "320281", "ids": [challenge["id"]], "closes_at": CLOSES.isoformat()},
    )
    rows = desk.done("GET", f"/editions/{edition['id']}/rows", None)["items"]
    assert rows[0]["content"]["mode"] == "揭榜挂帅"
    public = desk.done("GET", path, None)
    challenge_number = public["number"]
    assert (public["status"], public["key"], public["rules"]["budget_per_grant"]) == ("calling", False, 4)
    assert [one["id"] for one in desk.done("GET", "/challenges?status=calling&mode=open_call", None)["items"]]

    desk.post(f"{path}/annex-agreements", first, {"terms_digest": public["annex_terms_digest"]})
    assert desk.done("GET", f"{path}/annex", first) == {"annex": "工艺窗口"}
    assert len(desk.done("GET", f"{path}/annex-agreements", scene.owner)) == 1
    bids = [desk.post(f"{path}/bids", team, bid_form()) for team in (first, second)]
    desk.done("PATCH", f"/challenge-bids/{bids[0]['id']}", first, {"months": 12}, If_Match='"1"')
    for bid, team in zip(bids, (first, second), strict=True):
        desk.post(f"/challenge-bids/{bid['id']}/submissions", team)
    assert desk.done("GET", f"{path}/bids", bureau) == []

    desk.at(CLOSED)
    later = {"closes_at": (CLOSED + timedelta(hours=1)).isoformat(), "note": "申报不足"}
    (put_off,) = desk.post(f"{path}/postponements", bureau, later)["postponements"]
    assert (put_off["announced"], put_off["note"]) == (CLOSES.isoformat(), "申报不足")
    desk.at(CLOSED + timedelta(hours=1))
    assert desk.post(f"{path}/closings", bureau)["status"] == "closed"
    for bid in bids:
        assert desk.post(f"/challenge-bids/{bid['id']}/checks", bureau, {"passed": True})["confidential"]
    assert [one["confidential"] for one in desk.done("GET", f"{path}/bids", scene.owner)] == [None, None]

    draw = desk.post(f"{path}/panels", bureau, {"size": 3, "fields": ["07"]})
    assert (draw["repeats"], len(draw["order"]), draw["fields"]) == (True, 3, ["07"])
    for seat in desk.done("GET", f"{path}/panels", bureau)["seats"]:
        talent = next(one for one in scene.experts if one.id == seat["talent_id"])
        expert = person_of(desk.session, talent)
        desk.post(f"/panel-seats/{seat['id']}/declarations", expert, {"free": True})
        for bid, value in zip(bids, (88, 75), strict=True):
            sheet = desk.post(
                f"/panel-seats/{seat['id']}/scores", expert, {"bid_id": bid["id"], "points": points(value)}
            )
            assert sheet["total"] == value * 100
        assert len(desk.done("GET", f"{path}/panels", expert)["seats"]) == 1
    assert desk.done("GET", f"{path}/panels", first) == {"draws": [], "seats": []}
    ranked = desk.done("GET", f"{path}/ranking", bureau)
    assert [(one["rank"], one["mean"], len(one["sheets"])) for one in ranked] == [(1, 8800, 3), (2, 7500, 3)]
    desk.post(f"{path}/reviews", bureau)

    notice = desk.post(
        f"{path}/notices", bureau, {"winners": [{"bid_id": bids[0]["id"], "grant_fen": 10_000_000}]}
    )
    assert (notice["starts_on"], notice["ends_on"]) == ("2025-06-21", "2025-06-27")
    objection = desk.post(f"{path}/objections", second, {"words": "业绩不实"})
    desk.post(
        f"/challenge-objections/{objection['id']}/answers", bureau, {"upheld": False, "answer": "经核属实"}
    )
    (answered,) = desk.done("GET", f"{path}/objections", bureau)
    assert (answered["answer"], answered["filed_by"]["organisation"]["id"]) == (
        "经核属实",
        second.organisation_id,
    )
    desk.at(NOTICE_OVER)
    milestones = [{**one, "due_on": str(one["due_on"])} for one in MILESTONES]
    (award,) = desk.post(
        f"{path}/awards", bureau, {"projects": [{"bid_id": bids[0]["id"], "milestones": milestones}]}
    )
    assert desk.done("GET", f"/projects/{award['project_id']}", None)["origin"] == "challenge"
    (public,) = desk.done("GET", f"{path}/awards", None)
    assert (public["status_name"], public["reviews"], public["payments"]) == ("已立项", None, None)
    for query, number in (
        ("awarded_since=2025-07-10&awarded_until=2025-07-10", 1),
        ("key=true", 0),
        (f"number={challenge_number}&project_id={award['project_id']}", 1),
    ):
        assert len(desk.done("GET", f"/challenges?{query}", None)["items"]) == number
    assert len(desk.done("GET", f"{path}/panels", second)["seats"]) == 3
    ended = desk.post(f"/awards/{award['id']}/terminations", bureau, {"note": "揭榜方放弃"})
    assert (ended["status"], ended["ended_on"], ended["reviews"]) == ("terminated", "2025-07-10", [])
    assert [one["action"] for one in desk.done("GET", f"{path}/events", bureau)][-2:] == [
        "award",
        "terminate",
    ]


def test_the_work_of_an_award(desk: Desk) -> None:
    scene = make_field(desk.session, experts=3)
    reach(desk.session, scene, Status.CONTRACTED)
    desk.at(NOTICE_OVER)
    bureau, path = scene.bureau, f"/awards/{scene.awards[0].id}"
    assert desk.post(f"{path}/starts", bureau)["status"] == "implementing"
    pays = {"payee": "solver", "amount_fen": 100, "paid_on": "2025-07-10"}
    wrong = desk.post(f"{path}/grant-payments", bureau, pays)
    gone = desk.post(f"/grant-payments/{wrong['id']}/withdrawals", bureau, {"note": "误记"})
    assert (wrong["withdrawn_at"], gone["withdrawn_at"]) == (None, "2025-07-10T02:00:00+00:00")
    url = f"/projects/{scene.awards[0].project_id}/payments/{wrong['project_payment_id']}/withdrawals"
    desk.post(f"{path}/grant-payments", bureau, pays)
    assert problem_of(desk.send("POST", url, bureau, {"note": "误记"}))["code"] == "payment-withdrawn"
    body = {"kind": "midterm", "decision": "rectify", "note": "进度滞后", "rectify_by": "2025-09-30"}
    seen = desk.post(f"{path}/reviews", bureau, body)
    assert (seen["status"], seen["payments"][0]["amount_fen"]) == ("rectifying", 100)
    assert seen["reviews"][0]["rectify_by"] == "2025-09-30"


RULES = {
    "version": "江阴2025",
    "in_force_from": "2025-01-01",
    "budget_per_grant": 4,
    "solver_percent": 40,
    "max_months": 36,
    "crowd_limit_fen": 20_000_000,
    "panel_size": 5,
    "panel_least": 3,
    "notice_days": 5,
    "max_awards": 3,
    "source": "测试",
    "verified": False,
}
REQUIRED, NOT_INTEGER, UNREADABLE = "此项必填。", "应为整数。", "应为 ISO 8601 时间。"
BAD_INPUT: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "/challenges": (
        {
            "need_id": 1,
            "goals": "清洗周期延长",
            "conditions": "有业绩",
            "ip_terms": "共有",
            "budget_fen": 1.5,
        },
        {"/budget_fen": NOT_INTEGER, "/duration_months": REQUIRED, "/grant_fen": REQUIRED, "/mode": REQUIRED},
    ),
    "/challenge-lists": (
        {"region_code": "320281", "ids": [], "closes_at": "七月"},
        {"/ids": "长度应在 1 与 500 之间。", "/closes_at": UNREADABLE},
    ),
    "/challenges/1/screenings": ({}, {"/chosen": REQUIRED}),
    "/challenges/1/postponements": (
        {"closes_at": "9999-12-31T23:59:59+00:00"},
        {"/closes_at": "超出可以表示的时间。", "/note": REQUIRED},
    ),
    "/challenges/1/cancellations": ({}, {"/note": REQUIRED}),
    "/challenges/1/invitations": (
        {"organisation_id": "甲"},
        {"/organisation_id": NOT_INTEGER, "/closes_at": REQUIRED},
    ),
    "/challenges/1/annex-agreements": ({"terms_digest": "短"}, {"/terms_digest": "长度应为 64。"}),
    "/challenges/1/bids": (
        {"plan": "太短", "amount_fen": 1, "months": 1},
        {"/plan": "长度应在 10 与 50000 之间。"},
    ),
    "/challenge-bids/1/checks": ({"passed": "也许"}, {"/passed": "应为 true 或 false。"}),
    "/challenge-bids/1/appraisals": ({"points": 80}, {"/points": "应为对象。"}),
    "/challenges/1/panels": ({"size": 0}, {"/size": "应不小于 1 且不大于 51。"}),
    "/panel-seats/1/declarations": ({}, {"/free": REQUIRED}),
    "/panel-seats/1/scores": ({"points": {}}, {"/bid_id": REQUIRED}),
    "/challenges/1/notices": ({}, {"/winners": REQUIRED}),
    "/challenges/1/notice-withdrawals": ({}, {"/note": REQUIRED}),
    "/challenges/1/objections": ({}, {"/words": REQUIRED}),
    "/challenge-objections/1/answers": ({"upheld": True}, {"/answer": REQUIRED}),
    "/challenges/1/awards": ({}, {"/projects": REQUIRED}),
    "/awards/1/reviews": ({"kind": "midterm", "note": "进度"}, {"/decision": REQUIRED}),
    "/awards/1/terminations": ({}, {"/note": REQUIRED}),
    "/awards/1/grant-payments": ({"payee": "solver", "amount_fen": 1}, {"/paid_on": REQUIRED}),
    "/grant-payments/1/withdrawals": ({}, {"/note": REQUIRED}),
    "/integrity-records/1/withdrawals": ({}, {"/note": REQUIRED}),
    "/challenge-rules": (
        {**RULES, "version": " "},
        {"/version": "长度应在 1 与 32 之间。"},
    ),
    "/integrity-records": ({"region_code": "320281", "reason": "失信"}, {"/barred_until": REQUIRED}),
}
"""By address: what is posted, and the detail of each error."""


def test_bad_input_is_explained(desk: Desk) -> None:
    scene = make_field(desk.session, teams=0, experts=0)
    for path, (body, errors) in BAD_INPUT.items():
        found = problem_of(desk.send("POST", path, scene.bureau, body))
        found["errors"].sort(key=lambda error: error["pointer"])
        expected = [(pointer, "invalid-value", detail) for pointer, detail in sorted(errors.items())]
        assert found == problem(
            422, "validation-failed", title="输入有误",
            detail="提交的内容未通过校验，请查看各字段的说明。", errors=expected,
        ), path  # fmt: skip


def test_a_broken_demand_rule_is_named_with_its_source(desk: Desk) -> None:
    scene = make_field(desk.session, teams=0, experts=0)
    response = desk.send("POST", "/challenges", scene.owner, json_form(scene, budget_fen=1))
    body = problem_of(response)
    assert "揭榜挂帅项目征集通知" in body["errors"][0].pop("source")
    detail = "企业投入不得低于财政资助的4倍。"
    assert body == problem(
        422,
        "budget-below-grant",
        title="不符合规则",
        detail=detail,
        errors=[("/budget_fen", "budget-below-grant", detail)],
    )


def test_a_bid_after_the_deadline_is_refused(desk: Desk) -> None:
    scene = make_field(desk.session, teams=1, experts=0)
    challenge = reach(desk.session, scene, Status.CALLING)
    desk.at(CLOSES)
    response = desk.send("POST", f"/challenges/{challenge.id}/bids", scene.teams[0], bid_form())
    assert problem_of(response) == problem(
        409, "bid-after-deadline", title="状态冲突", detail="揭榜已经截止，不再接受申报、修改和撤回。"
    )
    response = desk.send("GET", f"/challenges/{challenge.id}/annex", scene.teams[0])
    assert problem_of(response) == problem(
        403, "annex-not-agreed", title="没有权限", detail="请先由贵单位同意保密条款，再阅读保密附件。"
    )


def test_grounds_leave_room_for_the_words_that_a_project_puts_before_them(desk: Desk) -> None:
    scene = make_field(desk.session, teams=1, experts=3)
    reach(desk.session, scene, Status.IMPLEMENTING)
    url = f"/awards/{scene.awards[0].id}"
    review = {"kind": "acceptance", "decision": "pass"}
    for path, body in ((f"{url}/reviews", review), (f"{url}/terminations", {})):
        refused = problem_of(desk.send("POST", path, scene.bureau, {**body, "note": "终" * 901}))
        assert [error["pointer"] for error in refused["errors"]] == ["/note"]
    assert desk.post(f"{url}/terminations", scene.bureau, {"note": "终" * 900})["status"] == "terminated"


def test_rules_of_a_region_are_shown_with_their_source(desk: Desk) -> None:
    scene = make_field(desk.session, teams=0, experts=0)
    usual = desk.done("GET", "/challenge-rules?region=320281", None)
    assert (usual["version"], usual["solver_percent"], usual["verified"]) == ("2026.1", 40, False)
    own = {
        **usual,
        "version": "江阴2025",
        "region_code": "320281",
        "in_force_from": "2025-01-01",
        "notice_days": 7,
    }
    assert desk.post("/challenge-rules", scene.bureau, own)["notice_days"] == 7
    assert desk.done("GET", "/challenge-rules?region=320281", None)["version"] == "江阴2025"


def test_integrity_is_recorded_and_listed(desk: Desk) -> None:
    scene = make_field(desk.session, teams=0, experts=1)
    body = {
        "region_code": "320281",
        "talent_id": scene.experts[0].id,
        "reason": "泄露评审情况",
        "barred_until": "2026-06-10",
    }
    assert desk.post("/integrity-records", scene.bureau, body)["name"] == scene.experts[0].person_name
    [row] = desk.done("GET", "/integrity-records?limit=1", scene.bureau)["items"]
    assert row["withdrawn_at"] is None
    colleague = actor_of(make_user(desk.session, unit_of(desk.session, scene.bureau)))
    url = f"/integrity-records/{row['id']}/withdrawals"
    response = desk.send("POST", url, scene.bureau, {"note": "登记有误"})
    assert problem_of(response) == problem(
        403, "checker-is-recorder", title="没有权限",
        detail="登记诚信记录的人不能自己撤销，请由另一人办理。",
    )  # fmt: skip
    assert desk.post(url, colleague, {"note": "登记有误"})["withdrawal_note"] == "登记有误"


def test_lists_take_the_same_number_of_queries_however_long(desk: Desk, database: Database) -> None:
    asked = []
    for _ in range(2):
        scene = make_field(desk.session, teams=2, experts=0)
        challenge = reach(desk.session, scene, Status.CLOSED)
        with statements(database) as sent:
            assert desk.done("GET", "/challenges", None)["items"]
            assert len(desk.done("GET", f"/challenges/{challenge.id}/bids", scene.bureau)) == 2
        asked.append(len(sent))
    assert asked[0] == asked[1]
