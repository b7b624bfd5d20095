"""Form of releases over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from market.http.schema import MarketSchema, PageArgs, text
from market.turnover.rules import RELEASE_KIND_NAMES, ReleaseKind, amount_text
from market.turnover.schemas.scopes import REGION, SumsView


class DraftArgs(MarketSchema):
    """Which figures."""

    region = fields.String(required=True, validate=REGION)
    kind = fields.Enum(
        ReleaseKind,
        by_value=True,
        required=True,
        metadata={"description": "monthly 月度快报、quarterly 季度通报、annual 年度公报"},
    )
    period = fields.String(
        required=True,
        validate=validate.Length(min=4, max=16),
        metadata={"description": "月度写作 2025-06，季度写作 2025-Q2，年度写作 2025"},
    )


class ReleaseInput(DraftArgs):
    """What to publish."""

    note = text(1, 1000, load_default=None, allow_none=True, metadata={"description": "随表公布的说明"})


class WithdrawalInput(MarketSchema):
    """Why a release is withdrawn."""

    reason = text(1, 1000, required=True)


class ReleaseArgs(PageArgs):
    """Which releases to list."""

    region = fields.String(load_default=None, validate=REGION)
    kind = fields.Enum(ReleaseKind, by_value=True, load_default=None)
    withdrawn = fields.Boolean(
        load_default=None, metadata={"description": "true 只列已撤回的，false 只列有效的；默认全部"}
    )


class ReleaseView(MarketSchema):
    """A release without its tables."""

    id = fields.Integer()
    region_code = fields.String()
    region_name = fields.String(attribute="region.name")
    kind = fields.Enum(ReleaseKind, by_value=True)
    kind_name = fields.Function(lambda row: RELEASE_KIND_NAMES[row.kind], metadata={"type": "string"})
    period = fields.String()
    period_start = fields.Date()
    period_end = fields.Date()
    title = fields.String()
    known_at = fields.AwareDateTime(metadata={"description": "数据所依据的台账时点"})
    published_at = fields.AwareDateTime()
    digest = fields.String(
        metadata={"description": "content 的 SHA-256：按键排序、无空白、不转义的 JSON（UTF-8）的十六进制摘要"}
    )
    note = fields.String(allow_none=True)
    withdrawn = fields.Function(lambda row: row.withdrawn_at is not None, metadata={"type": "boolean"})
    withdrawn_at = fields.AwareDateTime(allow_none=True)
    withdraw_reason = fields.String(allow_none=True)
    superseded_by = fields.Integer(allow_none=True, metadata={"description": "更正后重新发布的编号"})


CONTENT = (
    "headline 主要指标，cumulative 年初以来累计，tables 分组表；金额以分计，hidden 为 true 的不公布，为空值"
)


class DraftView(MarketSchema):
    """What would be published."""

    title = fields.String()
    region_code = fields.String(attribute="region.code")
    period = fields.String(attribute="period.text")
    digest = fields.String()
    publishable = fields.Boolean(metadata={"description": "时段已结束且尚无有效发布"})
    content = fields.Dict(metadata={"description": CONTENT})


class ReleaseDetail(ReleaseView):
    """A release with its tables, exactly as frozen: nothing may be left out, or the digest would not fit."""

    content = fields.Dict(metadata={"description": CONTENT})


class RowChangeView(MarketSchema):
    """A figure as published and as known now."""

    part = fields.String()
    part_name = fields.String()
    key = fields.String()
    name = fields.String()
    hidden = fields.Boolean(metadata={"description": "发布时金额未公布"})
    published = fields.Nested(SumsView)
    now = fields.Nested(SumsView)
    change_deals = fields.Integer(attribute="change.deals")
    change_total_fen = fields.Integer(attribute="change.total_fen")
    change_total_text = fields.Function(
        lambda row: amount_text(row.change.total_fen), metadata={"type": "string"}
    )
    change_tech_fen = fields.Integer(attribute="change.tech_fen")


class ReleaseComparisonView(MarketSchema):
    """A release beside what is known now."""

    release = fields.Nested(ReleaseView)
    reproduced = fields.Boolean(metadata={"description": "按当时的台账重算，与所发布的数逐项一致"})
    headline = fields.List(fields.Nested(RowChangeView))
    changes = fields.List(fields.Nested(RowChangeView))
