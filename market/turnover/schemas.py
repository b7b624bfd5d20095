"""Form of figures, ledger lines, threads and targets over HTTP.

Amounts are integers of fen with a text for people beside them; percents are decimal text.
"""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from market.accounts.rules import OrganisationKind
from market.contracts.rules import STATUS_NAMES, Status
from market.http.schema import MarketSchema, PageArgs
from market.listings.schemas import AchievementView, NeedView
from market.matches.rules import Action
from market.matches.rules import Status as SuggestionStatus
from market.matches.schemas import ReasonsView
from market.turnover.rules import (
    LINE_NAMES,
    MEASURE_NAMES,
    MEASURE_NAMES_EN,
    MEASURE_NOTES,
    AreaKind,
    GroupBy,
    Line,
    Measure,
    amount_text,
)
from market.turnover.target_rules import BASIS_NAMES, COMPARATOR_NAMES, Basis, Comparator

REGION = validate.Regexp(r"^[0-9]{6}$", error="应为六位行政区划代码")


def _percent(**kwargs: Any) -> fields.Decimal:
    return fields.Decimal(as_string=True, allow_none=True, **kwargs)


class ScopeArgs(MarketSchema):
    """Which ledger lines are meant."""

    measure = fields.Enum(
        Measure,
        by_value=True,
        load_default=Measure.REGISTERED,
        metadata={"description": "registered 登记（默认）、output 输出、absorbed 吸纳；三者不可相加"},
    )
    region = fields.String(load_default=None, validate=REGION)
    park = fields.String(load_default=None, validate=validate.Length(min=1, max=32))
    period = fields.String(
        load_default=None,
        validate=validate.Length(max=16),
        metadata={"description": "2025、2025-Q2、2025-06 或 since-plan（自计划起始月）；默认为今年"},
    )
    type = fields.List(
        fields.String(), attribute="types", load_default=list, validate=validate.Length(max=20)
    )
    field = fields.List(
        fields.String(), attribute="fields", load_default=list, validate=validate.Length(max=20)
    )
    known_at = fields.AwareDateTime(
        load_default=None, metadata={"description": "按当时的台账统计（即当时发布的数）；默认按现在的台账"}
    )


class FigureArgs(ScopeArgs):
    """A figure to be asked for."""

    group_by = fields.Enum(GroupBy, by_value=True, load_default=GroupBy.NONE)


class EntryArgs(ScopeArgs, PageArgs):
    """Which ledger lines to list."""


class SumsView(MarketSchema):
    """What is counted."""

    deals = fields.Integer(metadata={"description": "合同项数"})
    total_fen = fields.Integer(metadata={"description": "合同成交额，分"})
    total_text = fields.Function(lambda sums: amount_text(sums.total_fen), metadata={"type": "string"})
    tech_fen = fields.Integer(metadata={"description": "技术交易额，分"})
    tech_text = fields.Function(lambda sums: amount_text(sums.tech_fen), metadata={"type": "string"})


class AreaView(MarketSchema):
    """A region or a park."""

    kind = fields.Enum(AreaKind, by_value=True)
    code = fields.String()
    name = fields.String()


class PeriodView(MarketSchema):
    """Whole months; the first and the last day are included."""

    text = fields.String()
    name = fields.String()
    start = fields.Date()
    end = fields.Date()


class ScopeView(MarketSchema):
    """What a figure is about, in words and codes."""

    measure = fields.Enum(Measure, by_value=True, attribute="scope.measure")
    measure_name = fields.Function(lambda row: MEASURE_NAMES[row.scope.measure], metadata={"type": "string"})
    measure_name_en = fields.Function(
        lambda row: MEASURE_NAMES_EN[row.scope.measure], metadata={"type": "string"}
    )
    measure_note = fields.Function(lambda row: MEASURE_NOTES[row.scope.measure], metadata={"type": "string"})
    area = fields.Nested(AreaView, attribute="scope.area")
    period = fields.Nested(PeriodView, attribute="scope.period")
    types = fields.Function(
        lambda row: sorted(row.scope.types), metadata={"type": "array", "items": {"type": "string"}}
    )
    fields_ = fields.Function(
        lambda row: sorted(row.scope.fields),
        data_key="fields",
        metadata={"type": "array", "items": {"type": "string"}},
    )
    known_at = fields.AwareDateTime(attribute="scope.known_at", allow_none=True)


