"""How views reach the replica, and what an app may have done after a change."""

from __future__ import annotations

import flask
import pytest

from market.db import Database
from market.search.access import (
    attach_replica,
    current_encoder,
    current_replica,
    index_changed,
    on_index_change,
)
from tests.market.search.factories import ENCODER, make_replica


@pytest.fixture
def bare() -> flask.Flask:
    """An app with nothing attached."""
    return flask.Flask("bare")


def test_views_find_the_replica_of_their_own_app(
    bare: flask.Flask, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    replica = make_replica(database, tmp_path_factory.mktemp("index"))
    attach_replica(bare, replica)
    with bare.app_context():
        assert current_replica() is replica
        assert current_encoder() is ENCODER
    with flask.Flask("other").app_context(), pytest.raises(KeyError):
        current_replica()


def test_work_that_was_hooked_in_is_done_after_every_change(bare: flask.Flask) -> None:
    done: list[str] = []
    with bare.app_context():
        index_changed()  # nobody wants to know
        on_index_change(bare, lambda: done.append("worked off"))
        assert done == []
        index_changed()
        index_changed()
    assert done == ["worked off"] * 2
