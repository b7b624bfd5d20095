"""Organisations over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.queries import actor_of
from market.accounts.rules import Actor, OrganisationKind
from market.clock import FixedClock
from market.db import Database
from tests.factories import (
    as_actor,
    bearer,
    make_actor,
    make_organisation,
    make_user,
    post,
)
from tests.market.accounts.conftest import PASSWORD, PERSON, organisation_form, refused, violated
from tests.market.http.conftest import without_request_id

pytestmark = pytest.mark.one_database("views; test_service.py and test_queries.py ask both")


def test_registration_verification_and_login_in_one_thread(
    client: FlaskClient, session: Session, bureau: Actor, clock: FixedClock
) -> None:
    form = organisation_form()
    registered = post(client, "/organisations", {}, {**form, "user": PERSON})
    assert registered.status_code == 201
    assert registered.headers["ETag"] == '"1"'
    assert registered.json["status"] == "pending"
    assert registered.json["uscc"] == form["uscc"]
    assert "password" not in registered.text
    number = registered.json["id"]

    login = post(client, "/tokens", {}, {"login": "First.User", "password": PASSWORD, "days": 2})
    assert login.status_code == 201
    assert login.json["created_at"] == "2025-06-10T02:00:00+00:00"
    assert login.json["expires_at"] == "2025-06-12T02:00:00+00:00"
    headers = bearer(login.json["token"])
    assert client.get("/api/v1/me", headers=headers).json["organisation"]["id"] == number

    officer = as_actor(session, bureau)
    verified = post(client, f"/organisations/{number}/verifications", officer, {"decision": "verified"})
    assert (verified.status_code, verified.json["status"]) == (200, "verified")
    assert verified.headers["ETag"] == '"2"'

    clock.advance(days=2)
    expired = client.get("/api/v1/me", headers=headers)
    assert (expired.status_code, expired.json["code"]) == (401, "bad-token")


def test_registration_without_a_user(client: FlaskClient) -> None:
    response = post(client, "/organisations", {}, organisation_form())
    assert without_request_id(response.json) == violated(
        "/user", "user-missing", "请填写首个用户的登录名、姓名和密码。"
    )


def test_registration_with_bad_input(client: FlaskClient) -> None:
    form = {
        "kind": "club",
        "name": "一",
        "region_code": 320281,
        "user": {"login": "a b\n"},
        "status": "verified",
    }
    response = post(client, "/organisations", {}, form)
    assert response.status_code == 422
    kinds = "enterprise, university, agency, station, bureau"
    assert without_request_id(response.json) == refused(
        ("/name", "长度应在 2 与 200 之间。"),
        ("/region_code", "应为文字。"),
        ("/kind", f"应为以下之一：{kinds}。"),
        ("/user/login", "登录名由3至64个字母、数字、点、横线组成。"),
        ("/user/name", "此项必填。"),
        ("/user/password", "此项必填。"),
        ("/status", "没有这个字段。"),
    )


def test_registration_of_a_station_by_anyone_is_refused(client: FlaskClient) -> None:
    response = post(client, "/organisations", {}, {**organisation_form(kind="station"), "user": PERSON})
    assert response.status_code == 403
    assert without_request_id(response.json) == {
        "type": "urn:market:problem:kind-not-open",
        "title": "没有权限",
        "status": 403,
        "detail": "登记机构和主管部门由系统管理员设立。",
        "code": "kind-not-open",
    }


def test_failed_registration_leaves_nothing(client: FlaskClient, session: Session) -> None:
    form = organisation_form()
    weak = {**PERSON, "password": "short"}
    assert post(client, "/organisations", {}, {**form, "user": weak}).json["code"] == "weak-password"
    assert post(client, "/organisations", {}, {**form, "user": PERSON}).status_code == 201


def test_admin_registers_without_a_user(client: FlaskClient, session: Session) -> None:
    admin = as_actor(session, actor_of(make_user(session)))
    response = post(client, "/organisations", admin, organisation_form(kind="station", tags=["试点"]))
    assert (response.status_code, response.json["status"]) == (201, "verified")


def test_login_name_ends_without_a_line_break(client: FlaskClient) -> None:
    form = {**organisation_form(), "user": {**PERSON, "login": "first.user\n"}}
    assert [item["pointer"] for item in post(client, "/organisations", {}, form).json["errors"]] == [
        "/user/login"
    ]


def test_organisation_is_shown_with_its_contact_to_those_concerned(
    client: FlaskClient, session: Session, organisation: Organisation, member: dict[str, str], bureau: Actor
) -> None:
    url = f"/api/v1/organisations/{organisation.id}"
    for headers in (member, as_actor(session, bureau)):
        response = client.get(url, headers=headers)
        assert response.headers["ETag"] == '"1"'
        assert response.json["contact_phone"] == "0510-12345678"
    stranger = client.get(url, headers=as_actor(session, make_actor(session)))
    assert stranger.json["name"] == organisation.name
    assert not {"contact_name", "contact_phone", "status_note"} & stranger.json.keys()
    assert "0510" not in client.get("/api/v1/organisations", headers=member).text


def test_unknown_organisation(client: FlaskClient, member: dict[str, str]) -> None:
    response = client.get("/api/v1/organisations/999999999", headers=member)
    assert without_request_id(response.json) == {
        "type": "urn:market:problem:organisation-not-found",
        "title": "未找到",
        "status": 404,
        "detail": "没有找到该单位。",
        "code": "organisation-not-found",
    }


def test_change_needs_the_version_it_is_based_on(
    client: FlaskClient, organisation: Organisation, member: dict[str, str]
) -> None:
    url, change = f"/api/v1/organisations/{organisation.id}", {"contact_name": "孙七"}
    missing = client.patch(url, json=change, headers=member)
    assert missing.status_code == 428
    assert without_request_id(missing.json) == {
        "type": "urn:market:problem:if-match-required",
        "title": "缺少版本",
        "status": 428,
        "detail": "修改前请在 If-Match 请求头中注明所见版本。",
        "code": "if-match-required",
    }
    changed = client.patch(url, json=change, headers={**member, "If-Match": '"1"'})
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert changed.json["contact_name"] == "孙七"
    stale = client.patch(url, json=change, headers={**member, "If-Match": '"1"'})
    assert stale.status_code == 412
    assert stale.json["detail"] == "记录已被他人修改：您看到的是第1版，现为第2版，请刷新后重试。"
    again = client.patch(url, json=change, headers={**member, "If-Match": changed.headers["ETag"]})
    assert again.status_code == 200


def test_change_with_bad_input(
    client: FlaskClient, organisation: Organisation, member: dict[str, str]
) -> None:
    headers = {**member, "If-Match": '"1"'}
    form = {"kind": "bureau", "contact_phone": "call me", "tags": [""], "name": None}
    response = client.patch(f"/api/v1/organisations/{organisation.id}", json=form, headers=headers)
    assert without_request_id(response.json) == refused(
        ("/name", "此项不能为空值。"),
        ("/contact_phone", "电话号码格式不正确。"),
        ("/tags/0", "长度应在 1 与 32 之间。"),
        ("/kind", "没有这个字段。"),
    )
    rule = client.patch(
        f"/api/v1/organisations/{organisation.id}", json={"uscc": "0" * 17 + "1"}, headers=headers
    )
    assert without_request_id(rule.json) == violated(
        "/uscc", "uscc-invalid", "统一社会信用代码有误：应为18位且校验码正确（GB 32100-2015）。"
    )


def test_change_by_a_stranger_is_refused(
    client: FlaskClient, session: Session, organisation: Organisation
) -> None:
    response = client.patch(
        f"/api/v1/organisations/{organisation.id}",
        json={"name": "冒名"},
        headers=as_actor(session, make_actor(session), If_Match='"1"'),
    )
    assert (response.status_code, response.json["detail"]) == (403, "只能修改本单位的信息。")


def test_credit_code_of_another_is_a_conflict(
    client: FlaskClient, session: Session, organisation: Organisation, member: dict[str, str]
) -> None:
    taken = make_organisation(session).uscc
    response = client.patch(
        f"/api/v1/organisations/{organisation.id}",
        json={"uscc": taken},
        headers={**member, "If-Match": '"1"'},
    )
    assert response.status_code == 409
    assert without_request_id(response.json) == {
        "type": "urn:market:problem:uscc-taken",
        "title": "状态冲突",
        "status": 409,
        "detail": "该统一社会信用代码已被登记。",
        "code": "uscc-taken",
    }


def test_verification_by_another_bureau_is_refused(
    client: FlaskClient, session: Session, organisation: Organisation, other_bureau: Actor
) -> None:
    url = f"/organisations/{organisation.id}/verifications"
    response = post(
        client, url, as_actor(session, other_bureau), {"decision": "suspended", "note": "不在本地"}
    )
    assert (response.status_code, response.json["detail"]) == (403, "只有单位所在地的主管部门可以核验。")


def test_verification_with_bad_input(
    client: FlaskClient, session: Session, organisation: Organisation, bureau: Actor
) -> None:
    url, officer = f"/organisations/{organisation.id}/verifications", as_actor(session, bureau)
    bad = post(client, url, officer, {"decision": "maybe", "note": "  "})
    assert without_request_id(bad.json) == refused(
        ("/decision", "应为以下之一：pending, verified, rejected, suspended。"),
        ("/note", "长度应在 1 与 500 之间。"),
    )
    silent = post(client, url, officer, {"decision": "suspended"})
    assert without_request_id(silent.json) == violated("/note", "note-missing", "请写明理由。")


def test_list_is_filtered_and_paged(client: FlaskClient, session: Session, member: dict[str, str]) -> None:
    for number in range(3):
        make_organisation(session, OrganisationKind.UNIVERSITY, name=f"分页大学{number}")
    names, cursor = [], ""
    while cursor is not None:
        url = f"/api/v1/organisations?name=分页大学&kind=university&limit=2{cursor and '&cursor=' + cursor}"
        page = client.get(url, headers=member).json
        names.append([item["name"] for item in page["items"]])
        cursor = page["next_cursor"]
    assert names == [["分页大学0", "分页大学1"], ["分页大学2"]]


def test_list_takes_as_many_queries_for_many_as_for_one(
    client: FlaskClient, session: Session, database: Database, member: dict[str, str]
) -> None:
    statements: list[str] = []

    def count(*args: Any) -> None:
        statements.append(args[2])

    event.listen(database.engine, "before_cursor_execute", count)
    try:
        counts = []
        for limit in (1, 50):
            for _ in range(limit):
                make_organisation(session, tags=["高企"])
            statements.clear()
            items = client.get(f"/api/v1/organisations?limit={limit}", headers=member).json["items"]
            assert len(items) == limit
            counts.append(sum(statement.lstrip().startswith("SELECT") for statement in statements))
    finally:
        event.remove(database.engine, "before_cursor_execute", count)
    assert counts[0] == counts[1] <= 2


def test_list_with_bad_input(client: FlaskClient, member: dict[str, str]) -> None:
    response = client.get("/api/v1/organisations?limit=101&region=32&knd=agency", headers=member)
    assert without_request_id(response.json) == refused(
        ("/limit", "应不小于 1 且不大于 100。"), ("/region", "长度应为 6。"), ("/knd", "没有这个字段。")
    )
    cursor = client.get("/api/v1/organisations?cursor=nonsense", headers=member)
    assert without_request_id(cursor.json) == violated(
        "/cursor", "bad-cursor", "分页游标无效，请从第一页重新开始。"
    )
