"""Rows of .csv, .xlsx and .jsonl files, with their numbers and named cells; what they mean is not known here.

A file is read several times: to learn its columns and the number of its rows, and to hand the rows out. CSV
and JSONL are streamed each time; a workbook is unpacked once, into memory outside Python, and its rows are
made into Python values one by one.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import json
import zipfile
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePath
from typing import Any, BinaryIO, TypeAlias

from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    PasswordError,
    SheetVisibleEnum,
    XmlError,
    ZipError,
)

from market.errors import RuleViolation, violation
from market.exchange.rules.runs import Cell, SourceRow

HEADER_WITHIN = 10
"""Rows looked through for the header; forms often begin with a title and a note."""

MAX_UNPACKED = 1 << 30
"""Bytes a workbook may unpack to; more is a zip bomb or no table."""

FORMULA_STARTS = tuple("=+-@＝＋－＠|")
"""Signs before which the market's own CSV files, and others, put an apostrophe."""

MAX_COLUMNS = 500
CHUNK = 1 << 20

Rows: TypeAlias = Generator[SourceRow, None, None]
Cells: TypeAlias = Generator[Sequence[Cell], None, None]


@dataclass(frozen=True, slots=True)
class Source:
    """A file whose header has been read.

    Attributes:
        columns: names in order; of JSONL all keys in order of appearance.
        row_count: rows that are not blank, the header apart.
        ordered: whether columns have letters, as in spreadsheets.
        sheet: name of the sheet that is read, for workbooks.
        rows: starts a new pass over the rows, to be closed when it is not read to the end.
    """

    columns: tuple[str, ...]
    row_count: int
    ordered: bool
    sheet: str | None
    rows: Callable[[], Rows]


def unreadable(detail: str) -> RuleViolation:
    """Return the error for a file that cannot be read at all."""
    return violation("/file", "file-unreadable", detail)


def read_source(
    stream: BinaryIO, file_name: str, *, sheet: str | None = None, holding: str | None = None
) -> Source:
    """Read a file's header and count its rows.

    Args:
        stream: seekable; stays open as long as rows are read, and is not closed here.
        file_name: its suffix names the format.
        sheet: which sheet of a workbook.
        holding: what is looked for, in words: where no sheet is named, one whose name ends so is taken
            before others.

    Raises:
        RuleViolation: `file-unreadable`, with words about what to do.
    """
    suffix = PurePath(file_name).suffix.lower()
    if suffix == ".csv":
        return _read_csv(stream)
    if suffix == ".jsonl":
        return _read_jsonl(stream)
    if suffix == ".xlsx":
        return _read_workbook(stream, sheet, holding)
    if suffix in {".xls", ".et", ".ods", ".numbers"}:
        raise unreadable(f"不支持 {suffix} 文件，请在表格软件中另存为 .xlsx。")
    raise unreadable("只支持 .csv、.xlsx 和 .jsonl 文件。")


# --- tables with a header: CSV and workbooks


@dataclass(frozen=True, slots=True)
class _Header:
    columns: tuple[str, ...]
    row: int


def _find_header(rows: Iterator[Sequence[Cell]]) -> _Header:
    """Take the first row with two filled cells: a row with one is a title, unless no other row follows it."""
    first: _Header | None = None
    for number, cells in enumerate(itertools.islice(rows, HEADER_WITHIN), start=1):
        filled = [i for i, cell in enumerate(cells) if _filled(cell)]
        if not filled:
            continue
        if filled[-1] >= MAX_COLUMNS:
            raise unreadable(f"列数超过{MAX_COLUMNS}，这不像一份登记表。")
        header = _Header(_names(cells[: filled[-1] + 1]), number)
        if len(filled) > 1:
            _refuse_repeated(header.columns)
            return header
        first = first or header
    if first is None:
        raise unreadable("文件是空的，没有表头。")
    return first


