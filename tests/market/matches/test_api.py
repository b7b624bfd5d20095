"""Suggestions over HTTP: each endpoint once right, once forbidden, once badly asked."""

from __future__ import annotations

from typing import Any

import pytest

from market.listings.rules import ListingKind
from market.matches.rules import Status
from tests.market.listings.answers import UNAUTHENTICATED, invalid, problem, problem_of, statements
from tests.market.matches.conftest import Theatre
from tests.market.matches.factories import (
    ACHIEVEMENT_PHONE,
    ACHIEVEMENT_SECRET,
    NAMES,
    NEED_PHONE,
    NEED_SECRET,
    SECRETS,
)

pytestmark = pytest.mark.one_database("views; test_desk.py, test_talks.py and test_queries.py ask both")

MISSING = problem(404, "suggestion-not-found", title="未找到", detail="没有找到该匹配建议。")
RECOMMENDATION = {"decision": "recommend", "reason_code": "indicators_fit", "words": "指标吻合"}
WANTED = {"interested": True}


def forbidden(code: str, detail: str) -> dict[str, Any]:
    return problem(403, code, title="没有权限", detail=detail)


NOT_A_PARTY = forbidden("not-a-party", "只有供需双方和承办的技术经纪人可以操作。")
BUREAU_LIST = forbidden("role-not-allowed", "匹配建议由技术经纪人办理，您只能查看统计数据。")


def wrong_state(state: str) -> dict[str, Any]:
    return problem(
        409, "illegal-transition", title="状态冲突", detail=f"该建议现为“{state}”，不能进行此操作。"
    )


# --- from publication to contract, through the API alone


def test_publication_makes_suggestions_and_withdrawal_lets_them_lapse(theatre: Theatre) -> None:
    achievement = theatre.achievement()
    form = {
        "title": "印染废水回用膜污堵",
        "body": "反渗透膜三个月就要清洗，希望延长清洗周期。",
        "tech_field": "07",
    }
    need = theatre.post("/needs", "enterprise", form).get_json()["id"]
    theatre.post(f"/needs/{need}/submissions", "enterprise")
    assert theatre.get("/suggestions", "broker").get_json()["items"] == []
    theatre.post(f"/needs/{need}/reviews", "broker", {"decision": "publish"})
    (item,) = theatre.get("/suggestions", "broker").get_json()["items"]
    assert (item["need"]["id"], item["achievement"]["id"]) == (need, achievement)
    assert (item["status"], item["asked_by"], item["rank"]) == ("suggested", "need", 1)
    assert sum(part["contribution"] for part in item["reasons"]["parts"]) == pytest.approx(
        item["score"], abs=1e-6
    )
    assert item["reasons"]["reranker"] is None
    theatre.post(f"/needs/{need}/withdrawals", "enterprise")
    assert theatre.get(f"/suggestions/{item['id']}", "broker").get_json()["status"] == "lapsed"


def test_a_pair_goes_from_the_desk_to_a_signed_deal(theatre: Theatre) -> None:
    url = f"/suggestions/{theatre.pair()}"
    taken = theatre.post(f"{url}/assignments", "broker")
    assert (taken.status_code, taken.get_json()["broker_id"]) == (200, theatre.scene.broker.user_id)
    assert taken.headers["ETag"] == f'"{taken.get_json()["version"]}"'
    decided = theatre.post(f"{url}/reviews", "broker", RECOMMENDATION)
    assert (decided.status_code, decided.get_json()["status"]) == (200, "recommended")
    assert decided.get_json()["decided_at"] == "2025-06-10T02:00:00+00:00"
    first = theatre.post(f"{url}/interests", "enterprise", {**WANTED, "words": "想看样机"})
    assert (first.get_json()["need_interest"], first.get_json()["achievement_interest"]) == (True, None)
    second = theatre.post(f"{url}/interests", "university", WANTED)
    assert (second.status_code, second.get_json()["status"]) == (200, "agreed")
    assert second.get_json()["need"]["status"] == "matching"
    note = theatre.post(f"{url}/notes", "broker", {"words": "约定下周考察"})
    assert note.status_code == 201
    assert (note.get_json()["action"], note.get_json()["words"]) == ("note", "约定下周考察")
    ended = theatre.post(f"{url}/outcomes", "enterprise", {"signed": True, "words": "已签合同"})
    assert (ended.status_code, ended.get_json()["status"]) == (200, "contracted")
    assert ended.get_json()["need"]["status"] == "contracted"
    events = theatre.get(f"{url}/events", "university").get_json()
    assert [event["action"] for event in events] == [
        "assign",
        "recommend",
        "interest",
        "interest",
        "agree",
        "note",
        "sign",
    ]
    assert [event["side"] for event in events] == [None, None, "need", "achievement", None, None, "need"]
    assert (events[1]["reason_code"], events[1]["words"]) == ("indicators_fit", "指标吻合")


