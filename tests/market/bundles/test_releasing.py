"""Releasing: who is sent what, what is refused, and what a released bundle goes on saying."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.queries import actor_of
from market.accounts.rules import Actor, OrganisationKind, OrganisationStatus
from market.audit.models import AuditEvent
from market.bundles.models import Bundle, BundleDelivery
from market.bundles.queries import get_bundle, list_bundles, list_deliveries, pairs_for
from market.bundles.rules import LEAST_SCORE, PER_NEED, Status
from market.bundles.service.releasing import prepare_release, release_bundle, withdraw_bundle
from market.bundles.service.subscriptions import mark_read, subscribe
from market.db import Database, PageRequest
from market.errors import Conflict, NotFound
from market.listings.models import Need
from market.listings.rules import Status as ListingStatus
from market.matches.queries.records import load
from market.search.documents import Kind
from market.search.replica import Replica
from tests.factories import NOW, make_actor, make_need, make_user
from tests.market.bundles.factories import (
    make_broker,
    make_bundle,
    make_found_achievement,
    make_subscriber,
    make_wanted_need,
    put_in,
    release,
)
from tests.market.listings.factories import TODAY

PAGE = PageRequest()


def unit_of(actor: Actor) -> int:
    """Return the actor's organisation."""
    assert actor.organisation_id is not None
    return actor.organisation_id


def inbox(session: Session, actor: Actor) -> list[BundleDelivery]:
    """Return what was sent to an actor's unit, newest first."""
    return list(list_deliveries(session, actor, page=PAGE).items)


def test_a_release_reaches_those_who_asked_for_it(database: Database, replica: Replica) -> None:
    with database.transaction() as session:
        broker = make_broker(session)
        good = make_found_achievement(session)
        other = make_found_achievement(
            session, title="水稻机插秧育苗基质", body="以秸秆发酵制成育秧基质，成苗整齐。", tech_field="09"
        )
        bundle_id = make_bundle(session, broker, other, good).id
        asker = make_subscriber(session)
        need = make_wanted_need(session, asker)
        make_wanted_need(session, asker).status = ListingStatus.WITHDRAWN
        # Asked for by its chain and by a field: it comes once.
        subscribe(session, asker, chain_code=None, tech_field="07", now=NOW)
        without, anyway = make_subscriber(session), make_subscriber(session, without_match=True)
        make_need(session, unit_of(without), title="水稻烘干能耗偏高", body="每吨稻谷耗煤过多，求节能办法。")
        aside = [make_subscriber(session, chain="chain-ai"), make_subscriber(session, field="01")]
        suspended = make_subscriber(session)
        session.get_one(Organisation, unit_of(suspended)).status = OrganisationStatus.SUSPENDED

    with database.transaction() as session:
        bundle = release(session, broker, bundle_id, replica=replica)
    assert (bundle.status, bundle.released_at) == (Status.RELEASED, NOW)
    with database.reading() as session:
        (sent,) = inbox(session, asker)
        assert (sent.need_id, sent.achievement_id, sent.rank) == (need.id, good.id, 1)
        assert sent.score is not None
        assert sent.score >= LEAST_SCORE
        assert sent.reasons is not None
        assert sum(part["contribution"] for part in sent.reasons["parts"]) == pytest.approx(sent.score)
        assert all("need_spans" in term for term in sent.reasons["terms"])
        assert inbox(session, without) == []
        (bare,) = inbox(session, anyway)
        assert (bare.need, bare.achievement, bare.score, bare.reasons) == (None, None, None, None)
        assert [inbox(session, one) for one in (*aside, suspended)] == [[], [], []]
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "bundle.release")).one()
        assert event.details == {
            "from": "draft",
            "to": "released",
            "subscribers": 3,
            "recipients": 2,
            "pairs": 1,
        }


def test_pairs_are_the_engine_s_own_best_first(database: Database, replica: Replica) -> None:
    with database.transaction() as session:
        asker = make_subscriber(session)
        need = make_wanted_need(session, asker)
        achievements = [make_found_achievement(session) for _ in range(PER_NEED + 1)]
        make_found_achievement(session)  # of no bundle
    with database.reading() as session:
        record = load(session, Kind.NEED, [need.id], today=TODAY)[need.id]
        pairs = pairs_for(session, replica, record, achievements, today=TODAY)
    # All say the same, so that their ids decide.
    assert [pair.achievement_id for pair in pairs] == [one.id for one in achievements[:PER_NEED]]
    assert [pair.rank for pair in pairs] == list(range(1, PER_NEED + 1))


def refusal_of(session: Session, actor: Actor, bundle: Bundle, replica: Replica, **ahead: int) -> Conflict:
    """Return why a bundle is not released."""
    with pytest.raises(Conflict) as refused:
        release(session, actor, bundle.id, replica=replica, now=NOW + timedelta(**ahead))
    return refused.value


