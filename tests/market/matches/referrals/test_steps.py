"""Every step of a referral against the table; who may take it; what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.models import User
from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.audit.models import AuditEvent
from market.errors import Conflict, NotFound, PermissionDenied, RuleViolation
from market.libraries.rules import Register
from market.libraries.rules.talents import ConsentScope
from market.libraries.service.talents import give_consent, withdraw_consent
from market.listings.rules import Status as ListingStatus
from market.matches.models import Referral
from market.matches.queries.referrals import list_events
from market.matches.rules import OPEN_TO_PARTIES, TRANSITIONS, Action, Status
from market.matches.rules.referrals import ReferralSide
from market.matches.service import referrals as service
from matching.types import Kind
from tests.factories import NOW, make_actor, make_organisation
from tests.market.libraries.factories import ENCODER, make_enterprise, make_node, publish
from tests.market.libraries.factories_talents import make_talent
from tests.market.listings.factories import findable
from tests.market.listings.refusals import code_of, faults
from tests.market.matches.factories import make_need
from tests.market.matches.referrals.factories import (
    World,
    end,
    make_referral,
    make_resource,
    make_world,
    refer_expert,
    review,
    want,
)

Perform = Callable[[Session, World, Referral], Any]


@pytest.fixture
def world(session: Session) -> World:
    """The people, not committed."""
    return make_world(session)


def assign(session: Session, actor: Actor, referral: Referral, broker: Actor | None = None) -> None:
    broker_id = (broker or actor).user_id
    assert broker_id is not None
    service.assign_referral(session, actor, referral.id, broker_id=broker_id, now=NOW)


def actions_of(session: Session, referral: Referral) -> list[tuple[Action, ReferralSide | None]]:
    return [(event.action, event.side) for event in list_events(session, referral)]


def engine_step(action: Action) -> Perform:
    return lambda session, _, one: service.take_engine_step(session, OPERATOR, one, action, now=NOW)


PERFORM: Mapping[Action, Perform] = {
    Action.ASSIGN: lambda s, world, one: assign(s, world.scene.broker, one),
    Action.DECLINE: lambda s, world, one: review(s, world.scene.broker, one, Action.DECLINE),
    Action.RECOMMEND: lambda s, world, one: review(s, world.scene.broker, one),
    Action.INTEREST: lambda s, world, one: want(s, world.scene.enterprise, one),
    Action.DISINTEREST: lambda s, world, one: want(s, world.person, one, interested=False),
    Action.SIGN: lambda s, world, one: end(s, world.scene.broker, one, signed=True),
    Action.FAIL: lambda s, world, one: end(s, world.scene.broker, one, signed=False, code="price"),
    Action.LAPSE: engine_step(Action.LAPSE),
    Action.REVIVE: engine_step(Action.REVIVE),
}


def test_every_step_of_the_table_is_tried_here() -> None:
    # Agreement follows from the second interest; talks are not noted down here.
    assert set(PERFORM) == set(TRANSITIONS) - {Action.AGREE, Action.NOTE}


@pytest.mark.parametrize("action", PERFORM)
def test_a_step_starts_from_its_states_alone_and_is_written_down(
    session: Session, world: World, action: Action
) -> None:
    step = TRANSITIONS[action]
    for status in Status:
        one = refer_expert(session, world, status=status, broker_id=world.scene.broker.user_id)
        if status in step.sources:
            PERFORM[action](session, world, one)
            assert one.status is (step.target or status), status
            event = list_events(session, one)[-1]
            assert (event.action, event.source, event.target) == (action, status, one.status)
            assert event.at == NOW
            done = select(AuditEvent).where(AuditEvent.entity == "referral").order_by(AuditEvent.id.desc())
            audit = session.scalars(done).first()
            assert audit is not None
            assert (audit.action, audit.entity_id) == (f"referral.{action.value}", one.id)
            assert audit.actor_id == event.actor_id
            assert audit.details == {"from": status.value, "to": one.status.value}
        else:
            # To the two sides, what is not recommended does not exist at all.
            sides = action in {Action.INTEREST, Action.DISINTEREST} and status not in OPEN_TO_PARTIES
            code = code_of(session, lambda one=one: PERFORM[action](session, world, one))
            assert code == ("referral-not-found" if sides else "illegal-transition"), status
            assert one.status is status
            assert list_events(session, one) == []


def test_a_referral_goes_from_the_desk_to_an_arrangement(session: Session, world: World) -> None:
    one = refer_expert(session, world)
    review(session, world.scene.broker, one)
    assert (one.broker_id, one.reason_code, one.decided_at) == (
        world.scene.broker.user_id,
        "indicators_fit",
        NOW,
    )
    want(session, world.scene.enterprise, one)
    assert (one.status, one.demand_interest, one.supply_interest) == (Status.RECOMMENDED, True, None)
    want(session, world.person, one)
    assert one.status is Status.AGREED
    assert ("need", one.demand_id) in findable(session)  # the search for an achievement goes on
    end(session, world.scene.university, one, signed=True)
    assert actions_of(session, one) == [
        (Action.RECOMMEND, None),
        (Action.INTEREST, ReferralSide.DEMAND),
        (Action.INTEREST, ReferralSide.SUPPLY),
        (Action.AGREE, None),
        (Action.SIGN, ReferralSide.SUPPLY),
    ]


def test_the_unit_and_the_person_speak_for_an_expert(session: Session, world: World) -> None:
    for actor in (world.scene.university, world.person):
        one = refer_expert(session, world, status=Status.RECOMMENDED)
        want(session, actor, one, interested=False)
        assert (one.status, one.supply_interest) == (Status.NOT_INTERESTED, False)
    one = refer_expert(session, world, status=Status.RECOMMENDED)
    for name in ("stranger", "bureau", "registrar", "unverified_broker"):
        assert code_of(session, lambda n=name: want(session, world.actor(n), one), NotFound) == (
            "referral-not-found"
        )
    for name in ("admin", "broker"):
        assert code_of(session, lambda n=name: want(session, world.actor(n), one), PermissionDenied) == (
            "not-a-party"
        )


def test_the_bureau_speaks_for_its_nodes_and_for_what_has_nobody_on_the_market(
    session: Session, world: World
) -> None:
    node, enterprise = make_node(session), make_enterprise(session)
    publish(session, Register.CHAINS)
    one = make_referral(
        session, (Kind.NODE, node.id), (Kind.ENTERPRISE, enterprise.id), status=Status.RECOMMENDED
    )
    far = make_actor(session, OrganisationKind.BUREAU, uscc=None, region_code="320282")
    assert code_of(session, lambda: want(session, far, one), NotFound) == "referral-not-found"
    want(session, world.bureau, one)  # for both
    assert (one.status, one.demand_interest, one.supply_interest) == (Status.AGREED, True, True)
    assert [side for _, side in actions_of(session, one)] == [
        ReferralSide.DEMAND,
        ReferralSide.SUPPLY,
        None,
    ]
    owned = make_enterprise(session, organisation_id=world.scene.buyer.id)
    publish(session, Register.CHAINS)
    two = make_referral(session, (Kind.NODE, node.id), (Kind.ENTERPRISE, owned.id), status=Status.RECOMMENDED)
    want(session, world.scene.bureau, two)  # that of the city
    assert (two.status, two.demand_interest, two.supply_interest) == (Status.RECOMMENDED, True, None)
    want(session, world.scene.enterprise, two)
    assert two.status is Status.AGREED


def test_talks_begin_while_both_are_on_the_market(session: Session, world: World) -> None:
    one = refer_expert(session, world, status=Status.RECOMMENDED, demand_interest=True)
    withdraw_consent(session, OPERATOR, one.supply_id, scope=ConsentScope.FIND, now=NOW)
    assert code_of(session, lambda: want(session, world.person, one), Conflict) == "record-off-market"
    assert (one.status, one.supply_interest) == (Status.RECOMMENDED, None)
    gone = make_need(session, world.scene.buyer, status=ListingStatus.WITHDRAWN)
    talent = make_talent(session, organisation_id=world.scene.seller.id)
    two = make_referral(
        session, (Kind.NEED, gone.id), (Kind.EXPERT, talent.id), status=Status.RECOMMENDED,
        demand_interest=True,
    )  # fmt: skip
    work = lambda: want(session, world.scene.university, two)  # noqa: E731
    assert code_of(session, work, Conflict) == "record-off-market"
    gone.status = ListingStatus.MATCHING  # talks with others do not keep it from an expert
    session.flush()
    want(session, world.scene.university, two)
    assert two.status is Status.AGREED


def test_assignments(session: Session, world: World) -> None:
    one, broker, other = refer_expert(session, world), world.scene.broker, world.scene.other_broker
    assign(session, broker, one)
    assert code_of(session, lambda: assign(session, other, one), Conflict) == "already-assigned"
    assert code_of(session, lambda: review(session, other, one), PermissionDenied) == "already-assigned"
    code = code_of(session, lambda: assign(session, broker, one, other), PermissionDenied)
    assert code == "role-not-allowed"
    assign(session, world.scene.admin, one, other)
    assert one.broker_id == other.user_id
    assert faults(session, lambda: assign(session, world.scene.admin, one, world.person)) == {
        "/broker_id": "not-a-broker"
    }
    assert other.user_id is not None
    session.get_one(User, other.user_id).active = False
    assert code_of(session, lambda: assign(session, world.scene.admin, one, other), RuleViolation) == (
        "not-a-broker"
    )


def test_a_broker_with_an_interest_stands_back(session: Session, world: World) -> None:
    agency = make_organisation(session, OrganisationKind.AGENCY)
    colleague = make_actor(session, OrganisationKind.AGENCY)
    need = make_need(session, world.scene.buyer)
    of_agency = make_talent(session, organisation_id=colleague.organisation_id)
    herself = make_talent(session, organisation_id=agency.id)
    herself.user_id = colleague.user_id
    for talent in (of_agency, herself):
        one = make_referral(session, (Kind.NEED, need.id), (Kind.EXPERT, talent.id))
        for work in (
            lambda one=one: review(session, colleague, one),
            lambda one=one: assign(session, colleague, one),
            lambda one=one: assign(session, world.scene.admin, one, colleague),
        ):
            assert code_of(session, work, PermissionDenied) == "conflict-of-interest"
        assert (one.status, one.broker_id) == (Status.SUGGESTED, None)


def test_reviews_and_outcomes_are_refused(session: Session, world: World) -> None:
    one = refer_expert(session, world)
    assert code_of(session, lambda: review(session, world.scene.admin, one)) == "role-not-allowed"
    for name in ("unverified_broker", "enterprise", "person", "bureau"):
        code = code_of(session, lambda n=name: review(session, world.actor(n), one))
        assert code == "referral-not-found", name
    with_bad_code = lambda: service.review_referral(  # noqa: E731
        session, world.scene.broker, one.id, decision=Action.RECOMMEND, reason_code="off_topic", words="好",
        now=NOW,
    )  # fmt: skip
    assert faults(session, with_bad_code) == {"/reason_code": "unknown-code"}
    agreed = refer_expert(session, world, status=Status.AGREED, broker_id=world.scene.broker.user_id)
    for name in ("admin", "other_broker"):
        code = code_of(session, lambda n=name: end(session, world.actor(n), agreed, signed=True))
        assert code == "not-a-party"
    assert faults(session, lambda: end(session, world.person, agreed, signed=False)) == {
        "/reason_code": "reason-missing"
    }
    assert faults(session, lambda: end(session, world.person, agreed, signed=False, code="x")) == {
        "/reason_code": "unknown-code"
    }
    end(session, world.person, agreed, signed=False, code="price")
    assert agreed.status is Status.FAILED


def test_a_revived_referral_is_decided_anew(session: Session, world: World) -> None:
    one = refer_expert(
        session, world, status=Status.LAPSED, reason_code="x", decided_at=NOW, demand_interest=True
    )
    service.take_engine_step(session, OPERATOR, one, Action.REVIVE, now=NOW)
    assert (one.status, one.reason_code, one.decided_at) == (Status.SUGGESTED, None, None)
    assert (one.demand_interest, one.supply_interest) == (None, None)


def test_the_contact_is_released_once_both_agree_and_the_person_consents(
    session: Session, world: World
) -> None:
    buyer, seller, broker = world.scene.enterprise, world.scene.university, world.scene.broker

    def read(actor: Actor, one: Referral) -> str | None:
        return service.read_contact(session, actor, one.id, now=NOW)

    one = refer_expert(session, world, status=Status.RECOMMENDED, broker_id=broker.user_id)
    consent = {"scope": ConsentScope.CONTACT, "given_on": NOW.date(), "evidence": "同意书第8号"}
    give_consent(session, world.person, one.supply_id, **consent, encoder=ENCODER, now=NOW)
    for actor in (buyer, broker):  # before both want to talk
        with pytest.raises(PermissionDenied, match="双方都表示有意以后"):
            read(actor, one)
    want(session, buyer, one)
    want(session, world.person, one)
    assert {read(actor, one) for actor in (buyer, broker, seller, world.person)} == {"0510-80000000"}
    read_by = session.scalars(select(AuditEvent).where(AuditEvent.action == "talent.read_contact")).all()
    assert {event.actor_id for event in read_by} == {buyer.user_id, broker.user_id, seller.user_id}

    withdraw_consent(session, world.person, one.supply_id, scope=ConsentScope.CONTACT, now=NOW)
    assert code_of(session, lambda: read(buyer, one), PermissionDenied) == "contact-not-released"


def test_only_people_have_a_contact(session: Session, world: World) -> None:
    need, resource = make_need(session, world.scene.buyer), make_resource(session)
    pair = (Kind.NEED, need.id), (Kind.RESOURCE, resource.id)
    one = make_referral(session, *pair, status=Status.AGREED)
    code = code_of(
        session, lambda: service.read_contact(session, world.scene.enterprise, one.id, now=NOW), NotFound
    )
    assert code == "no-contact"
