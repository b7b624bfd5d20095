"""The schema's history leads to the models, and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, select

from market import migrations
from market.db import Base, Database
from market.search.models import IndexIdentity
from tests.conftest import BACKENDS, empty_database_url


@pytest.fixture(params=BACKENDS)
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    database = Database(empty_database_url(request.param, tmp_path, request))
    yield database
    database.dispose()


def test_migrations_lead_to_the_models(empty_database: Database) -> None:
    migrations.upgrade(empty_database.engine)
    with empty_database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    assert migrations.current(empty_database.engine) == migrations.head()


def test_migrations_go_down_and_up_again(empty_database: Database) -> None:
    migrations.upgrade(empty_database.engine)
    migrations.downgrade(empty_database.engine, "base")
    assert set(inspect(empty_database.engine).get_table_names()) <= {"alembic_version"}
    migrations.upgrade(empty_database.engine)
    assert set(Base.metadata.tables) <= set(inspect(empty_database.engine).get_table_names())


def test_a_new_database_has_an_identity_of_its_own(empty_database: Database) -> None:
    migrations.upgrade(empty_database.engine)
    with empty_database.reading() as session:
        first = session.scalar(select(IndexIdentity.database))
    migrations.downgrade(empty_database.engine, "base")
    migrations.upgrade(empty_database.engine)
    with empty_database.reading() as session:
        assert session.scalar(select(IndexIdentity.database)) not in {None, first}