def test_what_is_not_ready_is_not_released(session: Session, replica: Replica) -> None:
    broker, subscriber = make_broker(session), make_subscriber(session, without_match=True)
    early = make_bundle(session, broker, release_on=TODAY + timedelta(days=1))
    assert refusal_of(session, broker, early, replica).code == "bundle-not-due"
    empty = make_bundle(session, broker)
    put_in(session, broker, empty)
    assert refusal_of(session, broker, empty, replica).code == "bundle-empty"
    gone = make_bundle(session, broker)
    gone.items[0].achievement.status = ListingStatus.WITHDRAWN
    session.flush()
    refusal = refusal_of(session, broker, gone, replica)
    assert refusal.code == "bundle-unpublished-achievement"
    assert f"“{gone.items[0].title}”" in refusal.detail
    stale = make_bundle(session, broker)
    assert refusal_of(session, broker, stale, replica, days=366).code == "bundle-unpublished-achievement"
    assert {one.status for one in (early, empty, gone, stale)} == {Status.DRAFT}
    assert inbox(session, subscriber) == []


def test_a_released_bundle_reads_as_it_was_released(session: Session, replica: Replica) -> None:
    broker, subscriber = make_broker(session), make_subscriber(session, without_match=True)
    achievement = make_found_achievement(session, trl=6)
    bundle = make_bundle(session, broker, achievement)
    achievement.trl = 7  # after it was put in, before the release
    session.flush()
    release(session, broker, bundle.id, replica=replica)
    before = achievement.title
    achievement.title, achievement.trl, achievement.organisation.name = "新的名称", 9, "新的单位"
    achievement.status = ListingStatus.REWORK
    session.flush()
    (item,) = get_bundle(session, None, bundle.id).shown_items
    assert (item.title, item.provider, item.trl) == (before, "澄江示例大学", 7)
    assert (item.achievement_id, item.state_name) == (None, "已下架")
    assert refusal_of(session, broker, bundle, replica).code == "illegal-transition"
    with pytest.raises(Conflict):
        put_in(session, broker, bundle)

    (sent,) = inbox(session, subscriber)
    assert mark_read(session, subscriber, sent.id, now=NOW).read_at == NOW
    assert mark_read(session, subscriber, sent.id, now=NOW + timedelta(days=1)).read_at == NOW
    assert list_deliveries(session, subscriber, page=PAGE, unread=True).items == []

    withdraw_bundle(session, broker, bundle.id, note="权属有争议", now=NOW)
    with pytest.raises(NotFound):
        get_bundle(session, subscriber, bundle.id)
    assert inbox(session, subscriber)[0].bundle.status is Status.WITHDRAWN


def test_what_changed_since_it_was_prepared_is_not_sent(database: Database, replica: Replica) -> None:
    with database.transaction() as session:
        broker, subscriber = make_broker(session), make_subscriber(session)
        need = make_wanted_need(session, subscriber)
        bundle = make_bundle(session, broker, make_found_achievement(session))
    with database.reading() as session:
        prepared = prepare_release(session, broker, bundle.id, replica=replica, now=NOW)
    assert [pair.need_id for pair in prepared.pairs[unit_of(subscriber)]] == [need.id]
    with database.transaction() as session:
        bundle = get_bundle(session, broker, bundle.id)
        put_in(session, broker, bundle, make_found_achievement(session))
        with pytest.raises(Conflict) as refused:
            release_bundle(session, broker, bundle.id, prepared=prepared, now=NOW)
        assert (refused.value.code, bundle.status) == ("bundle-changed", Status.DRAFT)
        again = prepare_release(session, broker, bundle.id, replica=replica, now=NOW)
        session.get_one(Need, need.id).status = ListingStatus.MATCHING
        release_bundle(session, broker, bundle.id, prepared=again, now=NOW)
        assert inbox(session, subscriber) == []


def test_a_bundle_without_a_need_is_sent_to_a_unit_once(session: Session) -> None:
    bundle = make_bundle(session, make_broker(session))
    unit = unit_of(make_subscriber(session))
    for _ in range(2):
        session.add(BundleDelivery(bundle_id=bundle.id, organisation_id=unit, created_at=NOW))
    with pytest.raises(IntegrityError):
        session.flush()


def test_lists_show_what_one_may_read(session: Session) -> None:
    broker = make_broker(session)
    colleague = actor_of(make_user(session, session.get_one(Organisation, unit_of(broker))))
    draft, out = make_bundle(session, broker), make_bundle(session, broker, status=Status.RELEASED)
    gone = make_bundle(session, broker, status=Status.WITHDRAWN)
    far = make_bundle(session, make_broker(session), region_code="110000", chain_code="chain-ai")
    admin = actor_of(make_user(session))
    bureau = make_actor(session, OrganisationKind.BUREAU, uscc=None, region_code="320200")

    def seen(actor: Actor | None, **conditions: object) -> list[int]:
        page = list_bundles(session, actor, page=PAGE, **conditions)  # type: ignore[arg-type]
        return [bundle.id for bundle in page.items]

    assert seen(None) == seen(make_broker(session)) == [out.id]
    assert seen(broker) == seen(colleague) == [gone.id, out.id, draft.id]
    assert seen(admin) == [far.id, gone.id, out.id, draft.id]
    assert seen(admin, chain="chain-ai") == seen(admin, region="110000") == [far.id]
    assert seen(broker, mine=True, status=Status.DRAFT) == [draft.id]
    assert seen(bureau) == [gone.id, out.id, draft.id]
    for actor in (None, make_broker(session)):
        for bundle in (draft, gone):
            with pytest.raises(NotFound):
                get_bundle(session, actor, bundle.id)
