"""Reading one cell: money, dates, levels, codes, lists. Exact; of two possible readings neither is taken."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal

from market.exchange.rules.codes import Tables
from market.exchange.rules.fields import Field, How
from market.exchange.rules.mapping import UNIT_FEN
from market.exchange.rules.runs import Cell

NOT_STATED = frozenset(
    {"", "-", "--", "—", "——", "/", "\\", "无", "暂无", "未填", "n/a", "na", "null", "none", "nan"}
)
"""What people write into a cell of a form that they leave empty; not applied to running text."""

NEGOTIABLE = frozenset({"面议", "价格面议", "待定", "协商", "双方协商", "另议", "面谈", "可面议", "待协商"})
OPEN_ENDED = frozenset({"长期", "长期有效", "不限"})
MAX_FEN = 10**15
MAX_EXACT = Decimal(10**15)
"""Spreadsheets keep 15 digits of a number; a longer number cell has lost its last ones."""

_MONEY = re.compile(
    r"(?:人民币|rmb|cny|[¥￥])?(?P<number>[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)"
    r"(?P<unit>百万元|亿元|万元|千元|元|分|亿|万)?(?:人民币|整)?"
)
_CELL_UNITS = {"亿": "亿元", "万": "万元"}
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})-|/(\d{1,2})/|\.(\d{1,2})\.|年(\d{1,2})月)(\d{1,2})日?")
_MIDNIGHT = re.compile(r"[t ]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(z|[+-]\d{2}:?\d{2})?$")
_LEVEL = re.compile(r"(?:trl|第)?[\s\-]*([1-9一二三四五六七八九])级?")
_YES = frozenset({"是", "有", "true", "yes", "y", "1", "√", "对"})
_NO = frozenset({"否", "无", "false", "no", "n", "0", "×", "非"})


class ValueFault(ValueError):
    """A cell that cannot be read: a stable code and Chinese words."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def read_cell(field: Field, cell: Cell, *, unit: str | None, tables: Tables) -> object:
    """Return the value a cell has for a field.

    Args:
        field: the target.
        cell: what the file has; never None.
        unit: unit of money named by the column, if any.
        tables: codes, regions and parks.

    Returns:
        The value; None where the cell says in words that nothing is stated (an empty list for lists).

    Raises:
        ValueFault: it cannot be read.
    """
    if field.how in {How.TEXT, How.IDENTIFIER, How.MONEY, How.DATE, How.LEVEL, How.FLAG}:
        return _read_value(field, cell, unit=unit, tables=tables)
    return _read_coded(field, cell, tables)


def _read_value(field: Field, cell: Cell, *, unit: str | None, tables: Tables) -> object:
    match field.how:
        case How.TEXT:
            return read_text(field, cell)
        case How.IDENTIFIER:
            return read_identifier(field, cell)
        case How.MONEY:
            return read_money(cell, unit=unit)
        case How.DATE:
            return read_date(cell)
        case How.LEVEL:
            return read_level(field, cell, tables)
        case _:
            return read_flag(field, cell)


def _read_coded(field: Field, cell: Cell, tables: Tables) -> object:
    match field.how:
        case How.CODE:
            return read_code(field, cell, tables)
        case How.CODES:
            return read_codes(field, cell, tables)
        case How.WORDS:
            return read_words(field, cell)
        case How.INDICATORS:
            return read_indicators(cell)
        case How.RIGHTS:
            return read_rights(cell)
        case How.REGION:
            return read_region(cell, tables)
        case _:
            return read_park(cell, tables)


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
    if any(unicodedata.category(character) == "Cc" and character not in "\t\r\n" for character in cell):
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
    text = re.sub(r"\s", "", short_text(cell))
    if text in NOT_STATED or text in NEGOTIABLE:
        return None
    match = _MONEY.fullmatch(text)
    if match is None:
        raise ValueFault("bad-money", "无法识别的金额；请写成一个数字，如 120万元，或“面议”。")
    wanted = match["unit"] or unit
    if wanted is None:
        raise ValueFault("money-unit-missing", "金额没有单位；请在列名或单元格中注明元、万元或亿元。")
    fen = Decimal(match["number"].replace(",", "")) * UNIT_FEN[_CELL_UNITS.get(wanted, wanted)]
    if fen < 0:
        raise ValueFault("money-negative", "金额不能为负。")
    if fen != fen.to_integral_value():
        raise ValueFault("money-too-fine", "金额精确到分，小数位过多。")
    if fen > MAX_FEN:
        raise ValueFault("money-too-large", "金额过大，请核对单位。")
    return int(fen)


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


def read_words(field: Field, cell: Cell) -> list[str]:
    """Return the words of a list, without repetition, in their order.

    Raises:
        ValueFault: too many, or one is too long.
    """
    words = list(dict.fromkeys(split_words(cell)))
    if len(words) > field.most:
        raise ValueFault("too-many-words", f"{field.label}不能超过{field.most}个，现有{len(words)}个。")
    if any(len(word) > field.high for word in words):
        raise ValueFault("text-too-long", f"{field.label}每个不能超过{field.high}个字；请用“；”分隔。")
    return words


def split_words(cell: Cell) -> list[str]:
    """Split a list in a cell at the strongest separator it uses: semicolons, then 、, then commas.

    So 「1,2-二氯乙烷；萃取」 is two words.
    """
    if isinstance(cell, list):
        return [text for item in cell if (text := plain_text(item))]
    text = plain_text(cell)
    for separators in (r"[;；|\n]", "、", r"[,，]"):
        if re.search(separators, text):
            break
    return [
        part for raw in re.split(separators, text) if (part := raw.strip()) and part.lower() not in NOT_STATED
    ]


