"""Form of the steps before registration over HTTP."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from market.contracts.models import ExpertOpinion
from market.contracts.queries import DescribedEvent
from market.contracts.rules import (
    ACTION_NAMES,
    CONCLUSION_NAMES,
    STATUS_NAMES,
    Action,
    ExpertConclusion,
    Status,
)
from market.contracts.schemas.registration import CODE, ContractView
from market.contracts.service import AskedQuestion
from market.http.schema import MarketSchema, text


class ConfirmedInput(MarketSchema):
    """Codes of the questions about the form that the applicant confirms."""

    confirmed = fields.List(fields.String(validate=CODE), load_default=list, validate=validate.Length(max=20))


class SubmissionInput(ConfirmedInput):
    """What an application is handed in with."""


class QuestionView(MarketSchema):
    """Something the applicant is asked to confirm or correct, and whether they confirmed it."""

    code = fields.String()
    pointer = fields.String()
    detail = fields.String()
    confirmed = fields.Boolean()

    @ma.pre_dump
    def _flat(self, asked: AskedQuestion, **_: Any) -> dict[str, Any]:
        question = asked.question
        return {
            "code": question.code,
            "pointer": question.pointer,
            "detail": question.detail,
            "confirmed": asked.confirmed,
        }


class AcceptanceInput(MarketSchema):
    """Whether the application is disputed, which gives the station more time."""

    disputed = fields.Boolean(load_default=False)


class FindingInput(MarketSchema):
    """What the examiner found."""

    finding = text(1, 1000, required=True)


class ReturnInput(MarketSchema):
    """What is to be corrected."""

    note = text(1, 1000, required=True)


class RefusalInput(MarketSchema):
    """Why registration is refused."""

    reason_code = fields.String(required=True, validate=CODE)
    note = text(1, 1000, required=True)


class GroundsInput(MarketSchema):
    """Why an application is disputed, or what experts are to look at."""

    reason = text(1, 1000, required=True)


class OpinionInput(MarketSchema):
    """What one expert concluded."""

    name = text(2, 64, required=True)
    unit = text(2, 200, required=True)
    conclusion = fields.Enum(ExpertConclusion, by_value=True, required=True)
    words = text(1, 2000, required=True)
    opined_on = fields.Date(required=True)


class OpinionView(MarketSchema):
    """An expert's opinion on record."""

    id = fields.Integer()
    contract_id = fields.Integer()
    name = fields.String()
    unit = fields.String()
    conclusion = fields.Enum(ExpertConclusion, by_value=True)
    conclusion_name = fields.String()
    words = fields.String()
    opined_on = fields.Date()
    recorded_by = fields.Integer(allow_none=True)
    recorded_at = fields.AwareDateTime()

    @ma.pre_dump
    def _beside_names(self, row: ExpertOpinion, **_: Any) -> dict[str, Any]:
        columns = {name: getattr(row, name) for name in self.fields if hasattr(row, name)}
        return {**columns, "conclusion_name": CONCLUSION_NAMES[row.conclusion]}


class DeadlinesView(MarketSchema):
    """Undecided contracts by their last day, and how many there are in all."""

    items = fields.List(fields.Nested(ContractView))
    next_cursor = fields.String(allow_none=True)
    undecided = fields.Integer()
    overdue = fields.Integer()


class ContractEventView(MarketSchema):
    """One step of a contract; `snapshot` is the whole form where the step fixed it."""

    id = fields.Integer()
    action = fields.Enum(Action, by_value=True)
    action_name = fields.String()
    source = fields.Enum(Status, by_value=True, allow_none=True)
    target = fields.Enum(Status, by_value=True)
    target_name = fields.String()
    actor_id = fields.Integer(allow_none=True)
    reason_code = fields.String(allow_none=True)
    reason_name = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
    snapshot = fields.Dict(allow_none=True)
    at = fields.AwareDateTime()

    @ma.pre_dump
    def _beside_names(self, described: DescribedEvent, **_: Any) -> dict[str, Any]:
        event = described.event
        return {
            **{name: getattr(event, name) for name in self.fields if hasattr(event, name)},
            "action_name": ACTION_NAMES[event.action],
            "target_name": STATUS_NAMES[event.target],
            "reason_name": described.reason_name,
            "note": described.note,
        }
