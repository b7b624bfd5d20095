"""Form of listings over HTTP. Public and confidential parts have views of their own."""

from __future__ import annotations

from marshmallow import fields, validate

from market.accounts.schemas import PHONE
from market.http.schema import MarketSchema, MoneyFen, PageArgs, text
from market.listings.rules import Action, ListingKind, Status, Triage, Validation


class IndicatorSchema(MarketSchema):
    """One technical indicator, as the owner puts it."""

    name = text(1, 50, required=True)
    value = text(1, 100, required=True)


class IpSchema(MarketSchema):
    """One intellectual property right; patents carry an application number with check digit."""

    kind = text(1, 32, required=True)
    number = text(0, 40, load_default="")


class ListingFields(MarketSchema):
    """What all listings have in common."""

    title = text(4, 200)
    body = text(10, 20_000)
    confidential = text(0, 20_000, allow_none=True)
    tech_field = fields.String(allow_none=True)
    industry_code = fields.String(allow_none=True)
    chain_code = fields.String(allow_none=True)
    keywords = fields.List(text(1, 50), validate=validate.Length(max=20))
    indicators = fields.List(fields.Nested(IndicatorSchema), validate=validate.Length(max=30))
    contact_name = text(1, 64, allow_none=True)
    contact_phone = fields.String(allow_none=True, validate=PHONE)
    source = text(0, 200, allow_none=True)
    external_id = text(1, 64, allow_none=True)
    expires_on = fields.Date()


class NeedFields(ListingFields):
    """Fields of a need."""

    need_type = fields.String(allow_none=True)
    existing_conditions = text(0, 5000, allow_none=True)
    cooperation_modes = fields.List(fields.String(), validate=validate.Length(max=10))
    budget_fen = MoneyFen(allow_none=True)
    min_trl = fields.Integer(strict=True, allow_none=True, validate=validate.Range(min=1, max=9))
    desired_partners = text(0, 500, allow_none=True)
    deadline = fields.Date(allow_none=True)


class AchievementFields(ListingFields):
    """Fields of an achievement."""

    trl = fields.Integer(strict=True, allow_none=True, validate=validate.Range(min=1, max=9))
    stage = fields.String(allow_none=True)
    attribute = fields.String(allow_none=True)
    transfer_modes = fields.List(fields.String(), validate=validate.Length(max=10))
    pricing_mode = fields.String(allow_none=True)
    price_fen = MoneyFen(allow_none=True)
    ip = fields.List(fields.Nested(IpSchema), validate=validate.Length(max=50))
    registration_no = fields.String(
        allow_none=True,
        validate=validate.Regexp(
            r"^[0-9A-Z]{3}[0-9]{4}Y[0-9]{4}\Z", error="批准登记号应为12位，如 3202024Y0001"
        ),
    )
    completers = fields.List(text(1, 64), validate=validate.Length(max=50))
    awards = text(0, 500, allow_none=True)


class ScenarioFields(ListingFields):
    """Fields of a scenario."""

    scenario_type = fields.String(allow_none=True, metadata={"description": "场景类型，查 scenario_type"})
    opening_terms = text(0, 5000, allow_none=True, metadata={"description": "开放条件，公开"})
    place = text(0, 200, allow_none=True)
    investment_fen = MoneyFen(allow_none=True)
    min_trl = fields.Integer(strict=True, allow_none=True, validate=validate.Range(min=1, max=9))
    opens_on = fields.Date(allow_none=True)
    closes_on = fields.Date(allow_none=True)


class NeedInput(NeedFields):
    """A new need."""

    title = text(4, 200, required=True)
    body = text(10, 20_000, required=True)
    organisation_id = fields.Integer(
        strict=True, metadata={"description": "管理员代录时填写；其他人只能填本单位"}
    )


class AchievementInput(AchievementFields):
    """A new achievement."""

    title = text(4, 200, required=True)
    body = text(10, 20_000, required=True)
    organisation_id = fields.Integer(
        strict=True, metadata={"description": "管理员代录时填写；其他人只能填本单位"}
    )


class ScenarioInput(ScenarioFields):
    """A new scenario."""

    title = text(4, 200, required=True)
    body = text(10, 20_000, required=True)
    organisation_id = fields.Integer(
        strict=True, metadata={"description": "管理员代录时填写；其他人只能填本单位"}
    )


class OwnerView(MarketSchema):
    """The organisation a listing belongs to, as anyone may see it."""

    id = fields.Integer()
    name = fields.String()
    region_code = fields.String()
    tags = fields.List(fields.String())


