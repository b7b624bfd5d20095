"""Form of requests about registered contracts over HTTP."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from market.contracts.models import ContractRequest
from market.contracts.rules import REQUEST_NAMES, RequestKind
from market.contracts.schemas.registration import AMOUNT, CODE, RATE, ContractFields
from market.contracts.schemas.review import ConfirmedInput
from market.http.schema import MarketSchema, MoneyFen, text


class ReasonInput(MarketSchema):
    """Why the registration is to end."""

    reason = text(1, 1000, required=True)


class ChangeRequestInput(ReasonInput, ConfirmedInput):
    """What is to be changed in the registration, and why."""

    changes = fields.Nested(ContractFields, required=True)


class SettlementInput(ReasonInput, ConfirmedInput):
    """The amounts as they came out; foreign money with its rate where the contract has any."""

    total_amount_fen = MoneyFen(required=True)
    tech_amount_fen = MoneyFen(required=True)
    foreign_amount = fields.Integer(strict=True, validate=AMOUNT)
    exchange_rate = fields.String(validate=RATE)
    rate_on = fields.Date()
    rate_source = text(2, 100)


class RevocationInput(ReasonInput):
    """Why the registration is to be revoked."""

    reason_code = fields.String(required=True, validate=CODE)


class ExaminationInput(MarketSchema):
    """What the examiner found about a request."""

    note = text(1, 1000, required=True)


class DecisionInput(MarketSchema):
    """The station's answer to a request; a rejection needs a note."""

    decision = fields.String(required=True, validate=validate.OneOf(["approve", "reject"]))
    note = text(1, 1000, allow_none=True, load_default=None)


class RequestView(MarketSchema):
    """What is to be done with a registration; `approved` is null until it is decided."""

    id = fields.Integer()
    contract_id = fields.Integer()
    kind = fields.Enum(RequestKind, by_value=True)
    kind_name = fields.String()
    reason_code = fields.String(allow_none=True)
    reason = fields.String()
    changes = fields.Dict()
    requested_by = fields.Integer(allow_none=True)
    requested_at = fields.AwareDateTime()
    examined_by = fields.Integer(allow_none=True)
    examined_at = fields.AwareDateTime(allow_none=True)
    approved = fields.Boolean(allow_none=True)
    decided_by = fields.Integer(allow_none=True)
    decided_at = fields.AwareDateTime(allow_none=True)
    decision_note = fields.String(allow_none=True)

    @ma.pre_dump
    def _beside_names(self, row: ContractRequest, **_: Any) -> dict[str, Any]:
        columns = {name: getattr(row, name) for name in self.fields if hasattr(row, name)}
        return {**columns, "kind_name": REQUEST_NAMES[row.kind]}
