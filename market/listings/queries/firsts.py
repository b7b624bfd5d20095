"""When something was first done to listings, for figures that must not change when it is done again.

A listing itself keeps the last time alone; the first is with its events.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from market.audit.models import AuditEvent
from market.listings.models import Listing, ListingEvent, Need
from market.listings.rules import Action, Validation


def first_published_at() -> ColumnElement[datetime | None]:
    """Return the moment of a listing's first publication, as a column to select listings by.

    Where no publication is on record, as of what was brought over with its date, it is that date.
    """
    first = select(func.min(ListingEvent.at)).where(
        ListingEvent.listing_id == Listing.id, ListingEvent.action == Action.PUBLISH
    )
    return func.coalesce(first.correlate(Listing).scalar_subquery(), Listing.published_at)


def first_found_valid_at() -> ColumnElement[datetime | None]:
    """Return the moment a need was first found valid, as a column to select needs by; else as above."""
    first = select(func.min(AuditEvent.at)).where(
        AuditEvent.entity == "need",
        AuditEvent.entity_id == Need.id,
        AuditEvent.action == "need.validate",
        AuditEvent.details["result"].as_string() == Validation.VALID.value,
    )
    return func.coalesce(first.correlate(Need).scalar_subquery(), Need.validated_at)
