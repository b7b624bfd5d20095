"""Contracts over HTTP: applying, reading, editing. Per endpoint one success, one refusal, one bad input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from market.accounts.rules import OrganisationKind
from market.contracts.models import Contract
from market.contracts.rules import Status
from tests.market.contracts.desk import KEY, Desk, problem
from tests.market.contracts.factories import make_deal

# Applying


def test_apply(desk: Desk) -> None:
    response = desk.post("/contracts", desk.cast.seller, desk.form(), Idempotency_Key=KEY)
    assert response.status_code == 201
    body = response.get_json()
    assert response.headers["ETag"] == f'"{body["version"]}"'
    assert (body["status"], body["status_name"]) == ("draft", "草稿")
    assert body["seller"]["organisation_id"] == desk.cast.seller.organisation_id
    assert body["seller"]["nature_name"] == "事业法人"
    assert body["buyer"]["region_name"] == "江阴市"
    assert (body["type_name"], body["subtype_name"]) == ("技术开发", "委托开发")
    assert body["tech_field_name"] == "环境保护与资源综合利用"
    assert body["station"]["id"] == desk.cast.station.id
    assert body["links"] == {"suggestion_id": None, "need_id": None, "achievement_id": None, "award_id": None}
    assert (body["total_amount_fen"], body["tech_amount_fen"], body["is_large"]) == (
        100_000_000,
        80_000_000,
        False,
    )


def test_apply_twice_with_one_key_drafts_once(desk: Desk) -> None:
    form = desk.form()
    first = desk.post("/contracts", desk.cast.seller, form, Idempotency_Key=KEY)
    second = desk.post("/contracts", desk.cast.seller, form, Idempotency_Key=KEY)
    assert second.get_json() == first.get_json()
    assert second.headers["Idempotency-Replayed"] == "true"
    with desk.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Contract)) == 1


def test_apply_from_a_suggestion_links_down_the_thread(desk: Desk) -> None:
    with desk.database.transaction() as session:
        deal = make_deal(session, desk.cast)
    form = desk.form(suggestion_id=deal.id)
    for name in ("project_name", "tech_field", "buyer"):
        del form[name]
    body = desk.post("/contracts", desk.cast.seller, form, Idempotency_Key=KEY).get_json()
    assert body["links"] == {
        "suggestion_id": deal.id,
        "need_id": deal.need_id,
        "achievement_id": deal.achievement_id,
        "award_id": None,
    }


def test_apply_is_for_sellers(desk: Desk) -> None:
    response = desk.post("/contracts", desk.cast.registrar, desk.form(), Idempotency_Key=KEY)
    problem(response, 403, "role-not-allowed")
    problem(desk.post("/contracts", None, desk.form(), Idempotency_Key=KEY), 401, "unauthenticated")


def test_apply_needs_a_key(desk: Desk) -> None:
    problem(desk.post("/contracts", desk.cast.seller, desk.form()), 422, "idempotency-key-missing")


def test_apply_with_a_bad_form(desk: Desk) -> None:
    form = desk.form()
    form.update({"signed_on": "gestern", "total_amount_fen": 1.5, "surprise": 1})
    form["buyer"] = {**form["buyer"], "region_code": "32"}
    body = problem(
        desk.post("/contracts", desk.cast.seller, form, Idempotency_Key=KEY), 422, "validation-failed"
    )
    del body["request_id"]
    errors = sorted(body.pop("errors"), key=lambda error: str(error["pointer"]))
    assert body == {
        "type": "urn:market:problem:validation-failed",
        "title": "输入有误",
        "status": 422,
        "detail": "提交的内容未通过校验，请查看各字段的说明。",
        "code": "validation-failed",
    }
    assert errors == [
        {"pointer": "/buyer/region_code", "code": "invalid-value", "detail": "长度应为 6。"},
        {"pointer": "/signed_on", "code": "invalid-value", "detail": "应为 ISO 8601 日期，如 2025-03-01。"},
        {"pointer": "/surprise", "code": "invalid-value", "detail": "没有这个字段。"},
        {"pointer": "/total_amount_fen", "code": "invalid-value", "detail": "应为整数。"},
    ]


def test_apply_against_the_rules(desk: Desk) -> None:
    form = desk.form(tech_amount_fen=100_000_001)
    response = desk.post("/contracts", desk.cast.seller, form, Idempotency_Key=KEY)
    body = problem(response, 422, "bad-amount")
    del body["request_id"]
    assert body == {
        "type": "urn:market:problem:bad-amount",
        "title": "不符合规则",
        "status": 422,
        "detail": "登记表有误，请查看各项说明。",
        "code": "bad-amount",
        "errors": [
            {
                "pointer": "/tech_amount_fen",
                "code": "bad-amount",
                "detail": "技术交易额不能为负，也不能大于合同成交额。",
            }
        ],
    }


# Reading


def test_list_and_get(desk: Desk) -> None:
    ids = [desk.application(Status.SUBMITTED) for _ in range(3)]
    page = desk.get("/contracts?limit=2&status=submitted", desk.cast.registrar).get_json()
    assert [item["id"] for item in page["items"]] == ids[:0:-1]
    rest = desk.get(f"/contracts?limit=2&cursor={page['next_cursor']}", desk.cast.registrar).get_json()
    assert [item["id"] for item in rest["items"]] == ids[:1]
    assert rest["next_cursor"] is None
    got = desk.get(f"/contracts/{ids[0]}", desk.cast.buyer)
    assert got.get_json() == rest["items"][0]
    assert got.headers["ETag"] == f'"{got.get_json()["version"]}"'


def test_list_with_a_bad_filter(desk: Desk) -> None:
    body = problem(desk.get("/contracts?status=lost&x=1", desk.cast.seller), 422, "validation-failed")
    assert sorted(error["pointer"] for error in body["errors"]) == ["/status", "/x"]
    problem(desk.get("/contracts", None), 401, "unauthenticated")


def test_get_hides_from_strangers(desk: Desk) -> None:
    contract_id = desk.application(Status.REGISTERED)
    stranger = desk.actor(OrganisationKind.ENTERPRISE)
    for path in (f"/contracts/{contract_id}", f"/contracts/{contract_id}/events", "/contracts/999999"):
        body = problem(desk.get(path, stranger), 404, "contract-not-found")
        assert body["detail"] == "没有找到该合同。"


def test_events_tell_every_step(desk: Desk) -> None:
    contract_id = desk.application(Status.REGISTERED)
    events = desk.get(f"/contracts/{contract_id}/events", desk.cast.buyer).get_json()
    assert [event["action"] for event in events] == [
        "create",
        "submit",
        "accept",
        "examine",
        "register",
    ]
    assert [event["action_name"] for event in events] == ["起草", "提交", "受理", "审核", "登记"]
    assert (events[-1]["source"], events[-1]["target_name"]) == ("in_review", "已登记")
    assert events[-1]["snapshot"]["total_amount_fen"] == 100_000_000


# Editing


def test_edit(desk: Desk) -> None:
    contract_id = desk.application(Status.DRAFT)
    changes = {"project_name": "改进后的项目", "buyer": {"region_code": "320282"}}
    tag = desk.get(f"/contracts/{contract_id}", desk.cast.seller).headers["ETag"]
    response = desk.send("PATCH", f"/contracts/{contract_id}", desk.cast.seller, changes, If_Match=tag)
    assert response.status_code == 200
    assert response.headers["ETag"] != tag
    assert response.get_json()["buyer"]["region_name"] == "宜兴市"
    again = desk.send("PATCH", f"/contracts/{contract_id}", desk.cast.seller, changes, If_Match=tag)
    problem(again, 412, "stale-version")


def test_edit_needs_a_version_a_seller_and_a_good_form(desk: Desk) -> None:
    path = f"/contracts/{desk.application(Status.DRAFT)}"
    problem(desk.send("PATCH", path, desk.cast.seller, {}), 428, "if-match-required")
    problem(desk.send("PATCH", path, desk.cast.buyer, {}, If_Match='"1"'), 403, "not-the-applicant")
    tag = desk.get(path, desk.cast.seller).headers["ETag"]
    bad = desk.send("PATCH", path, desk.cast.seller, {"tech_field": "99"}, If_Match=tag)
    assert problem(bad, 422, "unknown-code")["errors"] == [
        {"pointer": "/tech_field", "code": "unknown-code", "detail": "技术领域中没有代码“99”。"}
    ]


# Steps without a body


@pytest.mark.parametrize(
    ("start", "step", "who", "target"),
    [
        (Status.DRAFT, "submissions", "seller", "submitted"),
        (Status.SUBMITTED, "withdrawals", "seller", "withdrawn"),
        (Status.SUBMITTED, "acceptances", "registrar", "accepted"),
    ],
)
def test_steps_by_their_own_people_from_their_own_states(
    desk: Desk, start: Status, step: str, who: str, target: str
) -> None:
    path = f"/contracts/{desk.application(start)}/{step}"
    problem(
        desk.post(path, desk.cast.buyer), 403, "not-the-applicant" if who == "seller" else "not-the-station"
    )
    response = desk.post(path, getattr(desk.cast, who))
    assert (response.status_code, response.get_json()["status"]) == (200, target)
    assert response.headers["ETag"] == f'"{response.get_json()["version"]}"'
    problem(desk.post(path, getattr(desk.cast, who)), 409, "illegal-transition")


# All of it


@pytest.mark.parametrize(
    "call",
    [
        lambda desk: desk.get("/contracts/1", None),
        lambda desk: desk.get("/contracts/1/events", None),
        lambda desk: desk.get("/contracts/1/requests", None),
        lambda desk: desk.post("/contracts/1/submissions", None),
        lambda desk: desk.post("/contracts/1/approvals", None, Idempotency_Key=KEY),
        lambda desk: desk.post("/contract-requests/1/decisions", None, {"decision": "approve"}),
    ],
)
def test_nobody_gets_in_without_a_token(desk: Desk, call: Callable[[Desk], Any]) -> None:
    problem(call(desk), 401, "unauthenticated")
