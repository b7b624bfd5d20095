"""The project of a contract over HTTP."""

from __future__ import annotations

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from tests.factories import as_actor, make_organisation, make_user, post
from tests.market.contracts.factories import make_contract
from tests.market.listings.answers import invalid, problem_of


def test_a_contract_becomes_a_project(client: FlaskClient, session: Session) -> None:
    seller, buyer = make_organisation(session), make_organisation(session)
    url = f"/contracts/{make_contract(session, seller=seller, buyer=buyer).id}/projects"
    headers = as_actor(session, actor_of(make_user(session, seller)))
    assert problem_of(post(client, url, headers)) == invalid(("/category", "此项必填。"))
    stranger = as_actor(session, actor_of(make_user(session, buyer)))
    refused = problem_of(post(client, url, stranger, {"category": "conversion"}))
    assert refused["code"] == "role-not-allowed"
    made = post(client, url, headers, {"category": "conversion"})
    assert made.status_code == 201
    project = made.get_json()
    assert (project["status"], project["origin"], project["total_fen"]) == (
        "proposed",
        "contract",
        100_000_000,
    )
    assert project["organisation"]["id"] == seller.id
