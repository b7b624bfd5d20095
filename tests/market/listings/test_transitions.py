"""Every step from every state, by everybody: the table decides, and the index stays in line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, Actor, OrganisationKind, OrganisationStatus
from market.audit.models import AuditEvent
from market.errors import Conflict, MarketError, NotFound, PermissionDenied
from market.listings import queries, service
from market.listings.models import Listing
from market.listings.rules import TRANSITIONS, Action, By, ListingKind, Status
from market.search.models import ListingChange, Operation
from tests.factories import NOW, make_actor
from tests.market.listings.factories import (
    ENCODER,
    NAMES,
    TODAY,
    Cast,
    findable,
    make_cast,
    make_listing,
    published,
)

Perform = Callable[[Session, Actor, Listing], Any]


def _review(action: Action) -> Perform:
    return lambda session, actor, listing: service.review_listing(
        session, actor, listing.kind, listing.id, decision=action, note="理由", encoder=ENCODER, now=NOW
    )


def _market(action: Action) -> Perform:
    return lambda session, actor, listing: service.take_market_step(
        session, OPERATOR, listing, action, encoder=ENCODER, now=NOW
    )


PERFORM: Mapping[Action, Perform] = {
    Action.SUBMIT: lambda s, a, one: service.submit_listing(s, a, one.kind, one.id, now=NOW),
    Action.PUBLISH: _review(Action.PUBLISH),
    Action.RETURN: _review(Action.RETURN),
    Action.REJECT: _review(Action.REJECT),
    Action.WITHDRAW: lambda s, a, one: service.withdraw_listing(s, a, one.kind, one.id, note="停产", now=NOW),
    Action.REVISE: lambda s, a, one: service.revise_listing(s, a, one.kind, one.id, now=NOW),
    Action.RENEW: lambda s, a, one: service.renew_listing(
        s, a, one.kind, one.id, expires_on=TODAY + timedelta(days=30), encoder=ENCODER, now=NOW
    ),
    Action.EXPIRE: _market(Action.EXPIRE),
    Action.START_MATCHING: _market(Action.START_MATCHING),
    Action.REOPEN: lambda s, a, one: service.reopen_listing(s, a, one.kind, one.id, encoder=ENCODER, now=NOW),
    Action.SIGN: _market(Action.SIGN),
    Action.COMPLETE: lambda s, a, one: service.complete_listing(s, a, one.kind, one.id, now=NOW),
}

OWNERS = {"owner", "admin"}
REVIEWERS = {"broker", "bureau", "admin"}
BY_NAME: Mapping[By, set[str]] = {By.OWNER: OWNERS, By.REVIEWER: REVIEWERS, By.MARKET: set()}
BY_PEOPLE = [action for action, step in TRANSITIONS.items() if step.by != {By.MARKET}]


def taker(cast: Cast, action: Action) -> Actor:
    """Return somebody who may take a step, and may see the listing in every state."""
    return cast.owner if By.OWNER in TRANSITIONS[action].by else cast.admin


def due(session: Session, cast: Cast, kind: ListingKind, status: Status, action: Action) -> Listing:
    """Return a listing in a state; one that is to expire is past its last day."""
    listing = make_listing(session, kind, cast.organisation, status=status)
    if action is Action.EXPIRE:
        listing.expires_on = TODAY - timedelta(days=1)
        session.flush()
    return listing


@pytest.mark.parametrize("kind", [ListingKind.NEED, ListingKind.ACHIEVEMENT])
@pytest.mark.parametrize("action", TRANSITIONS)
def test_a_step_starts_from_its_states_alone_and_leads_where_the_table_says(
    session: Session, action: Action, kind: ListingKind
) -> None:
    cast, step = make_cast(session, kind), TRANSITIONS[action]
    for status in Status:
        listing = due(session, cast, kind, status, action)
        before = findable(session)
        if status in step.sources:
            PERFORM[action](session, taker(cast, action), listing)
            assert listing.status is step.target, status
            assert ((kind.value, listing.id) in findable(session)) is (step.target is Status.PUBLISHED), (
                status
            )
        else:
            with pytest.raises(Conflict) as caught, session.begin_nested():
                PERFORM[action](session, taker(cast, action), listing)
            assert caught.value.code == "illegal-transition", status
            assert listing.status is status
            assert findable(session) == before
        if action is not Action.EXPIRE:
            assert findable(session) == published(session)


@pytest.mark.parametrize("action", TRANSITIONS)
def test_every_step_leaves_an_event_and_an_audit_event(session: Session, action: Action) -> None:
    cast, step = make_cast(session), TRANSITIONS[action]
    source = sorted(step.sources)[0]
    listing = due(session, cast, ListingKind.NEED, source, action)
    actor = OPERATOR if step.by == {By.MARKET} else taker(cast, action)
    PERFORM[action](session, actor, listing)
    event = queries.list_events(session, listing)[-1]
    assert (event.action, event.source, event.target) == (action, source, step.target)
    assert (event.actor_id, event.version, event.at) == (actor.user_id, listing.version, NOW)
    assert event.snapshot is None
    done = select(AuditEvent).where(AuditEvent.entity_id == listing.id).order_by(AuditEvent.id.desc())
    audit = session.scalars(done).first()
    assert audit is not None
    assert (audit.action, audit.entity, audit.actor_id) == (f"need.{action.value}", "need", actor.user_id)
    assert audit.details == {"from": source.value, "to": step.target.value}


@pytest.mark.parametrize("name", NAMES)
def test_each_step_is_for_those_the_table_names(session: Session, name: str) -> None:
    cast = make_cast(session)
    actor: Actor = getattr(cast, name)
    for action in BY_PEOPLE:
        step = TRANSITIONS[action]
        allowed = name in set().union(*(BY_NAME[by] for by in step.by))
        source = sorted(step.sources)[0]
        listing = make_listing(session, ListingKind.NEED, cast.organisation, status=source)
        if allowed:
            PERFORM[action](session, actor, listing)
            assert listing.status is step.target, action
            continue
        with pytest.raises((PermissionDenied, NotFound)), session.begin_nested():
            PERFORM[action](session, actor, listing)
        assert listing.status is source, action


def test_the_market_takes_no_step_that_is_for_people(session: Session) -> None:
    cast = make_cast(session)
    for action in BY_PEOPLE:
        if By.MARKET in TRANSITIONS[action].by:
            continue
        listing = make_listing(
            session, ListingKind.NEED, cast.organisation, status=sorted(TRANSITIONS[action].sources)[0]
        )
        with pytest.raises(PermissionDenied) as caught, session.begin_nested():
            _market(action)(session, OPERATOR, listing)
        assert caught.value.code == "step-not-allowed", action


def code_of(session: Session, action: Action, actor: Actor, listing: Listing) -> str:
    """Return the code of the error that a step gives."""
    with pytest.raises(MarketError) as caught, session.begin_nested():
        PERFORM[action](session, actor, listing)
    return caught.value.code


def test_nobody_reviews_a_listing_of_their_own_organisation(session: Session) -> None:
    broker = make_actor(session, OrganisationKind.AGENCY)
    assert broker.organisation_id is not None
    own = make_listing(session, ListingKind.NEED, broker.organisation_id, status=Status.PENDING)
    assert code_of(session, Action.PUBLISH, broker, own) == "conflict-of-interest"
    PERFORM[Action.PUBLISH](session, make_actor(session, OrganisationKind.AGENCY), own)
    assert own.status is Status.PUBLISHED


def test_refusals_say_why(session: Session) -> None:
    cast = make_cast(session)
    pending = make_listing(session, ListingKind.NEED, cast.organisation, status=Status.PENDING)
    live = make_listing(session, ListingKind.NEED, cast.organisation)
    assert code_of(session, Action.WITHDRAW, cast.unverified_broker, live) == "organisation-not-verified"
    assert code_of(session, Action.PUBLISH, cast.unverified_broker, pending) == "need-not-found"
    assert code_of(session, Action.PUBLISH, cast.owner, pending) == "conflict-of-interest"
    assert code_of(session, Action.PUBLISH, cast.stranger, pending) == "need-not-found"
    assert code_of(session, Action.WITHDRAW, cast.far_bureau, live) == "role-not-allowed"
    assert code_of(session, Action.WITHDRAW, cast.stranger, live) == "role-not-allowed"
    assert code_of(session, Action.RENEW, cast.stranger, live) == "not-owner"
    assert code_of(session, Action.REVISE, cast.broker, live) == "not-owner"


@pytest.mark.parametrize(
    "status", [one for one in OrganisationStatus if one is not OrganisationStatus.VERIFIED]
)
def test_an_organisation_that_is_not_verified_neither_submits_nor_is_published(
    session: Session, status: OrganisationStatus
) -> None:
    cast = make_cast(session)
    draft = make_listing(session, ListingKind.NEED, cast.organisation, status=Status.DRAFT)
    pending = make_listing(session, ListingKind.NEED, cast.organisation, status=Status.PENDING)
    cast.organisation.status = status
    session.flush()
    assert code_of(session, Action.SUBMIT, cast.owner, draft) == "organisation-not-verified"
    assert code_of(session, Action.PUBLISH, cast.broker, pending) == "organisation-not-verified"
    assert findable(session) == set()
    PERFORM[Action.RETURN](session, cast.broker, pending)  # sending it back needs no verified owner
    assert pending.status is Status.REWORK


def test_the_index_hears_of_a_listing_only_when_it_enters_or_leaves_the_market(session: Session) -> None:
    cast = make_cast(session)
    listing = make_listing(session, ListingKind.NEED, cast.organisation, status=Status.DRAFT)
    steps: list[tuple[Action, Operation | None]] = [
        (Action.SUBMIT, None),
        (Action.PUBLISH, Operation.UPSERT),
        (Action.RENEW, Operation.UPSERT),
        (Action.START_MATCHING, Operation.REMOVE),
        (Action.REOPEN, Operation.UPSERT),
        (Action.REVISE, Operation.REMOVE),
        (Action.SUBMIT, None),
        (Action.PUBLISH, Operation.UPSERT),
        (Action.SIGN, Operation.REMOVE),
        (Action.COMPLETE, None),
    ]
    for action, operation in steps:
        seen = len(session.scalars(select(ListingChange.seq)).all())
        PERFORM[action](session, taker(cast, action), listing)
        rows = session.scalars(select(ListingChange).order_by(ListingChange.seq)).all()[seen:]
        assert [row.operation for row in rows] == ([operation] if operation else []), action


def test_a_listing_past_its_last_day_returns_to_the_market_without_being_found(session: Session) -> None:
    cast = make_cast(session)
    listing = make_listing(session, ListingKind.NEED, cast.organisation, status=Status.MATCHING)
    listing.expires_on = TODAY - timedelta(days=1)
    session.flush()
    PERFORM[Action.REOPEN](session, cast.owner, listing)
    assert listing.status is Status.PUBLISHED
    assert findable(session) == set()
    assert service.expire_due(session, now=NOW) == 1
    assert listing.status is Status.EXPIRED


def test_a_step_into_the_index_without_an_encoder_is_a_mistake_of_the_caller(session: Session) -> None:
    cast = make_cast(session)
    listing = make_listing(session, ListingKind.NEED, cast.organisation, status=Status.MATCHING)
    with pytest.raises(ValueError, match="needs an encoder"), session.begin_nested():
        service.take_market_step(session, OPERATOR, listing, Action.REOPEN, encoder=None, now=NOW)
