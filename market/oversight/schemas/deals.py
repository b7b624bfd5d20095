"""Form of deals that are not registered yet."""

from __future__ import annotations

from marshmallow import fields, validate

from market.http.schema import MarketSchema, PageArgs
from market.oversight.rules.deals import STAGE_NAMES, WAITING_NAMES, DealSource, Stage, Waiting

REGION_CODE = validate.Regexp(r"^[0-9]{6}$", error="应为六位行政区划代码")


class UnregisteredDealFileArgs(MarketSchema):
    """Which deals."""

    region = fields.String(
        load_default=None,
        validate=REGION_CODE,
        metadata={"description": "申请单位或登记机构所在的地区；默认为有权查看的全部"},
    )
    station = fields.Integer(load_default=None, metadata={"description": "登记机构编号"})
    min_days = fields.Integer(
        load_default=0,
        validate=validate.Range(min=0, max=36_500),
        metadata={"description": "只列已满这些天的"},
    )


class UnregisteredDealArgs(UnregisteredDealFileArgs, PageArgs):
    """Which deals, and which page of them."""


class AgeCountView(MarketSchema):
    """How many deals are of an age."""

    band = fields.String(attribute="band.code")
    band_name = fields.String(attribute="band.name")
    deals = fields.Integer()


class StationDealsView(MarketSchema):
    """How many deals lie with a station or fall to it; null where none serves the region."""

    station_id = fields.Integer(allow_none=True)
    station_name = fields.String(allow_none=True)
    deals = fields.Integer()
    bands = fields.List(fields.Nested(AgeCountView))


class UnregisteredDealView(MarketSchema):
    """A deal; title, amount and other party are null while they are the two sides' own business."""

    source = fields.Enum(DealSource, by_value=True)
    source_id = fields.Integer(metadata={"description": "合同或匹配建议的编号，视 source 而定"})
    suggestion_id = fields.Integer(allow_none=True)
    stage = fields.Enum(Stage, by_value=True)
    stage_name = fields.Function(lambda deal: STAGE_NAMES[deal.stage], metadata={"type": "string"})
    waits_for = fields.Enum(Waiting, by_value=True)
    waits_for_name = fields.Function(lambda deal: WAITING_NAMES[deal.waits_for], metadata={"type": "string"})
    since = fields.Date(metadata={"description": "签订日；尚未签约的为双方达成意向之日"})
    days = fields.Integer()
    band = fields.String(attribute="band.code")
    applicant_name = fields.String()
    applicant_region = fields.String(allow_none=True)
    counterparty_name = fields.String(allow_none=True)
    title = fields.String(allow_none=True)
    total_fen = fields.Integer(allow_none=True)
    station_id = fields.Integer(allow_none=True)
    station_name = fields.String(allow_none=True)
    broker_id = fields.Integer(allow_none=True)
    broker_name = fields.String(allow_none=True)
    agency_name = fields.String(allow_none=True)


class UnregisteredDealPage(MarketSchema):
    """One page of deals, beside what all of them add up to."""

    region = fields.String(attribute="found.watch.region")
    station_id = fields.Integer(attribute="found.watch.station_id", allow_none=True)
    as_of = fields.Date(attribute="found.as_of")
    total = fields.Function(lambda row: len(row.found.deals), metadata={"type": "integer"})
    bands = fields.List(fields.Nested(AgeCountView), attribute="found.bands")
    stations = fields.List(fields.Nested(StationDealsView), attribute="found.stations")
    items = fields.List(fields.Nested(UnregisteredDealView), attribute="page.items")
    next_cursor = fields.String(attribute="page.next_cursor", allow_none=True)
