"""Form of free searches and of matches at once, over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from market.http.schema import MarketSchema, text
from market.matches.schemas.suggestions import ReasonsView
from market.search.documents import Kind

MATCHED = (Kind.EXPERT, Kind.RESOURCE, Kind.PROJECT, Kind.NODE, Kind.SCENARIO, Kind.TECHNOLOGY)
"""What may be found for needs and achievements besides each other."""


class MatchArgs(MarketSchema):
    """How many matches to ask the engine for, and among which."""

    k = fields.Integer(load_default=10, validate=validate.Range(min=1, max=50))
    field = fields.String(validate=validate.Length(max=32))
    region = fields.String(validate=validate.Length(equal=6))


class NeedMatchArgs(MatchArgs):
    """What to find for a need."""

    kind = fields.Enum(
        Kind,
        by_value=True,
        load_default=Kind.ACHIEVEMENT,
        validate=validate.OneOf([Kind.ACHIEVEMENT, *MATCHED]),
    )


class AchievementMatchArgs(MatchArgs):
    """What to find for an achievement."""

    kind = fields.Enum(
        Kind, by_value=True, load_default=Kind.NEED, validate=validate.OneOf([Kind.NEED, *MATCHED])
    )


class SearchInput(MarketSchema):
    """A question in free words."""

    text = text(1, 20_000, required=True)
    kind = fields.Enum(Kind, by_value=True, load_default=Kind.ACHIEVEMENT)
    k = fields.Integer(strict=True, load_default=10, validate=validate.Range(min=1, max=50))
    field = fields.String(allow_none=True, load_default=None, validate=validate.Length(max=32))
    region = fields.String(allow_none=True, load_default=None, validate=validate.Length(equal=6))


class HitView(MarketSchema):
    """One record found; `record` holds its public part, and so does `listing` where it is a listing."""

    rank = fields.Integer()
    score = fields.Float()
    listing = fields.Dict(allow_none=True)
    record = fields.Dict()
    is_gap = fields.Boolean(
        allow_none=True, metadata={"description": "产业链环节上是否没有本地企业；其他类的为空"}
    )
    reasons = fields.Nested(ReasonsView)


class RankingView(MarketSchema):
    """What the engine found, best first, and with which versions."""

    hits = fields.List(fields.Nested(HitView))
    encoder = fields.String()
    lexicon = fields.String()
    weights = fields.String()
