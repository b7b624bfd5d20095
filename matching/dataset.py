"""Reading documents of any kind and judgements from files, for the command line.

JSONL: one object per line with `id`, `title` and `description` (or `external_id` and `body`, as the
market's own files call them); optionally `keywords`, `facets` (an object as `Facets.to_json` gives it),
or on their own a two-digit `field` or `tech_field`, and what `_PLAIN` names. CSV: with the columns `id`,
`title`, `description` or their Chinese names as the spreadsheets of universities have them, and
optionally keywords, which are read as part of the description; UTF-8 with or without BOM, or GB 18030.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from matching.errors import InvalidInput
from matching.types import Document, Facets, Kind

UNGRADED: Final = 1
"""Grade of a judgement without `grade`: relevant, without saying how much. Pairs not listed have grade 0."""

_COLUMNS: Final = {"外部编号": "id", "成果名称": "title", "成果简介": "description", "关键词": "keywords"}
_ALIASES: Final = {"external_id": "id", "body": "description", "tech_field": "field"}
_REQUIRED: Final = ("id", "title", "description")
_FIELD_CODE: Final = re.compile(r"\d{2}")
_LEVELS: Final = ("trl", "min_trl", "max_trl")
_PLAIN: Final[dict[str, type]] = {
    "chain": str,
    "category": str,
    "region": str,
    **dict.fromkeys(_LEVELS, int),
    "price_fen": int,
    "budget_fen": int,
}
"""Facets that may stand beside the texts, each of its type."""

Judgements = dict[str, dict[str, int]]


def read_documents(path: Path, *, kind: Kind) -> list[Document]:
    """Read documents of one kind from a `.jsonl` or `.csv` file.

    Raises:
        InvalidInput: the file cannot be read, or a line is wrong; the message names both.
    """
    rows = _csv_rows(path) if path.suffix.lower() == ".csv" else _json_rows(path)
    documents: dict[str, Document] = {}
    for line, row in rows:
        document = _document(row, kind=kind, place=f"{path}:{line}")
        if document.key in documents:
            raise InvalidInput(f"{path}:{line}: 编号 {document.key} 重复")
        documents[document.key] = document
    if not documents:
        raise InvalidInput(f"{path}: 没有任何记录")
    return list(documents.values())


def read_pool(paths: list[Path], *, kind: Kind) -> list[Document]:
    """Read documents from several files; an id may stand in one of them only.

    Raises:
        InvalidInput: as `read_documents`, or an id stands in two files.
    """
    pool: dict[str, Document] = {}
    for path in paths:
        for document in read_documents(path, kind=kind):
            if document.key in pool:
                raise InvalidInput(f"{path}: 编号 {document.key} 在另一个文件中已出现")
            pool[document.key] = document
    return list(pool.values())


def read_judgements(path: Path, *, kind: Kind = Kind.ACHIEVEMENT) -> Judgements:
    """Read judgements on documents of one kind from JSONL: `need`, `kind`, `key` and `grade`.

    Instead of `kind` and `key` a line may name the document under its kind, as `achievement`.

    Args:
        path: of the file.
        kind: judgements on documents of other kinds are passed over.

    Returns:
        Grade by need and document. A grade is an integer, 0 for "not useful"; without one a pair counts
        `UNGRADED`.

    Raises:
        InvalidInput: the file cannot be read, or a line is wrong.
    """
    judgements: Judgements = {}
    for line, row in _json_rows(path):
        place = f"{path}:{line}"
        need, (judged, key) = _text(row, "need", place=place), _judged(row, place=place)
        grade = row.get("grade", UNGRADED)
        if isinstance(grade, bool) or not isinstance(grade, int) or grade < 0:
            raise InvalidInput(f"{place}: grade 应为不小于0的整数，实为 {grade!r}")
        if judged is not kind:
            continue
        if key in judgements.setdefault(need, {}):
            raise InvalidInput(f"{place}: {need} 与 {key} 已有评判")
        judgements[need][key] = grade
    if not judgements:
        raise InvalidInput(f"{path}: 没有任何评判")
    return judgements


def _judged(row: Mapping[str, Any], *, place: str) -> tuple[Kind, str]:
    """Return which document a line judges."""
    if "kind" not in row:
        named = next((kind for kind in Kind if kind is not Kind.NEED and kind.value in row), Kind.ACHIEVEMENT)
        return named, _text(row, named.value, place=place)
    try:
        return Kind(row["kind"]), _text(row, "key", place=place)
    except ValueError as error:
        raise InvalidInput(f"{place}: 没有种类 {row['kind']!r}") from error


def _document(row: Mapping[str, Any], *, kind: Kind, place: str) -> Document:
    key, title, body = (_text(row, name, place=place) for name in _REQUIRED)
    if not key:
        raise InvalidInput(f"{place}: 编号为空")
    keywords = row.get("keywords")
    if isinstance(keywords, list):
        keywords = " ".join(str(word) for word in keywords)
    if keywords:
        body = f"{body}\n{keywords}"
    return Document(key, kind, title, body, _facets(row, place=place))


def _facets(row: Mapping[str, Any], *, place: str) -> Facets:
    stated = dict(row.get("facets") or {})
    for name, sort in _PLAIN.items():
        value = row.get(name)
        if value is None or value == "":
            continue
        if not isinstance(value, sort) or isinstance(value, bool):
            expected = "文本" if sort is str else "整数"
            raise InvalidInput(f"{place}: {name} 应为{expected}，实为 {value!r}")
        stated.setdefault(name, value)
    field = row.get("field")
    if isinstance(field, str) and _FIELD_CODE.fullmatch(field):
        stated.setdefault("tech_field", field)
    try:
        facets = Facets.from_json(stated)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{place}: facets 有误：{error}") from error
    for name in _LEVELS:
        level = getattr(facets, name)
        if level is not None and (isinstance(level, bool) or level not in range(1, 10)):
            raise InvalidInput(f"{place}: {name} 应为1至9的整数，实为 {level!r}")
    return facets


def _text(row: Mapping[str, Any], name: str, *, place: str) -> str:
    value = row.get(name)
    if not isinstance(value, str):
        raise InvalidInput(f"{place}: 缺少 {name}，或其值不是文本")
    return value


def _json_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, text in enumerate(_read(path).splitlines(), start=1):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
        except ValueError as error:
            raise InvalidInput(f"{path}:{line}: 不是合法的JSON（{error}）") from error
        if not isinstance(row, dict):
            raise InvalidInput(f"{path}:{line}: 应为一个JSON对象")
        yield line, {_ALIASES.get(str(name), str(name)): value for name, value in row.items()}


def _csv_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    reader = csv.DictReader(io.StringIO(_read(path), newline=""), strict=True)
    try:
        names = [_COLUMNS.get(name.strip(), name.strip()) for name in reader.fieldnames or ()]
        missing = [name for name in _REQUIRED if name not in names]
        if missing:
            raise InvalidInput(f"{path}:1: 缺少列 {'、'.join(missing)}")
        reader.fieldnames = names
        for row in reader:
            if None in row or None in row.values():
                raise InvalidInput(f"{path}:{reader.line_num}: 列数与表头不符")
            yield reader.line_num, row
    except csv.Error as error:
        raise InvalidInput(f"{path}:{reader.reader.line_num}: 不是合法的CSV（{error}）") from error


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path}: 无法读取（{error.strerror}）") from error
    encodings = ("utf-8-sig", "gb18030") if path.suffix.lower() == ".csv" else ("utf-8-sig",)
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
    raise InvalidInput(f"{path}:{line}: 文本编码不是 UTF-8")
