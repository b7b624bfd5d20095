"""One replica: opening, catching up, snapshots that fit and snapshots that do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update
from structlog.testing import capture_logs

from market.db import Database
from market.search import queries
from market.search.models import IndexIdentity, ListingChange, ListingVector, Operation, SearchDocument
from market.search.replica import Replica, open_encoder, open_replica
from market.search.service import put_document
from market.settings import Settings
from matching.encoder import HashingEncoder
from matching.errors import MatchingError
from matching.lexicon import Lexicon
from matching.types import Kind, Query
from tests.factories import NOW
from tests.market.search.factories import (
    ENCODER,
    Snapshot,
    ask,
    make_document,
    make_replica,
    put_all,
    remove_all,
)

Make = Callable[..., Replica]
OTHER = HashingEncoder(dim=32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where snapshots are kept."""
    return tmp_path / "index"


@pytest.fixture
def make(database: Database, folder: Path) -> Iterator[Make]:
    """Makes replicas of the database and closes them."""
    made: list[Replica] = []

    def _make(**values: Any) -> Replica:
        made.append(make_replica(database, folder, **values))
        return made[-1]

    yield _make
    for replica in made:
        replica.close()


def warnings_of(logs: Any) -> list[str]:
    return [entry["event"] for entry in logs if entry["log_level"] == "warning"]


def test_first_open_builds_and_writes_a_snapshot(database: Database, folder: Path, make: Make) -> None:
    put_all(database, make_document(1), make_document(2), make_document(3, kind=Kind.ACHIEVEMENT))
    replica = make().open()
    with database.reading() as session:
        seq, identity = queries.last_seq(session), queries.database_identity(session)
    manifest = Snapshot(folder).manifest
    assert manifest["labels"] == {"database": identity, "seq": str(seq), "forgotten": "0"}
    assert manifest["counts"] == {"need": 2, "achievement": 1}
    assert ask(replica) == {1, 2}
    assert ask(replica, kind=Kind.ACHIEVEMENT) == {3}


def test_second_open_loads_the_snapshot_and_builds_nothing(
    database: Database, folder: Path, make: Make
) -> None:
    put_all(database, make_document(1), make_document(2))
    make().open()
    name = Snapshot(folder).name
    put_all(database, make_document(3))
    remove_all(database, 1)
    with capture_logs() as logs:
        replica = make().open()
    assert Snapshot(folder).name == name  # building would have written another
    assert warnings_of(logs) == []
    assert replica.engine.keys(Kind.NEED) == {"1", "2"}  # as saved; the rest comes with the first answer
    assert ask(replica) == {2, 3}


def test_opening_an_empty_database_finds_nothing_and_later_what_comes(database: Database, make: Make) -> None:
    replica = make().open()
    assert ask(replica) == set()
    put_all(database, make_document(1))
    assert ask(replica) == {1}


def test_catching_up_applies_additions_changes_and_removals(database: Database, make: Make) -> None:
    put_all(database, make_document(1), make_document(2, title="旧题目"))
    replica = make().open()
    remove_all(database, 1)
    put_all(database, make_document(2, title="新题目"), make_document(3))
    with database.reading() as session:
        last = queries.last_seq(session)
    assert replica.catch_up() == last
    assert replica.engine.keys(Kind.NEED) == {"2", "3"}
    assert replica.engine.title(Kind.NEED, "2") == "新题目"
    assert replica.catch_up() == last


def test_applying_changes_twice_does_no_harm(database: Database, folder: Path, make: Make) -> None:
    make().open()
    put_all(database, make_document(1), make_document(2))
    remove_all(database, 1)
    ahead = make().open()
    assert ask(ahead) == {2}
    ahead.save_snapshot()
    labels = Snapshot(folder).manifest["labels"]
    Snapshot(folder).rewrite(labels={**labels, "seq": "0"})  # knows the documents, not that it does
    again = make().open()
    assert again.engine.keys(Kind.NEED) == {"2"}
    assert ask(again) == {2}
    assert again.status().indexed[Kind.NEED] == 1
    assert again.verify() == []


def test_more_changes_than_one_batch_are_all_applied(database: Database, make: Make) -> None:
    replica = make().open()
    put_all(database, make_document(1), make_document(2))
    again = {"kind": Kind.NEED, "record_id": 1, "operation": Operation.UPSERT, "at": NOW}
    with database.transaction() as session:
        session.execute(insert(ListingChange), [again] * queries.BATCH)
    remove_all(database, 2)
    put_all(database, make_document(3))
    assert ask(replica) == {1, 3}
    assert replica.status().seq == replica.status().last_seq


