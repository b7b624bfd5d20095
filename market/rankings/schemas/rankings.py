"""Form of rankings and objections over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from market.http.schema import MarketSchema, PageArgs, text
from market.rankings.rules import (
    OBJECTION_STATUS_NAMES,
    RANKING_STATUS_NAMES,
    ObjectionStatus,
    RankingStatus,
    share_text,
)

REGION = validate.Regexp(r"[0-9]{6}\Z", error="应为六位行政区划代码")
YEAR = validate.Range(min=1980, max=2999)


class RankingInput(MarketSchema):
    """Which ranking to draw up."""

    region = fields.String(required=True, validate=REGION)
    year = fields.Integer(required=True, strict=True, validate=YEAR)


class RankingArgs(PageArgs):
    """Which rankings to list."""

    region = fields.String(validate=REGION)
    year = fields.Integer(validate=YEAR)
    status = fields.Enum(RankingStatus, by_value=True)


class RankingFinalisationInput(MarketSchema):
    """Whether to keep the published figures although today's count differs."""

    keep_published = fields.Boolean(load_default=False)


class RankingWithdrawalInput(MarketSchema):
    """Why the ranking is withdrawn."""

    reason = text(1, 1000, required=True)


class RankingObjectionInput(MarketSchema):
    """What is wrong with the ranking."""

    words = text(1, 2000, required=True)


class RankingObjectionDecisionInput(MarketSchema):
    """What the bureau decides, and on what grounds."""

    decision = fields.String(required=True, validate=validate.OneOf(["uphold", "dismiss"]))
    note = text(1, 2000, required=True)


class AgencyRankingRowView(MarketSchema):
    """An agency's place; amounts in fen, `deals_share` in contracts with shares divided."""

    position = fields.Integer()
    agency_id = fields.Integer()
    agency_name = fields.String(attribute="agency.name")
    rank_by_deals = fields.Integer()
    rank_by_amount = fields.Integer()
    deals = fields.Integer()
    deals_share_bp = fields.Integer()
    deals_share = fields.Function(lambda row: share_text(row.deals_share_bp), metadata={"type": "string"})
    total_fen = fields.Integer()
    tech_fen = fields.Integer()


class AgencyRankingSummaryView(MarketSchema):
    """A ranking without its rows."""

    id = fields.Integer()
    region_code = fields.String()
    region_name = fields.String(attribute="region.name")
    year = fields.Integer()
    status = fields.Enum(RankingStatus, by_value=True)
    status_name = fields.Function(lambda row: RANKING_STATUS_NAMES[row.status], metadata={"type": "string"})
    known_at = fields.AwareDateTime()
    published_on = fields.Date(allow_none=True)
    objections_until = fields.Date(allow_none=True)
    final_on = fields.Date(allow_none=True)
    note = fields.String(allow_none=True)


class AgencyRankingView(AgencyRankingSummaryView):
    """A ranking with its rows in the order of print."""

    rows = fields.List(fields.Nested(AgencyRankingRowView))


class AgencyContractView(MarketSchema):
    """A contract behind a place, as the ledger knew it, and the agency's part of it."""

    contract_id = fields.Integer(attribute="entry.contract_id")
    reg_no = fields.String(attribute="entry.contract.reg_no", allow_none=True)
    project_name = fields.String(attribute="entry.contract.project_name")
    seller_name = fields.String(attribute="entry.contract.seller.name")
    buyer_name = fields.String(attribute="entry.contract.buyer.name")
    buyer_region = fields.String(attribute="entry.buyer_region")
    type_code = fields.String(attribute="entry.type_code")
    registered_on = fields.Date(attribute="entry.effective_on")
    total_fen = fields.Integer(attribute="entry.total_fen")
    tech_fen = fields.Integer(attribute="entry.tech_fen")
    share_bp = fields.Integer(attribute="piece.share_bp")
    share_total_fen = fields.Integer(attribute="piece.total_fen")
    share_tech_fen = fields.Integer(attribute="piece.tech_fen")


class AgencyStandingView(MarketSchema):
    """What an agency brought about; amounts in fen."""

    deals = fields.Integer()
    deals_share_bp = fields.Integer()
    total_fen = fields.Integer()
    tech_fen = fields.Integer()


class RankingDifferenceView(MarketSchema):
    """An agency whose figures have changed; null where it is not in the ranking, or would not be today."""

    agency_id = fields.Integer()
    agency_name = fields.String()
    ranked = fields.Nested(AgencyStandingView, allow_none=True)
    now = fields.Nested(AgencyStandingView, allow_none=True)


class RankingComparisonView(MarketSchema):
    """A ranking against a count of today; no differences: nothing has changed."""

    ranking_id = fields.Integer(attribute="ranking.id")
    known_at = fields.AwareDateTime(attribute="ranking.known_at")
    counted_at = fields.AwareDateTime()
    differences = fields.List(fields.Nested(RankingDifferenceView))


class RankingObjectionView(MarketSchema):
    """An objection and what was decided."""

    id = fields.Integer()
    ranking_id = fields.Integer()
    agency_id = fields.Integer()
    agency_name = fields.String(attribute="agency.name")
    words = fields.String()
    status = fields.Enum(ObjectionStatus, by_value=True)
    status_name = fields.Function(lambda row: OBJECTION_STATUS_NAMES[row.status], metadata={"type": "string"})
    filed_at = fields.AwareDateTime()
    decided_at = fields.AwareDateTime(allow_none=True)
    decision_note = fields.String(allow_none=True)
