"""Reading bundles, subscriptions and what was sent; finding what to send."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from market.accounts.models import Organisation
from market.accounts.rules import Actor, OrganisationStatus, Role
from market.bundles.models import Bundle, BundleDelivery, BundleItem, Subscription
from market.bundles.rules import LEAST_SCORE, PER_NEED, SUBSCRIBERS, Status, keeps, makes_bundles, suits
from market.db import Page, PageRequest, SortKey, paginate
from market.errors import NotFound, PermissionDenied
from market.listings.models import Achievement, Need
from market.listings.rules import Status as ListingStatus
from market.matches.queries.engine import ask_engine, reasons_of
from market.matches.queries.records import Record, document_of, load
from market.matches.rules import Side
from market.reference.rules import region_prefix
from market.search.documents import Hit, Kind, Ranking
from market.search.replica import Replica

ASKED = 50
"""Hits asked for; an achievement that has fifty better ones of its field before it is no news to a need."""


def is_keeper(actor: Actor | None, bundle: Bundle) -> bool:
    """Tell whether the actor is in charge of a bundle: its maker's unit, its region's bureau, an admin."""
    return keeps(actor, organisation_id=bundle.organisation_id, region_code=bundle.region_code)


def get_bundle(session: Session, actor: Actor | None, bundle_id: int, *, lock: bool = False) -> Bundle:
    """Return a bundle the actor may know of, with its achievements.

    Args:
        session: open session.
        actor: who is asking; None for anyone.
        bundle_id: its id.
        lock: read it afresh and lock it, to change it.

    Raises:
        NotFound: there is none, or it is not released and the actor does not keep it.
    """
    bundle = session.get(
        Bundle,
        bundle_id,
        options=[
            joinedload(Bundle.organisation),
            selectinload(Bundle.items)
            .joinedload(BundleItem.achievement)
            .joinedload(Achievement.organisation),
        ],
        populate_existing=lock,
        with_for_update={"of": Bundle} if lock else None,
    )
    if bundle is None or not (bundle.status is Status.RELEASED or is_keeper(actor, bundle)):
        raise NotFound("没有找到该成果包。", code="bundle-not-found")
    return bundle


def list_bundles(
    session: Session,
    actor: Actor | None,
    *,
    page: PageRequest,
    mine: bool = False,
    status: Status | None = None,
    chain: str | None = None,
    region: str | None = None,
) -> Page[Bundle]:
    """List bundles the actor may know of, newest first.

    Args:
        session: open session.
        actor: who is asking; None for anyone.
        page: cursor and limit.
        mine: only those of the actor's unit.
        status: only this state.
        chain: only this industrial chain.
        region: only this region and all inside it.
    """
    statement = (
        select(Bundle)
        .options(joinedload(Bundle.organisation), selectinload(Bundle.items))
        .where(_readable(actor))
    )
    if mine:
        statement = statement.where(Bundle.organisation_id == (actor.organisation_id if actor else None))
    if status is not None:
        statement = statement.where(Bundle.status == status)
    if chain is not None:
        statement = statement.where(Bundle.chain_code == chain)
    if region is not None:
        statement = statement.where(Bundle.region_code.startswith(region_prefix(region)))
    return paginate(session, statement, order=[SortKey(Bundle.id, descending=True)], page=page)


def _readable(actor: Actor | None) -> ColumnElement[bool]:
    """Say as a condition what `get_bundle` says of one bundle."""
    released: ColumnElement[bool] = Bundle.status == Status.RELEASED
    if actor is None or not makes_bundles(actor):
        return released
    if actor.role is Role.ADMIN:
        return Bundle.id.is_not(None)
    if actor.role is Role.BROKER:
        return or_(released, Bundle.organisation_id == actor.organisation_id)
    assert actor.region_code is not None
    return or_(released, Bundle.region_code.startswith(region_prefix(actor.region_code)))


def due_bundles(session: Session, *, today: date) -> list[Bundle]:
    """Return drafts whose day has come, the earliest first."""
    return list(
        session.scalars(
            select(Bundle)
            .where(Bundle.status == Status.DRAFT, Bundle.release_on <= today)
            .order_by(Bundle.release_on, Bundle.id)
        )
    )


def require_subscriber(actor: Actor) -> int:
    """Return the unit of somebody who may subscribe for it.

    Raises:
        PermissionDenied: the actor is of no enterprise and no university.
    """
    if actor.role not in SUBSCRIBERS:
        raise PermissionDenied("成果包由企业和高校院所订阅和接收。", code="role-not-allowed")
    assert actor.organisation_id is not None
    return actor.organisation_id


def list_subscriptions(session: Session, actor: Actor) -> list[Subscription]:
    """Return what the actor's unit subscribes to, oldest first.

    Raises:
        PermissionDenied: see `require_subscriber`.
    """
    own = Subscription.organisation_id == require_subscriber(actor)
    return list(session.scalars(select(Subscription).where(own).order_by(Subscription.id)))


def list_deliveries(
    session: Session, actor: Actor, *, page: PageRequest, unread: bool = False
) -> Page[BundleDelivery]:
    """List what was sent to the actor's unit, newest first.

    Args:
        session: open session.
        actor: member of an enterprise or a university.
        page: cursor and limit.
        unread: only what nobody there has marked as read.

    Raises:
        PermissionDenied: see `require_subscriber`.
    """
    statement = (
        select(BundleDelivery)
        .options(*_with_what_is_shown())
        .where(BundleDelivery.organisation_id == require_subscriber(actor))
    )
    if unread:
        statement = statement.where(BundleDelivery.read_at.is_(None))
    return paginate(session, statement, order=[SortKey(BundleDelivery.id, descending=True)], page=page)


def get_delivery(session: Session, actor: Actor, delivery_id: int) -> BundleDelivery:
    """Return something sent to the actor's unit, locked.

    Raises:
        PermissionDenied: see `require_subscriber`.
        NotFound: there is none, or it was sent to another unit.
    """
    own = require_subscriber(actor)
    delivery = session.get(
        BundleDelivery,
        delivery_id,
        options=_with_what_is_shown(),
        populate_existing=True,
        with_for_update={"of": BundleDelivery},
    )
    if delivery is None or delivery.organisation_id != own:
        raise NotFound("没有找到该推送。", code="bundle-delivery-not-found")
    return delivery


def _with_what_is_shown() -> list[Any]:
    return [
        joinedload(BundleDelivery.bundle),
        selectinload(BundleDelivery.need),
        selectinload(BundleDelivery.item).joinedload(BundleItem.achievement),
    ]


def subscribers_of(session: Session, bundle: Bundle) -> dict[int, bool]:
    """Return the verified units that ask for such a bundle, and whether even if it suits no need of theirs.

    Each stands once, in order of the ids.
    """
    rows = session.scalars(
        select(Subscription)
        .join(Organisation, Organisation.id == Subscription.organisation_id)
        .where(Organisation.status == OrganisationStatus.VERIFIED)
    )
    fields = {item.achievement.tech_field for item in bundle.items}
    found: dict[int, bool] = {}
    for row in rows:
        if suits(
            wanted_chain=row.chain_code,
            wanted_field=row.tech_field,
            chain=bundle.chain_code,
            fields=fields,
        ):
            found[row.organisation_id] = found.get(row.organisation_id, False) or row.without_match
    return dict(sorted(found.items()))


def needs_of(session: Session, organisations: Collection[int], *, today: date) -> dict[int, list[Record]]:
    """Return the needs of units that may be found today, by unit, in order of their ids."""
    owners = findable_needs(session, organisations, today=today)
    records = load(session, Kind.NEED, list(owners), today=today)
    found: dict[int, list[Record]] = {}
    for need_id, owner in owners.items():
        found.setdefault(owner, []).append(records[need_id])
    return found


def findable_needs(session: Session, organisations: Collection[int], *, today: date) -> dict[int, int]:
    """Return the units of those of their needs that may be found today, by need, in order of their ids."""
    statement = (
        select(Need.id, Need.organisation_id)
        .where(
            Need.organisation_id.in_(list(organisations)),
            Need.status == ListingStatus.PUBLISHED,
            Need.expires_on >= today,
        )
        .order_by(Need.id)
    )
    return dict(session.execute(statement).all())


@dataclass(frozen=True, slots=True)
class Pair:
    """An achievement of a bundle for a need; `rank` counts from 1 among those of the need."""

    need_id: int
    achievement_id: int
    rank: int
    score: float
    reasons: Mapping[str, Any]


def pairs_for(
    session: Session, replica: Replica, need: Record, achievements: Collection[Achievement], *, today: date
) -> list[Pair]:
    """Return the achievements of a bundle that suit a need, best first, equal scores by id.

    The engine is asked as on the brokers' desk, once for each technical field of the bundle (it knows no
    filter by id), and what is not of the bundle is left out.

    Args:
        session: open session.
        replica: this process's index.
        need: one that may be found.
        achievements: those of the bundle; all may be found.
        today: present day in China.
    """
    hits = sorted(_hits(session, replica, need, achievements, today=today), key=_order)
    return [
        Pair(need.id, int(hit.key), rank, hit.score, reasons_of(hit, ranking, asked_by=Side.NEED))
        for rank, (hit, ranking) in enumerate(hits[:PER_NEED], start=1)
    ]


def _order(found: tuple[Hit, Ranking]) -> tuple[float, int]:
    return -found[0].score, int(found[0].key)


def _hits(
    session: Session, replica: Replica, need: Record, achievements: Collection[Achievement], *, today: date
) -> Iterator[tuple[Hit, Ranking]]:
    by_field: dict[str | None, set[str]] = {}
    for one in achievements:
        by_field.setdefault(one.tech_field, set()).add(str(one.id))
    document = document_of(session, need)
    for field, keys in by_field.items():
        ranking = ask_engine(
            session, replica, document, kind=Kind.ACHIEVEMENT, k=ASKED, today=today, field=field, alike=True
        )
        for hit in ranking.hits:
            if hit.key in keys and hit.score >= LEAST_SCORE:
                yield hit, ranking
