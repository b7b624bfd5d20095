"""Form of draws, seats, declarations, sheets, the ranking and the integrity record over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from market.challenges.rules import (
    RECUSAL_NAMES,
    SEAT_STATUS_NAMES,
    Recusal,
    SeatStatus,
    drawn_order,
)
from market.challenges.schemas.challenges import REGION, ChallengeUnitView
from market.http.schema import MarketSchema, text


class PanelInput(MarketSchema):
    """How many experts to draw, of which fields and where; what is left out follows the rules.

    Other fields or another region than the challenge's own take a note.
    """

    size = fields.Integer(strict=True, validate=validate.Range(min=1, max=51))
    fields_ = fields.List(
        fields.String(validate=validate.Length(max=32)), data_key="fields", validate=validate.Length(max=20)
    )
    region = fields.String(validate=REGION)
    note = text(2, 900, allow_none=True)


class ExclusionView(MarketSchema):
    """An expert who was set aside, and why."""

    talent_id = fields.Integer()
    reason = fields.String()
    reason_name = fields.Function(
        lambda row: RECUSAL_NAMES[Recusal(row["reason"])], metadata={"type": "string"}
    )


class PassedOverView(ExclusionView):
    """An expert who could no longer be called when the turn came, why, and on which day."""

    on = fields.String()


class DrawView(MarketSchema):
    """A draw with all it takes to repeat it; `repeats` tells whether repeating it gives the same order."""

    id = fields.Integer()
    round = fields.Integer()
    seats = fields.Integer()
    fields_ = fields.List(fields.String(), data_key="fields", attribute="fields")
    region_code = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
    seed = fields.String()
    eligible = fields.List(fields.Integer())
    excluded = fields.List(fields.Nested(ExclusionView))
    order = fields.List(fields.Integer())
    passed_over = fields.List(fields.Nested(PassedOverView))
    repeats = fields.Function(
        lambda row: list(drawn_order(row.seed, row.eligible)) == row.order, metadata={"type": "boolean"}
    )
    drawn_at = fields.AwareDateTime()


class SeatView(MarketSchema):
    """An expert's seat; what was declared is left out for those who only know who sat there."""

    id = fields.Integer()
    position = fields.Integer()
    talent_id = fields.Integer()
    name = fields.String(attribute="talent.person_name")
    unit = fields.String(attribute="talent.unit_name")
    status = fields.Enum(SeatStatus, by_value=True)
    status_name = fields.Function(lambda row: SEAT_STATUS_NAMES[row.status], metadata={"type": "string"})
    words = fields.String(allow_none=True)
    declared_at = fields.AwareDateTime(allow_none=True)


class PanelsView(MarketSchema):
    """The draws, for the bureau, and the seats the reader may know of."""

    draws = fields.List(fields.Nested(DrawView))
    seats = fields.List(fields.Nested(SeatView))


class DeclarationInput(MarketSchema):
    """Whether the expert is free of conflicts, and which one stands in the way."""

    free = fields.Boolean(required=True)
    words = text(2, 1000, allow_none=True, load_default=None)


class AppraisalInput(MarketSchema):
    """Points by criterion, 0 to 100 each."""

    points = fields.Dict(
        keys=fields.String(validate=validate.Length(max=32)),
        values=fields.Integer(strict=True),
        required=True,
    )
    comment = text(0, 2000, allow_none=True, load_default=None)


class ScoreInput(AppraisalInput):
    """An expert's sheet for a bid."""

    bid_id = fields.Integer(required=True, strict=True)


class SheetView(MarketSchema):
    """A sheet; `total` is in hundredths of a point, `round` that of the review."""

    id = fields.Integer()
    bid_id = fields.Integer()
    seat_id = fields.Integer(allow_none=True)
    round = fields.Integer()
    points = fields.Dict(keys=fields.String(), values=fields.Integer())
    total = fields.Integer()
    comment = fields.String(allow_none=True)
    scored_at = fields.AwareDateTime()


class RankedView(MarketSchema):
    """A bid's place; totals in hundredths of a point, `outlying` the places of sheets far from the median.

    `replaced` are sheets of earlier rounds of the review, kept and not counted.
    """

    rank = fields.Integer(attribute="place.rank")
    bid_id = fields.Integer(attribute="bid.id")
    organisation = fields.Nested(ChallengeUnitView, attribute="bid.organisation")
    total = fields.Integer(attribute="place.total")
    mean = fields.Integer(attribute="place.mean")
    outlying = fields.List(fields.Integer(), attribute="place.outlying")
    sheets = fields.List(fields.Nested(SheetView))
    replaced = fields.List(fields.Nested(SheetView))


class IntegrityInput(MarketSchema):
    """A breach to record, of an expert or of a unit."""

    region_code = fields.String(required=True, validate=REGION)
    talent_id = fields.Integer(strict=True)
    organisation_id = fields.Integer(strict=True)
    challenge_id = fields.Integer(strict=True)
    reason = text(2, 1000, required=True)
    barred_until = fields.Date(required=True)


class IntegrityWithdrawalInput(MarketSchema):
    """Why a record was wrong, or how the breach was made good."""

    note = text(2, 1000, required=True)


class IntegrityView(MarketSchema):
    """A breach on record; one that was withdrawn bars nobody."""

    id = fields.Integer()
    region_code = fields.String()
    talent_id = fields.Integer(allow_none=True)
    name = fields.String(attribute="talent.person_name")
    organisation = fields.Nested(ChallengeUnitView, allow_none=True)
    challenge_id = fields.Integer(allow_none=True)
    reason = fields.String()
    barred_until = fields.Date()
    recorded_at = fields.AwareDateTime()
    withdrawn_at = fields.AwareDateTime(allow_none=True)
    withdrawal_note = fields.String(allow_none=True)
