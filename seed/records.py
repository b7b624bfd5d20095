"""The files of the sample market, and what its loaders share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "demo"
PASSWORD = "sample-market-2025"  # noqa: S105  # of the invented users of the sample market only


def read(name: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of all files of the sample whose name starts so."""
    for path in sorted(FOLDER.glob(f"{name}*.jsonl")):
        with path.open(encoding="utf-8") as file:
            yield from map(json.loads, file)


def read_one(name: str) -> dict[str, Any]:
    """Return the object of a file of the sample."""
    record: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return record


def find_record(name: str, external_id: str) -> dict[str, Any]:
    """Return one object of the sample.

    Raises:
        KeyError: there is none with this number.
    """
    for row in read(name):
        if row["external_id"] == external_id:
            return row
    raise KeyError(external_id)


def moment(day: date) -> datetime:
    """Return nine in the morning of a day in China."""
    return datetime.combine(day, time(1), tzinfo=UTC)
