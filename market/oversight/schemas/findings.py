"""Form of what looks odd in registrations."""

from __future__ import annotations

from marshmallow import fields, validate

from market.http.schema import MarketSchema, PageArgs
from market.oversight.rules.findings import FINDING_NAMES, SEVERITY_NAMES, FindingKind, Severity
from market.oversight.schemas.deals import REGION_CODE

YEAR = validate.Range(min=1900, max=2100)


class CompletenessArgs(MarketSchema):
    """Which registrations."""

    region = fields.String(
        load_default=None,
        validate=REGION_CODE,
        metadata={"description": "登记机构所在的地区；默认为有权查看的全部"},
    )
    station = fields.Integer(load_default=None, metadata={"description": "登记机构编号"})
    year = fields.Integer(load_default=None, validate=YEAR, metadata={"description": "登记年度，默认为今年"})


class FindingArgs(CompletenessArgs, PageArgs):
    """Which findings."""

    kind = fields.Enum(FindingKind, by_value=True, load_default=None)


class FindingContractView(MarketSchema):
    """A contract of a finding."""

    id = fields.Integer(attribute="contract_id")
    reg_no = fields.String(allow_none=True)
    project_name = fields.String()
    station_id = fields.Integer()
    seller_name = fields.String()
    buyer_name = fields.String()
    signed_on = fields.Date()
    registered_on = fields.Date()
    total_fen = fields.Integer()
    tech_fen = fields.Integer()


class FindingView(MarketSchema):
    """A reason to look at some contracts again; never a verdict."""

    kind = fields.Enum(FindingKind, by_value=True)
    kind_name = fields.Function(lambda row: FINDING_NAMES[row.kind], metadata={"type": "string"})
    severity = fields.Enum(Severity, by_value=True)
    severity_name = fields.Function(lambda row: SEVERITY_NAMES[row.severity], metadata={"type": "string"})
    explanation = fields.String()
    contract_count = fields.Function(lambda row: len(row.contracts), metadata={"type": "integer"})
    contracts = fields.List(
        fields.Nested(FindingContractView),
        attribute="shown",
        metadata={"description": "至多50项；全部项数见 contract_count"},
    )


class FindingCountView(MarketSchema):
    """How many findings there are of a kind."""

    kind = fields.Enum(FindingKind, by_value=True)
    kind_name = fields.Function(lambda row: FINDING_NAMES[row.kind], metadata={"type": "string"})
    findings = fields.Integer()


class NotJudgedView(MarketSchema):
    """What could not be judged, and why."""

    kind = fields.Enum(FindingKind, by_value=True)
    reason = fields.String()


class FindingPageView(MarketSchema):
    """One page of findings, beside how many there are of each kind."""

    region = fields.String(attribute="watch.region")
    station_id = fields.Integer(attribute="watch.station_id", allow_none=True)
    year = fields.Integer(attribute="review.year")
    contracts = fields.Integer(attribute="review.contracts", metadata={"description": "查看的合同项数"})
    counts = fields.List(fields.Nested(FindingCountView))
    not_judged = fields.List(fields.Nested(NotJudgedView), attribute="review.not_judged")
    items = fields.List(fields.Nested(FindingView), attribute="page.items")
    next_cursor = fields.String(attribute="page.next_cursor", allow_none=True)


class FieldCountView(MarketSchema):
    """How often a station fills in a field; percent as decimal text, null where it was asked of none."""

    station_id = fields.Integer()
    station_name = fields.String()
    field = fields.String(attribute="field.column")
    field_name = fields.String(attribute="field.name")
    asked = fields.Integer(metadata={"description": "应填的合同项数"})
    filled = fields.Integer()
    percent = fields.String(allow_none=True)


class CompletenessView(MarketSchema):
    """How complete the optional fields of a year's registrations are."""

    region = fields.String(attribute="watch.region")
    station_id = fields.Integer(attribute="watch.station_id", allow_none=True)
    year = fields.Integer()
    contracts = fields.Integer()
    fields_ = fields.List(fields.Nested(FieldCountView), attribute="fields", data_key="fields")
