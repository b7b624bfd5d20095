"""A desk to send requests from, for the papers a station deals with."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.contracts.models import Contract
from market.contracts.rules import Status
from market.db import Database
from tests.factories import as_actor
from tests.market.contracts.factories import Cast, make_cast, make_contract

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


@dataclass
class Desk:
    """The app with one cast of people; each request is a transaction of its own."""

    app: flask.Flask
    client: FlaskClient
    database: Database
    cast: Cast

    def send(self, method: str, path: str, actor: Actor | None, **options: Any) -> Any:
        """Send a request as an actor and return the response."""
        headers: dict[str, str] = {}
        if actor is not None:
            with self.database.transaction() as session:
                headers = as_actor(session, actor)
        return self.client.open(f"/api/v1{path}", method=method, headers=headers, **options)

    def post(self, path: str, actor: Actor | None, body: Any = None) -> Any:
        """POST JSON as an actor."""
        return self.send("POST", path, actor, json=body if body is not None else {})

    def get(self, path: str, actor: Actor | None = None) -> Any:
        """GET as an actor."""
        return self.send("GET", path, actor)

    def upload(
        self,
        contract_id: int,
        actor: Actor | None,
        *,
        content: bytes = PDF,
        name: str = "合同.pdf",
        kind: str = "contract_text",
        **fields: Any,
    ) -> Any:
        """Hand a paper in as an actor."""
        return self.send(
            "POST",
            f"/contracts/{contract_id}/documents",
            actor,
            data={"kind": kind, "file": (io.BytesIO(content), name), **fields},
            content_type="multipart/form-data",
        )

    def contract(self, status: Status = Status.REGISTERED, **values: Any) -> int:
        """Insert a contract of the cast and return its id."""
        with self.database.transaction() as session:
            return self.insert(session, status, **values).id

    def insert(self, session: Session, status: Status = Status.REGISTERED, **values: Any) -> Contract:
        """Insert a contract of the cast in an open transaction."""
        return make_contract(
            session,
            station=self.cast.station,
            seller=self.cast.seller_organisation,
            buyer=self.cast.buyer_organisation,
            status=status,
            **values,
        )


def open_desk(app: flask.Flask, client: FlaskClient, database: Database) -> Desk:
    """Return a desk with a new cast."""
    with database.transaction() as session:
        cast = make_cast(session)
    return Desk(app, client, database, cast)


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """Return the body of an error without its request id, after checking what kind of error it is."""
    body = dict(response.get_json())
    assert (response.status_code, body["code"]) == (status, code), body
    assert response.mimetype == "application/problem+json"
    assert body.pop("request_id")
    return body
