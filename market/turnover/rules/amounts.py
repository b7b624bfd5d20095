"""Amounts as people read them, changes and shares in percent."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

FEN_PER_YUAN = 100
FEN_PER_WAN = 10_000 * FEN_PER_YUAN
FEN_PER_YI = 100_000_000 * FEN_PER_YUAN


def amount_text(fen: int) -> str:
    """Return an amount for people: in 亿元 from one 亿 up, in 万元 from one 万 up, else in 元; two places."""
    size = abs(fen)
    for unit_fen, unit in ((FEN_PER_YI, "亿元"), (FEN_PER_WAN, "万元")):
        if size >= unit_fen:
            return f"{_quotient(fen, unit_fen)}{unit}"
    return f"{_quotient(fen, FEN_PER_YUAN)}元"


def _quotient(fen: int, unit_fen: int) -> Decimal:
    return (Decimal(fen) / unit_fen).quantize(Decimal("0.01"), ROUND_HALF_UP)


def change_percent(now: int, before: int) -> Decimal | None:
    """Return the change in percent, one decimal place, halves up; None if there was nothing before."""
    if before == 0:
        return None
    return (Decimal(now - before) * 100 / before).quantize(Decimal("0.1"), ROUND_HALF_UP)


def share_percent(part: int, whole: int) -> Decimal | None:
    """Return a part in percent of the whole, one decimal place, halves up; None of nothing."""
    if whole == 0:
        return None
    return (Decimal(part) * 100 / whole).quantize(Decimal("0.1"), ROUND_HALF_UP)
