"""One contract for both vector indexes; FAISS agrees with the exact one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matching.errors import DimensionMismatch, DuplicateKey, IndexDamaged, InvalidVector
from matching.vector_index import FaissIndex, NumpyIndex, VectorIndex

DIM = 16
Make = Callable[[], VectorIndex]


def unit_vectors(count: int, *, seed: int = 0, dim: int = DIM) -> np.ndarray[Any, np.dtype[np.float32]]:
    chance = np.random.default_rng(seed)
    vectors = chance.standard_normal((count, dim)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def rows_of(*numbers: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.array(numbers, np.int64)


@pytest.fixture(params=["numpy", "faiss", "faiss-lists"])
def make(request: pytest.FixtureRequest) -> Make:
    makers: dict[str, Make] = {
        "numpy": lambda: NumpyIndex(DIM),
        "faiss": lambda: FaissIndex(DIM),
        "faiss-lists": lambda: FaissIndex(DIM, exact_up_to=0),
    }
    return makers[request.param]


def reload(index: VectorIndex, path: Path) -> VectorIndex:
    index.save(path)
    return NumpyIndex.load(path, dim=DIM) if isinstance(index, NumpyIndex) else FaissIndex.load(path, dim=DIM)


def test_contract_put_search_cosines_remove(make: Make, tmp_path: Path) -> None:
    index, vectors = make(), unit_vectors(30)
    index.put(np.arange(30) * 3, vectors)
    assert len(index) == 30
    for at_hand in (index, reload(index, tmp_path / "index")):
        rows, cosines = at_hand.search(vectors[7], 5)
        assert rows[0] == 21
        assert cosines[0] == pytest.approx(1.0, abs=1e-5)
        assert list(cosines) == sorted(cosines, reverse=True)
        assert at_hand.cosines(vectors[7], rows_of(0, 21)) == pytest.approx(
            [vectors[0] @ vectors[7], 1.0], abs=1e-5
        )
        at_hand.remove(rows_of(21, 22))
        at_hand.remove(rows_of(21, 1_000_000))
        assert len(at_hand) == 29
        assert 21 not in at_hand.search(vectors[7], 30)[0]
        at_hand.put(rows_of(21, 500), vectors[7:9])
        assert at_hand.search(vectors[8], 2)[0].tolist() in ([24, 500], [500, 24])
        assert len(at_hand) == 31


def test_contract_replace(make: Make) -> None:
    index, vectors = make(), unit_vectors(20)
    index.put(np.arange(20), vectors)
    index.put(rows_of(3), -vectors[3:4])
    assert len(index) == 20
    assert index.cosines(vectors[3], rows_of(3)) == pytest.approx([-1.0], abs=1e-5)


def test_contract_allowed_rows(make: Make) -> None:
    index, vectors = make(), unit_vectors(200)
    index.put(np.arange(200), vectors)
    allowed = np.zeros(150, np.bool_)
    allowed[[5, 60, 149]] = True
    rows, _ = index.search(vectors[5], 10, allowed=allowed)
    assert rows[0] == 5
    assert set(rows.tolist()) == {5, 60, 149}
    assert not len(index.search(vectors[5], 10, allowed=np.zeros(200, np.bool_))[0])


def test_contract_empty_index(make: Make, tmp_path: Path) -> None:
    index = make()
    assert len(index) == 0
    assert not len(index.search(unit_vectors(1)[0], 5)[0])
    index.put(np.empty(0, np.int64), np.empty((0, DIM), np.float32))
    index.remove(rows_of(4))
    assert len(reload(index, tmp_path / "index")) == 0


def test_contract_refusals(make: Make) -> None:
    index, vectors = make(), unit_vectors(3)
    with pytest.raises(DimensionMismatch):
        index.put(rows_of(0, 1), vectors)
    with pytest.raises(DimensionMismatch):
        index.put(rows_of(0, 1, 2), vectors[:, :4])
    with pytest.raises(DuplicateKey):
        index.put(rows_of(0, 1, 1), vectors)
    with pytest.raises(InvalidVector):
        index.put(rows_of(0, 1, 2), np.full((3, DIM), np.nan, np.float32))
    assert len(index) == 0
    index.put(rows_of(0, 1, 2), vectors)
    with pytest.raises(DimensionMismatch):
        index.search(vectors[0][:4], 1)
    with pytest.raises(InvalidVector):
        index.search(np.full(DIM, np.inf, np.float32), 1)
    with pytest.raises(KeyError):
        index.cosines(vectors[0], rows_of(0, 9))


def test_zero_vectors_are_kept_and_have_cosine_zero(make: Make) -> None:
    index, vectors = make(), unit_vectors(2)
    index.put(rows_of(0, 1, 2), np.vstack([vectors, np.zeros((1, DIM), np.float32)]))
    assert index.cosines(vectors[0], rows_of(2)) == pytest.approx([0.0])


def test_faiss_agrees_with_exact(tmp_path: Path) -> None:
    vectors, asked = unit_vectors(3000, seed=1), unit_vectors(20, seed=2)
    exact, faiss = NumpyIndex(DIM), FaissIndex(DIM)
    for start in range(0, 3000, 1000):
        for index in (exact, faiss):
            index.put(np.arange(start, start + 1000), vectors[start : start + 1000])
            index.remove(np.arange(start, start + 1000, 7))
    saved = reload(faiss, tmp_path / "index")
    allowed = np.random.default_rng(3).random(3000) < 0.3
    for vector in asked:
        for mask in (None, allowed):
            expected, cosines = exact.search(vector, 50, allowed=mask)
            for index in (faiss, saved):
                found, values = index.search(vector, 50, allowed=mask)
                assert set(found.tolist()) == set(expected.tolist())
                assert values == pytest.approx(cosines, abs=1e-5)


def test_inverted_lists_find_nearly_all(tmp_path: Path) -> None:
    centres = unit_vectors(40, seed=5, dim=DIM)
    chance = np.random.default_rng(6)
    vectors = centres[chance.integers(0, 40, 8000)] + 0.15 * chance.standard_normal((8000, DIM)).astype(
        np.float32
    )
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    exact, lists = NumpyIndex(DIM), FaissIndex(DIM, exact_up_to=1000)
    exact.put(np.arange(8000), vectors)
    lists.put(np.arange(500), vectors[:500])
    assert lists.exact
    lists.put(np.arange(500, 8000), vectors[500:])
    assert not lists.exact
    assert len(lists) == 8000
    saved = reload(lists, tmp_path / "index")
    narrow = np.zeros(8000, np.bool_)
    narrow[::200] = True
    for mask, least in ((None, 0.9), (narrow, 0.99)):
        shares = []
        for number in range(0, 8000, 160):
            expected = set(exact.search(vectors[number], 20, allowed=mask)[0].tolist())
            assert lists.search(vectors[number], 20, allowed=mask)[0].tolist() == (
                saved.search(vectors[number], 20, allowed=mask)[0].tolist()
            )
            shares.append(
                len(expected & set(lists.search(vectors[number], 20, allowed=mask)[0].tolist())) / 20
            )
        assert np.mean(shares) >= least


def test_lists_are_cut_anew_after_much_growth() -> None:
    index = FaissIndex(DIM, exact_up_to=100)
    vectors = unit_vectors(5000)
    index.put(np.arange(200), vectors[:200])
    few = index._index.nlist
    index.put(np.arange(200, 5000), vectors[200:])
    assert index._index.nlist > few
    assert index.search(vectors[4321], 1)[0].tolist() == [4321]


@pytest.mark.parametrize("kind", [NumpyIndex, FaissIndex])
def test_load_refuses_damage_and_other_lengths(kind: type[NumpyIndex | FaissIndex], tmp_path: Path) -> None:
    index = kind(DIM)
    index.put(np.arange(5), unit_vectors(5))
    path = tmp_path / "index"
    index.save(path)
    with pytest.raises(DimensionMismatch):
        kind.load(path, dim=DIM + 1)
    path.write_bytes(b"no index")
    with pytest.raises(IndexDamaged):
        kind.load(path, dim=DIM)
    with pytest.raises(IndexDamaged):
        kind.load(tmp_path / "absent", dim=DIM)
