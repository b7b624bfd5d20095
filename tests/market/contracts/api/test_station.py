"""Stations over HTTP: whom they serve, who does what in them."""

from __future__ import annotations

import pytest

from market.accounts.rules import OPERATOR
from market.contracts.rules import Status
from tests.factories import make_user
from tests.market.contracts.desk import Desk, problem

pytestmark = pytest.mark.one_database("views; service/ and test_queries.py ask both")


def test_stations_are_public_with_their_territories(desk: Desk) -> None:
    station = desk.cast.station
    path = f"/stations/{station.id}/territories"
    body = {"region_code": "320282", "source": "设立批复"}
    added = desk.post(path, desk.cast.bureau, body)
    assert added.status_code == 200
    shown = {
        "id": station.id,
        "name": station.name,
        "region_code": "320281",
        "region_name": "江阴市",
        "territories": [{"region_code": "320282", "region_name": "宜兴市", "source": "设立批复"}],
    }
    assert added.get_json() == shown
    assert desk.get("/stations", None).get_json() == {"items": [shown], "next_cursor": None}
    assert desk.get("/stations?region=320282", None).get_json()["items"] == [shown]
    assert desk.get("/stations?region=320281", None).get_json()["items"] == []
    problem(desk.get("/stations?region=32", None), 422, "validation-failed")
    problem(desk.post(path, desk.cast.registrar, body), 403, "not-overseeing")
    problem(desk.post(path, desk.cast.bureau, {**body, "region_code": "999999"}), 422, "unknown-code")
    removed = desk.send("DELETE", f"{path}/320282", desk.cast.bureau)
    assert (removed.status_code, removed.get_json()["territories"]) == (200, [])
    problem(desk.send("DELETE", f"{path}/320282", desk.cast.bureau), 404, "territory-not-found")
    problem(desk.send("DELETE", f"{path}/320282", desk.cast.seller), 403, "not-overseeing")


def test_duties_are_granted_shown_and_ended(desk: Desk) -> None:
    with desk.database.transaction() as session:
        person = make_user(session, desk.cast.station)
    path = f"/stations/{desk.cast.station.id}/duties"
    body = {"user_id": person.id, "duty": "approve"}
    granted = desk.post(path, desk.cast.bureau, body)
    assert granted.status_code == 201
    duty = granted.get_json()
    assert (duty["user_name"], duty["duty_name"]) == (person.name, "审批员")
    assert (duty["valid_from"], duty["valid_to"]) == ("2025-06-10", None)
    problem(desk.post(path, desk.cast.bureau, body), 409, "duty-held")
    problem(desk.post(path, desk.cast.registrar, body), 403, "not-overseeing")
    stranger = {**body, "user_id": desk.cast.seller.user_id}
    problem(desk.post(path, desk.cast.bureau, stranger), 422, "not-of-station")
    refused = problem(desk.post(path, desk.cast.bureau, {"duty": "cook"}), 422, "validation-failed")
    assert {error["pointer"] for error in refused["errors"]} == {"/duty", "/user_id"}
    assert desk.get(path, desk.cast.registrar).get_json()[-1] == duty
    problem(desk.get(path, desk.cast.seller), 403, "not-the-station")
    problem(desk.get("/stations/999999/duties", desk.cast.bureau), 404, "station-not-found")
    ending = f"/station-duties/{duty['id']}/endings"
    problem(desk.post(ending, desk.cast.registrar), 403, "not-overseeing")
    assert desk.post(ending, desk.cast.bureau).get_json()["valid_to"] == "2025-06-09"
    problem(desk.post(ending, desk.cast.bureau), 409, "duty-ended")
    problem(desk.post("/station-duties/999999/endings", desk.cast.bureau), 404, "station-duty-not-found")
    assert desk.post(path, desk.cast.bureau, body).status_code == 201


def test_without_its_duty_a_step_names_it(desk: Desk) -> None:
    contract_id = desk.application(Status.SUBMITTED)
    with desk.database.transaction() as session:
        person = make_user(session, desk.cast.station)
    newcomer = type(OPERATOR)(
        person.id, person.role, desk.cast.station.id, region_code="320281", verified=True
    )
    body = problem(desk.post(f"/contracts/{contract_id}/acceptances", newcomer), 403, "duty-missing")
    del body["request_id"]
    assert body == {
        "type": "urn:market:problem:duty-missing",
        "title": "没有权限",
        "status": 403,
        "detail": "您不是该登记机构的登记员、审批员、大额审批员，不能受理；人员分工由主管部门确定。",
        "code": "duty-missing",
    }
