"""One index on a Milvus server for several processes of a market on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import delete
from structlog.testing import capture_logs

from market.db import AdvisoryLock, Database, advisory_lock
from market.errors import Unavailable
from market.search import queries
from market.search.models import ListingChange, ListingVector, SearchDocument
from market.search.replica import Replica, drop_other_collections
from market.search.replica import make_replica as make_from_settings
from market.search.replica.shared import SharedCopy, collections_of
from market.settings import Settings
from matching.encoder import Encoder, HashingEncoder, load_encoder
from matching.milvus import MilvusEngine, list_prefixes
from matching.scoring import RERANKER, Weights
from matching.types import Document, Kind, Query
from tests.conftest import BACKENDS, prepared_database_url
from tests.market.search.factories import (
    ENCODER,
    ask,
    forget,
    make_document,
    put_all,
    record,
    remove_all,
    switch,
)
from tests.market.search.test_concurrency import until
from tests.market.search.test_switch import Host
from tests.matching.milvus_server import milvus_server
from tests.matching.test_reranker import save_tiny_cross_encoder

pytestmark = pytest.mark.skipif("postgresql" not in BACKENDS, reason="a shared index needs PostgreSQL")

NEW = HashingEncoder(dim=32)
QUESTION = Query(title="高盐废水膜法脱盐", body="", kind=Kind.NEED, k=50)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a server."""
    with milvus_server(tmp_path_factory.mktemp("milvus")) as running:
        yield running


