"""Form of code tables over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from market.http.schema import MarketSchema
from market.reference.rules import RegionLevel


class CodeView(MarketSchema):
    """One code."""

    code = fields.String()
    name = fields.String()
    parent_code = fields.String(allow_none=True)
    valid_from = fields.Date(allow_none=True)
    valid_to = fields.Date(allow_none=True)
    source = fields.String()
    verified = fields.Boolean()


class RegionView(MarketSchema):
    """One region."""

    code = fields.String()
    name = fields.String()
    level = fields.Enum(RegionLevel, by_value=True)
    parent_code = fields.String(allow_none=True)
    valid_from = fields.Date(allow_none=True)
    valid_to = fields.Date(allow_none=True)


class ParkView(MarketSchema):
    """One park."""

    code = fields.String()
    name = fields.String()
    region_code = fields.String()
    kind = fields.String()


class RegionArgs(MarketSchema):
    """Which regions to list."""

    parent = fields.String(load_default="000000", validate=validate.Length(equal=6))


class ParkArgs(MarketSchema):
    """Which parks to list."""

    region = fields.String(load_default=None, validate=validate.Length(equal=6))
