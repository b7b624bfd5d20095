"""Errors as `application/problem+json` (RFC 9457), with Chinese words and stable codes.

One table maps the market's error classes to statuses. Only paths under `/api/` answer so;
pages keep HTML errors.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import flask
import structlog
from flask.typing import ResponseReturnValue
from flask_smorest import Api
from marshmallow import Schema, fields
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug import Response
from werkzeug.exceptions import HTTPException

from market.errors import (
    Conflict,
    FieldError,
    MarketError,
    NotFound,
    PermissionDenied,
    RuleViolation,
    StaleVersion,
    Unauthenticated,
    Unavailable,
)
from market.http.limits import seconds_to_wait

MEDIA_TYPE = "application/problem+json"

STATUS: Mapping[type[MarketError], int] = {
    NotFound: 404,
    Unauthenticated: 401,
    PermissionDenied: 403,
    StaleVersion: 412,
    Conflict: 409,
    RuleViolation: 422,
    Unavailable: 503,
}

HTTP_WORDS: Mapping[int, tuple[str, str, str]] = {
    400: ("bad-request", "请求无效", "请求的格式有误，无法读取。"),
    401: ("unauthenticated", "未登录", "请先登录，并在请求头中提供访问令牌。"),
    403: ("permission-denied", "没有权限", "您没有权限进行此操作。"),
    404: ("not-found", "未找到", "没有找到所请求的内容。"),
    405: ("method-not-allowed", "方法不允许", "该地址不支持这种请求方法。"),
    406: ("not-acceptable", "无法提供该格式", "服务器无法提供所要求的格式。"),
    412: ("stale-version", "版本已过期", "记录已被修改，请刷新后重试。"),
    413: ("payload-too-large", "内容过大", "提交的内容超过大小限制。"),
    415: ("unsupported-media-type", "不支持的格式", "请以 application/json 提交。"),
    422: ("validation-failed", "输入有误", "提交的内容未通过校验，请查看各字段的说明。"),
    428: ("if-match-required", "缺少版本", "修改前请在 If-Match 请求头中注明所见版本。"),
    429: ("too-many-requests", "请求过于频繁", "尝试次数过多，请稍后再试。"),
    500: ("internal-error", "系统内部错误", "系统出错，请凭请求编号联系管理员。"),
    503: ("unavailable", "暂不可用", "服务暂不可用，请稍后再试。"),
}

LOCATIONS = {"json", "query", "form", "files", "headers", "path", "view_args"}

log = structlog.get_logger()


class ProblemFieldSchema(Schema):
    """One value at fault."""

    pointer = fields.String(metadata={"description": "JSON pointer into the request"})
    code = fields.String()
    detail = fields.String()
    source = fields.String(metadata={"description": "Where the rule is written, if it is"})


class ProblemSchema(Schema):
    """Body of every error answer under `/api/` (RFC 9457)."""

    type = fields.String(metadata={"description": "URI reference of the problem type"})
    title = fields.String()
    status = fields.Integer()
    detail = fields.String(metadata={"description": "Chinese sentence for people"})
    code = fields.String(metadata={"description": "Stable English identifier for programs"})
    request_id = fields.String()
    errors = fields.List(fields.Nested(ProblemFieldSchema))


class MarketApi(Api):
    """flask-smorest's Api with our error model in the answers and in the document."""

    ERROR_SCHEMA = ProblemSchema

    def _register_responses(self) -> None:
        default: str = Api.DEFAULT_RESPONSE_CONTENT_TYPE
        self.DEFAULT_RESPONSE_CONTENT_TYPE = MEDIA_TYPE
        try:
            super()._register_responses()
        finally:
            self.DEFAULT_RESPONSE_CONTENT_TYPE = default

    def handle_http_exception(self, error: HTTPException) -> ResponseReturnValue:
        """Answer problem+json under /api/, HTML elsewhere; the exception's headers are kept."""
        if error.response is not None:
            return error.get_response()
        if not is_api_path():
            return _page(error)
        data: dict[str, Any] = getattr(error, "data", None) or {}
        status = error.code or 500
        code, title, detail = HTTP_WORDS.get(status, (f"http-{status}", error.name, error.name))
        # With 400 they are webargs' own English words about JSON; the detail says the same.
        messages = data.get("messages") if status == 422 else None
        fields_at_fault = tuple(_field_errors(messages)) if isinstance(messages, Mapping) else ()
        response = problem_response(
            status=status, code=code, title=title, detail=detail, fields_at_fault=fields_at_fault
        )
        skipped = {"content-type", "content-length"}
        headers = [*error.get_headers(), *dict(data.get("headers") or {}).items()]
        for name, value in headers:
            if name.lower() not in skipped:
                response.headers[name] = value
        if status == 429:
            response.headers["Retry-After"] = str(seconds_to_wait())
        return response


