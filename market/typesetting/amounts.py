"""Integer fen in the units that people read; exact, without floats."""

from __future__ import annotations

from decimal import Decimal


def in_wan(amount_fen: int) -> Decimal:
    """Return an amount in 万元 (10 000 yuan), exactly."""
    return _shifted(amount_fen, 6)


def in_yi(amount_fen: int) -> Decimal:
    """Return an amount in 亿元 (100 million yuan), exactly."""
    return _shifted(amount_fen, 10)


def wan_text(amount_fen: int) -> str:
    """Return an amount in 万元 for print: grouped, at least two places, more only where they are not zero."""
    return _grouped(in_wan(amount_fen))


def yi_text(amount_fen: int) -> str:
    """Return an amount in 亿元 for print: grouped, at least two places, more only where they are not zero."""
    return _grouped(in_yi(amount_fen))


def plain(number: Decimal) -> str:
    """Return a number as digits without exponent, grouping or zeros at the end."""
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _shifted(amount: int, places: int) -> Decimal:
    # by its digits: scaleb would round what is longer than the context's precision
    sign, digits, _ = Decimal(amount).as_tuple()
    return Decimal((sign, digits, -places))


def _grouped(number: Decimal) -> str:
    whole, _, places = format(number, ",f").partition(".")
    return f"{whole}.{places.rstrip('0').ljust(2, '0')}"
