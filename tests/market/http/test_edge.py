"""What views take from the app is what the app was built with."""

from __future__ import annotations

import flask
import pytest

from market.clock import FixedClock
from market.db import Database, PageRequest
from market.http.edge import edge, now, page_request, reading, transaction
from market.settings import Settings
from tests.factories import NOW


def test_edge_is_the_apps_own(
    app: flask.Flask, database: Database, clock: FixedClock, settings: Settings
) -> None:
    with app.app_context():
        assert edge().database is database
        assert edge().settings is settings
        assert now() == NOW
        clock.advance(hours=1)
        assert (now() - NOW).total_seconds() == 3600
        with transaction() as writing, reading() as session:
            assert writing is not session


def test_edge_outside_an_app_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="application context"):
        edge()


def test_page_is_taken_out_of_the_arguments() -> None:
    args: dict[str, object] = {"cursor": "abc", "limit": 5, "kind": "enterprise"}
    assert page_request(args) == PageRequest("abc", 5)
    assert args == {"kind": "enterprise"}
    assert page_request({}) == PageRequest(None, 20)
