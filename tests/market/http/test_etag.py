"""If-Match: missing is 428, anything but a version of ours is 412."""

from __future__ import annotations

from types import SimpleNamespace

import flask
import pytest
from werkzeug.exceptions import PreconditionRequired

from market.errors import StaleVersion
from market.http.etag import expected_version, versioned

app = flask.Flask(__name__)


@pytest.mark.parametrize(("header", "version"), [('"3"', 3), ('"0"', 0), ('"12"', 12), ('W/"4", "3"', 3)])
def test_version_is_read(header: str, version: int) -> None:
    with app.test_request_context(headers={"If-Match": header}):
        assert expected_version() == version


@pytest.mark.parametrize("headers", [{}, {"If-Match": ""}])
def test_missing_version_is_asked_for(headers: dict[str, str]) -> None:
    with app.test_request_context(headers=headers), pytest.raises(PreconditionRequired):
        expected_version()


@pytest.mark.parametrize("header", ['"x"', "*", 'W/"3"', '"-1"', '""', '"1.0"', "abc"])
def test_version_of_somebody_else_is_stale(header: str) -> None:
    with app.test_request_context(headers={"If-Match": header}), pytest.raises(StaleVersion):
        expected_version()


def test_answer_carries_its_version() -> None:
    row = SimpleNamespace(version=7)
    assert versioned(row) == (row, 200, {"ETag": '"7"'})
    assert versioned(row, 201) == (row, 201, {"ETag": '"7"'})
