"""Form of referrals and of the broker's desk over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from market.http.schema import MarketSchema, PageArgs
from market.matches.rules import Action, Status
from market.matches.rules.referrals import PAIRS, ReferralSide
from market.matches.schemas.records import RecordField
from market.matches.schemas.suggestions import ReasonsView
from market.search.documents import Kind

DEMANDS = tuple(dict.fromkeys(pair.demand for pair in PAIRS))
SUPPLIES = tuple(dict.fromkeys(pair.supply for pair in PAIRS))


class ReferralView(MarketSchema):
    """A referral with the public parts of both records; null where one may not be read any more."""

    id = fields.Integer(attribute="referral.id")
    status = fields.Enum(Status, by_value=True, attribute="referral.status")
    asked_by = fields.Enum(ReferralSide, by_value=True, attribute="referral.asked_by")
    rank = fields.Integer(attribute="referral.rank")
    score = fields.Float(attribute="referral.score")
    encoder = fields.String(attribute="referral.encoder")
    lexicon = fields.String(attribute="referral.lexicon")
    weights = fields.String(attribute="referral.weights")
    reasons = fields.Nested(ReasonsView, attribute="shown_reasons")
    demand_kind = fields.Enum(Kind, by_value=True, attribute="referral.demand_kind")
    demand_id = fields.Integer(attribute="referral.demand_id")
    demand = RecordField(attribute="shown_demand", allow_none=True)
    supply_kind = fields.Enum(Kind, by_value=True, attribute="referral.supply_kind")
    supply_id = fields.Integer(attribute="referral.supply_id")
    supply = RecordField(attribute="shown_supply", allow_none=True)
    broker_id = fields.Integer(attribute="referral.broker_id", allow_none=True)
    reason_code = fields.String(attribute="referral.reason_code", allow_none=True)
    demand_interest = fields.Boolean(attribute="referral.demand_interest", allow_none=True)
    supply_interest = fields.Boolean(attribute="referral.supply_interest", allow_none=True)
    created_at = fields.AwareDateTime(attribute="referral.created_at")
    decided_at = fields.AwareDateTime(attribute="referral.decided_at", allow_none=True)
    version = fields.Integer()


class ReferralArgs(PageArgs):
    """Which referrals to list."""

    status = fields.Enum(Status, by_value=True)
    demand_kind = fields.Enum(Kind, by_value=True, validate=validate.OneOf(DEMANDS))
    supply_kind = fields.Enum(Kind, by_value=True, validate=validate.OneOf(SUPPLIES))
    field = fields.String(validate=validate.Length(max=32))
    region = fields.String(validate=validate.Length(equal=6))
    min_score = fields.Float()
    assigned = fields.String(validate=validate.OneOf(["me", "none"]))
    need = fields.Integer()
    achievement = fields.Integer()
    entry = fields.Integer()


class ReferralEventView(MarketSchema):
    """One step of a referral."""

    id = fields.Integer()
    action = fields.Enum(Action, by_value=True)
    source = fields.Enum(Status, by_value=True, allow_none=True)
    target = fields.Enum(Status, by_value=True)
    actor_id = fields.Integer(allow_none=True)
    side = fields.Enum(ReferralSide, by_value=True, allow_none=True)
    reason_code = fields.String(allow_none=True)
    words = fields.String(allow_none=True)
    at = fields.AwareDateTime()


class ReferralContactView(MarketSchema):
    """How the expert of a referral can be reached."""

    contact = fields.String(allow_none=True)


class DeskArgs(MarketSchema):
    """How much of the queue to show."""

    limit = fields.Integer(load_default=20, validate=validate.Range(min=1, max=100))


class DeskRecordView(MarketSchema):
    """What a broker must know of a record to choose from the queue."""

    kind = fields.Enum(Kind, by_value=True)
    id = fields.Integer()
    title = fields.String()
    region_code = fields.String()
    organisation = fields.String(attribute="owner_name", allow_none=True)


class DeskItemView(MarketSchema):
    """A suggestion or a referral that waits for a decision; `path` is where it is read and decided."""

    sort = fields.String()
    id = fields.Integer()
    path = fields.String()
    score = fields.Float()
    broker_id = fields.Integer(allow_none=True)
    created_at = fields.AwareDateTime()
    demand = fields.Nested(DeskRecordView, allow_none=True)
    supply = fields.Nested(DeskRecordView, allow_none=True)


class DeskView(MarketSchema):
    """The queue, best first, and how much of it there is in all."""

    items = fields.List(fields.Nested(DeskItemView))
    suggestions = fields.Integer()
    referrals = fields.Integer()
