"""Reading cells: exact money and days, levels, codes, lists; and what is refused."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.exchange.rules.days import read_date, read_period
from market.exchange.rules.field import CUSTOMS, Field, How
from market.exchange.rules.fields import ACHIEVEMENT_FIELDS, CONTRACT_FIELDS, FIELDS, NEED_FIELDS
from market.exchange.rules.mapping import UNIT_FEN
from market.exchange.rules.money import read_foreign, read_money
from market.exchange.rules.texts import ValueFault, plain_text, read_identifier, split_words
from market.exchange.rules.values import read_cell, read_indicators, read_rights
from tests.market.exchange.factories import TABLES

NEED = {field.name: field for field in NEED_FIELDS}
ACHIEVEMENT = {field.name: field for field in ACHIEVEMENT_FIELDS}
CONTRACT = {field.name: field for field in CONTRACT_FIELDS}


def read(field: Field, cell: object, unit: str | None = None) -> object:
    return read_cell(field, cell, unit=unit, tables=TABLES)  # type: ignore[arg-type]  # any cell, on purpose


def fault(field: Field, cell: object, unit: str | None = None) -> str:
    with pytest.raises(ValueFault) as refusal:
        read(field, cell, unit)
    return refusal.value.code


@given(fen=st.integers(0, 10**15), unit=st.sampled_from(sorted(UNIT_FEN)), grouped=st.booleans())
def test_money_round_trip_is_exact(fen: int, unit: str, grouped: bool) -> None:
    amount = Decimal(fen) / UNIT_FEN[unit]
    text = format(amount, ",f" if grouped else "f")
    assert read_money(text + unit, unit=None) == fen
    assert read_money(f" ￥{text} ", unit=unit) == fen
    assert read_money(amount, unit=unit) == fen


@pytest.mark.parametrize("text", ["面议", "待定", "价格面议", "—", "无", ""])
def test_money_to_be_negotiated_is_none(text: str) -> None:
    assert read_money(text, unit="万元") is None


def test_the_unit_in_the_cell_wins_over_that_of_the_column() -> None:
    assert read_money("0.5亿元", unit="万元") == 5_000_000_000
    assert read_money("50万", unit=None) == 50_000_000
    assert read_money("人民币1,200元整", unit="万元") == 120_000


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("50", "money-unit-missing"),
        ("50-100万元", "bad-money"),
        ("约五十万", "bad-money"),
        ("1,2万元", "bad-money"),
        ("-3万元", "money-negative"),
        ("0.001元", "money-too-fine"),
        ("1000000亿元", "money-too-large"),
    ],
)
def test_money_that_has_no_single_reading_is_refused(text: str, code: str) -> None:
    assert fault(NEED["budget_fen"], text) == code


@given(
    day=st.dates(date(1900, 1, 1), date(2999, 12, 31)),
    style=st.sampled_from(
        ["{y}-{m:02}-{d:02}", "{y}/{m}/{d}", "{y}.{m}.{d}", "{y}年{m}月{d}日", "{y} 年 {m} 月 {d} 日",
         "{y}{m:02}{d:02}", "{y}-{m:02}-{d:02}T00:00:00+08:00", "{y}/{m}/{d} 0:00"]
    ),
)  # fmt: skip
def test_date_round_trip(day: date, style: str) -> None:
    assert read_date(style.format(y=day.year, m=day.month, d=day.day)) == day
    assert read_date(day) == day
    assert read_date(datetime(day.year, day.month, day.day, 9, 30)) == day  # noqa: DTZ001  # as a cell has it


@pytest.mark.parametrize("text", ["2024-02-30", "2024年3月", "45352", "24/3/1", "2024-3/1", "三月"])
def test_what_is_no_day_is_refused(text: str) -> None:
    assert fault(NEED["deadline"], text) == "bad-date"


def test_open_ended_is_no_date() -> None:
    assert read_date("长期有效") is None


@pytest.mark.parametrize(
    ("text", "level"),
    [("6", 6), (Decimal("6.0"), 6), ("TRL6", 6), ("trl 7", 7), ("TRL-8", 8), ("6级", 6), ("第九级", 9),
     ("正样级", 6), ("６", 6)],
)  # fmt: skip
def test_levels(text: object, level: int) -> None:
    assert read(ACHIEVEMENT["trl"], text) == level


@pytest.mark.parametrize("text", ["0", "10", "6-7级", "成熟", Decimal("6.5")])
def test_what_is_no_level_is_refused(text: object) -> None:
    assert fault(ACHIEVEMENT["trl"], text) == "bad-level"


def test_codes_are_found_by_code_or_name_and_nothing_else() -> None:
    field = NEED["tech_field"]
    for text in ("07", "7", Decimal(7), "环境保护与资源综合利用", "07 环境保护与资源综合利用"):
        assert read(field, text) == "07"
    assert read(field, "先进制造技术") == "03"
    assert fault(field, "风电") == "unknown-code"
    assert fault(field, "12") == "unknown-code"
    assert read(field, "暂无") is None
    assert read(NEED["cooperation_modes"], "委托开发、合作开发；委托开发") == ["commission", "joint"]


def test_no_ip_involved_is_a_value_not_an_empty_cell() -> None:
    assert read(CONTRACT["ip_kind"], "无") == "90"


def test_words_are_split_at_the_strongest_separator() -> None:
    assert split_words("1,2-二氯乙烷；萃取; 精馏") == ["1,2-二氯乙烷", "萃取", "精馏"]
    assert split_words("膜、萃取") == ["膜", "萃取"]
    assert split_words("膜，萃取,精馏") == ["膜", "萃取", "精馏"]
    assert split_words(["膜", "", "萃取 "]) == ["膜", "萃取"]
    assert read(NEED["keywords"], "膜；膜；无") == ["膜"]
    assert fault(NEED["keywords"], "；".join(f"词{i}" for i in range(21))) == "too-many-words"
    assert fault(NEED["keywords"], "很长" * 26) == "text-too-long"


def test_texts_have_bounds() -> None:
    assert fault(NEED["title"], "三个字") == "text-too-short"
    assert fault(NEED["title"], "长" * 201) == "text-too-long"
    assert fault(NEED["body"], "有一个\x00空字符在这段文字里面") == "bad-character"
    assert read(NEED["body"], "第一行文字内容\n第二行文字内容") == "第一行文字内容\n第二行文字内容"
    assert fault(NEED["contact_phone"], "找王工") == "bad-format"
    assert fault(NEED["title"], {"zh": "对象"}) == "bad-text"


def test_a_number_that_a_spreadsheet_has_rounded_is_refused() -> None:
    field = CONTRACT["reg_no"]
    assert read_identifier(field, "2024320281000001") == "2024320281000001"
    assert read_identifier(field, Decimal("20140281000101.0")) == "20140281000101"
    assert fault(field, Decimal("2024320281000001.0")) == "digits-lost"


@given(number=st.integers(0, 10**15 - 1))
def test_numbers_of_cells_become_plain_digits(number: int) -> None:
    assert plain_text(Decimal(repr(float(number)))) == str(number)


def test_indicators_are_pairs_or_running_text() -> None:
    assert read_indicators("COD去除率：≥95%；通量: 20 LMH") == [
        {"name": "COD去除率", "value": "≥95%"},
        {"name": "通量", "value": "20 LMH"},
    ]
    assert read_indicators([{"name": "寿命", "value": "5年"}]) == [{"name": "寿命", "value": "5年"}]
    assert read_indicators("希望寿命更长，越长越好") == "希望寿命更长，越长越好"


def test_rights() -> None:
    assert read_rights("发明专利 201710601862.3；ZL97101765.4；软件著作权（2020SR001）；技术秘密") == [
        {"kind": "发明专利", "number": "201710601862.3"},
        {"kind": "专利", "number": "ZL97101765.4"},
        {"kind": "软件著作权", "number": "2020SR001"},
        {"kind": "技术秘密", "number": ""},
    ]
    assert read_rights([{"kind": "发明专利", "number": "1"}]) == [{"kind": "发明专利", "number": "1"}]
    assert fault(ACHIEVEMENT["ip"], "很长的说明文字" * 6) == "bad-right"


def test_flags() -> None:
    assert [read(CONTRACT["related_party"], text) for text in ("是", "否", "TRUE", "0")] == [
        True,
        False,
        True,
        False,
    ]
    assert fault(CONTRACT["related_party"], "也许") == "bad-flag"


def test_regions_and_parks() -> None:
    region, park = CONTRACT["seller.region_code"], CONTRACT["seller.park_code"]
    for text in (
        "320281",
        Decimal(320281),
        "江阴市",
        "江阴",
        "江苏省无锡市江阴市",
        "江苏 江阴市",
        "江苏省-江阴市",
    ):
        assert read(region, text) == "320281"
    assert read(region, "上海市宝山区") == "310113"
    assert read(region, "320219") == "320219"
    assert read(region, "徐州市鼓楼区") == "320302"
    assert fault(region, "鼓楼区") == "unknown-region"
    assert read(region, "—") is None
    assert read(park, "江阴高新技术产业开发区") == "320281-P01"
    assert fault(park, "某某园区") == "unknown-code"


def test_every_way_of_reading_has_a_field_that_uses_it() -> None:
    used = {field.how for fields in FIELDS.values() for field in fields}
    assert used == set(How)


@pytest.mark.parametrize(
    ("cell", "days"),
    [
        ("2014-01-01至2015-12-31", (date(2014, 1, 1), date(2015, 12, 31))),
        ("2014年1月1日 ～ 2015年12月31日", (date(2014, 1, 1), date(2015, 12, 31))),
        ("2014-01-01 - 2015-12-31", (date(2014, 1, 1), date(2015, 12, 31))),
        ("2014.1.1—2015.12.31", (date(2014, 1, 1), date(2015, 12, 31))),
        ("2015-12-31", (None, date(2015, 12, 31))),
        (date(2015, 12, 31), (None, date(2015, 12, 31))),
        ("长期", None),
    ],
)
def test_a_term_is_two_days_or_its_last_one(cell: str | date, days: object) -> None:
    assert read_period(cell) == days


def test_a_term_that_is_none_is_refused() -> None:
    with pytest.raises(ValueFault):
        read_period("2014-01-01至2014-02-30")
    with pytest.raises(ValueFault):
        read_period("两年")


def test_foreign_money_is_counted_in_whole_units() -> None:
    assert read_foreign("1,200.50") == Decimal("1200.50")
    assert read_foreign("12万") == 120_000
    assert read_foreign("—") is None
    with pytest.raises(ValueFault, match="币种另列"):
        read_foreign("100美元")


def test_numbers_of_countries_are_of_one_list_or_the_other() -> None:
    country = CONTRACT["buyer.country_code"]
    assert read(country, "344") == "344"
    assert read(country, "344", CUSTOMS) == "643"
    assert read(country, Decimal(142), CUSTOMS) == "156"
    assert read(country, "俄罗斯", CUSTOMS) == "643"
    assert fault(country, "999", CUSTOMS) == fault(country, "142") == "unknown-code"
