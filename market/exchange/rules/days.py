"""Cells as days and as terms of two days."""

from __future__ import annotations

import re
from datetime import date, datetime

from market.exchange.rules.runs import Cell
from market.exchange.rules.texts import NOT_STATED, ValueFault, short_text

OPEN_ENDED = frozenset({"长期", "长期有效", "不限"})
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})-|/(\d{1,2})/|\.(\d{1,2})\.|年(\d{1,2})月)(\d{1,2})日?")
_MIDNIGHT = re.compile(r"[t ]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(z|[+-]\d{2}:?\d{2})?$")


def read_date(cell: Cell) -> date | None:
    """Return a day written as 2024-03-01, 2024/3/1, 2024.3.1, 2024年3月1日 or 20240301, or a date cell.

    Raises:
        ValueFault: anything else, or no day of the calendar.
    """
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = _MIDNIGHT.sub("", short_text(cell))
    if text in NOT_STATED or text in OPEN_ENDED:
        return None
    compact = re.fullmatch(r"(\d{4})(\d{2})(\d{2})", text)
    match = _DATE.fullmatch(re.sub(r"\s", "", text))
    if compact is not None:
        year, month, day = compact.groups()
    elif match is not None:
        year, month, day = match[1], next(part for part in match.groups()[1:5] if part), match[6]
    else:
        raise ValueFault("bad-date", "无法识别的日期；请写成 2024-03-01、2024/3/1 或 2024年3月1日。")
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise ValueFault("bad-date", "日历上没有这一天。") from None


def read_period(cell: Cell) -> tuple[date | None, date | None] | None:
    """Return the first and the last day of 「2024-01-01至2025-12-31」; a day alone is the last one.

    Raises:
        ValueFault: as `read_date`.
    """
    if isinstance(cell, str):
        parts = re.split(r"\s*(?:至|到|~|～|—+|－|(?<=\d)\s+-\s+(?=\d))\s*", cell.strip())
        if len(parts) == 2 and parts[0] and parts[1]:
            return read_date(parts[0]), read_date(parts[1])
    last = read_date(cell)
    return None if last is None else (None, last)
