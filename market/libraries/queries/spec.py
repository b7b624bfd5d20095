"""What each kind of entry adds to what all have in common: fields, codes, text for the index, columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from market.libraries.models import RegisterEntry
from market.reference.rules import Scheme
from market.search.documents import Kind

ColumnKind = Literal["text", "integer", "amount_wan", "date"]


@dataclass(frozen=True, slots=True)
class Column:
    """One field of the public part, as editions and exports show it.

    Attributes:
        key: in the content of an edition's row.
        title: Chinese heading.
        kind: how a spreadsheet shows it; days are ISO 8601 text in the content, amounts integer fen, lists
            are joined by ；.
        scheme: list of codes whose names a sheet shows beside the code's place.
        bracketed: each item of the list ends with marks in brackets.
    """

    key: str
    title: str
    kind: ColumnKind = "text"
    scheme: Scheme | None = None
    bracketed: bool = False


@dataclass(frozen=True, slots=True)
class KindSpec:
    """What the machinery of entries must know of a kind.

    Attributes:
        model: its table class.
        columns: of its own, after those all kinds have.
        contents: public values of its own, one mapping per entry, keys as `columns`; reads what belongs to
            the entries in a fixed number of statements.
        office: columns of the table that only those who keep the register see, for their own copy of it.
        codes: fields that hold a code.
        code_lists: fields that hold several.
        index_kind: under which it is found; None if it is not.
        index_text: what the index reads besides title, summary and keywords.
        facets: of its own, by the names of `Facets`.
        may_be_found: a further condition on being found or shown to anyone, such as a consent.
        shown: the same condition in SQL, for lists; None where there is none.
        person: name of the column with the user whom an entry is about, who reads it as its keeper does.
        personal: its fields belong to a person; no copy of them is kept with its steps.
    """

    model: type[RegisterEntry]
    columns: tuple[Column, ...]
    contents: Callable[[Session, Sequence[Any]], list[dict[str, Any]]]
    office: tuple[Column, ...] = ()
    codes: Mapping[str, Scheme] = field(default_factory=dict)
    code_lists: Mapping[str, Scheme] = field(default_factory=dict)
    index_kind: Kind | None = None
    index_text: Callable[[Session, Any], str] = lambda _session, _entry: ""
    facets: Callable[[Session, Any], dict[str, Any]] = lambda _session, _entry: {}
    may_be_found: Callable[[Session, Any], bool] = lambda _session, _entry: True
    shown: ColumnElement[bool] | None = None
    person: str | None = None
    personal: bool = False
