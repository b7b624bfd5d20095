"""Targets over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, OrganisationKind
from market.turnover.models import Target
from market.turnover.rules import ReleaseKind
from market.turnover.service import publish_release
from tests.factories import NOW, as_actor, make_actor
from tests.market.turnover.factories import register

pytestmark = pytest.mark.one_database("views; test_targets.py asks both")

AMOUNT = "/api/v1/targets?region=320281&indicator=contract_amount"


def _problem(body: dict[str, Any]) -> dict[str, Any]:
    """Return a problem without the number of its request."""
    assert len(body.pop("request_id")) == 16
    return body


@pytest.fixture
def booked(session: Session) -> None:
    """3.21亿元 registered in 江阴 in May 2025, in three contracts."""
    for _ in range(3):
        register(session, registered_on=date(2025, 5, 31), total_amount_fen=10_700_000_000)


def test_a_bureau_reads_what_is_known_now(client: FlaskClient, session: Session, booked: None) -> None:
    headers = as_actor(session, make_actor(session, OrganisationKind.BUREAU))
    [target] = client.get(AMOUNT, headers=headers).get_json()
    progress = target.pop("progress")
    assert target["region_name"] == "江阴市"
    assert {key: target[key] for key in ("phrase", "comparator", "value", "unit", "base_year")} == {
        "phrase": "技术合同成交额",
        "comparator": ">",
        "value": "300",
        "unit": "亿元",
        "base_year": None,
    }
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
    assert progress["pace"] == {
        "remaining": "296.79",
        "unit": "亿元",
        "months_left": 7,
        "per_month": "42.3985714286",
        "days_left": 205,
        "per_day": "1.4477560976",
    }
    # The books begin in May: one month of 3.21 and seven more.
    assert progress["forecast"]["method"] == "linear"
    assert progress["forecast"]["reading"]["text"] == "25.68亿元"
    assert progress["forecast"]["reading"]["reached"] is False
    assert (progress["measure_name"], progress["elapsed_percent"]) == ("登记", "81.4")
    assert (progress["missing_source"], progress["published"]) == (None, None)


def test_anyone_reads_what_was_published(client: FlaskClient, session: Session, booked: None) -> None:
    [target] = client.get(AMOUNT).get_json()
    assert target["progress"]["value"] is None
    assert "尚未发布" in target["progress"]["missing_source"]
    for period in ("2023", "2024"):
        publish_release(
            session, OPERATOR, region="320281", kind=ReleaseKind.ANNUAL, period=period, note=None, now=NOW
        )
    release = publish_release(
        session, OPERATOR, region="320281", kind=ReleaseKind.MONTHLY, period="2025-05", note=None, now=NOW
    )
    register(session, registered_on=date(2025, 5, 31), total_amount_fen=100, tech_amount_fen=0)
    [target] = client.get(AMOUNT).get_json()
    progress = target["progress"]
    assert progress["value"] == "3.21"
    assert progress["published"]["known_at"] == NOW.isoformat()
    assert progress["published"]["months"] == "2023年1月—2025年5月"
    assert progress["published"]["releases"][-1] == release.id


def test_a_token_that_is_not_ours_is_refused(client: FlaskClient) -> None:
    response = client.get(AMOUNT, headers={"Authorization": "Bearer x"})
    assert (response.status_code, response.get_json()["code"]) == (401, "bad-token")


def test_one_target_is_read_for_a_year(client: FlaskClient, session: Session) -> None:
    target_id = session.scalar(
        select(Target.id).where(Target.region_code == "320400", Target.indicator == "contract_amount")
    )
    response = client.get(f"/api/v1/targets/{target_id}?year=2024")
    assert response.status_code == 200
    body = response.get_json()
    assert body["progress"]["year"] == 2024
    assert body["progress"]["span"] == {"start": "2024-01-01", "end": "2024-12-31"}


def test_what_is_counted_says_how_and_where_it_can_be_read(client: FlaskClient) -> None:
    [target] = client.get("/api/v1/targets?region=320281&indicator=new_transfer_agencies").get_json()
    progress = target["progress"]
    assert (progress["value"], progress["reading"]["name"]) == ("0", "期内备案的技术转移机构")
    assert progress["definition"] == (
        "《技术转移和科技服务机构名录》在列、类别为“技术转移机构”、备案（联通）日期在统计期内的机构数，"
        "按机构条目所在地区统计；同一机构（统一社会信用代码相同）由几个地区列入的，只计一次。几个日期以最早的为准。"
        "地区含所辖各级行政区划。统计期为2023-01-01至2025-06-10。"
    )
    assert progress["records"] == [
        "/api/v1/agencies?region=320281&status=listed&category=transfer&since=2023-01-01&until=2025-06-10"
    ]
    assert progress["records_note"] == "由几个地区列入的机构，名单中每个地区各有一条。"


def test_what_is_not_known_is_null_and_says_where_from(client: FlaskClient) -> None:
    [target] = client.get("/api/v1/targets?region=320281&indicator=fund_scale").get_json()
    progress = target["progress"]
    assert [progress[key] for key in ("value", "reading", "definition")] == [None, None, None]
    assert "金融监管部门" in progress["missing_source"]
    assert progress["records"] == []


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("/targets/999999999", 404, "target-not-found"),
        ("/targets?region=jy", 422, "validation-failed"),
        ("/targets", 422, "region-missing"),
    ],
)
def test_bad_requests_for_targets(client: FlaskClient, url: str, status: int, code: str) -> None:
    response = client.get(f"/api/v1{url}")
    assert (response.status_code, response.get_json()["code"]) == (status, code)


def test_a_bad_year_names_its_parameter(client: FlaskClient) -> None:
    response = client.get("/api/v1/targets?year=20")
    detail = "应不小于 1980 且不大于 2999。"
    assert response.status_code == 422
    assert _problem(response.get_json()) == {
        "type": "urn:market:problem:validation-failed",
        "title": "输入有误",
        "status": 422,
        "detail": "提交的内容未通过校验，请查看各字段的说明。",
        "code": "validation-failed",
        "errors": [{"pointer": "/year", "code": "invalid-value", "detail": detail}],
    }
