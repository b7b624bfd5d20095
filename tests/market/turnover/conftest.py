"""A small app with this feature's routes alone: figures need neither a model nor an index."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import flask
import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, event

from market.clock import FixedClock
from market.db import Database
from market.http.edge import Edge, attach_edge
from market.http.problem import MarketApi, register_error_handlers
from market.settings import Settings
from market.turnover import api as turnover_api


@pytest.fixture(scope="session")
def turnover_app() -> flask.Flask:
    """That app, built once, without a database."""
    app = flask.Flask("turnover")
    app.config.update(
        API_TITLE="台账", API_VERSION="v1", OPENAPI_VERSION="3.1.0", OPENAPI_URL_PREFIX="/api/v1"
    )
    register_error_handlers(app)
    MarketApi(app).register_blueprint(turnover_api.blp)
    return app


@pytest.fixture
def client(
    turnover_app: flask.Flask, settings: Settings, database: Database, clock: FixedClock
) -> FlaskClient:
    """A client of that app, without a token."""
    attach_edge(turnover_app, Edge(settings=settings, database=database, clock=clock))
    return turnover_app.test_client()


@dataclass
class Counted:
    """Statements sent to the database, savepoints apart."""

    statements: list[str] = field(default_factory=list)


@contextmanager
def counting(database: Database) -> Iterator[Counted]:
    """Count the statements sent to a database inside the block."""
    counted = Counted()

    def note(_: Connection, __: Any, statement: str, *rest: Any) -> None:
        if "SAVEPOINT" not in statement:
            counted.statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield counted
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