def test_an_upsert_of_a_record_that_is_gone_meanwhile_removes_it(database: Database, make: Make) -> None:
    put_all(database, make_document(1), make_document(2))
    replica = make().open()
    put_all(database, make_document(1, title="改过的题目"))
    with database.transaction() as session:
        # The log's own line about it will only be read in the next batch.
        session.execute(delete(SearchDocument).where(SearchDocument.record_id == 1))
    assert ask(replica) == {2}


def _other_database(database: Database, snapshot: Snapshot) -> None:
    with database.transaction() as session:
        session.execute(update(IndexIdentity).values(database="0" * 32))


def _ahead(database: Database, snapshot: Snapshot) -> None:
    labels = snapshot.manifest["labels"]
    snapshot.rewrite(labels={**labels, "seq": str(int(labels["seq"]) + 100)})


def _unlabelled(database: Database, snapshot: Snapshot) -> None:
    snapshot.rewrite(labels={})


def _damaged(database: Database, snapshot: Snapshot) -> None:
    snapshot.damage()


def _unreadable(database: Database, snapshot: Snapshot) -> None:
    (snapshot.place / snapshot.name / "manifest.json").write_text("{", encoding="utf-8")


def _half_deleted(database: Database, snapshot: Snapshot) -> None:
    (snapshot.place / "current").write_text("snapshot-gone", encoding="utf-8")


def _other_normalisation(database: Database, snapshot: Snapshot) -> None:
    snapshot.rewrite(normalisation="0")


def _other_lexicon(database: Database, snapshot: Snapshot) -> None:
    snapshot.rewrite(lexicon="another")


def _of_another_past(database: Database, snapshot: Snapshot) -> None:
    # As after restoring a backup from before something was forgotten.
    snapshot.rewrite(labels={**snapshot.manifest["labels"], "forgotten": "1"})


@pytest.mark.parametrize(
    "spoil",
    [
        _other_database,
        _ahead,
        _unlabelled,
        _of_another_past,
        _damaged,
        _unreadable,
        _half_deleted,
        _other_normalisation,
        _other_lexicon,
    ],
)
def test_a_snapshot_that_does_not_fit_is_rebuilt_whole_and_said_so(
    database: Database, folder: Path, make: Make, spoil: Callable[[Database, Snapshot], None]
) -> None:
    put_all(database, *(make_document(number) for number in range(1, 6)))
    make().open()
    before = Snapshot(folder).name
    spoil(database, Snapshot(folder))
    with capture_logs() as logs:
        replica = make().open()
    assert warnings_of(logs) == ["index.snapshot_refused"]
    assert Snapshot(folder).name != before
    assert replica.verify() == []
    assert ask(replica) == {1, 2, 3, 4, 5}
    with capture_logs() as logs:
        assert ask(make().open()) == {1, 2, 3, 4, 5}
    assert logs == []  # the new snapshot fits


def test_a_snapshot_of_an_older_program_fits_as_long_as_nothing_was_forgotten(
    database: Database, folder: Path, make: Make
) -> None:
    put_all(database, make_document(1))
    make().open()
    labels = Snapshot(folder).manifest["labels"]
    Snapshot(folder).rewrite(labels={name: labels[name] for name in ("database", "seq")})
    with capture_logs() as logs:
        assert ask(make().open()) == {1}
    assert logs == []


def encoders_of(database: Database, record_id: int) -> set[str]:
    with database.reading() as session:
        statement = select(ListingVector.encoder).where(ListingVector.record_id == record_id)
        return set(session.scalars(statement))


def test_vectors_that_are_missing_at_the_start_are_made_stored_and_said_so(
    database: Database, make: Make
) -> None:
    with database.transaction() as session:
        put_document(session, OTHER, make_document(1), now=NOW)
    put_all(database, make_document(2))
    with capture_logs() as logs:
        replica = make().open()
    assert warnings_of(logs) == ["index.vectors_made"]
    assert logs[0]["count"] == 1
    assert ask(replica) == {1, 2}
    assert encoders_of(database, 1) == {ENCODER.key, OTHER.key}
    assert ask(make(encoder=OTHER).open()) == {1, 2}
    assert encoders_of(database, 2) == {ENCODER.key, OTHER.key}


def test_a_snapshot_does_not_hide_that_vectors_are_missing(database: Database, make: Make) -> None:
    put_all(database, make_document(1))
    make().open()
    with database.transaction() as session:
        session.execute(delete(ListingVector))
    with capture_logs() as logs:
        make().open()
    assert warnings_of(logs) == ["index.vectors_made"]
    assert encoders_of(database, 1) == {ENCODER.key}


