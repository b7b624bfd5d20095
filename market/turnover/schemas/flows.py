"""Form of flows over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from market.http.schema import MarketSchema, Moment
from market.turnover.rules import DIRECTION_NAMES, PERIOD_FORMS, Direction, PartnerLevel, Source
from market.turnover.schemas.scopes import REGION, AreaView, PeriodView, SumsView, percent


class FlowArgs(MarketSchema):
    """Flows to be asked for."""

    region = fields.String(required=True, validate=REGION)
    period = fields.String(
        load_default=None,
        validate=validate.Length(max=16),
        metadata={"description": f"{PERIOD_FORMS}；默认为今年"},
    )
    direction = fields.Enum(
        Direction,
        by_value=True,
        load_default=Direction.OUT,
        metadata={"description": "out 流出（默认）、in 流入、matrix 省际矩阵（仅全国）"},
    )
    level = fields.Enum(
        PartnerLevel,
        by_value=True,
        load_default=PartnerLevel.PROVINCE,
        metadata={"description": "对方归并到 province 省（默认）或 region 合同所载地区"},
    )
    known_at = Moment(load_default=None, metadata={"description": "按当时的台账统计"})


class PartnerView(MarketSchema):
    """An area dealt with; `key` is its code, or `abroad`."""

    key = fields.String()
    name = fields.String(metadata={"description": "本地只列一次；境外不分国家"})
    sums = fields.Nested(SumsView)
    rank = fields.Integer()
    deals_share = percent()
    total_share = percent()


class PairView(MarketSchema):
    """One field of the matrix."""

    seller = fields.String()
    seller_name = fields.String()
    buyer = fields.String()
    buyer_name = fields.String()
    sums = fields.Nested(SumsView)
    total_share = percent()


class FlowsView(MarketSchema):
    """Flows of an area."""

    area = fields.Nested(AreaView)
    period = fields.Nested(PeriodView)
    direction = fields.Enum(Direction, by_value=True)
    direction_name = fields.Function(lambda row: DIRECTION_NAMES[row.direction], metadata={"type": "string"})
    level = fields.Enum(PartnerLevel, by_value=True)
    known_at = fields.AwareDateTime(allow_none=True)
    sums = fields.Nested(SumsView)
    partners = fields.List(fields.Nested(PartnerView))
    pairs = fields.List(fields.Nested(PairView))
    source = fields.Enum(Source, by_value=True)
