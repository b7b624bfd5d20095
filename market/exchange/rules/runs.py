"""What an import is: kinds, modes, rows, the errors of rows, and the options of one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeAlias

Cell: TypeAlias = str | Decimal | date | list[Any] | dict[str, Any] | None
"""A value as the file has it. Numbers of spreadsheets are Decimals (never floats), None is an empty cell."""

VALUE_SHOWN = 50
"""Characters of a refused value that a report shows."""


class ImportKind(StrEnum):
    """What a file holds."""

    NEEDS = "needs"
    ACHIEVEMENTS = "achievements"
    CONTRACTS = "contracts"
    NODES = "nodes"
    ENTERPRISES = "enterprises"
    RESOURCES = "resources"
    TECHNOLOGIES = "technologies"
    PROJECTS = "projects"
    TALENTS = "talents"
    AGENCIES = "agencies"
    CONSORTIA = "consortia"


KIND_NAMES: Mapping[ImportKind, str] = {
    ImportKind.NEEDS: "技术需求",
    ImportKind.ACHIEVEMENTS: "科技成果",
    ImportKind.CONTRACTS: "技术合同",
    ImportKind.NODES: "产业链环节",
    ImportKind.ENTERPRISES: "链上企业",
    ImportKind.RESOURCES: "创新资源",
    ImportKind.TECHNOLOGIES: "攻关技术",
    ImportKind.PROJECTS: "科技项目",
    ImportKind.TALENTS: "科技人才",
    ImportKind.AGENCIES: "服务机构",
    ImportKind.CONSORTIA: "联合体",
}

REGISTERS = frozenset(ImportKind) - {ImportKind.NEEDS, ImportKind.ACHIEVEMENTS, ImportKind.CONTRACTS}
"""Kinds of entries of the lists and pools."""

PERSONAL = frozenset({ImportKind.TALENTS})
"""Kinds whose rows are about people: nothing that stands in their files is kept or shown."""


class Mode(StrEnum):
    """What happens to the good rows of a file that has bad ones."""

    ALL_OR_NOTHING = "all_or_nothing"
    SKIP_BAD_ROWS = "skip_bad_rows"


class Result(StrEnum):
    """How an import ended."""

    RUNNING = "running"
    """Under way; a run that broke off stays so, and running the file again completes it."""
    DONE = "done"
    REJECTED = "rejected"
    """Nothing was written: there were bad rows and the whole file was to go in or none of it."""


class Outcome(StrEnum):
    """What became of one good row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row of a file.

    Attributes:
        number: as a spreadsheet or an editor counts it, from 1.
        cells: by column name.
        fault: in Chinese, why the row as a whole could not be read; its cells are then empty.
    """

    number: int
    cells: Mapping[str, Cell]
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a row was refused.

    Attributes:
        row: its number, as `SourceRow.number`.
        column: name of the column at fault; None where it is the row as a whole, or not in the file.
        position: the cell as spreadsheets name it, like `C5`; None for files without columns in order.
        value: the first 50 characters of what stands there; None for personal data.
        code: stable English identifier.
        detail: Chinese sentence.
        source: the law or standard the rule comes from, where it comes from one.
    """

    row: int
    column: str | None
    position: str | None
    value: str | None
    code: str
    detail: str
    source: str | None = None


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How one file is to be imported.

    Attributes:
        kind: what it holds.
        mode: what happens when some rows are bad.
        dry_run: check everything, write nothing.
        publish: take listings through review to publication; needs an admin. Otherwise they are drafts.
        organisation: id, credit code or name of the owner of all rows (listings, entries) or of the station
            where all rows are registered (contracts); None means that each row names it.
        columns: target field by column name, where the guess is wrong; an empty target leaves the column out.
            A money field may carry its unit: `budget_fen:万元`.
        defaults: value by target field, for rows that say nothing there.
        words: by target field, what words of the file mean, where the code tables do not know them.
        sheet: name of the sheet of a workbook; None takes the first that is visible and not empty.
        confirm_unit: the amounts of contracts are right, although they look like another unit of money.
        draft: leave entries of lists and pools as drafts; otherwise they are handed in to be checked.
    """

    kind: ImportKind
    mode: Mode = Mode.ALL_OR_NOTHING
    dry_run: bool = False
    publish: bool = False
    organisation: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    sheet: str | None = None
    confirm_unit: bool = False
    draft: bool = False


def shown_value(cell: Cell) -> str | None:
    """Return what a report shows of a cell: its first characters on one line; None where it is empty."""
    if cell is None:
        return None
    return " ".join(str(cell).split())[:VALUE_SHOWN] or None


def column_letters(index: int) -> str:
    """Return the name spreadsheets give to a column: 0 is A, 25 is Z, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
