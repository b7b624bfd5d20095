"""Form of the talent pool over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from market.http.schema import MarketSchema, text
from market.libraries.rules.talents import ConsentScope, ErasureReason
from market.libraries.schemas.entries import (
    DatedArgs,
    EntryFields,
    EntryInput,
    EntryInternalFields,
    EntryView,
)

_FIELDS: dict[str, Any] = {"data_key": "fields", "attribute": "fields"}


class TalentFields(EntryFields):
    """Fields of a person's record; the title is made of name, post and unit."""

    class Meta(MarketSchema.Meta):
        """marshmallow options."""

        exclude = ("title",)

    person_name = text(2, 40)
    unit_name = text(2, 100)
    post = text(0, 50)
    fields_ = fields.List(text(1, 32), validate=validate.Length(max=11), **_FIELDS)
    works = fields.List(text(1, 300), validate=validate.Length(max=50))
    availability = text(0, 500, allow_none=True)
    contact = text(0, 200, allow_none=True)
    declared_interests = text(0, 2000, allow_none=True)


class TalentInput(EntryInput, TalentFields):
    """A new record of a person; roles and consents are recorded afterwards."""

    class Meta(TalentFields.Meta):
        """marshmallow options."""

    person_name = text(2, 40, required=True)
    unit_name = text(2, 100, required=True)


class TalentRoleView(MarketSchema):
    """The public part of a role."""

    id = fields.Integer()
    role = fields.String()
    level = fields.String(allow_none=True)
    issuer = fields.String(allow_none=True)
    agency_entry_id = fields.Integer(allow_none=True)
    valid_from = fields.Date()
    valid_until = fields.Date(allow_none=True)


class TalentRoleInternalView(TalentRoleView):
    """A role with what only those concerned see."""

    certificate_no = fields.String(allow_none=True)
    trained_on = fields.Date(allow_none=True)
    note = fields.String(allow_none=True)


class TalentView(EntryView):
    """The public part of a person's record; to others only while the person agrees to be found."""

    person_name = fields.String()
    unit_name = fields.String()
    post = fields.String()
    fields_ = fields.List(fields.String(), **_FIELDS)
    works = fields.List(fields.String())
    availability = fields.String(allow_none=True)
    roles = fields.List(fields.Nested(TalentRoleView))


class TalentInternalView(TalentView, EntryInternalFields):
    """A person's record as those concerned see it; the contact is asked for separately."""

    roles = fields.List(fields.Nested(TalentRoleInternalView))
    declared_interests = fields.String(allow_none=True)
    user_id = fields.Integer(allow_none=True)


class TalentArgs(DatedArgs):
    """Which people to list; what is said of a role must hold of one and the same role.

    `since` and `until` are of the role's first day.
    """

    role = fields.String(validate=validate.Length(max=32))
    level = fields.String(validate=validate.Length(max=32))
    agency = fields.Integer()
    at_agency = fields.Boolean(metadata={"description": "任职于备案机构"})
    valid_on = fields.Date()
    expires_by = fields.Date()


class TalentRoleInput(MarketSchema):
    """A role to record."""

    role = text(1, 32, required=True)
    level = text(1, 32, allow_none=True)
    certificate_no = text(0, 64, allow_none=True)
    issuer = text(0, 200, allow_none=True)
    agency_entry_id = fields.Integer(strict=True, allow_none=True)
    trained_on = fields.Date(allow_none=True)
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(allow_none=True)
    note = text(0, 500, allow_none=True)


class RoleEndInput(MarketSchema):
    """The last day of a role."""

    ended_on = fields.Date(required=True)


class ConsentInput(MarketSchema):
    """A consent to record. The person needs no evidence."""

    scope = fields.Enum(ConsentScope, by_value=True, required=True)
    given_on = fields.Date(required=True)
    evidence = text(0, 500, allow_none=True, load_default=None)


class ConsentWithdrawalInput(MarketSchema):
    """Which consent ends."""

    scope = fields.Enum(ConsentScope, by_value=True, required=True)


class ConsentView(MarketSchema):
    """A consent; in force while it has not been withdrawn."""

    id = fields.Integer()
    scope = fields.Enum(ConsentScope, by_value=True)
    given_on = fields.Date()
    evidence = fields.String(allow_none=True)
    recorded_by = fields.Integer(allow_none=True)
    recorded_at = fields.AwareDateTime()
    withdrawn_by = fields.Integer(allow_none=True)
    withdrawn_at = fields.AwareDateTime(allow_none=True)


class TalentAccountInput(MarketSchema):
    """The person's own account; null for none."""

    login = text(1, 64, required=True, allow_none=True)


class TalentContactView(MarketSchema):
    """How a person can be reached."""

    contact = fields.String(allow_none=True)


class TalentProjectView(MarketSchema):
    """A project that a person led or took part in."""

    id = fields.Integer()
    title = fields.String()
    category = fields.String()
    stage = fields.String()
    started_on = fields.Date(allow_none=True)
    closed_on = fields.Date(allow_none=True)
    closing_accepted = fields.Boolean(allow_none=True)


class ErasureInput(MarketSchema):
    """Why a record is erased."""

    reason = fields.Enum(ErasureReason, by_value=True, required=True)
