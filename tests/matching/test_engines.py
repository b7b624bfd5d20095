"""What every engine promises, asked of each of them: one process alone, and a Milvus server."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from matching.background import PAIRS
from matching.encoder import HashingEncoder
from matching.engine import MAX_HITS
from matching.errors import DimensionMismatch, DuplicateKey, InvalidVector
from matching.protocol import Engine
from matching.scoring import EVIDENCE, Weights
from matching.types import Document, Facets, Hit, Kind, Query, Ranking
from matching.vector_index import NumpyIndex
from tests.matching.milvus_server import milvus_engine, milvus_server
from tests.matching.samples import ALL, ALLOY, BLADE, BRINE, NEED, PLAIN, TODAY, engine, lexicon, made_up

ENGINES = ("local", "milvus")
ONLY_DENSE = Weights("dense", intercept=-5.0, dense=10.0, lexical=0.0, characters=0.0, concepts=0.0)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Engine]]:
    """One engine of each sort, with the lexicon of the samples."""
    with (
        milvus_server(tmp_path_factory.mktemp("milvus")) as url,
        milvus_engine(url, tagger=lexicon()) as remote,
        engine(tagger=lexicon()) as local,
    ):
        yield {"local": local, "milvus": remote}


def _empty(made: Engine) -> None:
    for kind in Kind:
        made.remove(kind, sorted(made.keys(kind)))
    assert made.count() == 0


@pytest.fixture(params=ENGINES)
def made(request: pytest.FixtureRequest, opened: dict[str, Engine]) -> Engine:
    """An empty engine."""
    _empty(opened[request.param])
    return opened[request.param]


@pytest.fixture
def both(opened: dict[str, Engine]) -> list[Engine]:
    """Both engines, empty."""
    for one in opened.values():
        _empty(one)
    return list(opened.values())


def ask(text: str, *, kind: Kind = Kind.ACHIEVEMENT, k: int = 10, **others: object) -> Query:
    return Query("", text, kind, k=k, **others)  # type: ignore[arg-type]


def keys(ranking: Ranking) -> list[str]:
    return [hit.key for hit in ranking.hits]


def part(hit: Hit, name: str) -> float:
    (value,) = [part.value for part in hit.parts if part.name == name]
    return value


def check_ranking(ranking: Ranking, query: Query) -> None:
    assert len(ranking.hits) <= query.k
    assert [hit.rank for hit in ranking.hits] == list(range(1, len(ranking.hits) + 1))
    assert len(set(keys(ranking))) == len(ranking.hits)
    for hit in ranking.hits:
        assert 0 < hit.score < 1
        assert sum(part.contribution for part in hit.parts) == pytest.approx(hit.score, abs=1e-6)
        assert [part.name for part in hit.parts[:5]] == ["base", *EVIDENCE]
        assert all(0 <= part.value <= 1 for part in hit.parts[:5])
        for term in hit.terms:
            assert term.document_spans
            assert all(0 <= a < b <= len(query.text) for a, b in term.query_spans)
    for better, worse in pairwise(ranking.hits):
        assert (-better.score, better.key) < (-worse.score, worse.key)


def test_need_finds_achievements_and_the_other_way_round(made: Engine) -> None:
    made.upsert(ALL)
    query = Query(NEED.title, NEED.body, Kind.ACHIEVEMENT, facets=NEED.facets)
    assert keys(made.search(query))[0] == BRINE.key
    back = Query(BRINE.title, BRINE.body, Kind.NEED, facets=BRINE.facets)
    (hit,) = made.search(back).hits
    assert hit.key == NEED.key
    assert [verdict.words for verdict in hit.facets if verdict.facet == "maturity"] == [
        "成熟度TRL 6，已达要求的TRL 5"
    ]
    assert keys(made.search(ask("废水", kind=Kind.EXPERT))) == []


def test_scripts_and_widths_do_not_matter(made: Engine) -> None:
    made.upsert(ALL)
    assert keys(made.search(ask("风机叶片裂纹")))[0] == BLADE.key
    assert keys(made.search(ask("風機葉片裂紋")))[0] == BLADE.key
    assert keys(made.search(ask("ＣＯＤ５０㎎／Ｌ的廢水")))[0] == BRINE.key


def test_ranking_says_what_it_was_made_with(made: Engine) -> None:
    made.upsert([BRINE])
    ranking = made.search(ask("废水"))
    assert (ranking.encoder, ranking.lexicon) == (HashingEncoder(64).key, "test-1")
    assert (ranking.weights, ranking.reranker) == (Weights.load().version, None)


def test_weights_given_with_a_question_count_for_its_answer_alone(made: Engine) -> None:
    made.upsert(ALL)
    before = made.search(ask("废水膜"))
    once = made.search(ask("废水膜"), weights=ONLY_DENSE)
    assert made.search(ask("废水膜")) == before
    assert once.weights == "dense"
    assert once.hits[0].score != before.hits[0].score
    assert [part.contribution for part in once.hits[0].parts[2:]] == [0.0] * 3


def test_reasons_of_a_hit(made: Engine) -> None:
    wish = Facets(tech_field="07", min_trl=5, budget_fen=6_000_000, region="330100", modes=("joint",))
    query = Query("印染廢水脱盐", "含盐废水要求回用", Kind.ACHIEVEMENT, facets=wish, as_of=TODAY)
    made.upsert(ALL)
    ranking = made.search(query)
    check_ranking(ranking, query)
    hit = ranking.hits[0]
    assert hit.key == BRINE.key
    words = {term.term: term for term in hit.terms}
    assert [query.text[a:b] for a, b in words["废水"].query_spans] == ["廢水", "废水"]
    assert {BRINE.text[a:b] for a, b in words["废水"].document_spans} == {"废水"}
    assert sum(term.weight for term in hit.terms) == pytest.approx(1.0)
    assert [(c.concept, c.query_words, c.document_words) for c in hit.concepts] == [
        ("高盐废水处理", ("含盐废水",), ("高盐废水",))
    ]
    assert part(hit, "concepts") == part(hit, "lexical") == 1.0
    assert {verdict.facet: verdict.verdict for verdict in hit.facets} == {
        "tech_field": "fits",
        "maturity": "fits",
        "price": "fits",
        "modes": "fits",
        "region": "near",
        "freshness": "fits",
    }


@pytest.mark.parametrize("text", ["", " \n ", "😀👍", "\x00", "<p></p>", "\u200b", "\ud800"])
def test_a_question_without_text_has_an_empty_ranking(made: Engine, text: str) -> None:
    made.upsert([BRINE])
    assert made.search(ask(text)).hits == ()


@pytest.mark.parametrize(
    "text",
    [
        "膜",
        "的",
        "x",
        "1",
        "。",
        "废水" * 50_000,
        "<td>" * 25_000 + "膜",
        "a" * 100_000,
        '膜"\\\n',
        "COD废😀",
        "ищу",
    ],
)
def test_odd_questions_have_a_defined_answer(made: Engine, text: str) -> None:
    made.upsert(ALL)
    query = ask(text)
    ranking = made.search(query)
    check_ranking(ranking, query)
    assert ranking == made.search(query)


@pytest.mark.parametrize(
    "body",
    ["", "😀", "废水" * 50_000, "😀" * 100_000, "<p>膜</p>" * 2000, "\ud800膜", "x", '"\\', "ﷺ" * 20_000],
)
def test_odd_documents_can_be_kept_and_found(made: Engine, body: str) -> None:
    made.upsert([Document("odd", Kind.RESOURCE, "", body), dataclasses.replace(BRINE, kind=Kind.RESOURCE)])
    query = ask("废水膜", kind=Kind.RESOURCE)
    ranking = made.search(query)
    check_ranking(ranking, query)
    assert keys(ranking)[0] in {BRINE.key, "odd"}
    assert made.keys(Kind.RESOURCE) == {"odd", BRINE.key}


ODD_SIGNS = ("廢水", "COD", "<b>", "😀", "５０㎎", "\n", "technology", "&lt;", "\x00", "的", '"', "\\")
ODD_TEXTS = st.lists(st.sampled_from([*"废水膜叶片裂纹", *ODD_SIGNS]), max_size=12).map("".join)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=ODD_TEXTS,
    title=ODD_TEXTS,
    trl=st.one_of(st.none(), st.integers(1, 9)),
    budget=st.one_of(st.none(), st.integers(0, 10**9)),
)
def test_parts_add_up_and_the_same_question_has_the_same_answer(
    made: Engine, text: str, title: str, trl: int | None, budget: int | None
) -> None:
    made.upsert([*ALL, Document("drawn", Kind.ACHIEVEMENT, title, text)])
    facets = Facets(min_trl=trl, budget_fen=budget, region="330106")
    query = Query(title, text, Kind.ACHIEVEMENT, facets=facets, as_of=TODAY)
    ranking = made.search(query)
    check_ranking(ranking, query)
    assert ranking == made.search(query)


def test_words_of_a_title_count_more(made: Engine) -> None:
    only_words = dataclasses.replace(ONLY_DENSE, dense=0.0, lexical=10.0)
    made.upsert(
        [Document("in-body", Kind.NEED, "茶叶", "纳滤"), Document("in-title", Kind.NEED, "纳滤", "茶叶")]
    )
    found = made.search(ask("纳滤", kind=Kind.NEED), weights=only_words)
    assert keys(found) == ["in-title", "in-body"]


def test_ties_are_ordered_by_key(made: Engine) -> None:
    made.upsert([Document(key, Kind.ACHIEVEMENT, "废水处理", "膜") for key in ("c", "a", "d", "b")])
    assert keys(made.search(ask("废水", k=3))) == ["a", "b", "c"]


def test_k_is_a_limit(made: Engine) -> None:
    made.upsert(made_up(300))
    assert len(made.search(ask("废水", k=MAX_HITS)).hits) == MAX_HITS
    assert len(made.search(ask("废水", k=1)).hits) == 1
    for k in (0, MAX_HITS + 1):
        with pytest.raises(ValueError, match="between 1 and 200"):
            made.search(ask("废水", k=k))


def test_upsert_replaces_and_remove_forgets(made: Engine) -> None:
    made.upsert(ALL)
    assert made.count() == 5
    assert made.count(Kind.ACHIEVEMENT) == 4
    made.upsert([dataclasses.replace(BRINE, title="齿轮渗碳", body="减少磨削烧伤")])
    assert made.count(Kind.ACHIEVEMENT) == 4
    assert keys(made.search(ask("齿轮磨削")))[0] == BRINE.key
    assert made.title(Kind.ACHIEVEMENT, BRINE.key) == "齿轮渗碳"
    assert not any(hit.terms for hit in made.search(ask("印染废水")).hits if hit.key == BRINE.key)
    for _ in range(2):
        made.remove(Kind.ACHIEVEMENT, [BRINE.key, "unknown", 'x"] or key != ""'])
        made.remove(Kind.PROJECT, ["unknown"])
        assert BRINE.key not in keys(made.search(ask("齿轮磨削", k=10)))
    assert made.keys(Kind.ACHIEVEMENT) == {BLADE.key, ALLOY.key, PLAIN.key}
    for kind, key in ((Kind.ACHIEVEMENT, BRINE.key), (Kind.EXPERT, "nobody")):
        with pytest.raises(KeyError):
            made.title(kind, key)


def test_applying_a_change_twice_changes_nothing(made: Engine) -> None:
    query = ask("高盐废水叶片", facets=Facets(min_trl=5))
    made.upsert(ALL)
    once = keys(made.search(query))
    made.upsert([BRINE, BLADE])
    made.upsert([BRINE])
    assert keys(made.search(query)) == once
    assert made.count() == len(ALL)


def test_refused_input_changes_nothing(made: Engine) -> None:
    vectors = HashingEncoder(64).encode([BRINE.text, BLADE.text])
    made.upsert([PLAIN])
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
    with pytest.raises(InvalidVector):
        made.search(ask("废水"), vector=np.full(64, np.inf, np.float32))
    assert made.keys(Kind.ACHIEVEMENT) == {PLAIN.key}
    same = dataclasses.replace(BRINE, key="same")
    made.upsert([dataclasses.replace(same, kind=Kind.NEED), same])
    assert made.count() == 3


def test_given_vectors_are_used(made: Engine) -> None:
    other = HashingEncoder(64).encode(["茶叶低温干燥"])
    made.upsert([PLAIN])
    made.upsert([BLADE], vectors=other)
    found = {hit.key: part(hit, "dense") for hit in made.search(ask("叶片"), vector=other[0]).hits}
    assert found[BLADE.key] == pytest.approx(1.0, abs=1e-5)
    assert found[PLAIN.key] < 0.99


def test_filters(made: Engine) -> None:
    made.upsert(ALL)
    everything = "废水叶片铸造茶叶"
    assert set(keys(made.search(ask(everything, as_of=date(2026, 4, 30))))) == made.keys(Kind.ACHIEVEMENT)
    assert ALLOY.key not in keys(made.search(ask(everything, as_of=date(2026, 5, 1))))
    assert set(keys(made.search(ask(everything, tech_field="04")))) == {BLADE.key, ALLOY.key}
    assert keys(made.search(ask(everything, region_prefix="3301"))) == [BRINE.key]
    assert keys(made.search(ask(everything, tech_field="04", region_prefix="33"))) == [BLADE.key]
    assert keys(made.search(ask(everything, tech_field="99"))) == []
    assert keys(made.search(ask(everything, tech_field=""))) == []
    for own in ("", "nobody"):
        wish = Facets(organisation=own)
        assert len(keys(made.search(ask(everything, facets=wish)))) == made.count(Kind.ACHIEVEMENT)
    bases = [
        Document(category, Kind.RESOURCE, "废水处理", "膜", Facets(category=category, region="330106"))
        for category in ("pilot_base", "instrument")
    ]
    made.upsert(bases)
    served = ask(everything, kind=Kind.RESOURCE, category="pilot_base", region_prefix="33")
    assert keys(made.search(served)) == ["pilot_base"]
    assert keys(made.search(ask(everything, kind=Kind.RESOURCE, category=""))) == []
    assert keys(made.search(ask(everything, category="pilot_base"))) == []
    own_too = ask(everything, facets=Facets(organisation="o-zju"))
    assert set(keys(made.search(own_too))) == {BLADE.key, ALLOY.key, PLAIN.key}


def test_filters_hold_before_the_cut(made: Engine) -> None:
    documents = made_up(300)
    made.upsert(documents)
    in_field = {one.key for one in documents if one.facets.tech_field == "11"}
    assert set(keys(made.search(ask("废水膜叶片焊接", tech_field="11", k=MAX_HITS)))) == in_field
    fitting = {
        one.key
        for one in documents
        if (one.facets.region or "").startswith("33")
        and one.facets.organisation != "o3"
        and not one.facets.expires_on
    }
    query = ask(
        "废水膜叶片焊接", facets=Facets(organisation="o3"), region_prefix="33", as_of=TODAY, k=MAX_HITS
    )
    assert set(keys(made.search(query))) == fitting


def test_only_what_a_kind_is_expected_to_state_is_missed(made: Engine) -> None:
    person = Document("p", Kind.EXPERT, "李明远 教授", "膜法处理印染废水", Facets(published_on=TODAY))
    gauge = Document("g", Kind.RESOURCE, "电渗析试验台", "印染废水", Facets(category="instrument"))
    base = Document("b", Kind.RESOURCE, "膜法中试基地", "印染废水", Facets(min_trl=4, max_trl=7))
    made.upsert([person, gauge, base])
    wish = Facets(trl=9, price_fen=100, modes=("joint",), region="330106", tech_field="07")
    (hit,) = made.search(ask("印染废水", kind=Kind.EXPERT, facets=wish, as_of=TODAY)).hits
    assert [one.words for one in hit.facets] == ["对方未注明技术领域", "对方未注明所在地"]
    assert [one.name for one in hit.parts[5:]] == ["tech_field", "region"]
    found = made.search(ask("印染废水", kind=Kind.RESOURCE, facets=wish, as_of=TODAY)).hits
    words = {hit.key: [one.words for one in hit.facets] for hit in found}
    assert words["g"] == ["对方未注明技术领域", "对方未注明所在地"]
    assert words["b"][1] == "成熟度TRL 9，已高于其服务上限TRL 7"


ODD_CODES = ("", "33", "3301", "330106", '33"', "33\\", '" or key != "', "33%", "33_", "甲'", "33\n")
ODD_NAMES = st.one_of(st.none(), st.sampled_from(ODD_CODES))
FACETS = st.builds(
    Facets,
    tech_field=ODD_NAMES,
    chain=ODD_NAMES,
    category=ODD_NAMES,
    region=ODD_NAMES,
    trl=st.one_of(st.none(), st.integers(1, 9)),
    min_trl=st.one_of(st.none(), st.integers(1, 9)),
    max_trl=st.one_of(st.none(), st.integers(1, 9)),
    price_fen=st.one_of(st.none(), st.integers(0, 10**14)),
    budget_fen=st.one_of(st.none(), st.integers(0, 10**14)),
    modes=st.lists(st.sampled_from(["joint", "license", '"', "甲"]), max_size=3).map(tuple),
    organisation=ODD_NAMES,
    published_on=st.one_of(st.none(), st.integers(0, 2000).map(lambda days: TODAY - timedelta(days))),
    expires_on=st.one_of(st.none(), st.integers(-2, 2).map(lambda days: TODAY + timedelta(days))),
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    stated=st.lists(FACETS, min_size=1, max_size=6),
    wish=FACETS,
    as_of=st.sampled_from([None, TODAY]),
    tech_field=ODD_NAMES,
    category=ODD_NAMES,
    region_prefix=ODD_NAMES,
    kind=st.sampled_from(Kind),
)
def test_both_engines_let_the_same_documents_through_and_judge_them_alike(
    both: list[Engine],
    stated: list[Facets],
    wish: Facets,
    as_of: date | None,
    tech_field: str | None,
    category: str | None,
    region_prefix: str | None,
    kind: Kind,
) -> None:
    documents = [Document(f"d{n}", kind, "废水处理", "膜", one) for n, one in enumerate(stated)]
    query = ask(
        "废水膜", kind=kind, facets=wish, as_of=as_of, tech_field=tech_field, category=category,
        region_prefix=region_prefix,
    )  # fmt: skip
    answers = []
    for one in both:
        one.remove(kind, sorted(one.keys(kind)))
        one.upsert(documents)
        found = one.search(query).hits
        answers.append({hit.key: (hit.facets, hit.parts[5:], part(hit, "dense")) for hit in found})
    local, remote = answers
    assert local.keys() == remote.keys()
    for key, (verdicts, parts, dense) in local.items():
        assert remote[key][0] == verdicts
        assert [(one.name, one.value, one.weight) for one in remote[key][1]] == [
            (one.name, one.value, one.weight) for one in parts
        ]
        assert remote[key][2] == pytest.approx(dense, abs=2e-6)


def exact(vectors: NDArray[np.float32], names: list[str], vector: NDArray[np.float32], k: int) -> list[str]:
    """Return the k nearest by comparing every vector; cosines are compared to six digits, ties by key."""
    index = NumpyIndex(vectors.shape[1])
    index.put(np.arange(len(vectors)), vectors)
    rows, cosines = index.search(vector, len(vectors))
    cosines = np.maximum(cosines, 0.0).astype(np.float64).round(6)
    order = sorted(range(len(rows)), key=lambda place: (-cosines[place], names[rows[place]]))
    return [names[rows[place]] for place in order[:k]]


def test_nearest_by_vector_are_those_of_the_exact_reference(made: Engine) -> None:
    chance = np.random.default_rng(7)
    vectors = chance.normal(size=(300, 64)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    documents = made_up(300)
    made.upsert(documents, vectors=vectors)
    for question in vectors[:10] + 0.5 * vectors[10:20]:
        vector = question / np.linalg.norm(question)
        found = keys(made.search(ask("废水膜", k=50), vector=vector, weights=ONLY_DENSE))
        assert found == exact(vectors, [one.key for one in documents], vector, 50)


def test_nearest_real_texts_are_those_of_the_exact_reference(made: Engine) -> None:
    pairs = [json.loads(line) for line in Path(PAIRS, "07.jsonl").read_text(encoding="utf-8").splitlines()]
    documents = [
        Document(f"{side}{number:03}", Kind.ACHIEVEMENT, pair[f"{side}_title"], pair[side])
        for number, pair in enumerate(pairs)
        for side in ("achievement", "negative")
    ]
    made.upsert(documents)
    encoder = HashingEncoder(64)
    vectors = encoder.encode([one.text for one in documents])
    for pair in pairs[:20]:
        query = Query(pair["need_title"], pair["need"], Kind.ACHIEVEMENT, k=20)
        vector = encoder.encode_queries([query.text])[0]
        found = keys(made.search(query, weights=ONLY_DENSE))
        assert found == exact(vectors, [one.key for one in documents], vector, 20)