def test_talks_that_fail_bring_need_and_suggestions_back(theatre: Theatre) -> None:
    theatre.achievement()
    need = theatre.need()
    theatre.post(f"/needs/{need}/renewals", "enterprise", {"expires_on": "2026-01-31"})
    (item,) = theatre.get("/suggestions", "broker").get_json()["items"]
    url = f"/suggestions/{item['id']}"
    theatre.post(f"{url}/reviews", "broker", RECOMMENDATION)
    theatre.post(f"{url}/interests", "enterprise", WANTED)
    theatre.post(f"{url}/interests", "university", WANTED)
    search = {"text": "废水膜污堵", "kind": "need"}
    assert theatre.post("/searches", None, search).get_json()["hits"] == []
    body = {"signed": False, "reason_code": "price", "words": "报价相差三倍"}
    assert theatre.post(f"{url}/outcomes", "broker", body).get_json()["status"] == "failed"
    assert theatre.status_of(ListingKind.NEED, need) == "published"
    (hit,) = theatre.post("/searches", None, search).get_json()["hits"]
    assert hit["listing"]["id"] == need


# --- reading


@pytest.mark.parametrize("name", NAMES)
def test_no_view_of_a_pair_holds_anything_confidential(theatre: Theatre, name: str) -> None:
    pair = theatre.pair(Status.AGREED, mine="broker")
    theatre.pair(Status.RECOMMENDED, mine="broker")
    answers = [theatre.get(url, name) for url in ("/suggestions", f"/suggestions/{pair}")]
    answers.append(theatre.get(f"/suggestions/{pair}/events", name))
    knows = name in {"enterprise", "university", "broker", "other_broker", "admin"}
    assert (answers[1].status_code == 200) is knows
    for response in answers:
        assert not any(secret in response.get_data(as_text=True) for secret in SECRETS)


@pytest.mark.parametrize("status", Status)
def test_the_confidential_parts_over_http(theatre: Theatre, status: Status) -> None:
    url = f"/suggestions/{theatre.pair(status, mine='broker')}/confidential"
    released = status in {Status.AGREED, Status.CONTRACTED, Status.FAILED}
    shown = released or status in {Status.RECOMMENDED, Status.NOT_INTERESTED}
    refused = dict.fromkeys(NAMES, MISSING) | dict.fromkeys(
        ("admin", "other_broker"), forbidden("confidential", "保密部分仅供双方和承办的技术经纪人查看。")
    )
    if shown:
        words = "双方均表示有意后，才能查看对方的保密部分。"
        refused |= dict.fromkeys(("enterprise", "university"), forbidden("not-released", words))
    assert problem_of(theatre.get(url)) == UNAUTHENTICATED
    for name in NAMES:
        response = theatre.get(url, name)
        if name == "broker" or (name in {"enterprise", "university"} and released):
            assert response.get_json() == {
                "need": {"confidential": NEED_SECRET, "contact_name": "周工", "contact_phone": NEED_PHONE},
                "achievement": {
                    "confidential": ACHIEVEMENT_SECRET,
                    "contact_name": "周工",
                    "contact_phone": ACHIEVEMENT_PHONE,
                },
            }
        else:
            assert problem_of(response) == refused[name], name
            assert not any(secret in response.get_data(as_text=True) for secret in SECRETS)


