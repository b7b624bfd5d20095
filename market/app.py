"""Wires the market together: settings, database, replica, extensions, routes."""

from __future__ import annotations

import flask

from market.accounts import api as accounts_api
from market.clock import Clock, SystemClock
from market.db import Database
from market.http.edge import Edge, attach_edge
from market.http.limits import limiter
from market.http.problem import MarketApi, register_error_handlers
from market.reference import api as reference_api
from market.settings import Settings


def create_app(
    settings: Settings, *, database: Database | None = None, clock: Clock | None = None
) -> flask.Flask:
    """Build one market.

    Args:
        settings: how it runs.
        database: used instead of one opened from the settings; for tests.
        clock: used instead of the machine's; for tests.
    """
    app = flask.Flask("market", static_folder=None)
    app.config.update(
        MAX_CONTENT_LENGTH=32 * 1024 * 1024,
        RATELIMIT_STORAGE_URI=settings.rate_limit_storage,
        API_TITLE="城市技术市场",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api/v1",
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # Flask types the base provider only
    attach_edge(
        app,
        Edge(
            settings=settings,
            database=database or Database(settings.database_url),
            clock=clock or SystemClock(),
        ),
    )
    limiter.init_app(app)
    register_error_handlers(app)
    api = MarketApi(app)
    for module in (reference_api, accounts_api):
        api.register_blueprint(module.blp)
    return app
