"""Rows of real small files, and files that cannot be read."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from decimal import Decimal
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

import pytest
from openpyxl import Workbook

from market.errors import RuleViolation
from market.exchange import readers
from market.exchange.readers import Source, read_source
from tests.market.exchange.factories import DATA, csv_file, workbook

MOMENT = datetime(2024, 3, 1, 9, 30)  # noqa: DTZ001  # cells of spreadsheets know no zone
TABLE = '编号,名称\r\nA1,膜\r\n,\r\nA2,"两\n行"\r\n'


def rows(source: Source) -> list[tuple[int, dict[str, object]]]:
    return [(row.number, dict(row.cells)) for row in source.rows()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_in_the_encodings_of_spreadsheets(encoding: str) -> None:
    stream = csv_file(TABLE, encoding=encoding)
    source = read_source(stream, "表.CSV")
    assert source.columns == ("编号", "名称")
    assert source.row_count == 2
    assert rows(source) == [(2, {"编号": "A1", "名称": "膜"}), (4, {"编号": "A2", "名称": "两\n行"})]
    assert rows(source) == rows(source)
    assert not stream.closed


def test_a_character_that_only_gb18030_has() -> None:
    text = "名称,备注\n㐂字公司,𠮷\n"
    assert rows(read_source(csv_file(text, encoding="gb18030"), "a.csv"))[0][1] == {
        "名称": "㐂字公司",
        "备注": "𠮷",
    }


@pytest.mark.parametrize("delimiter", ["\t", ";"])
def test_other_delimiters(delimiter: str) -> None:
    assert read_source(csv_file(TABLE.replace(",", delimiter)), "a.csv").columns == ("编号", "名称")


def test_title_rows_above_the_header_are_passed_over() -> None:
    with (DATA / "needs.csv").open("rb") as stream:
        source = read_source(stream, "needs.csv")
        assert source.columns[:3] == ("序号", "*需求名称", "需求详情")
        assert [number for number, _ in rows(source)] == [3, 4, 5]


def test_a_row_that_is_longer_than_the_header_is_at_fault() -> None:
    first, second = read_source(csv_file("a,b\n1,2,3\n1,2,\n"), "a.csv").rows()
    assert first.fault is not None
    assert first.number == 2
    assert second.cells == {"a": "1", "b": "2"}


def test_workbook_cells_keep_their_kind() -> None:
    stream = workbook(
        [
            ["成果汇总表"],
            ["编号", "名称", "金额", "日期", "是否"],
            [20140281000101, "膜", 12.35, date(2024, 3, 1), True],
            [None, None, None, None, None],
            ["A2", "=1+1", 0.1, MOMENT, None],
        ],
        first_row=2,
    )
    source = read_source(stream, "成果.xlsx")
    assert (source.sheet, source.row_count, source.ordered) == ("成果", 2, True)
    (first, cells), (last, more) = rows(source)
    assert (first, last) == (4, 6)
    assert cells == {
        "编号": Decimal("20140281000101.0"), "名称": "膜", "金额": Decimal("12.35"), "日期": date(2024, 3, 1),
        "是否": "是",
    }  # fmt: skip
    assert more["金额"] == Decimal("0.1")
    assert more["日期"] == MOMENT


def test_notes_below_the_table_are_no_rows() -> None:
    table = [["编号", "名称"], ["A1", "膜"], [], ["A2", None], ["A3", "盐"]]
    stream = workbook([*table, [], ["共两条"], ["市科技局"]])
    source = read_source(stream, "a.xlsx")
    assert source.row_count == 3
    assert [number for number, _ in rows(source)] == [2, 4, 5]
    only = read_source(csv_file("名称\n膜\n\n盐\n"), "a.csv")
    assert [cells["名称"] for _, cells in rows(only)] == ["膜", "盐"]


def test_an_apostrophe_that_keeps_a_formula_from_being_run_is_no_text() -> None:
    source = read_source(csv_file("编号,名称\n'=1+1,'膜\n' -20℃,'\n"), "a.csv")
    assert [tuple(cells.values()) for _, cells in rows(source)] == [("=1+1", "'膜"), (" -20℃", "'")]


def test_the_sheet_that_is_named_after_what_is_looked_for_comes_first() -> None:
    book = Workbook()
    for name in ("清单：环节", "清单：企业"):
        book.create_sheet(name).append([name, "名称"])
    stream = io.BytesIO()
    book.save(stream)
    assert read_source(stream, "a.xlsx", holding="企业").columns == ("清单：企业", "名称")
    assert read_source(stream, "a.xlsx", holding="人才").columns == ("清单：环节", "名称")


def test_columns_left_of_the_table_keep_their_letters() -> None:
    source = read_source(workbook([[None, "编号", "名称"], [None, "A1", "膜"]]), "a.xlsx")
    assert source.columns == ("（第1列）", "编号", "名称")


def test_the_first_visible_sheet_with_data_is_read_unless_one_is_named() -> None:
    book = Workbook()
    assert book.active is not None
    book.active.title = "空表"
    for name, state in (("隐藏", "hidden"), ("数据", "visible"), ("其他", "visible")):
        sheet = book.create_sheet(name)
        sheet.sheet_state = state
        sheet.append([name, "名称"])
    stream = io.BytesIO()
    book.save(stream)
    assert read_source(stream, "a.xlsx").columns == ("数据", "名称")
    assert read_source(stream, "a.xlsx", sheet="其他").columns == ("其他", "名称")
    with pytest.raises(RuleViolation, match="没有“不在”这张表"):
        read_source(stream, "a.xlsx", sheet="不在")


def test_jsonl() -> None:
    text = (
        '{"id": 2024320281000001, "名称": "膜", "价格": 0.1, "好": true}\n\n不是\n[1]\n'
        '{"id": "A2", "空": null, "词": ["a"], "数": NaN}\n{"空": null, "词": ["a"]}\n'
    )
    source = read_source(csv_file(text), "a.jsonl")
    assert source.columns == ("id", "名称", "价格", "好", "空", "词")
    assert (source.row_count, source.ordered) == (5, False)
    good, bad, listed, constant, last = source.rows()
    assert good.cells == {"id": "2024320281000001", "名称": "膜", "价格": Decimal("0.1"), "好": "是"}
    assert [(row.number, row.fault is None) for row in (bad, listed, constant)] == [
        (3, False), (4, False), (5, False),
    ]  # fmt: skip
    assert last.cells == {"空": None, "词": ["a"]}


def _zip_bomb() -> io.BytesIO:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/workbook.xml", b"0" * 2000)
    return stream


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "a.csv", "空的"),
        (b"\n\n  ,\n", "a.csv", "空的"),
        (b"a,a\n1,2\n", "a.csv", "重复的列名：a"),
        (b'a,b\n"1,2\n', "a.csv", "引号"),
        (b"\x80\xff\xff,b\n", "a.csv", "编码"),
        (b"[]\n", "a.jsonl", "JSON 对象"),
        ("{}".encode("utf-16"), "a.jsonl", "UTF-8"),
        (b"a,b\n1,2\n", "a.xls", "另存为 .xlsx"),
        (b"a,b\n1,2\n", "a.pdf", "只支持"),
        (b"a,b\n1,2\n", "a.xlsx", "损坏"),
        (_zip_bomb().getvalue(), "a.xlsx", "损坏"),
        (b"a," * 600 + b"a", "a.csv", "列数超过"),
    ],
)
def test_files_that_cannot_be_read(content: bytes, name: str, words: str) -> None:
    with pytest.raises(RuleViolation, match=words) as refusal:
        read_source(io.BytesIO(content), name)
    assert refusal.value.code == "file-unreadable"


def test_a_workbook_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "MAX_UNPACKED", 1000)
    with pytest.raises(RuleViolation, match="过大"):
        read_source(_zip_bomb(), "a.xlsx")


def test_a_workbook_cut_in_half_is_refused() -> None:
    whole = workbook([["编号", "名称"]]).getvalue()
    with pytest.raises(RuleViolation, match="损坏"):
        read_source(io.BytesIO(whole[: len(whole) // 2]), "a.xlsx")


def test_an_empty_workbook_is_refused() -> None:
    with pytest.raises(RuleViolation, match="没有可见的数据"):
        read_source(workbook([]), "a.xlsx")


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "jsonl"])
def test_uploads_that_lie_in_a_temporary_file(suffix: str) -> None:
    content = {
        "csv": TABLE.encode("gb18030"),
        "xlsx": workbook([["编号", "名称"], ["A1", "膜"], ["A2", "两\n行"]]).getvalue(),
        "jsonl": '{"编号": "A1", "名称": "膜"}\n{"编号": "A2"}\n'.encode(),
    }[suffix]
    with SpooledTemporaryFile(max_size=1) as stream:
        stream.write(content)
        source = read_source(cast(BinaryIO, stream), f"a.{suffix}")
        assert [row.cells["编号"] for row in source.rows()] == ["A1", "A2"]
        assert not stream.closed
