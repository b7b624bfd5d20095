"""What may be kept of a file about people: rows and columns by number and kind, never a word of it.

A heading may name somebody too, and so may the name of the file; a name may stand in any column by mistake.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePath

from market.exchange.rules.mapping import ColumnMapping
from market.exchange.rules.runs import KIND_NAMES, ImportKind, RowError

PLAIN_WORDS = frozenset(
    {
        "bad-character", "bad-date", "bad-flag", "bad-format", "bad-integer", "bad-role", "bad-text",
        "consent-incomplete", "consent-missing", "digits-lost", "duplicate-in-file", "entry-ambiguous",
        "evidence-missing", "day-ahead", "field-missing", "level-of-other-role", "not-editable",
        "not-own-organisation", "organisation-differs", "organisation-missing", "outside-region",
        "region-missing", "role-known", "role-not-allowed", "role-period", "text-too-long", "text-too-short",
        "too-many-words", "unreadable-row",
    }
)  # fmt: skip
"""Codes of faults whose words name fields and limits, but nothing that stands in the row."""

SAID: Mapping[str, str] = {
    "agency-not-on-file": "所填机构不在备案名录中。",
    "external-id-taken": "本地区已有相同外部编号的条目。",
    "organisation-unknown": "没有或不止一个单位与所填相符；不在平台上的单位请留空。",
    "unknown-code": "所填内容不在代码表中，请填代码或名称。",
    "unknown-region": "没有或不止一个行政区划与所填相符，请填六位代码或全称。",
}
"""Words in place of those that repeat what stands in the cell."""

ANY_OTHER = "所填内容不符合要求。"


def guarded(error: RowError, mapping: ColumnMapping) -> RowError:
    """Return an error without anything that stands in the file; the column is named by its field."""
    labels = {mapped.column: mapped.field.label for mapped in mapping.columns}
    detail = error.detail if error.code in PLAIN_WORDS else SAID.get(error.code, ANY_OTHER)
    return replace(error, column=labels.get(error.column or ""), value=None, detail=detail)


def guarded_name(kind: ImportKind, file_name: str) -> str:
    """Return a name for a file that says only what it holds."""
    return KIND_NAMES[kind] + PurePath(file_name).suffix.lower()


def guarded_heading(index: int) -> str:
    """Return what a column is called instead of its heading, from its place, which counts from 0."""
    return f"第{index + 1}列"
