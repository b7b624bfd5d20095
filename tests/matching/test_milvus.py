"""What only the Milvus engine does: share documents between processes, refuse, and fail."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import matching.milvus.engine
from matching.encoder import HashingEncoder
from matching.errors import ManifestMismatch
from matching.explain import Analysis
from matching.milvus import EngineUnavailable, MilvusEngine, drop_collections
from matching.milvus.rows import MAX_BYTES, character_table, cut, facet_table, stored, to_row
from matching.scoring import RERANKER
from matching.types import Document, Facets, Kind, Query
from tests.matching.milvus_server import milvus_engine, milvus_server
from tests.matching.samples import ALL, BLADE, BRINE, PLAIN, lexicon, made_up

QUESTION = Query("废水膜", "叶片裂纹", Kind.ACHIEVEMENT)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a server."""
    with milvus_server(tmp_path_factory.mktemp("milvus")) as running:
        yield running


def test_the_client_is_imported_only_when_an_engine_is_made() -> None:
    code = "import sys, matching.milvus; print('pymilvus' in sys.modules, 'grpc' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_processes_share_documents_and_labels(url: str) -> None:
    with milvus_engine(url, prefix="shared") as one:
        other = MilvusEngine(HashingEncoder(64), url, prefix="shared")
        assert one.labels == other.labels == {}
        one.upsert([BRINE])
        one.set_labels({"seq": "41", "database": "甲\"'\n"})
        assert [hit.key for hit in other.search(QUESTION).hits] == [BRINE.key]
        assert other.labels == {"seq": "41", "database": "甲\"'\n"}
        other.upsert([BLADE])
        other.set_labels({"seq": "42"})
        other.remove(Kind.ACHIEVEMENT, [BRINE.key])
        assert one.keys(Kind.ACHIEVEMENT) == {BLADE.key}
        assert [hit.key for hit in one.search(QUESTION).hits] == [BLADE.key]
        assert one.labels == {"seq": "42", "database": "甲\"'\n"}
        other.close()
        assert one.count() == 1


def test_prefixes_keep_engines_apart(url: str) -> None:
    with milvus_engine(url, BRINE, prefix="left") as left, milvus_engine(url, BLADE, prefix="right") as right:
        assert left.keys(Kind.ACHIEVEMENT) == {BRINE.key}
        assert right.keys(Kind.ACHIEVEMENT) == {BLADE.key}


def test_what_was_made_otherwise_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with milvus_engine(url, BRINE, prefix="made", tagger=lexicon()):
        with pytest.raises(ManifestMismatch) as caught:
            MilvusEngine(HashingEncoder(32), url, prefix="made", lexicon=lexicon())
        key = HashingEncoder(32).key
        assert (caught.value.field, caught.value.wanted) == ("encoder", key)
        with pytest.raises(ManifestMismatch, match="lexicon 'test-1', in use is ''"):
            MilvusEngine(HashingEncoder(64), url, prefix="made")
        with monkeypatch.context() as newer:
            newer.setattr(matching.milvus.engine, "SCHEMA", "next")
            with pytest.raises(ManifestMismatch, match="schema '2', in use is 'next'"):
                MilvusEngine(HashingEncoder(64), url, prefix="made", lexicon=lexicon())
        # An engine that was opened before there was anything notices it as well.
        early = MilvusEngine(HashingEncoder(32), url, prefix="made_later")
        with milvus_engine(url, BRINE, prefix="made_later"):
            with pytest.raises(ManifestMismatch):
                early.search(QUESTION)
            with pytest.raises(ManifestMismatch):
                early.upsert([BLADE])
        early.close()


def test_dropping_deletes_one_prefix(url: str) -> None:
    with milvus_engine(url, BRINE, prefix="keep") as kept:
        with milvus_engine(url, BRINE, prefix="drop") as made:
            made.set_labels({"seq": "1"})
            assert drop_collections(url, prefix="drop") == ["drop_achievement", "drop_labels"]
            assert drop_collections(url, prefix="drop") == []
        assert kept.count() == 1


