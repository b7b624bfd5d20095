"""Looking at answers of the API, and at what the database was asked for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event

from market.db import Database


def problem_of(response: Any) -> dict[str, Any]:
    """Return the body of a problem without its request id, which differs every time."""
    assert response.mimetype == "application/problem+json", response.get_data(as_text=True)
    body: dict[str, Any] = response.get_json()
    assert response.status_code == body["status"]
    assert len(body.pop("request_id")) == 16
    return body


def problem(
    status: int, code: str, *, title: str, detail: str, errors: list[tuple[str, str, str]] | None = None
) -> dict[str, Any]:
    """Return the body a problem should have; errors are pointer, code and detail."""
    body: dict[str, Any] = {
        "type": f"urn:market:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
    }
    if errors is not None:
        body["errors"] = [
            {"pointer": pointer, "code": kind, "detail": words} for pointer, kind, words in errors
        ]
    return body


def invalid(*errors: tuple[str, str]) -> dict[str, Any]:
    """Return the problem of a badly formed input; errors are pointer and detail."""
    return problem(
        422,
        "validation-failed",
        title="输入有误",
        detail="提交的内容未通过校验，请查看各字段的说明。",
        errors=[(pointer, "invalid-value", words) for pointer, words in errors],
    )


UNAUTHENTICATED = problem(
    401, "unauthenticated", title="未登录", detail="请先登录，并在请求头中提供访问令牌。"
)


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Collect the statements sent to a database inside the block, savepoints apart."""
    sent: list[str] = []

    def note(_: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if "SAVEPOINT" not in statement:
            sent.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
