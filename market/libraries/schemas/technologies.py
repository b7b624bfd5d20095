"""Form of key technologies over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from market.http.schema import MarketSchema, text
from market.libraries.schemas.entries import (
    DatedArgs,
    EntryFields,
    EntryInput,
    EntryInternalFields,
    EntryView,
)


class TechnologyIndicatorForm(MarketSchema):
    """What is to be reached, and where one stands."""

    name = text(1, 100, required=True)
    target = text(1, 200, required=True)
    present = text(1, 200, allow_none=True, load_default=None)


class TechnologyFields(EntryFields):
    """Fields of a key technology; progress and needs have routes of their own."""

    indicators = fields.List(fields.Nested(TechnologyIndicatorForm), validate=validate.Length(max=20))
    gap = text(0, 5000, allow_none=True)
    gap_public = fields.Boolean()
    node_id = fields.Integer(strict=True, allow_none=True)


class TechnologyInput(EntryInput, TechnologyFields):
    """A new key technology."""


class TechnologyArgs(DatedArgs):
    """Which key technologies to list; `since` and `until` are of the solution."""

    progress = fields.String(validate=validate.Length(max=32))
    node = fields.Integer()


class TechnologyProgressInput(MarketSchema):
    """How far a technology is."""

    progress = text(1, 32, required=True)
    note = text(1, 900, allow_none=True, load_default=None)


class TechnologyNeedLinkInput(MarketSchema):
    """A need to link."""

    need_id = fields.Integer(required=True, strict=True)


class TechnologyLinkedNeedView(MarketSchema):
    """A need that asks for the technology."""

    id = fields.Integer(attribute="need_id")
    title = fields.String(attribute="need.title")


class TechnologyView(EntryView):
    """The public part of a key technology."""

    indicators = fields.List(fields.Nested(TechnologyIndicatorForm))
    gap = fields.String(attribute="public_gap", allow_none=True)
    gap_public = fields.Boolean()
    progress = fields.String()
    solved_on = fields.Date(allow_none=True)
    node_id = fields.Integer(allow_none=True)
    needs = fields.List(fields.Nested(TechnologyLinkedNeedView), attribute="public_needs")


class TechnologyInternalView(TechnologyView, EntryInternalFields):
    """A key technology as its keeper and its bureau see it."""

    gap = fields.String(allow_none=True)
