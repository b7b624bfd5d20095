"""What is to be forgotten leaves every index with it, and whatever lies on the disk from before."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import flask
import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from market.db import Database
from market.errors import Unavailable
from market.search import queries
from market.search.access import attach_replica, index_forgot, on_index_change
from market.search.models import ListingChange, Operation
from market.search.replica import Replica, snapshots
from market.search.replica.copy import IndexCopy
from matching.encoder import HashingEncoder
from matching.engine import LocalEngine
from matching.explain import Analysis
from matching.types import Kind
from tests.factories import NOW
from tests.market.search.factories import (
    ENCODER,
    Snapshot,
    ask,
    forget,
    make_document,
    make_replica,
    put_all,
    remove_all,
)
from tests.market.search.test_concurrency import WAIT_SECONDS, until
from tests.market.search.test_switch import Process

NAME = "欧阳示例教授"
WORDS = Analysis(NAME, title_length=len(NAME), tagger=None).words
PERSON = make_document(1, kind=Kind.EXPERT, title=NAME)
OTHERS = [make_document(number, kind=Kind.EXPERT) for number in (2, 3)]

Make = Callable[..., Replica]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the processes of one machine keep their snapshots."""
    return tmp_path / "index"


@pytest.fixture
def make(own_database: Database, folder: Path) -> Iterator[Make]:
    """Makes open replicas on one machine, and closes them."""
    with ExitStack() as stack:

        def _make(**values: Any) -> Replica:
            replica = make_replica(own_database, folder, **values).open()
            stack.callback(replica.close)
            return replica

        yield _make


def traces(folder: Path) -> list[Path]:
    """Return the files that hold the person's name as it is written."""
    return [path for path in folder.rglob("*") if path.is_file() and NAME.encode() in path.read_bytes()]


def words_saved(folder: Path) -> set[str]:
    """Return the words of the person's name that the current snapshot knows, also of documents taken out."""
    engine = LocalEngine.load(Snapshot(folder).place, ENCODER)
    try:
        return set(engine._partitions[Kind.EXPERT]._lexical.frequencies(WORDS))
    finally:
        engine.close()


def found(replica: Replica) -> set[int]:
    return ask(replica, kind=Kind.EXPERT)


def seq_of(database: Database) -> int:
    with database.reading() as session:
        return queries.last_forgotten(session)


def events_of(logs: Any) -> list[str]:
    return [entry["event"] for entry in logs]


def test_a_withdrawal_leaves_words_behind_and_forgetting_does_not(
    own_database: Database, folder: Path, make: Make
) -> None:
    put_all(own_database, PERSON, *OTHERS)
    make().close()
    replica = make()  # works with the snapshot
    scratch = replica.engine._scratch.path
    assert found(replica) == {1, 2, 3}
    assert traces(folder)
    remove_all(own_database, 1, kind=Kind.EXPERT)
    assert found(replica) == {2, 3}
    replica.save_snapshot()
    assert words_saved(folder)
    assert traces(folder)  # in the snapshot before this one
    forget(own_database, 1)
    assert found(replica) == {2, 3}
    assert traces(folder) == []
    assert words_saved(folder) == set()
    assert not scratch.exists()
    assert Snapshot(folder).manifest["labels"]["forgotten"] == str(seq_of(own_database))
    assert replica.verify() == []
    assert replica.status().seq == replica.status().last_seq
    put_all(own_database, *OTHERS)
    with capture_logs() as logs:
        replica.save_snapshot()
        assert found(make()) == found(replica) == {2, 3}
    assert logs == []  # what is saved and loaded from now on has the same origin


def test_snapshots_of_other_models_and_halves_of_snapshots_go_too(
    own_database: Database, folder: Path, make: Make
) -> None:
    put_all(own_database, PERSON, *OTHERS)
    replica = make()
    replica.save_snapshot()  # now there are two generations
    place = Snapshot(folder).place
    half = place / "snapshot-of-a-killed-process"
    shutil.copytree(place / Snapshot(folder).name, half)
    (half / "manifest.json").unlink()
    shutil.copytree(place, folder / "a-model-nobody-uses")
    (folder / "notes").write_text("not ours", encoding="utf-8")
    assert len(traces(folder)) >= 6
    forget(own_database, 1)
    with capture_logs() as logs:
        assert found(replica) == {2, 3}
    assert traces(folder) == []
    dropped = [entry for entry in logs if entry["event"] == "index.snapshots_dropped"]
    assert {entry["folder"]: entry["count"] for entry in dropped} == {place.name: 3, "a-model-nobody-uses": 3}
    assert (folder / "notes").exists()


