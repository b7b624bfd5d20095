"""Reading the CSV files of `seed/reference/` into the database. Loading twice changes nothing."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from market.reference import service as reference
from market.reference.rules import RegionLevel, Scheme
from market.turnover import targets
from market.turnover.target_rules import Basis, Comparator

REFERENCE = Path(__file__).parent / "reference"

LEVEL_ORDER = list(RegionLevel)


class SeedError(Exception):
    """A seed file is missing or a line cannot be read; the message names file and line."""


def load_reference(session: Session, folder: Path = REFERENCE) -> dict[str, int]:
    """Load regions, parks, codes and targets.

    Args:
        session: open transaction.
        folder: where the CSV files are.

    Returns:
        Rows read, by file name.

    Raises:
        SeedError: a file is missing or a line cannot be read.
    """
    regions = _latest_holders(list(_rows(folder / "regions.csv", _region)))
    return {
        "regions.csv": reference.load_regions(session, regions),
        "parks.csv": reference.load_parks(session, _rows(folder / "parks.csv", _park)),
        "codes.csv": reference.load_codes(session, _rows(folder / "codes.csv", _code)),
        "targets.csv": targets.load_targets(session, _rows(folder / "targets.csv", _target)),
    }


def _latest_holders(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put the rows of each code into one: the latest holder, with the former ones inside."""
    by_code: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_code.setdefault(row["code"], []).append(row)
    regions = []
    for holders in by_code.values():
        holders.sort(key=lambda row: row["valid_to"] or date.max, reverse=True)
        former = [
            {
                "name": row["name"],
                "valid_from": row["valid_from"].isoformat() if row["valid_from"] else None,
                "valid_to": row["valid_to"].isoformat() if row["valid_to"] else None,
            }
            for row in holders[1:]
        ]
        regions.append({**holders[0], "former": former})
    # Parents before children.
    return sorted(regions, key=lambda row: (LEVEL_ORDER.index(row["level"]), row["code"]))


def _rows(path: Path, convert: Any) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        raise SeedError(f"{path.name} is missing")
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        for row in reader:
            try:
                if None in row or None in row.values():
                    raise ValueError("wrong number of columns")
                converted = convert(row)
            except (ValueError, KeyError, InvalidOperation) as error:
                raise SeedError(f"{path.name} line {reader.line_num}: {error!r}") from error
            yield converted


def _day(value: str) -> date | None:
    return date.fromisoformat(value) if value else None


def _number(value: str) -> str | None:
    """Return a number as it is written, after a look whether it is one."""
    if value and not Decimal(value).is_finite():
        raise ValueError(value)
    return value or None


def _region(row: dict[str, str]) -> dict[str, Any]:
    return {
        "code": row["code"],
        "name": row["name"],
        "level": RegionLevel(row["level"]),
        "parent_code": row["parent_code"] or None,
        "valid_from": _day(row["valid_from"]),
        "valid_to": _day(row["valid_to"]),
    }


def _park(row: dict[str, str]) -> dict[str, Any]:
    return {name: row[name] for name in ("code", "name", "region_code", "kind", "source")}


def _code(row: dict[str, str]) -> dict[str, Any]:
    return {
        "scheme": Scheme(row["scheme"]),
        "code": row["code"],
        "name": row["name"],
        "parent_code": row["parent_code"] or None,
        "sort": int(row["sort"]),
        "valid_from": _day(row["valid_from"]),
        "valid_to": _day(row["valid_to"]),
        "source": row["source"],
        "verified": {"yes": True, "no": False}[row["verified"]],
    }


def _target(row: dict[str, str]) -> dict[str, Any]:
    return {
        "region_code": row["region_code"],
        "indicator": row["indicator"],
        "phrase": row["phrase"],
        "comparator": Comparator(row["comparator"]),
        "value": _number(row["value"]),
        "unit": row["unit"],
        "basis": Basis(row["basis"]),
        "period_start": _day(row["period_start"]),
        "period_end": _day(row["period_end"]),
        "source": row["source"],
        "note": row["note"],
    }
