"""The schema's history. Alembic is configured here, in code; there is no ini file.

Migrations import no models: they must go on working when the models have moved on.
"""

from __future__ import annotations

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
    with engine.begin() as connection:
        command.upgrade(config(connection), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the schema back to a revision (`base` for an empty database), in one transaction."""
    with engine.begin() as connection:
        command.downgrade(config(connection), revision)


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
