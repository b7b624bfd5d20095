"""Several threads, several replicas: nobody is shown what was withdrawn, and no change is passed over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from market.db import AdvisoryLock, Database
from market.search import queries
from market.search.models import ListingChange
from market.search.replica import Replica
from matching.types import Kind
from tests.market.search.factories import Snapshot, ask, make_document, make_replica, put, put_all, remove_all

WAIT_SECONDS = 20
STABLE = frozenset(range(1, 21))


@pytest.fixture
def make(own_database: Database, tmp_path: Path) -> Iterator[Callable[..., Replica]]:
    """Makes open replicas, each with a folder of its own as another machine has, and closes them."""
    with ExitStack() as stack:

        def _make(name: str = "one", **values: int) -> Replica:
            replica = make_replica(own_database, tmp_path / name, **values).open()
            stack.callback(replica.close)
            return replica

        yield _make


@contextmanager
def searching(replica: Replica, *, threads: int = 2) -> Iterator[list[set[int]]]:
    """Ask without pause from several threads during the block; yields the answers, raises their errors."""
    answers: list[set[int]] = []
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            answers.append(ask(replica))

    with ThreadPoolExecutor(threads) as pool:
        running = [pool.submit(run) for _ in range(threads)]
        try:
            yield answers
        finally:
            stop.set()
    for future in running:
        future.result()


def until(condition: Callable[[], bool], *, seconds: float = WAIT_SECONDS) -> None:
    """Wait for something another thread or process does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_every_replica_sees_a_withdrawal_in_its_next_answer(
    own_database: Database, make: Callable[..., Replica]
) -> None:
    put_all(own_database, make_document(1), make_document(2))
    replicas = [make("one"), make("two")]
    assert [ask(replica) for replica in replicas] == [{1, 2}] * 2
    remove_all(own_database, 1)
    assert [ask(replica) for replica in replicas] == [{2}] * 2
    put_all(own_database, make_document(1, title="再次发布的题目"))
    assert [ask(replica) for replica in replicas] == [{1, 2}] * 2


def test_a_change_is_seen_when_it_is_committed_and_not_before(
    own_database: Database, make: Callable[..., Replica]
) -> None:
    put_all(own_database, make_document(1))
    replica = make()
    with own_database.transaction() as session:
        put(session, make_document(2))
        session.flush()
        assert ask(replica) == {1}
    assert ask(replica) == {1, 2}


def _waits_for_change_log(session: Session) -> bool:
    statement = text(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = :key AND NOT granted"
    )
    return bool(session.scalar(statement, {"key": int(AdvisoryLock.CHANGE_LOG)}))


def test_a_lower_seq_never_commits_after_a_higher_one(
    own_database: Database, make: Callable[..., Replica]
) -> None:
    replica = make()
    drawn = threading.Event()

    def second() -> None:
        with own_database.transaction() as session:
            put(session, make_document(2))
            drawn.set()

    with ThreadPoolExecutor(1) as pool:
        with own_database.transaction() as first:
            put(first, make_document(1))
            first.flush()
            future: Future[None] = pool.submit(second)
            if own_database.engine.dialect.name == "postgresql":
                with own_database.reading() as looking:
                    until(lambda: _waits_for_change_log(looking))
            assert not drawn.wait(0.3)  # it has drawn no seq while ours is open
            assert replica.catch_up() == 0
            assert ask(replica) == set()
        future.result(WAIT_SECONDS)
    assert drawn.is_set()
    with own_database.reading() as session:
        rows = session.scalars(select(ListingChange).order_by(ListingChange.seq)).all()
    assert [row.record_id for row in rows] == [1, 2]
    assert ask(replica) == {1, 2}


def test_a_deed_that_fails_lets_the_next_one_write_its_change(
    own_database: Database, make: Callable[..., Replica]
) -> None:
    replica = make()

    def fail() -> None:
        with own_database.transaction() as session:
            put(session, make_document(1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    put_all(own_database, make_document(2))
    assert ask(replica) == {2}


def test_many_writers_leave_no_change_unseen_by_a_replica_that_asks_all_the_time(
    own_database: Database, make: Callable[..., Replica]
) -> None:
    replica = make()

    def write(writer: int) -> None:
        for number in range(8):
            put_all(own_database, make_document(writer * 100 + number))

    with searching(replica, threads=1) as answers, ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(1, 5)))
    assert ask(replica) == {writer * 100 + number for writer in range(1, 5) for number in range(8)}
    assert replica.verify() == []
    sizes = [len(answer) for answer in answers]
    assert sizes == sorted(sizes)  # one thread asked, so what was found once stays found