class SpanView(MarketSchema):
    """Days or months, both ends included."""

    start = fields.Date()
    end = fields.Date()


class ChangeView(MarketSchema):
    """Completed months of the period against the same number of earlier ones."""

    current_span = fields.Nested(SpanView, attribute="comparison.current")
    base_span = fields.Nested(SpanView, attribute="comparison.base")
    current = fields.Nested(SumsView)
    base = fields.Nested(SumsView)
    deals_percent = _percent()
    total_percent = _percent()
    tech_percent = _percent()


class GroupView(MarketSchema):
    """One part of a figure."""

    key = fields.String()
    name = fields.String()
    deals = fields.Integer(attribute="sums.deals")
    total_fen = fields.Integer(attribute="sums.total_fen")
    total_text = fields.Function(lambda row: amount_text(row.sums.total_fen), metadata={"type": "string"})
    tech_fen = fields.Integer(attribute="sums.tech_fen")
    tech_text = fields.Function(lambda row: amount_text(row.sums.tech_fen), metadata={"type": "string"})


class FigureView(ScopeView):
    """A figure."""

    sums = fields.Nested(SumsView)
    group_by = fields.Enum(GroupBy, by_value=True)
    groups = fields.List(fields.Nested(GroupView))
    year_on_year = fields.Nested(ChangeView, allow_none=True)
    period_on_period = fields.Nested(ChangeView, allow_none=True)


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

    station_id = fields.Integer(allow_none=True)
    items = fields.List(fields.Nested(EntryView), attribute="page.items")
    next_cursor = fields.String(attribute="page.next_cursor", allow_none=True)


class CountedInView(MarketSchema):
    """A figure that a line counts in."""

    measure = fields.Enum(Measure, by_value=True, attribute="cell.measure")
    measure_name = fields.Function(lambda row: MEASURE_NAMES[row.cell.measure], metadata={"type": "string"})
    area_kind = fields.Enum(AreaKind, by_value=True, attribute="cell.area_kind")
    area = fields.String(attribute="cell.area")
    area_name = fields.String()
    month = fields.Date(attribute="cell.month")


class ThreadLineView(MarketSchema):
    """A ledger line of the thread."""

    entry = fields.Nested(LineView)
    counted_in = fields.List(fields.Nested(CountedInView))


class ThreadPartyView(MarketSchema):
    """A party as the contract names it."""

    organisation_id = fields.Integer(allow_none=True)
    name = fields.String()
    nature_code = fields.String()
    region_code = fields.String(allow_none=True)
    park_code = fields.String(allow_none=True)


class ThreadOrganisationView(MarketSchema):
    """An organisation by name."""

    id = fields.Integer()
    name = fields.String()
    kind = fields.Enum(OrganisationKind, by_value=True)
    region_code = fields.String()


class ThreadContractView(MarketSchema):
    """The contract of a thread."""

    id = fields.Integer()
    reg_no = fields.String(allow_none=True)
    acceptance_no = fields.String(allow_none=True)
    status = fields.Enum(Status, by_value=True)
    status_name = fields.Function(lambda row: STATUS_NAMES[row.status], metadata={"type": "string"})
    project_name = fields.String()
    type_code = fields.String()
    subtype_code = fields.String(allow_none=True)
    tech_field = fields.String()
    total_fen = fields.Integer(attribute="total_amount_fen")
    total_text = fields.Function(lambda row: amount_text(row.total_amount_fen), metadata={"type": "string"})
    tech_fen = fields.Integer(attribute="tech_amount_fen")
    tech_text = fields.Function(lambda row: amount_text(row.tech_amount_fen), metadata={"type": "string"})
    signed_on = fields.Date()
    registered_on = fields.Date(allow_none=True)
    ended_on = fields.Date(allow_none=True)
    station = fields.Nested(ThreadOrganisationView)
    seller = fields.Nested(ThreadPartyView)
    buyer = fields.Nested(ThreadPartyView)


class ThreadSuggestionView(MarketSchema):
    """Why the pair was suggested, and what the broker decided."""

    id = fields.Integer()
    status = fields.Enum(SuggestionStatus, by_value=True)
    rank = fields.Integer()
    score = fields.Float()
    encoder = fields.String()
    lexicon = fields.String()
    weights = fields.String()
    reasons = fields.Nested(ReasonsView)
    reason_code = fields.String(allow_none=True)
    created_at = fields.AwareDateTime()
    decided_at = fields.AwareDateTime(allow_none=True)


