"""A small app with the market's HTTP helpers and views that fail in every way a view can."""

from __future__ import annotations

from typing import Any

import flask
import pytest
from flask.testing import FlaskClient
from marshmallow import fields, validate
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError

from market.errors import (
    Conflict,
    NotFound,
    PermissionDenied,
    RuleViolation,
    StaleVersion,
    Unauthenticated,
    Unavailable,
)
from market.http.problem import MarketApi, register_error_handlers
from market.http.schema import (
    MarketBlueprint,
    MarketSchema,
    Moment,
    MoneyFen,
    PageArgs,
    TimeOfDay,
    text,
)

SECRET = "password=hunter2"


class PlaceInput(MarketSchema):
    town = text(1, 10, required=True)


class TrialInput(MarketSchema):
    """One field of every kind the market uses, all open to nonsense."""

    name = text(2, 5)
    price_fen = MoneyFen()
    share = fields.Float(validate=validate.Range(min=0, min_inclusive=False, max=1))
    day = fields.Date()
    at = Moment()
    opens = TimeOfDay()
    open = fields.Boolean()
    place = fields.Nested(PlaceInput)
    places = fields.List(fields.Nested(PlaceInput), validate=validate.Length(max=2))
    extra = fields.Dict(keys=fields.String(), values=fields.Integer())


class CodesArgs(PageArgs):
    code = fields.List(fields.String())


def raising(error: Exception) -> Any:
    def view() -> None:
        raise error

    return view


def aborting(status: int) -> Any:
    return lambda: flask.abort(status)


class Unfit(RuleViolation):
    """A class the table of statuses does not name; its parent stands there."""

    code = "unfit"


FAILURES: dict[str, Any] = {
    "not-found": raising(NotFound("没有。", code="thing-not-found")),
    "unauthenticated": raising(Unauthenticated("请登录。")),
    "denied": raising(PermissionDenied("不行。")),
    "conflict": raising(Conflict("冲突。")),
    "stale": raising(StaleVersion("过期。")),
    "violation": raising(RuleViolation("违规。")),
    "unfit": raising(Unfit("不合适。")),
    "unavailable": raising(Unavailable("稍后。")),
    "bug": raising(RuntimeError(SECRET)),
    "lost-race": raising(StaleDataError(SECRET)),
    "not-null": raising(IntegrityError(SECRET, {}, Exception("NOT NULL"))),
    "no-database": raising(OperationalError(SECRET, {}, Exception("gone"))),
    "teapot": aborting(418),
    "abort-500": aborting(500),
    "ready-made": lambda: flask.abort(flask.Response("自备", status=409, mimetype="text/plain")),
}


def make_blueprint() -> MarketBlueprint:
    """Return views that read a body, a query and a path, and give back what they read."""
    blp = MarketBlueprint("trials", __name__, description="试验")

    @blp.route("/trials", methods=["POST"])
    @blp.arguments(TrialInput)
    def trial(form: dict[str, Any]) -> Any:
        return flask.jsonify(sorted(form))

    @blp.route("/trials")
    @blp.arguments(CodesArgs, location="query")
    def trials(args: dict[str, Any]) -> Any:
        return flask.jsonify(args)

    @blp.route("/forms", methods=["POST"])
    @blp.arguments(TrialInput, location="form")
    def trial_form(form: dict[str, Any]) -> Any:
        return flask.jsonify(sorted(form))

    @blp.route("/numbers/<int:part>")
    @blp.route("/words/<part>")
    def echo(part: int | str) -> Any:
        return flask.jsonify(part)

    return blp


def make_app(*blueprints: MarketBlueprint) -> flask.Flask:
    """Return an app that has these views and answers errors as the market does."""
    app = flask.Flask(__name__, static_folder=None)
    app.config.update(
        API_TITLE="试验", API_VERSION="v1", OPENAPI_VERSION="3.1.0", MAX_CONTENT_LENGTH=1024 * 1024
    )
    register_error_handlers(app)
    api = MarketApi(app)
    for blueprint in blueprints:
        api.register_blueprint(blueprint)
    return app


@pytest.fixture(scope="session")
def faulty_app() -> flask.Flask:
    """An app with the blueprint above, and the failures under `/api/v1/fail/` and `/fail/`."""
    app = make_app(make_blueprint())
    for name, view in FAILURES.items():
        app.add_url_rule(f"/api/v1/fail/{name}", f"api-{name}", view)
        app.add_url_rule(f"/fail/{name}", f"page-{name}", view)
    return app


@pytest.fixture
def faulty(faulty_app: flask.Flask) -> FlaskClient:
    """A client of that app."""
    return faulty_app.test_client()


def without_request_id(problem: Any) -> Any:
    """Return a problem document without the number that differs each time; it must be there."""
    assert len(problem["request_id"]) == 16
    return {name: value for name, value in problem.items() if name != "request_id"}
