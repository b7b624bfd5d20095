"""What the forms and views of all kinds of entries share."""

from __future__ import annotations

from marshmallow import fields, validate

from market.http.schema import MarketSchema, PageArgs, text
from market.libraries.rules import CHECKS, EntryAction, EntryKind, EntryStatus, Register


class EntryFields(MarketSchema):
    """Fields that every kind has; all may be changed."""

    title = text(2, 200)
    summary = text(0, 20_000)
    internal = text(0, 20_000, allow_none=True)
    tech_field = fields.String(allow_none=True)
    chain_code = fields.String(allow_none=True)
    keywords = fields.List(text(1, 50), validate=validate.Length(max=20))
    source = text(1, 200)
    source_date = fields.Date()
    external_id = text(1, 64, allow_none=True)


class EntryInput(EntryFields):
    """A new entry. The region may be left out where the unit is given."""

    title = text(2, 200, required=True)
    source = text(1, 200, required=True)
    source_date = fields.Date(required=True)
    region_code = fields.String(validate=validate.Length(equal=6))
    organisation_id = fields.Integer(strict=True, allow_none=True)


class UnitView(MarketSchema):
    """The unit an entry is about or belongs to."""

    id = fields.Integer()
    name = fields.String()
    region_code = fields.String()


class EntryView(MarketSchema):
    """The public part of an entry."""

    id = fields.Integer()
    kind = fields.Enum(EntryKind, by_value=True)
    title = fields.String()
    summary = fields.String()
    region_code = fields.String()
    organisation = fields.Nested(UnitView, allow_none=True)
    tech_field = fields.String(allow_none=True)
    chain_code = fields.String(allow_none=True)
    keywords = fields.List(fields.String())
    source = fields.String()
    source_date = fields.Date()
    status = fields.Enum(EntryStatus, by_value=True)
    published_at = fields.AwareDateTime(allow_none=True)
    updated_at = fields.AwareDateTime()
    version = fields.Integer()


class EntryInternalFields(MarketSchema):
    """What only its keeper and its bureau see besides."""

    internal = fields.String(allow_none=True)
    external_id = fields.String(allow_none=True)
    proposed_by = fields.Integer(allow_none=True)
    checked_by = fields.Integer(allow_none=True)
    checked_at = fields.AwareDateTime(allow_none=True)


class EntryArgs(PageArgs):
    """Which entries to list."""

    mine = fields.Boolean(load_default=False)
    status = fields.Enum(EntryStatus, by_value=True)
    region = fields.String(validate=validate.Length(equal=6))
    field = fields.String(validate=validate.Length(max=32))
    chain = fields.String(validate=validate.Length(max=32))
    name = fields.String(validate=validate.Length(max=100))


class DatedArgs(EntryArgs):
    """Which entries to list by the day that decides for their kind, both ends included."""

    since = fields.Date()
    until = fields.Date()


def categories() -> fields.List:
    """Return a filter by category; several stand for any of them."""
    return fields.List(
        fields.String(validate=validate.Length(max=32)),
        validate=validate.Length(max=20),
        metadata={"description": "可重复，为其中任何一类"},
    )


class CheckInput(MarketSchema):
    """The bureau's decision on an entry."""

    decision = fields.String(
        required=True, validate=validate.OneOf(sorted(decision.value for decision in CHECKS))
    )
    note = text(1, 1000, allow_none=True, load_default=None)


class EntryNoteInput(MarketSchema):
    """Why an entry leaves its register."""

    note = text(2, 1000, required=True)


class EntryEventView(MarketSchema):
    """One step of an entry; `snapshot` holds its fields where they changed."""

    action = fields.Enum(EntryAction, by_value=True)
    source = fields.Enum(EntryStatus, by_value=True, allow_none=True)
    target = fields.Enum(EntryStatus, by_value=True)
    actor_id = fields.Integer(allow_none=True)
    note = fields.String(allow_none=True)
    version = fields.Integer()
    snapshot = fields.Raw(allow_none=True)
    at = fields.AwareDateTime()


class RegisterCheckInput(CheckInput):
    """The bureau's decision on several entries; no ids means all that are waiting."""

    region_code = fields.String(required=True, validate=validate.Length(equal=6))
    ids = fields.List(fields.Integer(strict=True), load_default=list, validate=validate.Length(max=5000))


class RegisterCountArgs(MarketSchema):
    """Whose registers to count."""

    region = fields.String(required=True, validate=validate.Length(equal=6))


class RegisterCountView(MarketSchema):
    """How many entries of a kind stand in one state."""

    register = fields.Enum(Register, by_value=True)
    kind = fields.Enum(EntryKind, by_value=True)
    status = fields.Enum(EntryStatus, by_value=True)
    count = fields.Integer()


class RegisterCheckedView(MarketSchema):
    """What became of the entries that were checked."""

    checked = fields.Integer()
    ids = fields.List(fields.Integer())
