"""A user of the market who speaks to its API, for the demonstration."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from seed.records import PASSWORD


class DemoFailed(Exception):
    """The market answered something the demonstration did not expect; the message holds the answer."""


class Person:
    """One user of the market; without a login name, anyone."""

    def __init__(self, client: FlaskClient, login: str | None = None) -> None:
        self._client = client
        self._headers: dict[str, str] = {}
        if login is not None:
            body = {"login": login, "password": PASSWORD, "name": "演示"}
            self._headers["Authorization"] = f"Bearer {self.post('/tokens', body)['token']}"

    def get(self, path: str, **query: Any) -> Any:
        """GET and return the body."""
        return _body(self._client.get(f"/api/v1{path}", headers=self._headers, query_string=query))

    def code(self, scheme: str, name: str) -> str:
        """Return the code that has this Chinese name in a scheme."""
        found: str = next(entry["code"] for entry in self.get(f"/codes/{scheme}") if entry["name"] == name)
        return found

    def post(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        version: int | None = None,
    ) -> Any:
        """POST and return the body; `key` is sent as Idempotency-Key, `version` as If-Match."""
        headers = self._headers | ({"Idempotency-Key": key} if key else {})
        headers |= {} if version is None else {"If-Match": f'"{version}"'}
        return _body(self._client.post(f"/api/v1{path}", json=dict(body or {}), headers=headers))

    def patch(self, path: str, body: Mapping[str, Any], *, version: int) -> Any:
        """PATCH the version that was read and return the body."""
        headers = self._headers | {"If-Match": f'"{version}"'}
        return _body(self._client.patch(f"/api/v1{path}", json=dict(body), headers=headers))

    def refused(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """POST what the market must refuse, and return its reason.

        Raises:
            DemoFailed: it was not refused.
        """
        answer = self._client.post(f"/api/v1{path}", json=dict(body or {}), headers=self._headers)
        if answer.status_code < 400:
            raise DemoFailed(f"{path}: nobody refused it")
        return answer.get_json()

    def hand_in(self, path: str, *, kind: str, name: str, content: bytes) -> Any:
        """Upload a paper and return its record."""
        form = {"kind": kind, "file": (io.BytesIO(content), name)}
        answer = self._client.post(
            f"/api/v1{path}", data=form, headers=self._headers, content_type="multipart/form-data"
        )
        return _body(answer)

    def save(self, path: str, file: Path) -> None:
        """GET a file and write it."""
        answer = _checked(self._client.get(f"/api/v1{path}", headers=self._headers))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(answer.get_data())


def head(say: Callable[[str], None], number: str, words: str) -> None:
    """Print the heading of a chapter."""
    say(f"\n【{number}】{words}")


def _body(answer: Any) -> Any:
    return _checked(answer).get_json()


def _checked(answer: Any) -> Any:
    if answer.status_code >= 400:
        raise DemoFailed(f"{answer.request.method} {answer.request.path}: {answer.get_data(as_text=True)}")
    return answer
