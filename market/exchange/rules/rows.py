"""One row of a file as a form: every cell read, every fault found, nothing asked of the database."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from market.errors import MarketError, RuleViolation, violation
from market.exchange.rules.codes import Tables, name_key
from market.exchange.rules.field import (
    BROKERED,
    ORGANISATION,
    ORGANISATION_USCC,
    TOPIC,
    VALIDITY,
    Field,
    How,
)
from market.exchange.rules.fields import FIELDS, fields_by_name
from market.exchange.rules.mapping import ColumnMapping, MappedColumn, find_field
from market.exchange.rules.runs import (
    REGISTERS,
    Cell,
    ImportKind,
    RowError,
    SourceRow,
    column_letters,
    shown_value,
)
from market.exchange.rules.texts import ValueFault, plain_text, short_text
from market.exchange.rules.values import read_cell
from market.reference.rules import HOME_CURRENCY, MINOR_DIGITS

MERGED = frozenset({How.WORDS, How.CODES, How.INDICATORS, How.RIGHTS})
KEPT_WHEN_EMPTY = frozenset({"expires_on"})
"""Fields an empty cell says nothing about; any other empty cell of a listing or contract empties the field.

Of registers no empty cell says anything: their exports hold the public part only.
"""

NUMBERS: Mapping[str, tuple[str, ...]] = {
    "reg-no-taken": ("reg_no",),
    "external-id-taken": ("external_id",),
    "entry-ambiguous": ("external_id", "title", "person_name"),
    "organisation-differs": (ORGANISATION_USCC, ORGANISATION),
    "not-own-organisation": (ORGANISATION_USCC, ORGANISATION),
    "outside-region": ("region_code",),
}
"""Fields that some refusals are about, although they do not name them."""

SAID_AS = {"brokered_id": BROKERED, "opens_at": "hours", "closes_at": "hours", "node_id": "node"}
"""Fields of the form that a file states in other words."""

REPEATED = frozenset({How.CODE, How.COUNTRY, How.REGION, How.PARK, How.DATE, How.PERIOD, How.FLAG})
MOST_REMEMBERED = 10_000
"""Conversions of cells that a file repeats over and over, and how many values of a column are kept."""

MAX_KEYWORDS = 20
MAX_KEYWORD = 50


@dataclass(frozen=True, slots=True)
class RowForm:
    """What a row says.

    Attributes:
        row: the row itself.
        values: by field name; parties of contracts are dicts of their own.
        organisation: name of the owner or station, as the row has it.
        organisation_uscc: its credit code, as the row has it.
    """

    row: SourceRow
    values: dict[str, Any]
    organisation: str | None
    organisation_uscc: str | None


class CellReader:
    """Reads the cells of one file with one mapping; of codes, regions and dates it remembers the values.

    Args:
        tables: codes, regions and parks.
        words: by field, what words of this file mean; they are put in place of a cell before it is read.
    """

    def __init__(self, tables: Tables, words: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self._tables = tables
        self._words = {
            field: {short_text(word): meaning for word, meaning in meanings.items()}
            for field, meanings in (words or {}).items()
        }
        # By place of the column; None for columns whose cells are mostly different.
        self._known: dict[int, dict[Cell, object] | None] = {}

    def read(self, mapped: MappedColumn, cell: Cell) -> object:
        """Return the value of a cell that is not empty.

        Raises:
            ValueFault: as `read_cell`.
        """
        if mapped.index not in self._known:
            self._known[mapped.index] = {} if mapped.field.how in REPEATED else None
        known = self._known[mapped.index]
        if known is None or isinstance(cell, (list, dict)):
            return self._read(mapped, cell)
        if cell not in known:
            if len(known) >= MOST_REMEMBERED:
                known.clear()
            known[cell] = self._read(mapped, cell)
        return known[cell]

    def _read(self, mapped: MappedColumn, cell: Cell) -> object:
        meanings = self._words.get(mapped.field.name)
        if meanings:
            cell = meanings.get(short_text(cell), cell)
        return read_cell(mapped.field, cell, unit=mapped.unit, tables=self._tables)


def read_defaults(kind: ImportKind, defaults: Mapping[str, str], tables: Tables) -> dict[str, Any]:
    """Return values for rows that say nothing, by field name.

    Raises:
        RuleViolation: `unknown-field`, or a value that cannot be read.
    """
    values: dict[str, Any] = {}
    for name, text in defaults.items():
        field = find_field(kind, name)
        if field is None:
            raise violation("/defaults", "unknown-field", f"没有“{name}”这个字段。")
        try:
            value = read_cell(field, text, unit=None, tables=tables)
        except ValueFault as fault:
            raise violation("/defaults", fault.code, f"{field.label}：{fault.detail}") from None
        values[field.name] = value
    return values


def read_words_meant(
    kind: ImportKind, words: Mapping[str, Mapping[str, str]], tables: Tables
) -> dict[str, Mapping[str, str]]:
    """Return what words of a file mean, by field name; each meaning must be one the field knows.

    Raises:
        RuleViolation: `unknown-field`, or a meaning that cannot be read.
    """
    for name, meanings in words.items():
        for meaning in meanings.values():
            read_defaults(kind, {name: meaning}, tables)
    found = ((find_field(kind, name), meanings) for name, meanings in words.items())
    return {field.name: meanings for field, meanings in found if field is not None}


def read_row(
    kind: ImportKind,
    row: SourceRow,
    *,
    mapping: ColumnMapping,
    defaults: Mapping[str, Any],
    reader: CellReader,
    ordered: bool,
) -> tuple[RowForm, list[RowError]]:
    """Read all cells of a row.

    Args:
        kind: what the file holds.
        row: the row.
        mapping: which column is which field.
        defaults: from `read_defaults`.
        reader: of this file.
        ordered: whether the file's columns have letters.

    Returns:
        The form, to be used only if the list of errors is empty.
    """
    if row.fault is not None:
        return RowForm(row, {}, None, None), [
            RowError(row.number, None, None, None, "unreadable-row", row.fault)
        ]
    values: dict[str, Any] = {}
    words: list[str] = []
    errors: list[RowError] = []
    for mapped, cell in _stated(kind, row, mapping):
        field = mapped.field
        try:
            value = None if _is_empty(cell) else reader.read(mapped, cell)
        except ValueFault as fault:
            if field.soft and fault.code == "unknown-code":
                words.append(plain_text(cell))
                value = None
            else:
                errors.append(_at(row, mapped, fault.code, fault.detail, ordered=ordered))
                continue
        _put(values, words, field, value)
    for name, value in defaults.items():
        if values.get(name) in (None, []):
            values[name] = value
    errors += _missing(kind, row, mapping, values, ordered=ordered, faulty={e.column for e in errors})
    if kind is ImportKind.CONTRACTS:
        errors += _finish_contract(row, mapping, values, ordered=ordered)
    elif kind in REGISTERS:
        _finish_entry(values)
    elif not errors:
        _finish_listing(values, words)
    organisation, uscc = values.pop(ORGANISATION, None), values.pop(ORGANISATION_USCC, None)
    for name in KEPT_WHEN_EMPTY & values.keys():
        if values[name] is None:
            del values[name]
    return RowForm(row, _nest(values), organisation, uscc), errors


def _stated(kind: ImportKind, row: SourceRow, mapping: ColumnMapping) -> Iterator[tuple[MappedColumn, Cell]]:
    """Yield the columns that say something, with their cells."""
    for mapped in mapping.columns:
        cell = row.cells.get(mapped.column)
        if kind not in REGISTERS or not _is_empty(cell):
            yield mapped, cell


def _is_empty(cell: Cell) -> bool:
    if isinstance(cell, str):
        return not cell or cell.isspace()
    return cell is None or cell in ([], {})


def _put(values: dict[str, Any], words: list[str], field: Field, value: Any) -> None:
    if field.how not in MERGED:
        values[field.name] = value
    elif field.name == TOPIC:
        words += value or []
    elif field.how is How.INDICATORS and isinstance(value, str):
        # Running text about indicators belongs to the description, where it is found.
        values.setdefault(field.name, [])
        values["_indicator_text"] = value
    else:
        values[field.name] = [*values.get(field.name, []), *(value or [])]


def _missing(
    kind: ImportKind,
    row: SourceRow,
    mapping: ColumnMapping,
    values: Mapping[str, Any],
    *,
    ordered: bool,
    faulty: set[str | None],
) -> list[RowError]:
    errors = []
    for field in FIELDS[kind]:
        if not field.required or values.get(field.name) is not None:
            continue
        mapped = mapping.column_of(field.name)
        if mapped is None:
            errors.append(RowError(row.number, None, None, None, "field-missing", f"缺少{field.label}。"))
        elif mapped.column not in faulty:
            errors.append(_at(row, mapped, "field-missing", f"请填写{field.label}。", ordered=ordered))
    return errors


def _finish_listing(values: dict[str, Any], words: list[str]) -> None:
    text = values.pop("_indicator_text", None)
    if text is not None:
        values["body"] = f"{values['body']}\n技术指标：{text}"
    if words or "keywords" in values:
        own = values.get("keywords", [])
        added = [word for word in words if word not in own and len(word) <= MAX_KEYWORD]
        values["keywords"] = list(dict.fromkeys([*own, *added]))[: max(MAX_KEYWORDS, len(own))]
    if values.get("external_id") is None:
        values["external_id"] = derived_id(values["title"])


def _finish_contract(
    row: SourceRow, mapping: ColumnMapping, values: dict[str, Any], *, ordered: bool
) -> list[RowError]:
    """Split the term of validity, and count foreign money in its smallest unit (ISO 4217)."""
    first, last = values.pop(VALIDITY, None) or (None, None)
    for name, day in (("valid_from", first), ("valid_to", last)):
        if day is not None and values.get(name) is None:
            values[name] = day
    amount = values.get("foreign_amount")
    if amount is None:
        return []
    smallest = amount.scaleb(MINOR_DIGITS.get(values.get("currency") or HOME_CURRENCY, 0))
    values["foreign_amount"] = int(smallest)
    if smallest == smallest.to_integral_value():
        return []
    detail = "外币金额的小数位多于该货币的最小单位。"
    return [error_at(row, ("foreign_amount",), "money-too-fine", detail, mapping=mapping, ordered=ordered)]


def _finish_entry(values: dict[str, Any]) -> None:
    """Split the hours of a day; a number that is not stated leaves the entry's own alone."""
    if values.get("external_id") is None:
        values.pop("external_id", None)
    hours = values.pop("hours", None)
    if hours is not None:
        values["opens_at"], values["closes_at"] = hours