def _page(error: HTTPException) -> Response:
    """Return the error as a page for people, with the headers it came with."""
    response = error.get_response()
    _, title, detail = HTTP_WORDS.get(error.code or 500, ("", "无法完成", "请求未能完成。"))
    response.set_data(
        f'<!doctype html>\n<html lang="zh-CN">\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f"<h1>{title}</h1>\n<p>{detail}</p>\n"
    )
    return response


def is_api_path() -> bool:
    """Tell whether the request is for the API rather than for a page."""
    return flask.request.path.startswith("/api/")


def request_id() -> str:
    """Return this request's number, made on first use."""
    if "request_id" not in flask.g:
        flask.g.request_id = uuid.uuid4().hex[:16]
    return str(flask.g.request_id)


def problem_response(
    *, status: int, code: str, title: str, detail: str, fields_at_fault: tuple[FieldError, ...] = ()
) -> flask.Response:
    """Build one problem document."""
    body: dict[str, Any] = {
        "type": f"urn:market:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id(),
    }
    if fields_at_fault:
        body["errors"] = [
            {name: value for name, value in asdict(item).items() if value is not None}
            for item in fields_at_fault
        ]
    response = flask.jsonify(body)
    response.status_code = status
    response.mimetype = MEDIA_TYPE
    return response


def handle_market_error(error: MarketError) -> flask.Response:
    """Answer one of the market's own errors."""
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    response = problem_response(
        status=status,
        code=error.code,
        title=error.title,
        detail=error.detail,
        fields_at_fault=error.fields,
    )
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="market"'
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response


def handle_unexpected(error: Exception) -> ResponseReturnValue:
    """Log what nobody foresaw; the answer shows a request id, never the exception's text."""
    log.error("request.failed", request_id=request_id(), path=flask.request.path, exc_info=error)
    code, title, detail = HTTP_WORDS[500]
    if not is_api_path():
        return f"{title}（请求编号 {request_id()}）", 500
    return problem_response(status=500, code=code, title=title, detail=detail)


def handle_database_unavailable(error: OperationalError) -> ResponseReturnValue:
    """Answer 503 when the database cannot be reached or stays locked."""
    log.error("database.unavailable", request_id=request_id(), exc_info=error)
    return handle_market_error(Unavailable("数据库暂不可用，请稍后再试。", code="database-unavailable"))


def handle_lost_race(error: StaleDataError) -> ResponseReturnValue:
    """Answer 409 when another transaction changed the row between our reading and writing it."""
    log.info("write.lost_race", request_id=request_id(), reason=str(error))
    return handle_market_error(Conflict("记录刚刚被他人修改，请刷新后重试。", code="concurrent-change"))


def handle_integrity_error(error: IntegrityError) -> ResponseReturnValue:
    """Answer 409 when somebody else took a unique value first; anything else is our own fault."""
    cause = error.orig
    unique = (
        getattr(cause, "sqlstate", None) == "23505"
        or getattr(cause, "sqlite_errorname", None) == "SQLITE_CONSTRAINT_UNIQUE"
    )
    if not unique:
        return handle_unexpected(error)
    return handle_market_error(Conflict("与刚刚写入的记录重复，请刷新后重试。", code="duplicate-record"))


def register_error_handlers(app: flask.Flask) -> None:
    """Attach the handlers above; MarketApi attaches its own for HTTP exceptions."""
    app.register_error_handler(MarketError, handle_market_error)
    app.register_error_handler(StaleDataError, handle_lost_race)
    app.register_error_handler(IntegrityError, handle_integrity_error)
    app.register_error_handler(OperationalError, handle_database_unavailable)
    app.register_error_handler(Exception, handle_unexpected)


def _field_errors(messages: Mapping[Any, Any]) -> list[FieldError]:
    """Flatten marshmallow's nested messages, which webargs files under the place they came from."""
    found: list[FieldError] = []
    for place, nested in messages.items():
        if place in LOCATIONS:
            _collect(nested, "", found)
        else:
            _collect({place: nested}, "", found)
    return found


def _collect(messages: Any, pointer: str, found: list[FieldError]) -> None:
    if isinstance(messages, Mapping):
        for key, nested in messages.items():
            step = str(key).replace("~", "~0").replace("/", "~1")
            _collect(nested, pointer if key == "_schema" else f"{pointer}/{step}", found)
        return
    texts = messages if isinstance(messages, list) else [messages]
    found.extend(FieldError(pointer, "invalid-value", str(text).rstrip("。") + "。") for text in texts)
