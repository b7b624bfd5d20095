"""Reading one cell: levels, codes, lists and the rest. Exact; of two possible readings neither is taken."""

from __future__ import annotations

import re

from market.accounts.rules import normalise_uscc
from market.exchange.rules.codes import CodeTable, Tables, name_key
from market.exchange.rules.days import read_date, read_period
from market.exchange.rules.field import COMPOUND, CUSTOMS, Field, How
from market.exchange.rules.money import read_foreign, read_money
from market.exchange.rules.register_values import read_compound
from market.exchange.rules.runs import Cell
from market.exchange.rules.texts import (
    NOT_STATED,
    ValueFault,
    plain_text,
    read_identifier,
    read_text,
    regroup,
    short_text,
    split_words,
)

PLAIN = frozenset(
    {
        How.TEXT, How.IDENTIFIER, How.MONEY, How.FOREIGN, How.DATE, How.PERIOD, How.LEVEL, How.FLAG,
        How.INTEGER, How.USCC,
    }
)  # fmt: skip
"""Conversions that ask no code table."""

_LEVEL = re.compile(r"(?:trl|第)?[\s\-]*([1-9一二三四五六七八九])级?")
_YES = frozenset({"是", "有", "可预约", "true", "yes", "y", "1", "√", "对"})
_NO = frozenset({"否", "无", "不可预约", "false", "no", "n", "0", "×", "非"})


def read_cell(field: Field, cell: Cell, *, unit: str | None, tables: Tables) -> object:
    """Return the value a cell has for a field.

    Args:
        field: the target.
        cell: what the file has; never None.
        unit: unit of money named by the column, or `海关` of a column of countries, if any.
        tables: codes, regions and parks.

    Returns:
        The value; None where the cell says in words that nothing is stated (an empty list for lists).

    Raises:
        ValueFault: it cannot be read.
    """
    if field.how in PLAIN:
        return _read_value(field, cell, unit=unit, tables=tables)
    if field.how in COMPOUND:
        return read_compound(field, cell, tables)
    if field.how is How.COUNTRY:
        return read_country(field, cell, tables, customs=unit == CUSTOMS)
    return _read_coded(field, cell, tables)


def _read_value(field: Field, cell: Cell, *, unit: str | None, tables: Tables) -> object:
    match field.how:
        case How.TEXT:
            return read_text(field, cell)
        case How.IDENTIFIER:
            return read_identifier(field, cell)
        case How.MONEY:
            return read_money(cell, unit=unit)
        case How.FOREIGN:
            return read_foreign(cell)
        case How.DATE:
            return read_date(cell)
        case How.PERIOD:
            return read_period(cell)
        case How.LEVEL:
            return read_level(field, cell, tables)
        case How.INTEGER:
            return read_integer(field, cell)
        case How.USCC:
            return read_uscc(cell)
        case _:
            return read_flag(field, cell)


def _read_coded(field: Field, cell: Cell, tables: Tables) -> object:
    match field.how:
        case How.CODE:
            return read_code(field, cell, tables)
        case How.CODES:
            return read_codes(field, cell, tables)
        case How.CHOICE:
            return read_choice(field, cell)
        case How.CHOICES:
            return read_choices(field, cell)
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


def read_integer(field: Field, cell: Cell) -> int | None:
    """Return a whole number within the field's bounds; thousands may be set off by commas.

    Raises:
        ValueFault: anything else.
    """
    text = short_text(cell).replace(",", "")
    if text in NOT_STATED:
        return None
    if not re.fullmatch(r"\d{1,15}", text):
        raise ValueFault("bad-integer", f"{field.label}应为不带单位的整数。")
    number = int(text)
    if not field.low <= number <= field.high:
        raise ValueFault("bad-integer", f"{field.label}应在{field.low}与{field.high}之间。")
    return number


def read_uscc(cell: Cell) -> str | None:
    """Return a unified social credit code; whether its check character is right is for the form to say.

    Raises:
        ValueFault: not 18 characters, or a spreadsheet has rounded it.
    """
    text = short_text(cell)
    if text in NOT_STATED:
        return None
    code = normalise_uscc(text)
    if re.fullmatch(r"[0-9A-Z]{18}", code) is None:
        raise ValueFault("bad-uscc", "统一社会信用代码应为18位数字和字母。")
    return code


def read_choice(field: Field, cell: Cell) -> object:
    """Return the value whose name, or itself, stands in the cell; None where nothing is stated.

    Raises:
        ValueFault: `unknown-code`.
    """
    text = plain_text(cell)
    value = CodeTable.of(field.choices).find(text)
    if value is None and text.lower() not in NOT_STATED:
        names = "、".join(field.choices.values())
        raise ValueFault("unknown-code", f"{field.label}中没有“{text[:30]}”，应为{names}之一。")
    return next((each for each in field.choices if each == value), None)


def read_choices(field: Field, cell: Cell) -> list[object]:
    """Return the values a list names.

    Raises:
        ValueFault: `unknown-code`.
    """
    found = [read_choice(field, word) for word in split_words(cell)]
    return [value for value in dict.fromkeys(found) if value is not None]


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


def read_country(field: Field, cell: Cell, tables: Tables, *, customs: bool) -> str | None:
    """Return the ISO 3166-1 numeric code of the country that a cell names by code or by name.

    Args:
        field: the target.
        cell: what the file has.
        tables: codes and what the customs' codes stand for.
        customs: whether digits are the customs' code; the two lists give some numbers two meanings.

    Raises:
        ValueFault: `unknown-code`.
    """
    if not customs:
        return read_code(field, cell, tables)
    text = short_text(cell)
    if not text.isdecimal():
        return read_code(field, cell, tables)
    code = tables.customs.get(text.zfill(3))
    if code is None:
        raise ValueFault(
            "unknown-code", f"海关国别（地区）代码表中没有“{text[:30]}”，请改填国家（地区）名称。"
        )
    return code


def read_codes(field: Field, cell: Cell, tables: Tables) -> list[str]:
    """Return the codes that a list names.

    Raises:
        ValueFault: one is unknown, or there are too many.
    """
    pieces = [part.strip() for word in split_words(cell) for part in re.split(r"[、,，/]", word)]
    assert field.scheme is not None
    names = tables.codes[field.scheme].exact
    words = regroup(pieces, lambda text: name_key(text) in names)
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
