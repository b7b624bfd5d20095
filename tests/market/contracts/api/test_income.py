"""Verification of technical income over HTTP."""

from __future__ import annotations

from typing import Any

import flask
import pytest
from flask.testing import FlaskClient

from market.db import Database
from tests.market.contracts.api.support import Desk, open_desk, problem

pytestmark = pytest.mark.one_database("views; service/ and test_queries.py ask both")

RECEIPT = {
    "received_from": "2025-01-01",
    "received_to": "2025-03-31",
    "received_fen": 50_000_000,
    "deducted_fen": 10_000_000,
    "bonus_fen": 20_000_000,
}


@pytest.fixture
def desk(app: flask.Flask, client: FlaskClient, database: Database) -> Desk:
    return open_desk(app, client, database)


def submitted(desk: Desk, **values: Any) -> dict[str, Any]:
    """Ask for a verification with proof and return it."""
    contract_id = desk.contract()
    path = f"/contracts/{contract_id}/income-verifications"
    response = desk.post(path, desk.cast.seller, {**RECEIPT, **values})
    assert response.status_code == 201
    body = dict(response.get_json())
    proof = desk.upload(contract_id, desk.cast.seller, kind="receipt", income_verification_id=str(body["id"]))
    assert proof.status_code == 201
    return body


def decide(desk: Desk, row: dict[str, Any], decision: str, **values: Any) -> Any:
    path = f"/income-verifications/{row['id']}/decisions"
    return desk.post(path, desk.cast.registrar, {"decision": decision, **values})


def test_asked_for_verified_summed_and_printed(desk: Desk) -> None:
    row = submitted(desk)
    assert (row["status"], row["status_name"], row["income_fen"]) == ("submitted", "待核定", 40_000_000)
    path = f"/income-verifications/{row['id']}"
    problem(desk.get(f"{path}/pdf", desk.cast.seller), 409, "income-not-verified")
    body = decide(desk, row, "verify").get_json()
    assert (body["status"], body["number"][:7]) == ("verified", "HD2025-")
    assert desk.get(path, desk.cast.seller).get_json() == body
    assert desk.get("/income-verifications?status=verified", desk.cast.bureau).get_json()["items"] == [body]
    assert desk.get("/income-verifications/sums", desk.cast.bureau).get_json() == [
        {
            "year": 2025,
            "quarter": 1,
            "count": 1,
            "received_fen": 50_000_000,
            "deducted_fen": 10_000_000,
            "income_fen": 40_000_000,
            "bonus_fen": 20_000_000,
        }
    ]
    printed = desk.get(f"{path}/pdf", desk.cast.seller)
    assert (printed.mimetype, printed.data[:5]) == ("application/pdf", b"%PDF-")


def test_returned_and_handed_in_again(desk: Desk) -> None:
    row = submitted(desk)
    assert decide(desk, row, "return", note="请附发票").get_json()["status_name"] == "退回补正"
    path = f"/income-verifications/{row['id']}/resubmissions"
    problem(desk.post(path, desk.cast.registrar, RECEIPT), 403, "not-the-applicant")
    body = desk.post(path, desk.cast.seller, {**RECEIPT, "note": "已附"}).get_json()
    assert (body["status"], body["note"]) == ("submitted", "已附")
    assert decide(desk, row, "refuse", note="与合同无关").get_json()["status"] == "refused"


def test_not_everyones_business(desk: Desk) -> None:
    row = submitted(desk)
    path = f"/contracts/{row['contract_id']}/income-verifications"
    problem(desk.post(path, desk.cast.buyer, RECEIPT), 403, "not-the-applicant")
    problem(
        desk.get(f"/income-verifications/{row['id']}", desk.cast.buyer), 404, "income-verification-not-found"
    )
    problem(desk.get("/income-verifications/sums", desk.cast.seller), 403, "permission-denied")
    path = f"/income-verifications/{row['id']}/decisions"
    problem(desk.post(path, desk.cast.bureau, {"decision": "verify"}), 403, "not-the-station")


def test_more_than_the_contract(desk: Desk) -> None:
    path = f"/contracts/{desk.contract()}/income-verifications"
    response = desk.post(path, desk.cast.seller, {**RECEIPT, "received_fen": 100_000_000})
    detail = "累计技术性收入不能超过登记的技术交易额。"
    assert problem(response, 422, "income-exceeds-contract") == {
        "type": "urn:market:problem:income-exceeds-contract",
        "title": "不符合规则",
        "status": 422,
        "detail": "该笔技术性收入不能核定。",
        "code": "income-exceeds-contract",
        "errors": [{"pointer": "/deducted_fen", "code": "income-exceeds-contract", "detail": detail}],
    }


def test_a_refusal_without_words_and_an_unknown_answer(desk: Desk) -> None:
    row = submitted(desk)
    problem(decide(desk, row, "refuse"), 422, "note-missing")
    body = problem(decide(desk, row, "perhaps"), 422, "validation-failed")
    assert body["errors"][0]["pointer"] == "/decision"
