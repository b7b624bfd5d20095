"""`Idempotency-Key`: a POST that is sent twice takes effect once.

The key is stored in the transaction of the deed, so neither can exist without the other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import flask
from marshmallow import Schema
from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from market.db import Base, BigId, UtcDateTime
from market.errors import Conflict, violation

HEADER = "Idempotency-Key"
HEADER_DOC: dict[str, Any] = {
    "parameters": [
        {
            "name": HEADER,
            "in": "header",
            "required": True,
            "description": "Chosen by the client, 8 to 128 characters; sending it again repeats the answer",
            "schema": {"type": "string", "minLength": 8, "maxLength": 128},
        }
    ]
}


class IdempotencyKey(Base):
    """A deed done under a key, and the answer that was given."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("user_id", "key"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    key: Mapped[str] = mapped_column(String(128))
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    body: Mapped[Any | None] = mapped_column(JSON)
    etag: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


def once(
    session: Session,
    user_id: int,
    work: Callable[[], Any],
    *,
    schema: type[Schema],
    status: int,
    now: datetime,
) -> flask.Response:
    """Do the work, or repeat the answer it once had.

    Args:
        session: the view's transaction.
        user_id: whose key it is; equal keys of two users are two keys.
        work: does the deed in `session` and returns what `schema` dumps; versioned rows get an ETag.
        schema: of the answer.
        status: of the first answer, and of every repetition.
        now: present time.

    Raises:
        RuleViolation: the header is missing or malformed, or was used for another request.
        Conflict: the same key is being worked on at this moment.
    """
    key = flask.request.headers.get(HEADER, "")
    if not 8 <= len(key) <= 128:
        raise violation(
            f"/headers/{HEADER}",
            "idempotency-key-missing",
            f"请在请求头 {HEADER} 中提供8至128个字符的幂等键。",
        )
    fingerprint = _fingerprint()
    row = _find(session, user_id, key)
    if row is None:
        row = IdempotencyKey(user_id=user_id, key=key, fingerprint=fingerprint, created_at=now)
        try:
            with session.begin_nested():
                session.add(row)
                session.flush()
        except IntegrityError:
            # Another request with this key committed between our look and our insert.
            row = _find(session, user_id, key)
            if row is None:
                raise Conflict(
                    "同一幂等键的请求正在处理，请稍后重试。", code="idempotency-key-busy"
                ) from None
        else:
            result = work()
            session.flush()
            row.status = status
            row.body = schema().dump(result)
            version = getattr(result, "version", None)
            row.etag = None if version is None else f'"{version}"'
            return _answer(row, replayed=False)
    if row.fingerprint != fingerprint:
        raise violation(f"/headers/{HEADER}", "idempotency-key-reused", "该幂等键已用于另一请求，请更换。")
    return _answer(row, replayed=True)


def _find(session: Session, user_id: int, key: str) -> IdempotencyKey | None:
    return session.scalar(
        select(IdempotencyKey).where(IdempotencyKey.user_id == user_id, IdempotencyKey.key == key)
    )


def _fingerprint() -> str:
    request = flask.request
    digest = hashlib.sha256(f"{request.method} {request.full_path}\n".encode())
    digest.update(request.get_data())
    # A body that was read as a form is no longer in `get_data`; its boundary says nothing anyway.
    digest.update(json.dumps(sorted(request.form.lists())).encode())
    for name, upload in request.files.items(multi=True):
        digest.update(json.dumps([name, upload.filename]).encode())
        digest.update(hashlib.sha256(upload.stream.read()).digest())
        upload.stream.seek(0)
    return digest.hexdigest()


def _answer(row: IdempotencyKey, *, replayed: bool) -> flask.Response:
    response = flask.jsonify(row.body)
    response.status_code = row.status or 200
    if row.etag:
        response.headers["ETag"] = row.etag
    if replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response
