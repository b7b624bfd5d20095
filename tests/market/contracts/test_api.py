"""Contracts over HTTP: per endpoint one success, one refusal by role, one bad input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import flask
import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from market.accounts.rules import Actor, OrganisationKind
from market.contracts.api import LEDGER_KEY
from market.contracts.models import Contract
from market.contracts.rules import LARGE_CONTRACT_FEN, Status
from market.db import Database
from tests.factories import as_actor, make_actor
from tests.market.contracts.factories import Cast, contract_form, make_application, make_cast, make_deal

KEY = "key-0001-abcd"


@dataclass
class Desk:
    """The app with one cast of people; each request is a transaction of its own."""

    client: FlaskClient
    database: Database
    cast: Cast

    def send(self, method: str, path: str, actor: Actor | None, body: Any = None, **headers: str) -> Any:
        """Send a request as an actor and return the response."""
        if actor is not None:
            with self.database.transaction() as session:
                headers = as_actor(session, actor, **headers)
        return self.client.open(f"/api/v1{path}", method=method, json=body, headers=headers)

    def post(self, path: str, actor: Actor | None, body: Any = None, **headers: str) -> Any:
        """POST as an actor."""
        return self.send("POST", path, actor, body if body is not None else {}, **headers)

    def get(self, path: str, actor: Actor | None) -> Any:
        """GET as an actor."""
        return self.send("GET", path, actor)

    def application(self, status: Status, **values: Any) -> int:
        """Take an application up to this status and return its id."""
        with self.database.transaction() as session:
            contract_id = make_application(session, self.cast, status=status, **values).id
        self.cast.ledger.lines.clear()
        return contract_id

    def form(self, **values: Any) -> dict[str, Any]:
        """Return the JSON of an application."""
        form = contract_form(self.cast, **values)
        return {**form, "signed_on": form["signed_on"].isoformat()}

    def actor(self, kind: OrganisationKind) -> Actor:
        """Return a new actor of that kind."""
        with self.database.transaction() as session:
            return make_actor(session, kind)


@pytest.fixture
def desk(app: flask.Flask, client: FlaskClient, database: Database) -> Desk:
    with database.transaction() as session:
        cast = make_cast(session)
    app.extensions[LEDGER_KEY] = cast.ledger
    return Desk(client, database, cast)


def _problem(response: Any, status: int, code: str) -> dict[str, Any]:
    body = response.get_json()
    assert (response.status_code, body["code"]) == (status, code), body
    assert response.mimetype == "application/problem+json"
    return dict(body)


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
    assert body["links"] == {"suggestion_id": None, "need_id": None, "achievement_id": None}
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
    }


def test_apply_is_for_sellers(desk: Desk) -> None:
    response = desk.post("/contracts", desk.cast.registrar, desk.form(), Idempotency_Key=KEY)
    _problem(response, 403, "role-not-allowed")
    _problem(desk.post("/contracts", None, desk.form(), Idempotency_Key=KEY), 401, "unauthenticated")


def test_apply_needs_a_key(desk: Desk) -> None:
    _problem(desk.post("/contracts", desk.cast.seller, desk.form()), 422, "idempotency-key-missing")


def test_apply_with_a_bad_form(desk: Desk) -> None:
    form = desk.form()
    form.update({"signed_on": "gestern", "total_amount_fen": 1.5, "surprise": 1})
    form["buyer"] = {**form["buyer"], "region_code": "32"}
    body = _problem(
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
    body = _problem(response, 422, "bad-amount")
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
    body = _problem(desk.get("/contracts?status=lost&x=1", desk.cast.seller), 422, "validation-failed")
    assert sorted(error["pointer"] for error in body["errors"]) == ["/status", "/x"]
    _problem(desk.get("/contracts", None), 401, "unauthenticated")


def test_get_hides_from_strangers(desk: Desk) -> None:
    contract_id = desk.application(Status.REGISTERED)
    stranger = desk.actor(OrganisationKind.ENTERPRISE)
    for path in (f"/contracts/{contract_id}", f"/contracts/{contract_id}/events", "/contracts/999999"):
        body = _problem(desk.get(path, stranger), 404, "contract-not-found")
        assert body["detail"] == "没有找到该合同。"


def test_events_tell_every_step(desk: Desk) -> None:
    contract_id = desk.application(Status.REGISTERED)
    events = desk.get(f"/contracts/{contract_id}/events", desk.cast.buyer).get_json()
    assert [event["action"] for event in events] == ["create", "submit", "accept", "register"]
    assert [event["action_name"] for event in events] == ["起草", "提交", "受理", "登记"]
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
    _problem(again, 412, "stale-version")


def test_edit_needs_a_version_a_seller_and_a_good_form(desk: Desk) -> None:
    path = f"/contracts/{desk.application(Status.DRAFT)}"
    _problem(desk.send("PATCH", path, desk.cast.seller, {}), 428, "if-match-required")
    _problem(desk.send("PATCH", path, desk.cast.buyer, {}, If_Match='"1"'), 403, "not-the-seller")
    tag = desk.get(path, desk.cast.seller).headers["ETag"]
    bad = desk.send("PATCH", path, desk.cast.seller, {"tech_field": "99"}, If_Match=tag)
    assert _problem(bad, 422, "unknown-code")["errors"] == [
        {"pointer": "/tech_field", "code": "unknown-code", "detail": "技术领域中没有代码“99”。"}
    ]


# Steps without a body


@pytest.mark.parametrize(
    ("start", "step", "who", "target"),
    [
        (Status.DRAFT, "submissions", "seller", "submitted"),
        (Status.SUBMITTED, "withdrawals", "seller", "withdrawn"),
        (Status.SUBMITTED, "acceptances", "registrar", "in_review"),
    ],
)
def test_steps_by_their_own_people_from_their_own_states(
    desk: Desk, start: Status, step: str, who: str, target: str
) -> None:
    path = f"/contracts/{desk.application(start)}/{step}"
    _problem(
        desk.post(path, desk.cast.buyer), 403, "not-the-seller" if who == "seller" else "not-the-station"
    )
    response = desk.post(path, getattr(desk.cast, who))
    assert (response.status_code, response.get_json()["status"]) == (200, target)
    assert response.headers["ETag"] == f'"{response.get_json()["version"]}"'
    _problem(desk.post(path, getattr(desk.cast, who)), 409, "illegal-transition")


# Steps with a body


STEPS: list[tuple[Status, str, str, dict[str, Any], str]] = [
    (Status.IN_REVIEW, "returns", "registrar", {"note": "请补充授权书。"}, "returned"),
    (
        Status.IN_REVIEW,
        "refusals",
        "registrar",
        {"reason_code": "not_technology", "note": "标的为设备。"},
        "refused",
    ),
    (Status.REGISTERED, "revocations", "bureau", {"reason": "弄虚作假。"}, "revoked"),
]


@pytest.mark.parametrize("case", STEPS, ids=[case[1] for case in STEPS])
def test_steps_with_words(desk: Desk, case: tuple[Status, str, str, dict[str, Any], str]) -> None:
    start, step, who, body, target = case
    path = f"/contracts/{desk.application(start)}/{step}"
    _problem(desk.post(path, desk.cast.seller, body), 403, "not-the-station")
    problem = _problem(desk.post(path, getattr(desk.cast, who), {}), 422, "validation-failed")
    assert {(error["pointer"], error["detail"]) for error in problem["errors"]} == {
        (f"/{name}", "此项必填。") for name in body
    }
    response = desk.post(path, getattr(desk.cast, who), body)
    assert (response.status_code, response.get_json()["status"]) == (200, target)


def test_revocation_reverses_the_line(desk: Desk) -> None:
    contract_id = desk.application(Status.REGISTERED)
    desk.post(f"/contracts/{contract_id}/revocations", desk.cast.registrar, {"reason": "认定有误。"})
    assert desk.cast.ledger.lines == [("reversal", contract_id, Status.REVOKED)]


# Approval


def test_approve_registers_once_however_often_it_is_sent(desk: Desk) -> None:
    contract_id = desk.application(Status.IN_REVIEW)
    path = f"/contracts/{contract_id}/approvals"
    first = desk.post(path, desk.cast.registrar, Idempotency_Key=KEY)
    second = desk.post(path, desk.cast.registrar, Idempotency_Key=KEY)
    assert first.status_code == second.status_code == 200
    assert first.get_json() == second.get_json()
    assert first.headers["ETag"] == second.headers["ETag"] == f'"{first.get_json()["version"]}"'
    assert second.headers["Idempotency-Replayed"] == "true"
    assert first.get_json()["reg_no"] == "2025320281000001"
    assert first.get_json()["registered_on"] == "2025-06-10"
    assert desk.cast.ledger.lines == [("registration", contract_id, Status.REGISTERED)]
    other_key = desk.post(path, desk.cast.registrar, Idempotency_Key=KEY + "2")
    problem = _problem(other_key, 409, "illegal-transition")
    assert problem["detail"] == "该合同现为“已登记”，不能登记。"


def test_approve_of_a_large_contract_takes_two_persons(desk: Desk) -> None:
    amounts = {"total_amount_fen": LARGE_CONTRACT_FEN, "tech_amount_fen": LARGE_CONTRACT_FEN}
    path = f"/contracts/{desk.application(Status.IN_REVIEW, **amounts)}/approvals"
    first = desk.post(path, desk.cast.registrar, Idempotency_Key=KEY).get_json()
    assert (first["status"], first["reg_no"], first["is_large"]) == ("large_review", None, True)
    same = desk.post(path, desk.cast.registrar, Idempotency_Key=KEY + "2")
    assert _problem(same, 403, "second-person-needed")["detail"] == "大额合同的复审人不能是初审人本人。"
    second = desk.post(path, desk.cast.second, Idempotency_Key=KEY).get_json()
    assert second["status"] == "registered"


def test_approve_is_for_the_station_and_needs_a_key(desk: Desk) -> None:
    path = f"/contracts/{desk.application(Status.IN_REVIEW)}/approvals"
    _problem(desk.post(path, desk.cast.seller, Idempotency_Key=KEY), 403, "not-the-station")
    body = _problem(desk.post(path, desk.cast.registrar), 422, "idempotency-key-missing")
    assert [error["pointer"] for error in body["errors"]] == ["/headers/Idempotency-Key"]
    assert desk.cast.ledger.lines == []


# Requests


def test_change_request_and_its_approval(desk: Desk) -> None:
    contract_id = desk.application(Status.REGISTERED)
    body = {"reason": "补充协议。", "changes": {"tech_amount_fen": 90_000_000, "valid_to": "2027-01-01"}}
    asked = desk.post(f"/contracts/{contract_id}/change-requests", desk.cast.seller, body)
    assert asked.status_code == 201
    request = asked.get_json()
    assert (request["kind"], request["approved"]) == ("change", None)
    assert request["changes"] == {"tech_amount_fen": 90_000_000, "valid_to": "2027-01-01"}
    decided = desk.post(
        f"/contract-requests/{request['id']}/decisions", desk.cast.registrar, {"decision": "approve"}
    )
    assert (decided.status_code, decided.get_json()["approved"]) == (200, True)
    contract = desk.get(f"/contracts/{contract_id}", desk.cast.seller).get_json()
    assert (contract["status"], contract["tech_amount_fen"]) == ("registered", 90_000_000)
    assert contract["valid_to"] == "2027-01-01"
    assert desk.cast.ledger.lines == [("change", contract_id, Status.REGISTERED)]
    listed = desk.get(f"/contracts/{contract_id}/requests", desk.cast.buyer).get_json()
    assert listed == [decided.get_json()]


def test_cancellation_request_and_its_approval(desk: Desk) -> None:
    contract_id = desk.application(Status.REGISTERED)
    asked = desk.post(
        f"/contracts/{contract_id}/cancellation-requests", desk.cast.seller, {"reason": "合同解除。"}
    )
    assert asked.status_code == 201
    path = f"/contract-requests/{asked.get_json()['id']}/decisions"
    desk.post(path, desk.cast.registrar, {"decision": "approve"})
    contract = desk.get(f"/contracts/{contract_id}", desk.cast.seller).get_json()
    assert (contract["status"], contract["ended_on"]) == ("cancelled", "2025-06-10")
    assert desk.cast.ledger.lines == [("reversal", contract_id, Status.CANCELLED)]


@pytest.mark.parametrize("kind", ["change-requests", "cancellation-requests"])
def test_requests_are_the_sellers_and_need_a_reason(desk: Desk, kind: str) -> None:
    path = f"/contracts/{desk.application(Status.REGISTERED)}/{kind}"
    body: dict[str, Any] = {"reason": "解除。"}
    if kind == "change-requests":
        body["changes"] = {"tech_amount_fen": 1}
    _problem(desk.post(path, desk.cast.buyer, body), 403, "not-the-seller")
    problem = _problem(desk.post(path, desk.cast.seller, {}), 422, "validation-failed")
    assert {error["pointer"] for error in problem["errors"]} == {f"/{name}" for name in body}


def test_a_changed_form_is_checked_with_pointers_into_the_changes(desk: Desk) -> None:
    path = f"/contracts/{desk.application(Status.REGISTERED)}/change-requests"
    body = {"reason": "补充协议。", "changes": {"tech_amount_fen": 100_000_001}}
    problem = _problem(desk.post(path, desk.cast.seller, body), 422, "bad-amount")
    assert [error["pointer"] for error in problem["errors"]] == ["/changes/tech_amount_fen"]


def test_decisions_are_the_stations_and_a_rejection_has_grounds(desk: Desk) -> None:
    contract_id = desk.application(Status.REGISTERED)
    request = desk.post(
        f"/contracts/{contract_id}/cancellation-requests", desk.cast.seller, {"reason": "合同解除。"}
    ).get_json()
    path = f"/contract-requests/{request['id']}/decisions"
    _problem(desk.post(path, desk.cast.seller, {"decision": "approve"}), 403, "not-the-station")
    problem = _problem(desk.post(path, desk.cast.registrar, {"decision": "maybe"}), 422, "validation-failed")
    assert [error["pointer"] for error in problem["errors"]] == ["/decision"]
    _problem(desk.post(path, desk.cast.registrar, {"decision": "reject"}), 422, "note-missing")
    rejected = desk.post(path, desk.cast.registrar, {"decision": "reject", "note": "合同仍在履行。"})
    assert rejected.get_json()["decision_note"] == "合同仍在履行。"
    _problem(desk.post(path, desk.cast.registrar, {"decision": "approve"}), 409, "request-already-decided")
    missing = "/contract-requests/999999/decisions"
    _problem(
        desk.post(missing, desk.cast.registrar, {"decision": "approve"}), 404, "contract-request-not-found"
    )
    assert desk.cast.ledger.lines == []


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
    _problem(call(desk), 401, "unauthenticated")
