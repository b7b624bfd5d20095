"""What looks odd in registrations over HTTP."""

from __future__ import annotations

import pytest

from tests.market.contracts.factories import make_contract
from tests.market.listings.answers import UNAUTHENTICATED, invalid, problem, problem_of
from tests.market.oversight.conftest import Office

pytestmark = pytest.mark.one_database("views; test_service.py and queries/ ask both")

URL = "/registration-anomalies"
COMPLETENESS = "/registration-completeness"
NOT_OVERSEEING = problem(403, "not-overseeing", title="没有权限", detail="只有主管部门和登记机构可以查看。")


def test_list(office: Office) -> None:
    contract = make_contract(
        office.session,
        station=office.cast.station,
        seller=office.cast.seller_organisation,
        buyer=office.cast.buyer_organisation,
        related_party=True,
    )
    body = office.get(URL, office.cast.bureau, kind="related").get_json()
    assert (body["region"], body["year"], body["contracts"]) == ("320200", 2025, 1)
    assert {"kind": "related", "kind_name": "关联交易", "findings": 1} in body["counts"]
    assert len(body["counts"]) == 8
    assert {entry["kind"] for entry in body["not_judged"]} == {"tech_share", "year_end_round"}
    (finding,) = body["items"]
    assert (finding["severity"], finding["severity_name"]) == ("low", "供参考")
    assert finding["contract_count"] == 1
    assert finding["contracts"] == [
        {
            "id": contract.id,
            "reg_no": contract.reg_no,
            "project_name": contract.project_name,
            "station_id": office.cast.station.id,
            "seller_name": office.cast.seller_organisation.name,
            "buyer_name": office.cast.buyer_organisation.name,
            "signed_on": "2025-05-20",
            "registered_on": "2025-06-10",
            "total_fen": 100_000_000,
            "tech_fen": 80_000_000,
        }
    ]


def test_list_is_for_those_who_oversee(office: Office) -> None:
    assert problem_of(office.get(URL, office.cast.seller)) == NOT_OVERSEEING
    assert problem_of(office.get(URL, None)) == UNAUTHENTICATED


def test_list_refuses_bad_input(office: Office) -> None:
    refused = problem_of(office.get(URL, office.cast.bureau, kind="odd"))
    assert refused == invalid(
        (
            "/kind",
            "应为以下之一：repeated_parties, reciprocal, related, split, below_threshold, tech_share, "
            "year_end_round, incomplete。",
        )
    )


def test_completeness(office: Office) -> None:
    make_contract(office.session, station=office.cast.station)
    body = office.get(COMPLETENESS, office.cast.registrar, year=2025).get_json()
    assert (body["station_id"], body["year"], body["contracts"]) == (office.cast.station.id, 2025, 1)
    assert body["fields"][3] == {
        "station_id": office.cast.station.id,
        "station_name": office.cast.station.name,
        "field": "seo",
        "field_name": "社会经济目标",
        "asked": 1,
        "filled": 0,
        "percent": "0.0%",
    }


def test_completeness_is_for_those_who_oversee(office: Office) -> None:
    assert problem_of(office.get(COMPLETENESS, office.cast.buyer)) == NOT_OVERSEEING


def test_completeness_refuses_bad_input(office: Office) -> None:
    refused = problem_of(office.get(COMPLETENESS, office.cast.bureau, year=1))
    assert refused == invalid(("/year", "应不小于 1900 且不大于 2100。"))
