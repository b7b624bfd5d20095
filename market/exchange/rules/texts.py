"""Cells as text: plain width, no control characters, numbers without exponents, identifiers complete."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal

from market.exchange.rules.field import Field
from market.exchange.rules.runs import Cell
from market.libraries.rules.cells import STRONG, parted

NOT_STATED = frozenset(
    {"", "-", "--", "—", "——", "/", "\\", "无", "暂无", "未填", "n/a", "na", "null", "none", "nan"}
)
"""What people write into a cell of a form that they leave empty; not applied to running text."""

MAX_EXACT = Decimal(10**15)
"""Spreadsheets keep 15 digits of a number; a longer number cell has lost its last ones."""

LONGEST_NAME = 8
"""Pieces that one name is cut into at most."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


class ValueFault(ValueError):
    """A cell that cannot be read: a stable code and Chinese words."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def plain_text(cell: Cell) -> str:
    """Return a cell as text, blank ends cut; numbers without exponent and needless zeros.

    Raises:
        ValueFault: it holds what cannot be text.
    """
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        whole = cell == cell.to_integral_value()
        return format(cell.quantize(Decimal(1)) if whole and abs(cell) < 10**20 else cell, "f")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, list):
        return "；".join(plain_text(item) for item in cell)
    if isinstance(cell, dict):
        raise ValueFault("bad-text", "此处应为文字，不能是对象。")
    if _CONTROL.search(cell) is not None:
        raise ValueFault("bad-character", "含有不可见的控制字符，请重新录入该单元格。")
    return cell.strip()


def short_text(cell: Cell) -> str:
    """Return a cell as text in plain width and lower case, for values that are not running text."""
    return unicodedata.normalize("NFKC", plain_text(cell)).strip().lower()


def read_text(field: Field, cell: Cell) -> str | None:
    """Return running text.

    Raises:
        ValueFault: too short, too long, or not of the wanted form.
    """
    text = plain_text(cell)
    if not text and not field.required:
        return None
    if field.pattern is not None and re.fullmatch(field.pattern, text) is None:
        raise ValueFault("bad-format", f"{field.label}的格式不正确。")
    if len(text) < field.low:
        raise ValueFault("text-too-short", f"{field.label}至少需要{field.low}个字，现有{len(text)}个。")
    if field.high and len(text) > field.high:
        raise ValueFault("text-too-long", f"{field.label}不能超过{field.high}个字，现有{len(text)}个。")
    return text


def read_identifier(field: Field, cell: Cell) -> str | None:
    """Return a number that is a name: never calculated with, its digits must be complete.

    Raises:
        ValueFault: as `read_text`, or a spreadsheet has rounded it.
    """
    if isinstance(cell, Decimal) and abs(cell) >= MAX_EXACT:
        raise ValueFault(
            "digits-lost",
            "超过15位的号码以数字格式存放，末位已被表格软件改动；请将该列设为文本格式后重新录入。",
        )
    text = unicodedata.normalize("NFKC", plain_text(cell)).strip()
    return None if text.lower() in NOT_STATED else read_text(field, text)


def split_words(cell: Cell) -> list[str]:
    """Split a list in a cell at the strongest separator it uses: semicolons, then 、, then commas.

    So 「1,2-二氯乙烷；萃取」 is two words. A word in 「」 that stands for itself is kept whole.
    """
    if isinstance(cell, list):
        return [text for item in cell if (text := plain_text(item))]
    parts = parted(plain_text(cell), f"[{STRONG}]", "、", "[,，]")
    return [part for part in parts if part and part.lower() not in NOT_STATED]


def regroup(pieces: Sequence[str], known: Callable[[str], object]) -> list[str]:
    """Put pieces together again that were cut at a mark inside a name.

    So 「生物、医药和医疗器械」 is one name where it is known as one; the longest name wins.

    Args:
        pieces: of a list that was cut at 、.
        known: tells whether a text is a name.
    """
    names: list[str] = []
    start = 0
    while start < len(pieces):
        ends = range(min(len(pieces), start + LONGEST_NAME), start + 1, -1)
        end = next((end for end in ends if known("、".join(pieces[start:end]))), start + 1)
        names.append("、".join(pieces[start:end]))
        start = end
    return names
