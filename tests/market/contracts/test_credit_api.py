"""Attributions over HTTP: per endpoint one success, one refusal by role, one bad input."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.queries import actor_of
from market.accounts.rules import Actor, OrganisationKind
from market.contracts.models import Contract
from tests.factories import as_actor, make_organisation, make_user, post
from tests.market.contracts.factories import make_contract, make_registrar, make_station

pytestmark = pytest.mark.one_database("views; service/test_credit.py asks both")


@pytest.fixture
def agency(session: Session) -> Organisation:
    """A verified agency."""
    return make_organisation(session, OrganisationKind.AGENCY, name="江阴技术转移中心")


@pytest.fixture
def seller(session: Session) -> Organisation:
    """Who sells."""
    return make_organisation(session)


@pytest.fixture
def contract(session: Session, seller: Organisation) -> Contract:
    """A registered contract."""
    return make_contract(session, station=make_station(session), seller=seller)


@pytest.fixture
def registrar(session: Session, contract: Contract) -> Actor:
    """A registrar of its station."""
    return make_registrar(session, contract.station)


def _problem(response: Any) -> dict[str, Any]:
    """Return a problem without the number of its request."""
    body: dict[str, Any] = response.get_json()
    assert len(body.pop("request_id")) == 16
    return body


def test_the_station_credits_an_agency_and_both_sides_see_it(
    client: FlaskClient,
    session: Session,
    contract: Contract,
    agency: Organisation,
    registrar: Actor,
    seller: Organisation,
) -> None:
    broker = make_user(session, agency, name="周洁")
    headers = as_actor(session, registrar)
    form = {"agency_id": agency.id, "broker_id": broker.id, "role": "matching", "share_bp": 6_000}
    created = post(client, f"/contracts/{contract.id}/attributions", headers, form)
    assert created.status_code == 201
    body = created.get_json()
    assert {name: body[name] for name in form} == form
    assert (body["agency_name"], body["broker_name"], body["withdrawn_at"]) == (
        "江阴技术转移中心",
        "周洁",
        None,
    )
    withdrawn = post(client, f"/attributions/{body['id']}/withdrawals", headers)
    assert withdrawn.get_json()["withdrawn_at"] is not None
    theirs = as_actor(session, actor_of(make_user(session, seller)))
    shown = client.get(f"/api/v1/contracts/{contract.id}/attributions", headers=theirs).get_json()
    assert shown == [withdrawn.get_json()]


def test_a_party_credits_nobody(
    client: FlaskClient, session: Session, contract: Contract, agency: Organisation, seller: Organisation
) -> None:
    headers = as_actor(session, actor_of(make_user(session, seller)))
    form = {"agency_id": agency.id, "role": "matching", "share_bp": 1}
    refused = post(client, f"/contracts/{contract.id}/attributions", headers, form)
    assert (refused.status_code, refused.get_json()["code"]) == (403, "not-crediting")


def test_strangers_see_nothing(client: FlaskClient, session: Session, contract: Contract) -> None:
    headers = as_actor(session, actor_of(make_user(session, make_organisation(session))))
    refused = client.get(f"/api/v1/contracts/{contract.id}/attributions", headers=headers)
    assert (refused.status_code, refused.get_json()["code"]) == (404, "contract-not-found")
    refused = post(client, "/attributions/0/withdrawals", headers)
    assert (refused.status_code, refused.get_json()["code"]) == (404, "attribution-not-found")


def test_too_large_a_share_is_explained(
    client: FlaskClient, session: Session, contract: Contract, agency: Organisation, registrar: Actor
) -> None:
    headers = as_actor(session, registrar)
    url = f"/contracts/{contract.id}/attributions"
    form = {"agency_id": agency.id, "role": "matching", "share_bp": 6_000}
    assert post(client, url, headers, form).status_code == 201
    detail = "各机构份额之和不能超过10000（万分比），现余4000。"
    assert _problem(post(client, url, headers, form)) == {
        "type": "urn:market:problem:shares-exceed-whole",
        "title": "不符合规则",
        "status": 422,
        "detail": detail,
        "code": "shares-exceed-whole",
        "errors": [{"pointer": "/share_bp", "code": "shares-exceed-whole", "detail": detail}],
    }
    bad = _problem(post(client, url, headers, {**form, "share_bp": 0}))
    assert bad["errors"][0]["pointer"] == "/share_bp"
