"""Resources and bookings that the table asks about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR
from market.libraries.rules import EntryKind, Register
from market.libraries.service.resources import add_closure, book, decide_booking
from tests.factories import NOW
from tests.market.libraries.factories import make_entry, publish
from tests.market.permissions.entries import entry_records
from tests.market.permissions.people import People


def resource_records(session: Session, people: People) -> dict[str, Any]:
    """Insert them, and return their ids by the names that the lines use."""
    buyer = actor_of(people.buyer)
    form = {"title": "场发射扫描电镜", "category": "instrument", "bookable": True}
    owned = {**form, "organisation_id": people.home("seller").id}
    resource = make_entry(session, EntryKind.RESOURCE, owned)
    brokered = make_entry(
        session, EntryKind.RESOURCE, {**owned, "title": "盐雾试验箱"}, actor=actor_of(people.desk)
    )
    publish(session, Register.RESOURCES)

    def booked(day: int) -> int:
        start = NOW + timedelta(days=day)
        return book(
            session, buyer, resource.id, starts_at=start, ends_at=start + timedelta(hours=1), purpose="测试",
            now=NOW,
        ).id  # fmt: skip

    long_ago = NOW - timedelta(days=10)
    begun = book(
        session, buyer, resource.id, starts_at=NOW - timedelta(days=9),
        ends_at=NOW - timedelta(days=9) + timedelta(hours=1), purpose="测试", now=long_ago,
    )  # fmt: skip
    decide_booking(session, OPERATOR, begun.id, accepted=True, note=None, now=long_ago)
    closure = add_closure(
        session, OPERATOR, resource.id, starts_at=NOW + timedelta(days=5), ends_at=NOW + timedelta(days=6),
        reason="检修", now=NOW,
    )  # fmt: skip
    return {
        **entry_records(session, people, "resources", EntryKind.RESOURCE, form),
        "resources": resource.id,
        "resources-brokered": brokered.id,
        "booking_id": booked(1),
        "booking_id-begun": begun.id,
        "closure_id": closure.id,
    }