def test_the_queue_filters_and_pages(theatre: Theatre) -> None:
    best, mine, last = (
        theatre.pair(score=0.9),
        theatre.pair(mine="broker", score=0.5),
        theatre.pair(score=0.1),
    )
    first = theatre.get("/suggestions", "broker", limit=2).get_json()
    assert [item["id"] for item in first["items"]] == [best, mine]
    second = theatre.get("/suggestions", "broker", limit=2, cursor=first["next_cursor"]).get_json()
    assert [item["id"] for item in second["items"]] == [last]
    assert second["next_cursor"] is None
    query = {"assigned": "me", "status": "suggested", "field": "07", "region": "320281", "min_score": 0.4}
    assert [i["id"] for i in theatre.get("/suggestions", "broker", **query).get_json()["items"]] == [mine]
    assert theatre.get("/suggestions", "broker", need=10**9, achievement=1).get_json()["items"] == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"status": "open"}, "/status"),
        ({"assigned": "you"}, "/assigned"),
        ({"min_score": "high"}, "/min_score"),
        ({"min_score": "nan"}, "/min_score"),
        ({"region": "3202"}, "/region"),
        ({"field": "\x00"}, "/field"),
        ({"limit": 1000}, "/limit"),
        ({"need": "x"}, "/need"),
        ({"need": 10**30}, "/need"),
        ({"broker": 1}, "/broker"),
        ({"cursor": "x"}, "/cursor"),
    ],
)
def test_bad_filters_are_named(theatre: Theatre, query: dict[str, Any], pointer: str) -> None:
    body = problem_of(theatre.get("/suggestions", "broker", **query))
    assert body["status"] == 422
    assert [error["pointer"] for error in body["errors"]] == [pointer]


@pytest.mark.parametrize("name", ["broker", "enterprise"])
def test_a_longer_queue_asks_the_database_no_more_often(theatre: Theatre, name: str) -> None:
    counts = []
    for _ in range(2):
        for _ in range(4):
            theatre.pair(Status.RECOMMENDED)
        with statements(theatre.database) as sent:
            answer = theatre.get("/suggestions", name).get_json()
        counts.append((len(answer["items"]), len(sent)))
    (few, asked), (many, asked_again) = counts
    assert (few, many) == (4, 8)
    assert asked == asked_again <= 3


@pytest.mark.parametrize("name", ["bureau", "registrar", "unverified_broker"])
def test_figures_alone_are_for_the_others(theatre: Theatre, name: str) -> None:
    pair = theatre.pair(Status.RECOMMENDED)
    assert problem_of(theatre.get("/suggestions", name)) == BUREAU_LIST
    assert problem_of(theatre.get(f"/suggestions/{pair}", name)) == MISSING
    assert problem_of(theatre.get(f"/suggestions/{pair}/events", name)) == MISSING
    for step, body in (
        ("assignments", {}),
        ("reviews", RECOMMENDATION),
        ("interests", WANTED),
        ("notes", {"words": "进展"}),
        ("outcomes", {"signed": True, "words": "签约"}),
    ):
        assert problem_of(theatre.post(f"/suggestions/{pair}/{step}", name, body)) == MISSING


# --- steps


@pytest.mark.parametrize(
    ("step", "body"),
    [
        ("assignments", {}),
        ("reviews", RECOMMENDATION),
        ("interests", WANTED),
        ("notes", {"words": "进展"}),
        ("outcomes", {"signed": True, "words": "签约"}),
    ],
)
def test_steps_need_a_token(theatre: Theatre, step: str, body: dict[str, Any]) -> None:
    pair = theatre.pair(Status.RECOMMENDED)
    assert problem_of(theatre.post(f"/suggestions/{pair}/{step}", None, body)) == UNAUTHENTICATED


def test_assignments_are_refused(theatre: Theatre) -> None:
    url = f"/suggestions/{theatre.pair(mine='broker')}/assignments"
    taken = problem(409, "already-assigned", title="状态冲突", detail="该建议已由其他技术经纪人承办。")
    assert problem_of(theatre.post(url, "other_broker")) == taken
    words = "承办人必须是在任的技术经纪人。"
    assert problem_of(theatre.post(url, "admin")) == problem(
        422, "not-a-broker", title="不符合规则", detail=words, errors=[("/broker_id", "not-a-broker", words)]
    )
    other = theatre.scene.other_broker.user_id
    assert theatre.post(url, "admin", {"broker_id": other}).get_json()["broker_id"] == other
    open_to_sides = f"/suggestions/{theatre.pair(Status.RECOMMENDED)}/assignments"
    assert problem_of(theatre.post(open_to_sides, "enterprise")) == forbidden(
        "role-not-allowed", "技术经纪人只能把建议领到自己名下。"
    )
    assert problem_of(theatre.post(url, "admin", {"broker_id": "1"})) == invalid(("/broker_id", "应为整数。"))
    declined = f"/suggestions/{theatre.pair(Status.DECLINED)}/assignments"
    assert problem_of(theatre.post(declined, "broker")) == wrong_state("已否决")


