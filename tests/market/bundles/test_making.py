"""Making bundles and subscribing: rights, versions, codes, lists of achievements."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, OrganisationKind, OrganisationStatus
from market.audit.models import AuditEvent
from market.bundles.queries import list_subscriptions
from market.bundles.service.making import create_bundle, edit_bundle, set_items
from market.bundles.service.subscriptions import mark_read, subscribe, unsubscribe
from market.errors import Conflict, MarketError, NotFound, PermissionDenied, RuleViolation, StaleVersion
from market.listings.rules import Status as ListingStatus
from tests.factories import JIANGYIN, NOW, make_achievement, make_actor, make_organisation
from tests.market.bundles.factories import bundle_form, make_broker, make_bundle, make_subscriber
from tests.market.listings.factories import TODAY


def code_of(error: type[MarketError], work, *args, **values) -> str:  # type: ignore[no-untyped-def]
    """Return the code with which work is refused."""
    with pytest.raises(error) as refused:
        work(*args, **values, now=NOW)
    return refused.value.code


def test_who_makes_bundles_and_where(session: Session) -> None:
    bureau = make_actor(session, OrganisationKind.BUREAU, uscc=None, region_code=JIANGYIN)
    made = create_bundle(session, bureau, form=bundle_form(), now=NOW)
    assert (made.region_code, made.organisation_id) == (JIANGYIN, bureau.organisation_id)
    far = bundle_form(region_code="110000")
    assert create_bundle(session, make_broker(session), form=far, now=NOW).region_code == "110000"
    assert code_of(PermissionDenied, create_bundle, session, bureau, form=far) == "outside-region"
    assert code_of(RuleViolation, create_bundle, session, OPERATOR, form=bundle_form()) == "region-missing"
    wrong = bundle_form(chain_code="chain-moon")
    assert code_of(RuleViolation, create_bundle, session, bureau, form=wrong) == "unknown-code"
    pending = make_actor(session, OrganisationKind.AGENCY, status=OrganisationStatus.PENDING)
    for actor in (pending, make_actor(session)):
        code = code_of(PermissionDenied, create_bundle, session, actor, form=bundle_form())
        assert code == "role-not-allowed"


def test_a_draft_is_changed_by_who_has_seen_it(session: Session) -> None:
    broker = make_broker(session)
    bundle = make_bundle(session, broker)
    later = TODAY + timedelta(days=3)
    changes = {"release_on": later, "title": "膜法回用"}
    edited = edit_bundle(session, broker, bundle.id, changes=changes, version=bundle.version, now=NOW)
    assert (edited.release_on, edited.title) == (later, "膜法回用")
    stale = {"changes": {"title": "别的"}, "version": edited.version - 1}
    assert code_of(StaleVersion, edit_bundle, session, broker, bundle.id, **stale) == "stale-version"
    missing = {"changes": {"title": "别的"}, "version": edited.version}
    other = make_broker(session)
    assert code_of(NotFound, edit_bundle, session, other, bundle.id, **missing) == "bundle-not-found"


def test_the_list_of_achievements_is_replaced_as_a_whole(session: Session) -> None:
    broker = make_broker(session)
    bundle = make_bundle(session, broker)
    seller = make_organisation(session, OrganisationKind.UNIVERSITY)
    kept, new = bundle.items[0].achievement, make_achievement(session, seller, status=ListingStatus.PENDING)
    hidden = make_achievement(session, seller, status=ListingStatus.DRAFT)
    version = bundle.version

    def items(*ids: int) -> list[dict[str, object]]:
        return [{"achievement_id": one, "words": f"第{one}项"} for one in ids]

    set_items(session, broker, bundle.id, items=items(new.id, kept.id), version=version, now=NOW)
    assert bundle.version == version + 1
    shown = bundle.shown_items
    assert [(one.achievement_id, one.state_name) for one in shown] == [(new.id, "未发布"), (kept.id, "在架")]
    assert [one.position for one in bundle.items] == [1, 2]
    wrong = items(kept.id, kept.id, hidden.id)
    with pytest.raises(RuleViolation) as refused:
        set_items(session, broker, bundle.id, items=wrong, version=bundle.version, now=NOW)
    assert [(fault.pointer, fault.code) for fault in refused.value.fields] == [
        ("/items/1/achievement_id", "achievement-twice"),
        ("/items/2/achievement_id", "achievement-not-found"),
    ]
    assert len(bundle.items) == 2


def test_a_unit_subscribes_once_and_for_itself(session: Session) -> None:
    owner, stranger = make_subscriber(session), make_subscriber(session)
    chain, field = "chain-textile", "07"
    for one in ((chain, field), (None, field)):
        subscribe(session, owner, chain_code=one[0], tech_field=one[1], now=NOW)
    for one in ((chain, None), (None, field), (chain, field)):
        wanted = {"chain_code": one[0], "tech_field": one[1]}
        assert code_of(Conflict, subscribe, session, owner, **wanted) == "subscription-exists"
    rows = list_subscriptions(session, owner)
    assert [(row.chain_code, row.tech_field) for row in rows] == [
        (chain, None),
        (chain, field),
        (None, field),
    ]
    nothing = {"chain_code": None, "tech_field": None}
    assert code_of(RuleViolation, subscribe, session, owner, **nothing) == "subscription-subject-missing"
    unknown = {"chain_code": "chain-moon", "tech_field": "99"}
    assert code_of(RuleViolation, subscribe, session, owner, **unknown) == "unknown-code"
    pending = make_actor(session, status=OrganisationStatus.PENDING)
    wanted = {"chain_code": chain, "tech_field": None}
    assert code_of(PermissionDenied, subscribe, session, pending, **wanted) == "organisation-not-verified"
    broker = make_broker(session)
    assert code_of(PermissionDenied, subscribe, session, broker, **wanted) == "role-not-allowed"

    assert code_of(NotFound, unsubscribe, session, stranger, rows[0].id) == "bundle-subscription-not-found"
    unsubscribe(session, owner, rows[0].id, now=NOW)
    assert [row.id for row in list_subscriptions(session, owner)] == [rows[1].id, rows[2].id]
    assert code_of(NotFound, mark_read, session, owner, 0) == "bundle-delivery-not-found"
    events = session.scalars(select(AuditEvent.action).where(AuditEvent.entity_id == rows[0].id))
    assert "bundle_subscription.delete" in events.all()
