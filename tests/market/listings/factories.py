"""The people around a listing, and what the index says of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, Actor, OrganisationKind, OrganisationStatus
from market.clock import china_day
from market.listings import service
from market.listings.models import Achievement, Listing, Need
from market.listings.rules import Action, ListingKind, Status
from market.search.models import SearchDocument
from matching.encoder import HashingEncoder
from tests.factories import NOW, make_achievement, make_actor, make_need, make_organisation, make_user

ENCODER = HashingEncoder(dim=64)
TODAY = china_day(NOW)
WUXI = "320200"
BEIJING = "110000"
SECRET = "进水电导率上限与现有供应商报价"
CONTACT = {"contact_name": "周工", "contact_phone": "13800138000"}


@dataclass(frozen=True)
class Cast:
    """Everybody who may try something with one organisation's listings."""

    organisation: Organisation
    owner: Actor
    stranger: Actor
    broker: Actor
    unverified_broker: Actor
    bureau: Actor
    far_bureau: Actor
    registrar: Actor
    admin: Actor


NAMES = ("owner", "stranger", "broker", "unverified_broker", "bureau", "far_bureau", "registrar", "admin")


def owner_kind(kind: ListingKind) -> OrganisationKind:
    """Return which organisations list such things."""
    return OrganisationKind.ENTERPRISE if kind is ListingKind.NEED else OrganisationKind.UNIVERSITY


def make_cast(session: Session, kind: ListingKind = ListingKind.NEED) -> Cast:
    """Insert the people; the owner's organisation lies in 江阴."""
    organisation = make_organisation(session, owner_kind(kind))
    pending = OrganisationStatus.PENDING
    return Cast(
        organisation=organisation,
        owner=actor_of(make_user(session, organisation)),
        stranger=make_actor(session, owner_kind(kind)),
        broker=make_actor(session, OrganisationKind.AGENCY),
        unverified_broker=make_actor(session, OrganisationKind.AGENCY, status=pending),
        bureau=make_actor(session, OrganisationKind.BUREAU, uscc=None, region_code=WUXI),
        far_bureau=make_actor(session, OrganisationKind.BUREAU, uscc=None, region_code=BEIJING),
        registrar=make_actor(session, OrganisationKind.STATION),
        admin=actor_of(make_user(session)),
    )


def make_listing(
    session: Session, kind: ListingKind, organisation: Organisation | int, **values: Any
) -> Need | Achievement:
    """Insert a listing with a confidential part; one that is published is put into the index too."""
    make = make_need if kind is ListingKind.NEED else make_achievement
    status = values.pop("status", Status.PUBLISHED)
    row: Need | Achievement = make(
        session, organisation, **{"confidential": SECRET, **CONTACT, **values, "status": Status.PENDING}
    )
    if status is Status.PUBLISHED:
        service.review_listing(
            session, OPERATOR, kind, row.id, decision=Action.PUBLISH, note=None, encoder=ENCODER, now=NOW
        )
    else:
        row.status = status
        if status in {Status.DRAFT, Status.PENDING}:
            row.published_at = None
        session.flush()
    return row


def findable(session: Session) -> set[tuple[str, int]]:
    """Return kind and id of everything the index is told of."""
    rows = session.execute(select(SearchDocument.kind, SearchDocument.record_id))
    return {(row.kind.value, row.record_id) for row in rows}


def published(session: Session, *, today: date = TODAY) -> set[tuple[str, int]]:
    """Return kind and id of every listing that is published and not expired."""
    rows = session.execute(
        select(Listing.kind, Listing.id).where(
            Listing.status == Status.PUBLISHED, Listing.expires_on >= today
        )
    )
    return {(row.kind.value, row.id) for row in rows}
