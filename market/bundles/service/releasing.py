"""Releasing bundles to everybody and into the inboxes of subscribers; taking them back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.bundles.models import Bundle, BundleDelivery
from market.bundles.queries import needs_of, pairs_for, subscribers_of
from market.bundles.rules import Action, release_refusal
from market.bundles.service.steps import bundle_for_step, finish_step
from market.clock import china_day
from market.errors import Conflict
from market.listings.rules import is_searchable
from market.search.replica import Replica


def release_bundle(
    session: Session, actor: Actor, bundle_id: int, *, replica: Replica, now: datetime
) -> Bundle:
    """Release a draft whose day has come, and send it to all who subscribe to such a bundle.

    Args:
        session: open transaction.
        actor: who keeps the bundle.
        bundle_id: a draft.
        replica: this process's index, which says what of it suits the subscribers' needs.
        now: present time.

    Raises:
        NotFound, PermissionDenied, Conflict: see `bundle_for_step`.
        Conflict: `bundle-not-due`, `bundle-empty`, `bundle-unpublished-achievement`.
        Unavailable: the index cannot be asked.
    """
    bundle = bundle_for_step(session, actor, bundle_id, Action.RELEASE)
    today = china_day(now)
    achievements = [item.achievement for item in bundle.items]
    refusal = release_refusal(
        bundle.release_on,
        [(one.title, is_searchable(one.status, one.expires_on, today=today)) for one in achievements],
        today=today,
    )
    if refusal is not None:
        raise Conflict(refusal.detail, code=refusal.code)
    for item in bundle.items:
        item.copy_achievement()
    bundle.released_at = now
    subscribers, pairs = _send(session, bundle, replica=replica, now=now)
    finish_step(
        session, actor, bundle, Action.RELEASE, now=now, details={"subscribers": subscribers, "pairs": pairs}
    )
    return bundle


def _send(session: Session, bundle: Bundle, *, replica: Replica, now: datetime) -> tuple[int, int]:
    """Put the bundle into the inboxes of its subscribers; return how many, and with how many pairs."""
    today = china_day(now)
    achievements = [item.achievement for item in bundle.items]
    subscribers = subscribers_of(session, bundle)
    needs = needs_of(session, subscribers, today=today)
    sent = 0
    for organisation_id in subscribers:
        pairs = [
            pair
            for need in needs.get(organisation_id, ())
            for pair in pairs_for(session, replica, need, achievements, today=today)
        ]
        sent += len(pairs)
        common = {"bundle_id": bundle.id, "organisation_id": organisation_id, "created_at": now}
        session.add_all(
            BundleDelivery(
                **common,
                need_id=pair.need_id,
                achievement_id=pair.achievement_id,
                rank=pair.rank,
                score=pair.score,
                reasons=pair.reasons,
            )
            for pair in pairs
        )
        if not pairs:
            session.add(BundleDelivery(**common))
    return len(subscribers), sent


def withdraw_bundle(session: Session, actor: Actor, bundle_id: int, *, note: str, now: datetime) -> Bundle:
    """Take a bundle back, or give a draft up; who was sent it goes on seeing that it was there.

    Raises:
        NotFound, PermissionDenied, Conflict: see `bundle_for_step`.
    """
    bundle = bundle_for_step(session, actor, bundle_id, Action.WITHDRAW)
    bundle.withdrawn_at, bundle.withdrawal_note = now, note
    finish_step(session, actor, bundle, Action.WITHDRAW, now=now)
    return bundle
