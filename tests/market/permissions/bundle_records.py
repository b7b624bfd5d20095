"""Records of bundles of achievements that the table asks about."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.bundles.models import BundleDelivery
from market.bundles.rules import Status
from market.bundles.service.making import create_bundle
from market.bundles.service.subscriptions import subscribe
from tests.factories import NOW
from tests.market.bundles.factories import bundle_form, make_bundle
from tests.market.permissions.people import People


def bundle_records(session: Session, people: People) -> dict[str, Any]:
    """Insert them, and return their ids by the names that the lines use."""
    desk = actor_of(people.desk)
    released = make_bundle(session, desk, status=Status.RELEASED)
    buyer = actor_of(people.buyer)
    # Of another chain than the bundle that is released again and again.
    subscription = subscribe(session, buyer, chain_code="chain-ai", tech_field=None, now=NOW)
    delivery = BundleDelivery(
        bundle_id=released.id, organisation_id=subscription.organisation_id, created_at=NOW
    )
    session.add(delivery)
    session.flush()
    return {
        "bundle_id": released.id,
        "bundle_id-draft": create_bundle(session, desk, form=bundle_form(), now=NOW).id,  # in version 1
        "bundle_id-due": make_bundle(session, desk).id,
        "subscription_id": subscription.id,
        "delivery_id": delivery.id,
    }
