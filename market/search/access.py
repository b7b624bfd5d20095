"""How views reach the process's replica."""

from __future__ import annotations

from typing import cast

import flask

from market.search.replica import Replica
from matching.encoder import Encoder

_KEY = "market.search"


def attach_replica(app: flask.Flask, replica: Replica) -> None:
    """Make a replica available to this app's views."""
    app.extensions[_KEY] = replica


def current_replica() -> Replica:
    """Return the current app's replica."""
    return cast(Replica, flask.current_app.extensions[_KEY])


def current_encoder() -> Encoder:
    """Return the encoder with which the current app stores vectors."""
    return current_replica().encoder
