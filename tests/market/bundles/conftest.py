"""A replica for tests that release bundles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from market.db import Database
from market.search.replica import Replica
from tests.market.search.factories import make_replica


@pytest.fixture
def replica(database: Database, tmp_path: Path) -> Iterator[Replica]:
    """A replica of the rolled-back database."""
    replica = make_replica(database, tmp_path / "index").open()
    yield replica
    replica.close()