def derived_id(title: str) -> str:
    """Return the external number of a row that has none: the same for the same title."""
    return "auto-" + hashlib.sha256(name_key(title).encode()).hexdigest()[:24]


def _nest(values: Mapping[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, value in values.items():
        outer, _, inner = name.partition(".")
        if inner:
            nested.setdefault(outer, {})[inner] = value
        else:
            nested[name] = value
    return nested


def errors_of(
    kind: ImportKind, row: SourceRow, error: MarketError, *, mapping: ColumnMapping, ordered: bool
) -> list[RowError]:
    """Return what a service refused about a row, each fault at its column where the file has one."""
    if not isinstance(error, RuleViolation) or not error.fields:
        names = NUMBERS.get(error.code, ())
        return [error_at(row, names, error.code, error.detail, mapping=mapping, ordered=ordered)]
    known = fields_by_name(kind)
    errors = []
    for fault in error.fields:
        parts = [SAID_AS.get(part, part) for part in fault.pointer.strip("/").split("/")]
        name = next((n for n in (".".join(parts[:2]), parts[0]) if n in known), None)
        mapped = mapping.column_of(name) if name is not None else None
        if mapped is not None:
            found = _at(row, mapped, fault.code, fault.detail, ordered=ordered)
            errors.append(replace(found, source=fault.source))
        else:
            label = f"{known[name].label}：" if name is not None else ""
            detail = label + fault.detail
            errors.append(RowError(row.number, None, None, None, fault.code, detail, fault.source))
    return errors


def error_at(
    row: SourceRow, names: tuple[str, ...], code: str, detail: str, *, mapping: ColumnMapping, ordered: bool
) -> RowError:
    """Return an error at the first of these fields that has a column."""
    for name in names:
        mapped = mapping.column_of(name)
        if mapped is not None:
            return _at(row, mapped, code, detail, ordered=ordered)
    return RowError(row.number, None, None, None, code, detail)


def _at(row: SourceRow, mapped: MappedColumn, code: str, detail: str, *, ordered: bool) -> RowError:
    return RowError(
        row=row.number,
        column=mapped.column,
        position=f"{column_letters(mapped.index)}{row.number}" if ordered else None,
        value=None if mapped.field.personal else shown_value(row.cells.get(mapped.column)),
        code=code,
        detail=detail,
    )
