"""Form of figures over HTTP."""

from __future__ import annotations

from marshmallow import fields

from market.http.schema import MarketSchema
from market.turnover.rules import GroupBy, Source, amount_text
from market.turnover.schemas.scopes import ScopeArgs, ScopeView, SpanView, SumsView, percent


class FigureArgs(ScopeArgs):
    """A figure to be asked for."""

    group_by = fields.Enum(GroupBy, by_value=True, load_default=GroupBy.NONE)


class ChangeView(MarketSchema):
    """Completed months of the period against the same number of earlier ones."""

    current_span = fields.Nested(SpanView, attribute="comparison.current")
    base_span = fields.Nested(SpanView, attribute="comparison.base")
    current = fields.Nested(SumsView)
    base = fields.Nested(SumsView)
    deals_percent = percent()
    total_percent = percent()
    tech_percent = percent()


class GroupView(MarketSchema):
    """One part of a figure; shares are percents of the whole figure, `year_on_year` is of the group."""

    key = fields.String()
    name = fields.String()
    rank = fields.Integer(metadata={"description": "按合同成交额从大到小，相等者并列"})
    deals_share = percent()
    total_share = percent()
    year_on_year = fields.Nested(ChangeView, allow_none=True)
    deals = fields.Integer(attribute="sums.deals")
    total_fen = fields.Integer(attribute="sums.total_fen")
    total_text = fields.Function(lambda row: amount_text(row.sums.total_fen), metadata={"type": "string"})
    tech_fen = fields.Integer(attribute="sums.tech_fen")
    tech_text = fields.Function(lambda row: amount_text(row.sums.tech_fen), metadata={"type": "string"})


class FigureView(ScopeView):
    """A figure."""

    sums = fields.Nested(SumsView)
    group_by = fields.Enum(GroupBy, by_value=True)
    groups = fields.List(fields.Nested(GroupView))
    year_on_year = fields.Nested(ChangeView, allow_none=True)
    period_on_period = fields.Nested(ChangeView, allow_none=True)
    source = fields.Enum(
        Source, by_value=True, metadata={"description": "counters 计数器、ledger 台账；两者数字一致"}
    )
    remarks = fields.List(fields.String())
