"""Wires the market together: settings, database, replica, extensions, routes."""

from __future__ import annotations

import flask
from werkzeug.middleware.proxy_fix import ProxyFix

from market import logs
from market.accounts import api as accounts_api
from market.bundles import api as bundles_api
from market.challenges import api as challenges_api
from market.clock import Clock, clock_of
from market.conduct import api as conduct_api
from market.contracts import api as contracts_api
from market.db import Database
from market.exchange import api as exchange_api
from market.http.edge import Edge, attach_edge
from market.http.limits import limiter
from market.http.problem import MarketApi, register_error_handlers
from market.libraries import api as libraries_api
from market.listings import api as listings_api
from market.matches import api as matches_api
from market.matches import suggesting
from market.network import api as network_api
from market.oversight import api as oversight_api
from market.rankings import api as rankings_api
from market.reference import api as reference_api
from market.search.access import attach_replica, on_index_change
from market.search.documents import Encoder
from market.search.replica import open_encoder, open_replica
from market.settings import MAX_REQUEST_BYTES, Settings
from market.turnover import api as turnover_api
from market.turnover.ledger import TurnoverLedger
from market.web import docs

BLUEPRINTS = (
    reference_api.blp,
    accounts_api.blp,
    listings_api.blp,
    libraries_api.blp,
    conduct_api.blp,
    matches_api.blp,
    bundles_api.blp,
    challenges_api.blp,
    contracts_api.blp,
    turnover_api.blp,
    oversight_api.blp,
    rankings_api.blp,
    network_api.blp,
    exchange_api.blp,
)


def create_app(
    settings: Settings,
    *,
    database: Database | None = None,
    clock: Clock | None = None,
    encoder: Encoder | None = None,
) -> flask.Flask:
    """Build one market.

    Args:
        settings: how it runs.
        database: used instead of one opened from the settings; for tests.
        clock: used instead of the machine's; for tests.
        encoder: used instead of the model named in the settings; for tests.

    Raises:
        EncoderMissing: the model named in the settings, or the one the market runs on, is not on this
            machine.
    """
    logs.configure(as_json=settings.log_json)
    app = flask.Flask("market", static_folder=None)
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        RATELIMIT_STORAGE_URI=settings.rate_limit_storage,
        API_TITLE="城市技术市场",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api/v1",
        API_SPEC_OPTIONS={
            "security": [{"bearer": []}, {}],
            "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
        },
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # Flask types the base provider only
    database = database or Database(settings.database_url)
    clock = clock or clock_of(settings.sample_day)
    attach_edge(app, Edge(settings=settings, database=database, clock=clock))
    replica = open_replica(settings, database, encoder or open_encoder(settings))
    attach_replica(app, replica)
    app.extensions["market.ledger"] = TurnoverLedger()
    # For a while only: what is left over is worked off by the requests that follow, or by the daily command.
    limit = suggesting.REQUEST_SECONDS
    on_index_change(app, lambda: suggesting.catch_up(database, replica, clock, seconds=limit))
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    limiter.init_app(app)
    register_error_handlers(app)
    api = MarketApi(app)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    app.register_blueprint(docs.blp)
    app.add_url_rule("/health", view_func=_health)
    return app


def _health() -> dict[str, str]:
    """Tell a load balancer that this process answers."""
    return {"status": "ok"}
