"""A row as a form: soft codes become keywords, faults are found all at once and at their cells."""

from __future__ import annotations

from typing import Any

import pytest
from openpyxl.utils import get_column_letter

from market.errors import Conflict, RuleViolation, violation
from market.exchange.rules.mapping import ColumnMapping, guess_mapping
from market.exchange.rules.rows import CellReader, RowForm, derived_id, errors_of, read_defaults, read_row
from market.exchange.rules.runs import Cell, ImportKind, RowError, SourceRow, column_letters, shown_value
from tests.market.exchange.factories import TABLES

BODY = "希望在不停产的条件下完成改造。"


def mapping_of(kind: ImportKind, cells: dict[str, Cell]) -> ColumnMapping:
    return guess_mapping(kind, list(cells), chosen={}, one_organisation=False)


def read(
    cells: dict[str, Cell], *, kind: ImportKind = ImportKind.NEEDS, defaults: dict[str, Any] | None = None
) -> tuple[RowForm, list[RowError]]:
    return read_row(
        kind,
        SourceRow(7, cells),
        mapping=mapping_of(kind, cells),
        defaults=defaults or {},
        reader=CellReader(TABLES),
        ordered=True,
    )


def test_a_field_in_no_table_becomes_a_keyword() -> None:
    form, errors = read(
        {"标题": "海上风机叶片巡检", "描述": BODY, "领域": "风电", "行业": "纺织", "关键词": "叶片；无人机"}
    )
    assert not errors
    assert form.values["tech_field"] is None
    assert form.values["industry_code"] == "17"
    assert form.values["keywords"] == ["叶片", "无人机", "风电"]


def test_the_default_fills_what_the_table_does_not_know() -> None:
    defaults = read_defaults(ImportKind.NEEDS, {"技术领域": "农业"}, TABLES)
    form, _ = read({"标题": "海上风机叶片巡检", "描述": BODY, "领域": "风电"}, defaults=defaults)
    assert form.values["tech_field"] == "09"
    assert form.values["keywords"] == ["风电"]


@pytest.mark.parametrize(
    ("defaults", "code"), [({"tech_field": "风电"}, "unknown-code"), ({"颜色": "红"}, "unknown-field")]
)
def test_defaults_are_checked(defaults: dict[str, str], code: str) -> None:
    with pytest.raises(RuleViolation) as refusal:
        read_defaults(ImportKind.NEEDS, defaults, TABLES)
    assert refusal.value.code == code


def test_all_faults_of_a_row_are_found_at_once() -> None:
    _, errors = read({"标题": "短", "描述": "", "预算(万元)": "好多", "截止日期": "明天"})
    assert [(e.position, e.column, e.value, e.code) for e in errors] == [
        ("A7", "标题", "短", "text-too-short"),
        ("C7", "预算(万元)", "好多", "bad-money"),
        ("D7", "截止日期", "明天", "bad-date"),
        ("B7", "描述", None, "field-missing"),
    ]


def test_personal_values_are_not_shown() -> None:
    _, [error] = read({"标题": "海上风机叶片巡检", "描述": BODY, "联系电话": "张三的手机"})
    assert error.column == "联系电话"
    assert error.value is None


def test_an_empty_cell_empties_the_field_but_not_the_last_day() -> None:
    form, _ = read(
        {"标题": "海上风机叶片巡检", "描述": BODY, "关键词": "", "预算（元）": " ", "有效期至": ""}
    )
    assert form.values["keywords"] == []
    assert form.values["budget_fen"] is None
    assert "expires_on" not in form.values


def test_running_text_about_indicators_joins_the_body() -> None:
    form, _ = read({"标题": "海上风机叶片巡检", "描述": BODY, "技术指标": "越快越好，最好一小时内"})
    assert form.values["body"] == f"{BODY}\n技术指标：越快越好，最好一小时内"
    assert form.values["indicators"] == []


def test_a_row_without_a_number_gets_one_from_its_title() -> None:
    form, _ = read({"标题": "海上风机　叶片巡检", "描述": BODY})
    assert form.values["external_id"] == derived_id("海上风机叶片巡检")
    assert derived_id("海上风机叶片巡检") != derived_id("海上风机塔筒巡检")
    assert len(form.values["external_id"]) <= 64


def test_parties_are_nested() -> None:
    form, errors = read(
        {"卖方名称": "甲研究所", "卖方性质": "科研机构", "买方": "乙厂"}, kind=ImportKind.CONTRACTS
    )
    assert form.values["seller"] == {"name": "甲研究所", "nature_code": "021"}
    assert form.values["buyer"] == {"name": "乙厂"}
    assert {error.detail for error in errors if error.column is None} >= {"缺少买方性质。", "缺少登记编号。"}


def test_an_unreadable_row_is_one_error() -> None:
    row = SourceRow(3, {}, fault="该行不是有效的 JSON。")
    _, errors = read_row(
        ImportKind.NEEDS,
        row,
        mapping=mapping_of(ImportKind.NEEDS, {"标题": ""}),
        defaults={},
        reader=CellReader(TABLES),
        ordered=False,
    )
    assert errors == [RowError(3, None, None, None, "unreadable-row", "该行不是有效的 JSON。")]


def test_what_a_service_refuses_is_put_at_its_column() -> None:
    cells: dict[str, Cell] = {"卖方名称": "甲", "卖方统一社会信用代码": "1" * 60}
    mapping = mapping_of(ImportKind.CONTRACTS, cells)
    row = SourceRow(4, cells)

    def at(error: RuleViolation | Conflict) -> RowError:
        [found] = errors_of(ImportKind.CONTRACTS, row, error, mapping=mapping, ordered=True)
        return found

    fault = at(violation("/seller/uscc", "uscc-invalid", "代码有误。"))
    assert (fault.position, fault.column, fault.value) == ("B4", "卖方统一社会信用代码", "1" * 50)
    assert at(violation("/plan_source", "x", "不对。")).detail == "计划来源：不对。"
    assert at(Conflict("已被使用。", code="reg-no-taken")).column is None


def test_column_letters_and_shown_values() -> None:
    assert [column_letters(i) for i in range(800)] == [get_column_letter(i + 1) for i in range(800)]
    assert shown_value("字" * 60) == "字" * 50
    assert shown_value(" 两\n行 ") == "两 行"
    assert shown_value("  ") is None
