"""Form of suggestions over HTTP."""

from __future__ import annotations

from datetime import date

from marshmallow import fields, validate

from market.http.schema import MarketSchema, PageArgs, text
from market.listings.schemas import AchievementView, ConfidentialFields, NeedView
from market.matches.rules import Action, Side, Status


class ScorePartView(MarketSchema):
    """One addend of a score; `label` is its Chinese name."""

    name = fields.String()
    label = fields.String()
    value = fields.Float()
    weight = fields.Float()
    contribution = fields.Float()


class FacetVerdictView(MarketSchema):
    """How the two sides compare in one respect; `words` is Chinese."""

    facet = fields.String()
    verdict = fields.String()
    words = fields.String()


class ReasonsView(MarketSchema):
    """Why a pair was suggested. The contributions of `parts` add up to the score.

    `reranker` names the model that read the pair again; null if none did, missing in older suggestions.
    """

    parts = fields.List(fields.Nested(ScorePartView))
    terms = fields.List(fields.Dict())
    concepts = fields.List(fields.Dict())
    alike = fields.List(fields.Dict())
    facets = fields.List(fields.Nested(FacetVerdictView))
    reranker = fields.String(allow_none=True)


class SuggestionView(MarketSchema):
    """A suggested pair with the public parts of both listings."""

    id = fields.Integer()
    status = fields.Enum(Status, by_value=True)
    asked_by = fields.Enum(Side, by_value=True)
    rank = fields.Integer()
    score = fields.Float()
    encoder = fields.String()
    lexicon = fields.String()
    weights = fields.String()
    reasons = fields.Nested(ReasonsView)
    need = fields.Nested(NeedView)
    achievement = fields.Nested(AchievementView)
    broker_id = fields.Integer(allow_none=True)
    reason_code = fields.String(allow_none=True)
    need_interest = fields.Boolean(allow_none=True)
    achievement_interest = fields.Boolean(allow_none=True)
    created_at = fields.AwareDateTime()
    decided_at = fields.AwareDateTime(allow_none=True)
    version = fields.Integer()


class SuggestionArgs(PageArgs):
    """Which suggestions to list."""

    status = fields.Enum(Status, by_value=True)
    field = fields.String(validate=validate.Length(max=32))
    region = fields.String(validate=validate.Length(equal=6))
    min_score = fields.Float()
    assigned = fields.String(validate=validate.OneOf(["me", "none"]))
    need = fields.Integer()
    achievement = fields.Integer()


class AssignmentInput(MarketSchema):
    """Whose desk a suggestion goes to; one's own if left out."""

    broker_id = fields.Integer(strict=True)


class SuggestionReviewInput(MarketSchema):
    """A broker's decision."""

    decision = fields.String(
        required=True, validate=validate.OneOf([Action.RECOMMEND.value, Action.DECLINE.value])
    )
    reason_code = fields.String(required=True)
    words = text(2, 2000, required=True)


class InterestInput(MarketSchema):
    """Whether one side wants to talk."""

    interested = fields.Boolean(required=True)
    words = text(1, 2000, allow_none=True, load_default=None)


class SuggestionNoteInput(MarketSchema):
    """Words on how the talks go."""

    words = text(1, 2000, required=True)


class OutcomeInput(MarketSchema):
    """How the talks ended."""

    signed = fields.Boolean(required=True)
    reason_code = fields.String(allow_none=True, load_default=None)
    words = text(1, 2000, required=True)


class SuggestionEventView(MarketSchema):
    """One step of a suggestion."""

    id = fields.Integer()
    action = fields.Enum(Action, by_value=True)
    source = fields.Enum(Status, by_value=True, allow_none=True)
    target = fields.Enum(Status, by_value=True)
    actor_id = fields.Integer(allow_none=True)
    side = fields.Enum(Side, by_value=True, allow_none=True)
    reason_code = fields.String(allow_none=True)
    words = fields.String(allow_none=True)
    at = fields.AwareDateTime()


class ConfidentialView(MarketSchema):
    """The confidential parts of both sides."""

    need = fields.Nested(ConfidentialFields)
    achievement = fields.Nested(ConfidentialFields)


class QualityArgs(MarketSchema):
    """Which decisions to count: those since a day in China; all if left out."""

    since = fields.Date(load_default=None, validate=validate.Range(min=date(2000, 1, 1)))


class QualityFigureView(MarketSchema):
    """What became of some suggestions; rates are None where there is nothing to divide by."""

    key = fields.String()
    label = fields.String()
    decided = fields.Integer()
    accepted = fields.Integer()
    acceptance_rate = fields.Float(allow_none=True)
    mean_reciprocal_rank = fields.Float(allow_none=True)


class QualityView(MarketSchema):
    """How good suggestions are, over all and by what they have in common."""

    since = fields.Date(allow_none=True)
    overall = fields.Nested(QualityFigureView)
    by_field = fields.List(fields.Nested(QualityFigureView))
    by_encoder = fields.List(fields.Nested(QualityFigureView))
    by_weights = fields.List(fields.Nested(QualityFigureView))
    by_month = fields.List(fields.Nested(QualityFigureView))
