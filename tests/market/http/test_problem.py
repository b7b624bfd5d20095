"""Errors of the API: one document for all, Chinese words, no leaks; pages keep HTML."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from market.accounts.models import Organisation
from market.db import Database
from market.errors import FieldError, MarketError, violation
from market.http.problem import HTTP_WORDS, STATUS
from tests.factories import make_organisation
from tests.market.http.conftest import SECRET, make_app, without_request_id


@pytest.mark.parametrize(
    ("name", "status", "code", "title"),
    [
        ("not-found", 404, "thing-not-found", "未找到"),
        ("unauthenticated", 401, "unauthenticated", "未登录"),
        ("denied", 403, "permission-denied", "没有权限"),
        ("conflict", 409, "conflict", "状态冲突"),
        ("stale", 412, "stale-version", "版本已过期"),
        ("violation", 422, "rule-violation", "不符合规则"),
        ("unfit", 422, "unfit", "不符合规则"),
        ("unavailable", 503, "unavailable", "暂不可用"),
        ("bug", 500, "internal-error", "系统内部错误"),
        ("abort-500", 500, "internal-error", "系统内部错误"),
        ("not-null", 500, "internal-error", "系统内部错误"),
        ("lost-race", 409, "concurrent-change", "状态冲突"),
        ("no-database", 503, "database-unavailable", "暂不可用"),
    ],
)
def test_every_failure_is_one_kind_of_document(
    faulty: FlaskClient, name: str, status: int, code: str, title: str
) -> None:
    with capture_logs():
        response = faulty.get(f"/api/v1/fail/{name}")
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    problem = without_request_id(response.json)
    detail = problem.pop("detail")
    assert problem == {"type": f"urn:market:problem:{code}", "title": title, "status": status, "code": code}
    assert re.search("[一-鿿].*。$", detail)
    assert SECRET not in response.text


def test_every_own_error_class_has_a_status() -> None:
    def below(kind: type[MarketError]) -> set[type[MarketError]]:
        return {kind}.union(*(below(child) for child in kind.__subclasses__()))

    own = {kind for kind in below(MarketError) if kind.__module__ == "market.errors"} - {MarketError}
    assert own == set(STATUS)


def test_words_exist_for_every_status_the_table_uses() -> None:
    for status in {*STATUS.values()} - {409}:
        assert status in HTTP_WORDS
    assert all(re.fullmatch("[a-z-]+", code) for code, _, _ in HTTP_WORDS.values())


def test_request_id_of_the_answer_stands_in_the_log(faulty: FlaskClient) -> None:
    with capture_logs() as events:
        response = faulty.get("/api/v1/fail/bug")
    (event,) = [event for event in events if event["event"] == "request.failed"]
    assert event["request_id"] == response.json["request_id"]
    assert event["path"] == "/api/v1/fail/bug"
    assert str(event["exc_info"]) == SECRET


def test_two_requests_have_two_ids(faulty: FlaskClient) -> None:
    first, second = (faulty.get("/api/v1/nothing").json["request_id"] for _ in range(2))
    assert first != second


@pytest.mark.parametrize(
    ("name", "header"), [("unauthenticated", "WWW-Authenticate"), ("unavailable", "Retry-After")]
)
def test_headers_that_clients_need_are_sent(faulty: FlaskClient, name: str, header: str) -> None:
    assert faulty.get(f"/api/v1/fail/{name}").headers[header] in {'Bearer realm="market"', "5"}


def test_unknown_address(faulty: FlaskClient) -> None:
    response = faulty.get("/api/v1/nothing")
    assert response.status_code == 404
    assert without_request_id(response.json) == {
        "type": "urn:market:problem:not-found",
        "title": "未找到",
        "status": 404,
        "detail": "没有找到所请求的内容。",
        "code": "not-found",
    }


def test_wrong_method_keeps_the_allow_header(faulty: FlaskClient) -> None:
    response = faulty.delete("/api/v1/trials")
    assert response.status_code == 405
    assert response.json["code"] == "method-not-allowed"
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


def test_status_without_words_of_its_own(faulty: FlaskClient) -> None:
    response = faulty.get("/api/v1/fail/teapot")
    assert response.status_code == 418
    assert response.json["code"] == "http-418"


def test_ready_made_answer_is_left_alone(faulty: FlaskClient) -> None:
    response = faulty.get("/api/v1/fail/ready-made")
    assert (response.status_code, response.text, response.mimetype) == (409, "自备", "text/plain")


def test_body_too_large(faulty: FlaskClient) -> None:
    response = faulty.post("/api/v1/trials", json={"name": "a" * 2**20})
    assert response.status_code == 413
    assert response.json["code"] == "payload-too-large"


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000])
def test_body_that_is_no_json(faulty: FlaskClient, body: bytes) -> None:
    response = faulty.post("/api/v1/trials", data=body, content_type="application/json")
    assert response.status_code == 400
    assert without_request_id(response.json) == {
        "type": "urn:market:problem:bad-request",
        "title": "请求无效",
        "status": 400,
        "detail": "请求的格式有误，无法读取。",
        "code": "bad-request",
    }


def test_body_of_another_media_type(faulty: FlaskClient) -> None:
    response = faulty.post("/api/v1/trials", data="name=a", content_type="application/x-www-form-urlencoded")
    assert response.status_code == 415
    assert response.json["code"] == "unsupported-media-type"


@pytest.mark.parametrize(("name", "status"), [("teapot", 418), ("bug", 500), ("abort-500", 500)])
def test_pages_keep_html(faulty: FlaskClient, name: str, status: int) -> None:
    with capture_logs():
        response = faulty.get(f"/fail/{name}")
    assert response.status_code == status
    assert response.mimetype == "text/html"
    assert SECRET not in response.text


def test_unknown_page_is_html(faulty: FlaskClient) -> None:
    response = faulty.get("/nothing")
    assert response.status_code == 404
    assert response.mimetype == "text/html"


def test_pointers_lead_into_nested_input(faulty: FlaskClient) -> None:
    body: dict[str, Any] = {
        "name": "一",
        "place": {"town": 5, "x/y~z": 1},
        "places": [{"town": "江阴"}, {}],
        "extra": {"a": "b"},
    }
    response = faulty.post("/api/v1/trials", json=body)
    assert without_request_id(response.json) == {
        "type": "urn:market:problem:validation-failed",
        "title": "输入有误",
        "status": 422,
        "detail": "提交的内容未通过校验，请查看各字段的说明。",
        "code": "validation-failed",
        "errors": [
            {"pointer": "/name", "code": "invalid-value", "detail": "长度应在 2 与 5 之间。"},
            {"pointer": "/place/town", "code": "invalid-value", "detail": "应为文字。"},
            {"pointer": "/place/x~1y~0z", "code": "invalid-value", "detail": "没有这个字段。"},
            {"pointer": "/places/1/town", "code": "invalid-value", "detail": "此项必填。"},
            {"pointer": "/extra/a/value", "code": "invalid-value", "detail": "应为整数。"},
        ],
    }


def test_violation_names_the_value_at_fault() -> None:
    error = violation("/uscc", "uscc-invalid", "有误。")
    assert (error.code, error.detail, error.fields) == (
        "uscc-invalid",
        "有误。",
        (FieldError("/uscc", "uscc-invalid", "有误。"),),
    )


def test_unique_value_taken_meanwhile_is_a_conflict(database: Database, session: Session) -> None:
    taken = make_organisation(session).uscc
    app = make_app()

    @app.post("/api/v1/races")
    def race() -> str:
        with database.transaction() as own:
            make_organisation(own, uscc=taken)
        return "never"

    response = app.test_client().post("/api/v1/races")
    assert response.status_code == 409
    assert without_request_id(response.json) == {
        "type": "urn:market:problem:duplicate-record",
        "title": "状态冲突",
        "status": 409,
        "detail": "与刚刚写入的记录重复，请刷新后重试。",
        "code": "duplicate-record",
    }


def test_row_changed_meanwhile_is_a_conflict(own_database: Database) -> None:
    app = make_app()
    with own_database.transaction() as session:
        organisation_id = make_organisation(session).id

    @app.post("/api/v1/races")
    def race() -> str:
        with own_database.reading() as slow:
            organisation = slow.get_one(Organisation, organisation_id)
        with own_database.transaction() as fast:
            fast.get_one(Organisation, organisation_id).name = "先到"
        organisation.name = "后到"
        with own_database.transaction() as late:
            late.add(organisation)
        return "never"

    response = app.test_client().post("/api/v1/races")
    assert response.status_code == 409
    assert response.json["code"] == "concurrent-change"
    with own_database.reading() as session:
        assert session.scalar(select(Organisation.name).where(Organisation.id == organisation_id)) == "先到"
