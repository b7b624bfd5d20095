"""Users and their tokens over HTTP."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.queries import actor_of
from market.accounts.rules import OrganisationStatus
from tests.factories import (
    as_actor,
    bearer,
    make_actor,
    make_token,
    make_uscc,
    make_user,
    post,
)
from tests.market.accounts.conftest import PASSWORD, PERSON, organisation_form, refused
from tests.market.http.conftest import without_request_id

pytestmark = pytest.mark.one_database("views; test_service.py, test_tokens.py and test_passwords.py ask both")


def test_user_is_created_by_a_colleague(
    client: FlaskClient, organisation: Organisation, member: dict[str, str]
) -> None:
    form = {**PERSON, "role": "enterprise", "organisation_id": organisation.id}
    response = post(client, "/users", member, form)
    assert response.status_code == 201
    assert response.json == {
        "id": response.json["id"],
        "login": "first.user",
        "name": "王五",
        "role": "enterprise",
        "organisation_id": organisation.id,
        "active": True,
    }
    taken = post(client, "/users", member, form)
    assert (taken.status_code, taken.json["code"]) == (409, "login-taken")


def test_user_with_bad_input(client: FlaskClient, member: dict[str, str]) -> None:
    form = {"login": "ab", "name": "", "role": "king", "organisation_id": "1", "active": False}
    assert without_request_id(post(client, "/users", member, form).json) == refused(
        ("/login", "登录名由3至64个字母、数字、点、横线组成。"),
        ("/name", "长度应在 1 与 64 之间。"),
        ("/password", "此项必填。"),
        ("/role", "应为以下之一：enterprise, university, broker, registrar, bureau, admin。"),
        ("/organisation_id", "应为整数。"),
        ("/active", "没有这个字段。"),
    )


def test_admin_may_not_be_created_by_a_member(client: FlaskClient, member: dict[str, str]) -> None:
    response = post(client, "/users", member, {**PERSON, "role": "admin"})
    assert (response.status_code, response.json["detail"]) == (403, "只能为本单位创建用户。")


def test_deactivated_user_is_shut_out(
    client: FlaskClient, session: Session, organisation: Organisation, member: dict[str, str]
) -> None:
    leaver = make_user(session, organisation, password_hash=PasswordHasher().hash(PASSWORD))
    headers = bearer(make_token(session, leaver))
    assert client.get("/api/v1/me", headers=headers).status_code == 200
    response = post(client, f"/users/{leaver.id}/deactivations", member)
    assert (response.status_code, response.json["active"]) == (200, False)
    assert client.get("/api/v1/me", headers=headers).status_code == 401
    login = post(client, "/tokens", {}, {"login": leaver.login, "password": PASSWORD})
    assert (login.status_code, login.json["code"]) == (401, "bad-credentials")


def test_tokens_are_listed_and_revoked(client: FlaskClient, session: Session) -> None:
    user = make_user(session)
    first, second = (bearer(make_token(session, user)) for _ in range(2))
    listed = client.get("/api/v1/tokens", headers=first).json
    assert [set(item) for item in listed] == [{"id", "name", "created_at", "expires_at"}] * 2
    response = client.delete(f"/api/v1/tokens/{listed[0]['id']}", headers=first)
    assert (response.status_code, response.text) == (204, "")
    assert client.get("/api/v1/me", headers=second).status_code == 401
    assert len(client.get("/api/v1/tokens", headers=first).json) == 1
    unknown = client.delete("/api/v1/tokens/999999999", headers=first)
    assert (unknown.status_code, unknown.json["code"]) == (404, "token-not-found")


def test_token_of_default_length(client: FlaskClient, session: Session) -> None:
    user = make_user(session, password_hash=PasswordHasher().hash(PASSWORD))
    response = post(client, "/tokens", {}, {"login": user.login, "password": PASSWORD})
    assert response.json["name"] == "默认"
    assert response.json["expires_at"] == "2025-07-10T02:00:00+00:00"


def test_login_with_bad_input(client: FlaskClient) -> None:
    response = post(client, "/tokens", {}, {"login": "", "days": 367, "name": "x" * 65})
    assert without_request_id(response.json) == refused(
        ("/login", "长度应在 1 与 64 之间。"),
        ("/password", "此项必填。"),
        ("/name", "长度应在 1 与 64 之间。"),
        ("/days", "应不小于 1 且不大于 366。"),
    )


def test_me_of_an_admin_has_no_organisation(client: FlaskClient, session: Session) -> None:
    headers = as_actor(session, actor_of(make_user(session)))
    assert client.get("/api/v1/me", headers=headers).json["organisation"] is None


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "unauthenticated"),
        ("", "bad-token"),
        ("Bearer", "bad-token"),
        ("Bearer unknown", "bad-token"),
        ("Basic dXNlcjpwYXNz", "bad-token"),
    ],
)
def test_requests_without_a_live_token(client: FlaskClient, header: str | None, code: str) -> None:
    response = client.get("/api/v1/me", headers={} if header is None else {"Authorization": header})
    assert (response.status_code, response.json["code"]) == (401, code)
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="market"'


def test_bad_token_is_refused_even_where_none_is_needed(client: FlaskClient) -> None:
    form = {**organisation_form(), "user": PERSON}
    assert post(client, "/organisations", bearer("unknown"), form).status_code == 401


@pytest.fixture
def statuses(client: FlaskClient, session: Session) -> Callable[[str], int]:
    def of_token(header: str) -> int:
        return client.get("/api/v1/me", headers={"Authorization": header}).status_code

    return of_token


def test_scheme_is_read_in_any_case(session: Session, statuses: Callable[[str], int]) -> None:
    secret = make_token(session, make_user(session))
    assert [statuses(f"{scheme} {secret}") for scheme in ("Bearer", "bearer", "BEARER ")] == [200] * 3


def test_suspended_organisation_still_reads(client: FlaskClient, session: Session) -> None:
    actor = make_actor(session, status=OrganisationStatus.SUSPENDED, uscc=make_uscc())
    assert (
        client.get("/api/v1/me", headers=as_actor(session, actor)).json["organisation"]["status"]
        == "suspended"
    )


def test_own_password_is_changed(client: FlaskClient, session: Session) -> None:
    user = make_user(session, password_hash=PasswordHasher().hash(PASSWORD))
    headers = bearer(make_token(session, user))
    wrong = post(client, "/me/passwords", headers, {"old": "wrong", "new": "another long phrase"})
    assert (wrong.status_code, wrong.json["detail"]) == (401, "原密码不正确。")
    bad = post(client, "/me/passwords", headers, {"old": "", "new": 1})
    assert without_request_id(bad.json) == refused(
        ("/old", "长度应在 1 与 200 之间。"), ("/new", "应为文字。")
    )
    right = post(client, "/me/passwords", headers, {"old": PASSWORD, "new": "another long phrase"})
    assert (right.status_code, right.text) == (204, "")
    assert client.get("/api/v1/me", headers=headers).status_code == 401
    login = post(client, "/tokens", {}, {"login": user.login, "password": "another long phrase"})
    assert login.status_code == 201


def test_users_are_listed_and_let_in_again(
    client: FlaskClient, session: Session, organisation: Organisation, member: dict[str, str]
) -> None:
    colleague = make_user(session, organisation, active=False)
    listed = client.get("/api/v1/users", headers=member).json["items"]
    assert [item["active"] for item in listed if item["id"] == colleague.id] == [False]
    assert {item["organisation_id"] for item in listed} == {organisation.id}
    response = post(client, f"/users/{colleague.id}/activations", member)
    assert (response.status_code, response.json["active"]) == (200, True)
    bad = client.get("/api/v1/users?organisation=x&name=y", headers=member)
    assert without_request_id(bad.json) == refused(
        ("/organisation", "应为整数。"), ("/name", "没有这个字段。")
    )
