"""Form of innovation resources, bookings and calendars over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from market.http.schema import MarketSchema, Moment, MoneyFen, PageArgs, TimeOfDay, text
from market.libraries.rules.bookings import BookingStatus
from market.libraries.rules.recognitions import LEVELS
from market.libraries.schemas.entries import (
    DatedArgs,
    EntryFields,
    EntryInput,
    EntryInternalFields,
    EntryView,
    UnitView,
    categories,
)

_TRL = validate.Range(min=1, max=9)


class ResourceFields(EntryFields):
    """Fields of a resource. Hours are of a day in China, weekdays 1 Monday to 7 Sunday."""

    category = text(1, 32)
    level = fields.String(allow_none=True)
    place = text(0, 200, allow_none=True)
    min_trl = fields.Integer(strict=True, allow_none=True, validate=_TRL)
    max_trl = fields.Integer(strict=True, allow_none=True, validate=_TRL)
    model = text(0, 100, allow_none=True)
    value_fen = MoneyFen(allow_none=True)
    area_m2 = fields.Integer(strict=True, allow_none=True, validate=validate.Range(min=0, max=10**8))
    opening_terms = text(0, 2000, allow_none=True)
    bookable = fields.Boolean()
    fee_fen_per_hour = MoneyFen(allow_none=True)
    open_weekdays = fields.List(
        fields.Integer(strict=True, validate=validate.Range(min=1, max=7)), validate=validate.Length(max=7)
    )
    opens_at = TimeOfDay(allow_none=True)
    closes_at = TimeOfDay(allow_none=True)
    contact = text(0, 200, allow_none=True)


class ResourceInput(EntryInput, ResourceFields):
    """A new resource."""

    category = text(1, 32, required=True)


class ResourceView(EntryView):
    """The public part of a resource."""

    category = fields.String()
    level = fields.String(allow_none=True)
    place = fields.String(allow_none=True)
    min_trl = fields.Integer(allow_none=True)
    max_trl = fields.Integer(allow_none=True)
    model = fields.String(allow_none=True)
    opening_terms = fields.String(allow_none=True)
    bookable = fields.Boolean()
    fee_fen_per_hour = fields.Integer(allow_none=True)
    open_weekdays = fields.List(fields.Integer())
    opens_at = fields.Time(allow_none=True)
    closes_at = fields.Time(allow_none=True)


class ResourceInternalView(ResourceView, EntryInternalFields):
    """A resource as its keeper and its bureau see it."""

    value_fen = fields.Integer(allow_none=True)
    area_m2 = fields.Integer(allow_none=True)
    contact = fields.String(allow_none=True)


class ResourceArgs(DatedArgs):
    """Which resources to list; `since` and `until` are of the first recognition, of `recognised` or above."""

    category = categories()
    bookable = fields.Boolean()
    recognised = fields.String(
        validate=validate.OneOf(LEVELS), metadata={"description": "有该级别或更高级别的认定"}
    )
    valid_on = fields.Date(metadata={"description": "当日认定有效；没有写明 recognised 的，为当日已有的资源"})


class CalendarArgs(MarketSchema):
    """From which moment to which to show a calendar."""

    start = Moment(required=True)
    end = Moment(required=True)


class SlotView(MarketSchema):
    """A span of time."""

    start = fields.AwareDateTime()
    end = fields.AwareDateTime()


class ClosureInput(MarketSchema):
    """A span in which a resource is closed."""

    starts_at = Moment(required=True)
    ends_at = Moment(required=True)
    reason = text(2, 200, required=True)


class ClosureView(ClosureInput):
    """A closure on record."""

    id = fields.Integer()


class CalendarView(MarketSchema):
    """What is taken of a resource's time; nobody is named."""

    resource = fields.Nested(ResourceView)
    busy = fields.List(fields.Nested(SlotView))
    closed = fields.List(fields.Nested(ClosureView))


class BookingInput(MarketSchema):
    """A span of a resource's time to be booked."""

    starts_at = Moment(required=True)
    ends_at = Moment(required=True)
    purpose = text(2, 500, required=True)


class BookingArgs(PageArgs):
    """Which bookings to list."""

    resource = fields.Integer()
    status = fields.Enum(BookingStatus, by_value=True)


class BookingDecisionInput(MarketSchema):
    """Whether a booking is accepted."""

    accepted = fields.Boolean(required=True)
    note = text(1, 500, allow_none=True, load_default=None)


class BookingCancellationInput(MarketSchema):
    """Why a booking is given up."""

    note = text(1, 500, allow_none=True, load_default=None)


class BookingAbsenceInput(MarketSchema):
    """What is to be said about a booking that nobody came to."""

    note = text(1, 500, allow_none=True, load_default=None)


class BookingUseInput(MarketSchema):
    """What was used; charged by the rate of the day it was booked unless an amount is given."""

    used_minutes = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=20_000))
    charged_fen = MoneyFen(allow_none=True, load_default=None)


class BookedResourceView(MarketSchema):
    """The resource of a booking."""

    id = fields.Integer()
    title = fields.String()


class BookingView(MarketSchema):
    """A booking, for both sides."""

    id = fields.Integer()
    resource = fields.Nested(BookedResourceView)
    organisation = fields.Nested(UnitView)
    starts_at = fields.AwareDateTime()
    ends_at = fields.AwareDateTime()
    purpose = fields.String()
    fee_fen_per_hour = fields.Integer(allow_none=True, metadata={"description": "预约当日的收费标准"})
    contact = fields.String(allow_none=True, metadata={"description": "联系方式，确认以后才有"})
    status = fields.Enum(BookingStatus, by_value=True)
    note = fields.String(allow_none=True)
    used_minutes = fields.Integer(allow_none=True)
    charged_fen = fields.Integer(allow_none=True)
    version = fields.Integer()


class UsageView(MarketSchema):
    """How far one resource was used."""

    resource = fields.Nested(BookedResourceView)
    start = fields.AwareDateTime()
    end = fields.AwareDateTime()
    bookings = fields.Integer(metadata={"description": "已完成的预约"})
    minutes = fields.Integer(metadata={"description": "实际使用的分钟数"})
    organisations = fields.Integer(metadata={"description": "服务的单位数，同一单位只计一次"})
    missed = fields.Integer(metadata={"description": "未到的预约"})
    full_use_permille = fields.Integer(
        allow_none=True,
        metadata={"description": "使用占满负荷（大型仪器每年 1200 小时）的千分之几；其他资源为空"},
    )


class SharingArgs(MarketSchema):
    """Of which region and span to count the sharing of resources."""

    region = fields.String(required=True, validate=validate.Length(equal=6))
    start = Moment(load_default=None)
    end = Moment(load_default=None)


class SharingView(MarketSchema):
    """How far the resources of a region are shared."""

    agencies = fields.Integer()
    resources = fields.Integer()
    firms = fields.Integer()
    bookings = fields.Integer()
    minutes = fields.Integer()
    charged_fen = fields.Integer(
        allow_none=True, metadata={"description": "只给所在地主管部门和管理员，其他人为空"}
    )
