"""Form of the shares agencies have in contracts, over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from market.contracts.queries.credit import WHOLE_BP
from market.http.schema import MarketSchema


class AttributionInput(MarketSchema):
    """Who is to be credited, in which role, with which share in basis points."""

    agency_id = fields.Integer(required=True, strict=True)
    broker_id = fields.Integer(strict=True, allow_none=True, load_default=None)
    role = fields.String(required=True, validate=validate.Length(min=1, max=32))
    share_bp = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=WHOLE_BP))


class AttributionView(MarketSchema):
    """An agency's share in a contract; withdrawn where `withdrawn_at` is set."""

    id = fields.Integer()
    contract_id = fields.Integer()
    agency_id = fields.Integer()
    agency_name = fields.String(attribute="agency.name")
    broker_id = fields.Integer(allow_none=True)
    broker_name = fields.Function(
        lambda row: None if row.broker is None else row.broker.name, metadata={"type": ["string", "null"]}
    )
    role = fields.String()
    share_bp = fields.Integer()
    created_at = fields.AwareDateTime()
    withdrawn_at = fields.AwareDateTime(allow_none=True)