def test_a_database_restored_from_an_older_backup_is_followed_back(database: Database, make: Make) -> None:
    put_all(database, make_document(1))
    with database.reading() as session:
        backup = queries.last_seq(session)
    put_all(database, make_document(2))
    replica = make().open()
    with database.transaction() as session:
        session.execute(delete(ListingChange).where(ListingChange.seq > backup))
        for model in (SearchDocument, ListingVector):
            session.execute(delete(model).where(model.record_id == 2))
    with capture_logs() as logs:
        assert ask(replica) == {1}
    assert warnings_of(logs) == ["index.rebuilt"]
    assert replica.catch_up() == backup


def test_status_tells_how_far_behind_a_replica_is(database: Database, make: Make) -> None:
    put_all(database, make_document(1))
    replica = make().open()
    put_all(database, make_document(2), make_document(1, kind=Kind.ACHIEVEMENT))
    status = replica.status()
    assert status.encoder == ENCODER.key
    assert status.live is None
    assert status.vectors == {ENCODER.key: 3}
    assert status.last_seq - status.seq == 2
    assert status.indexed == {**dict.fromkeys(Kind, 0), Kind.NEED: 1}
    assert status.stored == {Kind.NEED: 2, Kind.ACHIEVEMENT: 1}


def test_verify_reads_the_whole_snapshot(database: Database, folder: Path, make: Make) -> None:
    put_all(database, make_document(1))
    replica = make().open()
    assert replica.verify() == []
    damaged = next(folder.rglob("vectors.faiss"))
    content = bytearray(damaged.read_bytes())
    content[-1] ^= 1
    damaged.write_bytes(content)
    (line,) = replica.verify()
    assert line.startswith("快照已损坏")
    replica.save_snapshot()
    assert replica.verify() == []


@pytest.mark.parametrize(("recall", "lines"), [(None, 0), (0.98, 0), (0.9, 1)])
def test_verify_tells_when_searches_overlook_too_much(
    database: Database, make: Make, monkeypatch: pytest.MonkeyPatch, recall: float | None, lines: int
) -> None:
    put_all(database, make_document(1))
    replica = make().open()
    monkeypatch.setattr(replica.engine, "recall", lambda kind: recall if kind is Kind.NEED else None)
    found = replica.verify()
    assert len(found) == lines
    assert all("90.0%" in line and line.startswith("need") for line in found)


def test_verify_names_what_is_missing_and_what_is_too_much(database: Database, make: Make) -> None:
    put_all(database, make_document(1), make_document(2))
    replica = make().open()
    assert replica.verify() == []
    replica.engine.remove(Kind.NEED, ["1"])
    replica.engine.upsert([make_document(9, kind=Kind.ACHIEVEMENT)])
    assert replica.verify() == ["need 1：索引中缺少", "achievement 9：不应被检索到"]
    assert replica.rebuild() == 2
    assert replica.verify() == []


def test_a_snapshot_in_writing_is_not_written_twice(database: Database, folder: Path, make: Make) -> None:
    replica = make().open()
    name = Snapshot(folder).name
    with replica._copy._saving:
        replica.save_snapshot()
    assert Snapshot(folder).name == name
    replica.save_snapshot()
    assert Snapshot(folder).name != name


def test_a_replica_that_is_not_open_refuses_to_answer(database: Database, make: Make) -> None:
    replica = make()
    with pytest.raises(RuntimeError, match="opened"):
        replica.search(Query(title="脱盐", body="", kind=Kind.NEED))


def test_a_snapshot_late_for_a_closed_replica_leaves_the_saved_one_alone(
    database: Database, folder: Path, make: Make
) -> None:
    put_all(database, make_document(1))
    replica = make().open()
    name = Snapshot(folder).name
    replica.close()
    replica.close()
    replica.save_snapshot()
    assert Snapshot(folder).name == name
    assert ask(make().open()) == {1}


def test_settings_name_folder_and_model_of_the_process(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    put_all(database, make_document(1))
    replica = open_replica(settings, database, ENCODER)
    try:
        snapshot = Snapshot(settings.data_dir / "index")
        assert snapshot.manifest["lexicon"] == Lexicon.load().version
        assert ask(replica) == {1}
    finally:
        replica.close()
    absent = Settings(database_url=settings.database_url, data_dir=tmp_path, encoder=str(tmp_path / "none"))
    with pytest.raises(MatchingError, match="none"):
        open_encoder(absent)