def _names(cells: Sequence[Cell]) -> tuple[str, ...]:
    names = (" ".join(str(cell).split()) if _filled(cell) else "" for cell in cells)
    return tuple(name or f"（第{i}列）" for i, name in enumerate(names, start=1))


def _refuse_repeated(columns: Sequence[str]) -> None:
    repeated = sorted({name for name in columns if columns.count(name) > 1})
    if repeated:
        raise unreadable(f"表头有重复的列名：{'、'.join(repeated)}。")


def _filled(cell: Cell) -> bool:
    return cell is not None and (not isinstance(cell, str) or bool(cell.strip()))


def _table(
    rows: Callable[[], Cells],
    *,
    sheet: str | None = None,
    count_in: Callable[[], Iterable[Any]] | None = None,
) -> Source:
    """Return the table below the first header.

    Args:
        rows: starts a pass over all rows.
        sheet: name of the sheet.
        count_in: the same rows with cells that are cheaper to have; only their number is wanted.
    """
    with closing(rows()) as first_pass:
        header = _find_header(first_pass)

    def hand_out() -> Rows:
        for number, cells in _body(rows(), header):
            if any(map(_filled, cells[len(header.columns) :])):
                yield SourceRow(number, {}, fault="该行的单元格比表头多，请检查分隔符或表头。")
            else:
                yield SourceRow(number, dict(zip(header.columns, cells, strict=False)))

    count = sum(1 for _ in _body((count_in or rows)(), header))
    return Source(header.columns, count, ordered=True, sheet=sheet, rows=hand_out)


def _body(rows: Iterable[Sequence[Cell]], header: _Header) -> Iterator[tuple[int, Sequence[Cell]]]:
    """Yield the rows below the header that are not blank, with their numbers.

    Notes at the end are left out: rows with one filled cell that stand below a blank row, down to the end.
    """
    notes: list[tuple[int, Sequence[Cell]]] = []
    below_blank = False
    for number, cells in enumerate(rows, start=1):
        if number <= header.row:
            continue
        if not any(map(_filled, cells)):
            below_blank = True
        elif below_blank and len(header.columns) > 1 and sum(map(_filled, cells)) == 1:
            notes.append((number, cells))
        else:
            yield from notes
            notes.clear()
            below_blank = False
            yield number, cells


# --- CSV


def _read_csv(stream: BinaryIO) -> Source:
    encoding = _detect_encoding(stream)
    delimiter = _detect_delimiter(stream, encoding)

    def rows() -> Cells:
        with _as_text(stream, encoding) as lines:
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            try:
                for cells in reader:
                    yield [_undone(cell) if cell[:1] == "'" else cell for cell in cells]
            except csv.Error:
                raise unreadable(f"第{reader.line_num}行附近的引号或分隔符有误，无法按 CSV 读取。") from None

    return _table(rows)


def _undone(text: str) -> str:
    """Return a text that begins with an apostrophe without it, where it keeps a formula from being run."""
    return text[1:] if text[1:].lstrip().startswith(FORMULA_STARTS) else text


def _detect_encoding(stream: BinaryIO) -> str:
    """Return the encoding of the whole file; UTF-8 is tried before GB18030, which reads almost anything."""
    stream.seek(0)
    head = stream.read(4)
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        candidates = ["utf-16"]
    else:
        candidates = ["utf-8-sig", "gb18030"]
    for encoding in candidates:
        if _decodes(stream, encoding):
            return encoding
    raise unreadable("文件既不是 UTF-8 也不是 GB18030 编码，请另存为 UTF-8。")


