"""Two workers at once make each suggestion once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.clock import FixedClock
from market.db import Database
from market.matches import suggesting
from market.matches.models import Suggestion, SuggestionEvent
from market.search.replica import Replica
from tests.factories import NOW
from tests.market.matches.factories import make_achievement, make_need, make_scene
from tests.market.search.factories import make_replica


def all_pairs(session: Session) -> list[Suggestion]:
    return list(session.scalars(select(Suggestion).order_by(Suggestion.id)))


def test_two_workers_at_once_suggest_each_pair_once(own_database: Database, tmp_path: Path) -> None:
    clock = FixedClock(NOW)
    with own_database.transaction() as session:
        scene = make_scene(session)
        for _ in range(3):
            make_achievement(session, scene.seller.id)
        for _ in range(5):
            make_need(session, scene.buyer.id)
    replicas = [make_replica(own_database, tmp_path / str(i)).open() for i in range(2)]
    together = threading.Barrier(2)

    def work(replica: Replica) -> int:
        together.wait(20)
        return suggesting.catch_up(own_database, replica, clock)

    try:
        with ThreadPoolExecutor(2) as pool:
            made = list(pool.map(work, replicas))
        assert sum(made) == 15
        with own_database.reading() as session:
            pairs = [(pair.need_id, pair.achievement_id) for pair in all_pairs(session)]
            assert len(set(pairs)) == len(pairs) == 15
            assert len(session.scalars(select(SuggestionEvent)).all()) == 15
            assert suggesting.pending(session) == 0
    finally:
        for replica in replicas:
            replica.close()


def test_the_first_two_workers_ever_share_one_place_in_the_log(
    own_database: Database, tmp_path: Path
) -> None:
    with own_database.transaction() as session:
        scene = make_scene(session)
        make_achievement(session, scene.seller.id)
        make_need(session, scene.buyer.id)
    started = threading.Event()

    def second() -> tuple[int, int, int]:
        started.set()
        with own_database.transaction() as session:
            return suggesting.work_off(session, replica, now=NOW)

    replica = make_replica(own_database, tmp_path).open()
    try:
        with ThreadPoolExecutor(1) as pool:
            with own_database.transaction() as session:
                _, end, made = suggesting.work_off(session, replica, now=NOW)
                session.flush()
                later = pool.submit(second)
                assert started.wait(20)
                threading.Event().wait(0.3)  # it now waits for our row
                assert not later.done()
            assert made == 1
            assert later.result(20) == (end, end, 0)
    finally:
        replica.close()
