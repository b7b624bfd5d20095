"""Form of projects over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from market.http.schema import MarketSchema, MoneyFen, text
from market.libraries.rules.projects import MilestoneStatus, Payer, ProjectOrigin
from market.libraries.schemas.entries import (
    DatedArgs,
    EntryFields,
    EntryInput,
    EntryInternalFields,
    EntryView,
)

TRL = validate.Range(min=1, max=9)


class ProjectFields(EntryFields):
    """Fields of a project; team, milestones and payments have routes of their own."""

    category = text(1, 32)
    stage = text(1, 32)
    trl = fields.Integer(strict=True, allow_none=True, validate=TRL)
    key_project = fields.Boolean()
    leader_name = text(1, 64, allow_none=True)
    leader_talent_id = fields.Integer(strict=True, allow_none=True)
    started_on = fields.Date(allow_none=True)
    ends_on = fields.Date(allow_none=True)
    total_fen = MoneyFen(allow_none=True)
    grant_fen = MoneyFen()


class ProjectInput(EntryInput, ProjectFields):
    """A new project."""

    category = text(1, 32, required=True)


class ProjectFromInput(ProjectFields):
    """A project made from another record, which fills in what is left out."""

    category = text(1, 32, required=True)


class ProjectArgs(DatedArgs):
    """Which projects to list; `since` and `until` are of the beginning."""

    category = fields.String(validate=validate.Length(max=32))
    stage = fields.String(validate=validate.Length(max=32))
    key_project = fields.Boolean()
    min_trl = fields.Integer(validate=TRL)


class ProjectMemberInput(MarketSchema):
    """Somebody who joins the team: of the talent pool, or anybody by name."""

    name = text(2, 64)
    unit = text(2, 200)
    talent_id = fields.Integer(strict=True)
    duty = text(1, 100)


class ProjectMemberView(MarketSchema):
    """One of the team; no name where it is not public."""

    id = fields.Integer()
    name = fields.String(attribute="public_name", allow_none=True)
    unit = fields.String(allow_none=True)
    talent_id = fields.Integer(allow_none=True)
    duty = fields.String(allow_none=True)


class ProjectMemberInternalView(ProjectMemberView):
    """One of the team with the name."""

    name = fields.String(attribute="full_name", allow_none=True)


class ProjectMilestoneInput(MarketSchema):
    """A milestone to plan."""

    name = text(2, 100, required=True)
    target = text(2, 2000, required=True)
    due_on = fields.Date(required=True)
    amount_fen = MoneyFen(load_default=0)


class ProjectMilestoneSubmissionInput(MarketSchema):
    """What shows that a milestone was reached."""

    evidence = text(2, 900, required=True)


class ProjectMilestoneDecisionInput(MarketSchema):
    """The bureau's decision on a milestone."""

    accepted = fields.Boolean(required=True)
    note = text(1, 900, allow_none=True, load_default=None)


class ProjectMilestoneView(MarketSchema):
    """The public part of a milestone."""

    id = fields.Integer()
    number = fields.Integer()
    name = fields.String()
    target = fields.String()
    due_on = fields.Date()
    amount_fen = MoneyFen()
    status = fields.Enum(MilestoneStatus, by_value=True)
    submitted_at = fields.AwareDateTime(allow_none=True)
    decided_at = fields.AwareDateTime(allow_none=True)


class ProjectMilestoneInternalView(ProjectMilestoneView):
    """A milestone with what was handed in and what was said to it."""

    evidence = fields.String(allow_none=True)
    note = fields.String(allow_none=True)


class ProjectPaymentInput(MarketSchema):
    """Money that was paid."""

    payer = fields.Enum(Payer, by_value=True, required=True)
    amount_fen = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=10**15))
    paid_on = fields.Date(required=True)
    milestone_id = fields.Integer(strict=True, allow_none=True, load_default=None)
    note = text(1, 1000, allow_none=True, load_default=None)


class ProjectPaymentView(MarketSchema):
    """Money that was paid; one that was withdrawn counts no more."""

    id = fields.Integer()
    milestone_id = fields.Integer(allow_none=True)
    payer = fields.Enum(Payer, by_value=True)
    amount_fen = MoneyFen()
    paid_on = fields.Date()
    withdrawn_at = fields.AwareDateTime(allow_none=True)


class ProjectPaymentInternalView(ProjectPaymentView):
    """A payment with its note."""

    note = fields.String(allow_none=True)


class ProjectPaymentWithdrawalInput(MarketSchema):
    """Why a payment was recorded by mistake."""

    note = text(2, 900, required=True)


class ProjectStageInput(MarketSchema):
    """The stage a project has come to."""

    stage = text(1, 32, required=True)
    trl = fields.Integer(strict=True, allow_none=True, load_default=None, validate=TRL)
    note = text(1, 900, allow_none=True, load_default=None)


class ProjectClosingInput(MarketSchema):
    """The result of a project's closing."""

    accepted = fields.Boolean(required=True)
    note = text(2, 900, required=True)


class ProjectView(EntryView):
    """The public part of a project; `leader` is the name wherever it is kept, null where it is not public."""

    category = fields.String()
    stage = fields.String()
    trl = fields.Integer(allow_none=True)
    key_project = fields.Boolean()
    leader = fields.String(attribute="public_leader", allow_none=True)
    leader_name = fields.String(attribute="public_leader_name", allow_none=True)
    leader_talent_id = fields.Integer(allow_none=True)
    started_on = fields.Date(allow_none=True)
    ends_on = fields.Date(allow_none=True)
    total_fen = MoneyFen(allow_none=True)
    grant_fen = MoneyFen()
    paid_fen = MoneyFen()
    origin = fields.Enum(ProjectOrigin, by_value=True)
    achievement_id = fields.Integer(allow_none=True)
    need_id = fields.Integer(allow_none=True)
    challenge_id = fields.Integer(allow_none=True)
    award_id = fields.Integer(allow_none=True)
    closed_on = fields.Date(allow_none=True)
    closing_accepted = fields.Boolean(allow_none=True)
    members = fields.List(fields.Nested(ProjectMemberView))
    milestones = fields.List(fields.Nested(ProjectMilestoneView))
    payments = fields.List(fields.Nested(ProjectPaymentView))


class ProjectInternalView(ProjectView, EntryInternalFields):
    """A project as its keeper and its bureau see it."""

    leader = fields.String(attribute="full_leader", allow_none=True)
    leader_name = fields.String(allow_none=True)
    closing_note = fields.String(allow_none=True)
    members = fields.List(fields.Nested(ProjectMemberInternalView))
    milestones = fields.List(fields.Nested(ProjectMilestoneInternalView))
    payments = fields.List(fields.Nested(ProjectPaymentInternalView))