def test_a_process_at_rest_has_no_files_left_either_and_goes_on_when_asked(
    own_database: Database, folder: Path, make: Make
) -> None:
    put_all(own_database, PERSON, *OTHERS)
    make().close()
    one, idle, other = make(), make(), make(encoder=HashingEncoder(dim=32))
    assert found(one) == found(idle) == found(other) == {1, 2, 3}
    forget(own_database, 1)
    assert found(one) == {2, 3}
    assert traces(folder) == []
    put_all(own_database, make_document(4, kind=Kind.EXPERT))
    current = snapshots.Snapshots(folder).place(ENCODER.key) / "current"
    name = current.read_text(encoding="utf-8")
    assert found(idle) == {2, 3, 4}
    assert found(other) == {2, 3, 4}
    assert current.read_text(encoding="utf-8") == name  # it took what the other had built
    assert traces(folder) == []
    assert [replica.verify() for replica in (one, idle, other)] == [[], [], []]


def test_two_processes_one_of_them_down_meanwhile(own_database: Database, tmp_path: Path) -> None:
    up, down = tmp_path / "up", tmp_path / "down"
    with Process(own_database, up, ENCODER.dim) as running:
        running.tell(put=1, title=NAME)
        running.tell(put=2)
        with Process(own_database, down, ENCODER.dim) as other:
            assert other.tell(ask=True)["found"] == [1, 2]
        assert running.tell(ask=True)["found"] == [1, 2]
        running.tell(forget=1)
        assert running.tell(ask=True)["found"] == [2]
        assert traces(up) == []
        assert traces(down)
        with Process(own_database, down, ENCODER.dim) as other:
            assert traces(down) == []  # gone when it is open, before it was asked anything
            assert other.tell(ask=True)["found"] == [2]
            running.tell(put=3)
            assert running.tell(ask=True)["found"] == other.tell(ask=True)["found"] == [2, 3]
        assert traces(up) == traces(down) == []


@pytest.mark.parametrize("own_database", ["sqlite"], indirect=True)
def test_what_sqlite_keeps_on_its_free_pages_goes_by_what_the_operator_is_told_to_do(
    own_database: Database, tmp_path: Path
) -> None:
    put_all(own_database, PERSON, *OTHERS)
    forget(own_database, 1)
    assert traces(tmp_path)
    with closing(sqlite3.connect(str(own_database.engine.url.database), isolation_level=None)) as connection:
        for command in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
            connection.execute(command).fetchall()
    assert traces(tmp_path) == []


def test_what_is_published_again_after_it_was_forgotten_is_found(
    own_database: Database, folder: Path, make: Make
) -> None:
    put_all(own_database, PERSON, *OTHERS)
    replica = make()
    before = traces(folder)
    forget(own_database, 1)
    put_all(own_database, PERSON)
    assert found(replica) == {1, 2, 3}
    assert not any(path.exists() for path in before)
    assert replica.verify() == []
    forget(own_database, 99)  # never was there
    assert found(replica) == {1, 2, 3}


