"""The engine as its callers see it."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.encoder import HashingEncoder
from matching.engine import MAX_HITS, LocalEngine
from matching.errors import (
    DimensionMismatch,
    DuplicateKey,
    IndexDamaged,
    IndexMissing,
    InvalidVector,
    ManifestMismatch,
)
from matching.scoring import Weights
from matching.store import open_snapshot
from matching.types import Document, Facets, Kind, Query, Ranking
from tests.matching.samples import ALL, ALLOY, BLADE, BRINE, NEED, PLAIN, TODAY, engine, lexicon, made_up


def ask(text: str, *, kind: Kind = Kind.ACHIEVEMENT, k: int = 10, **others: object) -> Query:
    return Query("", text, kind, k=k, **others)  # type: ignore[arg-type]


def keys(ranking: Ranking) -> list[str]:
    return [hit.key for hit in ranking.hits]


def test_need_finds_achievements_and_the_other_way_round() -> None:
    with engine(*ALL, tagger=lexicon()) as made:
        query = Query(NEED.title, NEED.body, Kind.ACHIEVEMENT, facets=NEED.facets)
        assert keys(made.search(query))[0] == BRINE.key
        back = Query(BRINE.title, BRINE.body, Kind.NEED, facets=BRINE.facets)
        (hit,) = made.search(back).hits
        assert hit.key == NEED.key
        assert [verdict.words for verdict in hit.facets if verdict.facet == "maturity"] == [
            "成熟度TRL 6，已达要求的TRL 5"
        ]
        assert keys(made.search(ask("废水", kind=Kind.EXPERT))) == []


def test_scripts_and_widths_do_not_matter() -> None:
    with engine(*ALL) as made:
        assert keys(made.search(ask("风机叶片裂纹")))[0] == BLADE.key
        assert keys(made.search(ask("風機葉片裂紋")))[0] == BLADE.key
        assert keys(made.search(ask("ＣＯＤ５０㎎／Ｌ的廢水")))[0] == BRINE.key


def test_ranking_says_what_it_was_made_with() -> None:
    with engine(*ALL, tagger=lexicon()) as made:
        ranking = made.search(ask("废水"))
        assert (ranking.encoder, ranking.lexicon) == (HashingEncoder(64).key, "test-1")
        assert ranking.weights == Weights.load().version
    with engine(BRINE) as made:
        assert made.search(ask("废水")).lexicon == ""


def test_reasons_of_a_hit() -> None:
    wish = Facets(tech_field="07", min_trl=5, budget_fen=6_000_000, region="330100", modes=("joint",))
    query = Query("印染廢水脱盐", "含盐废水要求回用", Kind.ACHIEVEMENT, facets=wish, as_of=TODAY)
    with engine(*ALL, tagger=lexicon()) as made:
        hit = made.search(query).hits[0]
    assert hit.key == BRINE.key
    words = {term.term: term for term in hit.terms}
    assert [query.text[a:b] for a, b in words["废水"].query_spans] == ["廢水", "废水"]
    assert {BRINE.text[a:b] for a, b in words["废水"].document_spans} == {"废水"}
    assert sum(term.weight for term in hit.terms) == pytest.approx(1.0)
    assert [(c.concept, c.query_words, c.document_words) for c in hit.concepts] == [
        ("高盐废水处理", ("含盐废水",), ("高盐废水",))
    ]
    assert {verdict.facet: verdict.verdict for verdict in hit.facets} == {
        "tech_field": "fits",
        "maturity": "fits",
        "price": "fits",
        "modes": "fits",
        "region": "near",
        "freshness": "fits",
    }


@pytest.fixture(scope="module")
def shared() -> Iterator[LocalEngine]:
    """An engine that no test changes."""
    with engine(*ALL, tagger=lexicon()) as made:
        yield made


def check_ranking(ranking: Ranking) -> None:
    assert [hit.rank for hit in ranking.hits] == list(range(1, len(ranking.hits) + 1))
    assert len(set(keys(ranking))) == len(ranking.hits)
    for hit in ranking.hits:
        assert np.isfinite(hit.score)
        assert sum(part.contribution for part in hit.parts) == pytest.approx(hit.score, abs=1e-6)
        assert 0 < hit.score < 1
    for better, worse in pairwise(ranking.hits):
        assert (-better.score, better.key) < (-worse.score, worse.key)


MIXED = st.lists(
    st.sampled_from(
        [*"废水膜叶片裂纹", "廢水", "COD", "<b>", "😀", "５０㎎", "\n", "technology", "&lt;", "\x00", "的"]
    ),
    max_size=12,
).map("".join)


@settings(max_examples=40, deadline=None)
@given(
    text=MIXED,
    trl=st.one_of(st.none(), st.integers(1, 9)),
    budget=st.one_of(st.none(), st.integers(0, 10**9)),
)
def test_parts_add_up_and_the_same_question_has_the_same_answer(
    shared: LocalEngine, text: str, trl: int | None, budget: int | None
) -> None:
    query = ask(text, facets=Facets(min_trl=trl, budget_fen=budget, region="330106"), as_of=TODAY)
    ranking = shared.search(query)
    check_ranking(ranking)
    assert ranking == shared.search(query)


@pytest.mark.parametrize("text", ["", " \n ", "😀👍", "\x00", "<p></p>", "\u200b"])
def test_a_question_without_text_has_an_empty_ranking(shared: LocalEngine, text: str) -> None:
    assert shared.search(ask(text)).hits == ()


@pytest.mark.parametrize(
    "text", ["膜", "的", "x", "1", "。", "废水" * 50_000, "<td>" * 25_000 + "膜", "a" * 100_000]
)
def test_odd_questions_have_a_defined_answer(shared: LocalEngine, text: str) -> None:
    check_ranking(shared.search(ask(text)))


@pytest.mark.parametrize("body", ["", "😀", "废水" * 50_000, "<p>膜</p>" * 2000, "\ud800", "x"])
def test_odd_documents_can_be_kept_and_found(body: str) -> None:
    odd = Document("odd", Kind.RESOURCE, "", body)
    with engine(odd, dataclasses.replace(BRINE, kind=Kind.RESOURCE)) as made:
        ranking = made.search(ask("废水膜", kind=Kind.RESOURCE))
        check_ranking(ranking)
        assert made.keys(Kind.RESOURCE) == {"odd", BRINE.key}


def test_ties_are_ordered_by_key() -> None:
    twins = [Document(key, Kind.ACHIEVEMENT, "废水处理", "膜") for key in ("c", "a", "d", "b")]
    with engine(*twins) as made:
        assert keys(made.search(ask("废水", k=3))) == ["a", "b", "c"]


def test_k_is_a_limit() -> None:
    with engine(*made_up(300)) as made:
        assert len(made.search(ask("废水", k=MAX_HITS)).hits) == MAX_HITS
        assert len(made.search(ask("废水", k=1)).hits) == 1
        for k in (0, MAX_HITS + 1):
            with pytest.raises(ValueError, match="between 1 and 200"):
                made.search(ask("废水", k=k))


def test_upsert_replaces_and_remove_forgets() -> None:
    with engine(*ALL) as made:
        assert made.count() == 5
        assert made.count(Kind.ACHIEVEMENT) == 4
        made.upsert([dataclasses.replace(BRINE, title="齿轮渗碳", body="减少磨削烧伤")])
        assert made.count(Kind.ACHIEVEMENT) == 4
        assert keys(made.search(ask("齿轮磨削")))[0] == BRINE.key
        assert made.title(Kind.ACHIEVEMENT, BRINE.key) == "齿轮渗碳"
        assert not any(hit.terms for hit in made.search(ask("印染废水")).hits if hit.key == BRINE.key)
        for _ in range(2):
            made.remove(Kind.ACHIEVEMENT, [BRINE.key, "unknown"])
            made.remove(Kind.PROJECT, ["unknown"])
            assert BRINE.key not in keys(made.search(ask("齿轮磨削", k=10)))
        assert made.keys(Kind.ACHIEVEMENT) == {BLADE.key, ALLOY.key, PLAIN.key}
        with pytest.raises(KeyError):
            made.title(Kind.ACHIEVEMENT, BRINE.key)


def test_applying_a_change_twice_changes_nothing() -> None:
    query = ask("高盐废水叶片", facets=Facets(min_trl=5))
    with engine(*ALL) as once, engine(*ALL) as twice:
        twice.upsert([BRINE, BLADE])
        twice.upsert([BRINE])
        assert keys(once.search(query)) == keys(twice.search(query))
        assert twice.count() == once.count()


def test_refused_input_changes_nothing() -> None:
    vectors = HashingEncoder(64).encode([BRINE.text, BLADE.text])
    with engine(PLAIN) as made:
        with pytest.raises(DuplicateKey, match=BRINE.key):
            made.upsert([BRINE, BRINE])
        with pytest.raises(DimensionMismatch):
            made.upsert([BRINE], vectors=vectors)
        with pytest.raises(DimensionMismatch):
            made.upsert([BRINE, BLADE], vectors=vectors[:, :10])
        with pytest.raises(InvalidVector):
            made.upsert([BRINE], vectors=np.full((1, 64), np.nan, np.float32))
        with pytest.raises(DimensionMismatch):
            made.search(ask("废水"), vector=vectors[0][:5])
        assert made.keys(Kind.ACHIEVEMENT) == {PLAIN.key}
        made.upsert(
            [dataclasses.replace(BRINE, key="same", kind=Kind.NEED), dataclasses.replace(BRINE, key="same")]
        )
        assert made.count() == 3


def test_given_vectors_are_used() -> None:
    other = HashingEncoder(64).encode(["茶叶低温干燥"])
    with engine(PLAIN) as made:
        made.upsert([BLADE], vectors=other)
        value = {hit.key: hit.parts[0].value for hit in made.search(ask("叶片"), vector=other[0]).hits}
        assert value[BLADE.key] == pytest.approx(1.0, abs=1e-5)


def test_filters() -> None:
    with engine(*ALL) as made:
        everything = "废水叶片铸造茶叶"
        assert set(keys(made.search(ask(everything, as_of=date(2026, 4, 30))))) == made.keys(Kind.ACHIEVEMENT)
        assert ALLOY.key not in keys(made.search(ask(everything, as_of=date(2026, 5, 1))))
        assert set(keys(made.search(ask(everything, tech_field="04")))) == {BLADE.key, ALLOY.key}
        assert keys(made.search(ask(everything, region_prefix="3301"))) == [BRINE.key]
        assert keys(made.search(ask(everything, tech_field="04", region_prefix="33"))) == [BLADE.key]
        assert keys(made.search(ask(everything, tech_field="99"))) == []
        own = ask(everything, facets=Facets(organisation="o-zju"))
        assert set(keys(made.search(own))) == {BLADE.key, ALLOY.key, PLAIN.key}


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
