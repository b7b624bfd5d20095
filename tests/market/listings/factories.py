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
from market.listings.models import AnyListing, Listing, Need, Scenario
from market.listings.rules import Action, ListingKind, Status, Triage
from market.search.models import SearchDocument
from matching.encoder import HashingEncoder
from tests.factories import (
    JIANGYIN,
    NOW,
    make_achievement,
    make_actor,
    make_need,
    make_organisation,
    make_user,
)

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


OWNER_KINDS = {
    ListingKind.NEED: OrganisationKind.ENTERPRISE,
    ListingKind.ACHIEVEMENT: OrganisationKind.UNIVERSITY,
    ListingKind.SCENARIO: OrganisationKind.ENTERPRISE,
}
"""Organisations that list such things; others list scenarios too."""


def owner_kind(kind: ListingKind) -> OrganisationKind:
    """Return which organisations list such things."""
    return OWNER_KINDS[kind]


def make_scenario(session: Session, organisation: Organisation | int, **values: Any) -> Scenario:
    """Insert a published scenario. The index hears of it only through the service."""
    row = Scenario(
        **{
            "kind": ListingKind.SCENARIO,
            "organisation_id": organisation if isinstance(organisation, int) else organisation.id,
            "title": "印染车间开放膜法回用试验场地",
            "body": "染整车间每天排水两千吨，开放一条支路供回用设备连续试运行三个月。",
            "opening_terms": "设备自带，水电由我方承担，试验数据双方共有。",
            "tech_field": "07",
            "scenario_type": "test_site",
            "investment_fen": 50_000_000,
            "min_trl": 6,
            "region_code": JIANGYIN,
            "status": Status.PUBLISHED,
            "expires_on": date(2026, 6, 10),
            "published_at": NOW,
            "created_at": NOW,
            "updated_at": NOW,
            **values,
        }
    )
    session.add(row)
    session.flush()
    return row


MAKERS = {
    ListingKind.NEED: make_need,
    ListingKind.ACHIEVEMENT: make_achievement,
    ListingKind.SCENARIO: make_scenario,
}


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
) -> AnyListing:
    """Insert a listing with a confidential part; one that is published is put into the index too."""
    make = MAKERS[kind]
    status = values.pop("status", Status.PUBLISHED)
    row: AnyListing = make(
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


VAGUE = {"body": "生产效率偏低，希望引进国内先进的技术，全面提升智能化水平，达到行业领先。"}
"""A need that leaves blocking questions open."""

SOLID = {
    "body": "每天两千吨染整废水，进水电导8 mS/cm，反渗透膜三个月就要清洗一次，希望清洗周期延长到一年。",
    "indicators": [{"name": "清洗周期", "value": "≥12个月"}],
}
"""A need that leaves none open."""


def make_solid_need(session: Session, organisation: Organisation | int, **values: Any) -> Need:
    """Insert a need that says enough to be a valid one."""
    need = make_listing(session, ListingKind.NEED, organisation, **{**SOLID, **values})
    assert isinstance(need, Need)
    return need


def make_vague_need(session: Session, organisation: Organisation | int, **values: Any) -> Need:
    """Insert a need that leaves blocking questions open."""
    return make_solid_need(session, organisation, **{"indicators": [], **VAGUE, **values})


def put_into(session: Session, actor: Actor, need: Need, decided: Triage = Triage.DIRECT) -> Need:
    """Put a need into a class."""
    return service.triage_need(
        session, actor, need.id, decided=decided, note="关键材料依赖国外供应", visit_note=None, now=NOW
    )


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
