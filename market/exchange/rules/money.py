"""Cells as amounts of money, exact to the fen."""

from __future__ import annotations

import re
from decimal import Decimal

from market.exchange.rules.mapping import UNIT_FEN
from market.exchange.rules.runs import Cell
from market.exchange.rules.texts import NOT_STATED, ValueFault, short_text

NEGOTIABLE = frozenset({"面议", "价格面议", "待定", "协商", "双方协商", "另议", "面谈", "可面议", "待协商"})
MAX_FEN = 10**15
_MONEY = re.compile(
    r"(?:人民币|rmb|cny|[¥￥])?(?P<number>[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)"
    r"(?P<unit>百万元|亿元|万元|千元|元|分|亿|万)?(?:人民币|整)?"
)
_CELL_UNITS = {"亿": "亿元", "万": "万元"}


def read_money(cell: Cell, *, unit: str | None) -> int | None:
    """Return an amount in fen, exactly.

    Args:
        cell: a number, or text with or without its own unit; the cell's own unit wins.
        unit: the column's unit, one of `UNIT_FEN`.

    Returns:
        None for an amount to be negotiated.

    Raises:
        ValueFault: not an amount, no unit anywhere, negative, too large, or finer than a fen.
    """
    if isinstance(cell, Decimal) and cell.is_finite():
        number, wanted = cell, unit
    else:
        text = re.sub(r"\s", "", short_text(cell))
        if text in NOT_STATED or text in NEGOTIABLE:
            return None
        match = _MONEY.fullmatch(text)
        if match is None:
            raise ValueFault("bad-money", "无法识别的金额；请写成一个数字，如 120万元，或“面议”。")
        number, wanted = Decimal(match["number"].replace(",", "")), match["unit"] or unit
    if wanted is None:
        raise ValueFault("money-unit-missing", "金额没有单位；请在列名或单元格中注明元、万元或亿元。")
    fen = number * UNIT_FEN[_CELL_UNITS.get(wanted, wanted)]
    if fen < 0:
        raise ValueFault("money-negative", "金额不能为负。")
    if fen != fen.to_integral_value():
        raise ValueFault("money-too-fine", "金额精确到分，小数位过多。")
    if fen > MAX_FEN:
        raise ValueFault("money-too-large", "金额过大，请核对单位。")
    return int(fen)


def read_foreign(cell: Cell) -> Decimal | None:
    """Return an amount of foreign money in whole units; its currency stands elsewhere in the row.

    Raises:
        ValueFault: not a number, negative or too large.
    """
    text = re.sub(r"[\s,]", "", short_text(cell))
    if text in NOT_STATED:
        return None
    match = re.fullmatch(r"(\d{1,15}(?:\.\d{1,4})?)(万)?", text)
    if match is None:
        raise ValueFault("bad-money", "无法识别的外币金额；请写成一个数字，如 120000 或 12万，币种另列。")
    return Decimal(match[1]) * (10_000 if match[2] else 1)
