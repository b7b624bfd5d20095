"""What every step of a listing shares: the transition table, the event, the index, the permissions.

`take_step` is the one way a listing changes its state; it keeps the index in line in the same transaction.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from market.accounts.rules import Actor, OrganisationStatus, Role, oversees
from market.audit.service import record
from market.clock import china_day
from market.errors import Conflict, PermissionDenied
from market.listings import queries
from market.listings.models import AnyListing, Listing, ListingEvent
from market.listings.rules import (
    KIND_NAMES,
    STATUS_NAMES,
    TRANSITIONS,
    Action,
    By,
    Status,
    is_searchable,
)
from market.search.documents import Encoder, Kind
from market.search.service import put_document, remove_document

UNRECORDED = frozenset({"id", "version", "updated_at", "status"})


def take_step(
    session: Session,
    actor: Actor,
    listing: Any,
    action: Action,
    by: By,
    *,
    encoder: Encoder | None,
    now: datetime,
    note: str | None = None,
) -> Any:
    """Take one step and return the listing.

    Args:
        session: open transaction.
        actor: who takes it.
        listing: locked.
        action: the step.
        by: in which capacity.
        encoder: makes the vector; None for steps that make nothing findable.
        now: present time.
        note: words that go with it.

    Raises:
        PermissionDenied: the step is not taken in that capacity.
        Conflict: it does not start from the present state.
    """
    step = TRANSITIONS[action]
    if by not in step.by:
        raise PermissionDenied("您不能进行这一步操作。", code="step-not-allowed")
    if listing.status not in step.sources:
        raise Conflict(
            f"该{KIND_NAMES[listing.kind]}现为“{STATUS_NAMES[listing.status]}”，不能进行此操作。",
            code="illegal-transition",
        )
    source, listing.status, listing.updated_at = listing.status, step.target, now
    session.flush()  # draws the new version; a lost race stops here
    note_event(session, actor, listing, action, source=source, now=now, note=note)
    searchable = is_searchable(listing.status, listing.expires_on, today=china_day(now))
    if searchable and encoder is not None:
        put_document(session, encoder, queries.to_document(listing), now=now)
    elif searchable:
        raise ValueError(f"{action} makes a listing findable and needs an encoder")
    elif source is Status.PUBLISHED:
        remove_document(session, Kind(listing.kind.value), listing.id, now=now)
    return listing


def note_event(
    session: Session,
    actor: Actor,
    listing: Listing,
    action: Action,
    *,
    source: Status | None,
    now: datetime,
    note: str | None,
    with_text: bool = False,
) -> None:
    """Write down one step, with the whole text where it changed."""
    session.add(
        ListingEvent(
            listing_id=listing.id,
            action=action,
            source=source,
            target=listing.status,
            actor_id=actor.user_id,
            note=note,
            version=listing.version,
            snapshot=_snapshot(listing) if with_text else None,
            at=now,
        )
    )
    record(
        session,
        actor.user_id,
        action=f"{listing.kind.value}.{action.value}",
        entity=listing.kind.value,
        entity_id=listing.id,
        now=now,
        details={"from": source.value if source else None, "to": listing.status.value},
    )


def _snapshot(listing: Listing) -> dict[str, Any]:
    columns = inspect(listing).mapper.column_attrs
    values = {column.key: getattr(listing, column.key) for column in columns if column.key not in UNRECORDED}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def require_owner(actor: Actor, listing: Listing) -> None:
    """Refuse whoever does not belong to the owner, but for admins."""
    if not queries.is_owner(actor, listing) and actor.role is not Role.ADMIN:
        raise PermissionDenied(f"只有发布单位可以操作该{KIND_NAMES[listing.kind]}。", code="not-owner")


def require_verified(listing: AnyListing) -> None:
    """Refuse listings of organisations that no bureau has verified."""
    if listing.organisation.status is not OrganisationStatus.VERIFIED:
        raise PermissionDenied("单位尚未通过主管部门核验，不能发布。", code="organisation-not-verified")


def require_reviewer(actor: Actor, listing: Listing) -> None:
    """Refuse whoever may not review this listing, or has an interest in it."""
    if queries.is_owner(actor, listing):
        raise PermissionDenied("不能审核本单位的信息。", code="conflict-of-interest")
    if actor.role not in {Role.BROKER, Role.ADMIN} and not oversees(actor, listing.region_code):
        raise PermissionDenied("只有技术经纪人或所在地主管部门可以审核。", code="role-not-allowed")
    if actor.role is Role.BROKER and not actor.verified:
        raise PermissionDenied("所在机构尚未通过核验。", code="organisation-not-verified")
