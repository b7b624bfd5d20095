"""Form of notices, objections, awards, their reviews and payments over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from market.challenges.rules import (
    OBJECTION_STATUS_NAMES,
    STATUS_NAMES,
    AwardReviewKind,
    ObjectionStatus,
    Payee,
    ReviewDecision,
    Status,
)
from market.challenges.schemas.challenges import ChallengeUnitView
from market.http.schema import MarketSchema, MoneyFen, text

AMOUNT = validate.Range(min=1, max=10**15)


class WinnerInput(MarketSchema):
    """A bid that is to be awarded; its own amount unless another is given."""

    bid_id = fields.Integer(required=True, strict=True)
    grant_fen = MoneyFen(required=True)
    amount_fen = fields.Integer(strict=True, allow_none=True, validate=AMOUNT)


class NoticeInput(MarketSchema):
    """Who is to be awarded."""

    winners = fields.List(fields.Nested(WinnerInput), required=True, validate=validate.Length(max=20))
    days = fields.Integer(strict=True, validate=validate.Range(min=1, max=60))
    reason = text(2, 1000, allow_none=True)


class WinnerView(MarketSchema):
    """A unit that is to be awarded."""

    bid_id = fields.Integer()
    unit = fields.String()
    amount_fen = fields.Integer()
    grant_fen = fields.Integer()


class NoticeView(MarketSchema):
    """A notice; objections are taken up to and with its last day."""

    id = fields.Integer()
    winners = fields.List(fields.Nested(WinnerView))
    reason = fields.String(allow_none=True)
    starts_on = fields.Date()
    ends_on = fields.Date()
    published_at = fields.AwareDateTime()
    withdrawn_at = fields.AwareDateTime(allow_none=True)


class ChallengeObjectionInput(MarketSchema):
    """What is wrong with the notice."""

    words = text(2, 2000, required=True)
    evidence = text(0, 2000, allow_none=True, load_default=None)


class ChallengeAnswerInput(MarketSchema):
    """Whether the objection is right, and why."""

    upheld = fields.Boolean(required=True)
    answer = text(2, 2000, required=True)


class ObjectorView(MarketSchema):
    """Who objected, and on behalf of which unit."""

    id = fields.Integer()
    name = fields.String()
    organisation = fields.Nested(ChallengeUnitView, allow_none=True)


class ChallengeObjectionView(MarketSchema):
    """An objection and its answer, for the bureau and whoever raised it."""

    id = fields.Integer()
    notice_id = fields.Integer()
    words = fields.String()
    evidence = fields.String(allow_none=True)
    status = fields.Enum(ObjectionStatus, by_value=True)
    status_name = fields.Function(lambda row: OBJECTION_STATUS_NAMES[row.status], metadata={"type": "string"})
    filed_by = fields.Nested(ObjectorView, attribute="filer", allow_none=True)
    filed_at = fields.AwareDateTime()
    answer = fields.String(allow_none=True)
    answered_at = fields.AwareDateTime(allow_none=True)


class AwardMilestoneInput(MarketSchema):
    """What is to be reached by when."""

    name = text(1, 100, required=True)
    target = text(2, 2000, required=True)
    due_on = fields.Date(required=True)
    amount_fen = MoneyFen(load_default=0)


class AwardProjectInput(MarketSchema):
    """The project that is opened for a winner."""

    bid_id = fields.Integer(required=True, strict=True)
    milestones = fields.List(
        fields.Nested(AwardMilestoneInput), required=True, validate=validate.Length(min=1, max=50)
    )
    started_on = fields.Date()


class AwardInput(MarketSchema):
    """One project for each winner of the notice."""

    projects = fields.List(fields.Nested(AwardProjectInput), required=True, validate=validate.Length(max=20))


class AwardReviewInput(MarketSchema):
    """What a midterm review or an acceptance decides."""

    kind = fields.Enum(AwardReviewKind, by_value=True, required=True)
    decision = fields.Enum(ReviewDecision, by_value=True, required=True)
    note = text(2, 900, required=True)  # the project's closing puts words before it
    rectify_by = fields.Date()


class AwardReviewView(MarketSchema):
    """A review of an award's work."""

    kind = fields.Enum(AwardReviewKind, by_value=True)
    decision = fields.Enum(ReviewDecision, by_value=True)
    note = fields.String()
    rectify_by = fields.Date(allow_none=True)
    reviewed_at = fields.AwareDateTime()


class GrantPaymentInput(MarketSchema):
    """A part of the grant that was paid."""

    payee = fields.Enum(Payee, by_value=True, required=True)
    amount_fen = fields.Integer(required=True, strict=True, validate=AMOUNT)
    paid_on = fields.Date(required=True)
    note = text(0, 1000, allow_none=True)


class GrantPaymentView(MarketSchema):
    """A part of the grant that was paid; one that was withdrawn counts no more."""

    id = fields.Integer()
    payee = fields.Enum(Payee, by_value=True)
    amount_fen = fields.Integer()
    paid_on = fields.Date()
    note = fields.String(allow_none=True)
    project_payment_id = fields.Integer()
    recorded_at = fields.AwareDateTime()
    withdrawn_at = fields.AwareDateTime(allow_none=True)


class AwardView(MarketSchema):
    """An award; reviews and payments are null for those who are not concerned."""

    id = fields.Integer(attribute="award.id")
    challenge_id = fields.Integer(attribute="award.challenge_id")
    bid_id = fields.Integer(attribute="award.bid_id")
    organisation = fields.Nested(ChallengeUnitView, attribute="award.organisation")
    status = fields.Enum(Status, by_value=True, attribute="award.status")
    status_name = fields.Function(lambda seen: STATUS_NAMES[seen.award.status], metadata={"type": "string"})
    amount_fen = fields.Integer(attribute="award.amount_fen")
    grant_fen = fields.Integer(attribute="award.grant_fen")
    project_id = fields.Integer(attribute="award.project_id")
    awarded_on = fields.Date(attribute="award.awarded_on")
    contracted_on = fields.Date(attribute="award.contracted_on", allow_none=True)
    ended_on = fields.Date(attribute="award.ended_on", allow_none=True)
    reviews = fields.List(fields.Nested(AwardReviewView), allow_none=True)
    payments = fields.List(fields.Nested(GrantPaymentView), allow_none=True)
