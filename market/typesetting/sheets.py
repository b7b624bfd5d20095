"""Tables as workbooks (.xlsx) and CSV. Numbers stay numbers, texts stay texts, amounts are exact.

The same sheets give the same bytes: a workbook carries the time it is given, not the machine's.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Literal, TypeAlias, cast

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.constants import ARC_CORE
from openpyxl.xml.functions import tostring

from market.clock import CHINA
from market.typesetting.amounts import in_wan, in_yi, plain

Kind: TypeAlias = Literal["text", "integer", "amount_wan", "amount_yi", "percent", "date"]
Value: TypeAlias = str | int | Decimal | date | None
Table: TypeAlias = "Sequence[Sequence[tuple[Value, Column]]]"

_UNITS: dict[Kind, str] = {"amount_wan": "（万元）", "amount_yi": "（亿元）"}
_FORMATS: dict[Kind, str] = {
    "text": "@",  # stays text when somebody edits the cell
    "integer": "#,##0",
    "amount_wan": "#,##0.00####",  # one fen is 0.000001 万元
    "amount_yi": "#,##0.00##",
    "percent": "0.0%",
    "date": "yyyy-mm-dd",
}

MAX_TEXT = 32_767
"""Characters a cell of a workbook holds."""

MAX_ROWS = 1_048_576
NARROWEST, WIDEST = 8, 60
"""Columns of a workbook, in characters of which a Chinese one counts two."""

_FORMULA_STARTS = tuple("=+-@＝＋－＠|")  # full-width signs are formulas to some programs
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NOT_IN_TAB_NAMES = re.compile(r"[\[\]:*?/\\]")

_QUIET = Font(color="595959")
_HEADER_FILL = PatternFill("solid", fgColor="E8EEF5")
_SIDE = Side("thin", color="BFC7D1")
_LINE = Border(left=_SIDE, right=_SIDE, top=_SIDE, bottom=_SIDE)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        title: what stands in the header; the unit of an amount is added to it.
        kind: `text` (also codes and numbers of registrations) takes str; `integer` int; `amount_wan` and
            `amount_yi` integer fen; `percent` a Decimal or int, 1 being 100 %; `date` a day. None is an
            empty cell.
    """

    title: str
    kind: Kind

    @property
    def heading(self) -> str:
        """The title, with its unit."""
        return self.title + _UNITS.get(self.kind, "")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with what stands above and below it.

    Attributes:
        title: the first line, and the name on the tab.
        rows: as many values as columns in each.
        notes: lines below the table.
        subtitle: a line below the title, as a period or a reservation.
    """

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Value]]
    notes: Sequence[str] = ()
    subtitle: str | None = None


def to_xlsx(sheets: Sequence[Sheet], *, created_at: datetime) -> bytes:
    """Return a workbook: bold header that stays in sight, widths by content, formats by kind, ready to print.

    Amounts are written as exact decimal digits in their unit; spreadsheets calculate with about 15 of them.
    Control characters are left out of texts, since the format cannot hold them.

    Args:
        sheets: at least one.
        created_at: aware; the only time in the file.

    Raises:
        TypeError: a value is not of its column's kind.
        ValueError: no sheet, a row of another length, more rows or a longer text than a workbook can hold.
    """
    if not sheets:
        raise ValueError("a workbook needs a sheet")
    tables = [(sheet, _table(sheet)) for sheet in sheets]  # all is checked before the first cell is written
    book = Workbook(write_only=True)
    names: list[str] = []
    for sheet, rows in tables:
        names.append(_tab_name(sheet.title, names))
        _write_sheet(cast(Worksheet, book.create_sheet(names[-1])), sheet, rows)
    moment = created_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)  # the library knows no zones
    book.properties.creator = ""
    book.properties.created = moment
    file = io.BytesIO()
    book.save(file)
    book.properties.modified = moment  # saving put the machine's time there
    return _repacked(file, created_at, {ARC_CORE: tostring(book.properties.to_tree())})


def to_csv(sheet: Sheet) -> bytes:
    """Return header and rows, without title and notes, as UTF-8 with BOM and CRLF.

    Texts that a spreadsheet would run as a formula get a leading apostrophe. Percentages are written as
    `12.5%`, rounded to four places.

    Raises:
        TypeError: a value is not of its column's kind.
        ValueError: a row of another length.
    """
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(_harmless(column.heading) for column in sheet.columns)
    for row in sheet.rows:
        writer.writerow(_as_text(value, column.kind) for value, column in _cells(sheet, row))
    return file.getvalue().encode("utf-8-sig")


# --- values


def _cells(sheet: Sheet, row: Sequence[Value]) -> Iterator[tuple[Value, Column]]:
    """Pair values with columns, amounts in their unit."""
    if len(row) != len(sheet.columns):
        raise ValueError(f"{sheet.title}: a row of {len(row)} values under {len(sheet.columns)} columns")
    for value, column in zip(row, sheet.columns, strict=True):
        yield _in_unit(value, column), column


def _in_unit(value: Value, column: Column) -> Value:
    if value is None:
        return None
    match column.kind:
        case "text":
            fits = isinstance(value, str)
        case "percent":
            fits = isinstance(value, int | Decimal) and not isinstance(value, bool)
        case "date":
            fits = isinstance(value, date) and not isinstance(value, datetime)
        case _:
            fits = isinstance(value, int) and not isinstance(value, bool)
    if not fits:
        raise TypeError(f"{column.title}: {value!r} is no {column.kind}")
    if isinstance(value, str):
        return _NOT_IN_XML.sub("", value)
    if isinstance(value, int) and column.kind in _UNITS:
        return in_wan(value) if column.kind == "amount_wan" else in_yi(value)
    return Decimal(value) if isinstance(value, int) else value


def _as_text(value: Value, kind: Kind) -> str:
    if isinstance(value, Decimal):
        return f"{plain(round(value * 100, 4))}%" if kind == "percent" else plain(value)
    return _harmless(value) if isinstance(value, str) else str(value or "")


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(("\t", "\r")) or text.lstrip().startswith(_FORMULA_STARTS) else text


# --- workbooks


def _table(sheet: Sheet) -> Table:
    """Return the rows as they will be written, refusing what a workbook cannot hold."""
    if len(sheet.rows) + len(sheet.notes) + 4 > MAX_ROWS:
        raise ValueError(f"{sheet.title}: {len(sheet.rows)} rows are more than a workbook can hold")
    rows = [list(_cells(sheet, row)) for row in sheet.rows]
    texts = [value for row in rows for value, _ in row if isinstance(value, str)]
    above_and_below = [
        sheet.title,
        sheet.subtitle or "",
        *sheet.notes,
        *(column.heading for column in sheet.columns),
    ]
    longest = max(map(len, itertools.chain(texts, above_and_below)))
    if longest > MAX_TEXT:
        raise ValueError(f"{sheet.title}: a text of {longest} characters is more than a cell can hold")
    return rows


def _write_sheet(tab: Worksheet, sheet: Sheet, rows: Table) -> None:
    above = 1 if sheet.subtitle is None else 2
    _lay_out(tab, sheet.columns, rows, header_row=above + 1)
    tab.append([_text_cell(tab, sheet.title, Font(bold=True, size=14))])
    if sheet.subtitle is not None:
        tab.append([_text_cell(tab, sheet.subtitle, _QUIET)])
    tab.append([_header_cell(tab, column) for column in sheet.columns])
    patterns = [_pattern(tab, column) for column in sheet.columns]
    for row in rows:
        tab.append([_cell(tab, value, pattern) for (value, _), pattern in zip(row, patterns, strict=True)])
    if sheet.notes:
        tab.append([])
        for note in sheet.notes:
            tab.append([_text_cell(tab, note, _QUIET)])


def _lay_out(tab: Worksheet, columns: Sequence[Column], rows: Table, *, header_row: int) -> None:
    tab.freeze_panes = f"A{header_row + 1}"
    tab.print_title_rows = f"{header_row}:{header_row}"
    tab.page_setup.orientation = "landscape"
    tab.page_setup.paperSize = Worksheet.PAPERSIZE_A4
    tab.page_setup.fitToHeight = 0  # as many pages as needed, each as wide as the table
    tab.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    for i, column in enumerate(columns):
        widest = max((_width(_shown(*row[i])) for row in rows), default=0)
        width = max(NARROWEST, _width(column.heading), widest) + 2
        tab.column_dimensions[get_column_letter(i + 1)].width = min(width, WIDEST)


def _shown(value: Value, column: Column) -> str:
    """Return about what a spreadsheet shows: a number too wide for its column would be hidden."""
    if isinstance(value, Decimal):
        return "100.0%" if column.kind == "percent" else f"{value:,.6f}"
    return str(value or "")


def _width(text: str) -> int:
    """Return how many places the longest line of a text takes."""
    return max(len(line) if line.isascii() else sum(map(_places, line)) for line in text.split("\n"))


@cache
def _places(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _header_cell(tab: Worksheet, column: Column) -> Cell:
    cell = _text_cell(tab, column.heading, Font(bold=True))
    cell.fill = _HEADER_FILL
    cell.border = _LINE
    cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    return cell


def _pattern(tab: Worksheet, column: Column) -> Cell:
    """Return an empty cell that has the style of its column."""
    cell: Cell = WriteOnlyCell(tab)
    cell.alignment = Alignment(vertical="top", wrap_text=column.kind == "text")
    cell.number_format = _FORMATS[column.kind]
    cell.border = _LINE
    return cell


def _cell(tab: Worksheet, value: Value, pattern: Cell) -> Cell:
    if isinstance(value, str):
        cell = _text_cell(tab, value)
    else:
        cell = WriteOnlyCell(tab, value=plain(value) if isinstance(value, Decimal) else cast(datetime, value))
        if isinstance(value, Decimal):
            cell.data_type = "n"  # from its digits: the library would make a float of the number
    # Shared, since setting each style anew takes three times as long; the stubs leave the attribute out.
    cell._style = pattern._style  # type: ignore[attr-defined]
    return cell


def _text_cell(tab: Worksheet, text: str, font: Font | None = None) -> Cell:
    cell = WriteOnlyCell(tab, value=_NOT_IN_XML.sub("", text))
    cell.data_type = "s"  # text, also where it begins with =
    if font is not None:
        cell.font = font
    return cell


def _tab_name(title: str, taken: Sequence[str]) -> str:
    """Return a name that spreadsheets accept: at most 31 characters, some signs not, none twice."""
    name = _NOT_IN_TAB_NAMES.sub(" ", _NOT_IN_XML.sub("", title)).strip("' ")[:31] or "表"
    number, free = 2, name
    while free.lower() in {other.lower() for other in taken}:
        tail = f"（{number}）"
        number, free = number + 1, name[: 31 - len(tail)] + tail
    return free


def _repacked(file: io.BytesIO, created_at: datetime, replaced: dict[str, bytes]) -> bytes:
    """Return the archive with one time on all its members."""
    stamp = created_at.astimezone(CHINA).timetuple()[:6]
    packed = io.BytesIO()
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            member = zipfile.ZipInfo(name, date_time=stamp)
            member.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(member, replaced.get(name, source.read(name)))
    return packed.getvalue()
