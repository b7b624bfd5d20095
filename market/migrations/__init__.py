"""The schema's history. Alembic is configured here, in code; there is no ini file.

Migrations import no models: they must go on working when the models have moved on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData


def config(connection: Connection | None = None, *, metadata: MetaData | None = None) -> Config:
    """Return Alembic's configuration.

    Args:
        connection: on which migrations run.
        metadata: the models' tables; only needed to compare or to draft a migration.
    """
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent))
    settings.set_main_option("path_separator", "os")
    settings.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(slug)s")
    settings.attributes["connection"] = connection
    settings.attributes["metadata"] = metadata
    return settings


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the schema up to a revision, in one transaction."""
    with _changing(engine) as connection:
        command.upgrade(config(connection), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the schema back to a revision (`base` for an empty database), in one transaction."""
    with _changing(engine) as connection:
        command.downgrade(config(connection), revision)


@contextmanager
def _changing(engine: Engine) -> Iterator[Connection]:
    """Open the transaction in which the schema changes.

    SQLite makes a table anew to change a column of it, and dropping the old one would offend the rows
    that point there: references are not enforced meanwhile, but all checked before the commit. It
    takes this setting only outside of transactions.
    """
    sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as connection:
        if sqlite:
            _enforce(connection, "OFF")
        try:
            with connection.begin():
                yield connection
                if sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
                    raise RuntimeError(f"the migration leaves broken references: {broken[:5]}")
        finally:
            if sqlite:
                _enforce(connection, "ON")


def _enforce(connection: Connection, state: str) -> None:
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA foreign_keys = {state}")
    cursor.close()


def draft(engine: Engine, metadata: MetaData, message: str) -> None:
    """Write a migration from the schema as it is to the models as they are, to be read and mended."""
    with engine.begin() as connection:
        command.revision(config(connection, metadata=metadata), message, autogenerate=True)


def current(engine: Engine) -> str | None:
    """Return the schema's revision; None for an empty database."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str | None:
    """Return the newest revision there is."""
    return ScriptDirectory.from_config(config()).get_current_head()
