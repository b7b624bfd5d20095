"""Values and texts by row, in memory and on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from matching.columns import Column, TextStore


def pairs(*numbers: int) -> NDArray[Any]:
    return np.array([(number, -number) for number in numbers], np.int32).reshape(-1, 2)


def reloaded(column: Column, path: Path) -> Column:
    column.save(path)
    loaded = Column.load(path)
    path.unlink()  # what is mapped stays
    return loaded


@pytest.mark.parametrize("first", [0, 3])
def test_columns_grow_and_survive(tmp_path: Path, first: int) -> None:
    column = reloaded(Column(pairs(*range(first))), tmp_path / "a.npy")
    column.extend(pairs(*range(first, 7)))
    column.extend(pairs())
    column.extend(pairs(7))
    for one in (column, reloaded(column, tmp_path / "b.npy")):
        assert len(one) == 8
        assert one.all().tolist() == pairs(*range(8)).tolist()
        rows = np.array([7, 0, 2, 7, 5])
        assert one.take(rows).tolist() == pairs(7, 0, 2, 7, 5).tolist()
        ranges = one.ranges(np.array([4, 0, 2]), np.array([6, 2, 2]))
        assert ranges.tolist() == pairs(4, 5, 0, 1).tolist()
        assert one.ranges(rows[:0], rows[:0]).shape == (0, 2)
        assert [one.row(row).tolist() for row in (0, 7)] == pairs(0, 7).tolist()
        assert one.take(np.empty(0, np.int64)).shape == (0, 2)


def test_a_loaded_column_never_changes_its_file(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    Column(pairs(1, 2)).save(path)
    before = path.read_bytes()
    column = Column.load(path)
    column.extend(pairs(3))
    with pytest.raises(ValueError, match="read-only"):
        column.row(0)[0] = 9
    assert path.read_bytes() == before


TEXTS = st.lists(st.lists(st.text(max_size=5) | st.just("孤\ud800"), max_size=5), max_size=4)


@settings(max_examples=40, deadline=None)
@given(before=TEXTS, after=TEXTS, chance=st.randoms(use_true_random=False))
def test_texts_survive_and_those_left_out_are_gone(
    tmp_path_factory: pytest.TempPathFactory, before: list[list[str]], after: list[list[str]], chance: Any
) -> None:
    folder = tmp_path_factory.mktemp("texts")
    texts, expected = TextStore(), []
    for number, batches in enumerate((before, after)):
        for batch in batches:
            texts.extend(batch)
            expected += batch
        assert [texts.get(row) for row in range(len(texts))] == expected
        kept = np.array([chance.random() < 0.7 for _ in expected], np.bool_)
        texts.save(folder, f"t{number}", kept=kept)
        expected = [text if keep else "" for text, keep in zip(expected, kept, strict=True)]
        texts = TextStore.load(folder, f"t{number}")
        size = sum(len(text.encode("utf-8", "surrogatepass")) for text in expected)
        assert (folder / f"t{number}.bin").stat().st_size == size
        for path in folder.iterdir():
            path.unlink()
    assert [texts.get(row) for row in range(len(texts))] == expected


def test_texts_longer_than_a_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matching.columns._PIECE_BYTES", 4)
    texts = TextStore()
    texts.extend(["高盐废水膜法", "", "abc"])
    texts.save(tmp_path, "t", kept=np.ones(3, np.bool_))
    texts = TextStore.load(tmp_path, "t")
    texts.extend(["回用与浓缩"])
    assert [texts.get(row) for row in range(4)] == ["高盐废水膜法", "", "abc", "回用与浓缩"]


def test_texts_that_do_not_fit_their_rows_are_refused(tmp_path: Path) -> None:
    texts = TextStore()
    texts.extend(["高盐废水"])
    texts.save(tmp_path, "t", kept=np.ones(1, np.bool_))
    (tmp_path / "t.bin").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"t\.bin"):
        TextStore.load(tmp_path, "t")
