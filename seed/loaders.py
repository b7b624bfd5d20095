"""Reading the CSV files of `seed/reference/` into the database. Loading twice changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from market.contracts.readers import read_requirements, read_rules
from market.contracts.service import rulebook
from market.rankings.service import load_definitions
from market.reference import readers
from market.reference import service as reference
from market.turnover import targets
from market.turnover.target_rules import Basis, Comparator

REFERENCE = Path(__file__).parent / "reference"

LOADED_AT = datetime(2025, 1, 1, tzinfo=UTC)
"""When the files say their rows were made; fixed, so that loading twice changes nothing."""

SeedError = readers.FileFault
"""A seed file is missing or a line cannot be read; the message names file and line."""


def load_reference(session: Session, folder: Path = REFERENCE) -> dict[str, int]:
    """Load regions, parks, codes, rules of registration, the conversion index's definitions, and targets.

    Args:
        session: open transaction.
        folder: where the CSV files are.

    Returns:
        Rows read, by file name.

    Raises:
        SeedError: a file is missing or a line cannot be read.
        MarketError: a row refers to what is not there, or breaks a rule of its table.
    """
    return {
        "regions.csv": reference.load_regions(session, readers.read_regions(folder / "regions.csv")),
        "region_successions.csv": reference.load_successions(
            session, readers.read_successions(folder / "region_successions.csv")
        ),
        "parks.csv": reference.load_parks(session, readers.read_parks(folder / "parks.csv")),
        "codes.csv": reference.load_codes(session, readers.read_codes(folder / "codes.csv")),
        "registration_rules.csv": rulebook.load_rules(session, read_rules(folder / "registration_rules.csv")),
        "document_requirements.csv": rulebook.load_requirements(
            session, read_requirements(folder / "document_requirements.csv")
        ),
        "index_definitions.json": load_definitions(
            session, _read_definitions(folder / "index_definitions.json"), LOADED_AT
        ),
        "targets.csv": targets.load_targets(session, _read_targets(folder / "targets.csv")),
    }


def _read_definitions(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        raise SeedError(f"没有文件 {path.name}。")
    try:
        rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SeedError(f"{path.name} 不是 JSON：{error}。") from error
    return rows


def _read_targets(path: Path) -> Iterator[dict[str, Any]]:
    return readers.read_rows(path, _target)


def _target(row: readers.Row) -> dict[str, Any]:
    return {
        "region_code": row["region_code"],
        "indicator": row["indicator"],
        "phrase": row["phrase"],
        "comparator": readers.choice(row, "comparator", Comparator),
        "value": readers.optional_number(row, "value"),
        "unit": row["unit"],
        "basis": readers.choice(row, "basis", Basis),
        "period_start": readers.optional_day(row, "period_start"),
        "period_end": readers.optional_day(row, "period_end"),
        "base_year": readers.optional_integer(row, "base_year"),
        "source": row["source"],
        "note": row["note"],
    }
