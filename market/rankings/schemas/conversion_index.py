"""Form of the conversion index over HTTP; decimals are text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from marshmallow import fields, validate

from market.http.schema import MarketSchema, PageArgs, text
from market.rankings.rules import Direction, IndicatorKey, Method
from market.rankings.schemas.rankings import REGION

PERIOD = validate.Length(min=4, max=16)
VERSION = validate.Length(min=1, max=32)
NUMBER = validate.Regexp(r"-?[0-9]{1,12}(\.[0-9]{1,6})?\Z", error="应为十进制数")


def _decimal(name: str) -> fields.Function:
    def read(row: Any) -> str | None:
        value: Decimal | None = getattr(row, name)
        return None if value is None else format(value, "f")

    return fields.Function(read, metadata={"type": ["string", "null"]})


class IndexArgs(MarketSchema):
    """Which index to reckon."""

    region = fields.String(required=True, validate=REGION)
    period = fields.String(required=True, validate=PERIOD)
    definition = fields.String(load_default=None, validate=VERSION)


class IndexPublicationInput(MarketSchema):
    """Which index to publish."""

    region = fields.String(required=True, validate=REGION)
    period = fields.String(required=True, validate=PERIOD)
    definition = fields.String(load_default=None, allow_none=True, validate=VERSION)


class IndexValueArgs(PageArgs):
    """Which published values to list."""

    region = fields.String(validate=REGION)
    period = fields.String(validate=PERIOD)
    definition = fields.String(validate=VERSION)


class IndexIndicatorInput(MarketSchema):
    """One indicator of a definition; `low` and `high` only with the method `range`."""

    key = fields.String(required=True, validate=validate.OneOf(list(IndicatorKey)))
    name = text(1, 100, required=True)
    unit = text(1, 16, required=True)
    direction = fields.String(required=True, validate=validate.OneOf(list(Direction)))
    weight = fields.String(required=True, validate=NUMBER)
    method = fields.String(required=True, validate=validate.OneOf(list(Method)))
    cap = fields.String(required=True, validate=NUMBER)
    low = fields.String(validate=NUMBER)
    high = fields.String(validate=NUMBER)


class IndexDefinitionInput(MarketSchema):
    """A new version of the index's definition."""

    version = text(1, 32, required=True)
    name = text(2, 100, required=True)
    in_force_from = fields.Date(required=True)
    base_year = fields.Integer(required=True, strict=True, validate=validate.Range(min=1980, max=2999))
    indicators = fields.List(
        fields.Nested(IndexIndicatorInput), required=True, validate=validate.Length(min=1, max=50)
    )
    source = text(1, 300, required=True)


class IndexIndicatorView(MarketSchema):
    """One indicator of a definition."""

    key = fields.String()
    name = fields.String()
    unit = fields.String()
    direction = fields.String()
    weight = fields.String()
    method = fields.String()
    cap = fields.String()
    low = fields.String()
    high = fields.String()


class IndexDefinitionView(MarketSchema):
    """A version of the index's definition."""

    version = fields.String()
    name = fields.String()
    in_force_from = fields.Date()
    base_year = fields.Integer()
    indicators = fields.List(fields.Nested(IndexIndicatorView))
    source = fields.String()


class IndexPartView(MarketSchema):
    """An indicator's part; where something is missing, `missing` says what and there is no contribution."""

    key = fields.String(attribute="indicator.key")
    name = fields.String(attribute="indicator.name")
    unit = fields.String(attribute="indicator.unit")
    direction = fields.String(attribute="indicator.direction")
    method = fields.String(attribute="indicator.method")
    weight = fields.Function(lambda row: format(row.indicator.weight, "f"), metadata={"type": "string"})
    raw = _decimal("raw")
    base = _decimal("base")
    normalised = _decimal("normalised")
    contribution = _decimal("contribution")
    missing = fields.String(allow_none=True)


class IndexView(MarketSchema):
    """The index as of now; `value` is the sum of the contributions, null where one is missing."""

    region_code = fields.String(attribute="region.code")
    region_name = fields.String(attribute="region.name")
    period = fields.String(attribute="period.text")
    period_name = fields.String(attribute="period.name")
    definition_version = fields.String(attribute="definition.version")
    through = fields.Date()
    base_start = fields.Date()
    base_end = fields.Date()
    value = _decimal("value")
    missing = fields.List(fields.String())
    parts = fields.List(fields.Nested(IndexPartView))
    known_at = fields.AwareDateTime()


class PublishedIndexPartView(MarketSchema):
    """An indicator's part of a published value."""

    key = fields.String()
    name = fields.String()
    unit = fields.String()
    direction = fields.String()
    method = fields.String()
    weight = fields.String()
    raw = fields.String()
    base = fields.String()
    normalised = fields.String()
    contribution = fields.String()


class IndexValueView(MarketSchema):
    """A published value, as it was published."""

    id = fields.Integer()
    region_code = fields.String()
    region_name = fields.String(attribute="region.name")
    period = fields.String()
    definition_version = fields.String()
    definition_name = fields.String(attribute="definition.name")
    source = fields.String(attribute="definition.source")
    base_year = fields.Integer(attribute="definition.base_year")
    value = fields.String()
    parts = fields.List(fields.Nested(PublishedIndexPartView))
    known_at = fields.AwareDateTime()
    published_at = fields.AwareDateTime()
