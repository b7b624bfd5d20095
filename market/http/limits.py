"""Limits on how often one address may try something; counted in memory or in Redis."""

from __future__ import annotations

import math
import time

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
    try:
        body = flask.request.get_json(silent=True)
    except RecursionError:  # nested without end; the parser will refuse it
        body = None
    login = body.get("login") if isinstance(body, dict) else None
    return f"{get_remote_address()}|{str(login)[:64].lower()}"


def seconds_to_wait() -> int:
    """Return after how many seconds the limit that refused this request opens again; at least one."""
    limit = limiter.current_limit
    return 1 if limit is None else max(1, math.ceil(limit.reset_at - time.time()))
