"""Reasons point into the raw texts of both sides."""

from __future__ import annotations

import pytest

from matching.explain import (
    MAX_TERMS,
    Analysis,
    FoundDocument,
    TermStatistics,
    shared_concepts,
    shared_terms,
)
from matching.lexical_index import TITLE_WEIGHT
from matching.lexicon import Concept, Lexicon
from matching.text import find_words, normalise
from matching.types import SharedConcept
from tests.matching.samples import BRINE, NEED, lexicon


def found(title: str, body: str, **others: object) -> FoundDocument:
    values: dict[str, object] = {"key": "k", "word_count": 20, "concepts": {}} | others
    text = f"{title}\n{body}"
    return FoundDocument(text=text, normalised=normalise(text), title_length=len(title), **values)  # type: ignore[arg-type]


def statistics(query: Analysis, weights: dict[str, float]) -> TermStatistics:
    return TermStatistics(weights, find_words(query.normalised, weights), mean_length=20.0)


def test_shared_terms_have_spans_on_both_sides_and_shares_that_add_up() -> None:
    query = Analysis("<b>染色廢水</b>\n葉片廢水", title_length=11, tagger=None)
    document = found("廢水，蒸馏", "废水，廢水，叶片", word_count=12)
    terms = shared_terms(query, document, statistics(query, {"废水": 1.0, "叶片": 2.0, "染色": 3.0}))
    assert {term.term for term in terms} == {"废水", "叶片"}
    assert sum(term.weight for term in terms) == pytest.approx(1.0)
    assert [term.weight for term in terms] == sorted((term.weight for term in terms), reverse=True)
    by_term = {term.term: term for term in terms}
    assert [query.raw[a:b] for a, b in by_term["废水"].query_spans] == ["廢水", "廢水"]
    assert [document.text[a:b] for a, b in by_term["废水"].document_spans] == ["廢水", "废水", "廢水"]
    assert [query.raw[a:b] for a, b in by_term["叶片"].query_spans] == ["葉片"]
    assert [document.text[a:b] for a, b in by_term["叶片"].document_spans] == ["叶片"]


def test_words_of_the_title_count_more() -> None:
    query = Analysis("废水，叶片", title_length=0, tagger=None)
    in_title = shared_terms(query, found("废水", "叶片"), statistics(query, {"废水": 1.0, "叶片": 1.0}))
    assert [term.term for term in in_title] == ["废水", "叶片"]
    assert in_title[0].weight > in_title[1].weight


def test_no_shared_words_no_terms() -> None:
    query = Analysis("废水", title_length=0, tagger=None)
    assert shared_terms(query, found("叶片", "裂纹"), statistics(query, {"废水": 1.0})) == ()


def test_only_the_weightiest_words_are_shown() -> None:
    words = [
        "废水",
        "叶片",
        "裂纹",
        "轴承",
        "齿轮",
        "激光",
        "焊接",
        "电池",
        "隔膜",
        "雷达",
        "天线",
        "芯片",
        "封装",
        "疫苗",
    ]
    text = "，".join(words)
    query = Analysis(text, title_length=0, tagger=None)
    weights = {word: float(number) for number, word in enumerate(words, start=1)}
    terms = shared_terms(query, found("", text), statistics(query, weights))
    assert [term.term for term in terms] == list(reversed(words))[:MAX_TERMS]


def test_shared_concepts_show_the_words_of_both_sides() -> None:
    tagger = lexicon()
    query = Analysis(NEED.text, title_length=len(NEED.title), tagger=tagger)
    other = Analysis(BRINE.text, title_length=len(BRINE.title), tagger=tagger)
    concepts = {name: spans[0] for name, spans in other.concepts.items()}
    document = found(BRINE.title, BRINE.body, concepts=concepts)
    shared = shared_concepts(query, document, {"高盐废水处理": 1.0})
    assert shared[0] == SharedConcept("高盐废水处理", ("废水含盐",), ("高盐废水",))


@pytest.mark.parametrize(
    ("asked", "offered", "named"),
    [
        ("黄度b值偏高", "染色b值稳定", False),  # the word alone: it may be another b value
        ("弥散加权，b值1000", "图像的b值", True),  # the question says more
        ("弥散加权", "B值", True),  # each says it in a word of its own
        ("磁共振弥散加权", "磁共振弥散加权", True),  # the name itself
    ],
)
def test_a_word_that_both_say_does_not_name_a_concept(asked: str, offered: str, named: bool) -> None:
    name = "磁共振弥散加权"
    tagger = Lexicon({name: Concept(name, "09", ("b值", "弥散加权"), "gloss", None)}, version="t")
    query = Analysis(asked, title_length=0, tagger=tagger)
    spans = Analysis(f"\n{offered}", title_length=0, tagger=tagger).concepts[name]
    document = found("", offered, concepts={name: spans[0]})
    assert [one.concept for one in shared_concepts(query, document, {name: 1.0})] == [name] * named


def test_members_of_one_group_on_both_sides_are_named_under_it() -> None:
    concepts = {
        name: Concept(name, "07", (), "gloss", broader)
        for name, broader in (("电渗析", "膜分离"), ("纳滤", "膜分离"), ("膜分离", "水处理"), ("叶片", None))
    }
    tagger = Lexicon(concepts, version="t")
    text = "想用纳滤，还是电渗析？"
    query = Analysis(text, title_length=0, tagger=tagger)
    document = found("", "膜分离与叶片", concepts={"膜分离": (1, 4), "叶片": (5, 7)})
    assert shared_concepts(query, document, {}) == (
        SharedConcept("膜分离", ("纳滤", "电渗析"), ("膜分离",), exact=False),
    )
    apart = found("", "叶片", concepts={"叶片": (1, 3)})
    assert shared_concepts(query, apart, {}) == ()
    assert shared_concepts(Analysis(text, title_length=0, tagger=None), document, {}) == ()


def test_analysis_of_a_document() -> None:
    analysis = Analysis(BRINE.text, title_length=len(BRINE.title), tagger=lexicon())
    assert analysis.words.count("浓缩") == TITLE_WEIGHT
    assert analysis.words.count("渗析") + analysis.words.count("电渗析") >= 1
    assert [analysis.raw[a:b] for a, b in analysis.concepts["高盐废水处理"]] == ["高盐废水", "高盐废水"]
    assert Analysis(BRINE.text, title_length=0, tagger=None).concepts == {}
