"""Form of ledger lines over HTTP."""

from __future__ import annotations

from marshmallow import fields

from market.contracts.rules import Status
from market.http.schema import MarketSchema, PageArgs
from market.turnover.rules import LINE_NAMES, Line, amount_text
from market.turnover.schemas.scopes import ScopeArgs, ScopeView


class EntryArgs(ScopeArgs, PageArgs):
    """Which ledger lines to list."""


class LineView(MarketSchema):
    """A ledger line; a reversal has a count of -1 and negative amounts."""

    id = fields.Integer()
    line = fields.Enum(Line, by_value=True)
    line_name = fields.Function(lambda row: LINE_NAMES[row.line], metadata={"type": "string"})
    reverses_id = fields.Integer(allow_none=True)
    contract_version = fields.Integer()
    count = fields.Integer()
    total_fen = fields.Integer()
    total_text = fields.Function(lambda row: amount_text(row.total_fen), metadata={"type": "string"})
    tech_fen = fields.Integer()
    tech_text = fields.Function(lambda row: amount_text(row.tech_fen), metadata={"type": "string"})
    effective_on = fields.Date()
    recorded_at = fields.AwareDateTime()
    station_id = fields.Integer()
    station_region = fields.String()
    seller_region = fields.String(allow_none=True)
    buyer_region = fields.String(allow_none=True)
    type_code = fields.String()
    subtype_code = fields.String(allow_none=True)
    tech_field = fields.String()


class TitleView(MarketSchema):
    """A listing by id and title."""

    id = fields.Integer()
    title = fields.String()


class EntryView(LineView):
    """A ledger line with what it came from; null where the contract was not brokered here."""

    contract_id = fields.Integer()
    reg_no = fields.String(attribute="contract.reg_no", allow_none=True)
    project_name = fields.String(attribute="contract.project_name")
    contract_status = fields.Enum(Status, by_value=True, attribute="contract.status")
    seller_name = fields.String(attribute="contract.seller.name")
    buyer_name = fields.String(attribute="contract.buyer.name")
    suggestion_id = fields.Integer(attribute="contract.suggestion_id", allow_none=True)
    need = fields.Nested(TitleView, attribute="contract.suggestion.need", dump_default=None, allow_none=True)
    achievement = fields.Nested(
        TitleView, attribute="contract.suggestion.achievement", dump_default=None, allow_none=True
    )


class EntryPageView(ScopeView):
    """Ledger lines behind a figure; `station_id` names the station the list is cut to, if it is."""

    station_id = fields.Integer(
        attribute="scope.station_id",
        allow_none=True,
        metadata={
            "description": "不为空时只含这家登记机构登记的，各条之和是该机构的数字；登记员总是只见本机构的"
        },
    )
    station_name = fields.String(allow_none=True)
    items = fields.List(fields.Nested(EntryView), attribute="page.items")
    next_cursor = fields.String(attribute="page.next_cursor", allow_none=True)
