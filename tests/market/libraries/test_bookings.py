"""Booking a resource: opening hours, overlaps, one winner; what was used and how far it is shared."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.db import Database, PageRequest
from market.errors import Conflict, MarketError, NotFound, PermissionDenied, RuleViolation
from market.libraries.models import Booking, Resource
from market.libraries.queries.bookings import (
    get_booking,
    get_calendar,
    get_usage,
    list_bookings,
    sharing,
    shown_sharing,
)
from market.libraries.rules import EntryKind
from market.libraries.rules.bookings import (
    FULL_USE_MINUTES,
    BookingStatus,
    OpeningHours,
    Slot,
    fee_fen,
    first_overlap,
    full_use_permille,
    slot_fault,
    use_fault,
)
from market.libraries.service.entries import delist_entry
from market.libraries.service.resources import (
    add_closure,
    book,
    cancel_booking,
    complete_booking,
    decide_booking,
    miss_booking,
    remove_closure,
)
from tests.factories import JIANGYIN, NOW, make_actor
from tests.market.challenges.refusing import refused
from tests.market.libraries.factories import ENCODER, make_bureau, make_entry

TOMORROW = NOW + timedelta(days=1)  # a Wednesday, ten in the morning in China
LATER = NOW + timedelta(days=3)
OFFICE = OpeningHours((1, 2, 3, 4, 5), time(8, 30), time(17, 0))


def _at(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a moment of June 2025 by China's clock."""
    return datetime(2025, 6, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


def make_resource(session: Session, keeper: Actor, **values: Any) -> Resource:
    form = {
        "title": "场发射扫描电镜", "category": "instrument", "bookable": True, "fee_fen_per_hour": 30_000,
        "organisation_id": keeper.organisation_id, **values,
    }  # fmt: skip
    resource: Resource = make_entry(session, EntryKind.RESOURCE, form)
    return resource


@pytest.mark.parametrize(
    ("start", "end", "inside"),
    [
        (_at(11, 8, 30), _at(11, 17), True),
        (_at(11, 8), _at(11, 9), False),
        (_at(11, 16), _at(11, 17, 1), False),
        (_at(11, 9), _at(12, 9), False),
        (_at(14, 9), _at(14, 10), False),  # a Saturday
    ],
)
def test_opening_hours_are_of_a_day_in_china(start: datetime, end: datetime, inside: bool) -> None:
    assert OFFICE.covers(Slot(start, end)) is inside


def test_without_hours_only_the_days_count() -> None:
    weekdays = OpeningHours((1, 2, 3, 4, 5))
    assert weekdays.covers(Slot(_at(12, 20), _at(14, 0)))  # until Friday midnight
    assert not weekdays.covers(Slot(_at(13, 20), _at(14, 1)))
    assert OpeningHours().covers(Slot(_at(14, 3), _at(15, 3)))


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 5)), min_size=2, max_size=2))
def test_spans_overlap_when_they_share_an_hour(spans: list[tuple[int, int]]) -> None:
    slots = [Slot(NOW + timedelta(hours=a), NOW + timedelta(hours=a + b)) for a, b in spans]
    hours = [set(range(a, a + b)) for a, b in spans]
    assert slots[0].overlaps(slots[1]) == slots[1].overlaps(slots[0]) == bool(hours[0] & hours[1])
    assert (first_overlap(slots[0], [slots[1]]) is None) == (not hours[0] & hours[1])


@given(st.integers(0, 10**9), st.integers(1, 20_000))
def test_fees_are_whole_fen_by_the_minute(rate: int, minutes: int) -> None:
    assert abs(fee_fen(rate, minutes) * 60 - rate * minutes) <= 30
    assert fee_fen(None, minutes) == 0


def test_what_is_wrong_with_a_span() -> None:
    def code(start: datetime, end: datetime) -> str | None:
        fault = slot_fault(Slot(start, end), hours=OFFICE, now=NOW)
        return None if fault is None else fault[0]

    assert code(_at(11, 9), _at(11, 10)) is None
    assert code(_at(11, 9), _at(11, 9)) == "slot-empty"
    assert code(NOW, NOW + timedelta(hours=1)) == "slot-past"
    assert code(_at(11, 9), _at(11, 9) + timedelta(seconds=1)) == "slot-not-in-minutes"
    assert code(_at(11, 9), _at(11, 9, 14)) == "slot-too-short"
    assert code(_at(11, 9), _at(11, 9, 15)) is None
    assert code(_at(11, 9), _at(19, 9)) == "slot-too-long"
    assert code(NOW + timedelta(days=400), NOW + timedelta(days=401)) == "slot-too-far"
    assert code(_at(11, 6), _at(11, 7)) == "outside-opening-hours"


