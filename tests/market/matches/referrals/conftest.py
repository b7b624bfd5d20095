"""A replica of the rolled-back database, and the people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from market.db import Database
from market.search.replica import Replica
from matching.lexicon import Lexicon
from tests.market.matches.referrals.factories import World, make_world
from tests.market.search.factories import make_replica


@pytest.fixture(scope="package")
def lexicon() -> Lexicon:
    """The shipped lexicon, read once."""
    return Lexicon.load()


@pytest.fixture
def replica(database: Database, tmp_path: Path, lexicon: Lexicon) -> Iterator[Replica]:
    """A replica of the rolled-back database."""
    replica = make_replica(database, tmp_path / "index", lexicon=lexicon).open()
    yield replica
    replica.close()


@pytest.fixture
def world(database: Database) -> World:
    """The people, committed."""
    with database.transaction() as session:
        return make_world(session)
