"""The engine in one process: snapshots, threads, many documents.

What every engine promises is tested in `test_engines`.
"""

from __future__ import annotations

import dataclasses
import json
import math
import threading
import time
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from matching.encoder import HashingEncoder
from matching.engine import MAX_HITS, LocalEngine
from matching.errors import IndexDamaged, IndexMissing, ManifestMismatch
from matching.scoring import Weights
from matching.store import open_snapshot
from matching.types import Document, Facets, Kind, Query, Ranking
from tests.matching.samples import ALL, BLADE, BRINE, PLAIN, TODAY, engine, lexicon, made_up


def ask(text: str, *, kind: Kind = Kind.ACHIEVEMENT, k: int = 10, **others: object) -> Query:
    return Query("", text, kind, k=k, **others)  # type: ignore[arg-type]


def keys(ranking: Ranking) -> list[str]:
    return [hit.key for hit in ranking.hits]


def check_ranking(ranking: Ranking) -> None:
    assert [hit.rank for hit in ranking.hits] == list(range(1, len(ranking.hits) + 1))
    assert len(set(keys(ranking))) == len(ranking.hits)
    for hit in ranking.hits:
        assert np.isfinite(hit.score)
        assert sum(part.contribution for part in hit.parts) == pytest.approx(hit.score, abs=1e-6)
        assert 0 < hit.score < 1
    for better, worse in pairwise(ranking.hits):
        assert (-better.score, better.key) < (-worse.score, worse.key)


def test_weights_given_with_a_question_are_for_its_answer_alone() -> None:
    plain = Weights("plain", intercept=-1, dense=0, lexical=0, characters=0, concepts=0)
    query = Query("废水叶片", "", Kind.ACHIEVEMENT, k=4)
    with engine(*ALL) as made:
        usual = made.search(query)
        answer = made.search(query, weights=plain)
        assert answer.weights == "plain"
        assert [hit.score for hit in answer.hits] == pytest.approx([1 / (1 + math.e)] * len(answer.hits))
        assert [hit.key for hit in answer.hits] == sorted(hit.key for hit in usual.hits)
        assert made.search(dataclasses.replace(query, title=""), weights=plain).weights == "plain"
        assert made.search(query) == usual


def test_an_engine_can_do_without_a_lexicon() -> None:
    with engine(*ALL) as made:
        ranking = made.search(ask("印染废水含盐"))
    assert ranking.lexicon == ""
    assert ranking.hits[0].key == BRINE.key
    assert not any(hit.concepts for hit in ranking.hits)


@pytest.mark.parametrize("expired", [False, True])
def test_a_narrow_filter_still_finds_what_fits(expired: bool) -> None:
    rare = Document(
        "rare", Kind.ACHIEVEMENT, "茶叶", "发酵", Facets(tech_field="09", expires_on=date(2030, 1, 1))
    )
    old = [
        dataclasses.replace(one, facets=dataclasses.replace(one.facets, expires_on=date(2026, 1, 1)))
        for one in made_up(3000)
    ]
    with engine(*old, rare) as made:
        text = "废水膜电渗析叶片裂纹"  # nothing that the rare one has
        query = ask(text, as_of=TODAY) if expired else ask(text, tech_field="09")
        assert keys(made.search(query)) == ["rare"]


def test_filters_hold_before_the_cut() -> None:
    documents = made_up(4000)
    in_field = {one.key for one in documents if one.facets.tech_field == "11"}
    with engine(*documents) as made:
        hits = keys(made.search(ask("废水膜叶片焊接", tech_field="11", k=MAX_HITS)))
        assert set(hits) == in_field
        fitting = {
            one.key
            for one in documents
            if (one.facets.region or "").startswith("33")
            and one.facets.organisation != "o3"
            and not one.facets.expires_on
        }
        wish = Facets(organisation="o3")
        hits = keys(
            made.search(ask("废水膜叶片焊接", facets=wish, region_prefix="33", as_of=TODAY, k=MAX_HITS))
        )
        assert len(hits) == MAX_HITS
        assert set(hits) <= fitting


def test_saved_engine_answers_the_same(tmp_path: Path) -> None:
    encoder, tagger = HashingEncoder(64), lexicon()
    query = ask(
        "高盐廢水回用，叶片裂纹",
        facets=Facets(min_trl=5, modes=("joint",), region="330106"),
        as_of=TODAY,
        k=50,
    )
    with engine(*ALL, *made_up(300), tagger=tagger) as made:
        made.remove(Kind.ACHIEVEMENT, ["d00007", PLAIN.key])
        made.upsert([dataclasses.replace(BLADE, title="叶片裂纹巡检")])
        made.save(tmp_path / "index", labels={"seq": "41"})
        assert made.labels == {"seq": "41"}
        expected = made.search(query)
    loaded = LocalEngine.load(tmp_path / "index", encoder, lexicon=tagger)
    assert loaded.labels == {"seq": "41"}
    assert loaded.search(query) == expected
    assert loaded.count() == 303
    assert PLAIN.key not in loaded.keys(Kind.ACHIEVEMENT)
    loaded.close()


