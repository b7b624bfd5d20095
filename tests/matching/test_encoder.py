"""Encoders: one contract for all, and what is special to each."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from matching.encoder import (
    SHIPPED_MODEL,
    Encoder,
    EncoderFault,
    EncoderMissing,
    HashingEncoder,
    SentenceTransformerEncoder,
    load_encoder,
    unit_rows,
)


@pytest.fixture(scope="module")
def shipped() -> Encoder:
    return load_encoder()


@pytest.fixture(params=["hashing", "shipped"])
def encoder(request: pytest.FixtureRequest, shipped: Encoder) -> Encoder:
    return shipped if request.param == "shipped" else HashingEncoder(dim=64)


@pytest.fixture
def foreign_model(tmp_path: Path) -> Path:
    """Save a model of another maker: it has no marker and tells capital letters from small ones."""
    return save_foreign(tmp_path / "foreign", np.eye(4, dtype=np.float32))


def save_foreign(folder: Path, vectors: np.ndarray) -> Path:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    tokenizer = Tokenizer(WordLevel({"[unk]": 0, "abc": 1, "ABC": 2, "ask": 3}, unk_token="[unk]"))
    tokenizer.pre_tokenizer = Whitespace()
    module = StaticEmbedding(tokenizer, embedding_weights=vectors)
    SentenceTransformer(modules=[module], device="cpu").save(str(folder), create_model_card=False)
    return folder


def test_rows_are_float32_unit_vectors_in_order(encoder: Encoder) -> None:
    texts = ["高盐废水零排放", "齿轮箱故障诊断", "番茄育种"]
    rows = encoder.encode(texts)
    assert rows.shape == (3, encoder.dim)
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
    for text, row in zip(texts, rows, strict=True):
        assert encoder.encode([text])[0] == pytest.approx(row, abs=1e-6)


def test_texts_with_nothing_to_encode_give_zeros(encoder: Encoder) -> None:
    rows = encoder.encode(["", " \n", "😀😀", "废水"])
    assert not rows[:3].any()
    assert np.linalg.norm(rows[3]) == pytest.approx(1, abs=1e-5)
    assert encoder.encode([]).shape == (0, encoder.dim)
    assert encoder.encode([""]).shape == (1, encoder.dim)


def test_odd_texts_give_numbers(encoder: Encoder) -> None:
    rows = encoder.encode(["水", "a", "废" * 100_000, "<p>廢水&nbsp;MBR</p>", "Ωμ 123 ٣"])
    assert np.isfinite(rows).all()


def test_traditional_script_and_width_do_not_matter(encoder: Encoder) -> None:
    one, other = encoder.encode(["廢水處理ＭＢＲ", "废水处理mbr"])
    assert one @ other == pytest.approx(1, abs=1e-5)


def test_the_key_names_model_and_revision(encoder: Encoder) -> None:
    assert encoder.key == f"{encoder.name}@{encoder.revision}"
    assert encoder.name
    assert encoder.revision


def test_hashing_brings_like_texts_together() -> None:
    rows = HashingEncoder(dim=256).encode(["高盐废水处理", "含盐废水的处理", "水稻育种"])
    assert rows[0] @ rows[1] > 0.5 > rows[0] @ rows[2]


def test_hashing_needs_a_dimension() -> None:
    assert HashingEncoder(dim=1).encode(["水"]).shape == (1, 1)
    with pytest.raises(ValueError, match="positive"):
        HashingEncoder(dim=0)


@pytest.mark.parametrize(
    ("asked", "meant", "other"),
    [
        (
            "车间污水COD老超标，想找便宜的处理办法",
            "高级氧化耦合生化降解难降解有机物",
            "高精度齿轮磨削砂轮修整",
        ),
        ("减速机噪音大，客户退货", "齿轮修形与传动误差优化", "水稻耐盐基因编辑"),
        ("锂电池低温放不出电", "宽温域电解液与低阻抗界面", "古建筑木构件防腐"),
        ("大棚番茄老得病", "植物病害绿色防控与抗病品种", "碳化硅功率器件封装"),
        ("焊缝靠人眼看，漏检多", "机器视觉缺陷自动识别", "微藻油脂发酵"),
    ],
)
def test_the_shipped_model_knows_what_is_meant(shipped: Encoder, asked: str, meant: str, other: str) -> None:
    rows = shipped.encode([asked, meant, other])
    assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.1


def test_the_shipped_model_needs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert load_encoder().encode(["废水"]).any()


def test_the_shipped_model_is_small_enough_for_a_repository() -> None:
    assert sum(file.stat().st_size for file in SHIPPED_MODEL.iterdir()) < 10_000_000


def test_models_of_other_makers_get_the_raw_text(foreign_model: Path) -> None:
    small, capital = SentenceTransformerEncoder(foreign_model).encode(["abc", "ABC"])
    assert small @ capital == pytest.approx(0)


def test_a_prompt_is_put_before_the_text_and_changes_the_revision(foreign_model: Path) -> None:
    plain = SentenceTransformerEncoder(foreign_model)
    asking = SentenceTransformerEncoder(foreign_model, prompt="ask ")
    assert plain.encode(["abc"])[0, 3] == 0
    assert asking.encode(["abc"])[0, 3] == pytest.approx(0.5**0.5)
    assert asking.revision != plain.revision
    assert not asking.encode([""]).any()


def test_the_revision_follows_the_files_that_matter(foreign_model: Path) -> None:
    before = SentenceTransformerEncoder(foreign_model)
    (foreign_model / "README.md").write_text("a card", encoding="utf-8")
    assert SentenceTransformerEncoder(foreign_model).revision == before.revision
    save_foreign(foreign_model, 2 * np.eye(4, dtype=np.float32))
    assert SentenceTransformerEncoder(foreign_model).revision != before.revision


def test_a_marker_asks_for_normalised_text(foreign_model: Path) -> None:
    raw = SentenceTransformerEncoder(foreign_model)
    (foreign_model / "market.json").write_text(json.dumps({"input": "normalised"}), encoding="utf-8")
    normalising = SentenceTransformerEncoder(foreign_model)
    assert normalising.encode(["ABC"])[0] == pytest.approx(raw.encode(["abc"])[0])
    assert normalising.revision != raw.revision


def test_a_missing_or_damaged_model_is_named(tmp_path: Path, foreign_model: Path) -> None:
    with pytest.raises(EncoderMissing, match="no-such-model"):
        load_encoder(tmp_path / "no-such-model")
    (tmp_path / "empty").mkdir()
    with pytest.raises(EncoderMissing, match="empty"):
        load_encoder(tmp_path / "empty")
    with pytest.raises(EncoderMissing, match="nobody/nothing"):
        load_encoder("nobody/nothing")
    (foreign_model / "market.json").write_text("{", encoding="utf-8")
    with pytest.raises(EncoderMissing, match=r"market\.json is damaged"):
        load_encoder(foreign_model)


def test_a_model_that_gives_no_numbers_is_refused(tmp_path: Path) -> None:
    folder = save_foreign(tmp_path / "broken", np.full((4, 4), np.nan, dtype=np.float32))
    with pytest.raises(EncoderFault, match="finite"):
        SentenceTransformerEncoder(folder).encode(["abc"])


def test_unit_rows_keeps_zeros() -> None:
    rows = unit_rows(np.array([[3, 4], [0, 0]], dtype=np.float32))
    assert rows.tolist() == [[pytest.approx(0.6), pytest.approx(0.8)], [0, 0]]


def test_torch_is_not_imported_before_a_model_is_loaded() -> None:
    code = "import sys, matching.encoder; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_hub_model_is_taken_from_the_local_cache_with_its_commit(
    tmp_path: Path, foreign_model: Path
) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    cached = tmp_path / "hub" / "models--someone--tiny"
    shutil.copytree(foreign_model, cached / "snapshots" / commit)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text(commit, encoding="utf-8")
    code = (
        "from matching.encoder import load_encoder\n"
        "encoder = load_encoder('someone/tiny')\n"
        "print(encoder.key, int(encoder.encode(['ABC'])[0].argmax()))"
    )
    # A process of its own, because the hub library reads the place of its cache when it is imported.
    run = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "HF_HUB_CACHE": str(tmp_path / "hub"), "HF_HUB_OFFLINE": "1"},
    )
    assert run.stdout.split() == ["someone/tiny@0123456789ab", "2"]
