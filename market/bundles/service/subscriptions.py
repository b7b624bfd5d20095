"""Subscribing to bundles, and reading what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.audit.service import record
from market.bundles.models import BundleDelivery, Subscription
from market.bundles.queries import get_delivery, require_subscriber
from market.errors import Conflict, NotFound, PermissionDenied, violation
from market.reference.queries import check_codes
from market.reference.rules import Scheme


def subscribe(
    session: Session,
    actor: Actor,
    *,
    chain_code: str | None,
    tech_field: str | None,
    without_match: bool = False,
    now: datetime,
) -> Subscription:
    """Subscribe the actor's unit to bundles of a chain, of a field, or of both at once.

    Args:
        session: open transaction.
        actor: member of a verified enterprise or university.
        chain_code: only bundles of this chain.
        tech_field: only bundles with an achievement of this field.
        without_match: those, too, of which nothing suits a need of the unit.
        now: present time.

    Raises:
        PermissionDenied: of no enterprise and no university, or of one that is not verified.
        RuleViolation: neither is named, or an unknown code.
        Conflict: `subscription-exists`.
    """
    organisation_id = require_subscriber(actor)
    if not actor.verified:
        raise PermissionDenied("贵单位尚未通过核验。", code="organisation-not-verified")
    if chain_code is None and tech_field is None:
        raise violation("/chain_code", "subscription-subject-missing", "请写明产业链、技术领域，或两者都写。")
    check_codes(
        session,
        [("/chain_code", Scheme.CHAIN, chain_code), ("/tech_field", Scheme.TECH_FIELD, tech_field)],
    )
    assert actor.user_id is not None
    row = Subscription(
        organisation_id=organisation_id,
        chain_code=chain_code,
        tech_field=tech_field,
        without_match=without_match,
        created_by=actor.user_id,
        created_at=now,
    )
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:
        raise Conflict("贵单位已订阅同样的成果包。", code="subscription-exists") from None
    _record(session, actor, row, "create", now=now, details={"chain": chain_code, "field": tech_field})
    return row


def unsubscribe(session: Session, actor: Actor, subscription_id: int, *, now: datetime) -> None:
    """End a subscription of the actor's unit; what was sent stays.

    Raises:
        PermissionDenied: of no enterprise and no university.
        NotFound: there is none, or it is another unit's.
    """
    own = require_subscriber(actor)
    row = session.get(Subscription, subscription_id, with_for_update=True)
    if row is None or row.organisation_id != own:
        raise NotFound("没有找到该订阅。", code="bundle-subscription-not-found")
    session.delete(row)
    _record(session, actor, row, "delete", now=now)


def mark_read(session: Session, actor: Actor, delivery_id: int, *, now: datetime) -> BundleDelivery:
    """Mark something sent as read; doing it again changes nothing.

    Raises:
        PermissionDenied: of no enterprise and no university.
        NotFound: there is none, or it was sent to another unit.
    """
    delivery = get_delivery(session, actor, delivery_id)
    if delivery.read_at is None:
        delivery.read_at = now
        _record(session, actor, delivery, "read", now=now)
    return delivery


def _record(
    session: Session,
    actor: Actor,
    row: Subscription | BundleDelivery,
    verb: str,
    *,
    now: datetime,
    details: Mapping[str, str | None] | None = None,
) -> None:
    entity = "bundle_subscription" if isinstance(row, Subscription) else "bundle_delivery"
    record(
        session, actor.user_id, action=f"{entity}.{verb}", entity=entity, entity_id=row.id, now=now,
        details=dict(details or {}),
    )  # fmt: skip
