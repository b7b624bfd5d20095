"""Small texts of our own for the tests of `matching`."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from matching.encoder import HashingEncoder
from matching.engine import LocalEngine
from matching.explain import Tagger
from matching.lexicon import Concept, Lexicon
from matching.scoring import Weights
from matching.types import Document, Facets, Kind

TODAY = date(2026, 5, 1)

BRINE = Document(
    "a-brine",
    Kind.ACHIEVEMENT,
    "高盐废水膜法浓缩与回用",
    "采用电渗析与纳滤组合，处理印染高盐废水，COD≤50㎎/L，水回用率九成。",
    Facets(
        tech_field="07",
        chain="c1",
        region="330106",
        trl=6,
        price_fen=5_000_000,
        modes=("license", "joint"),
        organisation="o-zju",
        published_on=date(2026, 1, 10),
    ),
)
BLADE = Document(
    "a-blade",
    Kind.ACHIEVEMENT,
    "風機葉片裂紋無人機巡檢",
    "用機器視覺識別前緣磨蝕、雷擊孔與裂紋，不停機出評級報告。",
    Facets(tech_field="04", chain="c2", region="330282", trl=4, price_fen=6_900_000, organisation="o-nb"),
)
ALLOY = Document(
    "a-alloy",
    Kind.ACHIEVEMENT,
    "高温合金叶片精密铸造",
    "定向凝固控制晶粒取向，铸件合格率八成。",
    Facets(
        tech_field="04",
        region="110108",
        trl=2,
        price_fen=90_000_000,
        modes=("transfer",),
        published_on=date(2021, 3, 1),
        expires_on=date(2026, 4, 30),
    ),
)
PLAIN = Document("a-plain", Kind.ACHIEVEMENT, "茶叶低温干燥", "热泵干燥保持香气，节电三成。")
NEED = Document(
    "n-brine", Kind.NEED, "染布废水含盐没法回用", "园区要求回用，盐进了膜就结垢。", Facets(min_trl=5)
)
ALL = (BRINE, BLADE, ALLOY, PLAIN, NEED)

WORDS = [
    "废水", "膜", "电渗析", "纳滤", "回用", "叶片", "裂纹", "巡检", "视觉", "铸造", "合金", "凝固",
    "干燥", "热泵", "茶叶", "焊接", "激光", "涂层", "轴承", "齿轮", "润滑", "电池", "隔膜", "电解液",
    "正极", "催化剂", "精馏", "萃取", "结晶", "发酵", "酶", "菌种", "饲料", "疫苗", "芯片", "封装",
    "光刻", "传感器", "雷达", "天线", "机器人", "减速器",
]  # fmt: skip


def lexicon() -> Lexicon:
    """Return a lexicon of three concepts."""
    concepts = [
        Concept(
            "高盐废水处理", "07", ("含盐废水", "废水含盐", "高盐废水"), "treatment of saline wastewater", None
        ),
        Concept("裂纹检测", "04", ("裂纹识别", "查伤"), "crack detection", None),
        Concept("定向凝固", "04", ("单晶铸造",), "directional solidification", None),
    ]
    return Lexicon({concept.term: concept for concept in concepts}, version="test-1")


@contextmanager
def engine(
    *documents: Document, tagger: Tagger | None = None, weights: Weights | None = None
) -> Iterator[LocalEngine]:
    """Yield an engine with some documents, closed afterwards."""
    made = LocalEngine(HashingEncoder(64), lexicon=tagger, weights=weights)
    try:
        made.upsert(documents)
        yield made
    finally:
        made.close()


def made_up(count: int, *, seed: int = 1, kind: Kind = Kind.ACHIEVEMENT) -> list[Document]:
    """Return documents of random words, one in forty of the technical field 11."""
    chance = random.Random(seed)
    documents = []
    for number in range(count):
        title = "".join(chance.sample(WORDS, 2))
        body = "，".join("".join(chance.sample(WORDS, 3)) for _ in range(4))
        facets = Facets(
            tech_field="11" if number % 40 == 0 else "04",
            region=f"{chance.choice((33, 44))}{chance.randint(1, 9):02}00",
            organisation=f"o{number % 7}",
            expires_on=date(2026, 1, 1) if number % 10 == 0 else None,
        )
        documents.append(Document(f"d{number:05}", kind, title, body, facets))
    return documents