def test_documents_outlive_the_server_process(tmp_path: Path) -> None:
    with milvus_server(tmp_path) as first:
        made = MilvusEngine(HashingEncoder(64), first, lexicon=lexicon())
        made.upsert(ALL)
        made.set_labels({"seq": "7"})
        before = made.search(QUESTION)
        made.close()
        made.close()
    with milvus_server(tmp_path) as again:
        made = MilvusEngine(HashingEncoder(64), again, lexicon=lexicon())
        assert made.labels == {"seq": "7"}
        assert made.count() == len(ALL)
        assert made.search(QUESTION) == before
        made.close()


def test_no_server_there() -> None:
    with pytest.raises(EngineUnavailable, match=r"127\.0\.0\.1:1"):
        MilvusEngine(HashingEncoder(64), "http://127.0.0.1:1", timeout=2)
    with pytest.raises(EngineUnavailable, match="illegal"):
        MilvusEngine(HashingEncoder(64), "no address", timeout=2)


def test_a_server_that_goes_away(tmp_path: Path) -> None:
    with milvus_server(tmp_path) as running:
        made = MilvusEngine(HashingEncoder(64), running, timeout=2)
        made.upsert([BRINE])
    for act in (
        lambda: made.search(QUESTION),
        lambda: made.upsert([BLADE]),
        lambda: made.remove(Kind.ACHIEVEMENT, [BRINE.key]),
        lambda: made.keys(Kind.ACHIEVEMENT),
    ):
        with pytest.raises(EngineUnavailable):
            act()
    made.close()


