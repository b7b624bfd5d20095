"""What the station does with an application, over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from market.contracts.models import Contract
from market.contracts.rules import Status
from tests.market.contracts.desk import KEY, Desk, problem
from tests.market.contracts.factories import LARGE_FEN

pytestmark = pytest.mark.one_database("views; service/ and test_queries.py ask both")

STEPS: list[tuple[Status, str, str, dict[str, Any], str]] = [
    (Status.ACCEPTED, "examinations", "registrar", {"finding": "属于技术开发。"}, "in_review"),
    (Status.ACCEPTED, "disputes", "registrar", {"reason": "权属有争议。"}, "accepted"),
    (Status.ACCEPTED, "expert-reviews", "registrar", {"reason": "是否属于技术开发。"}, "accepted"),
    (Status.IN_REVIEW, "returns", "registrar", {"note": "请补充授权书。"}, "returned"),
    (
        Status.IN_REVIEW,
        "refusals",
        "registrar",
        {"reason_code": "not_technology", "note": "标的为设备。"},
        "refused",
    ),
]


@pytest.mark.parametrize("case", STEPS, ids=[case[1] for case in STEPS])
def test_steps_with_words(desk: Desk, case: tuple[Status, str, str, dict[str, Any], str]) -> None:
    start, step, who, body, target = case
    path = f"/contracts/{desk.application(start)}/{step}"
    problem(desk.post(path, desk.cast.seller, body), 403, "not-the-station")
    refused = problem(desk.post(path, getattr(desk.cast, who), {}), 422, "validation-failed")
    assert {(error["pointer"], error["detail"]) for error in refused["errors"]} == {
        (f"/{name}", "此项必填。") for name in body
    }
    response = desk.post(path, getattr(desk.cast, who), body)
    assert (response.status_code, response.get_json()["status"]) == (200, target)


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
    refused = problem(other_key, 409, "illegal-transition")
    assert refused["detail"] == "该合同现为“已登记”，不能登记。"


def test_approve_of_a_large_contract_takes_two_persons(desk: Desk) -> None:
    amounts = {"total_amount_fen": LARGE_FEN, "tech_amount_fen": LARGE_FEN}
    path = f"/contracts/{desk.application(Status.IN_REVIEW, **amounts)}/approvals"
    first = desk.post(path, desk.cast.registrar, Idempotency_Key=KEY).get_json()
    assert (first["status"], first["reg_no"], first["is_large"]) == ("large_review", None, True)
    same = desk.post(path, desk.cast.registrar, Idempotency_Key=KEY + "2")
    assert problem(same, 403, "second-person-needed")["detail"] == "大额合同的复审人不能是初审人本人。"
    second = desk.post(path, desk.cast.second, Idempotency_Key=KEY).get_json()
    assert second["status"] == "registered"


def test_approve_is_for_the_station_and_needs_a_key(desk: Desk) -> None:
    path = f"/contracts/{desk.application(Status.IN_REVIEW)}/approvals"
    problem(desk.post(path, desk.cast.seller, Idempotency_Key=KEY), 403, "not-the-station")
    body = problem(desk.post(path, desk.cast.registrar), 422, "idempotency-key-missing")
    assert [error["pointer"] for error in body["errors"]] == ["/headers/Idempotency-Key"]
    assert desk.cast.ledger.lines == []


# Questions


def test_a_submission_with_open_questions_asks_them_and_changes_nothing(desk: Desk) -> None:
    contract_id = desk.application(Status.DRAFT, tech_amount_fen=0)
    path = f"/contracts/{contract_id}/submissions"
    body = problem(desk.post(path, desk.cast.seller), 422, "confirmation-needed")
    del body["request_id"]
    assert body == {
        "type": "urn:market:problem:confirmation-needed",
        "title": "不符合规则",
        "status": 422,
        "detail": "有几处请核对：有误请修改；无误请在提交时逐项确认（confirmed）。",
        "code": "confirmation-needed",
        "errors": [
            {
                "pointer": "/tech_amount_fen",
                "code": "tech-share-odd",
                "detail": "技术交易额为零，请核对是否确无技术价款。",
            }
        ],
    }
    assert desk.get(f"/contracts/{contract_id}", desk.cast.seller).get_json()["status"] == "draft"
    problem(desk.post(path, desk.cast.seller, {"confirmed": "all"}), 422, "validation-failed")
    confirmed = desk.post(path, desk.cast.seller, {"confirmed": ["tech-share-odd", "never-asked"]})
    assert confirmed.get_json()["confirmed"] == ["tech-share-odd"]


def test_questions_are_shown_to_applicant_and_station(desk: Desk) -> None:
    path = f"/contracts/{desk.application(Status.SUBMITTED, tech_amount_fen=0)}/questions"
    for reader in (desk.cast.seller, desk.cast.registrar, desk.cast.bureau):
        assert desk.get(path, reader).get_json() == [
            {
                "code": "tech-share-odd",
                "pointer": "/tech_amount_fen",
                "detail": "技术交易额为零，请核对是否确无技术价款。",
                "confirmed": True,
            }
        ]
    problem(desk.get(path, desk.cast.buyer), 403, "not-the-applicant")


# Experts


OPINION = {
    "name": "陈明",
    "unit": "某研究院",
    "conclusion": "support",
    "words": "属于技术开发。",
    "opined_on": "2025-06-10",
}


def test_experts_are_called_and_their_opinions_recorded(desk: Desk) -> None:
    contract_id = desk.application(Status.ACCEPTED)
    path = f"/contracts/{contract_id}/expert-opinions"
    problem(desk.post(path, desk.cast.registrar, OPINION), 409, "experts-not-called")
    desk.post(f"/contracts/{contract_id}/expert-reviews", desk.cast.registrar, {"reason": "类别有疑义。"})
    made = desk.post(path, desk.cast.registrar, OPINION)
    assert made.status_code == 201
    assert {name: made.get_json()[name] for name in OPINION} == OPINION
    assert desk.get(path, desk.cast.bureau).get_json() == [made.get_json()]
    problem(desk.get(path, desk.cast.seller), 403, "not-the-station")
    problem(desk.post(path, desk.cast.seller, OPINION), 403, "not-the-station")
    refused = problem(desk.post(path, desk.cast.registrar, {}), 422, "validation-failed")
    assert {error["pointer"] for error in refused["errors"]} == {f"/{name}" for name in OPINION}


# Time limits


def test_deadlines_come_soonest_first_with_what_is_overdue(desk: Desk) -> None:
    first, second = (desk.application(Status.ACCEPTED) for _ in range(2))
    with desk.database.transaction() as session:
        session.get_one(Contract, second).due_on = date(2025, 6, 9)
    body = desk.get("/contracts/deadlines?limit=1", desk.cast.registrar).get_json()
    assert (body["undecided"], body["overdue"]) == (2, 1)
    [item] = body["items"]
    assert (item["id"], item["days_left"], item["due_is_provisional"]) == (second, -1, False)
    cursor = body["next_cursor"]
    rest = desk.get(f"/contracts/deadlines?limit=1&cursor={cursor}", desk.cast.registrar).get_json()
    assert [(item["id"], item["days_left"]) for item in rest["items"]] == [(first, 30)]
    assert rest["next_cursor"] is None
    listed = desk.get("/contracts?overdue=true", desk.cast.bureau).get_json()["items"]
    assert [item["id"] for item in listed] == [second]
    problem(desk.get("/contracts/deadlines", desk.cast.seller), 403, "role-not-allowed")
    problem(desk.get("/contracts/deadlines?limit=0", desk.cast.registrar), 422, "validation-failed")
