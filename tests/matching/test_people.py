"""A person is a short text: name, rank, house, fields, chief works. The shipped engine must read it too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from matching.encoder import load_encoder
from matching.engine import LocalEngine
from matching.explain import Analysis
from matching.lexicon import Lexicon
from matching.types import Document, Facets, Hit, Kind, Query

PEOPLE = {
    "water": ("陆景和 教授 江淮化工大学", "膜分离、高盐废水。代表作：《电渗析浓缩印染废水的结垢控制》"),
    "blade": (
        "叶海燕 副研究员 金陵航空学院",
        "复合材料无损检测、超声相控阵。代表作：风电叶片缺陷的热成像识别",
    ),
    "bearing": ("宁一舟 高级工程师 淮海矿业学院", "轴承润滑与故障诊断。发明专利：滚动轴承早期故障特征提取"),
    "feed": ("石拓 讲师 皖西农业学院", "饲料抗生素替代、发酵豆粕"),
    "battery": ("顾长江 研究员 滨海船舶研究所", "锂电池热管理、浸没式冷却"),
    "mould": ("钱水清 教授 华东水利电力学院", "注塑模具随形冷却水道、增材制造"),
    "optics": ("简光 副教授 苏北光电研究所", "纺织印染助剂、活性染料低盐染色"),
    "bare": ("卫一帆 博士", ""),
}
NEEDS = {
    "water": "染布废水含盐没法回用，盐进了膜就结垢，膜三个月就报废。",
    "blade": "海上风机叶片前缘裂纹，希望不停机就能查出来。",
    "bearing": "减速机轴承半年坏一批，想提前知道哪台要坏。",
    "feed": "饲料禁抗后断奶头两周腹泻，要替代品。",
    "battery": "储能柜电池温差大，风冷压不住，夏天怕热失控。",
    "mould": "塑料件模具冷却不均，翘曲变形，成型周期太长。",
}


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon.load()


@pytest.fixture(scope="module")
def engine(lexicon: Lexicon) -> Iterator[LocalEngine]:
    made = LocalEngine(load_encoder(), lexicon=lexicon)
    made.upsert([Document(key, Kind.EXPERT, title, body, Facets()) for key, (title, body) in PEOPLE.items()])
    yield made
    made.close()


def first(engine: LocalEngine, text: str) -> Hit:
    return engine.search(Query("", text, Kind.EXPERT, alike=True)).hits[0]


@pytest.mark.parametrize("key", NEEDS)
def test_the_right_person_comes_first_for_what_the_person_can_do(engine: LocalEngine, key: str) -> None:
    hit = first(engine, NEEDS[key])
    assert hit.key == key
    title, _ = PEOPLE[key]
    spans = [span for term in hit.terms for span in term.document_spans]
    spans += [pair.document_span for pair in hit.alike]
    assert spans
    assert all(start > len(title) for start, _ in spans)  # never for a name, a rank or a house


def test_reasons_name_concepts_and_words(engine: LocalEngine) -> None:
    hit = first(engine, NEEDS["mould"])
    assert [(one.concept, one.document_words) for one in hit.concepts][:1] == [
        ("随形冷却水道", ("随形冷却水道",))
    ]
    hit = first(engine, NEEDS["bearing"])
    assert [term.term for term in hit.terms] == ["轴承"]
    assert ("轴承", "滚动轴承") in [(pair.query_word, pair.document_word) for pair in hit.alike]


def test_name_rank_and_house_stand_for_no_concept(lexicon: Lexicon) -> None:
    for title, _ in PEOPLE.values():
        assert not Analysis(title, title_length=len(title), tagger=lexicon).concepts


def test_a_person_without_works_is_found_by_name_only(engine: LocalEngine) -> None:
    assert first(engine, "卫一帆").key == "bare"
    assert "bare" not in [
        hit.key for hit in engine.search(Query("", NEEDS["water"], Kind.EXPERT, k=3)).hits if hit.score > 0.01
    ]
