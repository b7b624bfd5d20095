"""The report file."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from openpyxl import load_workbook

from market.errors import RuleViolation
from market.exchange.rules.runs import RowError
from market.exchange.service import write_report

ERRORS = [
    RowError(3, "价格（万元）", "F3", "=1+1", "bad-money", "无法识别的金额。"),
    RowError(4, None, None, None, "same-party", "买方和卖方不能是同一单位。", "技术合同认定登记规则"),
]
HEADER = ["行", "列", "单元格", "原值", "代码", "说明", "依据"]


def test_csv_opens_in_spreadsheets_and_runs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "报告.csv"
    write_report(path, ERRORS)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file)) == [
            HEADER,
            ["3", "价格（万元）", "F3", "'=1+1", "bad-money", "无法识别的金额。", ""],
            ["4", "", "", "", "same-party", "买方和卖方不能是同一单位。", "技术合同认定登记规则"],
        ]


def test_xlsx_keeps_formulas_as_text(tmp_path: Path) -> None:
    path = tmp_path / "报告.xlsx"
    write_report(path, ERRORS)
    sheet = load_workbook(path).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0] == tuple(HEADER)
    assert rows[1][3] == "=1+1"
    assert sheet["D2"].data_type == "s"
    assert rows[2][:3] == ("4", None, None)


def test_other_formats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleViolation, match=r"\.csv 或 \.xlsx"):
        write_report(tmp_path / "报告.pdf", ERRORS)
