"""The schema's history leads to the models, and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import DatabaseError

import market.app  # noqa: F401  # knows all tables
from market import migrations
from market.contracts.models import StationDuty, StationTerritory
from market.contracts.rules import Duty
from market.db import Base, Database
from market.search.models import IndexIdentity, ListingVector, vector_digest
from market.turnover.models import TurnoverEntry
from market.turnover.rules import Reach
from market.turnover.service import verify
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


OLD_MARKET = Path(__file__).parent / "old_market.sql"
BEFORE_COUNTERS = "2026_11_24_ranking_weights"
OLD_DOCUMENT = """
    INSERT INTO search_documents (kind, record_id, title, body, facets)
    VALUES ('need', 7, '脱盐', '反渗透', :facets)
"""
OLD_VECTOR = """
    INSERT INTO listing_vectors (kind, record_id, encoder, vector)
    VALUES (:kind, :record_id, :encoder, :vector)
"""


def test_an_old_market_keeps_its_books_and_its_registrars(empty_database: Database) -> None:
    migrations.upgrade(empty_database.engine, BEFORE_COUNTERS)
    with empty_database.engine.begin() as connection:
        for statement in OLD_MARKET.read_text(encoding="utf-8").split(";\n")[:-1]:
            connection.execute(text(statement))
        vector = {"kind": "need", "record_id": 7, "encoder": "hashing-64", "vector": b"\x01" * 8}
        connection.execute(text(OLD_DOCUMENT), {"facets": "{}"})
        connection.execute(text(OLD_VECTOR), vector)
        connection.execute(text(OLD_VECTOR), {**vector, "encoder": "other"})
        connection.execute(text(OLD_VECTOR), {**vector, "record_id": 8})
    migrations.upgrade(empty_database.engine)
    with empty_database.reading() as session:
        own = vector_digest("脱盐\n反渗透", b"\x01" * 8)
        digests = session.scalars(
            select(ListingVector.digest).order_by(ListingVector.record_id, ListingVector.encoder)
        )
        assert digests.all() == [own, own, None]
        report = verify(session)
        assert report.first is None
        assert {(sums.deals, sums.total_fen, sums.tech_fen) for sums in report.sums.values()} == {
            (2, 600, 400)
        }
        reaches = session.scalars(select(TurnoverEntry.reach).order_by(TurnoverEntry.id))
        assert reaches.all() == [Reach.DOMESTIC] * 3 + [Reach.FOREIGN]
        assert set(session.scalars(select(StationDuty.duty))) == set(Duty)
        assert session.scalars(select(StationTerritory.region_code)).all() == ["320281"]
    with empty_database.engine.begin() as connection, pytest.raises(DatabaseError, match="append-only"):
        connection.execute(text("UPDATE turnover_entries SET total_fen = 1"))
    migrations.downgrade(empty_database.engine, BEFORE_COUNTERS)
    with empty_database.engine.connect() as connection:
        kept = connection.execute(text("SELECT sum(deals), sum(total_fen) FROM turnover_counters")).one()
    assert tuple(map(int, kept)) == (2 + 2 + 1, 600 + 600 + 300)  # registered, output, absorbed
