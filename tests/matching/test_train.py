"""Training: a tiny model from a tiny corpus, and what the shipped one was made with."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from matching.encoder import (
    MARKER,
    SHIPPED_MODEL,
    HashingEncoder,
    SentenceTransformerEncoder,
    unit_rows,
)
from matching.train import teacher
from matching.train.__main__ import main
from matching.train.corpus import Corpus, TrainingDataError, load_corpus
from matching.train.fit import Settings, fit
from matching.train.fold import fold, to_half
from matching.train.held_out import figures, split
from matching.train.sampling import Sampler
from matching.train.teacher import Lessons, ask_teacher
from matching.train.vocabulary import UNKNOWN, build_tokenizer, token_ids, token_weights

# Words of the workshop, then words of the laboratory, for the same thing; they share no character.
TOPICS = [
    ("污水;臭味;排污口", "厌氧;曝气;絮凝", "waste water"),
    ("齿轮;异响;减速机", "啮合;修形;模态", "gear noise"),
    ("番茄;烂根;大棚", "拮抗菌;土传病害;抗性育种", "tomato disease"),
    ("焊缝;漏检;气孔", "卷积;超声相控阵;图像分割", "weld inspection"),
    ("电池;掉电;低温", "电解液;固态界面;锂盐", "battery electrolyte"),
    ("轴承;发热;磨损", "润滑;摩擦副;氮化硅", "bearing friction"),
    ("玻璃;划伤;镀膜", "溅射;附着力;真空沉积", "glass coating"),
    ("药片;溶解慢;吸收差", "晶型;纳米混悬;固体分散体", "drug dissolution"),
]
SETTINGS = ["--threads", "1", "--dim", "16", "--steps", "60", "--triples", "8", "--concepts", "8"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Write a lexicon of eight concepts and five triples for each."""
    lexicon, pairs = tmp_path_factory.mktemp("lexicon"), tmp_path_factory.mktemp("pairs")
    lines = ["term\tsynonyms\tgloss\tbroader"]
    triples = []
    for number, (workshop, laboratory, english) in enumerate(TOPICS):
        first, *others = f"{workshop};{laboratory}".split(";")
        lines.append(f"{first}\t{';'.join(others)}\t{english}\t")
        asked, meant = workshop.split(";"), laboratory.split(";")
        misleading = TOPICS[(number + 1) % len(TOPICS)][1].split(";")
        for turn in range(5):
            one, two = turn % 3, (turn + 1) % 3
            triples.append(
                {
                    "need_title": f"{asked[one]}怎么办",
                    "need": f"我厂{asked[one]}和{asked[two]}多年没有解决，希望今年改好。",
                    "achievement_title": f"{meant[one]}新方法",
                    "achievement": f"以{meant[one]}结合{meant[two]}，已在多家单位使用。",
                    "negative_title": f"{misleading[one]}新方法",
                    "negative": f"以{misleading[one]}结合{misleading[two]}，已在多家单位使用。",
                    "english": f"{english} {english} {english}",
                }
            )
    (lexicon / "01.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (pairs / "01.jsonl").write_text(
        "".join(json.dumps(triple, ensure_ascii=False) + "\n" for triple in triples), encoding="utf-8"
    )
    return lexicon, pairs


@pytest.fixture(scope="module")
def corpus(folders: tuple[Path, Path]) -> Corpus:
    return load_corpus(*folders)


def run(folders: tuple[Path, Path], output: Path, *more: str) -> Path:
    lexicon, pairs = folders
    places = ["--lexicon", str(lexicon), "--pairs", str(pairs), "--output", str(output)]
    assert main([*places, *SETTINGS, *more]) == 0
    return output


def test_the_same_seed_makes_the_same_model(folders: tuple[Path, Path], tmp_path: Path) -> None:
    one, two, other = (
        run(folders, tmp_path / name, "--seed", seed) for name, seed in [("a", "0"), ("b", "0"), ("c", "1")]
    )
    names = sorted(file.name for file in one.iterdir())
    assert "model.safetensors" in names
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in names)
    assert (one / "model.safetensors").read_bytes() != (other / "model.safetensors").read_bytes()


