"""Editions and living registers as workbooks and CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from market.errors import violation
from market.libraries.models import Edition
from market.libraries.queries.editions import all_rows
from market.libraries.queries.kinds import columns_of
from market.libraries.queries.spec import Column
from market.libraries.rules import ENTRY_KIND_NAMES, EntryKind, Frozen
from market.libraries.rules.cells import joined
from market.reference.queries import code_names
from market.typesetting.sheets import Column as SheetColumn
from market.typesetting.sheets import Sheet, Value, to_csv, to_xlsx


class SheetFormat(StrEnum):
    """What a register can be had as."""

    XLSX = "xlsx"
    CSV = "csv"


MEDIA_TYPES = {
    SheetFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    SheetFormat.CSV: "text/csv",
}


def edition_file(
    session: Session, edition: Edition, file_format: SheetFormat, *, kind: str | None = None
) -> bytes:
    """Return an edition as a file; the same edition gives the same bytes. See `sheets_file`."""
    rows = [Frozen(row.record_id, row.key, row.title, row.content) for row in all_rows(session, edition)]
    notes = [f"第{edition.number}版，截至{edition.as_of.isoformat()}，共 {edition.row_count} 条"]
    if edition.note:
        notes.append(edition.note)
    return sheets_file(
        session, rows, title=edition.title, notes=notes, created_at=edition.published_at,
        file_format=file_format, kind=kind,
    )  # fmt: skip


def sheets_file(
    session: Session,
    rows: Sequence[Frozen],
    *,
    title: str,
    notes: Sequence[str],
    created_at: datetime,
    file_format: SheetFormat,
    kind: str | None = None,
    office: bool = False,
) -> bytes:
    """Return rows as a workbook with a sheet for each kind, or as CSV, which holds one kind.

    Args:
        session: open session; names of codes are read.
        rows: at least one.
        title: above each sheet.
        notes: below each sheet, which adds how many rows it has.
        created_at: the only time in the file.
        file_format: workbook or CSV.
        kind: only rows of this kind.
        office: with the columns that only the office which keeps the register sees.

    Raises:
        RuleViolation: rows of several kinds, or none, are wanted as CSV, or there are none.
    """
    kinds = list(dict.fromkeys(row.content["kind"] for row in rows))
    if kind is not None:
        kinds = [one for one in kinds if one == kind]
    if not kinds:
        raise violation("/kind", "nothing-to-export", "没有可导出的条目。")
    sheets = [
        _sheet(
            session,
            one,
            rows,
            title=title if len(kinds) == 1 else f"{title}：{ENTRY_KIND_NAMES[EntryKind(one)]}",
            notes=notes,
            office=office,
        )
        for one in kinds
    ]
    if file_format is SheetFormat.XLSX:
        return to_xlsx(sheets, created_at=created_at)
    if len(sheets) > 1:
        raise violation("/kind", "csv-of-one-kind", "文本表格只能装一种条目，请用 kind 指明是哪一种。")
    return to_csv(sheets[0])


def _sheet(
    session: Session, kind: str, rows: Sequence[Frozen], *, title: str, notes: Sequence[str], office: bool
) -> Sheet:
    columns = columns_of(kind, office=office)
    here = [row for row in rows if row.content["kind"] == kind]
    return Sheet(
        title=title,
        columns=tuple(SheetColumn(column.title, column.kind) for column in columns),
        rows=tuple(tuple(_cell(session, column, row.content) for column in columns) for row in here),
        notes=(*notes, f"本表 {len(here)} 条"),
    )


def _cell(session: Session, column: Column, content: Mapping[str, Any]) -> Value:
    value = content.get(column.key)
    if value is None:
        return None
    names = code_names(session, column.scheme) if column.scheme else {}
    if isinstance(value, list):
        return joined((names.get(str(item), str(item)) for item in value), bracketed=column.bracketed)
    if column.kind == "date":
        return date.fromisoformat(value)
    return names.get(value, value) if isinstance(value, str) else value
