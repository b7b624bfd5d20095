"""Booking resources: one unit at a time, within opening hours; and what was used."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import Actor, Role
from market.audit.service import record
from market.errors import Conflict, NotFound, PermissionDenied, violation
from market.libraries.models import Booking, Resource, ResourceClosure
from market.libraries.queries.bookings import get_booking, get_calendar, minds
from market.libraries.queries.entries import get_entry
from market.libraries.rules import EntryStatus
from market.libraries.rules.bookings import (
    BOOKING_STATUS_NAMES,
    BOOKING_STEPS,
    OPEN,
    BookingAction,
    BookingStatus,
    Slot,
    fee_fen,
    first_overlap,
    slot_fault,
    use_fault,
)

BOOKERS = frozenset({Role.ENTERPRISE, Role.UNIVERSITY, Role.BROKER})


def book(
    session: Session,
    actor: Actor,
    resource_id: int,
    *,
    starts_at: datetime,
    ends_at: datetime,
    purpose: str,
    now: datetime,
) -> Booking:
    """Ask for a span of a resource's time; whoever asks first has it until it is declined or cancelled.

    Args:
        session: open transaction.
        actor: of a verified enterprise, university or agency.
        resource_id: which.
        starts_at: first moment.
        ends_at: end, not included.
        purpose: what for.
        now: present time.

    Raises:
        PermissionDenied: the actor does not book, or the resource is its own.
        Conflict: it is not open for booking, closed then, or taken (`booking-overlaps`).
        RuleViolation: the span is empty, past, too short or long, too far ahead or outside the opening hours.
    """
    if actor.role not in BOOKERS or actor.organisation_id is None or not actor.verified:
        raise PermissionDenied("由已核验的企业、高校院所和技术转移机构预约。", code="role-not-allowed")
    # The lock on the resource makes those who want the same time queue: the second sees the first.
    resource = get_entry(session, actor, Resource, resource_id, lock=True)
    if actor.organisation_id == resource.organisation_id:
        raise PermissionDenied("本单位的资源不需要预约。", code="own-resource")
    _require_open(resource)
    slot = Slot(starts_at, ends_at)
    fault = slot_fault(slot, hours=resource.hours, now=now)
    if fault is not None:
        raise violation("/starts_at", *fault)
    calendar = get_calendar(session, resource, start=starts_at, end=ends_at)
    if calendar.closed:
        raise Conflict(f"该时段不开放：{calendar.closed[0].reason}。", code="resource-closed")
    if first_overlap(slot, calendar.busy) is not None:
        raise Conflict("该时段已有预约。", code="booking-overlaps")
    booking = Booking(
        resource_id=resource.id,
        resource=resource,
        organisation_id=actor.organisation_id,
        booked_by=actor.user_id,
        starts_at=starts_at,
        ends_at=ends_at,
        purpose=purpose,
        fee_fen_per_hour=resource.fee_fen_per_hour,
        status=BookingStatus.REQUESTED,
        created_at=now,
        updated_at=now,
    )
    session.add(booking)
    session.flush()  # draws the id
    session.refresh(booking)  # with both units, to be shown after the commit
    _note(session, actor, booking, "request", now=now)
    return booking


def decide_booking(
    session: Session, actor: Actor, booking_id: int, *, accepted: bool, note: str | None, now: datetime
) -> Booking:
    """Confirm or decline a booking, as whoever minds the resource.

    Raises:
        PermissionDenied: the actor does not mind the resource.
        Conflict: it has been decided; or is to be confirmed although it has begun, or the resource is not
            open for booking any more.
        RuleViolation: declined without a reason.
    """
    booking = get_booking(session, actor, booking_id, lock=True)
    _require_minder(actor, booking)
    if not accepted and not note:
        raise violation("/note", "note-missing", "不接受预约时请写明理由。")
    if not accepted:
        return _take(session, actor, booking, BookingAction.DECLINE, note=note, now=now)
    if booking.starts_at <= now:
        raise Conflict("预约的时间已经开始，不能再确认。", code="booking-begun")
    _require_open(booking.resource)
    return _take(session, actor, booking, BookingAction.CONFIRM, note=note, now=now)


def _require_open(resource: Resource) -> None:
    if not resource.bookable or resource.status is not EntryStatus.LISTED:
        raise Conflict("该资源不接受预约。", code="not-bookable")


def cancel_booking(
    session: Session, actor: Actor, booking_id: int, *, note: str | None, now: datetime
) -> Booking:
    """Give a booking up before it begins, or at any time if nobody confirmed it, as either side.

    Raises:
        Conflict: it has begun, or is not open any more.
    """
    booking = get_booking(session, actor, booking_id, lock=True)
    if booking.starts_at <= now and booking.status is not BookingStatus.REQUESTED:
        raise Conflict("预约的时间已经开始，不能取消。", code="booking-begun")
    return _take(session, actor, booking, BookingAction.CANCEL, note=note, now=now)


def drop_bookings(session: Session, actor: Actor, resource: Resource, *, now: datetime) -> None:
    """Cancel what has not begun of a resource, locked, that leaves the register.

    The register's decision does not wait for those who booked: they are told by the booking's state and note.
    """
    begun = (Booking.status == BookingStatus.CONFIRMED) & (Booking.starts_at <= now)
    bookings = session.scalars(
        select(Booking)
        .where(Booking.resource_id == resource.id, Booking.status.in_(OPEN), ~begun)
        .order_by(Booking.id)
        .with_for_update(of=Booking)
        .execution_options(populate_existing=True)
    )
    for booking in bookings.all():
        _take(session, actor, booking, BookingAction.CANCEL, note="资源已移出清单，预约取消。", now=now)


def miss_booking(
    session: Session, actor: Actor, booking_id: int, *, note: str | None, now: datetime
) -> Booking:
    """Record that nobody came, as whoever minds the resource.

    Raises:
        PermissionDenied: the actor does not mind the resource.
        Conflict: it was not confirmed, or is not over.
    """
    booking = get_booking(session, actor, booking_id, lock=True)
    _require_minder(actor, booking)
    if booking.ends_at > now:
        raise Conflict("预约的时间还没有结束。", code="booking-not-over")
    return _take(session, actor, booking, BookingAction.MISS, note=note, now=now)


def complete_booking(
    session: Session,
    actor: Actor,
    booking_id: int,
    *,
    used_minutes: int,
    charged_fen: int | None,
    now: datetime,
) -> Booking:
    """Record what was used, as whoever minds the resource.

    Args:
        session: open transaction.
        actor: who minds the resource.
        booking_id: which.
        used_minutes: at most what was booked, and what has passed of it.
        charged_fen: None for the rate of the day it was booked.
        now: present time.

    Raises:
        PermissionDenied: the actor does not mind the resource.
        Conflict: it was not confirmed, or has not begun.
        RuleViolation: more was used than was booked, or than has passed since it began.
    """
    booking = get_booking(session, actor, booking_id, lock=True)
    _require_minder(actor, booking)
    if booking.starts_at > now:
        raise Conflict("预约的时间还没有开始。", code="booking-not-begun")
    fault = use_fault(Slot(booking.starts_at, booking.ends_at), used_minutes, now=now)
    if fault is not None:
        raise violation("/used_minutes", *fault)
    booking.used_minutes = used_minutes
    rate = booking.fee_fen_per_hour
    booking.charged_fen = fee_fen(rate, used_minutes) if charged_fen is None else charged_fen
    return _take(session, actor, booking, BookingAction.COMPLETE, note=None, now=now)


def add_closure(
    session: Session,
    actor: Actor,
    resource_id: int,
    *,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    now: datetime,
) -> ResourceClosure:
    """Close a resource for a span, as whoever minds it.

    Raises:
        PermissionDenied: the actor does not mind it.
        Conflict: somebody has booked within the span; decline or cancel that first.
        RuleViolation: the span is empty.
    """
    resource = _minded(session, actor, resource_id)
    if starts_at >= ends_at:
        raise violation("/starts_at", "slot-empty", "结束时间应晚于开始时间。")
    if get_calendar(session, resource, start=starts_at, end=ends_at).busy:
        raise Conflict("该时段已有预约，请先处理。", code="booking-overlaps")
    closure = ResourceClosure(resource_id=resource.id, starts_at=starts_at, ends_at=ends_at, reason=reason)
    session.add(closure)
    session.flush()  # draws the id
    record(
        session, actor.user_id, action="resource.close", entity="resource", entity_id=resource.id, now=now,
        details={"closure": closure.id},
    )  # fmt: skip
    return closure


def remove_closure(
    session: Session, actor: Actor, resource_id: int, closure_id: int, *, now: datetime
) -> None:
    """Open a resource again.

    Raises:
        NotFound: no such closure.
        PermissionDenied: the actor does not mind it.
    """
    resource = _minded(session, actor, resource_id)
    closure = session.scalar(
        select(ResourceClosure).where(
            ResourceClosure.id == closure_id, ResourceClosure.resource_id == resource.id
        )
    )
    if closure is None:
        raise NotFound("没有找到该停用时段。", code="closure-not-found")
    session.delete(closure)
    record(
        session, actor.user_id, action="resource.reopen", entity="resource", entity_id=resource.id, now=now,
        details={"closure": closure_id},
    )  # fmt: skip


def _minded(session: Session, actor: Actor, resource_id: int) -> Resource:
    """Return a resource, locked, if the actor minds it."""
    resource = get_entry(session, actor, Resource, resource_id, lock=True)
    if not minds(actor, resource):
        raise PermissionDenied("停用时段由资源所属单位或所在地主管部门设置。", code="not-keeper")
    return resource


def _require_minder(actor: Actor, booking: Booking) -> None:
    if not minds(actor, booking.resource):
        raise PermissionDenied("由资源所属单位办理预约。", code="not-keeper")


def _take(
    session: Session,
    actor: Actor,
    booking: Booking,
    action: BookingAction,
    *,
    note: str | None,
    now: datetime,
) -> Booking:
    sources, target = BOOKING_STEPS[action]
    if booking.status not in sources:
        raise Conflict(
            f"该预约现为“{BOOKING_STATUS_NAMES[booking.status]}”，不能进行此操作。", code="illegal-transition"
        )
    booking.status, booking.note, booking.updated_at = target, note or booking.note, now
    if action is not BookingAction.CANCEL:  # which either side may do; the audit says who did
        booking.decided_by = actor.user_id
    session.flush()  # draws the new version
    _note(session, actor, booking, action.value, now=now)
    return booking


def _note(session: Session, actor: Actor, booking: Booking, action: str, *, now: datetime) -> None:
    record(
        session, actor.user_id, action=f"booking.{action}", entity="booking", entity_id=booking.id, now=now,
        details={"resource": booking.resource_id, "to": booking.status.value},
    )  # fmt: skip
