"""Requests about registered contracts, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from market.contracts.rules import Status
from tests.market.contracts.desk import Desk, problem

pytestmark = pytest.mark.one_database("views; service/ and test_queries.py ask both")


def _examine(desk: Desk, request_id: int) -> Any:
    path = f"/contract-requests/{request_id}/examinations"
    return desk.post(path, desk.cast.registrar, {"note": "情况属实。"})


def _decide(desk: Desk, request_id: int, body: dict[str, Any]) -> Any:
    _examine(desk, request_id)
    return desk.post(f"/contract-requests/{request_id}/decisions", desk.cast.second, body)


def test_change_request_and_its_approval(desk: Desk) -> None:
    contract_id = desk.application(Status.REGISTERED)
    body = {"reason": "补充协议。", "changes": {"tech_amount_fen": 90_000_000, "valid_to": "2027-01-01"}}
    asked = desk.post(f"/contracts/{contract_id}/change-requests", desk.cast.seller, body)
    assert asked.status_code == 201
    request = asked.get_json()
    assert (request["kind"], request["approved"]) == ("change", None)
    assert request["changes"] == {"tech_amount_fen": 90_000_000, "valid_to": "2027-01-01"}
    decided = _decide(desk, request["id"], {"decision": "approve"})
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
    _decide(desk, asked.get_json()["id"], {"decision": "approve"})
    contract = desk.get(f"/contracts/{contract_id}", desk.cast.seller).get_json()
    assert (contract["status"], contract["ended_on"]) == ("cancelled", "2025-06-10")
    assert desk.cast.ledger.lines == [("reversal", contract_id, Status.CANCELLED)]


@pytest.mark.parametrize("kind", ["change-requests", "cancellation-requests"])
def test_requests_are_the_sellers_and_need_a_reason(desk: Desk, kind: str) -> None:
    path = f"/contracts/{desk.application(Status.REGISTERED)}/{kind}"
    body: dict[str, Any] = {"reason": "解除。"}
    if kind == "change-requests":
        body["changes"] = {"tech_amount_fen": 1}
    problem(desk.post(path, desk.cast.buyer, body), 403, "not-the-applicant")
    refused = problem(desk.post(path, desk.cast.seller, {}), 422, "validation-failed")
    assert {error["pointer"] for error in refused["errors"]} == {f"/{name}" for name in body}


def test_a_changed_form_is_checked_with_pointers_into_the_changes(desk: Desk) -> None:
    path = f"/contracts/{desk.application(Status.REGISTERED)}/change-requests"
    body = {"reason": "补充协议。", "changes": {"tech_amount_fen": 100_000_001}}
    refused = problem(desk.post(path, desk.cast.seller, body), 422, "bad-amount")
    assert [error["pointer"] for error in refused["errors"]] == ["/changes/tech_amount_fen"]


def test_decisions_are_the_stations_and_a_rejection_has_grounds(desk: Desk) -> None:
    contract_id = desk.application(Status.REGISTERED)
    request = desk.post(
        f"/contracts/{contract_id}/cancellation-requests", desk.cast.seller, {"reason": "合同解除。"}
    ).get_json()
    path = f"/contract-requests/{request['id']}/decisions"
    problem(desk.post(path, desk.cast.seller, {"decision": "approve"}), 403, "not-the-station")
    refused = problem(desk.post(path, desk.cast.registrar, {"decision": "maybe"}), 422, "validation-failed")
    assert [error["pointer"] for error in refused["errors"]] == ["/decision"]
    _examine(desk, request["id"])
    problem(desk.post(path, desk.cast.registrar, {"decision": "reject"}), 422, "note-missing")
    rejected = desk.post(path, desk.cast.registrar, {"decision": "reject", "note": "合同仍在履行。"})
    assert rejected.get_json()["decision_note"] == "合同仍在履行。"
    problem(desk.post(path, desk.cast.registrar, {"decision": "approve"}), 409, "request-already-decided")
    missing = "/contract-requests/999999/decisions"
    problem(
        desk.post(missing, desk.cast.registrar, {"decision": "approve"}), 404, "contract-request-not-found"
    )
    assert desk.cast.ledger.lines == []


def test_an_examination_comes_first(desk: Desk) -> None:
    contract_id = desk.application(Status.REGISTERED)
    asked = desk.post(
        f"/contracts/{contract_id}/cancellation-requests", desk.cast.seller, {"reason": "合同解除。"}
    ).get_json()
    path = f"/contract-requests/{asked['id']}"
    decision = {"decision": "approve"}
    problem(desk.post(f"{path}/decisions", desk.cast.second, decision), 409, "request-not-examined")
    problem(desk.post(f"{path}/examinations", desk.cast.seller, {"note": "属实。"}), 403, "not-the-station")
    problem(desk.post(f"{path}/examinations", desk.cast.registrar, {}), 422, "validation-failed")
    examined = _examine(desk, asked["id"])
    assert examined.status_code == 200
    assert examined.get_json()["examined_by"] == desk.cast.registrar.user_id
    problem(_examine(desk, asked["id"]), 409, "request-already-examined")


def test_a_settlement_states_the_amounts_that_came_out(desk: Desk) -> None:
    contract_id = desk.application(
        Status.REGISTERED,
        payment_mode="royalty",
        royalty_base="sales",
        royalty_terms="净销售额的3%",
        amount_is_estimate=True,
    )
    path = f"/contracts/{contract_id}/settlement-requests"
    body = {"total_amount_fen": 120_000_000, "tech_amount_fen": 120_000_000, "reason": "2025年结算。"}
    problem(desk.post(path, desk.cast.buyer, body), 403, "not-the-applicant")
    problem(desk.post(path, desk.cast.seller, {"reason": "结算。"}), 422, "validation-failed")
    asked = desk.post(path, desk.cast.seller, body)
    assert (asked.status_code, asked.get_json()["kind_name"]) == (201, "结算")
    _decide(desk, asked.get_json()["id"], {"decision": "approve"})
    contract = desk.get(f"/contracts/{contract_id}", desk.cast.seller).get_json()
    assert (contract["total_amount_fen"], contract["amount_is_estimate"]) == (120_000_000, False)
    assert desk.cast.ledger.lines == [("change", contract_id, Status.REGISTERED)]


def test_a_revocation_is_proposed_and_decided_by_two(desk: Desk) -> None:
    contract_id = desk.application(Status.REGISTERED)
    path = f"/contracts/{contract_id}/revocations"
    body = {"reason_code": "fraud", "reason": "弄虚作假。"}
    problem(desk.post(path, desk.cast.seller, body), 403, "not-the-station")
    refused = problem(desk.post(path, desk.cast.bureau, {}), 422, "validation-failed")
    assert {error["pointer"] for error in refused["errors"]} == {"/reason", "/reason_code"}
    asked = desk.post(path, desk.cast.bureau, body)
    assert (asked.status_code, asked.get_json()["kind"]) == (201, "revocation")
    decisions = f"/contract-requests/{asked.get_json()['id']}/decisions"
    own = desk.post(decisions, desk.cast.bureau, {"decision": "approve"})
    problem(own, 403, "second-person-needed")
    assert desk.post(decisions, desk.cast.registrar, {"decision": "approve"}).status_code == 200
    contract = desk.get(f"/contracts/{contract_id}", desk.cast.seller).get_json()
    assert (contract["status"], contract["ended_on"]) == ("revoked", "2025-06-10")
    assert desk.cast.ledger.lines == [("reversal", contract_id, Status.REVOKED)]
