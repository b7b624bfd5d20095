"""The second reading: a real CrossEncoder, small enough to be made here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from matching.encoder import EncoderFault, EncoderMissing, HashingEncoder
from matching.engine import LocalEngine
from matching.reranker import CrossEncoderReranker
from matching.scoring import RERANKER, Weights
from matching.types import Document, Kind, Query

TEXTS = ["印染废水脱盐回用", "齿轮箱异响诊断", "茶叶热泵干燥", "无人机叶片巡检"]
DOCUMENTS = [Document(f"a{i}", Kind.ACHIEVEMENT, text, f"{text}的方法") for i, text in enumerate(TEXTS)]
QUERY = Query("染布废水含盐", "想把盐分离出来回用", Kind.ACHIEVEMENT, k=4)


def save_tiny_cross_encoder(folder: Path, *, outputs: int = 1) -> Path:
    """Save a BERT of two layers that reads pairs, with random weights."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    torch.manual_seed(1)
    folder.mkdir()
    signs = sorted(set("".join(TEXTS)) | set(QUERY.text) | set("的方法"))
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(sign for sign in signs if not sign.isspace())]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizer(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=64, num_labels=outputs, initializer_range=0.5,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def reranker(tmp_path_factory: pytest.TempPathFactory) -> CrossEncoderReranker:
    return CrossEncoderReranker(save_tiny_cross_encoder(tmp_path_factory.mktemp("models") / "tiny"))


def test_verdicts_lie_between_minus_one_and_one_and_repeat(reranker: CrossEncoderReranker) -> None:
    verdicts = reranker.verdicts(QUERY.text, TEXTS)
    assert verdicts.shape == (4,)
    assert (np.abs(verdicts) <= 1).all()
    assert len(set(verdicts.round(4))) > 1
    assert np.allclose(verdicts, reranker.verdicts(QUERY.text, TEXTS))
    assert reranker.verdicts(QUERY.text, []).shape == (0,)
    assert reranker.key == "tiny"


@pytest.mark.parametrize("text", ["", "好", "字" * 100_000, "😀😀", "<b>废水</b>", "ＣＯＤ去除廢水"])
def test_odd_texts_get_a_verdict(reranker: CrossEncoderReranker, text: str) -> None:
    assert np.isfinite(reranker.verdicts(text, [text, "废水"])).all()


def test_its_verdict_is_one_more_part_of_the_score(reranker: CrossEncoderReranker) -> None:
    encoder = HashingEncoder(64)
    plain, reading = LocalEngine(encoder), LocalEngine(encoder, reranker=reranker)
    for engine in (plain, reading):
        engine.upsert(DOCUMENTS)
    before = {hit.key: hit for hit in plain.search(QUERY).hits}
    ranking = reading.search(QUERY)
    verdicts = dict(zip([f"a{i}" for i in range(4)], reranker.verdicts(
        QUERY.text, [document.text for document in DOCUMENTS]), strict=True))  # fmt: skip
    assert [hit.score for hit in ranking.hits] == sorted((h.score for h in ranking.hits), reverse=True)
    for hit in ranking.hits:
        part = hit.parts[-1]
        assert part.name == RERANKER
        assert part.value == pytest.approx(verdicts[hit.key], abs=1e-5)
        assert sum(one.contribution for one in hit.parts) == pytest.approx(hit.score, abs=1e-6)
        assert (hit.score > before[hit.key].score) == (part.value > 0)
    for engine in (plain, reading):
        engine.close()


class Contrary:
    """Likes what came last."""

    key = "contrary"

    def __init__(self) -> None:
        self.read = 0

    def verdicts(self, question: str, documents: Sequence[str]) -> NDArray[np.float64]:
        """Rise from first to last."""
        self.read = len(documents)
        return np.linspace(-1, 1, len(documents))


def test_it_turns_the_order_when_it_weighs_enough_and_more_are_read_than_asked_for() -> None:
    contrary = Contrary()
    heavy = Weights.from_json(Weights.load().to_json() | {"reranker": 100.0})
    plain = LocalEngine(HashingEncoder(64))
    engine = LocalEngine(HashingEncoder(64), weights=heavy, reranker=contrary)
    documents = [Document(f"{i:02}", Kind.ACHIEVEMENT, TEXTS[i % 4], f"第{i}项") for i in range(60)]
    for one in (plain, engine):
        one.upsert(documents)
    question = Query(QUERY.title, QUERY.body, Kind.ACHIEVEMENT, k=2)
    fifty = plain.search(Query(QUERY.title, QUERY.body, Kind.ACHIEVEMENT, k=50)).hits
    ranking = engine.search(question)
    assert [hit.key for hit in ranking.hits] == [fifty[49].key, fifty[48].key]
    assert (contrary.read, ranking.reranker) == (50, "contrary")
    for one in (plain, engine):
        one.close()


def test_where_there_was_nothing_to_read_no_reranker_is_named() -> None:
    engine = LocalEngine(HashingEncoder(64), reranker=Contrary())
    engine.upsert(DOCUMENTS)
    for question in (Query("", "", Kind.ACHIEVEMENT), Query("废水", "", Kind.ACHIEVEMENT, tech_field="99")):
        ranking = engine.search(question)
        assert (ranking.hits, ranking.reranker) == ((), None)
    engine.close()


def test_a_model_that_is_missing_or_has_several_outputs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncoderMissing, match="cannot load the reranker"):
        CrossEncoderReranker(tmp_path / "nothing")
    with pytest.raises(EncoderMissing, match="3 outputs"):
        CrossEncoderReranker(save_tiny_cross_encoder(tmp_path / "three", outputs=3))


def test_values_that_are_not_finite_are_a_fault(
    reranker: CrossEncoderReranker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reranker._model, "predict", lambda pairs, **_: np.full(len(pairs), np.nan))
    with pytest.raises(EncoderFault):
        reranker.verdicts("问", ["答"])
