"""Rankings and the conversion index over HTTP: per endpoint one success, one refusal, one bad input."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.clock import FixedClock
from market.rankings import service
from tests.factories import NOW, as_actor, make_actor, make_user
from tests.market.rankings.factories import landed, make_agency
from tests.market.rankings.test_conversion_index import DEFINITION

pytestmark = pytest.mark.one_database("views; test_service.py and test_conversion_index.py ask both")

ASKED = {"region": "320281", "year": 2024}
INDEX = {"region": "320281", "period": "2024", "definition": "T1"}


@dataclass
class Desk:
    """The app, with a bureau, an agency that has one deal of last year, and its broker."""

    client: FlaskClient
    session: Session
    clock: FixedClock
    bureau: Actor
    agency: Organisation
    broker: Actor
    headers: dict[Actor, dict[str, str]] = field(default_factory=dict)

    def send(self, method: str, path: str, actor: Actor | None = None, body: Any = None) -> Any:
        """Send a request as an actor and return the response."""
        headers = {}
        if actor is not None:
            if actor not in self.headers:
                self.headers[actor] = as_actor(self.session, actor)
            headers = self.headers[actor]
        return self.client.open(f"/api/v1{path}", method=method, json=body, headers=headers)

    def post(self, path: str, actor: Actor | None = None, body: Any = None) -> Any:
        """POST as an actor."""
        return self.send("POST", path, actor, body if body is not None else {})

    def get(self, path: str, actor: Actor | None = None) -> Any:
        """GET as an actor."""
        return self.send("GET", path, actor)

    def draft(self) -> int:
        """Draw up last year's ranking and return its id."""
        response = self.post("/rankings", self.bureau, ASKED)
        assert response.status_code == 201, response.get_json()
        return int(response.get_json()["id"])

    def published(self) -> int:
        """Publish last year's ranking and return its id."""
        ranking_id = self.draft()
        response = self.post(f"/rankings/{ranking_id}/publications", self.bureau)
        assert response.status_code == 200, response.get_json()
        return ranking_id


@pytest.fixture
def desk(client: FlaskClient, session: Session, clock: FixedClock) -> Desk:
    """Everybody a ranking needs."""
    agency = make_agency(session, "江阴技术转移中心")
    landed(session, shares={agency: 7_500})
    return Desk(
        client=client,
        session=session,
        clock=clock,
        bureau=make_actor(session, OrganisationKind.BUREAU, uscc=None),
        agency=agency,
        broker=actor_of(make_user(session, agency)),
    )


def _problem(response: Any) -> dict[str, Any]:
    """Return a problem without the number of its request."""
    body: dict[str, Any] = response.get_json()
    assert len(body.pop("request_id")) == 16
    return body


def _code(response: Any) -> tuple[int, str]:
    return response.status_code, response.get_json()["code"]


def test_a_ranking_is_drawn_up(desk: Desk) -> None:
    body = desk.post("/rankings", desk.bureau, ASKED).get_json()
    (row,) = body.pop("rows")
    ranking_id = body.pop("id")
    assert body == {
        "region_code": "320281",
        "region_name": "江阴市",
        "year": 2024,
        "status": "draft",
        "status_name": "草稿",
        "known_at": "2025-06-10T02:00:00+00:00",
        "published_on": None,
        "objections_until": None,
        "final_on": None,
        "note": None,
    }
    assert row == {
        "position": 1,
        "agency_id": desk.agency.id,
        "agency_name": "江阴技术转移中心",
        "rank_by_deals": 1,
        "rank_by_amount": 1,
        "deals": 1,
        "deals_share_bp": 7_500,
        "deals_share": "0.7500",
        "total_fen": 75_000_000,
        "tech_fen": 60_000_000,
    }
    assert _code(desk.post("/rankings", desk.broker, {**ASKED, "year": 2023})) == (403, "not-in-charge")
    assert _code(desk.get(f"/rankings/{ranking_id}")) == (404, "ranking-not-found")
    assert desk.get(f"/rankings/{ranking_id}", desk.bureau).status_code == 200


def test_a_bad_request_for_a_ranking_is_explained(desk: Desk) -> None:
    assert _problem(desk.post("/rankings", desk.bureau, {"region": "江阴", "year": "2024"})) == {
        "type": "urn:market:problem:validation-failed",
        "title": "输入有误",
        "status": 422,
        "detail": "提交的内容未通过校验，请查看各字段的说明。",
        "code": "validation-failed",
        "errors": [
            {"pointer": "/region", "code": "invalid-value", "detail": "应为六位行政区划代码。"},
            {"pointer": "/year", "code": "invalid-value", "detail": "应为整数。"},
        ],
    }


