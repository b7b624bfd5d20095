"""Workbooks and CSV, read back by another library than wrote them."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from market.typesetting.sheets import MAX_TEXT, Column, Kind, Sheet, Value, to_csv, to_xlsx

MOMENT = datetime(2025, 3, 1, 1, 30, tzinfo=UTC)
COLUMNS = (
    Column("登记编号", "text"),
    Column("份数", "integer"),
    Column("成交额", "amount_wan"),
    Column("累计", "amount_yi"),
    Column("完成率", "percent"),
    Column("登记日期", "date"),
)
ROWS: list[list[Value]] = [
    ["2025330100001234", 3, 123_456_789, 98_765_432_100, Decimal("0.125"), date(2025, 3, 1)],
    ["=1+1", -2, -1, None, 1, None],
]
SHEET = Sheet("登记表", COLUMNS, ROWS, ("金额为含税价。",), "2025年第一季度")
DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "|cmd", '=HYPERLINK("http://x")']


def read_back(file: bytes, tab: int = 0) -> list[list[object]]:
    rows = CalamineWorkbook.from_filelike(io.BytesIO(file)).get_sheet_by_index(tab).to_python()
    return [list(row) for row in rows]


def of_one(kind: Kind, *values: Value) -> Sheet:
    return Sheet("表", (Column("列", kind),), [[value] for value in values])


def part(file: bytes, name: str) -> str:
    return zipfile.ZipFile(io.BytesIO(file)).read(name).decode()


def test_a_workbook_holds_numbers_as_numbers_and_codes_as_text() -> None:
    assert read_back(to_xlsx([SHEET], created_at=MOMENT)) == [
        ["登记表", "", "", "", "", ""],
        ["2025年第一季度", "", "", "", "", ""],
        ["登记编号", "份数", "成交额（万元）", "累计（亿元）", "完成率", "登记日期"],
        ["2025330100001234", 3.0, 123.456789, 9.87654321, 0.125, date(2025, 3, 1)],
        ["=1+1", -2.0, -0.000001, "", 1.0, ""],
        ["", "", "", "", "", ""],
        ["金额为含税价。", "", "", "", "", ""],
    ]


def test_a_workbook_is_laid_out_for_reading_and_printing() -> None:
    tab = load_workbook(io.BytesIO(to_xlsx([SHEET], created_at=MOMENT)))["登记表"]
    assert tab.freeze_panes == "A4"
    assert tab.print_title_rows == "$3:$3"
    assert tab["A3"].font.bold
    assert [cell.number_format for cell in tab[4]] == [
        "@",
        "#,##0",
        "#,##0.00####",
        "#,##0.00##",
        "0.0%",
        "yyyy-mm-dd",
    ]
    assert tab.column_dimensions["A"].width == 18
    assert tab.column_dimensions["C"].width == 16
    assert [cell.font.bold for cell in tab[4]] == [False] * 6


def test_a_number_is_never_wider_than_its_column() -> None:
    file = to_xlsx([of_one("amount_wan", 98_765_432_109_876_543)], created_at=MOMENT)
    tab = load_workbook(io.BytesIO(file))["表"]
    assert tab.column_dimensions["A"].width >= len("98,765,432,109.876543")


@given(st.integers(-(10**18), 10**18))
def test_amounts_are_written_digit_for_digit(fen: int) -> None:
    sheet = Sheet("表", (Column("甲", "amount_wan"), Column("乙", "amount_yi")), [[fen, fen]])
    written = re.findall(
        r"<v>([^<]*)</v>", part(to_xlsx([sheet], created_at=MOMENT), "xl/worksheets/sheet1.xml")
    )
    wan, yi = map(Decimal, written)
    assert wan * 10**6 == yi * 10**10 == fen
    assert to_csv(sheet).decode("utf-8-sig").splitlines()[1].split(",") == [
        f"{Decimal(t):f}" for t in _short(fen)
    ]


def _short(fen: int) -> list[str]:
    texts = (f"{Decimal(fen).scaleb(-6):f}", f"{Decimal(fen).scaleb(-10):f}")
    return [text.rstrip("0").rstrip(".") if "." in text else text for text in texts]


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_text_becomes_a_formula(text: str) -> None:
    sheet = Sheet(text, (Column(text, "text"),), [[text]], [text], text)
    file = to_xlsx([sheet], created_at=MOMENT)
    xml = part(file, "xl/worksheets/sheet1.xml")
    assert "<f>" not in xml
    assert xml.count('t="inlineStr"') == 5
    assert to_csv(sheet).decode("utf-8-sig").replace('"', "").startswith(f"'{text}".replace('"', ""))


def test_csv_in_full() -> None:
    assert (
        to_csv(SHEET)
        == (
            "\ufeff登记编号,份数,成交额（万元）,累计（亿元）,完成率,登记日期\r\n"
            "2025330100001234,3,123.456789,9.87654321,12.5%,2025-03-01\r\n"
            "'=1+1,-2,-0.000001,,100%,\r\n"
        ).encode()
    )


def test_csv_rounds_percentages_and_quotes_texts() -> None:
    assert to_csv(of_one("percent", Decimal(1) / 3, 0)).decode("utf-8-sig") == "列\r\n33.3333%\r\n0%\r\n"
    assert to_csv(of_one("text", '甲,"乙"\n丙')).decode("utf-8-sig") == '列\r\n"甲,""乙""\n丙"\r\n'


def test_the_same_sheets_give_the_same_bytes_and_no_other_time() -> None:
    file = to_xlsx([SHEET], created_at=MOMENT)
    assert file == to_xlsx([SHEET], created_at=MOMENT)
    assert {info.date_time for info in zipfile.ZipFile(io.BytesIO(file)).infolist()} == {
        (2025, 3, 1, 9, 30, 0)
    }
    times = set(re.findall(r"\d{4}-\d\d-\d\dT[\d:]+Z", part(file, "docProps/core.xml")))
    assert times == {"2025-03-01T01:30:00Z"}


def test_several_sheets_have_names_that_spreadsheets_accept() -> None:
    long = "各区县技术合同认定登记情况及同比变化一览表（按登记机构统计口径）"
    titles = ["一/二", "一:二", long, long, "'"]
    book = CalamineWorkbook.from_filelike(
        io.BytesIO(to_xlsx([Sheet(title, COLUMNS, ROWS) for title in titles], created_at=MOMENT))
    )
    assert book.sheet_names == ["一 二", "一 二（2）", long[:31], long[:28] + "（2）", "表"]


def test_control_characters_are_left_out() -> None:
    assert read_back(to_xlsx([of_one("text", "a\x00b\x1fc\ud83dd")], created_at=MOMENT))[2] == ["abcd"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", 1),
        ("integer", "1"),
        ("integer", True),
        ("integer", Decimal(1)),
        ("amount_wan", Decimal("1.5")),
        ("amount_yi", "1"),
        ("percent", 0.5),
        ("percent", True),
        ("date", "2025-03-01"),
        ("date", MOMENT),
    ],
)
def test_a_value_of_another_kind_is_refused(kind: Kind, value: Value) -> None:
    with pytest.raises(TypeError, match=f"列: .* is no {kind}"):
        to_xlsx([of_one(kind, value)], created_at=MOMENT)
    with pytest.raises(TypeError, match=f"列: .* is no {kind}"):
        to_csv(of_one(kind, value))


def test_what_no_workbook_can_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a sheet"):
        to_xlsx([], created_at=MOMENT)
    with pytest.raises(ValueError, match="32768 characters"):
        to_xlsx([of_one("text", "字" * (MAX_TEXT + 1))], created_at=MOMENT)
    with pytest.raises(ValueError, match="a row of 1 values under 6 columns"):
        to_xlsx([Sheet("表", COLUMNS, [["一"]])], created_at=MOMENT)
    with pytest.raises(ValueError, match="more than a workbook can hold"):
        to_xlsx([Sheet("表", (Column("列", "integer"),), [[None]] * 1_048_575)], created_at=MOMENT)