def test_a_use_lies_within_the_booking_and_in_the_past() -> None:
    slot = Slot(_at(11, 9), _at(11, 11))
    assert use_fault(slot, 60, now=_at(11, 10)) is None
    assert use_fault(slot, 120, now=_at(12, 9)) is None
    for minutes, now, code in ((121, _at(12, 9), "used-more-than-booked"), (61, _at(11, 10), "use-ahead")):
        fault = use_fault(slot, minutes, now=now)
        assert fault is not None
        assert fault[0] == code


@given(st.integers(0, 10**6), st.integers(1, 3000))
def test_full_use_is_1200_hours_of_a_year(minutes: int, days: int) -> None:
    year = Slot(NOW, NOW + timedelta(days=365))
    assert full_use_permille(FULL_USE_MINUTES, year) == 1000
    permille = full_use_permille(minutes, Slot(NOW, NOW + timedelta(days=days)))
    assert abs(permille - Fraction(1000 * minutes * 365, FULL_USE_MINUTES * days)) <= Fraction(1, 2)


def test_whoever_asks_first_has_it_until_it_is_given_up(session: Session) -> None:
    keeper, first, second = (
        make_actor(session, OrganisationKind.UNIVERSITY),
        make_actor(session),
        make_actor(session),
    )
    resource = make_resource(session, keeper)

    def ask(actor: Actor, start: datetime, hours: int = 2) -> Booking:
        return book(
            session, actor, resource.id, starts_at=start, ends_at=start + timedelta(hours=hours),
            purpose="断口形貌", now=NOW,
        )  # fmt: skip

    booking = ask(first, TOMORROW)
    with pytest.raises(Conflict) as refusal:
        ask(second, TOMORROW + timedelta(hours=1))
    assert refusal.value.code == "booking-overlaps"
    ask(second, TOMORROW + timedelta(hours=2))  # where the other ends
    assert len(get_calendar(session, resource, start=NOW, end=LATER).busy) == 2
    with pytest.raises(PermissionDenied):
        decide_booking(session, first, booking.id, accepted=True, note=None, now=NOW)
    with pytest.raises(NotFound):
        get_booking(session, second, booking.id)
    with pytest.raises(RuleViolation) as unexplained:
        decide_booking(session, keeper, booking.id, accepted=False, note=None, now=NOW)
    assert unexplained.value.code == "note-missing"
    decide_booking(session, keeper, booking.id, accepted=False, note="当天检修", now=NOW)
    taken = ask(second, TOMORROW)
    cancel_booking(session, second, taken.id, note=None, now=NOW)
    with pytest.raises(Conflict):
        cancel_booking(session, second, taken.id, note=None, now=NOW)
    for actor, seen in ((keeper, 3), (first, 1), (second, 2), (make_bureau(session)[0], 3)):
        assert len(list_bookings(session, actor, page=PageRequest()).items) == seen


