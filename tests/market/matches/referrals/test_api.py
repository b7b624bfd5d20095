"""Referrals and the desk over HTTP: each endpoint once right, once forbidden, once badly asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from market.db import Database
from market.libraries.rules import Register
from market.matches.rules import Status
from matching.types import Kind
from tests.factories import as_actor, post
from tests.market.libraries.factories import make_enterprise, make_node, publish
from tests.market.libraries.factories_talents import make_talent
from tests.market.libraries.projects.factories import make_project
from tests.market.listings.answers import UNAUTHENTICATED, invalid, problem, problem_of, statements
from tests.market.matches.factories import NAMES, SECRETS, make_achievement, make_need
from tests.market.matches.referrals.factories import (
    World,
    make_referral,
    make_resource,
    make_scenario,
    refer_expert,
)

pytestmark = pytest.mark.one_database("views; test_steps.py, test_reading.py and test_suggesting.py ask both")

MISSING = problem(404, "referral-not-found", title="未找到", detail="没有找到该引荐。")
RECOMMENDATION = {"decision": "recommend", "reason_code": "indicators_fit", "words": "研究方向对口"}
WANTED = {"interested": True}

Ask = Callable[..., Any]


def forbidden(code: str, detail: str) -> dict[str, Any]:
    return problem(403, code, title="没有权限", detail=detail)


def wrong_state(state: str) -> dict[str, Any]:
    detail = f"该引荐现为“{state}”，不能进行此操作。"
    return problem(409, "illegal-transition", title="状态冲突", detail=detail)


@pytest.fixture
def headers(database: Database, world: World) -> dict[str | None, dict[str, str]]:
    """Headers of everybody, by name; None asks without a token."""
    with database.transaction() as session:
        found = {name: as_actor(session, world.actor(name)) for name in (*NAMES, "person")}
        return {None: {}, **found, "keeper": as_actor(session, world.bureau)}


@pytest.fixture
def get(client: FlaskClient, headers: dict[str | None, dict[str, str]]) -> Ask:
    """Ask as somebody."""

    def ask(url: str, name: str | None = None, **query: Any) -> Any:
        return client.get(f"/api/v1{url}", headers=headers[name], query_string=query)

    return ask


@pytest.fixture
def send(client: FlaskClient, headers: dict[str | None, dict[str, str]]) -> Ask:
    """Post as somebody."""
    return lambda url, name=None, body=None: post(client, url, headers[name], body)


@pytest.fixture
def refer(database: Database, world: World) -> Callable[..., str]:
    """Insert a referral, committed; `mine` names the broker who has it. Returns its address."""

    def insert(status: Status = Status.SUGGESTED, *, mine: str | None = None, **values: Any) -> str:
        broker_id = world.actor(mine).user_id if mine else None
        with database.transaction() as session:
            one = refer_expert(session, world, status=status, broker_id=broker_id, **values)
            return f"/referrals/{one.id}"

    return insert


def test_publication_refers_and_the_sides_come_to_an_arrangement(
    database: Database, world: World, get: Ask, send: Ask
) -> None:
    with database.transaction() as session:
        talent = make_talent(session, organisation_id=world.scene.seller.id)
        talent.user_id = world.person.user_id
    form = {
        "title": "印染废水回用膜污堵",
        "body": "反渗透膜三个月就要清洗，希望延长清洗周期。",
        "tech_field": "07",
    }
    need = send("/needs", "enterprise", form).get_json()["id"]
    send(f"/needs/{need}/submissions", "enterprise")
    send(f"/needs/{need}/reviews", "broker", {"decision": "publish"})
    (item,) = get("/referrals", "broker").get_json()["items"]
    assert (item["demand_kind"], item["demand_id"], item["demand"]["id"]) == ("need", need, need)
    assert (item["supply_kind"], item["supply"]["person_name"]) == ("expert", "顾澄波")
    assert (item["status"], item["asked_by"], item["rank"]) == ("suggested", "demand", 1)
    assert sum(part["contribution"] for part in item["reasons"]["parts"]) == pytest.approx(
        item["score"], abs=1e-6
    )
    url = f"/referrals/{item['id']}"
    (waiting,) = get("/desk", "broker").get_json()["items"]
    assert waiting["path"] == url
    assert waiting["supply"] == {
        "kind": "expert",
        "id": talent.id,
        "title": talent.title,
        "region_code": "320281",
        "organisation": world.scene.seller.name,
    }
    taken = send(f"{url}/assignments", "broker")
    assert (taken.status_code, taken.get_json()["broker_id"]) == (200, world.scene.broker.user_id)
    assert taken.headers["ETag"] == f'"{taken.get_json()["version"]}"'
    assert send(f"{url}/reviews", "broker", RECOMMENDATION).get_json()["status"] == "recommended"
    first = send(f"{url}/interests", "enterprise", {**WANTED, "words": "想请来看看"}).get_json()
    assert (first["demand_interest"], first["supply_interest"]) == (True, None)
    second = send(f"{url}/interests", "person", WANTED)
    assert (second.status_code, second.get_json()["status"]) == (200, "agreed")
    assert second.get_json()["demand"]["status"] == "published"
    ended = send(f"{url}/outcomes", "university", {"signed": True, "words": "签订咨询合同"})
    assert (ended.status_code, ended.get_json()["status"]) == (200, "contracted")
    assert get("/desk", "broker").get_json() == {"items": [], "suggestions": 0, "referrals": 0}
    events = get(f"{url}/events", "person").get_json()
    assert [(event["action"], event["side"]) for event in events] == [
        ("suggest", None),
        ("assign", None),
        ("recommend", None),
        ("interest", "demand"),
        ("interest", "supply"),
        ("agree", None),
        ("sign", "supply"),
    ]
    assert (events[2]["reason_code"], events[2]["words"]) == ("indicators_fit", "研究方向对口")


@pytest.mark.parametrize("name", NAMES)
def test_no_view_of_a_referral_holds_anything_confidential(get: Ask, refer: Ask, name: str) -> None:
    urls = [refer(status, mine="broker") for status in (Status.RECOMMENDED, Status.AGREED)]
    answers = [get(url, name) for url in ("/referrals", "/desk", *urls, f"{urls[0]}/events")]
    for response in answers:
        text = response.get_data(as_text=True)
        assert not any(secret in text for secret in (*SECRETS, "0510-80000000"))
    knows = name in {"enterprise", "university", "broker", "other_broker", "admin"}
    assert (answers[2].status_code == 200) is knows
    if not knows:
        assert answers[0].get_json()["items"] == []
        assert problem_of(answers[2]) == problem_of(answers[4]) == MISSING


def test_whom_the_desk_is_not_for(get: Ask) -> None:
    assert problem_of(get("/desk", "enterprise")) == forbidden(
        "role-not-allowed", "工作台供已核验机构的技术经纪人使用。"
    )
    assert problem_of(get("/desk")) == UNAUTHENTICATED
    assert problem_of(get("/desk", "broker", limit=0)) == invalid(("/limit", "应不小于 1 且不大于 100。"))


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"status": "open"}, "/status"),
        ({"demand_kind": "expert"}, "/demand_kind"),
        ({"supply_kind": "need"}, "/supply_kind"),
        ({"assigned": "you"}, "/assigned"),
        ({"entry": "x"}, "/entry"),
        ({"cursor": "x"}, "/cursor"),
        ({"region": "3202"}, "/region"),
    ],
)
def test_bad_filters_are_named(get: Ask, query: dict[str, Any], pointer: str) -> None:
    body = problem_of(get("/referrals", "broker", **query))
    assert body["status"] == 422
    assert [error["pointer"] for error in body["errors"]] == [pointer]


def test_the_queue_filters_and_pages(get: Ask, refer: Ask) -> None:
    best, last = refer(score=0.9), refer(mine="broker", score=0.1)
    first = get("/referrals", "broker", limit=1).get_json()
    assert [f"/referrals/{item['id']}" for item in first["items"]] == [best]
    second = get("/referrals", "broker", limit=1, cursor=first["next_cursor"]).get_json()
    assert [f"/referrals/{item['id']}" for item in second["items"]] == [last]
    query = {"assigned": "me", "status": "suggested", "demand_kind": "need", "supply_kind": "expert"}
    found = get("/referrals", "broker", **query).get_json()["items"]
    assert [f"/referrals/{item['id']}" for item in found] == [last]
    for query, expected in (
        ({"min_score": 0.5}, [best]),
        ({"field": "07", "region": "320200"}, [best, last]),
        ({"field": "01"}, []),
        ({"region": "110000"}, []),
    ):
        found = get("/referrals", "broker", **query).get_json()["items"]
        assert [f"/referrals/{item['id']}" for item in found] == expected, query


def test_steps_need_a_token_and_are_hidden_from_strangers(send: Ask, refer: Ask) -> None:
    url = refer(Status.RECOMMENDED)
    for step, body in (
        ("assignments", {}),
        ("reviews", RECOMMENDATION),
        ("interests", WANTED),
        ("outcomes", {"signed": True, "words": "已签"}),
    ):
        assert problem_of(send(f"{url}/{step}", None, body)) == UNAUTHENTICATED
        assert problem_of(send(f"{url}/{step}", "stranger", body)) == MISSING


def test_assignments_and_reviews_are_refused(send: Ask, refer: Ask) -> None:
    url = refer(mine="broker")
    assert problem_of(send(f"{url}/assignments", "other_broker")) == problem(
        409, "already-assigned", title="状态冲突", detail="该引荐已由其他技术经纪人承办。"
    )
    assert problem_of(send(f"{url}/assignments", "broker", {"broker_id": "1"})) == invalid(
        ("/broker_id", "应为整数。")
    )
    open_ = refer(Status.RECOMMENDED)
    assert problem_of(send(f"{open_}/assignments", "enterprise")) == forbidden(
        "role-not-allowed", "技术经纪人只能把引荐领到自己名下。"
    )
    assert problem_of(send(f"{url}/reviews", "other_broker", RECOMMENDATION)) == forbidden(
        "already-assigned", "该引荐由其他技术经纪人承办。"
    )
    assert problem_of(send(f"{url}/reviews", "admin", RECOMMENDATION)) == forbidden(
        "role-not-allowed", "只有已核验机构的技术经纪人可以审核引荐。"
    )
    assert problem_of(send(f"{url}/reviews", "broker", {"decision": "agree", "words": "好"})) == invalid(
        ("/decision", "应为以下之一：recommend, decline。"),
        ("/reason_code", "此项必填。"),
        ("/words", "长度应在 2 与 2000 之间。"),
    )
    declined = {"decision": "decline", "reason_code": "budget", "words": "预算差距过大"}
    assert send(f"{url}/reviews", "broker", declined).get_json()["status"] == "declined"
    assert problem_of(send(f"{url}/reviews", "broker", RECOMMENDATION)) == wrong_state("已否决")


def test_interests_and_outcomes_are_refused(send: Ask, refer: Ask) -> None:
    url = refer(Status.RECOMMENDED, mine="broker")
    assert problem_of(send(f"{url}/interests", "broker", WANTED)) == forbidden(
        "not-a-party", "只有引荐的双方可以表达意向。"
    )
    assert problem_of(send(f"{url}/interests", "enterprise", {"interested": "maybe"})) == invalid(
        ("/interested", "应为 true 或 false。")
    )
    assert problem_of(send(f"{url}/outcomes", "broker", {"signed": True, "words": "签"})) == wrong_state(
        "已推荐"
    )
    agreed = refer(Status.AGREED, mine="broker")
    assert problem_of(send(f"{agreed}/outcomes", "other_broker", {"signed": True, "words": "签"})) == (
        forbidden("not-a-party", "只有引荐的双方和承办的技术经纪人可以操作。")
    )
    assert problem_of(send(f"{agreed}/outcomes", "broker", {"reason": "x"})) == invalid(
        ("/signed", "此项必填。"), ("/words", "此项必填。"), ("/reason", "没有这个字段。")
    )
    words = "未成交时请选择原因。"
    assert problem_of(send(f"{agreed}/outcomes", "broker", {"signed": False, "words": "没谈成"})) == problem(
        422,
        "reason-missing",
        title="不符合规则",
        detail=words,
        errors=[("/reason_code", "reason-missing", words)],
    )


def test_a_longer_queue_asks_the_database_no_more_often(database: Database, world: World, get: Ask) -> None:
    def add() -> None:
        with database.transaction() as session:
            scene = world.scene
            need, achievement = make_need(session, scene.buyer.id), make_achievement(session, scene.seller.id)
            base, node, firm = make_resource(session), make_node(session), make_enterprise(session)
            scenario = make_scenario(session, scene.buyer.id)
            publish(session, Register.RESOURCES)
            publish(session, Register.CHAINS)
            for demand, supply in (
                ((Kind.NEED, need.id), (Kind.EXPERT, make_talent(session).id)),
                ((Kind.NEED, need.id), (Kind.PROJECT, make_project(session).id)),
                ((Kind.ACHIEVEMENT, achievement.id), (Kind.RESOURCE, base.id)),
                ((Kind.SCENARIO, scenario.id), (Kind.ACHIEVEMENT, achievement.id)),
                ((Kind.NODE, node.id), (Kind.ENTERPRISE, firm.id)),
            ):
                make_referral(session, demand, supply)

    counts = []
    for _ in range(2):
        add()
        with statements(database) as sent:
            items = get("/referrals", "broker", limit=100).get_json()["items"]
        with statements(database) as sent_for_desk:
            desk = get("/desk", "broker", limit=100).get_json()["items"]
        assert all(item["demand"] and item["supply"] for item in (*items, *desk))
        counts.append((len(items), len(desk), len(sent), len(sent_for_desk)))
    (few, few_desk, *asked), (many, many_desk, *asked_again) = counts
    assert (few, few_desk, many, many_desk) == (5, 5, 10, 10)
    assert asked == asked_again