class ListingView(MarketSchema):
    """The public part of a listing."""

    id = fields.Integer()
    kind = fields.Enum(ListingKind, by_value=True)
    title = fields.String()
    body = fields.String()
    tech_field = fields.String(allow_none=True)
    industry_code = fields.String(allow_none=True)
    chain_code = fields.String(allow_none=True)
    keywords = fields.List(fields.String())
    indicators = fields.List(fields.Nested(IndicatorSchema))
    region_code = fields.String()
    organisation = fields.Nested(OwnerView)
    status = fields.Enum(Status, by_value=True)
    expires_on = fields.Date()
    published_at = fields.AwareDateTime(allow_none=True)
    version = fields.Integer()


class NeedView(ListingView):
    """The public part of a need. `budget_fen` null means to be negotiated (面议)."""

    need_type = fields.String(allow_none=True)
    existing_conditions = fields.String(allow_none=True)
    cooperation_modes = fields.List(fields.String())
    budget_fen = fields.Integer(allow_none=True)
    min_trl = fields.Integer(allow_none=True)
    desired_partners = fields.String(allow_none=True)
    deadline = fields.Date(allow_none=True)
    validation = fields.Enum(Validation, by_value=True)


class AchievementView(ListingView):
    """The public part of an achievement. `price_fen` null means to be negotiated (面议)."""

    trl = fields.Integer(allow_none=True)
    stage = fields.String(allow_none=True)
    attribute = fields.String(allow_none=True)
    transfer_modes = fields.List(fields.String())
    pricing_mode = fields.String(allow_none=True)
    price_fen = fields.Integer(allow_none=True)
    ip = fields.List(fields.Nested(IpSchema))
    registration_no = fields.String(allow_none=True)
    completers = fields.List(fields.String())
    awards = fields.String(allow_none=True)


class ScenarioView(ListingView):
    """The public part of a scenario. `investment_fen` null means that none is stated."""

    scenario_type = fields.String(allow_none=True)
    opening_terms = fields.String(allow_none=True)
    place = fields.String(allow_none=True)
    investment_fen = fields.Integer(allow_none=True)
    min_trl = fields.Integer(allow_none=True)
    opens_on = fields.Date(allow_none=True)
    closes_on = fields.Date(allow_none=True)


class ConfidentialFields(MarketSchema):
    """The confidential part of a listing."""

    confidential = fields.String(allow_none=True)
    contact_name = fields.String(allow_none=True)
    contact_phone = fields.String(allow_none=True)


class OwnFields(ConfidentialFields):
    """What only the owner sees besides."""

    external_id = fields.String(allow_none=True)
    source = fields.String(allow_none=True)
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


class NeedOwnView(NeedView, OwnFields):
    """A need as its owner sees it."""

    triage = fields.Enum(Triage, by_value=True, allow_none=True)
    validation_note = fields.String(allow_none=True)


class AchievementOwnView(AchievementView, OwnFields):
    """An achievement as its owner sees it."""


class ScenarioOwnView(ScenarioView, OwnFields):
    """A scenario as its owner sees it."""


class ListingArgs(PageArgs):
    """Which listings to list."""

    mine = fields.Boolean(load_default=False)
    status = fields.Enum(Status, by_value=True)
    field = fields.String(validate=validate.Length(max=32))
    region = fields.String(validate=validate.Length(equal=6))
    chain = fields.String(validate=validate.Length(max=32))


class NeedArgs(ListingArgs):
    """Which needs to list; by class, only those whose class one may know."""

    validation = fields.Enum(Validation, by_value=True)
    triage = fields.Enum(Triage, by_value=True)


class ScenarioArgs(ListingArgs):
    """Which scenarios to list."""

    scenario_type = fields.String(validate=validate.Length(max=32))


class ListingReviewInput(MarketSchema):
    """A reviewer's decision on a listing."""

    decision = fields.String(
        required=True,
        validate=validate.OneOf([Action.PUBLISH.value, Action.RETURN.value, Action.REJECT.value]),
    )
    note = text(1, 1000, allow_none=True, load_default=None)


class ListingNoteInput(MarketSchema):
    """Words that go with a step."""

    note = text(1, 1000, allow_none=True, load_default=None)


class RenewalInput(MarketSchema):
    """A new last day."""

    expires_on = fields.Date(required=True)


class ListingEventView(MarketSchema):
    """One step in the life of a listing; `snapshot` is shown to the owner only."""

    action = fields.Enum(Action, by_value=True)
    source = fields.Enum(Status, by_value=True, allow_none=True)
    target = fields.Enum(Status, by_value=True)
    actor_id = fields.Integer(allow_none=True)
    note = fields.String(allow_none=True)
    version = fields.Integer()
    at = fields.AwareDateTime()


class ListingOwnEventView(ListingEventView):
    """The same, with the text as it was."""

    snapshot = fields.Raw(allow_none=True)
