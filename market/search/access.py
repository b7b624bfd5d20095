"""How views reach the process's replica."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import flask
import structlog

from market.errors import Unavailable
from market.search.replica import Replica
from matching.encoder import Encoder

log = structlog.get_logger()

_KEY = "market.search"
_CHANGED = "market.index_changed"


def attach_replica(app: flask.Flask, replica: Replica) -> None:
    """Make a replica available to this app's views."""
    app.extensions[_KEY] = replica


def current_replica() -> Replica:
    """Return the current app's replica."""
    return cast(Replica, flask.current_app.extensions[_KEY])


def current_encoder() -> Encoder:
    """Return the encoder with which the current app stores vectors."""
    return current_replica().encoder


def on_index_change(app: flask.Flask, work: Callable[[], object]) -> None:
    """Have work done after each commit that changed what may be found.

    What follows from such a change (suggestions) belongs to features above this one; the app hooks
    it in here. Work that was missed, as when the process dies, or left for being too much for one
    request, is made up for by the next call.
    """
    app.extensions[_CHANGED] = work


def index_changed() -> None:
    """Say, after the commit, that something became findable or ceased to be.

    The deed is done whatever follows: work for which the index is not available is left to the next call.
    """
    work = flask.current_app.extensions.get(_CHANGED)
    if work is None:
        return
    try:
        work()
    except Unavailable as error:
        log.warning("index.work_postponed", code=error.code)


def index_forgot() -> None:
    """Say, after the commit, that a record was forgotten: the snapshots on this machine go at once.

    Other machines follow with their next question. Where the index is not available, so does this one.
    """
    try:
        current_replica().catch_up()
    except Unavailable as error:
        log.warning("index.work_postponed", code=error.code)
    index_changed()
