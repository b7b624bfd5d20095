"""Deals not yet registered over HTTP."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from market.contracts.rules import Status
from tests.market.contracts.factories import make_contract
from tests.market.listings.answers import UNAUTHENTICATED, invalid, problem, problem_of
from tests.market.oversight.conftest import Office

pytestmark = pytest.mark.one_database("views; test_service.py and queries/ ask both")

URL = "/unregistered-deals"
FILE = "/unregistered-deals/files/xlsx"
NOT_OVERSEEING = problem(403, "not-overseeing", title="没有权限", detail="只有主管部门和登记机构可以查看。")


def test_list(office: Office) -> None:
    contract = make_contract(office.session, station=office.cast.station, status=Status.RETURNED)
    body = office.get(URL, office.cast.bureau, min_days=10, region="320281").get_json()
    (item,) = body.pop("items")
    bands = [
        {"band": "0-15", "band_name": "15天以内", "deals": 0},
        {"band": "16-30", "band_name": "16至30天", "deals": 1},
        {"band": "31-90", "band_name": "31至90天", "deals": 0},
        {"band": "91-", "band_name": "90天以上", "deals": 0},
    ]
    station = office.cast.station
    assert body == {
        "region": "320281",
        "station_id": None,
        "as_of": "2025-06-10",
        "total": 1,
        "bands": bands,
        "stations": [{"station_id": station.id, "station_name": station.name, "deals": 1, "bands": bands}],
        "next_cursor": None,
    }
    assert (item["source"], item["source_id"], item["days"]) == ("contract", contract.id, 21)
    assert (item["stage_name"], item["waits_for_name"]) == ("已退回补正", "申请单位")
    assert (item["total_fen"], item["band"]) == (100_000_000, "16-30")


def test_list_is_for_those_who_oversee(office: Office) -> None:
    assert problem_of(office.get(URL, office.cast.seller)) == NOT_OVERSEEING
    assert problem_of(office.get(URL, None)) == UNAUTHENTICATED


def test_list_refuses_bad_input(office: Office) -> None:
    refused = office.get(URL, office.cast.bureau, min_days=-1, region="无锡")
    assert problem_of(refused) == invalid(
        ("/region", "应为六位行政区划代码。"), ("/min_days", "应不小于 0 且不大于 36500。")
    )


def test_file(office: Office) -> None:
    make_contract(office.session, station=office.cast.station, status=Status.RETURNED)
    response = office.get(FILE, office.cast.registrar)
    assert response.status_code == 200
    assert response.mimetype == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert quote("未登记合同2025-06-10.xlsx") in response.headers["Content-Disposition"]
    assert response.data.startswith(b"PK")


def test_file_is_for_those_who_oversee(office: Office) -> None:
    assert problem_of(office.get(FILE, office.cast.buyer)) == NOT_OVERSEEING


def test_file_has_no_pages(office: Office) -> None:
    assert problem_of(office.get(FILE, office.cast.bureau, limit=5)) == invalid(("/limit", "没有这个字段。"))
