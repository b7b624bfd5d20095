"""The desk for all tests of contracts over HTTP."""

from __future__ import annotations

import flask
import pytest
from flask.testing import FlaskClient

from market.contracts.api import LEDGER_KEY
from market.db import Database
from tests.market.contracts.desk import Desk
from tests.market.contracts.factories import make_cast


@pytest.fixture
def desk(app: flask.Flask, client: FlaskClient, database: Database) -> Desk:
    """The whole market with one cast of people, and a ledger that remembers."""
    with database.transaction() as session:
        cast = make_cast(session)
    app.extensions[LEDGER_KEY] = cast.ledger
    return Desk(client, database, cast)
