"""The browsable page of the API at `/docs`, from files we ship; nothing is fetched from elsewhere."""

from __future__ import annotations

import flask
from flask.typing import ResponseReturnValue

blp = flask.Blueprint(
    "web", __name__, template_folder="templates", static_folder="static", static_url_path="/static"
)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of the page: the browser itself refuses any outside request."""


@blp.get("/")
def show_home() -> ResponseReturnValue:
    """Lead whoever asks for the market itself to the one page there is."""
    return flask.redirect(flask.url_for("web.show_docs"))


@blp.get("/docs")
def show_docs() -> flask.Response:
    """Show the OpenAPI document in Swagger UI."""
    response = flask.make_response(flask.render_template("docs.html"))
    response.headers["Content-Security-Policy"] = POLICY
    return response
