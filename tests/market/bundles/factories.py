"""Bundles as a broker makes them, and units that subscribe to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import Actor, OrganisationKind
from market.bundles.models import Bundle
from market.bundles.rules import Status
from market.bundles.service.making import create_bundle, set_items
from market.bundles.service.releasing import prepare_release, release_bundle
from market.bundles.service.subscriptions import subscribe
from market.listings.models import Achievement, Need
from market.listings.rules import ListingKind
from market.search.replica import Replica
from tests.factories import NOW, make_achievement, make_actor, make_need, make_organisation
from tests.market.listings.factories import TODAY, make_listing

CHAIN = "chain-textile"
WANTED = {
    "title": "高盐废水纳滤电渗析脱盐",
    "body": "寻求以荷电纳滤截留有机物、电渗析浓缩盐分的成套工艺，连续运行一年通量衰减低于8%。",
}
"""A need that the usual achievement suits, in words that the encoder of the tests sees to be alike."""


def bundle_form(**values: Any) -> dict[str, Any]:
    """Return the form of a bundle that is due today."""
    return {
        "title": "印染废水近零排放成果包",
        "summary": "面向高端纺织链的废水回用成果。",
        "chain_code": CHAIN,
        "release_on": TODAY,
        **values,
    }


def make_broker(session: Session) -> Actor:
    """Insert a verified broker."""
    return make_actor(session, OrganisationKind.AGENCY)


def make_found_achievement(session: Session, **values: Any) -> Achievement:
    """Insert a published achievement that the index knows of."""
    seller = make_organisation(session, OrganisationKind.UNIVERSITY, name="澄江示例大学")
    row = make_listing(session, ListingKind.ACHIEVEMENT, seller, **values)
    assert isinstance(row, Achievement)
    return row


def make_bundle(
    session: Session,
    actor: Actor,
    *achievements: Achievement,
    status: Status = Status.DRAFT,
    **values: Any,
) -> Bundle:
    """Insert a bundle with these achievements, one that the index knows nothing of if none is named.

    One in another state than a draft was sent to nobody.
    """
    if not achievements:
        achievements = (make_achievement(session, make_organisation(session, OrganisationKind.UNIVERSITY)),)
    bundle = create_bundle(session, actor, form=bundle_form(**values), now=NOW)
    put_in(session, actor, bundle, *achievements)
    if status is not Status.DRAFT:
        bundle.status, bundle.released_at = status, NOW
        session.flush()
    return bundle


def make_wanted_need(session: Session, actor: Actor) -> Need:
    """Insert a published need of the actor's unit that the usual achievement suits."""
    assert actor.organisation_id is not None
    return make_need(session, actor.organisation_id, **WANTED)


def put_in(session: Session, actor: Actor, bundle: Bundle, *achievements: Achievement) -> None:
    """Make these the achievements of a draft."""
    items = [{"achievement_id": one.id, "words": "已完成中试"} for one in achievements]
    set_items(session, actor, bundle.id, items=items, version=bundle.version, now=NOW)


def make_subscriber(
    session: Session,
    *,
    chain: str | None = CHAIN,
    field: str | None = None,
    without_match: bool = False,
    **values: Any,
) -> Actor:
    """Insert an enterprise that subscribes to bundles."""
    actor = make_actor(session, **values)
    subscribe(session, actor, chain_code=chain, tech_field=field, without_match=without_match, now=NOW)
    return actor


def release(
    session: Session, actor: Actor, bundle_id: int, *, replica: Replica, now: datetime = NOW
) -> Bundle:
    """Prepare and release a bundle in one session."""
    prepared = prepare_release(session, actor, bundle_id, replica=replica, now=now)
    return release_bundle(session, actor, bundle_id, prepared=prepared, now=now)
