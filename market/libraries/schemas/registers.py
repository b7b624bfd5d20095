"""Form of questions about whole registers over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from market.http.schema import MarketSchema


class FileArgs(MarketSchema):
    """Which kind of entry a file is to hold; all of them if left out (a CSV holds one)."""

    kind = fields.String(validate=validate.Length(max=32))


class RegisterFileArgs(FileArgs):
    """Whose register is to be had as a file."""

    region = fields.String(required=True, validate=validate.Length(equal=6))
