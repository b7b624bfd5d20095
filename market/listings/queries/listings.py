"""Reading listings, and turning them into what the index sees."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import Session, joinedload

from market.accounts.rules import Actor, Role, oversees
from market.clock import china_day
from market.db import Page, PageRequest, SortKey, paginate
from market.errors import NotFound, PermissionDenied
from market.listings.models import Achievement, AnyListing, Listing, ListingEvent, Need, Scenario
from market.listings.rules import (
    KIND_NAMES,
    PUBLIC,
    REVIEWER_ROLES,
    ListingKind,
    Status,
    Triage,
    Validation,
)
from market.reference.rules import region_prefix
from market.search.documents import Document, Facets, Kind

AnyModel = type[Need] | type[Achievement] | type[Scenario]

MODELS: dict[ListingKind, AnyModel] = {
    ListingKind.NEED: Need,
    ListingKind.ACHIEVEMENT: Achievement,
    ListingKind.SCENARIO: Scenario,
}


def is_owner(actor: Actor | None, listing: Listing) -> bool:
    """Tell whether the actor belongs to the listing's organisation."""
    return actor is not None and actor.organisation_id == listing.organisation_id


def may_read(actor: Actor | None, listing: Listing) -> bool:
    """Tell whether the actor may read a listing's public part in its present state."""
    if listing.status in PUBLIC or is_owner(actor, listing):
        return True
    if actor is None:
        return False
    if listing.status is Status.DRAFT:
        return actor.role is Role.ADMIN
    return reviews_all(actor) or oversees(actor, listing.region_code)


def reviews_all(actor: Actor) -> bool:
    """Tell whether the actor may read what is under review anywhere: admins and verified brokers."""
    return actor.role is Role.ADMIN or (actor.role is Role.BROKER and actor.verified)


def get_listing(
    session: Session, actor: Actor | None, kind: ListingKind, listing_id: int, *, lock: bool = False
) -> AnyListing:
    """Return a listing the actor may read.

    Args:
        session: open session.
        actor: who is asking; None for anyone.
        kind: which kind of listing.
        listing_id: its id.
        lock: read it afresh and lock it, to change it.

    Raises:
        NotFound: there is none, or the actor may not know of it.
    """
    model = MODELS[kind]
    listing = session.get(
        model, listing_id, options=[joinedload(model.organisation)], populate_existing=lock,
        with_for_update={"of": [Listing, model]} if lock else None,
    )  # fmt: skip
    if listing is None or not may_read(actor, listing):
        raise NotFound(f"没有找到该{KIND_NAMES[kind]}。", code=f"{kind.value}-not-found")
    return cast("AnyListing", listing)


def find_by_external_id(
    session: Session, organisation_id: int, kind: ListingKind, external_id: str
) -> AnyListing | None:
    """Return an organisation's listing with this number of its own, if any."""
    model = MODELS[kind]
    found = session.scalar(
        select(model).where(model.organisation_id == organisation_id, model.external_id == external_id)
    )
    return cast("AnyListing | None", found)


def list_listings(
    session: Session,
    actor: Actor | None,
    kind: ListingKind,
    *,
    page: PageRequest,
    mine: bool = False,
    status: Status | None = None,
    field: str | None = None,
    region: str | None = None,
    chain: str | None = None,
    validation: Validation | None = None,
    triage: Triage | None = None,
    scenario_type: str | None = None,
) -> Page[Any]:
    """List listings the actor may read, newest first.

    Args:
        session: open session.
        actor: who is asking; None for anyone.
        kind: which kind of listings.
        page: cursor and limit.
        mine: only those of the actor's organisation.
        status: only this state.
        field: only this technical field.
        region: only this region and all inside it.
        chain: only this industrial chain.
        validation: needs only: only this result of validation.
        triage: needs only: only those put into this class, as far as the actor may know of it.
        scenario_type: scenarios only: only this type.
    """
    model = MODELS[kind]
    statement = select(model).options(joinedload(model.organisation)).where(_readable(actor, model))
    if mine:
        statement = statement.where(model.organisation_id == (actor.organisation_id if actor else None))
    if status is not None:
        statement = statement.where(model.status == status)
    if field is not None:
        statement = statement.where(model.tech_field == field)
    if region is not None:
        statement = statement.where(model.region_code.startswith(region_prefix(region)))
    if chain is not None:
        statement = statement.where(model.chain_code == chain)
    if validation is not None:
        statement = statement.where(Need.validation == validation)
    if triage is not None:
        statement = statement.where(Need.triage == triage, _class_known(actor))
    if scenario_type is not None:
        statement = statement.where(Scenario.scenario_type == scenario_type)
    return paginate(session, statement, order=[SortKey(model.id, descending=True)], page=page)


