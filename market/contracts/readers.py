"""Reading the CSV files of the rules registration stands under."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from market.contracts.rules.limits import Condition, LargeBy
from market.reference.readers import (
    Row,
    choice,
    day,
    filled,
    flag,
    integer,
    optional,
    optional_integer,
    read_rows,
)


def read_rules(path: Path) -> Iterator[dict[str, Any]]:
    """Read versions of the rules.

    Raises:
        FileFault: the file is missing, or a line cannot be read.
    """
    return read_rows(path, _rules)


def read_requirements(path: Path) -> Iterator[dict[str, Any]]:
    """Read the papers each version asks for.

    Raises:
        FileFault: the file is missing, or a line cannot be read.
    """
    return read_rows(path, _requirement)


def _rules(row: Row) -> dict[str, Any]:
    return {
        "version": filled(row, "version"),
        "in_force_from": day(row, "in_force_from"),
        "types": filled(row, "types").split("|"),
        "limit_days": integer(row, "limit_days"),
        "large_limit_days": integer(row, "large_limit_days"),
        "working_days": flag(row, "working_days"),
        "large_from_fen": integer(row, "large_from_fen"),
        "large_by": choice(row, "large_by", LargeBy),
        "approver_differs": flag(row, "approver_differs"),
        "experts_from_fen": optional_integer(row, "experts_from_fen"),
        "min_experts": integer(row, "min_experts"),
        "needs_forecast": flag(row, "needs_forecast"),
        "source": filled(row, "source"),
        "verified": flag(row, "verified"),
    }


def _requirement(row: Row) -> dict[str, Any]:
    return {
        "rule_version": filled(row, "rule_version"),
        "type_code": optional(row, "type_code"),
        "condition": choice(row, "condition", Condition),
        "document_kind": filled(row, "document_kind"),
        "required": flag(row, "required"),
        "source": filled(row, "source"),
    }
