"""The people around oversight with a client, each request with a token of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from tests.factories import as_actor
from tests.market.contracts.factories import Cast, make_cast


@dataclass
class Office:
    """The app with one cast of people."""

    client: FlaskClient
    session: Session
    cast: Cast

    def send(
        self,
        method: str,
        url: str,
        actor: Actor | None,
        body: Any = None,
        *,
        headers: Any = None,
        **query: Any,
    ) -> Any:
        """Send a request as an actor; None sends it without a token."""
        own = as_actor(self.session, actor) if actor is not None else {}
        return self.client.open(
            f"/api/v1{url}",
            method=method,
            json=body,
            headers={**own, **(headers or {})},
            query_string=query,
        )

    def get(self, url: str, actor: Actor | None, **query: Any) -> Any:
        """GET as an actor."""
        return self.send("GET", url, actor, **query)

    def post(self, url: str, actor: Actor | None, body: Any = None) -> Any:
        """POST as an actor."""
        return self.send("POST", url, actor, body if body is not None else {})


@pytest.fixture
def office(client: FlaskClient, session: Session) -> Office:
    """A client with a cast of people."""
    return Office(client, session, make_cast(session))
