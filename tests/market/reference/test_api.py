"""Code tables over HTTP, for anyone."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from market.reference.rules import Scheme
from tests.market.http.conftest import without_request_id

pytestmark = pytest.mark.one_database("views; test_service.py and queries/ ask both")


def test_a_code_table(client: FlaskClient) -> None:
    response = client.get("/api/v1/codes/contract_type")
    assert response.status_code == 200
    assert response.json[0] == {
        "code": "KF",
        "name": "技术开发",
        "parent_code": None,
        "valid_from": None,
        "valid_to": None,
        "source": "民法典第851条；代码自拟",
        "verified": True,
    }


def test_every_scheme_is_served(client: FlaskClient) -> None:
    statuses = {scheme: client.get(f"/api/v1/codes/{scheme.value}").status_code for scheme in Scheme}
    assert set(statuses.values()) == {200}


def test_unknown_scheme(client: FlaskClient) -> None:
    response = client.get("/api/v1/codes/colours")
    assert without_request_id(response.json) == {
        "type": "urn:market:problem:scheme-not-found",
        "title": "未找到",
        "status": 404,
        "detail": "没有名为“colours”的代码表。",
        "code": "scheme-not-found",
    }


def test_a_region(client: FlaskClient) -> None:
    assert client.get("/api/v1/regions/320281").json == {
        "code": "320281",
        "name": "江阴市",
        "level": "county",
        "parent_code": "320200",
        "valid_from": "1989-01-01",
        "valid_to": None,
    }
    response = client.get("/api/v1/regions/999999")
    assert (response.status_code, response.json["code"]) == (404, "region-not-found")


def test_regions_below_one(client: FlaskClient) -> None:
    provinces = client.get("/api/v1/regions").json
    assert "320000" in {region["code"] for region in provinces}
    assert {region["level"] for region in provinces} == {"province"}
    assert "320281" in {region["code"] for region in client.get("/api/v1/regions?parent=320200").json}


def test_parks(client: FlaskClient) -> None:
    parks = client.get("/api/v1/parks?region=320281").json
    assert parks[0] == {
        "code": "320281-P01",
        "name": "江阴高新技术产业开发区",
        "region_code": "320281",
        "kind": "national_hitech",
    }
    assert len(client.get("/api/v1/parks").json) >= len(parks)


@pytest.mark.parametrize(("path", "parameter"), [("/regions", "parent"), ("/parks", "region")])
def test_bad_query(client: FlaskClient, path: str, parameter: str) -> None:
    response = client.get(f"/api/v1{path}?{parameter}=32&colour=red")
    assert response.status_code == 422
    assert without_request_id(response.json) == {
        "type": "urn:market:problem:validation-failed",
        "title": "输入有误",
        "status": 422,
        "detail": "提交的内容未通过校验，请查看各字段的说明。",
        "code": "validation-failed",
        "errors": [
            {"pointer": f"/{parameter}", "code": "invalid-value", "detail": "长度应为 6。"},
            {"pointer": "/colour", "code": "invalid-value", "detail": "没有这个字段。"},
        ],
    }
