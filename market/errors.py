"""The market's own errors, without HTTP.

Each has a stable English `code` that clients may rely on, a plain title, and a Chinese
`detail` for the person at the screen. `market.http.problem` maps each class to a status.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One value that was refused: a JSON pointer into the input, a code and words for people.

    `source` names the law, standard or plan the rule comes from, where it comes from one.
    """

    pointer: str
    code: str
    detail: str
    source: str | None = None


class MarketError(Exception):
    """Base of all errors a caller of the market may want to catch.

    Args:
        detail: one Chinese sentence for the person who asked.
        code: stable English identifier; the class has a default.
        fields: the values at fault, where the error is about input.
    """

    code = "market-error"
    title = "无法完成"

    def __init__(self, detail: str, *, code: str | None = None, fields: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code
        self.fields = fields


class NotFound(MarketError):
    """The record does not exist, or the actor may not know that it does."""

    code = "not-found"
    title = "未找到"


class Unauthenticated(MarketError):
    """Nobody, or nobody we know, is asking."""

    code = "unauthenticated"
    title = "未登录"


class PermissionDenied(MarketError):
    """The actor is known and may not do this."""

    code = "permission-denied"
    title = "没有权限"


class Conflict(MarketError):
    """The record is not in a state that allows this, or somebody else was first."""

    code = "conflict"
    title = "状态冲突"


class StaleVersion(Conflict):
    """The record was changed since the caller read it."""

    code = "stale-version"
    title = "版本已过期"


class RuleViolation(MarketError):
    """The input is well formed but breaks a rule of the trade."""

    code = "rule-violation"
    title = "不符合规则"


class Unavailable(MarketError):
    """A part the request needs is not ready; asking later may help."""

    code = "unavailable"
    title = "暂不可用"


def violation(pointer: str, code: str, detail: str, *, source: str | None = None) -> RuleViolation:
    """Return a RuleViolation about one input value."""
    return RuleViolation(detail, code=code, fields=(FieldError(pointer, code, detail, source),))