def read_level(field: Field, cell: Cell, tables: Tables) -> int | None:
    """Return a technology readiness level, 1 to 9, from a number, `TRL6`, `6级` or the level's name.

    Raises:
        ValueFault: anything else; a range names no level.
    """
    text = short_text(cell)
    if text in NOT_STATED:
        return None
    match = _LEVEL.fullmatch(text)
    if match is not None:
        return "一二三四五六七八九".index(match[1]) + 1 if not match[1].isdecimal() else int(match[1])
    code = tables.levels.find(text)
    if code is None:
        raise ValueFault("bad-level", f"{field.label}应为1至9级中的一级，如 6、TRL6 或 6级。")
    return int(code)


def read_flag(field: Field, cell: Cell) -> bool | None:
    """Return a yes or no.

    Raises:
        ValueFault: neither.
    """
    text = short_text(cell)
    if text in _YES:
        return True
    if text in _NO:
        return False
    if text in NOT_STATED:
        return None
    raise ValueFault("bad-flag", f"{field.label}应填“是”或“否”。")


def read_code(field: Field, cell: Cell, tables: Tables) -> str | None:
    """Return the code that a cell names by code or by name.

    Raises:
        ValueFault: `unknown-code`.
    """
    assert field.scheme is not None
    text = plain_text(cell)
    code = tables.codes[field.scheme].find(text)  # before the empty words: 「无」 is a name in some lists
    if code is None and text.lower() not in NOT_STATED:
        raise ValueFault("unknown-code", f"{field.label}中没有“{text[:30]}”，请填代码表中的代码或名称。")
    return code


def read_codes(field: Field, cell: Cell, tables: Tables) -> list[str]:
    """Return the codes that a list names.

    Raises:
        ValueFault: one is unknown, or there are too many.
    """
    words = [part for word in split_words(cell) for part in re.split(r"[、,，/]", word)]  # no name has these
    found = [read_code(field, word, tables) for word in words]
    codes = list(dict.fromkeys(code for code in found if code is not None))
    if len(codes) > field.most:
        raise ValueFault("too-many-words", f"{field.label}不能超过{field.most}个。")
    return codes


def read_indicators(cell: Cell) -> list[dict[str, str]] | str:
    """Return technical indicators; a text that is no list of 「名称：数值」 comes back as it is."""
    if isinstance(cell, list) and all(isinstance(item, dict) for item in cell):
        pairs = [(plain_text(item.get("name")), plain_text(item.get("value"))) for item in cell]
    else:
        parts = [part.strip() for part in re.split(r"[;；\n]", plain_text(cell)) if part.strip()]
        pairs = [
            (name.strip(), value.strip())
            for name, _, value in (part.replace(":", "：").partition("：") for part in parts)
        ]
    fits = len(pairs) <= 30 and all(0 < len(name) <= 50 and 0 < len(value) <= 100 for name, value in pairs)
    if fits:
        return [{"name": name, "value": value} for name, value in pairs]
    return (
        "；".join(f"{name} {value}".strip() for name, value in pairs)
        if isinstance(cell, list)
        else plain_text(cell)
    )


def read_rights(cell: Cell) -> list[dict[str, str]]:
    """Return intellectual property rights: objects with `kind` and `number`, or text like 「发明专利 2017…」.

    Raises:
        ValueFault: too many, or one is too long.
    """
    if isinstance(cell, list) and all(isinstance(item, dict) for item in cell):
        rights = [(plain_text(item.get("kind")), plain_text(item.get("number"))) for item in cell]
    else:
        rights = [_right(word) for word in split_words(cell)]
    if len(rights) > 50:
        raise ValueFault("too-many-words", "知识产权不能超过50项。")
    if any(not kind or len(kind) > 32 or len(number) > 40 for kind, number in rights):
        raise ValueFault(
            "bad-right", "知识产权请写成“类型 号码”，多项用“；”分隔，如 发明专利 201710601862.3。"
        )
    return [{"kind": kind, "number": number} for kind, number in rights]


def _right(text: str) -> tuple[str, str]:
    match = re.fullmatch(r"(.*?)[\s:：(（]*((?:ZL|CN|zl|cn)?[0-9][0-9A-Za-z.\-]*)[)）]?", text)
    if match is None:
        return text, ""
    return match[1].strip() or "专利", match[2]


def read_region(cell: Cell, tables: Tables) -> str | None:
    """Return the region that a cell names.

    Raises:
        ValueFault: none, or more than one, has this name.
    """
    text = plain_text(cell)
    if text.lower() in NOT_STATED:
        return None
    code = tables.regions.find(text)
    if code is None:
        raise ValueFault(
            "unknown-region",
            f"没有或不止一个行政区划叫“{text[:30]}”，请填六位代码或全称，如 江苏省无锡市江阴市。",
        )
    return code


def read_park(cell: Cell, tables: Tables) -> str | None:
    """Return the park that a cell names.

    Raises:
        ValueFault: there is none.
    """
    text = plain_text(cell)
    code = tables.parks.find(text)
    if code is None and text.lower() not in NOT_STATED:
        raise ValueFault("unknown-code", f"园区表中没有“{text[:30]}”。")
    return code
