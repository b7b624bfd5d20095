"""Login attempts are counted per address and login name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from market.app import create_app
from market.clock import FixedClock
from market.db import Database
from market.settings import Settings
from matching.encoder import HashingEncoder
from tests.market.http.conftest import without_request_id

pytestmark = pytest.mark.one_database("attempts are counted in memory")


@pytest.fixture
def guarded(settings: Settings, database: Database, clock: FixedClock) -> FlaskClient:
    """A client of a market that allows two attempts."""
    strict = replace(settings, login_limit="2 per minute")
    app = create_app(strict, database=database, clock=clock, encoder=HashingEncoder(dim=64))
    return app.test_client()


@pytest.fixture
def attempt(guarded: FlaskClient) -> Callable[..., int]:
    """Try a login name from an address, and return the status."""

    def try_login(login: str, address: str = "10.0.0.1") -> int:
        response = guarded.post(
            "/api/v1/tokens",
            json={"login": login, "password": "wrong"},
            environ_overrides={"REMOTE_ADDR": address},
        )
        return response.status_code

    return try_login


def test_third_attempt_must_wait(guarded: FlaskClient) -> None:
    body = {"login": "guess", "password": "wrong"}
    statuses = [guarded.post("/api/v1/tokens", json=body).status_code for _ in range(2)]
    response = guarded.post("/api/v1/tokens", json=body)
    assert [*statuses, response.status_code] == [401, 401, 429]
    assert 1 <= int(response.headers["Retry-After"]) <= 61
    assert without_request_id(response.json) == {
        "type": "urn:market:problem:too-many-requests",
        "title": "请求过于频繁",
        "status": 429,
        "detail": "尝试次数过多，请稍后再试。",
        "code": "too-many-requests",
    }


def test_case_does_not_open_a_new_count(attempt: Callable[..., int]) -> None:
    assert [attempt(login) for login in ("guess", "GUESS", "Guess")] == [401, 401, 429]


def test_other_names_and_addresses_are_counted_apart(attempt: Callable[..., int]) -> None:
    assert [attempt("guess") for _ in range(3)] == [401, 401, 429]
    assert attempt("other") == 401
    assert attempt("guess", "10.0.0.2") == 401


@pytest.mark.parametrize(("body", "status"), [(b"[1]", 422), (b"{", 400), (b"[" * 100_000, 400)])
def test_nonsense_is_counted_too(guarded: FlaskClient, body: bytes, status: int) -> None:
    found = [
        guarded.post("/api/v1/tokens", data=body, content_type="application/json").status_code
        for _ in range(3)
    ]
    assert found == [status, status, 429]


def behind_a_proxy(settings: Settings, database: Database, clock: FixedClock, proxies: int) -> list[int]:
    """Return the statuses of one attempt each of three addresses that come through one proxy."""
    strict = replace(settings, login_limit="2 per minute", trusted_proxies=proxies)
    app = create_app(strict, database=database, clock=clock, encoder=HashingEncoder(dim=64))
    return [
        app.test_client()
        .post(
            "/api/v1/tokens",
            json={"login": "guess", "password": "wrong"},
            headers={"X-Forwarded-For": f"10.0.0.{number}"},
        )
        .status_code
        for number in range(3)
    ]


def test_address_is_taken_from_a_trusted_proxy_only(
    settings: Settings, database: Database, clock: FixedClock
) -> None:
    assert behind_a_proxy(settings, database, clock, 0) == [401, 401, 429]
    assert behind_a_proxy(settings, database, clock, 1) == [401, 401, 401]
