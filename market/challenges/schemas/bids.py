"""Form of bids over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from market.challenges.queries.bids import Sight
from market.challenges.rules import BID_STATUS_NAMES, BidStatus
from market.challenges.schemas.challenges import ChallengeUnitView
from market.http.schema import MarketSchema, text

AMOUNT = validate.Range(min=1, max=10**15)
MONTHS = validate.Range(min=1, max=120)


class BidMemberInput(MarketSchema):
    """One of a team: by name, or somebody of the talent pool."""

    name = text(1, 64)
    unit = text(1, 200, allow_none=True)
    organisation_id = fields.Integer(strict=True, allow_none=True)
    talent_id = fields.Integer(strict=True)
    duty = text(1, 100, allow_none=True)


class BidFields(MarketSchema):
    """What a bid says; all may be changed until the deadline."""

    leader_name = text(1, 64)
    leader_talent_id = fields.Integer(strict=True)
    plan = text(10, 50_000)
    confidential = text(1, 50_000, allow_none=True)
    results = text(2, 20_000, allow_none=True)
    amount_fen = fields.Integer(strict=True, validate=AMOUNT)
    months = fields.Integer(strict=True, validate=MONTHS)
    members = fields.List(fields.Nested(BidMemberInput), validate=validate.Length(max=50))


class BidInput(BidFields):
    """A new bid of the unit that leads the team."""

    plan = text(10, 50_000, required=True)
    amount_fen = fields.Integer(required=True, strict=True, validate=AMOUNT)
    months = fields.Integer(required=True, strict=True, validate=MONTHS)


class BidCheckInput(MarketSchema):
    """Whether a bid passes the formal check; the reason where it does not."""

    passed = fields.Boolean(required=True)
    note = text(2, 1000, allow_none=True, load_default=None)


class BidMemberView(MarketSchema):
    """One of a team."""

    name = fields.String()
    unit = fields.String()
    talent_id = fields.Integer(allow_none=True)
    duty = fields.String(allow_none=True)


class BidView(MarketSchema):
    """A bid as the reader sees it; `confidential` is null for those who do not see it."""

    id = fields.Integer(attribute="bid.id")
    challenge_id = fields.Integer(attribute="bid.challenge_id")
    organisation = fields.Nested(ChallengeUnitView, attribute="bid.organisation")
    status = fields.Enum(BidStatus, by_value=True, attribute="bid.status")
    status_name = fields.Function(lambda seen: BID_STATUS_NAMES[seen.bid.status], metadata={"type": "string"})
    leader = fields.String()
    leader_talent_id = fields.Integer(attribute="bid.leader_talent_id", allow_none=True)
    members = fields.List(fields.Nested(BidMemberView), attribute="team")
    plan = fields.String(attribute="bid.plan")
    confidential = fields.Function(
        lambda seen: seen.bid.confidential if seen.sight is Sight.WHOLE else None,
        metadata={"type": ["string", "null"]},
    )
    results = fields.String(attribute="bid.results", allow_none=True)
    amount_fen = fields.Integer(attribute="bid.amount_fen")
    months = fields.Integer(attribute="bid.months")
    submitted_at = fields.AwareDateTime(attribute="bid.submitted_at", allow_none=True)
    check_note = fields.String(attribute="bid.check_note", allow_none=True)
    version = fields.Integer(attribute="bid.version")
