"""The amounts of a contract, in fen; foreign money by its rate."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from math import floor

RATE = re.compile(r"[0-9]{1,12}(\.[0-9]{1,10})?")
"""A rate as it is written: a decimal number without sign, exponent or blanks."""


def amount_fault(*, total_amount_fen: int, tech_amount_fen: int) -> str | None:
    """Say in Chinese what is wrong with the two amounts; None if nothing is."""
    if total_amount_fen <= 0:
        return "合同成交额必须大于零。"
    if not 0 <= tech_amount_fen <= total_amount_fen:
        return "技术交易额不能为负，也不能大于合同成交额。"
    return None


def rate_of(text: str) -> Decimal | None:
    """Return the rate that a text writes down, yuan per unit of foreign money; None if it is none."""
    if RATE.fullmatch(text) is None:
        return None
    rate = Decimal(text)
    return rate if rate > 0 else None


def converted_fen(foreign_amount: int, *, rate: Decimal, minor_digits: int) -> int:
    """Return an amount of foreign money in fen, halves rounded up.

    Args:
        foreign_amount: in the currency's smallest unit.
        rate: yuan per whole unit of the currency.
        minor_digits: decimal places of the currency (ISO 4217).
    """
    fen = Fraction(foreign_amount, 10**minor_digits) * Fraction(rate) * 100
    return floor(fen + Fraction(1, 2))
