"""Reading the CSV files of reference data: a fault names the file, the line and the value, in Chinese."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from market.errors import RuleViolation
from market.reference.rules import RegionLevel, Scheme

Choice = TypeVar("Choice", bound=StrEnum)
Row = Mapping[str, str]

LEVEL_ORDER = list(RegionLevel)


class FileFault(RuleViolation):
    """A file of reference data is missing, or a line of it cannot be read."""

    code = "reference-file-fault"


def read_rows(path: Path, convert: Callable[[Row], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Read a CSV file with a header line, one converted row after the other.

    Args:
        path: UTF-8 file.
        convert: makes column values of the texts of a line; what it refuses is a ValueError, or a
            KeyError where a column is not there.

    Raises:
        FileFault: the file is missing, or a line cannot be read.
    """
    if not path.is_file():
        raise FileFault(f"没有文件 {path.name}。")
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        try:
            for row in reader:
                if None in row or None in row.values():
                    raise ValueError("列数与表头不符")
                yield convert(row)
        except KeyError as error:
            raise FileFault(f"{path.name} 第 {reader.line_num} 行：没有列“{error.args[0]}”。") from error
        except UnicodeDecodeError as error:
            raise FileFault(f"{path.name} 不是 UTF-8 编码的文件。") from error
        except (ValueError, csv.Error) as error:
            raise FileFault(f"{path.name} 第 {reader.line_num} 行：{error}。") from error


def filled(row: Row, name: str) -> str:
    """Return a text that may not be empty."""
    if not row[name]:
        raise ValueError(f"{name} 不能为空")
    return row[name]


def optional(row: Row, name: str) -> str | None:
    """Return a text, None if it is empty."""
    return row[name] or None


def day(row: Row, name: str) -> date:
    """Return a day that must be there."""
    try:
        return date.fromisoformat(row[name])
    except ValueError:
        raise ValueError(f"{name} 的“{row[name]}”不是日期，应写作 2025-03-01") from None


def optional_day(row: Row, name: str) -> date | None:
    """Return a day, None if it is empty."""
    return day(row, name) if row[name] else None


def integer(row: Row, name: str) -> int:
    """Return a whole number that must be there."""
    try:
        return int(row[name])
    except ValueError:
        raise ValueError(f"{name} 的“{row[name]}”不是整数") from None


def optional_integer(row: Row, name: str) -> int | None:
    """Return a whole number, None if it is empty."""
    return integer(row, name) if row[name] else None


def optional_number(row: Row, name: str) -> str | None:
    """Return a number as it is written, after a look whether it is one; None if it is empty."""
    value = row[name]
    try:
        if value and not Decimal(value).is_finite():
            raise ValueError(f"{name} 的“{value}”不是数字")
    except InvalidOperation:
        raise ValueError(f"{name} 的“{value}”不是数字") from None
    return value or None


def flag(row: Row, name: str) -> bool:
    """Return yes or no as a truth value."""
    value = row[name]
    if value not in {"yes", "no"}:
        raise ValueError(f"{name} 的“{value}”应为 yes 或 no")
    return value == "yes"


def choice(row: Row, name: str, kind: type[Choice]) -> Choice:
    """Return a member of an enum by its value."""
    try:
        return kind(row[name])
    except ValueError:
        known = "、".join(kind)
        raise ValueError(f"{name} 的“{row[name]}”应为以下之一：{known}") from None


def read_regions(path: Path) -> list[dict[str, Any]]:
    """Read regions, parents before children; of a code given twice, the latest holder with the former ones.

    Raises:
        FileFault: the file is missing, or a line cannot be read.
    """
    return _latest_holders(read_rows(path, _region))


def read_parks(path: Path) -> Iterator[dict[str, Any]]:
    """Read parks."""
    columns = ("code", "name", "region_code", "kind", "source")
    return read_rows(path, lambda row: {name: row[name] for name in columns})


def read_codes(path: Path) -> Iterator[dict[str, Any]]:
    """Read lists of codes."""
    return read_rows(path, _code)


def read_successions(path: Path) -> Iterator[dict[str, Any]]:
    """Read what became of regions that ended."""
    return read_rows(path, _succession)


def read_calendar(path: Path) -> Iterator[dict[str, Any]]:
    """Read holidays and working weekends."""
    return read_rows(path, _calendar_day)


def _latest_holders(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
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
    return sorted(regions, key=lambda row: (LEVEL_ORDER.index(row["level"]), row["code"]))


def _region(row: Row) -> dict[str, Any]:
    return {
        "code": row["code"],
        "name": row["name"],
        "level": choice(row, "level", RegionLevel),
        "parent_code": optional(row, "parent_code"),
        "valid_from": optional_day(row, "valid_from"),
        "valid_to": optional_day(row, "valid_to"),
    }


def _code(row: Row) -> dict[str, Any]:
    return {
        "scheme": choice(row, "scheme", Scheme),
        "code": row["code"],
        "name": row["name"],
        "parent_code": optional(row, "parent_code"),
        "sort": integer(row, "sort"),
        "valid_from": optional_day(row, "valid_from"),
        "valid_to": optional_day(row, "valid_to"),
        "source": row["source"],
        "verified": flag(row, "verified"),
    }


def _succession(row: Row) -> dict[str, Any]:
    return {
        "old_code": filled(row, "old_code"),
        "new_code": filled(row, "new_code"),
        "effective_on": day(row, "effective_on"),
        "whole": flag(row, "whole"),
        "source": filled(row, "source"),
    }


def _calendar_day(row: Row) -> dict[str, Any]:
    return {
        "day": day(row, "day"),
        "workday": flag(row, "workday"),
        "name": filled(row, "name"),
        "source": filled(row, "source"),
    }
