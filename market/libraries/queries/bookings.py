"""Reading calendars and bookings of resources, and how far they are shared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.rules import Actor, OrganisationKind, Role, oversees
from market.db import Page, PageRequest, SortKey, paginate
from market.errors import NotFound, violation
from market.libraries.models import Booking, Resource, ResourceClosure
from market.libraries.queries.entries import is_checker, is_keeper
from market.libraries.rules import EntryStatus
from market.libraries.rules.bookings import HOLDING, INSTRUMENT, BookingStatus, Slot, full_use_permille
from market.reference.rules import region_prefix


@dataclass(frozen=True, slots=True)
class Calendar:
    """What is taken of a resource's time; nobody is named.

    Attributes:
        busy: booked spans, in order.
        closed: closures, in order.
    """

    resource: Resource
    busy: Sequence[Slot]
    closed: Sequence[ResourceClosure]


def get_calendar(session: Session, resource: Resource, *, start: datetime, end: datetime) -> Calendar:
    """Return what is taken of a resource between two moments."""
    closures = session.scalars(
        select(ResourceClosure)
        .where(
            ResourceClosure.resource_id == resource.id,
            ResourceClosure.starts_at < end,
            ResourceClosure.ends_at > start,
        )
        .order_by(ResourceClosure.starts_at, ResourceClosure.id)
    ).all()
    busy = (
        select(Booking.starts_at, Booking.ends_at)
        .where(
            Booking.resource_id == resource.id,
            Booking.status.in_(HOLDING),
            Booking.starts_at < end,
            Booking.ends_at > start,
        )
        .order_by(Booking.starts_at, Booking.id)
    )
    return Calendar(resource, [Slot(one, other) for one, other in session.execute(busy)], closures)


def minds(actor: Actor, resource: Resource) -> bool:
    """Tell whether the actor decides on bookings of a resource: its unit, its bureau, an admin."""
    own = actor.organisation_id is not None and actor.organisation_id == resource.organisation_id
    without_unit = resource.organisation_id is None and is_keeper(actor, resource)
    return own or without_unit or is_checker(actor, resource)


def get_booking(session: Session, actor: Actor, booking_id: int, *, lock: bool = False) -> Booking:
    """Return a booking that the actor made, or of a resource that the actor minds.

    Raises:
        NotFound: there is none, or the actor may not know of it.
    """
    booking = session.get(
        Booking, booking_id, populate_existing=lock, with_for_update={"of": Booking} if lock else None
    )
    if booking is None or not (
        minds(actor, booking.resource) or actor.organisation_id == booking.organisation_id
    ):
        raise NotFound("没有找到该预约。", code="booking-not-found")
    return booking


def list_bookings(
    session: Session,
    actor: Actor,
    *,
    page: PageRequest,
    resource: int | None = None,
    status: BookingStatus | None = None,
) -> Page[Booking]:
    """List bookings that the actor made or decides on (see `minds`), newest first."""
    statement = select(Booking).join(Resource, Resource.id == Booking.resource_id)
    if actor.role is not Role.ADMIN:
        statement = statement.where(or_(*_seen(actor)))
    if resource is not None:
        statement = statement.where(Booking.resource_id == resource)
    if status is not None:
        statement = statement.where(Booking.status == status)
    return paginate(session, statement, order=[SortKey(Booking.id, descending=True)], page=page)


def _seen(actor: Actor) -> list[ColumnElement[bool]]:
    seen = [
        Booking.organisation_id == actor.organisation_id,
        Resource.organisation_id == actor.organisation_id,
        Resource.organisation_id.is_(None) & (Resource.proposed_by == actor.user_id),
    ]
    if actor.role is Role.BUREAU and actor.in_office and actor.region_code:
        seen.append(Resource.region_code.startswith(region_prefix(actor.region_code)))
    return seen


@dataclass(frozen=True, slots=True)
class Usage:
    """How far one resource was used in a span.

    Attributes:
        bookings: completed ones that began in the span.
        minutes: of use.
        organisations: distinct units that used it.
        missed: confirmed bookings that nobody came to.
        full_use_permille: of an instrument, in thousandths of full use; None of other resources.
    """

    resource: Resource
    start: datetime
    end: datetime
    bookings: int
    minutes: int
    organisations: int
    missed: int
    full_use_permille: int | None


def get_usage(session: Session, resource: Resource, *, start: datetime, end: datetime) -> Usage:
    """Count the use of a resource by bookings that began between two moments, the second not included.

    Raises:
        RuleViolation: the span is empty.
    """
    if start >= end:
        raise violation("/start", "slot-empty", "结束时间应晚于开始时间。")
    completed = Booking.status == BookingStatus.COMPLETED
    bookings, used, organisations, missed = session.execute(
        select(
            func.count().filter(completed),
            func.sum(Booking.used_minutes).filter(completed),
            func.count(Booking.organisation_id.distinct()).filter(completed),
            func.count().filter(Booking.status == BookingStatus.MISSED),
        ).where(Booking.resource_id == resource.id, Booking.starts_at >= start, Booking.starts_at < end)
    ).one()
    minutes = int(used or 0)
    full = full_use_permille(minutes, Slot(start, end)) if resource.category == INSTRUMENT else None
    return Usage(resource, start, end, bookings, minutes, organisations, missed, full)


@dataclass(frozen=True, slots=True)
class Sharing:
    """How far the resources of a region are shared (共享).

    Attributes:
        agencies: units with a listed resource that may be booked.
        resources: those resources.
        firms: distinct enterprises whose bookings were completed.
        bookings: completed bookings.
        minutes: of use.
        charged_fen: what was charged; None for those who are not told.
    """

    agencies: int
    resources: int
    firms: int
    bookings: int
    minutes: int
    charged_fen: int | None


def sharing(session: Session, region_code: str, *, start: datetime | None, end: datetime | None) -> Sharing:
    """Count the sharing of a region's resources, charges included.

    Args:
        session: open session.
        region_code: of this region and all inside it.
        start: completed uses that began from here on; None for all.
        end: and before this.
    """
    here = Resource.region_code.startswith(region_prefix(region_code))
    agencies, resources = session.execute(
        select(func.count(Resource.organisation_id.distinct()), func.count(Resource.id)).where(
            here, Resource.bookable, Resource.status == EntryStatus.LISTED
        )
    ).one()
    used = (
        select(func.count(Booking.id), func.sum(Booking.used_minutes), func.sum(Booking.charged_fen))
        .join(Resource, Resource.id == Booking.resource_id)
        .where(here, Booking.status == BookingStatus.COMPLETED)
    )
    firms = (
        select(func.count(Booking.organisation_id.distinct()))
        .join(Resource, Resource.id == Booking.resource_id)
        .join(Organisation, Organisation.id == Booking.organisation_id)
        .where(
            here,
            Booking.status == BookingStatus.COMPLETED,
            Organisation.kind == OrganisationKind.ENTERPRISE,
        )
    )
    if start is not None:
        used, firms = used.where(Booking.starts_at >= start), firms.where(Booking.starts_at >= start)
    if end is not None:
        used, firms = used.where(Booking.starts_at < end), firms.where(Booking.starts_at < end)
    bookings, minutes, charged = session.execute(used).one()
    return Sharing(
        agencies=agencies,
        resources=resources,
        firms=session.scalar(firms) or 0,
        bookings=bookings,
        minutes=int(minutes or 0),
        charged_fen=int(charged or 0),
    )


def shown_sharing(
    session: Session,
    actor: Actor | None,
    region_code: str,
    *,
    start: datetime | None,
    end: datetime | None,
) -> Sharing:
    """Count the sharing of a region's resources as far as somebody may know it.

    Where few resources are booked, their sum tells what one enterprise paid; so only the region's bureau and
    admins are told of charges, and everybody else of counts and time.
    """
    shared = sharing(session, region_code, start=start, end=end)
    if actor is not None and (actor.role is Role.ADMIN or oversees(actor, region_code)):
        return shared
    return replace(shared, charged_fen=None)
