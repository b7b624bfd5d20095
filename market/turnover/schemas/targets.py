"""Form of plans' targets and their progress over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from market.http.schema import MarketSchema
from market.turnover.progress.outlook import METHOD_NAMES, Method
from market.turnover.rules import MEASURE_NAMES, Measure
from market.turnover.schemas.scopes import REGION, SpanView, percent
from market.turnover.target_rules import BASIS_NAMES, COMPARATOR_NAMES, Basis, Comparator


class TargetYearArgs(MarketSchema):
    """For which year to read annual targets."""

    year = fields.Integer(load_default=None, validate=validate.Range(min=1980, max=2999))


class TargetArgs(TargetYearArgs):
    """Which targets to list."""

    region = fields.String(load_default=None, validate=REGION)
    indicator = fields.String(load_default=None, validate=validate.Length(max=64))


def decimal_text() -> fields.Decimal:
    """Return a field for an exact number, as decimal text."""
    return fields.Decimal(as_string=True)


class ReadingView(MarketSchema):
    """One value for a target; `fen` only where it is an amount."""

    name = fields.String()
    value = fields.Function(lambda row: format(row.value, "f"), metadata={"type": "string"})
    text = fields.String()
    fen = fields.Integer(allow_none=True)
    percent = percent()
    reached = fields.Boolean(allow_none=True)


class PaceView(MarketSchema):
    """What must still come for a target to be reached in time."""

    remaining = decimal_text()
    unit = fields.String()
    months_left = fields.Integer(metadata={"description": "未结束的月数，含本月"})
    per_month = decimal_text()
    days_left = fields.Integer(metadata={"description": "未结束的天数，含当日"})
    per_day = decimal_text()


class ForecastView(MarketSchema):
    """What the period will end with if things go on as before, and whether that is enough."""

    method = fields.Enum(Method, by_value=True)
    method_name = fields.Function(lambda row: METHOD_NAMES[row.method], metadata={"type": "string"})
    reading = fields.Nested(ReadingView)


class PublicationView(MarketSchema):
    """The releases an amount was read from."""

    known_at = fields.AwareDateTime()
    span = fields.Nested(SpanView)
    months = fields.String()
    releases = fields.List(fields.Integer())


class ProgressView(MarketSchema):
    """How far a region has come; `value` null with `missing_source` where the market cannot know."""

    as_of = fields.Date()
    span = fields.Nested(SpanView, allow_none=True)
    year = fields.Integer(allow_none=True)
    measure = fields.Enum(Measure, by_value=True, allow_none=True)
    measure_name = fields.Function(
        lambda row: None if row.measure is None else MEASURE_NAMES[row.measure],
        metadata={"type": ["string", "null"]},
    )
    value = fields.Function(
        lambda row: None if row.reading is None else format(row.reading.value, "f"),
        metadata={"type": ["string", "null"]},
    )
    reading = fields.Nested(ReadingView, allow_none=True)
    alternative = fields.Nested(ReadingView, allow_none=True)
    published = fields.Nested(
        PublicationView,
        allow_none=True,
        metadata={"description": "金额所出的已发布数据；为空则为现有台账的数"},
    )
    definition = fields.String(
        allow_none=True, metadata={"description": "统计口径：数了什么、按哪个日期、哪个地区"}
    )
    records = fields.List(
        fields.String(), metadata={"description": "列出所统计记录的地址；只列出您有权查看的"}
    )
    records_note = fields.String(allow_none=True, metadata={"description": "名单与统计数不一一对应之处"})
    elapsed_percent = percent()
    pace = fields.Nested(PaceView, allow_none=True)
    forecast = fields.Nested(ForecastView, allow_none=True)
    remark = fields.String(allow_none=True)
    missing_source = fields.String(allow_none=True)


class TargetView(MarketSchema):
    """A target of a plan, with the progress made."""

    id = fields.Integer(attribute="target.id")
    region_code = fields.String(attribute="target.region_code")
    region_name = fields.String(attribute="target.region.name")
    indicator = fields.String(attribute="target.indicator")
    phrase = fields.String(attribute="target.phrase")
    comparator = fields.Enum(Comparator, by_value=True, attribute="target.comparator")
    comparator_name = fields.Function(
        lambda row: COMPARATOR_NAMES[row.target.comparator], metadata={"type": "string"}
    )
    value = fields.String(attribute="target.value", allow_none=True)
    unit = fields.String(attribute="target.unit")
    basis = fields.Enum(Basis, by_value=True, attribute="target.basis")
    basis_name = fields.Function(lambda row: BASIS_NAMES[row.target.basis], metadata={"type": "string"})
    period_start = fields.Date(attribute="target.period_start", allow_none=True)
    period_end = fields.Date(attribute="target.period_end", allow_none=True)
    base_year = fields.Integer(attribute="target.base_year", allow_none=True)
    source = fields.String(attribute="target.source")
    note = fields.String(attribute="target.note")
    progress = fields.Nested(ProgressView)