def test_use_is_recorded_and_counted(session: Session) -> None:
    keeper, firm = make_actor(session, OrganisationKind.UNIVERSITY), make_actor(session)
    resource = make_resource(session, keeper)
    for day in (1, 2):
        start = NOW + timedelta(days=day)
        booking = book(
            session, firm, resource.id, starts_at=start, ends_at=start + timedelta(hours=2), purpose="测试",
            now=NOW,
        )  # fmt: skip
        decide_booking(session, keeper, booking.id, accepted=True, note=None, now=NOW)
        with pytest.raises(Conflict) as early:
            complete_booking(session, keeper, booking.id, used_minutes=90, charged_fen=None, now=NOW)
        assert early.value.code == "booking-not-begun"
        with pytest.raises(RuleViolation):
            complete_booking(session, keeper, booking.id, used_minutes=121, charged_fen=None, now=LATER)
        resource.fee_fen_per_hour = 90_000  # a dearer rate is for those who book later
        complete_booking(session, keeper, booking.id, used_minutes=90, charged_fen=None, now=LATER)
        resource.fee_fen_per_hour = 30_000
    with pytest.raises(Conflict) as begun:
        cancel_booking(session, firm, booking.id, note=None, now=LATER)
    assert begun.value.code == "booking-begun"
    shared = sharing(session, JIANGYIN, start=None, end=None)
    assert (shared.agencies, shared.firms, shared.bookings) == (1, 1, 2)
    assert (shared.minutes, shared.charged_fen) == (180, 90_000)
    for actor, charged in (
        (None, None),
        (firm, None),
        (keeper, None),
        (make_bureau(session, "320282")[0], None),
        (make_bureau(session)[0], 90_000),
        (OPERATOR, 90_000),
    ):
        shown = shown_sharing(session, actor, JIANGYIN, start=None, end=None)
        assert (shown.minutes, shown.charged_fen) == (180, charged)
    assert sharing(session, JIANGYIN, start=NOW, end=NOW + timedelta(days=2)).bookings == 1
    used = get_usage(session, resource, start=NOW, end=NOW + timedelta(days=365))
    assert (used.bookings, used.minutes, used.organisations, used.missed) == (2, 180, 1, 0)
    assert used.full_use_permille == 3  # 2.5 of 1,000, halves up
    assert get_usage(session, resource, start=NOW, end=NOW + timedelta(days=2)).bookings == 1
    with pytest.raises(RuleViolation):
        get_usage(session, resource, start=NOW, end=NOW)


def _booked(session: Session, firm: Actor, resource: Resource, start: datetime = TOMORROW) -> Booking:
    """Book an hour."""
    return book(
        session,
        firm,
        resource.id,
        starts_at=start,
        ends_at=start + timedelta(hours=1),
        purpose="测试",
        now=NOW,
    )


def test_no_booking_comes_to_a_dead_end(session: Session) -> None:
    keeper, firm = make_actor(session, OrganisationKind.UNIVERSITY), make_actor(session)
    resource = make_resource(session, keeper, contact="0510-80000000")
    missed, late = _booked(session, firm, resource), _booked(session, firm, resource, _at(12, 9))
    assert missed.contact is None
    decide_booking(session, keeper, missed.id, accepted=True, note=None, now=NOW)
    assert missed.contact == "0510-80000000"
    with refused("booking-not-over"):
        miss_booking(session, keeper, missed.id, note=None, now=TOMORROW)
    with refused("not-keeper"):
        miss_booking(session, firm, missed.id, note=None, now=LATER)
    assert miss_booking(session, keeper, missed.id, note="未到", now=LATER).status is BookingStatus.MISSED
    used = get_usage(session, resource, start=NOW, end=LATER)
    assert (used.bookings, used.organisations, used.missed) == (0, 0, 1)
    with refused("booking-begun"):
        decide_booking(session, keeper, late.id, accepted=True, note=None, now=_at(12, 9))
    cancel_booking(session, firm, late.id, note=None, now=LATER)  # nobody had answered
    other = _booked(session, firm, make_resource(session, keeper, title="透射电镜"))
    other.resource.bookable = False
    with refused("not-bookable"):
        decide_booking(session, keeper, other.id, accepted=True, note=None, now=NOW)


def test_bookings_of_a_resource_that_leaves_the_list_are_cancelled_unless_begun(session: Session) -> None:
    keeper, firm = make_actor(session, OrganisationKind.UNIVERSITY), make_actor(session)
    resource = make_resource(session, keeper)
    begun, confirmed, requested = (
        _booked(session, firm, resource, _at(day, 10)) for day in (11, 13, 14)
    )  # fmt: skip
    for booking in (begun, confirmed):
        decide_booking(session, keeper, booking.id, accepted=True, note=None, now=NOW)
    delist_entry(
        session, keeper, Resource, resource.id, note="设备报废", encoder=ENCODER, now=_at(11, 10, 30)
    )
    assert [booking.status for booking in (begun, confirmed, requested)] == [
        BookingStatus.CONFIRMED, BookingStatus.CANCELLED, BookingStatus.CANCELLED,
    ]  # fmt: skip
    assert get_booking(session, firm, confirmed.id).note == "资源已移出清单，预约取消。"
    complete_booking(session, keeper, begun.id, used_minutes=60, charged_fen=0, now=LATER)


