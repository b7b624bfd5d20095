"""Releasing bundles to everybody and into the inboxes of subscribers; taking them back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.bundles.models import Bundle, BundleDelivery
from market.bundles.queries import Pair, findable_needs, needs_of, pairs_for, subscribers_of
from market.bundles.rules import Action, release_refusal
from market.bundles.service.steps import bundle_for_step, finish_step
from market.clock import china_day
from market.errors import Conflict
from market.listings.rules import is_searchable
from market.search.replica import Replica


@dataclass(frozen=True, slots=True)
class Prepared:
    """What of a bundle, in the version read, suits the needs of each subscriber; units by id."""

    version: int
    pairs: Mapping[int, Sequence[Pair]]


def prepare_release(
    session: Session, actor: Actor, bundle_id: int, *, replica: Replica, now: datetime
) -> Prepared:
    """Find out what of a draft suits the needs of its subscribers; changes and locks nothing.

    The engine is asked once for each need and technical field, which takes too long for a transaction that
    keeps SQLite's other writers waiting.

    Args:
        session: open session.
        actor: who keeps the bundle.
        bundle_id: a draft.
        replica: this process's index.
        now: present time.

    Raises:
        NotFound, PermissionDenied, Conflict: as `release_bundle`.
        Unavailable: the index cannot be asked.
    """
    bundle = bundle_for_step(session, actor, bundle_id, Action.RELEASE, lock=False)
    _require_ready(bundle, now=now)
    today = china_day(now)
    achievements = [item.achievement for item in bundle.items]
    needs = needs_of(session, subscribers_of(session, bundle), today=today)
    pairs = {
        organisation_id: [
            pair for need in own for pair in pairs_for(session, replica, need, achievements, today=today)
        ]
        for organisation_id, own in needs.items()
    }
    return Prepared(bundle.version, pairs)


def release_bundle(
    session: Session, actor: Actor, bundle_id: int, *, prepared: Prepared, now: datetime
) -> Bundle:
    """Release a draft whose day has come, and send it to the subscribers whose needs it suits.

    Those who asked for it are sent the others, too.

    Args:
        session: open transaction.
        actor: who keeps the bundle.
        bundle_id: a draft.
        prepared: from `prepare_release`, just before.
        now: present time.

    Raises:
        NotFound, PermissionDenied, Conflict: see `bundle_for_step`.
        Conflict: `bundle-not-due`, `bundle-empty`, `bundle-unpublished-achievement`; `bundle-changed`
            since it was prepared.
    """
    bundle = bundle_for_step(session, actor, bundle_id, Action.RELEASE)
    _require_ready(bundle, now=now)
    if bundle.version != prepared.version:
        raise Conflict("该成果包在发布过程中被修改，没有发布，请核对后再发布。", code="bundle-changed")
    for item in bundle.items:
        item.copy_achievement()
    bundle.released_at = now
    details = _send(session, bundle, prepared, now=now)
    finish_step(session, actor, bundle, Action.RELEASE, now=now, details=details)
    return bundle


def _require_ready(bundle: Bundle, *, now: datetime) -> None:
    today = china_day(now)
    achievements = [item.achievement for item in bundle.items]
    refusal = release_refusal(
        bundle.release_on,
        [(one.title, is_searchable(one.status, one.expires_on, today=today)) for one in achievements],
        today=today,
    )
    if refusal is not None:
        raise Conflict(refusal.detail, code=refusal.code)


def _send(session: Session, bundle: Bundle, prepared: Prepared, *, now: datetime) -> dict[str, int]:
    """Put the bundle into inboxes; return how many asked for it, how many were sent it, and the pairs."""
    subscribers = subscribers_of(session, bundle)
    # What was prepared may have left the market since, or its unit the list of subscribers.
    findable = findable_needs(session, subscribers, today=china_day(now))
    deliveries: list[BundleDelivery] = []
    recipients = 0
    for organisation_id, without_match in subscribers.items():
        pairs = [pair for pair in prepared.pairs.get(organisation_id, ()) if pair.need_id in findable]
        common = {"bundle_id": bundle.id, "organisation_id": organisation_id, "created_at": now}
        deliveries += [
            BundleDelivery(
                **common,
                need_id=pair.need_id,
                achievement_id=pair.achievement_id,
                rank=pair.rank,
                score=pair.score,
                reasons=pair.reasons,
            )
            for pair in pairs
        ]
        if not pairs and without_match:
            deliveries.append(BundleDelivery(**common))
        recipients += bool(pairs) or without_match
    session.add_all(deliveries)
    pairs_sent = sum(one.need_id is not None for one in deliveries)
    return {"subscribers": len(subscribers), "recipients": recipients, "pairs": pairs_sent}


def withdraw_bundle(session: Session, actor: Actor, bundle_id: int, *, note: str, now: datetime) -> Bundle:
    """Take a bundle back, or give a draft up; who was sent it goes on seeing that it was there.

    Raises:
        NotFound, PermissionDenied, Conflict: see `bundle_for_step`.
    """
    bundle = bundle_for_step(session, actor, bundle_id, Action.WITHDRAW)
    bundle.withdrawn_at, bundle.withdrawal_note = now, note
    finish_step(session, actor, bundle, Action.WITHDRAW, now=now)
    return bundle
