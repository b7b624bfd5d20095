"""A desk at which people send requests; every test of contracts over HTTP sits at one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient

from market.accounts.rules import Actor, OrganisationKind
from market.contracts.rules import Status
from market.db import Database
from tests.factories import as_actor, make_actor
from tests.market.contracts.factories import Cast, contract_form, make_application

KEY = "key-0001-abcd"


@dataclass
class Desk:
    """The app with one cast of people; each request is a transaction of its own."""

    client: FlaskClient
    database: Database
    cast: Cast

    def send(self, method: str, path: str, actor: Actor | None, body: Any = None, **headers: str) -> Any:
        """Send a request as an actor and return the response."""
        if actor is not None:
            with self.database.transaction() as session:
                headers = as_actor(session, actor, **headers)
        return self.client.open(f"/api/v1{path}", method=method, json=body, headers=headers)

    def post(self, path: str, actor: Actor | None, body: Any = None, **headers: str) -> Any:
        """POST as an actor."""
        return self.send("POST", path, actor, body if body is not None else {}, **headers)

    def get(self, path: str, actor: Actor | None) -> Any:
        """GET as an actor."""
        return self.send("GET", path, actor)

    def application(self, status: Status, **values: Any) -> int:
        """Take an application up to this status and return its id."""
        with self.database.transaction() as session:
            contract_id = make_application(session, self.cast, status=status, **values).id
        self.cast.ledger.lines.clear()
        return contract_id

    def form(self, **values: Any) -> dict[str, Any]:
        """Return the JSON of an application."""
        form = contract_form(self.cast, **values)
        return {**form, "signed_on": form["signed_on"].isoformat()}

    def actor(self, kind: OrganisationKind) -> Actor:
        """Return a new actor of that kind."""
        with self.database.transaction() as session:
            return make_actor(session, kind)


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """Return the problem a response carries, which must have this status and code."""
    body = response.get_json()
    assert (response.status_code, body["code"]) == (status, code), body
    assert response.mimetype == "application/problem+json"
    return dict(body)