def test_who_books_what(session: Session) -> None:
    keeper, firm = make_actor(session, OrganisationKind.UNIVERSITY), make_actor(session)
    shut = make_resource(session, keeper, bookable=False)
    resource = make_resource(session, keeper, opens_at=time(8, 30), closes_at=time(17, 0))
    closure = add_closure(
        session, keeper, resource.id, starts_at=TOMORROW, ends_at=LATER, reason="年度校准", now=NOW
    )

    def code(actor: Actor, resource_id: int, start: datetime = TOMORROW) -> str:
        with pytest.raises(MarketError) as refusal:
            book(
                session, actor, resource_id, starts_at=start, ends_at=start + timedelta(hours=1),
                purpose="测试", now=NOW,
            )  # fmt: skip
        return refusal.value.code

    assert code(keeper, resource.id) == "own-resource"
    assert code(make_bureau(session)[0], resource.id) == "role-not-allowed"
    assert code(firm, shut.id) == "not-bookable"
    assert code(firm, resource.id) == "resource-closed"
    assert code(firm, resource.id, _at(16, 20)) == "outside-opening-hours"
    remove_closure(session, keeper, resource.id, closure.id, now=NOW)
    book(
        session, firm, resource.id, starts_at=TOMORROW, ends_at=TOMORROW + timedelta(hours=1), purpose="测试",
        now=NOW,
    )  # fmt: skip
    with pytest.raises(Conflict):
        add_closure(session, keeper, resource.id, starts_at=NOW, ends_at=LATER, reason="检修", now=NOW)


def test_whoever_minds_a_resource_closes_it_and_sees_its_bookings(session: Session) -> None:
    owner, broker, firm = (
        make_actor(session),
        make_actor(session, OrganisationKind.AGENCY),
        make_actor(session),
    )
    form = {"title": "盐雾试验箱", "category": "instrument", "bookable": True}
    owned = make_entry(
        session, EntryKind.RESOURCE, {**form, "organisation_id": owner.organisation_id}, actor=broker
    )
    lone = make_entry(session, EntryKind.RESOURCE, form, actor=broker)

    def close(actor: Actor, resource: Resource) -> None:
        add_closure(session, actor, resource.id, starts_at=NOW, ends_at=TOMORROW, reason="检修", now=NOW)

    close(owner, owned)  # an enterprise, which proposes nothing
    close(broker, lone)  # whose unit is not on the market
    for actor, resource in ((broker, owned), (firm, lone)):
        with pytest.raises(PermissionDenied) as refusal:
            close(actor, resource)
        assert refusal.value.code == "not-keeper"
    booking = book(session, firm, lone.id, starts_at=TOMORROW, ends_at=LATER, purpose="盐雾试验", now=NOW)
    assert [one.id for one in list_bookings(session, broker, page=PageRequest()).items] == [booking.id]
    decide_booking(session, broker, booking.id, accepted=True, note="请自带样品架", now=NOW)
    cancelled = cancel_booking(session, firm, booking.id, note=None, now=NOW)
    assert (cancelled.note, cancelled.decided_by) == ("请自带样品架", broker.user_id)


def test_of_many_who_ask_at_once_exactly_one_wins(own_database: Database) -> None:
    with own_database.transaction() as session:
        resource_id = make_resource(session, make_actor(session, OrganisationKind.UNIVERSITY)).id
        firms = [make_actor(session) for _ in range(4)]

    def ask(firm: Actor) -> str:
        try:
            with own_database.transaction() as session:
                book(
                    session, firm, resource_id, starts_at=TOMORROW, ends_at=TOMORROW + timedelta(hours=2),
                    purpose="测试", now=NOW,
                )  # fmt: skip
        except Conflict as error:
            return error.code
        return "booked"

    with ThreadPoolExecutor(len(firms)) as pool:
        answers = sorted(pool.map(ask, firms))
    assert answers == ["booked", *["booking-overlaps"] * (len(firms) - 1)]
    with own_database.reading() as session:
        assert session.scalar(select(func.count()).where(Booking.status == BookingStatus.REQUESTED)) == 1