class ThreadBrokerView(MarketSchema):
    """The broker who decided."""

    id = fields.Integer()
    name = fields.String()
    organisation = fields.Nested(ThreadOrganisationView, allow_none=True)


class ThreadEventView(MarketSchema):
    """A step of the suggestion; `words` are null where the reader may not see them."""

    action = fields.Enum(Action, by_value=True, attribute="event.action")
    source = fields.Enum(SuggestionStatus, by_value=True, attribute="event.source", allow_none=True)
    target = fields.Enum(SuggestionStatus, by_value=True, attribute="event.target")
    actor_name = fields.String(allow_none=True)
    reason_code = fields.String(attribute="event.reason_code", allow_none=True)
    words = fields.String(allow_none=True)
    at = fields.AwareDateTime(attribute="event.at")


class ThreadView(MarketSchema):
    """From a figure back to the need: all that lies between, the first cause last."""

    lines = fields.List(fields.Nested(ThreadLineView))
    contract = fields.Nested(ThreadContractView)
    suggestion = fields.Nested(ThreadSuggestionView, allow_none=True)
    broker = fields.Nested(ThreadBrokerView, allow_none=True)
    events = fields.List(fields.Nested(ThreadEventView))
    achievement = fields.Nested(AchievementView, allow_none=True)
    need = fields.Nested(NeedView, allow_none=True)


class TargetYearArgs(MarketSchema):
    """For which year to read annual targets."""

    year = fields.Integer(load_default=None, validate=validate.Range(min=1980, max=2999))


class TargetArgs(TargetYearArgs):
    """Which targets to list."""

    region = fields.String(load_default=None, validate=REGION)
    indicator = fields.String(load_default=None, validate=validate.Length(max=64))


class ReadingView(MarketSchema):
    """One value for a target; `fen` only where it is an amount."""

    name = fields.String()
    value = fields.Function(lambda row: format(row.value, "f"), metadata={"type": "string"})
    text = fields.String()
    fen = fields.Integer(allow_none=True)
    percent = _percent()
    reached = fields.Boolean(allow_none=True)


class ProgressView(MarketSchema):
    """How far a region has come; `value` null with `missing_source` where the market cannot know."""

    as_of = fields.Date()
    span = fields.Nested(SpanView, allow_none=True)
    year = fields.Integer(allow_none=True)
    measure = fields.Enum(Measure, by_value=True, allow_none=True)
    measure_name = fields.Function(
        lambda row: None if row.measure is None else MEASURE_NAMES[row.measure],
        metadata={"type": ["string", "null"]},
    )
    value = fields.Function(
        lambda row: None if row.reading is None else format(row.reading.value, "f"),
        metadata={"type": ["string", "null"]},
    )
    reading = fields.Nested(ReadingView, allow_none=True)
    alternative = fields.Nested(ReadingView, allow_none=True)
    elapsed_percent = _percent()
    remark = fields.String(allow_none=True)
    missing_source = fields.String(allow_none=True)


class TargetView(MarketSchema):
    """A target of a plan, with the progress made."""

    id = fields.Integer(attribute="target.id")
    region_code = fields.String(attribute="target.region_code")
    region_name = fields.String(attribute="target.region.name")
    indicator = fields.String(attribute="target.indicator")
    phrase = fields.String(attribute="target.phrase")
    comparator = fields.Enum(Comparator, by_value=True, attribute="target.comparator")
    comparator_name = fields.Function(
        lambda row: COMPARATOR_NAMES[row.target.comparator], metadata={"type": "string"}
    )
    value = fields.String(attribute="target.value", allow_none=True)
    unit = fields.String(attribute="target.unit")
    basis = fields.Enum(Basis, by_value=True, attribute="target.basis")
    basis_name = fields.Function(lambda row: BASIS_NAMES[row.target.basis], metadata={"type": "string"})
    period_start = fields.Date(attribute="target.period_start", allow_none=True)
    period_end = fields.Date(attribute="target.period_end", allow_none=True)
    source = fields.String(attribute="target.source")
    note = fields.String(attribute="target.note")
    progress = fields.Nested(ProgressView)
