"""The snapshots on this machine's disk, of all models, and which of them may not stay there.

Whatever was built while a record was there keeps traces of it after it was taken out: words in the
segments of the word index, counts of characters, facets. So every snapshot names the last record that had
been forgotten before its index was built, and once another one is forgotten it must go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy.orm import Session

from market.search import queries
from matching.store import drop_snapshots, find_snapshots, locked

log = structlog.get_logger()

_BUILDING: Final = "building"


@dataclass(frozen=True, slots=True)
class Origin:
    """What an index was built from.

    Attributes:
        database: its identity.
        forgotten: `seq` of the last record to be forgotten before the index was built; 0 where none was.
    """

    database: str
    forgotten: int

    @classmethod
    def of(cls, session: Session) -> Origin:
        """Return what an index would be built from now.

        Raises:
            Unavailable: the database has no tables yet.
        """
        return cls(queries.database_identity(session), queries.last_forgotten(session))

    def labels(self, seq: int) -> dict[str, str]:
        """Return the labels of a snapshot that has followed the database up to `seq`."""
        return {"database": self.database, "seq": str(seq), "forgotten": str(self.forgotten)}

    def has(self, labels: Mapping[str, str]) -> bool:
        """Tell whether a snapshot has this origin; those of older programs do not name one."""
        return labels.get("database") == self.database and labels.get("forgotten", "0") == str(self.forgotten)


class Snapshots:
    """A folder with the snapshots of all models, one sub-folder for each.

    Args:
        folder: made when the first snapshot is saved.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place(self, encoder_key: str) -> Path:
        """Return the sub-folder of a model."""
        return self._folder / re.sub(r"[^A-Za-z0-9._@-]", "_", encoder_key)

    def building(self, encoder_key: str) -> AbstractContextManager[None]:
        """Let one process at a time build this model's index, so that the others can load it."""
        place = self.place(encoder_key)
        place.mkdir(parents=True, exist_ok=True)
        return locked(place / _BUILDING)

    def outdated(self, origin: Origin) -> list[Path]:
        """Return the snapshots that may hold a record that was forgotten; none before the first was."""
        return [
            folder
            for place in self._places(origin)
            for folder, labels in find_snapshots(place).items()
            if labels is None or not origin.has(labels)
        ]

    def drop_outdated(self, origin: Origin) -> None:
        """Delete the snapshots that may hold a record that was forgotten, whoever works with them."""
        for place in self._places(origin):
            try:
                dropped = drop_snapshots(place, keep=origin.has)
            except OSError as error:
                # Questions are answered all the same; `market index verify` goes on naming what is left.
                log.error("index.snapshots_kept", folder=place.name, reason=type(error).__name__)
            else:
                if dropped:
                    log.warning("index.snapshots_dropped", folder=place.name, count=dropped)

    def _places(self, origin: Origin) -> Iterator[Path]:
        if origin.forgotten and self._folder.is_dir():
            yield from (place for place in sorted(self._folder.iterdir()) if place.is_dir())
