"""Guessing columns from their names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import RuleViolation
from market.exchange.rules.field import Field, How
from market.exchange.rules.fields import FIELDS
from market.exchange.rules.mapping import (
    ColumnMapping,
    guess_mapping,
    header_unit,
    require_columns,
)
from market.exchange.rules.runs import ImportKind


def guess(kind: ImportKind, *columns: str, one: bool = False, **chosen: str) -> ColumnMapping:
    return guess_mapping(kind, columns, chosen=chosen, one_organisation=one)


def names(mapping: ColumnMapping) -> dict[str, str]:
    return {mapped.column: mapped.field.name for mapped in mapping.columns}


def test_columns_of_forms() -> None:
    mapping = guess(
        ImportKind.CONTRACTS,
        "合同登记编号",
        "卖方名称",
        "买方信用代码",
        "合同成交额(万元)",
        "技术交易额（元）",
        "备注",
    )
    assert names(mapping) == {
        "合同登记编号": "reg_no",
        "卖方名称": "seller.name",
        "买方信用代码": "buyer.uscc",
        "合同成交额(万元)": "total_amount_fen",
        "技术交易额（元）": "tech_amount_fen",
    }
    assert [mapped.unit for mapped in mapping.columns[3:]] == ["万元", "元"]
    assert mapping.unmapped == ("备注",)


@given(
    kind=st.sampled_from(list(ImportKind)),
    data=st.data(),
    noise=st.sampled_from(["{}", " {} ", "*{}", "3.{}", "{}：", "{}（必填）", "{} *", "1、{}"]),
)
def test_numbering_marks_and_notes_do_not_matter(kind: ImportKind, data: st.DataObject, noise: str) -> None:
    field: Field = data.draw(st.sampled_from(FIELDS[kind]))
    header = data.draw(st.sampled_from((field.name, field.label, *field.headers)))
    plain, noisy = guess(kind, header), guess(kind, noise.format(header))
    assert plain.columns
    assert noisy.columns[0].field is plain.columns[0].field


def test_every_label_and_name_means_its_own_field() -> None:
    for kind, fields in FIELDS.items():
        for field in fields:
            assert names(guess(kind, field.name)) == {field.name: field.name}
            assert guess(kind, field.label).columns[0].field.name == field.name


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("预算(万元)", "万元"),
        ("预算（单位：亿元）", "亿元"),
        ("budget_fen", "分"),
        ("金额/元", "元"),
        ("预算", None),
    ],
)
def test_unit_of_a_header(header: str, unit: str | None) -> None:
    assert header_unit(header) == unit


def test_the_first_of_two_columns_for_one_field_is_taken_unless_the_user_chooses() -> None:
    assert names(guess(ImportKind.NEEDS, "需求名称", "标题")) == {"需求名称": "title"}
    mapping = guess(ImportKind.NEEDS, "需求名称", "标题", 标题="title")
    assert names(mapping) == {"标题": "title"}
    assert mapping.columns[0].chosen
    assert names(guess(ImportKind.NEEDS, "关键词", "标签", "一级学科")) == {
        "关键词": "keywords", "标签": "keywords", "一级学科": "topic",
    }  # fmt: skip


def test_choices() -> None:
    mapping = guess(ImportKind.NEEDS, "钱", "描述", 钱="budget_fen：万元", 描述="")
    assert [(mapped.field.name, mapped.unit) for mapped in mapping.columns] == [("budget_fen", "万元")]
    assert mapping.unmapped == ("描述",)
    assert names(guess(ImportKind.NEEDS, "钱", 钱="预算")) == {"钱": "budget_fen"}


@pytest.mark.parametrize(
    ("chosen", "code"),
    [
        ({"没有": "title"}, "unknown-column"),
        ({"钱": "money"}, "unknown-field"),
        ({"钱": "budget_fen:斤"}, "unknown-unit"),
        ({"钱": "title:元"}, "unknown-unit"),
    ],
)
def test_impossible_choices_are_refused(chosen: dict[str, str], code: str) -> None:
    with pytest.raises(RuleViolation) as refusal:
        guess(ImportKind.NEEDS, "钱", **chosen)
    assert refusal.value.code == code


def test_columns_naming_an_owner_are_not_read_where_one_owner_is_given() -> None:
    assert names(guess(ImportKind.NEEDS, "单位名称", "标题", one=True)) == {"标题": "title"}


def test_a_file_without_a_needed_column_is_refused_as_a_whole() -> None:
    mapping = guess(ImportKind.NEEDS, "需求名称", "备注")
    with pytest.raises(RuleViolation) as refusal:
        require_columns(ImportKind.NEEDS, mapping, defaults={})
    assert refusal.value.code == "column-missing"
    assert [fault.pointer for fault in refusal.value.fields] == ["/body"]
    require_columns(ImportKind.NEEDS, mapping, defaults={"body": "见附件说明，内容较长。"})


def test_the_registration_form_is_known_by_its_own_words() -> None:
    parties = [
        f"{side}{words}"
        for side in ("卖方", "买方")
        for words in ("名称", "统一社会信用代码", "性质（类型）", "行政区划代码", "国家（地区）代码")
    ]
    columns = (
        "合同登记编号", "登记日期", "*项目名称", "技术合同类别", "合同签订日期", "有效期限", *parties,
        "所属技术领域", "知识产权类型", "计划来源", "社会经济目标", "服务的国民经济行业",
        "合同成交额（万元）", "其中：技术交易额（万元）", "支付方式", "预计新增投入（万元）",
        "预计新增产值（万元）", "是否关联交易",
    )  # fmt: skip
    mapping = guess_mapping(ImportKind.CONTRACTS, columns, chosen={}, one_organisation=True)
    assert mapping.unmapped == ()
    assert {each.unit for each in mapping.columns if each.field.how is How.MONEY} == {"万元"}
