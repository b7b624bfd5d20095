"""Who reads which referrals, in what order, and what of the records behind them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.db import PageRequest
from market.errors import NotFound, PermissionDenied
from market.libraries.rules import Register
from market.libraries.rules.talents import ConsentScope, ErasureReason
from market.libraries.service.talents import erase_talent, withdraw_consent
from market.matches.models import Referral
from market.matches.queries.desk import get_desk
from market.matches.queries.referrals import get_referral, list_referrals
from market.matches.rules import OPEN_TO_PARTIES, Status
from market.matches.rules.referrals import ReferralSide
from matching.types import Kind
from tests.factories import NOW, make_actor, make_organisation, make_user
from tests.market.libraries.factories import make_enterprise, make_node, publish
from tests.market.libraries.factories_talents import make_talent
from tests.market.listings.factories import TODAY
from tests.market.matches.factories import NAMES, make_achievement, make_need, make_pair
from tests.market.matches.referrals.factories import (
    World,
    make_referral,
    make_resource,
    make_scenario,
    make_world,
    refer_expert,
)

ALL = PageRequest(limit=100)


@pytest.fixture
def world(session: Session) -> World:
    """The people, not committed."""
    return make_world(session)


def ids(session: Session, actor: Actor, **filters: Any) -> list[int]:
    page = list_referrals(session, actor, today=TODAY, page=ALL, **filters)
    return [case.referral.id for case in page.items]


def knows(session: Session, actor: Actor, referral: Referral) -> bool:
    try:
        return get_referral(session, actor, referral.id, today=TODAY).referral is referral
    except NotFound:
        return False


def test_lists_and_single_referrals_show_the_same_to_the_same_person(session: Session, world: World) -> None:
    referrals = [refer_expert(session, world, status=status) for status in Status]
    opened = {one.id for one in referrals if one.status in OPEN_TO_PARTIES}
    everything = {one.id for one in referrals}
    expected = dict.fromkeys(("broker", "other_broker", "admin"), everything)
    expected |= dict.fromkeys(("enterprise", "university", "person"), opened)
    for name in (*NAMES, "bureau", "person"):
        actor = world.actor(name)
        seen = expected.get(name, set())
        assert set(ids(session, actor)) == seen, name
        assert {one.id for one in referrals if knows(session, actor, one)} == seen, name


def test_every_sort_of_side_is_seen_by_whoever_speaks_for_it(session: Session, world: World) -> None:
    scene = world.scene
    node, free = make_node(session), make_enterprise(session)
    owned = make_enterprise(session, organisation_id=scene.buyer.id)
    lab = make_resource(session, organisation_id=scene.seller.id)
    nobodys, linked = make_talent(session), make_talent(session)
    linked.user_id = world.person.user_id
    achievement = make_achievement(session, scene.seller)
    open_ = make_organisation(session, OrganisationKind.BUREAU, uscc=None)
    scenario = make_scenario(session, open_)
    office = actor_of(make_user(session, open_))
    foreign = make_need(session, make_organisation(session))
    made = {
        name: make_referral(session, demand, supply, status=Status.RECOMMENDED).id
        for name, demand, supply in (
            ("gap", (Kind.NODE, node.id), (Kind.ENTERPRISE, free.id)),
            ("owned", (Kind.NODE, node.id), (Kind.ENTERPRISE, owned.id)),
            ("lab", (Kind.NEED, foreign.id), (Kind.RESOURCE, lab.id)),
            ("nobody", (Kind.NEED, foreign.id), (Kind.EXPERT, nobodys.id)),
            ("linked", (Kind.NEED, foreign.id), (Kind.EXPERT, linked.id)),
            ("scenario", (Kind.SCENARIO, scenario.id), (Kind.ACHIEVEMENT, achievement.id)),
        )
    }
    far = make_actor(session, OrganisationKind.BUREAU, uscc=None, region_code="320282")
    expected = {
        "enterprise": {"owned"},
        "university": {"lab", "scenario"},
        "person": {"linked"},
        "bureau": {"gap", "owned", "nobody"},
        "registrar": set(),
        "stranger": set(),
    }
    actors = {name: world.actor(name) for name in expected} | {"far": far, "office": office}
    expected |= {"far": set(), "office": {"gap", "owned", "nobody", "scenario"}}
    for name, actor in actors.items():
        assert set(ids(session, actor)) == {made[one] for one in expected[name]}, name
        for one in made.values():
            assert knows(session, actor, session.get_one(Referral, one)) == (
                one in {made[known] for known in expected[name]}
            ), name


def test_an_entry_is_not_mistaken_for_the_listing_of_the_same_number(session: Session, world: World) -> None:
    foreign = make_need(session, make_organisation(session))
    lab = next(lab for lab in (make_resource(session), make_resource(session)) if lab.id != foreign.id)
    make_need(session, world.scene.buyer, id=lab.id)
    one = make_referral(session, (Kind.NEED, foreign.id), (Kind.RESOURCE, lab.id), status=Status.RECOMMENDED)
    assert ids(session, world.scene.enterprise) == []
    assert ids(session, world.scene.broker, need=lab.id) == []
    assert ids(session, world.scene.broker, entry=lab.id) == [one.id]


def test_filters_and_pages(session: Session, world: World) -> None:
    need, other = make_need(session, world.scene.buyer), make_talent(session)
    first = make_referral(session, (Kind.NEED, need.id), (Kind.EXPERT, other.id), score=0.3)
    mine = refer_expert(session, world, score=0.9, broker_id=world.scene.broker.user_id)
    lab, achievement = make_resource(session), make_achievement(session, world.scene.seller)
    base = make_referral(
        session, (Kind.ACHIEVEMENT, achievement.id), (Kind.RESOURCE, lab.id), score=0.5,
        status=Status.DECLINED,
    )  # fmt: skip
    find = lambda **filters: ids(session, world.scene.broker, **filters)  # noqa: E731
    assert find() == [mine.id, base.id, first.id]
    assert find(status=Status.DECLINED) == [base.id]
    assert find(demand_kind=Kind.NEED) == [mine.id, first.id]
    assert find(supply_kind=Kind.RESOURCE) == [base.id]
    assert find(assigned="me") == [mine.id]
    assert find(assigned="none") == [base.id, first.id]
    assert find(need=first.demand_id) == [first.id]
    assert find(need=achievement.id) == []
    assert find(achievement=achievement.id) == [base.id]
    assert find(entry=lab.id) == [base.id]
    assert find(entry=mine.supply_id) == [mine.id]
    page = list_referrals(session, world.scene.broker, today=TODAY, page=PageRequest(limit=2))
    assert [case.referral.id for case in page.items] == [mine.id, base.id]
    rest = list_referrals(
        session, world.scene.broker, today=TODAY, page=PageRequest(limit=2, cursor=page.next_cursor)
    )
    assert ([case.referral.id for case in rest.items], rest.next_cursor) == ([first.id], None)


def test_people_who_no_longer_agree_are_not_shown(session: Session, world: World) -> None:
    one = refer_expert(session, world, status=Status.AGREED)
    actors = [world.scene.enterprise, world.scene.university, world.person, world.scene.broker]

    def shown() -> list[bool]:
        cases = [get_referral(session, actor, one.id, today=TODAY) for actor in actors]
        assert all(case.shown_demand is not None for case in cases)
        seen = [case.shown_supply is not None for case in cases]
        assert seen == [bool(case.shown_reasons["terms"]) for case in cases]
        assert all(case.shown_reasons["facets"] for case in cases)
        return seen

    assert shown() == [True, True, True, True]
    withdraw_consent(session, OPERATOR, one.supply_id, scope=ConsentScope.FIND, now=NOW)
    assert shown() == [False, True, True, False]  # the unit and the person keep the record
    erase_talent(session, OPERATOR, one.supply_id, reason=ErasureReason.REQUEST, now=NOW)
    actors = [world.scene.enterprise, world.scene.broker, OPERATOR]
    assert shown() == [False, False, False]


def test_the_sides_of_an_actor(session: Session, world: World) -> None:
    node, free = make_node(session), make_enterprise(session)
    one = make_referral(session, (Kind.NODE, node.id), (Kind.ENTERPRISE, free.id), status=Status.RECOMMENDED)
    assert get_referral(session, world.bureau, one.id, today=TODAY).sides == [
        ReferralSide.DEMAND,
        ReferralSide.SUPPLY,
    ]
    assert get_referral(session, world.scene.broker, one.id, today=TODAY).sides == []


# --- the desk


def desk(session: Session, actor: Actor, limit: int = 100) -> list[tuple[str, int]]:
    return [(one.sort, one.id) for one in get_desk(session, actor, limit=limit, today=TODAY).items]


def test_the_desk_holds_both_sorts_best_first(session: Session, world: World) -> None:
    scene = world.scene
    suggestions = [make_pair(session, scene, score=score) for score in (0.8, 0.2)]
    referrals = [refer_expert(session, world, score=score) for score in (0.9, 0.5)]
    make_pair(session, scene, score=0.99, status=Status.RECOMMENDED)
    refer_expert(session, world, score=0.99, status=Status.LAPSED)
    taken = refer_expert(session, world, score=0.7, broker_id=scene.broker.user_id)
    queue = [
        ("referral", referrals[0].id),
        ("suggestion", suggestions[0].id),
        ("referral", taken.id),
        ("referral", referrals[1].id),
        ("suggestion", suggestions[1].id),
    ]
    assert desk(session, scene.broker) == queue
    assert desk(session, scene.broker, limit=2) == queue[:2]
    others = [one for one in queue if one != ("referral", taken.id)]
    assert desk(session, scene.other_broker) == desk(session, scene.admin) == others
    whole = get_desk(session, scene.broker, limit=1, today=TODAY)
    assert (len(whole.items), whole.suggestions, whole.referrals) == (1, 2, 3)
    assert whole.items[0].path == f"/referrals/{referrals[0].id}"
    (demand, supply) = whole.items[0].demand, whole.items[0].supply
    assert demand is not None
    assert supply is not None
    assert (demand.kind, supply.kind) == (Kind.NEED, Kind.EXPERT)
    assert (demand.owner_name, supply.owner_name) == (scene.buyer.name, scene.seller.name)


def test_the_desk_leaves_out_what_its_broker_must_not_decide(session: Session, world: World) -> None:
    scene = world.scene
    agency = make_organisation(session, OrganisationKind.AGENCY)
    partial = actor_of(make_user(session, agency))
    own = make_talent(session, organisation_id=agency.id)
    herself = make_talent(session)
    herself.user_id = partial.user_id
    need = make_need(session, scene.buyer)
    for talent in (own, herself):
        make_referral(session, (Kind.NEED, need.id), (Kind.EXPERT, talent.id))
    make_pair(session, scene, need=need, achievement=make_achievement(session, agency))
    free = refer_expert(session, world)
    assert desk(session, partial) == [("referral", free.id)]
    assert len(desk(session, scene.broker)) == 4


@pytest.mark.parametrize("name", ["enterprise", "university", "bureau", "registrar", "unverified_broker"])
def test_the_desk_is_for_brokers(session: Session, world: World, name: str) -> None:
    with pytest.raises(PermissionDenied) as caught:
        get_desk(session, world.actor(name), limit=1, today=TODAY)
    assert caught.value.code == "role-not-allowed"


def test_published_entries_stay_readable_to_those_concerned(session: Session, world: World) -> None:
    lab = make_resource(session, organisation_id=world.scene.seller.id)
    need = make_need(session, world.scene.buyer)
    one = make_referral(session, (Kind.NEED, need.id), (Kind.RESOURCE, lab.id), status=Status.RECOMMENDED)
    assert get_referral(session, world.scene.enterprise, one.id, today=TODAY).shown_supply is None
    assert get_referral(session, world.scene.university, one.id, today=TODAY).shown_supply is not None
    publish(session, Register.RESOURCES)
    assert get_referral(session, world.scene.enterprise, one.id, today=TODAY).shown_supply is not None
