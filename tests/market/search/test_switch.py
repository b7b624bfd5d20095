"""Another model for a running market: nothing stops, and no listing is lost on the way."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from market.db import Database
from market.search import queries
from market.search.models import IndexEncoder
from market.search.replica import Replica
from matching.encoder import Encoder, EncoderMissing, HashingEncoder
from matching.types import Kind, Query
from tests.market.search.factories import (
    ENCODER,
    ask,
    make_document,
    make_replica,
    put_all,
    record,
    remove_all,
    switch,
)
from tests.market.search.test_concurrency import STABLE, WAIT_SECONDS, searching, until

NEW, THIRD = HashingEncoder(dim=32), HashingEncoder(dim=48)


class Host:
    """The models that are on one machine."""

    def __init__(self, *encoders: Encoder) -> None:
        self.encoders = {encoder.key: encoder for encoder in encoders}
        self.asked: list[str] = []
        self.gate = threading.Event()
        self.gate.set()

    def load(self, record: IndexEncoder) -> Encoder:
        """Open a model, when the gate is open."""
        self.asked.append(record.key)
        assert self.gate.wait(WAIT_SECONDS)
        if record.key not in self.encoders:
            raise EncoderMissing(f"no model {record.key}")
        return self.encoders[record.key]


Make = Callable[..., Replica]


@pytest.fixture
def make(own_database: Database, tmp_path: Path) -> Iterator[Make]:
    """Makes open replicas on machines of their own, and closes them."""
    with ExitStack() as stack:

        def _make(host: Host, name: str = "one", **values: Any) -> Replica:
            replica = make_replica(own_database, tmp_path / name, load=host.load, **values).open()
            stack.callback(replica.close)
            stack.callback(host.gate.set)
            return replica

        yield _make


def follow(replica: Replica, encoder: Encoder) -> None:
    """Ask until the replica answers under an encoder."""

    def followed() -> bool:
        replica.catch_up()
        return replica.encoder.key == encoder.key

    until(followed)


def lacking(database: Database, encoder: Encoder) -> int:
    with database.reading() as session:
        return queries.count_lacking(session, encoder.key)


def test_a_running_replica_follows_a_switch_while_it_is_searched(own_database: Database, make: Make) -> None:
    record(own_database, ENCODER)
    put_all(own_database, *(make_document(number) for number in STABLE))
    replica = make(Host(ENCODER, NEW))
    with searching(replica, threads=2) as answers:
        for turn, encoder in enumerate((NEW, ENCODER, NEW)):
            switch(own_database, encoder)
            number = 100 + turn
            put_all(own_database, make_document(number))
            assert ask(replica) == STABLE | {number}  # under whichever index answers now
            follow(replica, encoder)
            assert ask(replica) == STABLE | {number}
            remove_all(own_database, number)
            assert ask(replica) == STABLE
    assert all(answer >= STABLE for answer in answers)
    assert replica.verify() == []
    assert replica.status().live == replica.status().encoder == NEW.key


def test_the_old_index_answers_until_the_new_one_stands(own_database: Database, make: Make) -> None:
    record(own_database, ENCODER)
    put_all(own_database, make_document(1), make_document(2), make_document(3))
    host = Host(ENCODER, NEW)
    replica = make(host)
    host.gate.clear()
    switch(own_database, NEW)
    assert ask(replica) == {1, 2, 3}
    until(lambda: host.asked == [NEW.key])
    put_all(own_database, make_document(4), encoder=NEW)
    put_all(own_database, make_document(5), encoder=ENCODER)
    remove_all(own_database, 1)
    assert ask(replica) == {2, 3, 4, 5}
    assert replica.encoder is ENCODER
    assert host.asked == [NEW.key]  # one switch at a time
    host.gate.set()
    until(lambda: replica.encoder is NEW)
    assert ask(replica) == {2, 3, 4, 5}
    assert replica.engine.search(Query(title="脱盐", body="", kind=Kind.NEED)).encoder == NEW.key
    assert replica.verify() == []


def test_what_changes_while_replicas_switch_is_seen_in_the_next_answer(
    own_database: Database, make: Make
) -> None:
    record(own_database, ENCODER)
    put_all(own_database, *(make_document(number) for number in STABLE))
    replicas = [make(Host(ENCODER, NEW), name) for name in ("one", "two")]
    done = threading.Event()

    def switch_to_and_fro() -> int:
        turns = 0
        while not done.is_set():
            turns += 1
            switch(own_database, (NEW, ENCODER)[turns % 2])
        return turns

    seen: set[str] = set()
    with ThreadPoolExecutor(1) as pool:
        switching = pool.submit(switch_to_and_fro)
        try:
            for number in range(100, 130):
                writer = (ENCODER, NEW)[number % 2]
                put_all(own_database, make_document(number), encoder=writer)
                assert [ask(replica) for replica in replicas] == [STABLE | {number}] * 2
                remove_all(own_database, number)
                assert [ask(replica) for replica in replicas] == [STABLE] * 2
                seen.update(replica.encoder.key for replica in replicas)
        finally:
            done.set()
        assert switching.result(WAIT_SECONDS) > 1
    assert seen == {ENCODER.key, NEW.key}
    assert [replica.verify() for replica in replicas] == [[], []]


def test_a_swap_between_catching_up_and_asking_shows_nothing_withdrawn(
    own_database: Database, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_all(own_database, make_document(1), make_document(2))
    replica, other = make(Host(), "one"), make(Host(), "two", encoder=NEW)
    asked, behind = replica._copy, other._copy
    catch_up = asked.catch_up

    def catch_up_then_swap(last: int) -> None:
        catch_up(last)
        replica._copy = behind

    monkeypatch.setattr(asked, "catch_up", catch_up_then_swap)
    remove_all(own_database, 1)
    assert ask(replica) == {2}
    assert replica._copy is behind
    assert ask(replica) == {2}
    asked.close()


def test_a_host_without_the_new_model_says_so_once_and_goes_on_with_the_old_one(
    own_database: Database, make: Make
) -> None:
    record(own_database, ENCODER)
    put_all(own_database, make_document(1))
    host = Host(ENCODER, THIRD)
    replica = make(host)
    with capture_logs() as logs:
        switch(own_database, NEW)
        assert ask(replica) == {1}
        until(lambda: any(entry["event"] == "index.switch_failed" for entry in logs))
        put_all(own_database, make_document(2), encoder=NEW)
        for _ in range(3):
            assert ask(replica) == {1, 2}
    (error,) = [entry for entry in logs if entry["log_level"] == "error"]
    assert (error["live"], error["to"]) == (ENCODER.key, NEW.key)
    assert "no model" in error["reason"]
    assert host.asked == [NEW.key]
    assert replica.encoder is ENCODER
    switch(own_database, THIRD)
    follow(replica, THIRD)
    assert ask(replica) == {1, 2}


def test_a_switch_that_the_database_interrupts_is_tried_again(own_database: Database, make: Make) -> None:
    class Unlucky(Host):
        def load(self, record: IndexEncoder) -> Encoder:
            encoder = super().load(record)
            if len(self.asked) == 1:
                raise OperationalError("SELECT", {"title": "not for the log"}, Exception("gone"))
            return encoder

    record(own_database, ENCODER)
    put_all(own_database, make_document(1))
    host = Unlucky(ENCODER, NEW)
    replica = make(host)
    with capture_logs() as logs:
        switch(own_database, NEW)
        follow(replica, NEW)
    events = [entry["event"] for entry in logs if entry["event"].startswith("index.switch")]
    assert events[1] == "index.switch_interrupted"
    assert "not for the log" not in str(logs)
    assert host.asked == [NEW.key] * 2
    assert ask(replica) == {1}


def test_writers_with_either_model_are_found_by_readers_with_the_other(
    own_database: Database, make: Make
) -> None:
    put_all(own_database, make_document(1))
    old, new = make(Host(), "old"), make(Host(), "new", encoder=NEW)
    put_all(own_database, make_document(2), encoder=old.encoder)
    put_all(own_database, make_document(3), encoder=new.encoder)
    assert ask(old) == ask(new) == {1, 2, 3}
    until(lambda: lacking(own_database, ENCODER) == lacking(own_database, NEW) == 0)
    put_all(own_database, make_document(3, title="旧模型改写的题目"), encoder=old.encoder)
    assert ask(new) == {1, 2, 3}
    assert new.engine.title(Kind.NEED, "3") == "旧模型改写的题目"
    until(lambda: lacking(own_database, NEW) == 0)


def test_a_search_inside_a_writing_transaction_waits_for_no_vector(
    own_database: Database, make: Make
) -> None:
    # As suggestions are made: on SQLite nobody else can write until that transaction ends.
    put_all(own_database, make_document(1))
    replica = make(Host())
    put_all(own_database, make_document(2), encoder=NEW)
    with own_database.transaction():
        assert ask(replica) == {1, 2}
    until(lambda: lacking(own_database, ENCODER) == 0)


def test_a_replica_can_be_closed_in_the_middle_of_a_switch(own_database: Database, make: Make) -> None:
    record(own_database, ENCODER)
    put_all(own_database, make_document(1))
    host = Host(ENCODER, NEW)
    replica = make(host)
    host.gate.clear()
    switch(own_database, NEW)
    replica.catch_up()
    until(lambda: bool(host.asked))
    with ThreadPoolExecutor(1) as pool:
        closing = pool.submit(replica.close)
        until(lambda: replica._closed)
        host.gate.set()
        closing.result(WAIT_SECONDS)
    assert replica.encoder is ENCODER
    assert not any(thread.name == "index-switch" for thread in threading.enumerate())
    with pytest.raises(RuntimeError, match="opened"):
        ask(replica)


class Process:
    """A process with a replica and one or two models; it does what it is told, line by line."""

    def __init__(self, database: Database, folder: Path, *dims: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.market.search.process_replica"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._first = {"database": database.url, "folder": str(folder), "dims": dims}

    def __enter__(self) -> Process:
        self.tell(**self._first)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._process.communicate(timeout=WAIT_SECONDS)  # it ends when there are no more orders
        finally:
            self._process.kill()

    def tell(self, **order: Any) -> Any:
        """Give one order; return the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def test_processes_with_different_models_lose_no_listing(own_database: Database, tmp_path: Path) -> None:
    record(own_database, ENCODER)
    put_all(own_database, make_document(1))
    with (
        Process(own_database, tmp_path / "behind", ENCODER.dim) as behind,  # a host without the new model
        Process(own_database, tmp_path / "ahead", ENCODER.dim, NEW.dim) as ahead,
    ):
        assert behind.tell(ask=True)["found"] == ahead.tell(ask=True)["found"] == [1]
        behind.tell(put=2)
        switch(own_database, NEW)
        behind.tell(put=3)
        until(lambda: ahead.tell(ask=True) == {"found": [1, 2, 3], "encoder": NEW.key})
        ahead.tell(put=4)
        behind.tell(put=5)
        assert behind.tell(ask=True) == {"found": [1, 2, 3, 4, 5], "encoder": ENCODER.key}
        assert ahead.tell(ask=True) == {"found": [1, 2, 3, 4, 5], "encoder": NEW.key}