@pytest.fixture
def market(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of the test's own."""
    database = Database(prepared_database_url("postgresql", tmp_path, request))
    yield database
    database.dispose()


class Make:
    """Makes replicas of one market as processes of their own would, and closes them."""

    def __init__(self, database: Database, url: str) -> None:
        self.database = database
        self.url = url
        self.made = ExitStack()

    def __call__(
        self, encoder: Encoder = ENCODER, *, load: Callable[..., Encoder] | None = None, **values: Any
    ) -> Replica:
        """Return an open replica."""

        def make_copy(one: Encoder) -> SharedCopy:
            return SharedCopy(
                self.database,
                one,
                connect=lambda prefix: MilvusEngine(one, self.url, prefix=prefix),
                prefix="market",
                lexicon_version="",
                **values,
            )

        loading = {} if load is None else {"load": load}
        replica = Replica(self.database, encoder, make_copy=make_copy, **loading).open()
        self.made.callback(replica.close)
        return replica

    def prefixes(self) -> list[str]:
        """Return the prefixes of the market's collections."""
        return list_prefixes(self.url, begin=collections_of(self.database, "market"))


@pytest.fixture
def make(market: Database, url: str) -> Iterator[Make]:
    maker = Make(market, url)
    with maker.made:
        yield maker


def engine_of(replica: Replica) -> MilvusEngine:
    return cast(MilvusEngine, replica.engine)


def last_of(database: Database) -> int:
    with database.reading() as session:
        return queries.last_seq(session)


def applied(replica: Replica) -> int:
    """Return what the server says it has."""
    return int(engine_of(replica).labels["seq"])


def test_what_is_published_or_withdrawn_is_seen_by_every_process_in_its_next_answer(
    market: Database, make: Make
) -> None:
    put_all(market, make_document(1), make_document(2))
    replicas = [make(), make()]
    assert [ask(replica) for replica in replicas] == [{1, 2}] * 2
    remove_all(market, 1)
    put_all(market, make_document(3), make_document(2, title="旧题目换新题目"))
    assert [ask(replica) for replica in replicas] == [{2, 3}] * 2
    assert replicas[1].engine.title(Kind.NEED, "2") == "旧题目换新题目"
    assert applied(replicas[0]) == last_of(market)
    put_all(market, make_document(1))
    assert [ask(replica) for replica in reversed(replicas)] == [{1, 2, 3}] * 2
    assert [replica.verify() for replica in replicas] == [[], []]


def test_each_change_is_carried_to_the_server_once(
    market: Database, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    upsert = MilvusEngine.upsert

    def note(self: MilvusEngine, documents: list[Document], **values: Any) -> None:
        sent.extend(document.key for document in documents)
        upsert(self, documents, **values)

    monkeypatch.setattr(MilvusEngine, "upsert", note)
    put_all(market, make_document(1))
    one, other = make(), make()
    ask(one)
    ask(other)  # a process that starts later finds it all there
    put_all(market, make_document(2))
    ask(other)
    ask(one)
    assert sent == ["1", "2"]


def test_nothing_withdrawn_is_shown_while_processes_publish_at_once(market: Database, make: Make) -> None:
    put_all(market, make_document(1))
    replicas = [make(), make()]

    def publish_and_withdraw(number: int, replica: Replica) -> None:
        for _ in range(4):
            put_all(market, make_document(number))
            assert number in ask(replica)
            remove_all(market, number)
            assert number not in ask(replica)

    with ThreadPoolExecutor(4) as pool:
        work = [pool.submit(publish_and_withdraw, 100 + number, replicas[number % 2]) for number in range(4)]
        for one in work:
            one.result()
    assert [ask(replica) for replica in replicas] == [{1}] * 2
    assert replicas[0].verify() == []
    assert applied(replicas[0]) == last_of(market) == 33


def test_a_write_that_comes_late_does_not_bring_a_withdrawn_listing_back(
    market: Database, make: Make
) -> None:
    put_all(market, *(make_document(number) for number in range(1, 5)))
    replica = make()
    best = replica.search(QUESTION).hits[0].key
    remove_all(market, int(best))
    assert int(best) not in ask(replica)
    replica.engine.upsert([make_document(int(best))])  # the server took its time
    assert len(replica.engine.search(QUESTION).hits) == 4
    ranking = replica.search(QUESTION)
    assert {int(hit.key) for hit in ranking.hits} == {1, 2, 3, 4} - {int(best)}
    assert [hit.rank for hit in ranking.hits] == [1, 2, 3]
    assert replica.verify() == [f"need {best}：不应被检索到"]


def test_verify_names_what_differs_and_rebuilding_mends_it(market: Database, make: Make) -> None:
    put_all(market, make_document(1), make_document(2, title="旧题目"))
    replica, other = make(), make()
    assert replica.verify() == []
    replica.engine.remove(Kind.NEED, ["1"])
    replica.engine.upsert([make_document(9, kind=Kind.ACHIEVEMENT), make_document(2, title="不实的题目")])
    assert other.verify() == ["need 1：索引中缺少", "achievement 9：不应被检索到"]
    assert other.rebuild() == 2
    assert replica.verify() == []
    assert ask(replica) == {1, 2}
    assert replica.engine.title(Kind.NEED, "2") == "旧题目"
    assert applied(replica) == last_of(market)


def test_rebuilding_lets_others_publish_and_search(
    market: Database, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("market.search.replica.shared.BATCH", 1)
    put_all(market, *(make_document(number) for number in range(1, 5)))
    replica, other = make(wait=5), make()
    assert ask(replica) == {1, 2, 3, 4}
    upsert, seen = MilvusEngine.upsert, []

    def publish_meanwhile(self: MilvusEngine, documents: list[Document], **values: Any) -> None:
        upsert(self, documents, **values)
        if threading.current_thread().name == "rebuilding" and documents[0].key == "2":
            remove_all(market, 1, 3)
            put_all(market, make_document(7))
            went_on.set()
            assert looked.wait(0) or not seen

    went_on, looked = threading.Event(), threading.Event()
    monkeypatch.setattr(MilvusEngine, "upsert", publish_meanwhile)
    rebuilding = threading.Thread(target=other.rebuild, name="rebuilding")
    rebuilding.start()
    assert went_on.wait(20)
    seen.append(ask(replica))
    looked.set()
    rebuilding.join()
    assert seen == [{2, 4, 7}]
    assert ask(replica) == {2, 4, 7}
    assert replica.verify() == []


def test_a_database_restored_from_an_older_backup_is_followed_back(market: Database, make: Make) -> None:
    put_all(market, make_document(1))
    backup = last_of(market)
    put_all(market, make_document(2))
    replicas = [make(), make()]
    assert [ask(replica) for replica in replicas] == [{1, 2}] * 2
    with market.transaction() as session:
        session.execute(delete(ListingChange).where(ListingChange.seq > backup))
        for model in (SearchDocument, ListingVector):
            session.execute(delete(model).where(model.record_id == 2))
    with capture_logs() as logs:
        assert [ask(replica) for replica in replicas] == [{1}] * 2
    assert [entry["event"] for entry in logs] == ["index.filling"]  # by the first alone
    assert replicas[0].verify() == []
    assert applied(replicas[1]) == backup


def test_an_unfinished_filling_is_begun_again(
    market: Database, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_all(market, make_document(1), make_document(2))
    with monkeypatch.context() as patched:
        patched.setattr(MilvusEngine, "remove", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            ask(make())
    remove_all(market, 1)
    assert ask(make()) == {2}
    assert make().verify() == []


def test_status_tells_how_far_the_server_is(market: Database, make: Make) -> None:
    replica = make()
    assert (replica.status().seq, replica.status().indexed[Kind.NEED]) == (0, 0)
    put_all(market, make_document(1), make_document(2))
    assert replica.catch_up() == 2
    put_all(market, make_document(3))
    status = make().status()
    assert (status.seq, status.last_seq, status.encoder) == (2, 3, ENCODER.key)
    assert (status.indexed[Kind.NEED], status.stored[Kind.NEED]) == (2, 3)


def test_two_markets_share_a_server_without_meeting(
    market: Database, make: Make, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    # Both are copies of one database, as a rehearsal of the market from its backup is.
    neighbour = Database(prepared_database_url("postgresql", tmp_path, request))
    put_all(market, make_document(1))
    put_all(neighbour, make_document(1), make_document(2))
    theirs = Make(neighbour, make.url)
    with theirs.made:
        assert (ask(make()), ask(theirs())) == ({1}, {1, 2})
        assert not set(make.prefixes()) & set(theirs.prefixes())
    neighbour.dispose()


def test_a_question_waits_for_a_writer_but_not_for_ever(market: Database, make: Make) -> None:
    put_all(market, make_document(1))
    replica, other, patient = make(wait=0.2), make(wait=0.2), make()
    assert ask(replica) == {1}
    key = cast(SharedCopy, replica._copy)._lock_key
    with ThreadPoolExecutor(1) as pool:
        with market.engine.begin() as writing:
            advisory_lock(writing, AdvisoryLock.SHARED_INDEX, key)
            assert ask(replica) == {1}  # it knows that nothing has changed
            put_all(market, make_document(2))
            for one in (replica, other):
                with pytest.raises(Unavailable) as caught:
                    ask(one)
                assert caught.value.code == "engine-unavailable"
            waiting = pool.submit(ask, patient)
        assert waiting.result(20) == {1, 2}
    assert ask(replica) == ask(other) == {1, 2}


def test_a_server_that_cannot_be_reached_is_left_alone_for_a_while(market: Database) -> None:
    tried: list[str] = []

    def connect(prefix: str) -> MilvusEngine:
        tried.append(prefix)
        return MilvusEngine(ENCODER, "http://127.0.0.1:1", prefix=prefix, timeout=2)

    def fail(copy: SharedCopy) -> None:
        for _ in range(3):
            with pytest.raises(Unavailable):
                copy.catch_up(1)

    put_all(market, make_document(1))
    fail(SharedCopy(market, ENCODER, connect=connect, prefix="market", lexicon_version="", pause=600))
    assert len(tried) == 1
    fail(SharedCopy(market, ENCODER, connect=connect, prefix="market", lexicon_version="", pause=0))
    assert len(tried) == 4


def test_an_upgrade_of_the_model_goes_on_beside_the_old_one(market: Database, make: Make) -> None:
    record(market, ENCODER)
    put_all(market, make_document(1), make_document(2))
    host = Host(ENCODER, NEW)
    replica, behind = make(load=host.load), make(load=Host(ENCODER).load)
    assert ask(replica) == ask(behind) == {1, 2}
    host.gate.clear()
    switch(market, NEW)
    put_all(market, make_document(3), encoder=NEW)
    remove_all(market, 1)
    assert ask(replica) == ask(behind) == {2, 3}
    host.gate.set()
    until(lambda: replica.encoder is NEW)
    put_all(market, make_document(4), encoder=ENCODER)
    assert ask(replica) == ask(behind) == {2, 3, 4}
    assert replica.search(QUESTION).encoder == NEW.key
    assert behind.search(QUESTION).encoder == ENCODER.key
    assert replica.verify() == behind.verify() == []
    assert len(make.prefixes()) == 2


def test_collections_of_former_models_are_dropped_and_no_others(
    market: Database, make: Make, tmp_path: Path
) -> None:
    settings = Settings(database_url=market.url, data_dir=tmp_path, engine="milvus", milvus_uri=make.url)
    put_all(market, make_document(1))
    present = make_from_settings(settings, market, ENCODER).open()
    assert ask(present) == {1}
    kept = make.prefixes()
    former = make(NEW, load=Host(NEW).load)
    assert ask(former) == {1}
    dropped = drop_other_collections(settings, market, ENCODER)
    assert [name.rpartition("_")[2] for name in dropped] == ["need", "labels"]
    assert make.prefixes() == kept
    assert drop_other_collections(settings, market, ENCODER) == []
    assert ask(present) == {1}
    put_all(market, make_document(2))
    with pytest.raises(Unavailable):
        ask(former)  # it had not heard of it
    assert ask(former) == {1, 2}  # and makes its own again
    present.close()


def test_what_is_forgotten_leaves_the_collections_of_all_models(
    market: Database, make: Make, tmp_path: Path
) -> None:
    settings = Settings(database_url=market.url, data_dir=tmp_path, engine="milvus", milvus_uri=make.url)
    put_all(market, make_document(1), make_document(2), make_document(3), make_document(2, kind=Kind.EXPERT))
    present = make_from_settings(settings, market, ENCODER).open()
    former = make(NEW, load=Host(NEW).load)  # nobody will ask it again
    assert ask(present) == ask(former) == {1, 2, 3}
    remove_all(market, 2)
    forget(market, 1, kind=Kind.NEED)
    forget(market, 3, kind=Kind.NEED)
    put_all(market, make_document(3))  # others may have it again already
    assert ask(present) == {3}
    assert engine_of(former).keys(Kind.NEED) == {"2", "3"}
    assert engine_of(former).keys(Kind.EXPERT) == {"2"}
    present.close()


def test_weights_reranker_and_alike_words_work_as_in_a_local_index(
    market: Database, url: str, tmp_path: Path
) -> None:
    shipped = load_encoder()
    documents = [
        make_document(1, kind=Kind.ACHIEVEMENT),
        make_document(2, kind=Kind.ACHIEVEMENT, title="印染废水脱盐回用"),
    ]
    put_all(market, *documents, encoder=shipped)
    settings = Settings(
        database_url=market.url,
        data_dir=tmp_path,
        reranker=str(save_tiny_cross_encoder(tmp_path / "tiny")),
    )
    remote = replace(settings, engine="milvus", milvus_uri=url)
    query = Query("染布污水含盐分离", "", Kind.ACHIEVEMENT, alike=True)
    weights = replace(Weights.load(), version="other", dense=0.0)
    answers = []
    for one in (settings, remote):
        replica = make_from_settings(one, market, shipped).open()
        ranking = replica.search(query, weights=weights)
        replica.close()
        assert (ranking.weights, ranking.reranker) == ("other", "tiny")
        answers.append({hit.key: hit for hit in ranking.hits})
    local, shared = answers
    assert local.keys() == shared.keys() == {"1", "2"}
    for key, hit in local.items():
        assert hit.alike == shared[key].alike != ()
        parts, others = ({part.name: part for part in one.parts} for one in (hit, shared[key]))
        assert others[RERANKER].value == pytest.approx(parts[RERANKER].value)
        assert others["dense"].contribution == 0.0
