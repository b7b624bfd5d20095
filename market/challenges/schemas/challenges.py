"""Form of challenges, lists, terms of the annex and demand rules over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from market.challenges.queries.challenges import terms_digest
from market.challenges.rules import ACTION_NAMES, MODE_NAMES, STATUS_NAMES, Action, Mode, Status
from market.http.schema import MarketSchema, Moment, MoneyFen, PageArgs, text

REGION = validate.Length(equal=6)


class ChallengeUnitView(MarketSchema):
    """A unit with part in a challenge."""

    id = fields.Integer()
    name = fields.String()
    region_code = fields.String()


class ChallengeIndicatorInput(MarketSchema):
    """One indicator and what it must reach."""

    name = text(1, 100, required=True)
    value = text(1, 200, required=True)


class ChallengeIndicatorView(MarketSchema):
    """One indicator and what it must reach."""

    name = fields.String()
    value = fields.String()


class CriterionInput(MarketSchema):
    """What bids are scored by; weights are percent."""

    key = fields.String(required=True, validate=validate.Regexp(r"^[a-z][a-z0-9_]{0,31}$"))
    name = text(1, 100, required=True)
    weight = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=100))


class CriterionView(MarketSchema):
    """What bids are scored by."""

    key = fields.String()
    name = fields.String()
    weight = fields.Integer()


class ChallengeFields(MarketSchema):
    """What a challenge says; all may be changed until it is screened."""

    mode = fields.Enum(Mode, by_value=True)
    key = fields.Boolean()
    title = text(2, 200)
    summary = text(2, 20_000)
    goals = text(2, 5000)
    indicators = fields.List(fields.Nested(ChallengeIndicatorInput), validate=validate.Length(max=50))
    conditions = text(2, 5000)
    ip_terms = text(2, 2000)
    tech_field = fields.String(allow_none=True, validate=validate.Length(max=32))
    chain_code = fields.String(allow_none=True, validate=validate.Length(max=32))
    budget_fen = MoneyFen()
    grant_fen = MoneyFen()
    solver_percent = fields.Integer(strict=True, validate=validate.Range(min=0, max=100))
    duration_months = fields.Integer(strict=True, validate=validate.Range(min=1, max=120))
    max_awards = fields.Integer(strict=True, validate=validate.Range(min=1, max=20))
    annex = text(1, 50_000, allow_none=True)
    annex_terms = text(2, 5000, allow_none=True)
    criteria = fields.List(fields.Nested(CriterionInput), validate=validate.Length(min=1, max=20))


class ChallengeInput(ChallengeFields):
    """A new challenge, from a need or a key technology."""

    need_id = fields.Integer(strict=True)
    technology_id = fields.Integer(strict=True)
    organisation_id = fields.Integer(strict=True)
    mode = fields.Enum(Mode, by_value=True, required=True)
    goals = text(2, 5000, required=True)
    conditions = text(2, 5000, required=True)
    ip_terms = text(2, 2000, required=True)
    budget_fen = MoneyFen(required=True)
    grant_fen = MoneyFen(required=True)
    duration_months = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=120))


class ChallengePostponementView(MarketSchema):
    """That the deadline was put off, from when to when, and why."""

    announced = fields.String(metadata={"format": "date-time"})
    closes_at = fields.String(metadata={"format": "date-time"})
    note = fields.String()
    at = fields.String(metadata={"format": "date-time"})


class ChallengeView(MarketSchema):
    """The public part of a challenge; the annex is read by itself."""

    id = fields.Integer()
    number = fields.String(allow_none=True)
    status = fields.Enum(Status, by_value=True)
    status_name = fields.Function(lambda row: STATUS_NAMES[row.status], metadata={"type": "string"})
    mode = fields.Enum(Mode, by_value=True)
    mode_name = fields.Function(lambda row: MODE_NAMES[row.mode], metadata={"type": "string"})
    key = fields.Boolean()
    region_code = fields.String()
    organisation = fields.Nested(ChallengeUnitView)
    invited = fields.Nested(ChallengeUnitView, allow_none=True)
    need_id = fields.Integer(allow_none=True)
    technology_id = fields.Integer(allow_none=True)
    title = fields.String()
    summary = fields.String()
    goals = fields.String()
    indicators = fields.List(fields.Nested(ChallengeIndicatorView))
    conditions = fields.String()
    ip_terms = fields.String()
    tech_field = fields.String(allow_none=True)
    chain_code = fields.String(allow_none=True)
    budget_fen = fields.Integer()
    grant_fen = fields.Integer()
    solver_percent = fields.Integer()
    duration_months = fields.Integer()
    max_awards = fields.Integer()
    has_annex = fields.Function(lambda row: row.annex is not None, metadata={"type": "boolean"})
    annex_terms = fields.String(allow_none=True)
    annex_terms_digest = fields.Function(terms_digest, metadata={"type": ["string", "null"]})
    rules = fields.Raw()
    criteria = fields.List(fields.Nested(CriterionView))
    edition_id = fields.Integer(allow_none=True)
    listed_at = fields.AwareDateTime(allow_none=True)
    closes_at = fields.AwareDateTime(allow_none=True)
    postponements = fields.List(fields.Nested(ChallengePostponementView))
    updated_at = fields.AwareDateTime()
    version = fields.Integer()


class ChallengeArgs(PageArgs):
    """Which challenges to list."""

    mine = fields.Boolean(load_default=False)
    status = fields.Enum(Status, by_value=True)
    mode = fields.Enum(Mode, by_value=True)
    region = fields.String(validate=REGION)
    field = fields.String(validate=validate.Length(max=32))
    need_id = fields.Integer()
    technology_id = fields.Integer()
    number = fields.String(validate=validate.Length(max=32))
    project_id = fields.Integer()
    key = fields.Boolean()
    awarded_since = fields.Date()
    awarded_until = fields.Date()


class ScreeningInput(MarketSchema):
    """Whether a challenge goes on the next list, as a key one or not; the reason where it does not."""

    chosen = fields.Boolean(required=True)
    key = fields.Boolean(allow_none=True, load_default=None)
    note = text(2, 900, allow_none=True, load_default=None)  # the step puts words before it


class ChallengeListInput(MarketSchema):
    """A list to publish, and until when bids are taken."""

    region_code = fields.String(required=True, validate=REGION)
    ids = fields.List(fields.Integer(strict=True), required=True, validate=validate.Length(min=1, max=500))
    closes_at = Moment(required=True)
    title = text(2, 200, allow_none=True)
    note = text(0, 1000, allow_none=True)


class ChallengeListView(MarketSchema):
    """The edition that holds the list."""

    id = fields.Integer()
    number = fields.Integer()
    title = fields.String()
    region_code = fields.String()
    as_of = fields.Date()
    row_count = fields.Integer()
    digest = fields.String()
    published_at = fields.AwareDateTime()


class InvitationInput(MarketSchema):
    """The unit that is commissioned, and until when it may hand in its bid."""

    organisation_id = fields.Integer(required=True, strict=True)
    closes_at = Moment(required=True)


class ChallengePostponementInput(MarketSchema):
    """The new deadline, and why; both are shown to anyone."""

    closes_at = Moment(required=True)
    note = text(2, 900, required=True)


class ChallengeNoteInput(MarketSchema):
    """Grounds of a step; where it closes a project, words are put before them."""

    note = text(2, 900, required=True)


class OptionalNoteInput(MarketSchema):
    """Words that may go with a step."""

    note = text(0, 1000, allow_none=True, load_default=None)


class ChallengeEventView(MarketSchema):
    """One step of a challenge, of a bid or of an award."""

    action = fields.Enum(Action, by_value=True)
    action_name = fields.Function(lambda row: ACTION_NAMES[row.action], metadata={"type": "string"})
    source = fields.Enum(Status, by_value=True, allow_none=True)
    target = fields.Enum(Status, by_value=True)
    bid_id = fields.Integer(allow_none=True)
    award_id = fields.Integer(allow_none=True)
    actor_id = fields.Integer(allow_none=True)
    note = fields.String(allow_none=True)
    at = fields.AwareDateTime()


class AgreementInput(MarketSchema):
    """The digest of the terms that were read."""

    terms_digest = fields.String(required=True, validate=validate.Length(equal=64))


class AgreementView(MarketSchema):
    """A unit that agreed to the terms of the annex."""

    organisation = fields.Nested(ChallengeUnitView)
    terms_digest = fields.String()
    agreed_at = fields.AwareDateTime()


class AnnexView(MarketSchema):
    """The annex."""

    annex = fields.String()


class ChallengeRulesInput(MarketSchema):
    """Demand rules to record; without a region they are for everywhere."""

    version = text(1, 32, required=True)
    region_code = fields.String(allow_none=True, load_default=None, validate=REGION)
    in_force_from = fields.Date(required=True)
    budget_per_grant = fields.Integer(required=True, strict=True, validate=validate.Range(min=0, max=100))
    solver_percent = fields.Integer(required=True, strict=True, validate=validate.Range(min=0, max=100))
    max_months = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=120))
    crowd_limit_fen = MoneyFen(required=True)
    panel_size = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=51))
    panel_least = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=51))
    notice_days = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=60))
    max_awards = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=20))
    source = text(2, 300, required=True)
    verified = fields.Boolean(required=True)


class ChallengeRulesArgs(MarketSchema):
    """Whose rules."""

    region = fields.String(required=True, validate=REGION)


class ChallengeRulesView(MarketSchema):
    """Demand rules with their source."""

    version = fields.String()
    budget_per_grant = fields.Integer()
    solver_percent = fields.Integer()
    max_months = fields.Integer()
    crowd_limit_fen = fields.Integer()
    panel_size = fields.Integer()
    panel_least = fields.Integer()
    notice_days = fields.Integer()
    max_awards = fields.Integer()
    source = fields.String()
    verified = fields.Boolean()