def test_nothing_is_saved_from_an_index_that_was_built_before(
    own_database: Database, folder: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_all(own_database, PERSON, *OTHERS)
    replica = make()
    name = Snapshot(folder).name
    saved: list[str] = []
    save = LocalEngine.save

    def forget_meanwhile(self: LocalEngine, *args: Any, **values: Any) -> None:
        save(self, *args, **values)
        saved.append("written")
        if len(saved) == 1:
            forget(own_database, 1)

    monkeypatch.setattr(LocalEngine, "save", forget_meanwhile)
    replica.save_snapshot()
    assert list(folder.rglob("snapshot-*")) == []
    assert traces(folder) == []
    replica.save_snapshot()  # it has not caught up yet
    assert saved == ["written"]
    assert found(replica) == {2, 3}
    assert saved == ["written"] * 2
    assert Snapshot(folder).name != name


@pytest.mark.parametrize("after", ["last_seq", "last_forgotten", "stream_documents"])
def test_what_is_forgotten_while_an_index_is_built_is_not_passed_over(
    own_database: Database, folder: Path, make: Make, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    put_all(own_database, PERSON, *OTHERS)
    make().close()
    looked: list[object] = []
    look = getattr(queries, after)

    def forget_after_a_look(session: Session, **values: Any) -> Any:
        answer = look(session, **values)
        looked.append(answer if after != "stream_documents" else list(answer))
        # The second look is that of the building: the first is for a snapshot of this model.
        if len(looked) == (1 if after == "stream_documents" else 2):
            session.rollback()  # SQLite would go on showing this session what it saw first
            forget(own_database, 1)
        return looked[-1]

    monkeypatch.setattr(queries, after, forget_after_a_look)
    replica = make(encoder=HashingEncoder(dim=32))
    assert seq_of(own_database)
    assert found(replica) == {2, 3}
    assert traces(folder) == []
    assert replica.verify() == []


def held_up(replica: Replica, monkeypatch: pytest.MonkeyPatch, fail: list[Exception]) -> threading.Event:
    """Let a replica build only when the event is set, and fail as often as there are errors."""
    copy = replica._copy
    assert isinstance(copy, IndexCopy)
    go_on = threading.Event()
    build = copy._build

    def wait() -> Any:
        assert go_on.wait(WAIT_SECONDS)
        if fail:
            raise fail.pop()
        return build()

    monkeypatch.setattr(copy, "_build", wait)
    return go_on


def test_a_large_index_is_made_anew_in_the_background_but_its_files_go_at_once(
    own_database: Database, folder: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_all(own_database, PERSON, *OTHERS)
    make().close()
    replica = make(renewed_at_once=2)
    replica_engine = id(replica.engine)
    go_on = held_up(replica, monkeypatch, [OperationalError("SELECT", {"title": NAME}, Exception("gone"))])
    forget(own_database, 1)
    with capture_logs() as logs:
        put_all(own_database, make_document(5, kind=Kind.EXPERT))
        assert found(replica) == {2, 3, 5}
        assert traces(folder) == []
        assert list(folder.rglob("snapshot-*")) == []
        for number in range(6, 12):  # its words grow although the files below them are gone
            put_all(own_database, make_document(number, kind=Kind.EXPERT))
            assert found(replica) == {2, 3, *range(5, number + 1)}
        forget(own_database, 11)
        assert found(replica) == {2, 3, *range(5, 11)}
        assert id(replica.engine) == replica_engine
        assert replica.verify() == ["有条目被抹去，索引正在重建，尚未完成"]
        go_on.set()
        until(lambda: "index.renewal_failed" in events_of(logs))

        def renewed() -> bool:
            assert found(replica) == {2, 3, *range(5, 11)}
            return replica.verify() == []

        until(renewed)
    assert NAME not in str(logs)
    assert id(replica.engine) != replica_engine
    until(lambda: Snapshot(folder).manifest["labels"]["forgotten"] == str(seq_of(own_database)))
    assert words_saved(folder) == set()


def test_a_replica_can_be_closed_while_it_is_made_anew(
    own_database: Database, folder: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_all(own_database, PERSON, *OTHERS)
    replica = make(renewed_at_once=0)
    go_on = held_up(replica, monkeypatch, [])
    forget(own_database, 1)
    assert found(replica) == {2, 3}
    threading.Timer(0.2, go_on.set).start()
    replica.close()
    assert not any(thread.name == "index-renewal" for thread in threading.enumerate())
    assert list(folder.rglob("snapshot-*")) == []
    with pytest.raises(RuntimeError, match="opened"):
        found(replica)


def test_files_that_cannot_be_deleted_stop_no_question_and_are_named(
    own_database: Database, folder: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, NAME)

    put_all(own_database, PERSON, *OTHERS)
    replica = make()
    kept = Snapshot(folder).name
    monkeypatch.setattr(snapshots, "drop_snapshots", refuse)
    forget(own_database, 1)
    with capture_logs() as logs:
        assert found(replica) == {2, 3}
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"][:1] == ["index.snapshots_kept"]
    assert NAME not in str(logs)
    assert replica.verify() == [f"快照 {kept} 早于最近一次抹去，应已删除"]
    monkeypatch.undo()
    make()
    assert replica.verify() == []


def test_a_snapshot_from_before_is_never_used_even_where_it_could_not_be_deleted(
    own_database: Database, folder: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_all(own_database, PERSON, *OTHERS)
    make().close()
    forget(own_database, 1)
    monkeypatch.setattr(snapshots.Snapshots, "drop_outdated", lambda *_: None)
    with capture_logs() as logs:
        replica = make()
    assert events_of(logs) == ["index.snapshot_refused"]
    assert replica.engine.keys(Kind.EXPERT) == {"2", "3"}


def test_the_process_that_was_told_to_forget_does_not_wait_for_a_question(
    own_database: Database, folder: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, done = flask.Flask("bare"), []
    put_all(own_database, PERSON, *OTHERS)
    replica = make()
    attach_replica(app, replica)
    on_index_change(app, lambda: done.append("worked off"))
    forget(own_database, 1)
    with app.app_context():
        index_forgot()
        assert traces(folder) == []
        assert replica.engine.keys(Kind.EXPERT) == {"2", "3"}

        def away() -> int:
            raise Unavailable("检索服务暂不可用，请稍后再试。", code="engine-unavailable")

        monkeypatch.setattr(replica, "catch_up", away)
        index_forgot()
    assert done == ["worked off"] * 2


def test_forgetting_is_known_by_its_last_change(session: Session) -> None:
    assert queries.last_forgotten(session) == 0
    rows = [
        ListingChange(seq=seq, kind=Kind.EXPERT, record_id=record_id, operation=operation, at=NOW)
        for seq, record_id, operation in (
            (1, 1, Operation.FORGET),
            (2, 2, Operation.UPSERT),
            (3, 2, Operation.FORGET),
            (4, 1, Operation.UPSERT),
        )
    ]
    session.add_all(rows)
    session.flush()
    assert queries.last_forgotten(session) == 3
    changes = queries.changes_after(session, 0)
    assert (changes.upserts, changes.removals) == ([(Kind.EXPERT, 1)], [(Kind.EXPERT, 2)])
    assert changes.forgotten == [(Kind.EXPERT, 1), (Kind.EXPERT, 2)]
    assert changes.last_forgotten == 3
    assert queries.changes_after(session, 3).last_forgotten is None
