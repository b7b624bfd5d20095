"""Review, publication, renewal, and leaving the market again."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, Actor, Role
from market.clock import china_day
from market.errors import violation
from market.listings import queries
from market.listings.models import AnyListing, Listing
from market.listings.rules import Action, By, ListingKind
from market.listings.service.drafting import check_form
from market.listings.service.steps import require_owner, require_reviewer, require_verified, take_step
from market.search.documents import Encoder


def review_listing(
    session: Session,
    actor: Actor,
    kind: ListingKind,
    listing_id: int,
    *,
    decision: Action,
    note: str | None,
    encoder: Encoder,
    now: datetime,
) -> AnyListing:
    """Publish, return or reject a listing, as a broker or as the bureau of its region.

    Args:
        session: open transaction.
        actor: the reviewer.
        kind: which kind of listing.
        listing_id: which one.
        decision: PUBLISH, RETURN or REJECT.
        note: words to the owner; required unless it is published.
        encoder: makes the vector of a published listing.
        now: present time.

    Raises:
        PermissionDenied: the actor does not review, or has an interest in it.
        Conflict: it is not waiting for review.
        RuleViolation: no note where one is due.
    """
    listing = queries.get_listing(session, actor, kind, listing_id, lock=True)
    require_reviewer(actor, listing)
    if decision is not Action.PUBLISH and not note:
        raise violation("/note", "note-missing", "退回或驳回时请写明理由。")
    if decision is Action.PUBLISH:
        require_verified(listing)
        listing.published_at = now
    return take_step(session, actor, listing, decision, By.REVIEWER, encoder=encoder, now=now, note=note)


def withdraw_listing(
    session: Session, actor: Actor, kind: ListingKind, listing_id: int, *, note: str | None, now: datetime
) -> AnyListing:
    """Take a published listing off the market; it is not found from the commit on.

    Raises:
        PermissionDenied: neither the owner nor a reviewer.
        Conflict: it is not on the market.
    """
    listing = queries.get_listing(session, actor, kind, listing_id, lock=True)
    by = By.OWNER
    if not queries.is_owner(actor, listing) and actor.role is not Role.ADMIN:
        require_reviewer(actor, listing)
        by = By.REVIEWER
    return take_step(session, actor, listing, Action.WITHDRAW, by, encoder=None, now=now, note=note)


def revise_listing(
    session: Session, actor: Actor, kind: ListingKind, listing_id: int, *, now: datetime
) -> AnyListing:
    """Take a listing back to change its text; it leaves the index and must be reviewed again."""
    listing = queries.get_listing(session, actor, kind, listing_id, lock=True)
    require_owner(actor, listing)
    return take_step(session, actor, listing, Action.REVISE, By.OWNER, encoder=None, now=now)


def renew_listing(
    session: Session,
    actor: Actor,
    kind: ListingKind,
    listing_id: int,
    *,
    expires_on: date,
    encoder: Encoder,
    now: datetime,
) -> AnyListing:
    """Give a published or expired listing a new last day.

    Raises:
        PermissionDenied: not the owner.
        Conflict: neither published nor expired.
        RuleViolation: the day is past or more than three years ahead.
    """
    listing = queries.get_listing(session, actor, kind, listing_id, lock=True)
    require_owner(actor, listing)
    check_form(session, {"expires_on": expires_on}, today=china_day(now), listing=listing)
    listing.expires_on = expires_on
    return take_step(session, actor, listing, Action.RENEW, By.OWNER, encoder=encoder, now=now)


def reopen_listing(
    session: Session, actor: Actor, kind: ListingKind, listing_id: int, *, encoder: Encoder, now: datetime
) -> AnyListing:
    """Put a listing in negotiation back on the market, as its owner."""
    listing = queries.get_listing(session, actor, kind, listing_id, lock=True)
    require_owner(actor, listing)
    return take_step(session, actor, listing, Action.REOPEN, By.OWNER, encoder=encoder, now=now)


def complete_listing(
    session: Session, actor: Actor, kind: ListingKind, listing_id: int, *, now: datetime
) -> AnyListing:
    """Close a contracted listing whose contract has been performed, as its owner."""
    listing = queries.get_listing(session, actor, kind, listing_id, lock=True)
    require_owner(actor, listing)
    return take_step(session, actor, listing, Action.COMPLETE, By.OWNER, encoder=None, now=now)


def expire_due(session: Session, *, encoder: Encoder | None = None, now: datetime, limit: int = 500) -> int:
    """Expire published listings whose last day has passed; returns how many."""
    due = queries.list_due(session, today=china_day(now), limit=limit)
    for listing in due:
        take_step(session, OPERATOR, listing, Action.EXPIRE, By.MARKET, encoder=encoder, now=now)
    return len(due)


def take_market_step(
    session: Session,
    actor: Actor,
    listing: Listing,
    action: Action,
    *,
    encoder: Encoder | None,
    now: datetime,
) -> None:
    """Move a listing as the consequence of a match or a contract.

    Raises:
        Conflict: the step does not start from its present state.
    """
    take_step(session, actor, listing, action, By.MARKET, encoder=encoder, now=now)
