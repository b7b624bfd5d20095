"""Guessing which column is which field, from its name alone; what is not known for sure is left out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from market.errors import FieldError, RuleViolation, violation
from market.exchange.rules.field import CUSTOMS, ORGANISATION, ORGANISATION_USCC, Field, How
from market.exchange.rules.fields import FIELDS
from market.exchange.rules.runs import ImportKind

UNIT_FEN: Mapping[str, int] = {
    "分": 1,
    "元": 100,
    "千元": 100_000,
    "万元": 1_000_000,
    "百万元": 100_000_000,
    "亿元": 10_000_000_000,
}
"""Fen in one unit of money."""

_UNITS: Mapping[How, tuple[str, ...]] = {How.MONEY: tuple(UNIT_FEN), How.COUNTRY: (CUSTOMS,)}
_UNIT_ALIASES = {"fen": "分", "yuan": "元", "wan": "万元", "万": "万元", "亿": "亿元", "人民币元": "元"}
_UNIT_AT_END = re.compile(r"(百万元|亿元|万元|千元|人民币元|元|分|亿|万|fen|yuan|wan)[)\]】]?\s*$")


@dataclass(frozen=True, slots=True)
class MappedColumn:
    """One column and the field it feeds.

    Attributes:
        column: its name in the file.
        index: its place, from 0.
        field: the target.
        unit: unit of money named by the column, for money fields; None means that each cell names its own.
            For countries, `海关` where the column has the customs' codes instead of those of ISO 3166.
        chosen: True where the user said so, False where it is a guess.
    """

    column: str
    index: int
    field: Field
    unit: str | None
    chosen: bool


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """How the columns of a file are read; `unmapped` columns are not read at all."""

    columns: tuple[MappedColumn, ...]
    unmapped: tuple[str, ...]

    def column_of(self, name: str) -> MappedColumn | None:
        """Return the first column that feeds a field."""
        return next((mapped for mapped in self.columns if mapped.field.name == name), None)


def header_key(header: str) -> str:
    """Return the part of a column name that matters: no width, case, numbering, marks, brackets or blanks."""
    text = unicodedata.normalize("NFKC", header).strip().lower()
    text = re.sub(r"^[*#\s]*(\d+[.、)])?[*\s]*", "", text)
    text = re.sub(r"[(\[【].*?[)\]】]", "", text)
    return re.sub(r"[\s:*_/\-]", "", text)


def header_unit(header: str) -> str | None:
    """Return the unit of money at the end of a column name, in brackets or not; None if there is none."""
    match = _UNIT_AT_END.search(unicodedata.normalize("NFKC", header).strip().lower())
    return None if match is None else _UNIT_ALIASES.get(match[1], match[1])


def guess_mapping(
    kind: ImportKind,
    columns: Sequence[str],
    *,
    chosen: Mapping[str, str],
    one_organisation: bool,
) -> ColumnMapping:
    """Decide what each column is.

    Args:
        kind: what the file holds.
        columns: names, in order.
        chosen: target by column name where the user decides; empty leaves a column out, if it is there. A
            target is a field's name or its Chinese label, for money with `:单位` behind it.
        one_organisation: True where one organisation owns all rows, so that columns naming one are not read.

    Raises:
        RuleViolation: `unknown-column` or `unknown-field`: a choice names what is not there.
    """
    _check_choices(kind, columns, chosen)
    known = _fields_by_header(kind)
    mapped: dict[int, MappedColumn] = {}
    taken: set[str] = set()
    for by_choice in (True, False):  # what the user chose is not taken away by a guess further left
        for index, column in enumerate(columns):
            if (column in chosen) is not by_choice:
                continue
            found = _choose(kind, chosen[column]) if by_choice else _guess(known, column)
            if found is None or (found[0].name in taken and not found[0].several):
                continue
            field, unit = found
            if one_organisation and field.name in {ORGANISATION, ORGANISATION_USCC}:
                continue
            taken.add(field.name)
            mapped[index] = MappedColumn(column, index, field, unit or _unit_of(field, column), by_choice)
    return ColumnMapping(
        columns=tuple(mapped[index] for index in sorted(mapped)),
        unmapped=tuple(column for index, column in enumerate(columns) if index not in mapped),
    )


def require_columns(kind: ImportKind, mapping: ColumnMapping, *, defaults: Mapping[str, object]) -> None:
    """Refuse a file in which no column feeds a field that every row must have.

    Raises:
        RuleViolation: `column-missing`, with one error for each such field.
    """
    missing = [
        field
        for field in FIELDS[kind]
        if field.required and mapping.column_of(field.name) is None and field.name not in defaults
    ]
    if missing:
        labels = "、".join(field.label for field in missing)
        raise RuleViolation(
            f"文件缺少必需的列：{labels}。请检查表头，或指明对应关系。",
            code="column-missing",
            fields=tuple(
                FieldError(
                    f"/{field.name.replace('.', '/')}", "column-missing", f"没有找到“{field.label}”一列。"
                )
                for field in missing
            ),
        )


def find_field(kind: ImportKind, name: str) -> Field | None:
    """Return the field with this name or Chinese label, if any."""
    wanted = name.strip()
    return next((field for field in FIELDS[kind] if wanted in {field.name, field.label}), None)


def _check_choices(kind: ImportKind, columns: Sequence[str], chosen: Mapping[str, str]) -> None:
    for column, target in chosen.items():
        if not target.strip():
            continue
        if column not in columns:
            raise violation("/columns", "unknown-column", f"文件中没有“{column}”一列。")
        name, unit = _target(target)
        field = find_field(kind, name)
        if field is None:
            raise violation("/columns", "unknown-field", f"没有“{name}”这个字段。")
        units = _UNITS.get(field.how, ())
        if unit and unit not in units:
            allowed = f"应为{'、'.join(units)}之一" if units else "这个字段没有单位"
            raise violation("/columns", "unknown-unit", f"“{target}”中的单位无效，{allowed}。")


def _choose(kind: ImportKind, target: str) -> tuple[Field, str | None] | None:
    name, unit = _target(target)
    field = find_field(kind, name)
    return None if field is None else (field, unit or None)


def _target(target: str) -> tuple[str, str]:
    name, _, unit = target.replace("：", ":").partition(":")
    return name.strip(), unit.strip()


def _guess(known: Mapping[str, Field], column: str) -> tuple[Field, str | None] | None:
    key = header_key(column)
    field = known.get(key) or known.get(_UNIT_AT_END.sub("", key))
    return None if field is None else (field, None)


def _fields_by_header(kind: ImportKind) -> dict[str, Field]:
    known: dict[str, Field] = {}
    for field in FIELDS[kind]:
        for header in (field.name, field.label, *field.headers):
            known.setdefault(header_key(header), field)
    return known


def _unit_of(field: Field, column: str) -> str | None:
    if field.how is How.COUNTRY:
        return CUSTOMS if CUSTOMS in column else None
    return header_unit(column) if field.how is How.MONEY else None
