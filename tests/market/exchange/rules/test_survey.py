"""What a whole file says: a wrong unit of money, and which list of countries it uses."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from market.exchange.rules.field import CUSTOMS
from market.exchange.rules.mapping import ColumnMapping, guess_mapping
from market.exchange.rules.runs import ImportKind
from market.exchange.rules.survey import (
    FEW,
    USUAL_FEN,
    Survey,
    doubt_detail,
    doubts,
    middle_amounts,
    plain_yuan,
    with_customs,
)

COLUMNS = ("合同类别", "合同成交额（元）", "技术交易额（万元）", "卖方国家", "买方国家")
ISO_COLUMN, CUSTOMS_COLUMN = 3, 4


def mapping() -> ColumnMapping:
    return guess_mapping(ImportKind.CONTRACTS, COLUMNS, chosen={}, one_organisation=True)


def seen(*amounts: int, type_code: str = "KF", name: str = "total_amount_fen") -> Survey:
    survey = Survey()
    for fen in amounts:
        survey.see_amount(name, type_code, fen)
    return survey


def test_a_wan_read_as_yuan_is_doubted_and_named() -> None:
    [doubt] = doubts(seen(2_000, 3_000, 4_500, 5_000, 900_000_000), mapping(), USUAL_FEN)
    assert (doubt.column.column, doubt.rows, doubt.median_fen) == ("合同成交额（元）", 5, 4_500)
    detail = doubt_detail(doubt, type_name="技术开发")
    assert "“合同成交额（元）”一列按“元”读入，5项技术开发合同的中位数为45元" in detail
    assert "约为30万元，相差约6666倍" in detail


def test_yuan_read_as_wan_is_doubted_too() -> None:
    survey = seen(*[300_000_000_000] * FEW, name="tech_amount_fen")
    assert [doubt.column.unit for doubt in doubts(survey, mapping(), USUAL_FEN)] == ["万元"]


def test_few_rows_other_types_and_usual_amounts_are_not_doubted() -> None:
    assert doubts(seen(*[1] * (FEW - 1)), mapping(), USUAL_FEN) == []
    assert doubts(seen(*[1] * FEW, type_code="??"), mapping(), USUAL_FEN) == []
    assert doubts(seen(*[250_000_000] * FEW), mapping(), USUAL_FEN) == []


@given(
    amounts=st.lists(st.integers(min_value=3_000_000, max_value=300_000_000), min_size=FEW, max_size=30),
    up=st.booleans(),
)
def test_ten_thousand_times_off_is_always_found(amounts: list[int], up: bool) -> None:
    assert doubts(seen(*amounts), mapping(), USUAL_FEN) == []
    wrong = [fen * 10_000 if up else fen // 10_000 for fen in amounts]
    assert len(doubts(seen(*wrong), mapping(), USUAL_FEN)) == 1


def test_the_market_tells_its_own_middle_once_it_has_enough() -> None:
    assert middle_amounts({"KF": [1, 5, 9], "FW": [7]}, enough=3) == {**USUAL_FEN, "KF": 5}


def test_amounts_are_said_in_the_unit_people_use() -> None:
    assert [plain_yuan(fen) for fen in (4_550, 100, 30_000_000, 1_234_567_890_000)] == [
        "45.5元", "1元", "30万元", "123.45亿元",
    ]  # fmt: skip


def test_china_tells_which_list_of_countries_a_column_has() -> None:
    survey, before = Survey(), mapping()
    by_index = {column.index: column for column in before.columns}
    for text in ("156", "142", "344"):
        survey.see_country(by_index[ISO_COLUMN], text)
    for text in ("142", "344"):
        survey.see_country(by_index[CUSTOMS_COLUMN], text)
    after = with_customs(before, survey)
    assert [column.unit for column in after.columns[-2:]] == [None, CUSTOMS]
    assert with_customs(before, Survey()) == before
