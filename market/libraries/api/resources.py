"""Innovation resources over HTTP: entries, calendars, bookings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement

from market.accounts.auth import current_actor, find_current_actor
from market.http.edge import now, page_request, reading, transaction
from market.http.etag import versioned
from market.http.schema import page_of
from market.libraries.api.blueprint import blp, lay_out
from market.libraries.models import Resource
from market.libraries.queries import bookings as queries
from market.libraries.queries.counts import first_recognised, known_by, recognised_on
from market.libraries.queries.entries import get_entry
from market.libraries.rules import EntryKind
from market.libraries.schemas.resources import (
    BookingAbsenceInput,
    BookingArgs,
    BookingCancellationInput,
    BookingDecisionInput,
    BookingInput,
    BookingUseInput,
    BookingView,
    CalendarArgs,
    CalendarView,
    ClosureInput,
    ClosureView,
    ResourceArgs,
    ResourceFields,
    ResourceInput,
    ResourceInternalView,
    ResourceView,
    SharingArgs,
    SharingView,
    UsageView,
)
from market.libraries.service import resources as service


def _filters(filters: dict[str, Any]) -> Iterator[ColumnElement[bool]]:
    if category := filters.pop("category", None):
        yield Resource.category.in_(category)
    level, day = filters.pop("recognised", None), filters.pop("valid_on", None)
    since, until = filters.pop("since", None), filters.pop("until", None)
    if day is not None:
        yield known_by(day) if level is None else recognised_on(day, level)
    if since is not None or until is not None or (level is not None and day is None):
        yield from first_recognised(level, since=since, until=until)
    if (bookable := filters.pop("bookable", None)) is not None:
        yield Resource.bookable.is_(bookable)


lay_out(
    EntryKind.RESOURCE,
    "resources",
    Resource,
    new=ResourceInput,
    change=ResourceFields,
    view=ResourceView,
    internal_view=ResourceInternalView,
    args=ResourceArgs,
    conditions=_filters,
)


@blp.route("/resources/sharing")
@blp.arguments(SharingArgs, location="query")
@blp.response(200, SharingView)
def get_sharing(args: dict[str, Any]) -> Any:
    """统计资源共享：服务机构、服务企业、次数和机时；收费只给所在地主管部门"""
    with reading() as session:
        return queries.shown_sharing(
            session,
            find_current_actor(session),
            args["region"],
            start=args["start"],
            end=args["end"],
        )


@blp.route("/resources/<int:entry_id>/calendar")
@blp.arguments(CalendarArgs, location="query")
@blp.response(200, CalendarView)
def get_calendar(args: dict[str, Any], entry_id: int) -> Any:
    """查看资源日历：已占用和停用的时段，不显示预约单位"""
    with reading() as session:
        resource = get_entry(session, find_current_actor(session), Resource, entry_id)
        return queries.get_calendar(session, resource, **args)


@blp.route("/resources/<int:entry_id>/usage")
@blp.arguments(CalendarArgs, location="query")
@blp.response(200, UsageView)
def get_usage(args: dict[str, Any], entry_id: int) -> Any:
    """统计一项资源的使用：预约次数、机时和服务单位数"""
    with reading() as session:
        resource = get_entry(session, find_current_actor(session), Resource, entry_id)
        return queries.get_usage(session, resource, **args)


@blp.route("/resources/<int:entry_id>/closures", methods=["POST"])
@blp.arguments(ClosureInput)
@blp.response(201, ClosureView)
def add_closure(form: dict[str, Any], entry_id: int) -> Any:
    """设置停用时段（所属单位、所在地主管部门）"""
    with transaction() as session:
        return service.add_closure(session, current_actor(session), entry_id, **form, now=now())


@blp.route("/resources/<int:entry_id>/closures/<int:closure_id>", methods=["DELETE"])
@blp.response(204)
def remove_closure(entry_id: int, closure_id: int) -> None:
    """撤销停用时段"""
    with transaction() as session:
        service.remove_closure(session, current_actor(session), entry_id, closure_id, now=now())


@blp.route("/resources/<int:entry_id>/bookings", methods=["POST"])
@blp.arguments(BookingInput)
@blp.response(201, BookingView)
def book(form: dict[str, Any], entry_id: int) -> ResponseReturnValue:
    """预约资源；时段重叠的，先到者得"""
    with transaction() as session:
        return versioned(service.book(session, current_actor(session), entry_id, **form, now=now()), 201)


@blp.route("/bookings")
@blp.arguments(BookingArgs, location="query")
@blp.response(200, page_of(BookingView))
def list_bookings(args: dict[str, Any]) -> Any:
    """列出本单位的预约和对本单位资源的预约，新的在前"""
    page = page_request(args)
    with reading() as session:
        return queries.list_bookings(session, current_actor(session), page=page, **args)


@blp.route("/bookings/<int:booking_id>")
@blp.response(200, BookingView)
def get_booking(booking_id: int) -> Any:
    """查看预约（预约单位、所属单位、所在地主管部门）"""
    with reading() as session:
        return versioned(queries.get_booking(session, current_actor(session), booking_id))


@blp.route("/bookings/<int:booking_id>/decisions", methods=["POST"])
@blp.arguments(BookingDecisionInput)
@blp.response(200, BookingView)
def decide_booking(form: dict[str, Any], booking_id: int) -> Any:
    """确认或不接受预约（所属单位）"""
    with transaction() as session:
        return versioned(
            service.decide_booking(session, current_actor(session), booking_id, **form, now=now())
        )


@blp.route("/bookings/<int:booking_id>/cancellations", methods=["POST"])
@blp.arguments(BookingCancellationInput)
@blp.response(200, BookingView)
def cancel_booking(form: dict[str, Any], booking_id: int) -> Any:
    """取消尚未开始的预约（双方均可）"""
    with transaction() as session:
        return versioned(
            service.cancel_booking(session, current_actor(session), booking_id, **form, now=now())
        )


@blp.route("/bookings/<int:booking_id>/uses", methods=["POST"])
@blp.arguments(BookingUseInput)
@blp.response(200, BookingView)
def complete_booking(form: dict[str, Any], booking_id: int) -> Any:
    """登记实际使用时间和收费（所属单位）"""
    with transaction() as session:
        return versioned(
            service.complete_booking(session, current_actor(session), booking_id, **form, now=now())
        )


@blp.route("/bookings/<int:booking_id>/absences", methods=["POST"])
@blp.arguments(BookingAbsenceInput)
@blp.response(200, BookingView)
def miss_booking(form: dict[str, Any], booking_id: int) -> Any:
    """登记预约单位未到，在预约的时间结束以后（所属单位）"""
    with transaction() as session:
        return versioned(service.miss_booking(session, current_actor(session), booking_id, **form, now=now()))
