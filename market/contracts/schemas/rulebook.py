"""Form of the rules registration stands under, over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from market.contracts.rules.limits import Condition, LargeBy, RuleSet
from market.http.schema import MarketSchema


def _types(rules: RuleSet) -> list[str]:
    return sorted(rules.types)


class RuleSetView(MarketSchema):
    """One version of the rules; `verified` is false where the official text was not read."""

    version = fields.String()
    in_force_from = fields.Date()
    types = fields.Function(_types, metadata={"type": "array", "items": {"type": "string"}})
    limit_days = fields.Integer()
    large_limit_days = fields.Integer()
    working_days = fields.Boolean()
    large_from_fen = fields.Integer()
    large_by = fields.Enum(LargeBy, by_value=True)
    approver_differs = fields.Boolean()
    experts_from_fen = fields.Integer(allow_none=True)
    min_experts = fields.Integer()
    needs_forecast = fields.Boolean()
    source = fields.String()
    verified = fields.Boolean()


class RequirementView(MarketSchema):
    """One paper that is asked for; without a type it concerns every type."""

    rule_version = fields.String(attribute="requirement.rule_version")
    type_code = fields.String(attribute="requirement.type_code", allow_none=True)
    type_name = fields.String(allow_none=True)
    condition = fields.Enum(Condition, by_value=True, attribute="requirement.condition")
    condition_name = fields.String()
    document_kind = fields.String(attribute="requirement.document_kind")
    document_name = fields.String()
    required = fields.Boolean(attribute="requirement.required")
    source = fields.String(attribute="requirement.source")


class RequirementArgs(MarketSchema):
    """Whose papers to list: of a contract type, under the rules of a day (today unless given)."""

    type_code = fields.String(load_default=None, validate=validate.Length(min=1, max=32))
    day = fields.Date(load_default=None)
