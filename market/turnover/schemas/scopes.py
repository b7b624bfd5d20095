"""What figures, flows and ledger lines are asked for, and how that is said back.

Amounts are integers of fen with a text for people beside them; percents are decimal text.
"""

from __future__ import annotations

from marshmallow import fields, validate

from market.http.schema import MarketSchema, Moment
from market.turnover.rules import (
    MEASURE_NAMES,
    MEASURE_NAMES_EN,
    MEASURE_NOTES,
    PERIOD_FORMS,
    AreaKind,
    Boundaries,
    Measure,
    Reach,
    amount_text,
)

REGION = validate.Regexp(r"^[0-9]{6}$", error="应为六位行政区划代码")


def percent() -> fields.Decimal:
    """Return a field for a percentage, as decimal text; null where there is nothing to compare with."""
    return fields.Decimal(as_string=True, allow_none=True)


def codes(attribute: str) -> fields.List:
    """Return a field for codes of a list; one of an upper level stands for all below it."""
    return fields.List(
        fields.String(validate=validate.Length(min=1, max=32)),
        attribute=attribute,
        load_default=list,
        validate=validate.Length(max=20),
        metadata={"description": "可重复；上级代码包含其下级"},
    )


class ScopeArgs(MarketSchema):
    """Which ledger lines are meant."""

    measure = fields.Enum(
        Measure,
        by_value=True,
        load_default=Measure.REGISTERED,
        metadata={"description": "registered 登记（默认）、output 输出、absorbed 吸纳；三者不可相加"},
    )
    region = fields.String(load_default=None, validate=REGION)
    park = fields.String(load_default=None, validate=validate.Length(min=1, max=32))
    station = fields.Integer(
        load_default=None,
        validate=validate.Range(min=1, max=2**63 - 1),
        metadata={"description": "登记机构编号；不填行政区划和园区时，即为该机构的数字"},
    )
    period = fields.String(
        load_default=None,
        validate=validate.Length(max=16),
        metadata={"description": f"{PERIOD_FORMS}（自计划起始月）；默认为今年"},
    )
    type = codes("types")
    field = codes("fields")
    seller_nature = codes("seller_natures")
    buyer_nature = codes("buyer_natures")
    ip_kind = codes("ip_kinds")
    plan_source = codes("plan_sources")
    reach = fields.List(
        fields.Enum(Reach, by_value=True),
        attribute="reaches",
        load_default=list,
        validate=validate.Length(max=3),
        metadata={"description": "domestic 境内、hmt 涉港澳台、foreign 涉国外"},
    )
    boundaries = fields.Enum(
        Boundaries,
        by_value=True,
        load_default=Boundaries.THEN,
        metadata={"description": "then 按登记时的区划（默认）、now 按现行区划"},
    )
    known_at = Moment(
        load_default=None, metadata={"description": "按当时的台账统计（即当时发布的数）；默认按现在的台账"}
    )


class SumsView(MarketSchema):
    """What is counted."""

    deals = fields.Integer(metadata={"description": "合同项数"})
    total_fen = fields.Integer(metadata={"description": "合同成交额，分"})
    total_text = fields.Function(lambda sums: amount_text(sums.total_fen), metadata={"type": "string"})
    tech_fen = fields.Integer(metadata={"description": "技术交易额，分"})
    tech_text = fields.Function(lambda sums: amount_text(sums.tech_fen), metadata={"type": "string"})


class AreaView(MarketSchema):
    """A region or a park."""

    kind = fields.Enum(AreaKind, by_value=True)
    code = fields.String()
    name = fields.String()


class PeriodView(MarketSchema):
    """Whole months; the first and the last day are included."""

    text = fields.String()
    name = fields.String()
    start = fields.Date()
    end = fields.Date()


class ScopeView(MarketSchema):
    """What a figure is about, in words and codes."""

    measure = fields.Enum(Measure, by_value=True, attribute="scope.measure")
    measure_name = fields.Function(lambda row: MEASURE_NAMES[row.scope.measure], metadata={"type": "string"})
    measure_name_en = fields.Function(
        lambda row: MEASURE_NAMES_EN[row.scope.measure], metadata={"type": "string"}
    )
    measure_note = fields.Function(lambda row: MEASURE_NOTES[row.scope.measure], metadata={"type": "string"})
    area = fields.Nested(AreaView, attribute="scope.area")
    period = fields.Nested(PeriodView, attribute="scope.period")
    types = fields.Function(
        lambda row: sorted(row.scope.types), metadata={"type": "array", "items": {"type": "string"}}
    )
    fields_ = fields.Function(
        lambda row: sorted(row.scope.fields),
        data_key="fields",
        metadata={"type": "array", "items": {"type": "string"}},
    )
    filters = fields.Function(
        lambda row: {name.value: sorted(codes) for name, codes in row.scope.filters.items()},
        metadata={
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
            "description": "全部筛选条件，含下级代码",
        },
    )
    boundaries = fields.Enum(Boundaries, by_value=True, attribute="scope.boundaries")
    known_at = fields.AwareDateTime(attribute="scope.known_at", allow_none=True)


class SpanView(MarketSchema):
    """Days or months, both ends included."""

    start = fields.Date()
    end = fields.Date()
