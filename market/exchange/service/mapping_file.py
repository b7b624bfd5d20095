"""A mapping kept in a file: what the columns of an export are, for the next export from the same system.

TOML or JSON with up to three tables: `columns` (column = field, for money with `:单位`), `defaults`
(field = value) and `words` (field: word of the file = code or name of ours).
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from market.errors import RuleViolation, violation
from market.exchange.rules.mapping import ColumnMapping

TABLES = ("columns", "defaults", "words")


@dataclass(frozen=True, slots=True)
class MappingFile:
    """See the module; the names are those of `ImportOptions`."""

    columns: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        mapping: ColumnMapping,
        *,
        defaults: Mapping[str, str],
        words: Mapping[str, Mapping[str, str]],
    ) -> MappingFile:
        """Return what to keep of an import, guesses included; columns that were left out stay out."""
        columns = {
            each.column: each.field.name + (f":{each.unit}" if each.unit is not None else "")
            for each in mapping.columns
        }
        return cls(columns | dict.fromkeys(mapping.unmapped, ""), defaults, words)


def read_mapping_file(path: Path) -> MappingFile:
    """Read a mapping.

    Raises:
        RuleViolation: `mapping-unreadable`, with words about what is wrong.
    """
    require_mapping_suffix(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
        stored = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(f"对应关系文件无法解析：{error}") from None
    if not isinstance(stored, dict) or not set(stored) <= set(TABLES):
        raise _unreadable(f"对应关系文件应由 {'、'.join(TABLES)} 几部分组成。")
    words = stored.get("words", {})
    if not isinstance(words, dict):
        raise _unreadable("words 部分应按字段分列。")
    return MappingFile(
        columns=_pairs(stored.get("columns", {}), "columns"),
        defaults=_pairs(stored.get("defaults", {}), "defaults"),
        words={name: _pairs(meanings, f"words.{name}") for name, meanings in words.items()},
    )


def write_mapping_file(path: Path, mapping: MappingFile) -> None:
    """Write a mapping, to be read by `read_mapping_file`; a file that is there is replaced.

    Raises:
        RuleViolation: `mapping-unreadable`: the suffix is neither .toml nor .json.
    """
    require_mapping_suffix(path)
    tables = {"columns": mapping.columns, "defaults": mapping.defaults}
    if path.suffix.lower() == ".json":
        stored = {**tables, "words": mapping.words}
        path.write_text(json.dumps(stored, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        return
    tables |= {f"words.{_quoted(name)}": meanings for name, meanings in mapping.words.items()}
    lines = []
    for name, pairs in tables.items():
        lines += [f"[{name}]", *(f"{_quoted(key)} = {_quoted(value)}" for key, value in pairs.items()), ""]
    path.write_text("\n".join(lines), encoding="utf-8")


def require_mapping_suffix(path: Path) -> None:
    """Refuse a file that could not be read back.

    Raises:
        RuleViolation: `mapping-unreadable`.
    """
    if path.suffix.lower() not in {".toml", ".json"}:
        raise _unreadable("对应关系文件应为 .toml 或 .json。")


def _pairs(stored: Any, name: str) -> dict[str, str]:
    if not isinstance(stored, dict) or not all(isinstance(value, str) for value in stored.values()):
        raise _unreadable(f'{name} 部分应为“名称 = "值"”，值须加引号。')
    return stored


def _quoted(text: str) -> str:
    # Strings of JSON are strings of TOML, but for one character that JSON leaves as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _unreadable(detail: str) -> RuleViolation:
    return violation("/mapping", "mapping-unreadable", detail)