def test_reviews_are_refused(theatre: Theatre) -> None:
    url = f"/suggestions/{theatre.pair(mine='broker')}/reviews"
    assert problem_of(theatre.post(url, "other_broker", RECOMMENDATION)) == forbidden(
        "already-assigned", "该建议由其他技术经纪人承办。"
    )
    assert problem_of(theatre.post(url, "admin", RECOMMENDATION)) == forbidden(
        "role-not-allowed", "只有已核验机构的技术经纪人可以审核匹配建议。"
    )
    assert problem_of(theatre.post(url, "broker", {"decision": "agree", "words": "好"})) == invalid(
        ("/decision", "应为以下之一：recommend, decline。"),
        ("/reason_code", "此项必填。"),
        ("/words", "长度应在 2 与 2000 之间。"),
    )
    wrong_list = {**RECOMMENDATION, "reason_code": "off_topic"}
    assert problem_of(theatre.post(url, "broker", wrong_list)) == problem(
        422,
        "unknown-code",
        title="不符合规则",
        detail="有代码不在代码表中。",
        errors=[("/reason_code", "unknown-code", "推荐理由中没有代码“off_topic”。")],
    )
    declined = {"decision": "decline", "reason_code": "budget", "words": "预算差距过大"}
    assert theatre.post(url, "broker", declined).get_json()["status"] == "declined"
    assert problem_of(theatre.post(url, "broker", RECOMMENDATION)) == wrong_state("已否决")
    assert problem_of(theatre.get(url.removesuffix("/reviews"), "enterprise")) == MISSING


def test_interests_are_refused(theatre: Theatre) -> None:
    url = f"/suggestions/{theatre.pair(Status.RECOMMENDED)}/interests"
    assert problem_of(theatre.post(url, "broker", WANTED)) == forbidden(
        "not-a-party", "只有供需双方可以表达意向。"
    )
    assert problem_of(theatre.post(url, "stranger", WANTED)) == MISSING
    assert problem_of(theatre.post(url, "enterprise", {"interested": "maybe", "words": ""})) == invalid(
        ("/interested", "应为 true 或 false。"), ("/words", "长度应在 1 与 2000 之间。")
    )
    assert theatre.post(url, "enterprise", {"interested": False}).get_json()["status"] == "not_interested"
    assert problem_of(theatre.post(url, "university", WANTED)) == wrong_state("一方无意")


def test_notes_are_refused(theatre: Theatre) -> None:
    url = f"/suggestions/{theatre.pair(Status.AGREED, mine='broker')}/notes"
    assert problem_of(theatre.post(url, "other_broker", {"words": "进展"})) == NOT_A_PARTY
    assert problem_of(theatre.post(url, "broker", {"words": " "})) == invalid(
        ("/words", "长度应在 1 与 2000 之间。")
    )
    new = f"/suggestions/{theatre.pair(mine='broker')}/notes"
    assert problem_of(theatre.post(new, "broker", {"words": "进展"})) == wrong_state("待审核")


def test_outcomes_are_refused(theatre: Theatre) -> None:
    url = f"/suggestions/{theatre.pair(Status.AGREED, mine='broker')}/outcomes"
    signed = {"signed": True, "words": "签约"}
    assert problem_of(theatre.post(url, "other_broker", signed)) == NOT_A_PARTY
    assert problem_of(theatre.post(url, "admin", signed)) == NOT_A_PARTY
    assert problem_of(theatre.post(url, "broker", {"reason": "x"})) == invalid(
        ("/signed", "此项必填。"), ("/words", "此项必填。"), ("/reason", "没有这个字段。")
    )
    words = "未成交时请选择原因。"
    assert problem_of(theatre.post(url, "broker", {"signed": False, "words": "没谈成"})) == problem(
        422,
        "reason-missing",
        title="不符合规则",
        detail=words,
        errors=[("/reason_code", "reason-missing", words)],
    )
    early = f"/suggestions/{theatre.pair(Status.RECOMMENDED, mine='broker')}/outcomes"
    assert problem_of(theatre.post(early, "broker", signed)) == wrong_state("已推荐")


def test_what_is_not_there_is_not_found(theatre: Theatre) -> None:
    assert problem_of(theatre.get("/suggestions/999999999", "broker")) == MISSING
    assert problem_of(theatre.post("/suggestions/999999999/reviews", "broker", RECOMMENDATION)) == MISSING
    assert problem_of(theatre.get("/suggestions", None)) == UNAUTHENTICATED
    assert theatre.get(f"/suggestions/{10**30}", "broker").status_code == 404
