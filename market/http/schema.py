"""Base of all schemas, Chinese validation messages, and the blueprint every feature uses."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

import marshmallow as ma
from flask_smorest import Blueprint
from marshmallow import fields, validate

from market.clock import CHINA
from market.http.parsing import StrictParser, refuse_impossible_address

MESSAGES: dict[type[fields.Field[Any]], dict[str, str]] = {
    fields.Field: {"required": "此项必填", "null": "此项不能为空值", "validator_failed": "取值无效"},
    fields.Nested: {"type": "应为对象"},
    fields.List: {"invalid": "应为列表"},
    fields.String: {"invalid": "应为文字", "invalid_utf8": "应为 UTF-8 文字"},
    fields.Number: {"invalid": "应为数字", "too_large": "数字过大"},
    fields.Integer: {"invalid": "应为整数"},
    fields.Float: {"special": "应为数字"},
    fields.Decimal: {"special": "应为数字"},
    fields.Boolean: {"invalid": "应为 true 或 false"},
    fields.DateTime: {
        "invalid": "应为 ISO 8601 时间",
        "invalid_awareness": "时间应注明时区",
        "format": "无法写成时间",
    },
    fields.Time: {"invalid": "应为时间，如 08:30", "format": "无法写成时间"},
    fields.Date: {"invalid": "应为 ISO 8601 日期，如 2025-03-01", "format": "无法写成日期"},
    fields.Dict: {"invalid": "应为对象"},
    fields.Enum: {"unknown": "应为以下之一：{choices}"},
}


def _install_chinese_messages() -> None:
    """Put Chinese words in place of marshmallow's English ones, for the whole process.

    marshmallow has no catalogue to plug in; its messages are class attributes meant to be set.
    """
    for field, messages in MESSAGES.items():
        field.default_error_messages = {**field.default_error_messages, **messages}
    ma.Schema._default_error_messages = {"type": "应为对象", "unknown": "没有这个字段"}
    validate.Range.message_min = "应{min_op} {{min}}"
    validate.Range.message_max = "应{max_op} {{max}}"
    validate.Range.message_all = "应{min_op} {{min}} 且{max_op} {{max}}"
    validate.Range.message_gte = "不小于"
    validate.Range.message_gt = "大于"
    validate.Range.message_lte = "不大于"
    validate.Range.message_lt = "小于"
    validate.Length.message_min = "长度不能少于 {min}"
    validate.Length.message_max = "长度不能超过 {max}"
    validate.Length.message_all = "长度应在 {min} 与 {max} 之间"
    validate.Length.message_equal = "长度应为 {equal}"
    validate.OneOf.default_message = "应为以下之一：{choices}"
    validate.ContainsOnly.default_message = "只能取：{choices}"
    validate.Regexp.default_message = "格式不正确"
    validate.Email.default_message = "不是有效的邮箱地址"


# At import, against the habit: a field copies its messages when its schema class is defined.
_install_chinese_messages()


class MarketSchema(ma.Schema):
    """Refuses unknown input and keeps the declared order in output."""

    class Meta:
        """marshmallow options."""

        unknown = ma.RAISE


class MarketBlueprint(Blueprint):
    """A feature's routes under `/api/v1`."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, name: str, import_name: str, *, description: str) -> None:
        super().__init__(name, import_name, url_prefix="/api/v1", description=description)
        self.before_request(refuse_impossible_address)


class MoneyFen(fields.Integer):
    """An amount of money: a non-negative integer number of fen, below 10^15 (ten trillion yuan)."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("validate", validate.Range(min=0, max=10**15))
        super().__init__(strict=True, **kwargs)


class Moment(fields.AwareDateTime):
    """A moment of input, given with its offset and read as UTC.

    The first and the last day of the calendar are refused where UTC or China's clock cannot show them.
    """

    default_error_messages = {"beyond_calendar": "超出可以表示的时间"}

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> datetime:
        moment = super()._deserialize(value, attr, data, **kwargs)
        try:
            return moment.astimezone(CHINA).astimezone(UTC)
        except OverflowError as error:
            raise self.make_error("beyond_calendar") from error


class TimeOfDay(fields.Time):
    """A time of day in China; an offset would contradict that, so it is refused."""

    default_error_messages = {"offset": "按北京时间填写，不写时区"}

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> time:
        result = super()._deserialize(value, attr, data, **kwargs)
        if result.tzinfo is not None:
            raise self.make_error("offset")
        return result


def text(low: int, high: int, **kwargs: Any) -> fields.String:
    """Return a text field whose length in characters lies between the bounds, blank ends cut."""
    return _Trimmed(validate=validate.Length(min=low, max=high), **kwargs)


class _Trimmed(fields.String):
    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        result = super()._deserialize(value, attr, data, **kwargs)
        if "\x00" in result:  # rows of an import do not come through the parser
            raise self.make_error("invalid")
        return result.strip()


class PageArgs(MarketSchema):
    """Where a page starts and how long it is."""

    cursor = fields.String(load_default=None, validate=validate.Length(max=500))
    limit = fields.Integer(load_default=20, validate=validate.Range(min=1, max=100))


def page_of(item: type[MarketSchema]) -> type[ma.Schema]:
    """Return the schema of a page of such items."""
    return MarketSchema.from_dict(
        {
            "items": fields.List(fields.Nested(item)),
            "next_cursor": fields.String(allow_none=True),
        },
        name=item.__name__.removesuffix("View") + "Page",
    )
