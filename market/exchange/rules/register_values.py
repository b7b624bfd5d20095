"""Cells of registers that hold several things at once, as the market's own exports write them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, time
from typing import Any

from market.exchange.rules.codes import Tables
from market.exchange.rules.days import OPEN_ENDED, read_date
from market.exchange.rules.field import Field, How
from market.exchange.rules.runs import Cell
from market.exchange.rules.texts import ValueFault, plain_text, short_text, split_words
from market.libraries.rules.cells import parted, quoted_at
from market.libraries.rules.graph import CHAIN_ROLE_NAMES
from market.libraries.rules.talents import MANAGER_ROLE
from market.reference.rules import Scheme

FIRST_YEAR = 1990
"""No title of an enterprise is older."""

_END = r"\s*(?:[、；;，,\n]+\s*|$)"
_POSITION = re.compile(
    r"(.+?)\s*[（(]\s*(" + "|".join(CHAIN_ROLE_NAMES.values()) + r")(?:\s*[，,]\s*(.+?))?\s*[)）]" + _END
)
_TITLE = re.compile(r"(.+?)\s*[（(]\s*(\d{4})年?(?:[，,；; ]*(?:有效)?至\s*([^()（）]+?))?\s*[)）]" + _END)
_ROLE = re.compile(
    r"(.+?)\s*[（(]\s*(\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?)\s*至\s*([^()（），,]+?)"
    r"(?:\s*[，,]\s*挂靠(.+?))?\s*[)）]" + _END
)
_UNIT = re.compile(r"(.+?)\s*[（(](牵头企业|牵头|企业|)\s*(?:(\d[-/.\d年月日]+)加入)?[)）]")
_PERSON = re.compile(r"(.+?)\s*[（(](.+)[)）]")
_PRESENT = re.compile(r"(.+?)\s*[（(]现为(.+)[)）]", re.DOTALL)
_COLON = re.compile(r"\s*[:：]\s*")
_HOURS = re.compile(r"(\d{1,2})[:：](\d{2})\s*(?:-|–|—|~|至|到)+\s*(\d{1,2})[:：](\d{2})")
_WEEKDAY_RANGE = re.compile(r"([1-7])(?:-|~|至|到)([1-7])")


def read_compound(field: Field, cell: Cell, tables: Tables) -> object:
    """Return what a cell of several things says; see the function of each.

    Raises:
        ValueFault: it is not written as it must be, or there are too many.
    """
    found = _read(field, cell, tables)
    if field.most and isinstance(found, list) and len(found) > field.most:
        raise ValueFault("too-many-words", f"{field.label}不能超过{field.most}项，现有{len(found)}项。")
    return found


def _read(field: Field, cell: Cell, tables: Tables) -> object:
    match field.how:
        case How.WEEKDAYS:
            return read_weekdays(cell)
        case How.HOURS:
            return read_hours(cell)
        case How.PIECES:
            return split_words(cell)
        case How.TARGETS:
            return read_targets(cell)
        case How.POSITIONS:
            return read_positions(cell, tables)
        case How.TITLES:
            return read_titles(cell, tables)
        case How.UNITS:
            return read_units(cell)
        case How.PEOPLE:
            return read_people(cell)
        case _:
            return read_roles(cell, tables)


def _items(pattern: re.Pattern[str], cell: Cell, *, code: str, detail: str) -> Iterator[re.Match[str]]:
    """Yield one match after another until the text is used up; names may hold the mark between them."""
    text, place = plain_text(cell), 0
    while place < len(text):
        match, end = _item_at(pattern, text, place)
        if match is None:
            raise ValueFault(code, detail)
        yield match
        place = end


def _item_at(pattern: re.Pattern[str], text: str, place: int) -> tuple[re.Match[str] | None, int]:
    """Return the item at a place, whole in 「」 or up to the brackets that end it, and where it ends."""
    whole = quoted_at(text, place)
    if whole is not None:
        match, behind = pattern.fullmatch(whole[0]), re.compile(_END).match(text, whole[1])
        if match is not None and behind is not None:
            return match, behind.end()
    match = pattern.match(text, place)
    return match, match.end() if match is not None else place


def read_positions(cell: Cell, tables: Tables) -> list[dict[str, Any]]:
    """Return `node` (its name), `role` and `chain` of each 「电池片（核心）」 or 「封装（核心，集成电路）」.

    Raises:
        ValueFault: `bad-position` or `unknown-code`.
    """
    detail = "请写成“环节（链主）”“环节（核心）”或“环节（配套）”，多项用“；”分隔。"
    roles = {name: role for role, name in CHAIN_ROLE_NAMES.items()}
    found = []
    for match in _items(_POSITION, cell, code="bad-position", detail=detail):
        chain = tables.codes[Scheme.CHAIN].find(match[3]) if match[3] else None
        if match[3] and chain is None:
            raise ValueFault("unknown-code", f"产业链中没有“{match[3][:30]}”，请填代码表中的代码或名称。")
        found.append({"node": match[1], "role": roles[match[2]], "chain": chain})
    return found


def read_titles(cell: Cell, tables: Tables) -> list[dict[str, Any]]:
    """Return `tag`, `year` and `valid_until` of each 「高新技术企业（2023，至2026-11-05）」.

    Raises:
        ValueFault: `bad-title`, `unknown-code` or `bad-date`.
    """
    detail = "请写成“称号（年度）”，有期限的写成“称号（年度，至年-月-日）”，多项用“；”分隔。"
    found = []
    for match in _items(_TITLE, cell, code="bad-title", detail=detail):
        tag = tables.codes[Scheme.ENTERPRISE_TAG].find(match[1])
        if tag is None:
            raise ValueFault("unknown-code", f"称号中没有“{match[1][:30]}”，请填代码表中的代码或名称。")
        if int(match[2]) < FIRST_YEAR:
            raise ValueFault("bad-title", f"称号的年度不能早于{FIRST_YEAR}年。")
        until = read_date(match[3]) if match[3] else None
        found.append({"tag": tag, "year": int(match[2]), "valid_until": until})
    return found


def read_roles(cell: Cell, tables: Tables) -> list[dict[str, Any]]:
    """Return `role`, `level`, `valid_from`, `valid_until` and `agency` of each 「专家（2025-01-01至长期）」.

    The name of a level stands for a technology manager of that level; an agency comes behind a comma, as
    「（2025-01-01至长期，挂靠示例中心）」.

    Raises:
        ValueFault: `bad-role`, `unknown-code` or `bad-date`.
    """
    detail = "请写成“身份（起始日期至终止日期）”，没有终止日期的写“长期”，多项用“；”分隔。"
    found = []
    for match in _items(_ROLE, cell, code="bad-role", detail=detail):
        level = tables.codes[Scheme.BROKER_LEVEL].exact_code(match[1])
        role = MANAGER_ROLE if level is not None else tables.codes[Scheme.TALENT_ROLE].find(match[1])
        if role is None:
            raise ValueFault("unknown-code", "身份或等级不在代码表中。")
        until = None if match[3] in OPEN_ENDED else read_date(match[3])
        held = {"role": role, "level": level, "valid_from": read_date(match[2]), "valid_until": until}
        found.append(held | ({"agency": match[4]} if match[4] else {}))
    return found


def read_units(cell: Cell) -> list[dict[str, Any]]:
    """Return `name`, `lead`, `is_enterprise` and `joined_on` of each unit.

    One is written as 「某某大学（牵头）」 or 「某某厂（企业 2024-03-01加入）」; without a day it is None.

    Raises:
        ValueFault: `text-too-short`, `text-too-long` or `bad-date`.
    """
    found: dict[str, dict[str, Any]] = {}
    for word in split_words(cell):
        match = _UNIT.fullmatch(word)
        name, marks, day = (match[1], match[2], match[3]) if match is not None else (word, "", None)
        _require_length("成员单位", name, low=2, high=200)
        found[name] = {
            "name": name,
            "lead": "牵头" in marks,
            "is_enterprise": "企业" in marks,
            "joined_on": read_date(day) if day else None,
        }
    return list(found.values())


def read_people(cell: Cell) -> list[dict[str, Any]]:
    """Return `name` and `unit` of each person, as 「顾示例（示例大学）」; without brackets the unit is None.

    Raises:
        ValueFault: `text-too-short` or `text-too-long`.
    """
    found = []
    for word in split_words(cell):
        match = _PERSON.fullmatch(word)
        name, unit = (match[1], match[2].strip()) if match is not None else (word, None)
        _require_length("姓名", name, low=2, high=64)
        if unit is not None:
            _require_length("成员的单位", unit, low=2, high=200)
        found.append({"name": name, "unit": unit})
    return found


def read_targets(cell: Cell) -> list[dict[str, str | None]]:
    """Return `name`, `target` and `present` of each indicator.

    One is written as 「名称：目标」 or 「名称 目标」, with 「（现为…）」 behind it; a piece without a target
    goes on with the one before, so that what was told once is at least told the same.

    Raises:
        ValueFault: `bad-indicator`, `text-too-long`.
    """
    pieces: list[str] = []
    for piece in filter(None, parted(plain_text(cell), r"[;；\n]", "、")):  # not at commas: targets have them
        if pieces and not re.search(r"[:：\s]", piece):
            pieces[-1] += "、" + piece
        else:
            pieces.append(piece)
    found: list[dict[str, str | None]] = []
    for piece in pieces:
        match = _PRESENT.fullmatch(piece)
        text, present = (match[1], match[2].strip()) if match is not None else (piece, None)
        parts = _name_and_target(text.strip())
        if len(parts) < 2 or not all(parts):
            raise ValueFault("bad-indicator", "攻关指标请写成“名称：目标（现为现状）”，多项用“；”分隔。")
        _require_length("指标名称", parts[0], low=1, high=100)
        for value in (parts[1], present or ""):
            _require_length("指标数值", value, low=0, high=200)
        found.append({"name": parts[0], "target": parts[1], "present": present})
    return found


def _name_and_target(text: str) -> list[str]:
    """Split an indicator at its first colon, else at a blank; a name with a colon stands in 「」."""
    head = quoted_at(text, 0)
    colon = _COLON.match(text, head[1]) if head is not None else None
    if head is not None and colon is not None:
        return [head[0], text[colon.end() :]]
    return (_COLON if _COLON.search(text) else re.compile(r"\s+")).split(text, maxsplit=1)


def read_weekdays(cell: Cell) -> list[int]:
    """Return days of the week, 1 for Monday, of 「周一至周五」, 「1-5」 or 「一、三、五」.

    Raises:
        ValueFault: `bad-weekday`.
    """
    text = re.sub(r"星期|礼拜|周|每", "", short_text(cell)).translate(
        str.maketrans("一二三四五六日天", "12345677")
    )
    days: set[int] = set()
    for part in re.split(r"[、，,；;\s]+", text.strip()):
        span = _WEEKDAY_RANGE.fullmatch(part)
        if span is not None and span[1] <= span[2]:
            days.update(range(int(span[1]), int(span[2]) + 1))
        elif re.fullmatch(r"[1-7]", part):
            days.add(int(part))
        else:
            raise ValueFault("bad-weekday", "开放星期请写成“周一至周五”或“周一、周三”。")
    return sorted(days)


def read_hours(cell: Cell) -> tuple[time, time]:
    """Return the beginning and the end of 「08:30-17:30」.

    Raises:
        ValueFault: `bad-hours`.
    """
    match = _HOURS.fullmatch(short_text(cell))
    if match is None:
        raise ValueFault("bad-hours", "开放时间请写成 08:30-17:30。")
    first, first_minute, last, last_minute = map(int, match.groups())
    try:
        return time(first, first_minute), time(last, last_minute)
    except ValueError:
        raise ValueFault("bad-hours", "一天中没有这个时间。") from None


def consent_fault(consent: Mapping[str, Any], *, keep: str) -> tuple[str, str, str] | None:
    """Return the field, code and words of what is missing for a person to be kept; None if nothing is.

    Args:
        consent: `scopes`, `given_on` and `evidence` of a row.
        keep: the scope without which nobody is kept.
    """
    if keep not in (consent.get("scopes") or ()):
        return "scopes", "consent-missing", "没有本人同意“入库保存”的记录，不能导入。"
    return consent_details_fault(consent)


def consent_details_fault(consent: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """Return what is missing beside the scope of a consent: its day, or where it can be seen."""
    if not isinstance(consent.get("given_on"), date):
        return "given_on", "consent-incomplete", "请填写同意日期。"
    if not consent.get("evidence"):
        return "evidence", "consent-incomplete", "请填写同意依据，如同意书的存放处和编号。"
    return None


def _require_length(label: str, text: str, *, low: int, high: int) -> None:
    if len(text) < low:
        raise ValueFault("text-too-short", f"{label}至少需要{low}个字。")
    if len(text) > high:
        raise ValueFault("text-too-long", f"{label}不能超过{high}个字。")
