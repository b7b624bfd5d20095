"""Form of figures, ledger lines, threads and targets over HTTP.

Amounts are integers of fen with a text for people beside them; percents are decimal text.
"""

from __future__ import annotations

from marshmallow import fields, validate

from market.accounts.rules import OrganisationKind
from market.challenges.rules import STATUS_NAMES as AWARD_STATUS_NAMES
from market.challenges.rules import Status as AwardStatus
from market.contracts.rules import STATUS_NAMES, Status
from market.http.schema import MarketSchema, PageArgs
from market.libraries.rules import EntryStatus
from market.listings.schemas import AchievementView, NeedView
from market.matches.rules import Action
from market.matches.rules import Status as SuggestionStatus
from market.matches.schemas import ReasonsView
from market.turnover.rules import (
    LINE_NAMES,
    MEASURE_NAMES,
    MEASURE_NAMES_EN,
    MEASURE_NOTES,
    PERIOD_FORMS,
    AreaKind,
    Boundaries,
    GroupBy,
    Line,
    Measure,
    Reach,
    Source,
    amount_text,
)

REGION = validate.Regexp(r"^[0-9]{6}$", error="应为六位行政区划代码")


def percent() -> fields.Decimal:
    """Return a field for a percentage, as decimal text; null where there is nothing to compare with."""
    return fields.Decimal(as_string=True, allow_none=True)


def codes(attribute: str) -> fields.List:
    """Return a field for codes of a list; one of an upper level stands for all below it."""
    return fields.List(
        fields.String(validate=validate.Length(min=1, max=32)),
        attribute=attribute,
        load_default=list,
        validate=validate.Length(max=20),
        metadata={"description": "可重复；上级代码包含其下级"},
    )


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
    station = fields.Integer(
        load_default=None,
        validate=validate.Range(min=1, max=2**63 - 1),
        metadata={"description": "登记机构编号；不填行政区划和园区时，即为该机构的数字"},
    )
    period = fields.String(
        load_default=None,
        validate=validate.Length(max=16),
        metadata={"description": f"{PERIOD_FORMS}（自计划起始月）；默认为今年"},
    )
    type = codes("types")
    field = codes("fields")
    seller_nature = codes("seller_natures")
    buyer_nature = codes("buyer_natures")
    ip_kind = codes("ip_kinds")
    plan_source = codes("plan_sources")
    reach = fields.List(
        fields.Enum(Reach, by_value=True),
        attribute="reaches",
        load_default=list,
        validate=validate.Length(max=3),
        metadata={"description": "domestic 境内、hmt 涉港澳台、foreign 涉国外"},
    )
    boundaries = fields.Enum(
        Boundaries,
        by_value=True,
        load_default=Boundaries.THEN,
        metadata={"description": "then 按登记时的区划（默认）、now 按现行区划"},
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
    filters = fields.Function(
        lambda row: {name.value: sorted(codes) for name, codes in row.scope.filters.items()},
        metadata={
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
            "description": "全部筛选条件，含下级代码",
        },
    )
    boundaries = fields.Enum(Boundaries, by_value=True, attribute="scope.boundaries")
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
    deals_percent = percent()
    total_percent = percent()
    tech_percent = percent()


class GroupView(MarketSchema):
    """One part of a figure; shares are percents of the whole figure, `year_on_year` is of the group."""

    key = fields.String()
    name = fields.String()
    rank = fields.Integer(metadata={"description": "按合同成交额从大到小，相等者并列"})
    deals_share = percent()
    total_share = percent()
    year_on_year = fields.Nested(ChangeView, allow_none=True)
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
    source = fields.Enum(
        Source, by_value=True, metadata={"description": "counters 计数器、ledger 台账；两者数字一致"}
    )
    remarks = fields.List(fields.String())


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

    measure = fields.Enum(Measure, by_value=True, attribute="place.measure")
    measure_name = fields.Function(lambda row: MEASURE_NAMES[row.place.measure], metadata={"type": "string"})
    area_kind = fields.Enum(AreaKind, by_value=True, attribute="place.area_kind")
    area = fields.String(attribute="place.area")
    area_name = fields.String()
    month = fields.Date()


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


class ThreadProjectView(MarketSchema):
    """The project that the contract led to."""

    id = fields.Integer()
    title = fields.String()
    status = fields.Enum(EntryStatus, by_value=True)
    stage = fields.String()
    closing_accepted = fields.Boolean(allow_none=True)


class ThreadAwardView(MarketSchema):
    """The award of a challenge (揭榜挂帅) that the contract was signed for."""

    id = fields.Integer()
    status = fields.Enum(AwardStatus, by_value=True)
    status_name = fields.Function(lambda row: AWARD_STATUS_NAMES[row.status], metadata={"type": "string"})
    unit = fields.Nested(ThreadOrganisationView, attribute="organisation")
    challenge_id = fields.Integer()
    number = fields.String(attribute="challenge.number")
    title = fields.String(attribute="challenge.title")
    technology_id = fields.Integer(attribute="challenge.technology_id", allow_none=True)
    need_id = fields.Integer(attribute="challenge.need_id", allow_none=True)


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
    project = fields.Nested(ThreadProjectView, allow_none=True)
    award = fields.Nested(ThreadAwardView, allow_none=True)
    suggestion = fields.Nested(ThreadSuggestionView, allow_none=True)
    broker = fields.Nested(ThreadBrokerView, allow_none=True)
    events = fields.List(fields.Nested(ThreadEventView))
    achievement = fields.Nested(AchievementView, allow_none=True)
    need = fields.Nested(NeedView, allow_none=True)