def _class_known(actor: Actor | None) -> ColumnElement[bool]:
    """Return of which needs the actor may know the class: on whom an enterprise depends is not public."""
    if actor is None:
        return false()
    if reviews_all(actor):
        return true()
    own: ColumnElement[bool] = Need.organisation_id == actor.organisation_id
    if actor.role is Role.BUREAU and actor.in_office and actor.region_code is not None:
        return or_(own, Need.region_code.startswith(region_prefix(actor.region_code)))
    return own


def _readable(actor: Actor | None, model: AnyModel) -> ColumnElement[bool]:
    public = model.status.in_(PUBLIC)
    if actor is None:
        return public
    if actor.role is Role.ADMIN:
        return model.id.is_not(None)
    handed_in = model.status != Status.DRAFT
    alternatives: list[ColumnElement[bool]] = [public]
    if reviews_all(actor):
        alternatives.append(handed_in)
    if actor.organisation_id is not None:
        alternatives.append(model.organisation_id == actor.organisation_id)
    if actor.role is Role.BUREAU and actor.region_code is not None:
        alternatives.append(handed_in & model.region_code.startswith(region_prefix(actor.region_code)))
    return or_(*alternatives)


def list_events(session: Session, listing: Listing) -> list[ListingEvent]:
    """Return the steps of a listing, oldest first."""
    return list(
        session.scalars(
            select(ListingEvent).where(ListingEvent.listing_id == listing.id).order_by(ListingEvent.id)
        )
    )


def require_history(actor: Actor, listing: Listing) -> None:
    """Refuse actors who may not read a listing's steps.

    Raises:
        PermissionDenied: neither owner nor reviewer.
    """
    if not is_owner(actor, listing) and actor.role not in REVIEWER_ROLES | {Role.ADMIN}:
        raise PermissionDenied("只有发布单位和审核人可以查看办理经过。")


def list_due(session: Session, *, today: date, limit: int) -> Sequence[Listing]:
    """Return published listings whose last day has passed, at most `limit`, locked."""
    return session.scalars(
        select(Listing)
        .where(and_(Listing.status == Status.PUBLISHED, Listing.expires_on < today))
        .order_by(Listing.id)
        .limit(limit)
        .with_for_update(of=Listing)
    ).all()


def to_document(listing: AnyListing) -> Document:
    """Return what the index sees of a listing: its public part only."""
    indicators = "；".join(f"{item['name']} {item['value']}" for item in listing.indicators)
    keywords = " ".join(listing.keywords)
    terms = listing.opening_terms if isinstance(listing, Scenario) else None
    facets = Facets(
        tech_field=listing.tech_field,
        chain=listing.chain_code,
        region=listing.region_code,
        organisation=str(listing.organisation_id),
        published_on=china_day(listing.published_at) if listing.published_at else None,
        expires_on=listing.expires_on,
        **_facets_of_kind(listing),
    )
    return Document(
        key=str(listing.id),
        kind=Kind(listing.kind.value),
        title=listing.title,
        body="\n".join(part for part in (listing.body, terms, indicators, keywords) if part),
        facets=facets,
    )


def _facets_of_kind(listing: AnyListing) -> dict[str, Any]:
    if isinstance(listing, Need):
        return {
            "budget_fen": listing.budget_fen,
            "min_trl": listing.min_trl,
            "modes": tuple(listing.cooperation_modes),
        }
    if isinstance(listing, Scenario):
        return {
            "budget_fen": listing.investment_fen,
            "min_trl": listing.min_trl,
            "category": listing.scenario_type,
        }
    return {"price_fen": listing.price_fen, "trl": listing.trl, "modes": tuple(listing.transfer_modes)}
