"""Form of agencies, consortia, recognitions and evaluations over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load, validate

from market.accounts.rules import normalise_uscc
from market.http.schema import MarketSchema, text
from market.libraries.schemas.entries import (
    DatedArgs,
    EntryFields,
    EntryInput,
    EntryInternalFields,
    EntryView,
    UnitView,
    categories,
)


class AgencyFields(EntryFields):
    """Fields of an agency on file."""

    category = text(1, 32)
    tier = fields.String(allow_none=True)
    uscc = text(15, 24, allow_none=True)
    filed_on = fields.Date()
    valid_until = fields.Date(allow_none=True)
    services = fields.List(text(1, 100), validate=validate.Length(max=20))
    transfer_staff = fields.Integer(strict=True, allow_none=True, validate=validate.Range(min=0, max=100_000))
    above_scale = fields.Boolean()

    @post_load
    def _normalise(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if data.get("uscc") is not None:
            data["uscc"] = normalise_uscc(data["uscc"])
        return data


class AgencyInput(EntryInput, AgencyFields):
    """A new agency on file."""

    category = text(1, 32, required=True)
    filed_on = fields.Date(required=True)


class AgencyView(EntryView):
    """The public part of an agency on file."""

    category = fields.String()
    tier = fields.String(allow_none=True)
    uscc = fields.String(allow_none=True)
    filed_on = fields.Date()
    valid_until = fields.Date(allow_none=True)
    services = fields.List(fields.String())
    transfer_staff = fields.Integer(allow_none=True)
    above_scale = fields.Boolean()


class AgencyInternalView(AgencyView, EntryInternalFields):
    """An agency on file as its keeper and its bureau see it."""


class AgencyArgs(DatedArgs):
    """Which agencies to list; `since` and `until` are of the filing."""

    category = categories()
    tier = fields.String(validate=validate.Length(max=32))
    above_scale = fields.Boolean()
    valid_on = fields.Date(metadata={"description": "当日已备案且未过有效期"})


class ConsortiumArgs(DatedArgs):
    """Which consortia to list; `since` and `until` are of the foundation."""

    category = categories()


class ConsortiumFields(EntryFields):
    """Fields of a consortium."""

    category = text(1, 32)
    founded_on = fields.Date()


class ConsortiumInput(EntryInput, ConsortiumFields):
    """A new consortium; members are added afterwards."""

    category = text(1, 32, required=True)
    founded_on = fields.Date(required=True)


class ConsortiumMemberInput(MarketSchema):
    """A unit that joins: one of the market, or any by name."""

    name = text(2, 200)
    organisation_id = fields.Integer(strict=True)
    lead = fields.Boolean(load_default=False)
    is_enterprise = fields.Boolean(load_default=False)
    joined_on = fields.Date(required=True)


class ConsortiumMemberView(MarketSchema):
    """A unit of a consortium."""

    id = fields.Integer()
    name = fields.String()
    organisation = fields.Nested(UnitView, allow_none=True)
    lead = fields.Boolean()
    is_enterprise = fields.Boolean()
    joined_on = fields.Date()


class ConsortiumView(EntryView):
    """The public part of a consortium."""

    category = fields.String()
    founded_on = fields.Date()
    members = fields.List(fields.Nested(ConsortiumMemberView))


class ConsortiumInternalView(ConsortiumView, EntryInternalFields):
    """A consortium as its keeper and its bureau see it."""


class RecognitionInput(MarketSchema):
    """A recognition to record."""

    level = text(1, 32, required=True)
    recognised_on = fields.Date(required=True)
    recognised_by = text(2, 200, required=True)
    document = text(0, 200, allow_none=True)
    ended_on = fields.Date(allow_none=True)


class RecognitionView(MarketSchema):
    """A recognition on record."""

    id = fields.Integer()
    level = fields.String()
    recognised_on = fields.Date()
    recognised_by = fields.String()
    document = fields.String(allow_none=True)
    ended_on = fields.Date(allow_none=True)


class RecognitionEndInput(MarketSchema):
    """The end of a recognition: its last day, and why."""

    ended_on = fields.Date(required=True)
    note = text(2, 500, required=True)


class EvaluationInput(MarketSchema):
    """The evaluation of a year. `figures` are whole numbers by name."""

    year = fields.Integer(required=True, strict=True, validate=validate.Range(min=2000, max=2100))
    grade = text(1, 32, required=True)
    score_tenths = fields.Integer(strict=True, allow_none=True, validate=validate.Range(min=0, max=1000))
    figures = fields.Dict(
        keys=text(1, 64),
        values=fields.Integer(strict=True, validate=validate.Range(min=0, max=10**12)),
        validate=validate.Length(max=40),
    )
    note = text(0, 1000, allow_none=True)


class EvaluationWithdrawalInput(MarketSchema):
    """Why an evaluation is withdrawn."""

    note = text(2, 500, required=True)


class EvaluationView(MarketSchema):
    """The evaluation of a year; one that was withdrawn is shown to the office only."""

    id = fields.Integer()
    year = fields.Integer()
    grade = fields.String()
    score_tenths = fields.Integer(allow_none=True)
    figures = fields.Dict()
    note = fields.String(allow_none=True)
    recorded_at = fields.AwareDateTime()
    withdrawn_at = fields.AwareDateTime(allow_none=True)
    withdrawal_note = fields.String(allow_none=True)
