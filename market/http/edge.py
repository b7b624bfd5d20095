"""What views take from the running app: the database, the clock, the settings.

Services never see these; they receive a session, an actor and the time as arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar, cast

import flask
from sqlalchemy.orm import Session

from market.clock import Clock
from market.db import Database, PageRequest
from market.settings import Settings

Result = TypeVar("Result")

_KEY = "market.edge"


@dataclass(frozen=True, slots=True)
class Edge:
    """The running app's own parts."""

    settings: Settings
    database: Database
    clock: Clock


def attach_edge(app: flask.Flask, edge: Edge) -> None:
    """Make an edge available to this app's views."""
    app.extensions[_KEY] = edge


def edge() -> Edge:
    """Return the current app's edge."""
    return cast(Edge, flask.current_app.extensions[_KEY])


def transaction() -> AbstractContextManager[Session]:
    """Open the view's writing transaction."""
    return edge().database.transaction()


def retrying(work: Callable[[Session], Result]) -> Result:
    """Do the view's work in a writing transaction, again if the database asks for it."""
    return edge().database.retrying(work)


def reading() -> AbstractContextManager[Session]:
    """Open the view's read-only session."""
    return edge().database.reading()


def now() -> datetime:
    """Return the present, aware UTC."""
    return edge().clock.now()


def page_request(args: dict[str, object]) -> PageRequest:
    """Take `cursor` and `limit` out of parsed query arguments."""
    return PageRequest(
        cursor=cast("str | None", args.pop("cursor", None)), limit=cast(int, args.pop("limit", 20))
    )
