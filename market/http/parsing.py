"""Reading requests: nothing unknown, nothing ambiguous, nothing that no database could keep."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import flask
import marshmallow as ma
from webargs.flaskparser import FlaskParser
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from market.errors import NotFound

LARGEST = 2**63 - 1
"""The largest whole number both databases can hold."""


class StrictParser(FlaskParser):
    """Refuses unknown query parameters too: a mistyped filter must not widen the answer."""

    DEFAULT_UNKNOWN_BY_LOCATION = {
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": ma.RAISE,
        "form": ma.RAISE,
        "files": ma.RAISE,
    }

    def load_json(self, req: flask.Request, schema: ma.Schema) -> Any:
        """Return the JSON body.

        Raises:
            UnsupportedMediaType: there is a body and it is something else (415).
            BadRequest: it is not JSON, or nested without end (400).
            ValidationError: a text or number in it cannot be stored.
        """
        if not req.is_json and req.get_data(cache=True):
            raise UnsupportedMediaType
        try:
            data = super().load_json(req, schema)
            faults = _faults(data)
        except RecursionError:
            raise BadRequest from None
        if faults:
            raise ma.ValidationError(faults)
        return data

    def load_querystring(self, req: flask.Request, schema: ma.Schema) -> Any:
        """Return the query parameters.

        Raises:
            ValidationError: a value cannot be stored, or a parameter that is no list stands twice.
        """
        _check_parameters(req.args, schema)
        return super().load_querystring(req, schema)

    def load_form(self, req: flask.Request, schema: ma.Schema) -> Any:
        """Return the fields of a form.

        Raises:
            ValidationError: as of `load_querystring`.
        """
        _check_parameters(req.form, schema)
        return super().load_form(req, schema)


def refuse_impossible_address() -> None:
    """Answer 404 for a path whose parts no record could have.

    Raises:
        NotFound: a number beyond 64 bits or a text with a NUL.
    """
    for part in (flask.request.view_args or {}).values():
        if (isinstance(part, int) and part > LARGEST) or (isinstance(part, str) and not _can_be_stored(part)):
            raise NotFound("没有找到所请求的内容。")


def _check_parameters(parameters: MultiDict[str, str], schema: ma.Schema) -> None:
    faults = {}
    for name, values in parameters.lists():
        field = schema.fields.get(name)
        if not all(map(_can_be_stored, values)):
            faults[name] = ["应为文字"]
        elif len(values) > 1 and not isinstance(field, ma.fields.List):
            faults[name] = ["只能出现一次"]
        elif isinstance(field, ma.fields.Integer) and _is_too_large(values[0]):
            faults[name] = ["数字过大"]
    if faults:
        raise ma.ValidationError(faults)


def _is_too_large(text: str) -> bool:
    try:
        return abs(int(text)) > LARGEST
    except ValueError:
        return False  # no number at all; the field will say so


def _can_be_stored(text: str) -> bool:
    """Tell whether PostgreSQL takes a text: it must have no NUL and no lone surrogate."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _faults(value: Any) -> Any:
    """Return what is wrong with a JSON value, nested as marshmallow's messages; empty if nothing is."""
    if isinstance(value, str):
        return [] if _can_be_stored(value) else ["应为文字"]
    if isinstance(value, int):
        return [] if abs(value) <= LARGEST else ["数字过大"]
    if isinstance(value, dict):
        if not all(map(_can_be_stored, value)):
            return ["字段名应为文字"]  # such a name could not even be repeated in the answer
        return _nested(value.items())
    return _nested(enumerate(value)) if isinstance(value, list) else []


def _nested(items: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    return {key: fault for key, item in items if (fault := _faults(item))}
