"""Limits on how often one address may try something; counted in memory or in Redis."""

from __future__ import annotations

import flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from market.http.edge import edge

limiter = Limiter(get_remote_address, default_limits=[])


def login_limit() -> str:
    """Return the limit on login attempts, from the settings."""
    return edge().settings.login_limit


def login_key() -> str:
    """Count attempts per address and login name, so that one guesser does not lock out an office."""
    body = flask.request.get_json(silent=True)
    login = body.get("login") if isinstance(body, dict) else None
    return f"{get_remote_address()}|{str(login)[:64].lower()}"
