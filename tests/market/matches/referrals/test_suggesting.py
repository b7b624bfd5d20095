"""From what becomes findable to referrals: of which kinds, both ways, dropped and revived."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR
from market.clock import FixedClock
from market.db import Database
from market.libraries.models import ChainEnterprise, ChainNode, KeyTechnology, Resource
from market.libraries.queries.chains import gaps
from market.libraries.rules import EntryAction, Register
from market.libraries.rules.talents import ConsentScope, ErasureReason
from market.libraries.rules.technologies import SOLVED, TACKLING
from market.libraries.service.chains import remove_position
from market.libraries.service.entries import decide, delist_entry, edit_entry, propose_entry, revise_entry
from market.libraries.service.talents import erase_talent, give_consent, withdraw_consent
from market.libraries.service.technologies import set_progress
from market.listings import service as listings
from market.listings.rules import ListingKind
from market.matches import suggesting
from market.matches.models import ReferralEvent
from market.matches.queries import records
from market.matches.queries.referrals import list_events
from market.matches.rules import Action, Status
from market.matches.rules.referrals import ReferralSide
from market.matches.schemas import ReasonsView
from market.search.replica import Replica
from matching.types import Kind
from tests.factories import NOW
from tests.market.libraries.factories import ENCODER, make_enterprise, make_node, publish
from tests.market.libraries.factories_talents import SINCE, make_talent
from tests.market.libraries.projects.factories import make_project
from tests.market.listings.factories import TODAY
from tests.market.matches.factories import make_achievement, make_need
from tests.market.matches.referrals.factories import (
    World,
    all_referrals,
    make_resource,
    make_scenario,
    make_technology,
    pairs,
    put_on,
)

OPEN = (Status.SUGGESTED, Status.RECOMMENDED)


@pytest.fixture
def work(database: Database, replica: Replica, clock: FixedClock) -> Callable[[], int]:
    """Work off the change log, and tell how many were made."""
    return lambda: suggesting.catch_up(database, replica, clock)


def kinds(session: Session) -> set[tuple[str, str]]:
    return {(one.demand_kind.value, one.supply_kind.value) for one in all_referrals(session)}


def make_one_of_each(session: Session, world: World) -> None:
    """Insert something of every kind, all findable."""
    make_need(session, world.scene.buyer.id)
    make_achievement(session, world.scene.seller.id, trl=6)
    make_scenario(session, world.scene.buyer.id)
    make_talent(session)
    make_resource(session)
    make_project(session)
    make_node(session, "膜材料")
    make_enterprise(session)
    make_technology(session)
    for register in (Register.RESOURCES, Register.CHAINS, Register.TECHNOLOGIES):
        publish(session, register)


ALL_PAIRS = {
    ("need", "expert"),
    ("need", "resource"),
    ("need", "project"),
    ("achievement", "resource"),
    ("scenario", "achievement"),
    ("node", "achievement"),
    ("node", "enterprise"),
    ("technology", "achievement"),
    ("technology", "expert"),
}


def test_every_pair_of_kinds_is_referred_once(
    database: Database, work: Callable[[], int], world: World
) -> None:
    with database.transaction() as session:
        make_one_of_each(session, world)
    assert work() == len(ALL_PAIRS) + 1  # need and achievement are suggested to each other besides
    with database.reading() as session:
        assert kinds(session) == ALL_PAIRS
        for one in all_referrals(session):
            assert (one.status, one.rank, one.created_at) == (Status.SUGGESTED, 1, NOW)
            assert one.encoder == ENCODER.key
            assert sum(part["contribution"] for part in one.reasons["parts"]) == pytest.approx(
                one.score, abs=1e-6
            )
            (event,) = list_events(session, one)
            assert (event.action, event.source, event.actor_id) == (Action.SUGGEST, None, None)
    assert work() == 0


@pytest.mark.parametrize("last", ["demand", "supply"])
def test_the_side_that_comes_last_asks(
    database: Database, work: Callable[[], int], world: World, last: str
) -> None:
    makers: dict[str, Callable[[Session], object]] = {
        "demand": lambda session: make_need(session, world.scene.buyer.id, body="反渗透膜三个月就要清洗。"),
        "supply": lambda session: make_talent(session, summary="研究反渗透膜清洗。"),
    }
    for side in sorted(makers, key=lambda side: side == last):
        with database.transaction() as session:
            makers[side](session)
        made = work()
    assert made == 1
    with database.reading() as session:
        (one,) = all_referrals(session)
        assert one.asked_by is ReferralSide(last)
        shown = ReasonsView().dump(one.reasons)
        terms = {term["term"] for term in shown["terms"]}
        assert "清洗" in terms
        assert all(term["demand_spans"] and term["supply_spans"] for term in shown["terms"])
        assert all(concept["demand_words"] and concept["supply_words"] for concept in one.reasons["concepts"])


def test_so_many_of_each_kind_are_asked_for(
    database: Database, work: Callable[[], int], world: World
) -> None:
    with database.transaction() as session:
        for _ in range(suggesting.PER_RECORD + 2):
            make_project(session)
        make_talent(session)
    assert work() == 0
    with database.transaction() as session:
        make_need(session, world.scene.buyer.id)
    assert work() == suggesting.PER_RECORD + 1


def test_records_of_one_owner_are_never_referred(
    database: Database, work: Callable[[], int], world: World
) -> None:
    with database.transaction() as session:
        owner = world.scene.buyer.id
        need = make_need(session, owner)
        make_talent(session, organisation_id=owner)
        make_project(session, organisation_id=owner)
        make_project(session, need_id=None).need_id = need.id  # what was made for it is no news to it
    assert work() == 0


def test_only_pilot_bases_take_achievements_in_and_only_of_their_maturity(
    database: Database, work: Callable[[], int], world: World
) -> None:
    with database.transaction() as session:
        fits = make_resource(session)
        for values in (
            {"min_trl": 7, "max_trl": 9},
            {"min_trl": 1, "max_trl": 5},
            {"category": "instrument"},
        ):
            make_resource(session, **values)  # type: ignore[arg-type]
        publish(session, Register.RESOURCES)
        achievement = make_achievement(session, world.scene.seller.id, trl=6)
        make_achievement(session, world.scene.seller.id, trl=None)
    assert work() == 1
    with database.reading() as session:
        assert pairs(session) == {("achievement", achievement.id, "resource", fits.id)}
    with database.transaction() as session:  # the other way round
        later = make_resource(session, min_trl=6, max_trl=6)
        publish(session, Register.RESOURCES)
    assert work() == 1
    with database.reading() as session:
        assert ("achievement", achievement.id, "resource", later.id) in pairs(session)


def test_what_fits_is_found_behind_what_does_not(
    database: Database, work: Callable[[], int], world: World
) -> None:
    with database.transaction() as session:
        title = "高盐废水抗污染纳滤—电渗析耦合脱盐"
        for _ in range(suggesting.PER_RECORD + 1):
            make_resource(session, title=title, summary=title, min_trl=9, max_trl=9)
        base = make_resource(session, title="注塑中试基地", summary="塑料件。")
        publish(session, Register.RESOURCES)
        achievement = make_achievement(session, world.scene.seller.id, trl=6)
    assert work() == 1
    with database.reading() as session:
        assert pairs(session) == {("achievement", achievement.id, "resource", base.id)}
        assert all_referrals(session)[0].rank == 1


def make_chain(session: Session, world: World) -> tuple[ChainNode, ChainEnterprise]:
    """Insert a node, an enterprise that stands nowhere, and an achievement; all findable."""
    node, enterprise = make_node(session), make_enterprise(session)
    publish(session, Register.CHAINS)
    make_achievement(session, world.scene.seller.id)
    return node, enterprise


def test_nodes_are_referred_while_they_are_gaps(
    database: Database, work: Callable[[], int], world: World
) -> None:
    with database.transaction() as session:
        node, enterprise = make_chain(session, world)
    assert work() == 2
    with database.reading() as session:
        assert kinds(session) == {("node", "achievement"), ("node", "enterprise")}
    with database.transaction() as session:
        put_on(session, enterprise.id, node.id)
        make_achievement(session, world.scene.seller.id)  # finds no gap any more
    assert work() == 0
    with database.reading() as session:
        assert {one.status for one in all_referrals(session)} == {Status.LAPSED}
    with database.transaction() as session:
        remove_position(session, OPERATOR, enterprise.id, node.id, encoder=ENCODER, now=NOW)
    assert work() == 3  # both come back, and the achievement that came meanwhile
    with database.reading() as session:
        assert {one.status for one in all_referrals(session)} == {Status.SUGGESTED}


def test_a_node_whose_last_enterprise_leaves_becomes_a_gap(
    database: Database, work: Callable[[], int], world: World
) -> None:
    with database.transaction() as session:
        node, enterprise = make_chain(session, world)
        put_on(session, enterprise.id, node.id)
    assert work() == 0
    with database.transaction() as session:
        delist_entry(
            session, OPERATOR, ChainEnterprise, enterprise.id, note="企业迁出", encoder=ENCODER, now=NOW
        )
    assert work() == 1
    with database.reading() as session:
        assert kinds(session) == {("node", "achievement")}


def test_gaps_of_several_nodes_are_those_of_each(session: Session) -> None:
    held, county, city, free = (make_node(session, region_code=code) for code in GAP_REGIONS)
    enterprise, far = make_enterprise(session), make_enterprise(session, region_code="320282")
    for node in (held, county, city):
        put_on(session, (far if node is county else enterprise).id, node.id)
    nodes = [held, county, city, free]
    assert gaps(session, nodes) == {county.id, free.id}


GAP_REGIONS = ("320281", "320281", "320200", "320281")


def test_an_enterprise_from_elsewhere_that_stands_on_a_node_is_not_referred_to_it(
    database: Database, work: Callable[[], int]
) -> None:
    with database.transaction() as session:
        node, near = make_node(session), make_enterprise(session)
        far = make_enterprise(session, region_code="320282")
        put_on(session, far.id, node.id)
        publish(session, Register.CHAINS)
        publish(session, Register.CHAINS, region="320282")
    assert work() == 1
    with database.reading() as session:
        assert pairs(session) == {("node", node.id, "enterprise", near.id)}


def test_technologies_are_referred_until_they_are_solved(
    database: Database, work: Callable[[], int], world: World
) -> None:
    with database.transaction() as session:
        make_achievement(session, world.scene.seller.id)
        technology_id = make_technology(session).id
        publish(session, Register.TECHNOLOGIES)
    assert work() == 1
    for progress, open_ones in ((TACKLING, 1), (SOLVED, 0)):
        with database.transaction() as session:
            technology = session.get_one(KeyTechnology, technology_id)
            set_progress(session, OPERATOR, technology, progress=progress, encoder=ENCODER, now=NOW)
        assert work() == 0
        with database.reading() as session:
            assert len(pairs(session, *OPEN)) == open_ones
            (one,) = all_referrals(session)
            assert one.demand_kind is Kind.TECHNOLOGY


def test_referrals_lapse_with_either_side_and_revive_with_it(
    database: Database, work: Callable[[], int], world: World
) -> None:
    with database.transaction() as session:
        need, talent = make_need(session, world.scene.buyer.id), make_talent(session)
    assert work() == 1

    def status() -> tuple[Status, list[Action]]:
        with database.reading() as session:
            (one,) = all_referrals(session)
            return one.status, [event.action for event in list_events(session, one)][1:]

    with database.transaction() as session:
        (one,) = all_referrals(session)
        one.status, one.reason_code, one.demand_interest = Status.RECOMMENDED, "indicators_fit", True
        withdraw_consent(session, OPERATOR, talent.id, scope=ConsentScope.FIND, now=NOW)
    assert work() == 0
    assert status() == (Status.LAPSED, [Action.LAPSE])
    with database.transaction() as session:
        give_consent(
            session, OPERATOR, talent.id, scope=ConsentScope.FIND, given_on=SINCE, evidence="同意书",
            encoder=ENCODER, now=NOW,
        )  # fmt: skip
    assert work() == 1
    assert status() == (Status.SUGGESTED, [Action.LAPSE, Action.REVIVE])
    with database.reading() as session:
        (one,) = all_referrals(session)
        assert (one.asked_by, one.reason_code, one.demand_interest) == (ReferralSide.SUPPLY, None, None)
    with database.transaction() as session:
        listings.withdraw_listing(
            session, world.scene.enterprise, ListingKind.NEED, need.id, note=None, now=NOW
        )
    assert work() == 0
    assert status()[0] is Status.LAPSED


def test_what_was_decided_or_agreed_on_stays(
    database: Database, work: Callable[[], int], world: World
) -> None:
    with database.transaction() as session:
        make_need(session, world.scene.buyer.id)
        talents = [make_talent(session) for _ in range(2)]
    assert work() == 2
    with database.transaction() as session:
        for one, status in zip(all_referrals(session), (Status.DECLINED, Status.AGREED), strict=True):
            one.status = status
        for talent in talents:
            withdraw_consent(session, OPERATOR, talent.id, scope=ConsentScope.FIND, now=NOW)
            give_consent(
                session, OPERATOR, talent.id, scope=ConsentScope.FIND, given_on=SINCE, evidence="同意书",
                encoder=ENCODER, now=NOW,
            )  # fmt: skip
    assert work() == 0
    with database.reading() as session:
        assert {one.status for one in all_referrals(session)} == {Status.DECLINED, Status.AGREED}


def test_a_change_that_spoils_a_pair_lets_it_lapse_though_both_may_be_found(
    database: Database, work: Callable[[], int], world: World
) -> None:
    with database.transaction() as session:
        base = make_resource(session)
        publish(session, Register.RESOURCES)
        make_achievement(session, world.scene.seller.id, trl=6)
        make_need(session, world.scene.buyer.id)
    work()
    with database.transaction() as session:  # revised and listed again before anybody works off the log
        row = revise_entry(session, OPERATOR, Resource, base.id, encoder=ENCODER, now=NOW)
        edit_entry(session, OPERATOR, Resource, base.id, changes={"min_trl": 7}, version=row.version, now=NOW)
        propose_entry(session, OPERATOR, Resource, base.id, now=NOW)
        decide(session, OPERATOR, row, decision=EntryAction.LIST, note=None, encoder=ENCODER, now=NOW)
    work()
    with database.reading() as session:
        statuses = {one.demand_kind.value: one.status for one in all_referrals(session)}
    assert statuses == {"achievement": Status.LAPSED, "need": Status.SUGGESTED}


def test_an_erased_person_leaves_no_word(database: Database, work: Callable[[], int], world: World) -> None:
    with database.transaction() as session:
        make_need(session, world.scene.buyer.id, body="希望请顾澄波一样的专家来看反渗透膜清洗。")
        talent = make_talent(session, summary="研究反渗透膜清洗。")
        other = make_talent(session, person_name="沈知远", summary="研究反渗透膜清洗。")
    assert work() == 2
    with database.transaction() as session:
        for one in all_referrals(session):
            one.status = Status.AGREED
            note = ReferralEvent(
                referral_id=one.id,
                action=Action.RECOMMEND,
                target=Status.RECOMMENDED,
                words="请顾教授",
                at=NOW,
            )
            session.add(note)
    with database.transaction() as session:
        erase_talent(session, OPERATOR, talent.id, reason=ErasureReason.REQUEST, now=NOW)
    work()
    with database.reading() as session:
        for one in all_referrals(session):
            words = session.scalars(
                select(ReferralEvent.words).where(
                    ReferralEvent.referral_id == one.id, ReferralEvent.action == Action.RECOMMEND
                )
            ).all()
            if one.supply_id == other.id:
                assert one.reasons["terms"]
                assert words == ["请顾教授"]
            else:
                assert (one.reasons["terms"], one.reasons["concepts"], one.reasons["alike"]) == ([], [], [])
                assert one.reasons["parts"]
                assert words == [None]


def test_what_the_index_still_shows_is_checked_against_the_database(
    database: Database, replica: Replica, clock: FixedClock, world: World
) -> None:
    with database.transaction() as session:
        talent = make_talent(session)
        make_need(session, world.scene.buyer.id)
    replica.catch_up()
    with database.transaction() as session:  # as if withdrawn by a transaction that the replica has not seen
        talent = session.merge(talent)
        talent.status = records.EntryStatus.DELISTED
    assert suggesting.catch_up(database, replica, clock) == 0


def test_records_of_every_kind_are_loaded_with_what_is_known_of_them(session: Session, world: World) -> None:
    hidden = make_talent(session, consents=())
    shown = make_talent(session, organisation_id=world.scene.seller.id)
    unpublished = make_resource(session)
    found = records.load_all(
        session,
        [(Kind.EXPERT, hidden.id), (Kind.EXPERT, shown.id), (Kind.RESOURCE, unpublished.id)],
        today=TODAY,
    )
    assert {key: record.findable for key, record in found.items()} == {
        (Kind.EXPERT, hidden.id): False,
        (Kind.EXPERT, shown.id): True,
        (Kind.RESOURCE, unpublished.id): False,
    }
    assert found[Kind.EXPERT, shown.id].owner_name == world.scene.seller.name
    assert found[Kind.EXPERT, hidden.id].owner_name is None
    assert records.load(session, Kind.NEED, [0], today=TODAY) == {}
