"""Form of editions over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from market.http.schema import MarketSchema, PageArgs, text
from market.libraries.rules import EntryKind, Register


class EditionArgs(PageArgs):
    """Which editions to list."""

    register = fields.Enum(Register, by_value=True)
    region = fields.String(validate=validate.Length(equal=6))


class EditionInput(MarketSchema):
    """A list to be published as it stands."""

    register = fields.Enum(Register, by_value=True, required=True)
    region_code = fields.String(required=True, validate=validate.Length(equal=6))
    as_of = fields.Date(
        required=True, metadata={"description": "发布单位写明的日期，不晚于今天；内容为发布时的条目"}
    )
    title = text(4, 200, allow_none=True, load_default=None)
    note = text(1, 1000, allow_none=True, load_default=None)


class EditionPreviewInput(MarketSchema):
    """Of which list to show what its next edition would hold."""

    register = fields.Enum(Register, by_value=True, required=True)
    region_code = fields.String(required=True, validate=validate.Length(equal=6))


class EditionMarkView(MarketSchema):
    """A row that came or went."""

    key = fields.String()
    title = fields.String()


class EditionChangeView(EditionMarkView):
    """A row that changed, with the names of what differs."""

    fields_ = fields.List(fields.String(), data_key="fields", attribute="fields")


class EditionComparisonView(MarketSchema):
    """An edition against the one before it."""

    added = fields.List(fields.Nested(EditionMarkView))
    removed = fields.List(fields.Nested(EditionMarkView))
    changed = fields.List(fields.Nested(EditionChangeView))
    unchanged = fields.Integer()


class EditionView(MarketSchema):
    """A published edition without its rows."""

    id = fields.Integer()
    register = fields.Enum(Register, by_value=True)
    region_code = fields.String()
    number = fields.Integer()
    title = fields.String()
    as_of = fields.Date(metadata={"description": "发布单位写明的日期；内容为发布时的条目"})
    note = fields.String(allow_none=True)
    row_count = fields.Integer()
    digest = fields.String()
    comparison = fields.Nested(EditionComparisonView)
    published_at = fields.AwareDateTime()


class EditionRowView(MarketSchema):
    """One row of an edition; `content` is the public part as it was."""

    record_id = fields.Integer()
    key = fields.String()
    position = fields.Integer()
    title = fields.String()
    content = fields.Dict()


class UnverifiedView(MarketSchema):
    """An entry that has been proposed and not checked."""

    id = fields.Integer()
    kind = fields.Enum(EntryKind, by_value=True)
    title = fields.String()


class EditionPreviewView(MarketSchema):
    """What an edition published now would hold; `unverified` entries stand in its way."""

    rows = fields.Integer()
    unverified = fields.List(fields.Nested(UnverifiedView))
    comparison = fields.Function(lambda preview: preview.comparison.to_json())
