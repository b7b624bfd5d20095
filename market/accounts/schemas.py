"""Form of organisations, users and tokens over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from market.accounts.rules import OrganisationKind, OrganisationStatus, Role
from market.http.schema import MarketSchema, PageArgs, text

LOGIN = validate.Regexp(
    r"^[a-zA-Z0-9][a-zA-Z0-9_.\-]{2,63}\Z", error="登录名由3至64个字母、数字、点、横线组成"
)
PHONE = validate.Regexp(r"^[0-9+\-() ]{5,32}\Z", error="电话号码格式不正确")


class FirstUserInput(MarketSchema):
    """The person who registers an organisation."""

    login = fields.String(required=True, validate=LOGIN)
    name = text(1, 64, required=True)
    password = fields.String(required=True, load_only=True)


class OrganisationFields(MarketSchema):
    """What may be said of an organisation when it is entered and when it is changed."""

    name = text(2, 200)
    uscc = fields.String(validate=validate.Length(min=18, max=24))
    region_code = fields.String(validate=validate.Length(equal=6))
    park_code = fields.String(allow_none=True)
    nature_code = fields.String(allow_none=True)
    contact_name = text(1, 64, allow_none=True)
    contact_phone = fields.String(allow_none=True, validate=PHONE)
    tags = fields.List(text(1, 32), validate=validate.Length(max=20))


class OrganisationInput(OrganisationFields):
    """A new organisation; `user` is required unless an admin enters it."""

    kind = fields.Enum(OrganisationKind, by_value=True, required=True)
    name = text(2, 200, required=True)
    region_code = fields.String(required=True, validate=validate.Length(equal=6))
    user = fields.Nested(FirstUserInput)


class OrganisationChange(OrganisationFields):
    """Fields to change; those left out stay."""


class OrganisationView(MarketSchema):
    """An organisation as others see it; contact fields are null unless the reader may see them."""

    id = fields.Integer()
    kind = fields.Enum(OrganisationKind, by_value=True)
    name = fields.String()
    uscc = fields.String(allow_none=True)
    region_code = fields.String()
    park_code = fields.String(allow_none=True)
    nature_code = fields.String(allow_none=True)
    tags = fields.List(fields.String())
    status = fields.Enum(OrganisationStatus, by_value=True)
    version = fields.Integer()
    created_at = fields.AwareDateTime()


class OrganisationOwnView(OrganisationView):
    """An organisation as its members and overseers see it."""

    contact_name = fields.String(allow_none=True)
    contact_phone = fields.String(allow_none=True)
    status_note = fields.String(allow_none=True)


class OrganisationArgs(PageArgs):
    """Which organisations to list."""

    kind = fields.Enum(OrganisationKind, by_value=True)
    status = fields.Enum(OrganisationStatus, by_value=True)
    region = fields.String(validate=validate.Length(equal=6))
    name = fields.String(validate=validate.Length(max=100))


class VerificationInput(MarketSchema):
    """A bureau's decision on an organisation."""

    decision = fields.Enum(OrganisationStatus, by_value=True, required=True)
    note = text(1, 500, allow_none=True, load_default=None)


class UserInput(MarketSchema):
    """A new user."""

    login = fields.String(required=True, validate=LOGIN)
    name = text(1, 64, required=True)
    password = fields.String(required=True, load_only=True)
    role = fields.Enum(Role, by_value=True, required=True)
    organisation_id = fields.Integer(strict=True)


class UserView(MarketSchema):
    """A user."""

    id = fields.Integer()
    login = fields.String()
    name = fields.String()
    role = fields.Enum(Role, by_value=True)
    organisation_id = fields.Integer(allow_none=True)
    active = fields.Boolean()


class UserArgs(PageArgs):
    """Which users to list."""

    organisation = fields.Integer()


class PasswordInput(MarketSchema):
    """The password one has, and the one one wants."""

    old = fields.String(required=True, load_only=True, validate=validate.Length(min=1, max=200))
    new = fields.String(required=True, load_only=True, validate=validate.Length(min=1, max=200))


class MeView(UserView):
    """The user who is asking, with their organisation."""

    organisation = fields.Nested(OrganisationOwnView, allow_none=True)


class TokenInput(MarketSchema):
    """Login and password, to be exchanged for a token."""

    login = fields.String(required=True, validate=validate.Length(min=1, max=64))
    password = fields.String(required=True, load_only=True, validate=validate.Length(min=1, max=200))
    name = text(1, 64, load_default="默认")
    days = fields.Integer(strict=True, validate=validate.Range(min=1, max=366))


class TokenView(MarketSchema):
    """A token's record; never the token itself."""

    id = fields.Integer()
    name = fields.String()
    created_at = fields.AwareDateTime()
    expires_at = fields.AwareDateTime()


class IssuedTokenView(TokenView):
    """A new token; `token` is shown this once."""

    token = fields.String()
