"""A process that registers contracts over HTTP one after another, for tests that kill it."""

from __future__ import annotations

from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import flask

from market.clock import FixedClock
from market.contracts import api as contracts_api
from market.contracts.api import LEDGER_KEY
from market.db import Database
from market.http.edge import Edge, attach_edge
from market.http.problem import MarketApi, register_error_handlers
from market.settings import Settings
from market.turnover.ledger import TurnoverLedger
from tests.factories import NOW


def register(url: str, token: str, contracts: Sequence[int], heard: Connection) -> None:
    """Register contracts, each under a key of its own that is the same in every process.

    Args:
        url: of the database.
        token: of the approver.
        contracts: which, in this order.
        heard: is told of each its number, the status of the answer, and whether that was a repeated one.
    """
    app = flask.Flask("kills")
    app.config.update(
        API_TITLE="登记", API_VERSION="v1", OPENAPI_VERSION="3.1.0", OPENAPI_URL_PREFIX="/api/v1"
    )
    settings = Settings(database_url=url, data_dir=Path("."), login_limit="1000 per minute")
    attach_edge(app, Edge(settings=settings, database=Database(url), clock=FixedClock(NOW)))
    app.extensions[LEDGER_KEY] = TurnoverLedger()
    register_error_handlers(app)
    MarketApi(app).register_blueprint(contracts_api.blp)
    client = app.test_client()
    for contract in contracts:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"registration-{contract}"}
        answer = client.post(f"/api/v1/contracts/{contract}/approvals", headers=headers)
        heard.send((contract, answer.status_code, "Idempotency-Replayed" in answer.headers))
    heard.close()