def test_a_token_that_is_refused() -> None:
    import grpc

    class Refuse(grpc.ServerInterceptor):
        def intercept_service(self, continuation, details):  # type: ignore[no-untyped-def]
            given = dict(details.invocation_metadata)["authorization"]

            def abort(request: bytes, context: grpc.ServicerContext) -> bytes:
                context.abort(grpc.StatusCode.UNAUTHENTICATED, f"auth check failure {bool(given)}")
                raise AssertionError("abort raises")

            return grpc.unary_unary_rpc_method_handler(abort)

    server = grpc.server(ThreadPoolExecutor(2), interceptors=[Refuse()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with pytest.raises(EngineUnavailable) as caught:
            MilvusEngine(HashingEncoder(64), f"http://127.0.0.1:{port}", token="root:secret", timeout=3)
    finally:
        server.stop(None).wait()
    assert "secret" not in str(caught.value)
    assert "auth check failure" in str(caught.value)


def test_what_the_server_refuses_is_told(url: str) -> None:
    with milvus_engine(url) as made:
        with pytest.raises(EngineUnavailable, match="max_length"):
            made.upsert([Document("k" * 2000, Kind.NEED, "废水", "膜")])
        assert made.keys(Kind.NEED) == set()


def test_a_document_taken_out_during_a_search_is_not_shown(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with milvus_engine(url, BRINE, BLADE, PLAIN) as made:
        server = made._server
        read = server.rows
        calls = []

        def rows(kind: Kind, keys: list[str], columns: tuple[str, ...]) -> object:
            calls.append(len(keys))
            if len(calls) == 1:
                server.remove(kind, [BRINE.key])
            return read(kind, keys, columns)

        monkeypatch.setattr(server, "rows", rows)
        assert {hit.key for hit in made.search(QUESTION).hits} == {BLADE.key, PLAIN.key}
        assert calls == [3, 2]


def test_words_that_the_server_does_not_keep_are_not_sought(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sought = []
    with milvus_engine(url, BRINE) as made:
        monkeypatch.setattr(
            made._server, "nearest", lambda kind, **asked: sought.append(asked["words"]) or {}
        )
        for text in ("ищу", "ищу мембрану COD", "膜ищу"):
            assert made.search(Query("", text, Kind.ACHIEVEMENT)).hits == ()
    assert sought == ["", "cod", "膜"]


def test_the_reranker_reads_the_candidates(url: str) -> None:
    class Preferring:
        key = "preferring"

        def verdicts(self, question: str, documents: Sequence[str]) -> NDArray[np.float64]:
            assert question == QUESTION.text
            return np.array([1.0 if text == PLAIN.text else -1.0 for text in documents])

    with milvus_engine(url, BRINE, BLADE, PLAIN, prefix="read"):
        reading = MilvusEngine(HashingEncoder(64), url, prefix="read", reranker=Preferring())
        ranking = reading.search(QUESTION)
        reading.close()
    values = {hit.key: {part.name: part.value for part in hit.parts}[RERANKER] for hit in ranking.hits}
    assert values == {BRINE.key: -1.0, BLADE.key: -1.0, PLAIN.key: 1.0}
    assert ranking.reranker == "preferring"


def test_another_index_over_the_vectors(url: str) -> None:
    index = {"index_type": "HNSW", "params": {"M": 16, "efConstruction": 100}}
    made = MilvusEngine(HashingEncoder(64), url, prefix="hnsw", index=index, search_params={"ef": 400})
    documents = made_up(50)
    made.upsert(documents)
    found = made.search(Query(documents[7].title, documents[7].body, Kind.ACHIEVEMENT, k=3))
    assert found.hits[0].key == documents[7].key
    made.close()
    drop_collections(url, prefix="hnsw")


def test_a_row_keeps_facets_and_characters() -> None:
    base = Facets(category="pilot_base", min_trl=4, max_trl=7)
    documents = [
        stored(one) for one in (*ALL, Document("base", Kind.RESOURCE, "中试基地", "膜", base), *made_up(20))
    ]
    rows = [
        to_row(one, Analysis(one.text, title_length=len(one.title), tagger=None), np.zeros(4, np.float32))
        for one in documents
    ]
    wish = Facets(tech_field="04", min_trl=4, budget_fen=6_000_000, region="330106", modes=("joint",))
    query = Query("", "膜", Kind.NEED, facets=wish, as_of=date(2026, 5, 1))
    from matching.character_table import CharacterTable, character_counts
    from matching.facets import FacetTable
    from matching.text import normalise

    facets, places = FacetTable(), np.arange(len(documents))
    facets.append([one.facets for one in documents])
    reached = Query("", "膜", Kind.RESOURCE, facets=Facets(trl=9), category="pilot_base")
    for asked in (query, reached):
        mine, theirs = (table.judge(asked, places) for table in (facet_table(rows), facets))
        for one, other in zip(mine, theirs, strict=True):
            assert [one.verdict(n) for n in places] == [other.verdict(n) for n in places]
            assert one.values.tolist() == other.values.tolist()
    allowed = facet_table(rows).allowed(reached)
    assert allowed is not None
    assert np.flatnonzero(allowed).tolist() == [len(ALL)]
    characters = CharacterTable()
    frequencies = np.zeros(1 << 16, np.int64)
    for one in documents:
        counts = character_counts(normalise(one.text).text)
        characters.append(counts)
        frequencies[list(counts)] += 1
    sought = character_counts("高盐废水膜电渗析cod")
    remade = character_table(rows, frequencies=frequencies, texts=len(documents))
    assert remade.cosines(sought, places).tolist() == characters.cosines(sought, places).tolist()


@given(st.text(st.characters(exclude_categories=()), max_size=50), st.integers(0, 9_000))
def test_every_text_fits_into_a_column(text: str, times: int) -> None:
    kept = stored(Document("k", Kind.NEED, text * times, text * times))
    for short, long in ((kept.title, text * times), (kept.body, text * times)):
        assert len(short.encode()) <= MAX_BYTES
        assert len(short) <= len(long)
    surrogates = any("\ud800" <= one <= "\udfff" for one in text)
    if len(text) * times <= 10_000 and text and not surrogates:
        assert kept.title == text * times


def test_cutting_leaves_whole_characters() -> None:
    assert cut("膜" * 30_000) == "膜" * 21_845
    assert cut("x" * MAX_BYTES) == "x" * MAX_BYTES