def test_the_whole_way_to_a_final_ranking(desk: Desk) -> None:
    ranking_id = desk.draft()
    assert _code(desk.post(f"/rankings/{ranking_id}/recounts", desk.broker)) == (404, "ranking-not-found")
    assert desk.post(f"/rankings/{ranking_id}/recounts", desk.bureau).status_code == 200
    body = desk.post(f"/rankings/{ranking_id}/publications", desk.bureau).get_json()
    assert (body["status"], body["objections_until"]) == ("published", "2025-06-19")
    assert _code(desk.post(f"/rankings/{ranking_id}/publications", desk.broker)) == (403, "not-in-charge")
    assert _code(desk.post(f"/rankings/{ranking_id}/finalisations", desk.bureau)) == (409, "objections-open")
    desk.clock.advance(days=10)
    desk.headers.clear()
    body = desk.post(f"/rankings/{ranking_id}/finalisations", desk.bureau).get_json()
    assert (body["status_name"], body["final_on"]) == ("已定", "2025-06-20")
    assert _code(desk.post(f"/rankings/{ranking_id}/withdrawals", desk.bureau, {"reason": "数据有误"})) == (
        409,
        "illegal-transition",
    )


def test_a_final_answer_must_be_true_or_false(desk: Desk) -> None:
    ranking_id = desk.published()
    response = desk.post(f"/rankings/{ranking_id}/finalisations", desk.bureau, {"keep_published": "好"})
    assert _problem(response)["errors"] == [
        {"pointer": "/keep_published", "code": "invalid-value", "detail": "应为 true 或 false。"}
    ]


def test_a_withdrawal_needs_a_reason_and_stays_readable(desk: Desk) -> None:
    ranking_id = desk.published()
    assert _problem(desk.post(f"/rankings/{ranking_id}/withdrawals", desk.bureau))["errors"] == [
        {"pointer": "/reason", "code": "invalid-value", "detail": "此项必填。"}
    ]
    reason = {"reason": "漏计合同"}
    assert _code(desk.post(f"/rankings/{ranking_id}/withdrawals", desk.broker, reason)) == (
        403,
        "not-in-charge",
    )
    assert desk.post(f"/rankings/{ranking_id}/withdrawals", desk.bureau, reason).status_code == 200
    body = desk.get(f"/rankings/{ranking_id}").get_json()
    assert (body["status_name"], body["note"]) == ("已撤回", "漏计合同")


def test_lists_show_drafts_to_those_in_charge_only(desk: Desk) -> None:
    ranking_id = desk.draft()
    assert desk.get("/rankings").get_json()["items"] == []
    (item,) = desk.get("/rankings?region=320281&year=2024&status=draft", desk.bureau).get_json()["items"]
    assert item["id"] == ranking_id
    assert "rows" not in item
    assert _problem(desk.get("/rankings?status=secret"))["status"] == 422


def test_listing_takes_a_constant_number_of_queries(desk: Desk) -> None:
    for region in ("320281", "320282", "340800"):
        draft = service.draft_ranking(desk.session, OPERATOR, region=region, year=2024, now=NOW)
        service.publish_ranking(desk.session, OPERATOR, draft.id, now=NOW)
    desk.session.expire_all()
    statements: list[str] = []

    def note(*args: Any) -> None:
        statements.append(args[2])

    engine = desk.session.get_bind().engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        items = desk.get("/rankings").get_json()["items"]
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len(items) == 3
    assert len([text for text in statements if text.startswith("SELECT")]) == 1


def test_a_place_opens_to_its_contracts(desk: Desk) -> None:
    ranking_id = desk.published()
    path = f"/rankings/{ranking_id}/agencies/{desk.agency.id}/contracts"
    (item,) = desk.get(path, desk.bureau).get_json()["items"]
    assert (item["total_fen"], item["share_bp"], item["share_total_fen"]) == (100_000_000, 7_500, 75_000_000)
    assert item["registered_on"] == "2024-05-20"
    assert _code(desk.get(path, desk.broker)) == (403, "not-in-charge")
    assert _code(desk.get(f"/rankings/{ranking_id}/agencies/0/contracts", desk.bureau)) == (
        404,
        "ranking-row-not-found",
    )
    assert _code(desk.get(f"{path}?cursor=x", desk.bureau)) == (422, "bad-cursor")


def test_a_ranking_is_compared_with_today(desk: Desk) -> None:
    ranking_id = desk.published()
    late = desk.clock.now() + timedelta(hours=1)
    landed(desk.session, shares={desk.agency: 2_500}, recorded_at=late)
    desk.clock.advance(hours=2)
    (difference,) = desk.get(f"/rankings/{ranking_id}/comparison", desk.bureau).get_json()["differences"]
    assert difference == {
        "agency_id": desk.agency.id,
        "agency_name": "江阴技术转移中心",
        "ranked": {"deals": 1, "deals_share_bp": 7_500, "total_fen": 75_000_000, "tech_fen": 60_000_000},
        "now": {"deals": 2, "deals_share_bp": 10_000, "total_fen": 100_000_000, "tech_fen": 80_000_000},
    }
    assert _code(desk.get(f"/rankings/{ranking_id}/comparison", desk.broker)) == (403, "not-in-charge")


