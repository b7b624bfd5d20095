"""Versions over HTTP: `ETag: "3"` on answers, `If-Match: "3"` on changes."""

from __future__ import annotations

from typing import Any

import flask
from werkzeug.exceptions import PreconditionRequired

from market.errors import StaleVersion

IF_MATCH_DOC: dict[str, Any] = {
    "parameters": [
        {
            "name": "If-Match",
            "in": "header",
            "required": True,
            "description": "ETag of the version the change is based on",
            "schema": {"type": "string"},
        }
    ]
}
"""Pass to `@blp.doc(**IF_MATCH_DOC)` on views that call `expected_version`."""


def versioned(row: Any, status: int = 200) -> tuple[Any, int, dict[str, str]]:
    """Return a view result whose ETag is the row's version."""
    return row, status, {"ETag": f'"{row.version}"'}


def expected_version() -> int:
    """Return the version named in If-Match.

    Raises:
        PreconditionRequired: the header is missing (428).
        StaleVersion: it names nothing we could have issued (412).
    """
    tags = flask.request.if_match
    if not tags:
        raise PreconditionRequired()
    tag = next(iter(tags.as_set()), None)  # None for `""` too
    if tag is None or not tag.isdecimal():
        raise StaleVersion("If-Match 中的版本不是本系统给出的版本。")
    return int(tag)
