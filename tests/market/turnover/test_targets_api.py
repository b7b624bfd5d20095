"""Targets over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import Actor, OrganisationKind
from market.contracts.models import Contract
from market.turnover.models import Target
from tests.factories import (
    as_actor,
    make_actor,
)
from tests.market.turnover.factories import register

pytestmark = pytest.mark.one_database("views; test_targets.py and test_target_outlook.py ask both")


def _get(client: FlaskClient, url: str, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    response = client.get(url, headers=headers or {})
    return response.status_code, response.get_json()


@pytest.fixture
def large(session: Session) -> Contract:
    """A contract of 江阴 worth 3.21亿元."""
    return register(session, total_amount_fen=32_100_000_000, registered_on=date(2025, 5, 31))


@pytest.fixture
def bureau(session: Session) -> Actor:
    """An officer of 江阴's bureau."""
    return make_actor(session, OrganisationKind.BUREAU)


def test_a_bureau_reads_its_targets(
    client: FlaskClient, session: Session, large: Contract, bureau: Actor
) -> None:
    headers = as_actor(session, bureau)
    status, body = _get(client, "/api/v1/targets?region=320281&indicator=contract_amount", headers)
    assert status == 200
    [target] = body
    progress = target.pop("progress")
    assert target["region_name"] == "江阴市"
    assert (target["phrase"], target["comparator"], target["value"], target["unit"]) == (
        "技术合同成交额",
        ">",
        "300",
        "亿元",
    )
    assert (target["comparator_name"], target["basis_name"]) == ("超过", "计划期累计")
    assert progress["value"] == "3.21"
    assert progress["reading"] == {
        "name": "合同成交额",
        "value": "3.21",
        "text": "3.21亿元",
        "fen": 32_100_000_000,
        "percent": "1.1",
        "reached": False,
    }
    assert (progress["measure_name"], progress["elapsed_percent"]) == ("登记", "81.4")
    assert progress["missing_source"] is None


def test_one_target_is_read_for_a_year(client: FlaskClient, session: Session) -> None:
    target_id = session.scalar(
        select(Target.id).where(Target.region_code == "320400", Target.indicator == "contract_amount")
    )
    status, body = _get(client, f"/api/v1/targets/{target_id}?year=2024")
    assert status == 200
    assert body["progress"]["year"] == 2024
    assert body["progress"]["span"] == {"start": "2024-01-01", "end": "2024-12-31"}


def test_what_is_not_known_is_null_and_says_where_from(client: FlaskClient) -> None:
    _, body = _get(client, "/api/v1/targets?region=320281&indicator=trained_brokers")
    assert body[0]["progress"]["value"] is None
    assert body[0]["progress"]["reading"] is None
    assert "技术经理人培训" in body[0]["progress"]["missing_source"]


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("/targets/999999999", 404, "target-not-found"),
        ("/targets?region=jy", 422, "validation-failed"),
        ("/targets?year=20", 422, "validation-failed"),
    ],
)
def test_bad_requests_for_targets(client: FlaskClient, url: str, status: int, code: str) -> None:
    found, body = _get(client, f"/api/v1{url}")
    assert (found, body["code"]) == (status, code)
