"""What differs between two editions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Frozen:
    """One row of an edition.

    Attributes:
        record_id: id of the entry (or other record) it was made from.
        key: `kind:id`, by which editions are compared.
        title: what people call it.
        content: its public part as JSON values.
    """

    record_id: int
    key: str
    title: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """A row that stands in both editions and is not the same.

    Attributes:
        fields: names of the fields that differ, in the order of the newer row.
    """

    key: str
    title: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """An edition against the one before it; rows in the order of their edition."""

    added: tuple[tuple[str, str], ...]
    removed: tuple[tuple[str, str], ...]
    changed: tuple[Change, ...]
    unchanged: int

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "added": [{"key": key, "title": title} for key, title in self.added],
            "removed": [{"key": key, "title": title} for key, title in self.removed],
            "changed": [
                {"key": one.key, "title": one.title, "fields": list(one.fields)} for one in self.changed
            ],
            "unchanged": self.unchanged,
        }


def compare(before: Mapping[str, Frozen], after: Mapping[str, Frozen]) -> Comparison:
    """Compare two editions by the keys of their rows."""
    changed = tuple(_changes(before, after))
    return Comparison(
        added=tuple((key, row.title) for key, row in after.items() if key not in before),
        removed=tuple((key, row.title) for key, row in before.items() if key not in after),
        changed=changed,
        unchanged=sum(key in before for key in after) - len(changed),
    )


def _changes(before: Mapping[str, Frozen], after: Mapping[str, Frozen]) -> Iterator[Change]:
    for key, row in after.items():
        old = before.get(key)
        if old is None:
            continue
        names = [*row.content, *(name for name in old.content if name not in row.content)]
        fields = tuple(name for name in names if row.content.get(name) != old.content.get(name))
        if fields:
            yield Change(key, row.title, fields)
