"""The report of refused rows, as a file that the person who sent the rows can open."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from market.errors import violation
from market.exchange.rules.runs import RowError

HEADER = ("行", "列", "单元格", "原值", "代码", "说明", "依据")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_report(path: Path, errors: Iterable[RowError]) -> None:
    """Write a report; the suffix decides between .csv (UTF-8 with BOM) and .xlsx.

    Args:
        path: where to; a file that is there is replaced.
        errors: in the order of rows.

    Raises:
        RuleViolation: any other suffix.
    """
    require_report_suffix(path)
    lines = (
        (str(error.row), error.column, error.position, error.value, error.code, error.detail, error.source)
        for error in errors
    )
    if path.suffix.lower() == ".xlsx":
        _write_workbook(path, lines)
    else:
        _write_csv(path, lines)


def require_report_suffix(path: Path) -> None:
    """Refuse a report that could not be written.

    Raises:
        RuleViolation: the suffix is neither .csv nor .xlsx.
    """
    if path.suffix.lower() not in {".csv", ".xlsx"}:
        raise violation("/report", "report-format", "报告文件应为 .csv 或 .xlsx。")


def _write_csv(path: Path, lines: Iterable[tuple[str | None, ...]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows([_harmless(text) for text in line] for line in lines)


def _harmless(text: str | None) -> str:
    """Keep a spreadsheet from running what stood in somebody's file as a formula."""
    return f"'{text}" if text and text.startswith(FORMULA_STARTS) else text or ""


def _write_workbook(path: Path, lines: Iterable[tuple[str | None, ...]]) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("未导入的行")
    sheet.freeze_panes = "A2"
    sheet.append(HEADER)
    for line in lines:
        cells = [WriteOnlyCell(sheet, value=text) for text in line]
        for cell in cells:
            if cell.value is not None:
                cell.data_type = "s"  # text, also where it begins with =
        sheet.append(cells)
    book.save(path)
