"""Booking a resource: opening hours, overlaps, one winner; what was used and how far it is shared."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
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
    list_bookings,
    sharing,
    shown_sharing,
)
from market.libraries.rules import EntryKind
from market.libraries.rules.bookings import (
    BookingStatus,
    OpeningHours,
    Slot,
    fee_fen,
    first_overlap,
    slot_fault,
)
from market.libraries.service.resources import (
    add_closure,
    book,
    cancel_booking,
    complete_booking,
    decide_booking,
    remove_closure,
)
from tests.factories import JIANGYIN, NOW, make_actor
from tests.market.libraries.factories import make_bureau, make_entry

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
    assert code(_at(11, 9), _at(19, 9)) == "slot-too-long"
    assert code(NOW + timedelta(days=400), NOW + timedelta(days=401)) == "slot-too-far"
    assert code(_at(11, 6), _at(11, 7)) == "outside-opening-hours"


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
    with pytest.raises(Conflict) as refused:
        ask(second, TOMORROW + timedelta(hours=1))
    assert refused.value.code == "booking-overlaps"
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
        complete_booking(session, keeper, booking.id, used_minutes=90, charged_fen=None, now=LATER)
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


def test_who_books_what(session: Session) -> None:
    keeper, firm = make_actor(session, OrganisationKind.UNIVERSITY), make_actor(session)
    shut = make_resource(session, keeper, bookable=False)
    resource = make_resource(session, keeper, opens_at=time(8, 30), closes_at=time(17, 0))
    closure = add_closure(
        session, keeper, resource.id, starts_at=TOMORROW, ends_at=LATER, reason="年度校准", now=NOW
    )

    def code(actor: Actor, resource_id: int, start: datetime = TOMORROW) -> str:
        with pytest.raises(MarketError) as refused:
            book(
                session, actor, resource_id, starts_at=start, ends_at=start + timedelta(hours=1),
                purpose="测试", now=NOW,
            )  # fmt: skip
        return refused.value.code

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
        with pytest.raises(PermissionDenied) as refused:
            close(actor, resource)
        assert refused.value.code == "not-keeper"
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
