"""Certificates, lists and their public verification over HTTP."""

from __future__ import annotations

from typing import Any

import flask
import pytest
from flask.testing import FlaskClient

from market.accounts.rules import OrganisationKind
from market.canonical import digest_of
from market.contracts.api.certificates import VERIFICATION_LIMIT
from market.contracts.models import Contract
from market.contracts.rules.certificates import CHANGED
from market.contracts.service.certificates import issue, void_all
from market.db import Database
from tests.factories import NOW, make_actor
from tests.market.contracts.api.support import Desk, open_desk, problem

pytestmark = pytest.mark.one_database("views; service/ and test_queries.py ask both")


@pytest.fixture
def desk(app: flask.Flask, client: FlaskClient, database: Database) -> Desk:
    return open_desk(app, client, database)


def certified(desk: Desk) -> int:
    """Insert a registered contract with a certificate and return its id."""
    with desk.database.transaction() as session:
        contract = desk.insert(session)
        issue(session, desk.cast.registrar, contract, now=NOW)
        return contract.id


def change(desk: Desk, contract_id: int) -> None:
    """Let what was handed out on a contract become void."""
    with desk.database.transaction() as session:
        void_all(session, session.get_one(Contract, contract_id), reason=CHANGED, now=NOW)


def only_certificate(desk: Desk, contract_id: int) -> dict[str, Any]:
    (found,) = desk.get(f"/contracts/{contract_id}/certificates", desk.cast.seller).get_json()
    return dict(found)


def test_certificates_of_a_contract(desk: Desk) -> None:
    contract_id = certified(desk)
    found = only_certificate(desk, contract_id)
    assert found["digest"] == digest_of(found["content"])
    assert (found["contract_id"], found["voided_at"]) == (contract_id, None)
    change(desk, contract_id)
    assert only_certificate(desk, contract_id)["void_reason"] == CHANGED


def test_a_certificate_is_printed(desk: Desk) -> None:
    found = only_certificate(desk, certified(desk))
    answer = desk.get(f"/certificates/{found['id']}/pdf", desk.cast.seller)
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.data.startswith(b"%PDF-")
    assert answer.headers["Content-Disposition"].startswith("inline; ")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    with desk.database.transaction() as session:
        stranger = make_actor(session, OrganisationKind.UNIVERSITY)
    problem(desk.get(f"/certificates/{found['id']}/pdf", stranger), 404, "certificate-not-found")


def test_anybody_verifies_by_the_code(desk: Desk) -> None:
    contract_id = certified(desk)
    found = only_certificate(desk, contract_id)
    typed = found["code"].lower().replace("-", "")
    body = desk.get(f"/verifications/{typed}").get_json()
    assert (body["kind"], body["kind_name"]) == ("certificate", "技术合同登记证明")
    assert (body["valid"], body["status_name"], body["voided_on"]) == (True, "有效", None)
    assert (body["number"], body["issued_on"]) == (found["number"], "2025-06-10")
    assert body["content"] == found["content"]
    change(desk, contract_id)
    body = desk.get(f"/verifications/{found['code']}").get_json()
    assert (body["valid"], body["status_name"]) == (False, "作废")
    assert (body["voided_on"], body["void_reason"]) == ("2025-06-10", CHANGED)


def test_an_unknown_code(desk: Desk) -> None:
    detail = "没有查到该验证码对应的登记证明或登记清单，请核对后重新输入。"
    assert problem(desk.get("/verifications/0000-0000-0000-0000-0000"), 404, "code-unknown") == {
        "type": "urn:market:problem:code-unknown",
        "title": "未找到",
        "status": 404,
        "detail": detail,
        "code": "code-unknown",
    }


def test_nobody_tries_codes_for_long(desk: Desk) -> None:
    for _ in range(int(VERIFICATION_LIMIT.split()[0])):
        assert desk.get("/verifications/x").status_code == 404
    refused = desk.get("/verifications/x")
    problem(refused, 429, "too-many-requests")
    assert int(refused.headers["Retry-After"]) >= 1


# Lists


def test_a_list_is_made_shown_printed_and_void_after_a_change(desk: Desk) -> None:
    first, second = desk.contract(), desk.contract()
    made = desk.post("/registration-lists", desk.cast.registrar, {"contract_ids": [second, first]})
    assert made.status_code == 201
    body = made.get_json()
    assert (body["contract_ids"], body["large"]) == ([second, first], False)
    shown = desk.get("/registration-lists", desk.cast.seller).get_json()
    assert shown == {"items": [body], "next_cursor": None}
    path = f"/registration-lists/{body['id']}"
    assert desk.get(path, desk.cast.bureau).get_json() == body
    printed = desk.get(f"{path}/pdf", desk.cast.seller)
    assert (printed.mimetype, printed.data[:5]) == ("application/pdf", b"%PDF-")
    change(desk, first)
    told = desk.get(f"/verifications/{body['code']}").get_json()
    assert (told["kind"], told["valid"]) == ("registration_list", False)
    assert desk.get("/registration-lists?valid=true", desk.cast.seller).get_json()["items"] == []
    assert desk.get(f"{path}/pdf", desk.cast.seller).data != printed.data


def test_lists_are_the_stations_to_make(desk: Desk) -> None:
    body = {"contract_ids": [desk.contract()]}
    problem(desk.post("/registration-lists", desk.cast.seller, body), 403, "not-the-station")
    problem(desk.get("/registration-lists/1", desk.cast.buyer), 404, "registration-list-not-found")


def test_large_and_small_are_not_mixed(desk: Desk) -> None:
    ids = [desk.contract(project_name="大额", total_amount_fen=900_000_000), desk.contract()]
    ids[1] = desk.contract(project_name="小额")
    detail = "合同“小额”：大额合同与其他合同不得列入同一份清单。"
    response = desk.post("/registration-lists", desk.cast.registrar, {"contract_ids": ids})
    assert problem(response, 422, "list-unfit") == {
        "type": "urn:market:problem:list-unfit",
        "title": "不符合规则",
        "status": 422,
        "detail": "所选合同不能列入同一份登记清单。",
        "code": "list-unfit",
        "errors": [
            {
                "pointer": "/contract_ids/1",
                "code": "list-mixed",
                "detail": detail,
                "source": "江苏省技术合同登记系统的做法",
            }
        ],
    }


def test_a_contract_stands_once_on_a_list(desk: Desk) -> None:
    contract_id = desk.contract()
    body = {"contract_ids": [contract_id, contract_id]}
    found = problem(desk.post("/registration-lists", desk.cast.registrar, body), 422, "validation-failed")
    assert found["errors"][0]["detail"] == "同一合同不能列两次。"


def test_the_station_takes_back_its_list(desk: Desk) -> None:
    body = desk.post(
        "/registration-lists", desk.cast.registrar, {"contract_ids": [desk.contract()]}
    ).get_json()
    path = f"/registration-lists/{body['id']}/voidings"
    problem(desk.post(path, desk.cast.seller, {"reason": "选错"}), 403, "not-the-station")
    problem(desk.post(path, desk.cast.registrar, {}), 422, "validation-failed")
    assert desk.post(path, desk.cast.registrar, {"reason": "选错"}).get_json()["void_reason"] == "选错"