def _decodes(stream: BinaryIO, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    stream.seek(0)
    try:
        while chunk := stream.read(CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


@contextmanager
def _as_text(stream: BinaryIO, encoding: str) -> Iterator[io.TextIOWrapper]:
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding=encoding, newline="")
    try:
        yield text
    finally:
        text.detach()  # the stream belongs to the caller


def _detect_delimiter(stream: BinaryIO, encoding: str) -> str:
    with _as_text(stream, encoding) as lines:
        head = "".join(itertools.islice(lines, HEADER_WITHIN))
    return max((",", "\t", ";"), key=head.count)


# --- JSONL


def _read_jsonl(stream: BinaryIO) -> Source:
    if not _decodes(stream, "utf-8-sig"):
        raise unreadable("JSONL 文件应为 UTF-8 编码。")

    def rows() -> Rows:
        with _as_text(stream, "utf-8-sig") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _read_object(number, line)

    columns: dict[str, None] = {}
    count = 0
    with closing(rows()) as first_pass:
        for row in first_pass:
            count += 1
            columns.update(dict.fromkeys(row.cells))
            if len(columns) > MAX_COLUMNS:
                raise unreadable(f"字段超过{MAX_COLUMNS}个，这不像一份登记数据。")
    if not columns:
        raise unreadable("文件中没有一行是 JSON 对象。")
    return Source(tuple(columns), count, ordered=False, sheet=None, rows=rows)


def _read_object(number: int, line: str) -> SourceRow:
    try:
        # Integers stay as they are written: a registration number has more digits than a float keeps.
        value = json.loads(line, parse_float=Decimal, parse_int=str, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return SourceRow(number, {}, fault="该行不是有效的 JSON。")
    if not isinstance(value, dict):
        return SourceRow(number, {}, fault="该行应为一个 JSON 对象。")
    return SourceRow(number, {name: _json_cell(cell) for name, cell in value.items()})


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _json_cell(value: Any) -> Cell:
    if isinstance(value, bool):
        return "是" if value else "否"
    cell: Cell = value  # json gives nothing else but str, Decimal, list, dict and None
    return cell


# --- workbooks


def _read_workbook(stream: BinaryIO, sheet: str | None, holding: str | None) -> Source:
    _refuse_bomb(stream)
    stream.seek(0)
    try:
        with CalamineWorkbook.from_filelike(stream) as book:
            name = _choose_sheet(book, sheet, holding)
            table = book.get_sheet_by_name(name)
            left = table.start[1] if table.start is not None else 0
    except PasswordError:
        raise unreadable("工作簿有密码保护，请取消密码后再导入。") from None
    except (CalamineError, XmlError, ZipError):
        raise unreadable("文件已损坏，或不是真正的 .xlsx 工作簿。") from None

    def rows() -> Cells:
        for row in table.iter_rows():
            # Most cells are text and need nothing; there are millions of them.
            yield [None] * left + [
                value if isinstance(value, str) and value else _sheet_cell(value) for value in row
            ]

    return _table(rows, sheet=name, count_in=table.iter_rows)


def _refuse_bomb(stream: BinaryIO) -> None:
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as parts:
            size = sum(part.file_size for part in parts.infolist())
    except (zipfile.BadZipFile, ValueError, OSError):
        raise unreadable("文件已损坏，或不是真正的 .xlsx 工作簿。") from None
    if size > MAX_UNPACKED:
        raise unreadable("工作簿解压后过大，请拆分后再导入。")


def _choose_sheet(book: CalamineWorkbook, wanted: str | None, holding: str | None) -> str:
    if wanted is not None:
        if wanted not in book.sheet_names:
            raise unreadable(f"工作簿中没有“{wanted}”这张表，有：{'、'.join(book.sheet_names)}。")
        return wanted
    visible = [
        sheet.name
        for sheet in book.sheets_metadata
        if sheet.visible == SheetVisibleEnum.Visible and book.get_sheet_by_name(sheet.name).start is not None
    ]
    if not visible:
        raise unreadable("工作簿中没有可见的数据。")
    return next((name for name in visible if holding is not None and name.endswith(holding)), visible[0])


def _sheet_cell(value: Any) -> Cell:
    if value == "":
        return None
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        # A day; the time of day is kept only where there is one, for nobody to lose it unseen.
        return value.date() if value.time() == time.min else value
    if isinstance(value, date):
        return value
    if isinstance(value, int | float):
        return Decimal(repr(value))
    if isinstance(value, time | timedelta):
        return str(value)
    return value or None