def test_loaded_engines_change_apart_from_each_other_and_from_the_file(tmp_path: Path) -> None:
    encoder = HashingEncoder(64)
    with engine(*ALL) as made:
        made.save(tmp_path, labels={})
    before = open_snapshot(tmp_path)[1]
    first, second = (LocalEngine.load(tmp_path, encoder) for _ in range(2))
    first.upsert([Document("new", Kind.ACHIEVEMENT, "齿轮渗碳", "磨削烧伤")])
    first.remove(Kind.ACHIEVEMENT, [BRINE.key])
    assert keys(first.search(ask("齿轮磨削废水")))[0] == "new"
    assert second.keys(Kind.ACHIEVEMENT) == {one.key for one in ALL if one.kind is Kind.ACHIEVEMENT}
    assert keys(second.search(ask("印染废水")))[0] == BRINE.key
    assert open_snapshot(tmp_path)[1] == before
    first.save(tmp_path, labels={"seq": "2"})
    second.upsert([dataclasses.replace(PLAIN, title="茶叶发酵")])
    assert keys(second.search(ask("茶叶发酵")))[0] == PLAIN.key
    third = LocalEngine.load(tmp_path, encoder)
    assert third.keys(Kind.ACHIEVEMENT) == first.keys(Kind.ACHIEVEMENT)
    for one in (first, second, third):
        one.close()


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    encoder = HashingEncoder(64)
    with pytest.raises(IndexMissing):
        LocalEngine.load(tmp_path / "absent", encoder)
    with engine(*ALL, tagger=lexicon()) as made:
        made.save(tmp_path, labels={})
    with pytest.raises(ManifestMismatch, match=r"'hashing-64@.*'hashing-32@") as caught:
        LocalEngine.load(tmp_path, HashingEncoder(32), lexicon=lexicon())
    assert (caught.value.field, caught.value.wanted) == ("encoder", HashingEncoder(32).key)
    with pytest.raises(ManifestMismatch, match="lexicon 'test-1', in use is ''"):
        LocalEngine.load(tmp_path, encoder)


def test_a_snapshot_of_an_older_program_is_refused(tmp_path: Path) -> None:
    with engine(*ALL) as made:
        made.save(tmp_path, labels={})
    folder, manifest = open_snapshot(tmp_path)
    older = dataclasses.asdict(manifest) | {"format": 2}
    (folder / "manifest.json").write_text(json.dumps(older), encoding="utf-8")
    for kind in manifest.counts:
        with np.load(folder / kind / "facets.npz") as facets:
            columns = {name: facets[name] for name in facets if name not in ("category", "max_trl")}
        np.savez(folder / kind / "facets.npz", **columns)
    with pytest.raises(ManifestMismatch, match="format 2, in use is 3"):
        LocalEngine.load(tmp_path, HashingEncoder(64))


def test_every_damaged_file_is_noticed(tmp_path: Path) -> None:
    encoder = HashingEncoder(64)
    with engine(*ALL) as made:
        made.save(tmp_path, labels={})
    folder, manifest = open_snapshot(tmp_path)
    assert len(manifest.files) > 10
    for name in manifest.files:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2] + b"?")
        with pytest.raises(IndexDamaged):
            LocalEngine.load(tmp_path, encoder)
        (folder / name).write_bytes(content)
    LocalEngine.load(tmp_path, encoder).close()


def test_close_gives_everything_back() -> None:
    made = LocalEngine(HashingEncoder(64))
    made.upsert(ALL)
    folder = made._scratch.path
    assert folder.is_dir()
    made.close()
    made.close()
    assert not folder.exists()
    assert made.count() == 0


def test_searches_run_while_others_change_and_save(tmp_path: Path) -> None:
    documents = made_up(400)
    stable, moving = documents[:200], documents[200:]
    problems: list[BaseException] = []
    stop = threading.Event()
    with engine(*stable) as made:

        def search() -> None:
            try:
                while not stop.is_set():
                    ranking = made.search(ask("废水膜叶片焊接激光", k=200))
                    check_ranking(ranking)
                    assert len(ranking.hits) == 200
            except BaseException as problem:
                problems.append(problem)

        def change(part: list[Document]) -> None:
            try:
                for _ in range(4):
                    made.upsert(part)
                    made.remove(Kind.ACHIEVEMENT, [one.key for one in part])
            except BaseException as problem:
                problems.append(problem)

        def save() -> None:
            try:
                for number in range(3):
                    made.save(tmp_path, labels={"n": str(number)})
            except BaseException as problem:
                problems.append(problem)

        searchers = [threading.Thread(target=search) for _ in range(3)]
        changers = [threading.Thread(target=change, args=(moving[start::2],)) for start in range(2)]
        changers.append(threading.Thread(target=save))
        for thread in (*searchers, *changers):
            thread.start()
        for thread in changers:
            thread.join(timeout=60)
        stop.set()
        for thread in searchers:
            thread.join(timeout=60)
        assert problems == []
        assert made.keys(Kind.ACHIEVEMENT) == {one.key for one in stable}
        loaded = LocalEngine.load(tmp_path, HashingEncoder(64))
        assert made.keys(Kind.ACHIEVEMENT) <= loaded.keys(Kind.ACHIEVEMENT)
        loaded.close()


def test_a_change_does_not_wait_for_ever_behind_searches() -> None:
    stop = threading.Event()
    with engine(*made_up(200)) as made:

        def search() -> None:
            while not stop.is_set():
                made.search(ask("废水", k=1))

        threads = [threading.Thread(target=search) for _ in range(4)]
        for thread in threads:
            thread.start()
        start = time.perf_counter()
        for number in range(5):
            made.remove(Kind.ACHIEVEMENT, [f"d{number:05}"])
        waited = time.perf_counter() - start
        stop.set()
        for thread in threads:
            thread.join()
    assert waited < 10