def test_the_model_loads_with_plain_sentence_transformers(folders: tuple[Path, Path], tmp_path: Path) -> None:
    model = SentenceTransformer(str(run(folders, tmp_path / "model")), device="cpu", local_files_only=True)
    rows = model.encode(["污水", "ＣＯＤ"])
    assert rows.shape == (2, 16)
    assert rows[0].any()


def test_it_keeps_the_model_card(folders: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("card", encoding="utf-8")
    run(folders, tmp_path)
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "card"
    assert json.loads((tmp_path / MARKER).read_text(encoding="utf-8"))["training"]["dim"] == 16


def test_it_learns_which_words_mean_the_same(
    corpus: Corpus, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    rest, asked = split(corpus, share=0.2, seed=3)
    pairs = tmp_path / "pairs"
    pairs.mkdir()
    lines = [json.dumps(asdict(triple), ensure_ascii=False) for triple in rest.triples]
    (pairs / "01.jsonl").write_text("\n".join(lines), encoding="utf-8")
    trained = SentenceTransformerEncoder(run((folders[0], pairs), tmp_path / "model"))
    learned = figures(trained, asked, rest.triples)
    by_characters = figures(HashingEncoder(dim=256), asked, rest.triples)
    assert learned.needs == 8
    assert learned.pool == 80
    # Ten texts of the pool are about the topic of each need, so the ten first can hold all of them.
    assert learned.recall_at_10 > 0.7
    assert by_characters.recall_at_10 < 0.4
    assert learned.beats_negative > 0.7 > by_characters.beats_negative


def test_held_out_figures_are_printed_and_no_model_is_written(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(folders, tmp_path / "model", "--held-out", "0.2")
    assert json.loads(capsys.readouterr().out)["needs"] == 8
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("share", ["0.001", "1.0"])
def test_a_share_that_leaves_nothing_is_refused(folders: tuple[Path, Path], share: str) -> None:
    lexicon, pairs = folders
    assert main(["--lexicon", str(lexicon), "--pairs", str(pairs), "--held-out", share]) == 2


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", r"01\.jsonl:2: not JSON"),
        ('{"need": "x"}', r"01\.jsonl:2: the fields"),
        ("[]", r"01\.jsonl:2: the fields"),
        (None, r"01\.jsonl:2: every field"),
    ],
)
def test_a_wrong_line_is_refused_with_file_and_line(
    folders: tuple[Path, Path], tmp_path: Path, line: str | None, message: str
) -> None:
    good = (folders[1] / "01.jsonl").read_text(encoding="utf-8").splitlines()[0]
    bad = line if line is not None else json.dumps({**json.loads(good), "english": " "})
    (tmp_path / "01.jsonl").write_text(f"{good}\n{bad}\n", encoding="utf-8")
    with pytest.raises(TrainingDataError, match=message):
        load_corpus(folders[0], tmp_path)
    assert main(["--lexicon", str(folders[0]), "--pairs", str(tmp_path)]) == 2


def test_no_pairs_are_refused(folders: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="no training pairs"):
        load_corpus(folders[0], tmp_path)


def test_numbers_and_unknown_signs_are_no_tokens(corpus: Corpus) -> None:
    tokenizer = build_tokenizer(corpus)
    assert token_ids(tokenizer, ["2024年 99.5% ※ 龘"])[0] == token_ids(tokenizer, ["年"])[0]
    tokens = tokenizer.encode("我厂污水", add_special_tokens=False).tokens
    assert "污水" in tokens


def test_stop_words_weigh_less_than_words_of_the_trade(corpus: Corpus) -> None:
    tokenizer = build_tokenizer(corpus)
    weights = token_weights(tokenizer, corpus)
    assert weights[tokenizer.token_to_id(UNKNOWN)] == 0
    assert weights[tokenizer.token_to_id("曝气")] > 2 * weights[tokenizer.token_to_id("希望")]


def test_half_precision_keeps_cosines_and_the_unknown_token_is_zero(corpus: Corpus) -> None:
    settings = Settings(dim=8, steps=3, triples=8, concepts=8)
    vectors = fit(corpus, build_tokenizer(corpus), settings=settings)
    half = to_half(vectors)
    assert half.dtype == np.float16
    assert not half[0].any()
    one, other = unit_rows(vectors[1:]), unit_rows(half[1:].astype(np.float32))
    assert np.abs((one * other).sum(axis=1) - 1).max() < 1e-3


def test_tables_folded_keep_the_likeness_of_the_texts_they_were_trained_on(corpus: Corpus) -> None:
    tokenizer = build_tokenizer(corpus)
    tables = [
        fit(corpus, tokenizer, settings=Settings(dim=12, steps=20, triples=8, concepts=8, seed=seed))
        for seed in range(2)
    ]
    assert (fold(tables[:1], corpus, tokenizer, dim=12) == tables[0]).all()
    folded = fold(tables, corpus, tokenizer, dim=20)
    assert folded.shape == (tokenizer.get_vocab_size(), 20)
    tokens = token_ids(tokenizer, [triple.need_text for triple in corpus.triples])
    before, after = (
        unit_rows(np.array([table[row].sum(axis=0) for row in tokens], np.float32))
        for table in (np.concatenate(tables, axis=1), folded)
    )
    assert np.abs(before @ before.T - after @ after.T).mean() < 0.05


def test_the_teacher_draws_texts_to_where_their_english_lies(corpus: Corpus) -> None:
    tokenizer = build_tokenizer(corpus)
    lessons = ask_teacher(corpus)
    assert lessons.dim == 384
    assert np.allclose(np.linalg.norm(lessons.glosses, axis=1), 1, atol=1e-4)
    quick = Settings(dim=32, steps=60, triples=8, concepts=8, members=1)

    def agreement(settings: Settings, taught: Lessons | None) -> float:
        table = fit(corpus, tokenizer, settings=settings, lessons=taught)
        tokens = token_ids(tokenizer, [triple.need_text for triple in corpus.triples])
        rows = unit_rows(np.array([table[row].sum(axis=0) for row in tokens], np.float32))
        wanted = lessons.summaries @ lessons.summaries.T
        return float(np.corrcoef((rows @ rows.T).ravel(), wanted.ravel())[0, 1])

    assert agreement(quick, lessons) > agreement(quick, None)


def test_without_the_teacher_nothing_is_trained(
    folders: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(teacher, "PACKAGE", "no_such_package")
    lexicon, pairs = folders
    places = ["--lexicon", str(lexicon), "--pairs", str(pairs), "--output", str(tmp_path / "model")]
    assert main([*places, *SETTINGS]) == 2
    assert "[train]" in capsys.readouterr().err
    assert main([*places, *SETTINGS, "--distillation", "0"]) == 0


def test_kin_concepts_are_not_pushed_apart(folders: tuple[Path, Path], tmp_path: Path) -> None:
    rows = [
        "term\tsynonyms\tgloss\tbroader",
        "污水\t废水\twaste water\t环保",
        "污泥\t泥饼\tsludge\t环保",
        "环保\t绿色\tenvironment\t",
        "渗滤液\t废水\tleachate\t填埋",
        "齿轮\t轮齿\tgear\t",
    ]
    (tmp_path / "01.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    corpus = load_corpus(tmp_path, folders[1])
    sampler = Sampler(corpus, build_tokenizer(corpus), seed=0, dropout=0.5)
    batch = sampler.concepts(5)
    # Every concept is drawn, in some order: sewage has three kin, leachate one, gear none.
    assert sorted(batch.related.sum(axis=1).tolist()) == [0, 1, 2, 2, 3]
    assert (batch.related == batch.related.T).all()
    assert not batch.related.diagonal().any()
    assert all(batch.left)
    assert all(batch.right)


def test_the_shipped_model_was_made_with_the_settings_of_today() -> None:
    marker = json.loads((SHIPPED_MODEL / MARKER).read_text(encoding="utf-8"))
    assert marker["training"] == asdict(Settings())


def test_the_shipped_pairs_end_in_no_stock_sentence() -> None:
    corpus = load_corpus()
    assert len(corpus.triples) >= 1_500
    for texts in ([t.need for t in corpus.triples], [t.negative for t in corpus.triples]):
        endings = [text.rstrip("。").rpartition("。")[2] for text in texts]
        assert len(endings) - len(set(endings)) == 0
