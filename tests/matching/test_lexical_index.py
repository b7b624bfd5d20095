"""BM25 over tantivy: changes, filters, scores."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest

from matching.baselines import SparseBM25
from matching.errors import DuplicateKey, IndexDamaged
from matching.lexical_index import LexicalEntry, LexicalIndex


def entry(row: int, words: str, *, concepts: str = "", scope: str = "") -> LexicalEntry:
    return LexicalEntry(row, words, concepts.split(), scope.split())


@pytest.fixture(params=["memory", "folder"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> LexicalIndex:
    made = LexicalIndex(None if request.param == "memory" else tmp_path)
    made.put(
        [
            entry(0, "废水 处理 膜 膜", concepts="1", scope="f:07"),
            entry(1, "叶片 裂纹 检测", concepts="2", scope="f:04 r:33"),
            entry(2, "废水 萃取", concepts="1 2", scope="f:04"),
        ]
    )
    return made


def found(index: LexicalIndex, *words: str, **options: object) -> list[int]:
    rows, scores = index.search(dict.fromkeys(words, 1.0), 10, **options)  # type: ignore[arg-type]
    assert list(scores) == sorted(scores, reverse=True)
    return [int(row) for row in rows]


def test_search_by_words_and_concepts(index: LexicalIndex) -> None:
    assert set(found(index, "废水")) == {0, 2}
    assert found(index, "膜", "废水")[0] == 0
    assert found(index, "没有的词") == []
    assert found(index) == []
    assert set(found(index, "2", field="concepts")) == {1, 2}


def test_scope_and_rows_limit_without_changing_scores(index: LexicalIndex) -> None:
    assert found(index, "废水", "叶片", scope=["f:04"]) == [1, 2]
    assert found(index, "废水", "叶片", scope=["f:04", "r:33"]) == [1]
    assert found(index, "废水", "叶片", rows=[2]) == [2]
    free = dict(zip(*map(list, index.search({"废水": 1.0}, 10)), strict=True))
    limited = dict(zip(*map(list, index.search({"废水": 1.0}, 10, rows=[2])), strict=True))
    assert limited[2] == pytest.approx(free[2])


def test_weights_multiply_scores(index: LexicalIndex) -> None:
    single = index.search({"叶片": 1.0}, 1)[1][0]
    assert index.search({"叶片": 2.0}, 1)[1][0] == pytest.approx(2 * single)


def test_removed_rows_are_gone_at_once_and_for_good(index: LexicalIndex) -> None:
    index.remove([0])
    assert len(index) == 2
    assert found(index, "废水") == [2]
    index.put([entry(3, "废水 回用")])
    assert set(found(index, "废水")) == {2, 3}
    assert len(index) == 3


def test_many_removals_are_written(index: LexicalIndex) -> None:
    index.put([entry(row, "词") for row in range(10, 1510)])
    index.remove(range(10, 1510))
    assert len(index) == 3
    assert found(index, "词") == []


def test_the_limit_counts_living_rows(index: LexicalIndex) -> None:
    index.remove([0])
    assert index.search({"废水": 1.0}, 1)[0].tolist() == [2]


def test_frequencies(index: LexicalIndex) -> None:
    assert index.frequencies(["废水", "膜", "没有"]) == {"废水": 2, "膜": 1}
    assert index.frequencies(["1"], field="concepts") == {"1": 2}
    assert index.inverse_frequency(1) == pytest.approx(math.log(1 + 2.5 / 1.5))


def test_scores_are_bm25() -> None:
    texts = ["膜 膜 废水 处理", "废水", "叶片 裂纹", "膜 叶片 叶片 检测 材料 铸造"]
    index = LexicalIndex()
    index.put([entry(row, text) for row, text in enumerate(texts)])
    expected = SparseBM25([text.split() for text in texts]).scores(["膜", "叶片"])
    rows, scores = index.search({"膜": 1.0, "叶片": 1.0}, 10)
    assert {int(row): score for row, score in zip(rows, scores, strict=True)} == pytest.approx(
        {row: score for row, score in enumerate(expected) if score}, rel=1e-4
    )


def test_a_flushed_folder_can_be_copied_and_changed_apart(tmp_path: Path) -> None:
    first = tmp_path / "first"
    first.mkdir()
    index = LexicalIndex(first)
    index.put([entry(0, "废水"), entry(1, "叶片")])
    index.remove([1])
    index.flush()
    shutil.copytree(first, tmp_path / "second", ignore=shutil.ignore_patterns(".tantivy-*.lock"))
    copy = LexicalIndex(tmp_path / "second")
    assert len(copy) == 1
    copy.put([entry(2, "废水 膜")])
    assert set(found(copy, "废水")) == {0, 2}
    assert found(index, "废水") == [0]
    index.put([entry(5, "废水")])
    assert set(found(index, "废水")) == {0, 5}


def test_a_row_twice_in_one_call_changes_nothing(index: LexicalIndex) -> None:
    with pytest.raises(DuplicateKey):
        index.put([entry(7, "新"), entry(7, "新")])
    index.put([entry(8, "别的")])
    assert found(index, "新") == []


def test_damage_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "meta.json").write_text("{", encoding="utf-8")
    with pytest.raises(IndexDamaged):
        LexicalIndex(tmp_path)
