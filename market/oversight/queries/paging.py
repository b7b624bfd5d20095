"""Pages of rows that are computed rather than stored, by keyset as those of tables."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

from market.db import Page, PageRequest, bad_cursor

Row = TypeVar("Row")
Key: TypeAlias = tuple[str | int, ...]


def page_of_rows(rows: Sequence[Row], *, key: Callable[[Row], Key], page: PageRequest) -> Page[Row]:
    """Return the rows after the cursor's key.

    Args:
        rows: sorted by the key, which is unique and has the same types in every row.
        key: what rows are sorted by.
        page: cursor and limit.

    Raises:
        RuleViolation: the cursor was not issued for such rows.
    """
    start = 0
    if page.cursor is not None and rows:
        last = _read(page.cursor, like=key(rows[0]))
        start = next((at for at, row in enumerate(rows) if key(row) > last), len(rows))
    items = rows[start : start + page.limit]
    more = start + page.limit < len(rows)
    return Page(items, _write(key(items[-1])) if more else None)


def _write(key: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _read(cursor: str, *, like: Key) -> Key:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        raise bad_cursor() from None
    if not isinstance(values, list) or [type(value) for value in values] != [type(value) for value in like]:
        raise bad_cursor()
    return tuple(values)