def test_an_objection_and_its_decision(desk: Desk) -> None:
    ranking_id = desk.published()
    path = f"/rankings/{ranking_id}/objections"
    assert _problem(desk.post(path, desk.broker, {"words": ""}))["errors"][0]["pointer"] == "/words"
    assert _code(desk.post(path, desk.bureau, {"words": "漏计"})) == (403, "not-concerned")
    body = desk.post(path, desk.broker, {"words": "漏计一项"}).get_json()
    assert (body["agency_name"], body["status_name"]) == ("江阴技术转移中心", "待处理")
    assert [row["id"] for row in desk.get(path, desk.bureau).get_json()] == [body["id"]]
    assert _code(desk.get(path)) == (401, "unauthenticated")
    decision = f"/ranking-objections/{body['id']}/decisions"
    answer = {"decision": "dismiss", "note": "该合同买方不在本地区"}
    assert _code(desk.post(decision, desk.broker, answer)) == (403, "not-in-charge")
    assert _problem(desk.post(decision, desk.bureau, {"decision": "maybe"}))["errors"] == [
        {"pointer": "/decision", "code": "invalid-value", "detail": "应为以下之一：uphold, dismiss。"},
        {"pointer": "/note", "code": "invalid-value", "detail": "此项必填。"},
    ]
    assert desk.post(decision, desk.bureau, answer).get_json()["status_name"] == "不成立"


@pytest.mark.parametrize(("kind", "start"), [("xlsx", b"PK"), ("csv", b"\xef\xbb\xbf"), ("pdf", b"%PDF-")])
def test_a_ranking_is_had_as_a_file(desk: Desk, kind: str, start: bytes) -> None:
    ranking_id = desk.published()
    response = desk.get(f"/rankings/{ranking_id}/files/{kind}")
    assert response.status_code == 200
    assert response.data.startswith(start)
    name = unquote(response.headers["Content-Disposition"])
    assert name.endswith(f"江阴市2024年技术转移机构排名（公示中）.{kind}")


def test_files_of_drafts_and_of_other_kinds_are_not_had(desk: Desk) -> None:
    ranking_id = desk.draft()
    assert _code(desk.get(f"/rankings/{ranking_id}/files/pdf")) == (404, "ranking-not-found")
    assert _code(desk.get(f"/rankings/{ranking_id}/files/exe", desk.bureau)) == (404, "not-found")


def test_the_index_is_shown_published_and_listed(desk: Desk) -> None:
    service.load_definitions(desk.session, [DEFINITION], NOW)
    landed(desk.session, on=date(2023, 3, 1), type_code="ZR", subtype_code="ZR1")
    query = "/conversion-index?region=320281&period=2024&definition=T1"
    body = desk.get(query, desk.bureau).get_json()
    assert (body["value"], body["missing"]) == ("60.00", [])
    assert [part["contribution"] for part in body["parts"]] == ["60.00", "0.00"]
    assert _code(desk.get(query, desk.broker)) == (403, "index-not-public")
    assert _problem(desk.get("/conversion-index?region=320281", desk.bureau))["errors"] == [
        {"pointer": "/period", "code": "invalid-value", "detail": "此项必填。"}
    ]
    assert _code(desk.post("/conversion-index/publications", desk.broker, INDEX)) == (403, "not-in-charge")
    published = desk.post("/conversion-index/publications", desk.bureau, INDEX).get_json()
    assert (published["value"], published["region_name"], published["base_year"]) == ("60.00", "江阴市", 2023)
    (item,) = desk.get("/conversion-index/values?region=320281&period=2024").get_json()["items"]
    assert item == published
    bad = desk.post("/conversion-index/publications", desk.bureau, {**INDEX, "period": "2024年"})
    assert _problem(bad) == {
        "type": "urn:market:problem:bad-period",
        "title": "不符合规则",
        "status": 422,
        "detail": "时段应在一个年度之内，写作 2025、2025-Q2 或 2025-06。",
        "code": "bad-period",
        "errors": [
            {
                "pointer": "/period",
                "code": "bad-period",
                "detail": "时段应在一个年度之内，写作 2025、2025-Q2 或 2025-06。",
            }
        ],
    }


def test_definitions_are_public_and_made_by_admins(desk: Desk) -> None:
    admin = actor_of(make_user(desk.session))
    form = {**DEFINITION, "version": "T5"}
    assert _code(desk.post("/conversion-index/definitions", desk.bureau, form)) == (403, "not-admin")
    assert desk.post("/conversion-index/definitions", admin, form).status_code == 201
    versions = {row["version"]: row for row in desk.get("/conversion-index/definitions").get_json()}
    assert versions["T5"]["indicators"] == DEFINITION["indicators"]
    one = {**form, "version": "T6", "indicators": form["indicators"][:1]}  # type: ignore[index]
    assert _problem(desk.post("/conversion-index/definitions", admin, one))["errors"] == [
        {"pointer": "/indicators", "code": "bad-definition", "detail": "各指标的权重之和应为100。"}
    ]
