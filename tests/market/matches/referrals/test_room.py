"""How many referrals a demand has open at once, and what a scenario takes in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from market.clock import FixedClock
from market.db import Database
from market.listings.models import Achievement
from market.matches import suggesting
from market.matches.rules import Status
from market.search.replica import Replica
from tests.market.matches.factories import make_achievement
from tests.market.matches.referrals.factories import World, all_referrals, make_scenario

OPEN = (Status.SUGGESTED, Status.RECOMMENDED)


@pytest.fixture
def work(database: Database, replica: Replica, clock: FixedClock) -> Callable[[], int]:
    """Work off the change log, and tell how many were made."""
    return lambda: suggesting.catch_up(database, replica, clock)


def test_a_demand_keeps_its_best_and_what_a_broker_has_taken_up(
    database: Database, work: Callable[[], int], world: World
) -> None:
    with database.transaction() as session:
        scenario = make_scenario(session, world.scene.buyer.id, title="膜法回用", body="反渗透膜清洗。")
        scenario_id = scenario.id
        for _ in range(suggesting.PER_RECORD + 2):  # each asks, and finds the one scenario
            make_achievement(session, world.scene.seller.id, title="小麦播种机", body="开沟播种。", trl=7)
    work()

    def titles(*statuses: Status) -> list[str]:
        with database.reading() as session:
            ids = [one.supply_id for one in all_referrals(session) if one.status in statuses]
            found = session.scalars(select(Achievement.title).where(Achievement.id.in_(ids)))
            return sorted(found)

    assert titles(*OPEN) == ["小麦播种机"] * suggesting.PER_RECORD
    with database.transaction() as session:
        taken = [one for one in all_referrals(session) if one.demand_id == scenario_id][:-1]
        for one in taken:
            one.broker_id = world.scene.broker.user_id
    for _ in range(2):  # the first displaces the one that is left, the second is no better than the first
        with database.transaction() as session:
            make_achievement(session, world.scene.seller.id, title="膜法回用", body="反渗透膜清洗。", trl=7)
        work()
    assert titles(*OPEN) == ["小麦播种机"] * (suggesting.PER_RECORD - 1) + ["膜法回用"]
    assert titles(Status.LAPSED) == ["小麦播种机"]


def test_a_scenario_takes_in_what_is_as_mature_as_it_asks(
    database: Database, work: Callable[[], int], world: World
) -> None:
    with database.transaction() as session:
        make_scenario(session, world.scene.buyer.id, min_trl=6)
        anyone = make_scenario(session, world.scene.buyer.id)
        fits = make_achievement(session, world.scene.seller.id, trl=6)
        for trl in (5, None):
            make_achievement(session, world.scene.seller.id, trl=trl)
    work()
    with database.reading() as session:
        open_to = [one for one in all_referrals(session) if one.demand_id != anyone.id]
        assert [one.supply_id for one in open_to] == [fits.id]
