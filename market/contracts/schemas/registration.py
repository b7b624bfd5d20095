"""Form of contracts, their requests and their steps over HTTP."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from market.contracts.models import ContractParty
from market.contracts.queries import (
    CODE_COLUMNS,
    PARTY_CODE_COLUMNS,
    DescribedContract,
    Names,
)
from market.contracts.rules import STATUS_NAMES, Side, Status
from market.http.schema import MarketSchema, MoneyFen, PageArgs, text

CODE = validate.Length(min=1, max=32)
AMOUNT = validate.Range(min=1, max=10**15)
RATE = validate.Length(min=1, max=24)


class PartyInput(MarketSchema):
    """A party to the contract. A seller who applies need not repeat its name and code."""

    name = text(2, 200)
    uscc = fields.String(allow_none=True, validate=validate.Length(min=18, max=24))
    nature_code = fields.String(validate=CODE)
    country_code = fields.String(validate=validate.Length(equal=3))
    region_code = fields.String(allow_none=True, validate=validate.Length(equal=6))
    park_code = fields.String(allow_none=True, validate=CODE)


class ContractFields(MarketSchema):
    """What the registration form says; amounts in fen.

    A contract in another currency states `foreign_amount` in that currency's smallest unit, and
    `exchange_rate`, yuan for one whole unit, as decimal text.
    """

    project_name = text(2, 300)
    type_code = fields.String(validate=CODE)
    subtype_code = fields.String(allow_none=True, validate=CODE)
    brokered_id = fields.Integer(strict=True, allow_none=True)
    seller = fields.Nested(PartyInput)
    buyer = fields.Nested(PartyInput)
    signed_on = fields.Date()
    valid_from = fields.Date(allow_none=True)
    valid_to = fields.Date(allow_none=True)
    tech_field = fields.String(validate=CODE)
    ip_kind = fields.String(validate=CODE)
    licence_kind = fields.String(allow_none=True, validate=CODE)
    plan_source = fields.String(validate=CODE)
    seo = fields.String(allow_none=True, validate=CODE)
    industry_code = fields.String(allow_none=True, validate=CODE)
    total_amount_fen = MoneyFen()
    tech_amount_fen = MoneyFen()
    amount_is_estimate = fields.Boolean()
    payment_mode = fields.String(validate=CODE)
    royalty_base = fields.String(allow_none=True, validate=CODE)
    royalty_terms = text(2, 500, allow_none=True)
    currency = fields.String(validate=validate.Length(equal=3))
    foreign_amount = fields.Integer(strict=True, allow_none=True, validate=AMOUNT)
    exchange_rate = fields.String(allow_none=True, validate=RATE)
    rate_on = fields.Date(allow_none=True)
    rate_source = text(2, 100, allow_none=True)
    new_input_fen = MoneyFen(allow_none=True)
    new_output_fen = MoneyFen(allow_none=True)
    related_party = fields.Boolean()


class ContractInput(ContractFields):
    """A new application. From a suggestion or an award, project, field and buyer may be left out."""

    station_id = fields.Integer(required=True, strict=True)
    suggestion_id = fields.Integer(strict=True, allow_none=True)
    award_id = fields.Integer(strict=True, allow_none=True)
    type_code = fields.String(required=True, validate=CODE)
    signed_on = fields.Date(required=True)
    ip_kind = fields.String(required=True, validate=CODE)
    plan_source = fields.String(required=True, validate=CODE)
    total_amount_fen = MoneyFen(required=True)
    tech_amount_fen = MoneyFen(required=True)
    payment_mode = fields.String(required=True, validate=CODE)


class ContractChange(ContractFields):
    """Fields to change; those left out stay. Parties are changed field by field."""

    station_id = fields.Integer(strict=True)


class ContractArgs(PageArgs):
    """Which contracts to list."""

    status = fields.Enum(Status, by_value=True)
    station_id = fields.Integer()
    type_code = fields.String(validate=CODE)
    tech_field = fields.String(validate=CODE)
    registered_from = fields.Date()
    registered_to = fields.Date()
    mine = fields.Boolean()
    overdue = fields.Boolean()


class PartyView(MarketSchema):
    """A party as the contract names it; `organisation_id` is set if it is on the market."""

    organisation_id = fields.Integer(allow_none=True)
    name = fields.String()
    uscc = fields.String(allow_none=True)
    nature_code = fields.String()
    nature_name = fields.String(allow_none=True)
    country_code = fields.String()
    country_name = fields.String(allow_none=True)
    region_code = fields.String(allow_none=True)
    region_name = fields.String(allow_none=True)
    park_code = fields.String(allow_none=True)
    park_name = fields.String(allow_none=True)


class StationView(MarketSchema):
    """The registration station."""

    id = fields.Integer()
    name = fields.String()
    region_code = fields.String()
    region_name = fields.String(allow_none=True)


class ContractLinksView(MarketSchema):
    """Where the contract came from; null where it did not come from this market."""

    suggestion_id = fields.Integer(allow_none=True)
    need_id = fields.Integer(allow_none=True)
    achievement_id = fields.Integer(allow_none=True)
    award_id = fields.Integer(allow_none=True)


class ContractView(MarketSchema):
    """A contract and its registration, with the names of its codes; amounts in fen.

    `days_left` counts to the station's last day, working days where the rules count those; it is
    negative when overdue and null while no time runs. `due_is_provisional` says that the last day lies
    in a year whose holidays are not announced yet.
    """

    id = fields.Integer()
    status = fields.Enum(Status, by_value=True)
    status_name = fields.String()
    station = fields.Nested(StationView)
    links = fields.Nested(ContractLinksView)
    acceptance_no = fields.String(allow_none=True)
    reg_no = fields.String(allow_none=True)
    external_id = fields.String(allow_none=True)
    applicant = fields.Enum(Side, by_value=True)
    rule_version = fields.String(allow_none=True)
    project_name = fields.String()
    type_code = fields.String()
    type_name = fields.String(allow_none=True)
    subtype_code = fields.String(allow_none=True)
    subtype_name = fields.String(allow_none=True)
    brokered_id = fields.Integer(allow_none=True)
    seller = fields.Nested(PartyView)
    buyer = fields.Nested(PartyView)
    signed_on = fields.Date()
    valid_from = fields.Date(allow_none=True)
    valid_to = fields.Date(allow_none=True)
    tech_field = fields.String()
    tech_field_name = fields.String(allow_none=True)
    ip_kind = fields.String()
    ip_kind_name = fields.String(allow_none=True)
    licence_kind = fields.String(allow_none=True)
    licence_kind_name = fields.String(allow_none=True)
    plan_source = fields.String()
    plan_source_name = fields.String(allow_none=True)
    seo = fields.String(allow_none=True)
    seo_name = fields.String(allow_none=True)
    industry_code = fields.String(allow_none=True)
    industry_name = fields.String(allow_none=True)
    total_amount_fen = fields.Integer()
    tech_amount_fen = fields.Integer()
    amount_is_estimate = fields.Boolean()
    is_large = fields.Boolean()
    payment_mode = fields.String()
    payment_mode_name = fields.String(allow_none=True)
    royalty_base = fields.String(allow_none=True)
    royalty_base_name = fields.String(allow_none=True)
    royalty_terms = fields.String(allow_none=True)
    currency = fields.String()
    currency_name = fields.String(allow_none=True)
    foreign_amount = fields.Integer(allow_none=True)
    exchange_rate = fields.String(allow_none=True)
    rate_on = fields.Date(allow_none=True)
    rate_source = fields.String(allow_none=True)
    new_input_fen = fields.Integer(allow_none=True)
    new_output_fen = fields.Integer(allow_none=True)
    related_party = fields.Boolean()
    abroad = fields.Boolean()
    confirmed = fields.List(fields.String())
    disputed = fields.Boolean()
    experts_called = fields.Boolean()
    experts_needed = fields.Boolean()
    submitted_on = fields.Date(allow_none=True)
    accepted_on = fields.Date(allow_none=True)
    due_on = fields.Date(allow_none=True)
    days_left = fields.Integer(allow_none=True)
    due_is_provisional = fields.Boolean()
    registered_on = fields.Date(allow_none=True)
    ended_on = fields.Date(allow_none=True)
    created_at = fields.AwareDateTime()
    version = fields.Integer()

    @ma.pre_dump
    def _beside_names(self, described: DescribedContract, **_: Any) -> dict[str, Any]:
        contract, names = described.contract, described.names
        suggestion = contract.suggestion
        columns = {name: getattr(contract, name) for name in self.fields if hasattr(contract, name)}
        return {
            **columns,
            **_code_names(contract, CODE_COLUMNS, names),
            "status_name": STATUS_NAMES[contract.status],
            "is_large": described.is_large,
            "experts_needed": described.experts_needed,
            "days_left": described.days_left,
            "due_is_provisional": described.due_is_provisional,
            "seller": _party(contract.seller, names),
            "buyer": _party(contract.buyer, names),
            "station": {
                "id": contract.station.id,
                "name": contract.station.name,
                "region_code": contract.station.region_code,
                "region_name": names.regions.get(contract.station.region_code),
            },
            "links": {
                "suggestion_id": contract.suggestion_id,
                "need_id": suggestion.need_id if suggestion is not None else None,
                "achievement_id": suggestion.achievement_id if suggestion is not None else None,
                "award_id": contract.award_id,
            },
        }


def _party(party: ContractParty, names: Names) -> dict[str, Any]:
    return {
        "organisation_id": party.organisation_id,
        "name": party.name,
        "uscc": party.uscc,
        "nature_code": party.nature_code,
        "country_code": party.country_code,
        "region_code": party.region_code,
        "park_code": party.park_code,
        **_code_names(party, PARTY_CODE_COLUMNS, names),
        "region_name": names.regions.get(party.region_code or ""),
        "park_name": names.parks.get(party.park_code or ""),
    }


def _code_names(row: Any, columns: Any, names: Names) -> dict[str, str | None]:
    """Name beside code: `type_code` has `type_name`, `tech_field` has `tech_field_name`."""
    return {
        f"{column.removesuffix('_code')}_name": names.codes.get((scheme, getattr(row, column)))
        for column, scheme in columns.items()
    }