def test_threads_that_search_while_changes_are_applied_get_whole_answers(
    own_database: Database, make: Callable[..., Replica]
) -> None:
    put_all(own_database, *(make_document(number) for number in STABLE))
    replica = make()
    with searching(replica, threads=3) as answers:
        for turn in range(12):
            coming = range(100 + turn * 5, 105 + turn * 5)
            put_all(own_database, *(make_document(number) for number in coming))
            assert ask(replica) == STABLE | set(coming)
            remove_all(own_database, *coming)
            assert ask(replica) == STABLE
    assert len(answers) > 12
    assert all(answer >= STABLE for answer in answers)
    # Five came and went in one transaction each time: never a part of them.
    assert {len(answer - STABLE) for answer in answers} <= {0, 5}


def test_a_rebuild_interrupts_no_search(own_database: Database, make: Callable[..., Replica]) -> None:
    put_all(own_database, *(make_document(number) for number in STABLE))
    replica = make()
    with searching(replica, threads=2) as answers:
        for turn in range(5):
            assert replica.rebuild() == len(STABLE) + turn
            put_all(own_database, make_document(100 + turn))
        until(lambda: len(answers) > 10)
    assert all(answer >= STABLE for answer in answers)
    assert replica.verify() == []


def test_changes_made_during_a_rebuild_are_applied_after_it(
    own_database: Database, make: Callable[..., Replica]
) -> None:
    put_all(own_database, *(make_document(number) for number in STABLE))
    replica = make()
    with ThreadPoolExecutor(1) as pool:
        rebuilding = [pool.submit(replica.rebuild) for _ in range(4)]
        for number in range(100, 110):
            put_all(own_database, make_document(number))
            remove_all(own_database, number - 99)
        for future in rebuilding:
            future.result(WAIT_SECONDS)
    assert ask(replica) == set(range(11, 21)) | set(range(100, 110))
    assert replica.verify() == []


def test_a_snapshot_is_written_in_the_background_after_so_many_changes(
    own_database: Database, make: Callable[..., Replica], tmp_path: Path
) -> None:
    replica = make(snapshot_every=3)
    snapshot = Snapshot(tmp_path / "one")
    first = snapshot.name
    put_all(own_database, make_document(1), make_document(2))
    assert ask(replica) == {1, 2}
    assert snapshot.name == first
    put_all(own_database, make_document(3))
    assert ask(replica) == {1, 2, 3}
    until(lambda: snapshot.name != first)
    assert snapshot.manifest["counts"] == {"need": 3}
    assert snapshot.manifest["labels"]["seq"] == str(replica.catch_up())
    until(lambda: not any(thread.name == "index-snapshot" for thread in threading.enumerate()))
    second = snapshot.name
    assert make().engine.keys(Kind.NEED) == {"1", "2", "3"}
    put_all(own_database, make_document(4))
    assert ask(replica) == {1, 2, 3, 4}
    assert snapshot.name == second  # counting starts anew


class SlowDatabase(Database):
    """A database in which one chosen thread is held up after its first look."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.held: int | None = None
        self.looked, self.go_on = threading.Event(), threading.Event()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a read-only look, and dawdle in the chosen thread when it is over."""
        with super().reading() as session:
            yield session
        if threading.get_ident() == self.held:
            self.held = None
            self.looked.set()
            assert self.go_on.wait(WAIT_SECONDS)


def test_a_thread_overtaken_by_another_does_not_take_the_log_for_shortened(
    own_database: Database, tmp_path: Path
) -> None:
    database = SlowDatabase(own_database.url)
    replica = make_replica(database, tmp_path).open()
    put_all(own_database, make_document(1))

    def overtaken() -> set[int]:
        database.held = threading.get_ident()
        return ask(replica)

    try:
        with capture_logs() as logs, ThreadPoolExecutor(1) as pool:
            answer = pool.submit(overtaken)
            assert database.looked.wait(WAIT_SECONDS)
            put_all(own_database, make_document(2))
            with own_database.reading() as session:
                last = queries.last_seq(session)
            assert replica.catch_up() == last
            database.go_on.set()
            assert answer.result(WAIT_SECONDS) == {1, 2}
        assert [entry["event"] for entry in logs] == []
    finally:
        replica.close()
        database.dispose()
