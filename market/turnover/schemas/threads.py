"""Form of threads over HTTP: from a figure back to the need."""

from __future__ import annotations

from marshmallow import fields

from market.accounts.rules import OrganisationKind
from market.challenges.rules import STATUS_NAMES as AWARD_STATUS_NAMES
from market.challenges.rules import Status as AwardStatus
from market.contracts.rules import STATUS_NAMES, Status
from market.http.schema import MarketSchema
from market.libraries.rules import EntryStatus
from market.listings.schemas import AchievementView, NeedView
from market.matches.rules import Action
from market.matches.rules import Status as SuggestionStatus
from market.matches.schemas import ReasonsView
from market.turnover.rules import MEASURE_NAMES, AreaKind, Measure, amount_text
from market.turnover.schemas.entries import LineView


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
