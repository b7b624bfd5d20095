"""One contract for both vector indexes; FAISS agrees with the exact one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matching.errors import DimensionMismatch, DuplicateKey, IndexDamaged, InvalidVector
from matching.inverted_lists import RECALL_WANTED, Blocks, recall
from matching.vector_index import FaissIndex, NumpyIndex, VectorIndex

DIM = 16
HALF = 1e-3
"""Cosines from 16-bit floats of so few dimensions are right to this."""

Make = Callable[[], VectorIndex]


def unit_vectors(count: int, *, seed: int = 0, dim: int = DIM) -> np.ndarray[Any, np.dtype[np.float32]]:
    chance = np.random.default_rng(seed)
    vectors = chance.standard_normal((count, dim)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def rows_of(*numbers: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.array(numbers, np.int64)


class Lists(FaissIndex):
    """Takes its best form at once, whatever its size; one that is loaded does not."""

    def put(self, rows: Any, vectors: Any) -> None:
        super().put(rows, vectors)
        fresh = self.refitted()
        if fresh is not None:
            vars(self).update(vars(fresh))


@pytest.fixture(params=["numpy", "faiss", "faiss-lists"])
def make(request: pytest.FixtureRequest) -> Make:
    makers: dict[str, Make] = {
        "numpy": lambda: NumpyIndex(DIM),
        "faiss": lambda: FaissIndex(DIM),
        "faiss-lists": lambda: Lists(DIM, exact_up_to=0),
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
        assert cosines[0] == pytest.approx(1.0, abs=HALF)
        assert list(cosines) == sorted(cosines, reverse=True)
        assert at_hand.cosines(vectors[7], rows_of(0, 21)) == pytest.approx(
            [vectors[0] @ vectors[7], 1.0], abs=HALF
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
    assert index.cosines(vectors[3], rows_of(3)) == pytest.approx([-1.0], abs=HALF)


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
    exact, lists = NumpyIndex(DIM), Lists(DIM, exact_up_to=1000)
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
    index = Lists(DIM, exact_up_to=100)
    vectors = unit_vectors(5000)
    index.put(np.arange(200), vectors[:200])
    few = index._index.nlist
    index.put(np.arange(200, 5000), vectors[200:])
    assert index._index.nlist > few
    assert index.search(vectors[4321], 1)[0].tolist() == [4321]


def test_lists_are_read_until_the_recall_wanted_is_reached(tmp_path: Path) -> None:
    index = Lists(DIM, exact_up_to=1000)
    index.put(np.arange(900), unit_vectors(900))
    assert (index.fit, index.recall(), index.refitted()) == (None, None, None)
    index.put(np.arange(900, 4000), unit_vectors(3100, seed=1))  # evenly spread: the hard case
    saved = reload(index, tmp_path / "index")
    for one in (index, saved):
        assert isinstance(one, FaissIndex)
        assert one.fit == index.fit is not None
        assert 1 < one.fit.probes < one._index.nlist
        assert one.fit.recall >= RECALL_WANTED
        assert one.recall() == pytest.approx(one.fit.recall, abs=0.01)
        assert one.refitted() is None
    assert index._index.ntotal == 4000
    fewer = np.arange(4000) % 40 == 0
    index.remove(np.flatnonzero(~fewer))
    assert index.recall() is not None


def test_measured_recall_is_that_of_an_exact_index() -> None:
    vectors = unit_vectors(3000)
    exact, lists = NumpyIndex(DIM), Lists(DIM, exact_up_to=1000)
    for index in (exact, lists):
        index.put(np.arange(3000), vectors)
    blocks = Blocks(np.arange(3000), lambda rows: vectors[rows])
    for probes in (1, 5, lists._index.nlist):
        shares = []
        for number in range(0, 3000, 15):
            mixed = vectors[number] + vectors[number - 15]
            question = mixed / np.linalg.norm(mixed)
            expected = set(exact.search(question, 10)[0].tolist())
            lists._fit = dataclasses.replace(lists.fit, probes=probes)  # type: ignore[type-var]
            shares.append(len(expected & set(lists.search(question, 10)[0].tolist())) / 10)
        assert recall(lists._index, blocks, probes=probes) == pytest.approx(np.mean(shares), abs=0.005)


def test_equal_vectors_and_zeros_count_as_found() -> None:
    index = Lists(DIM, exact_up_to=100)
    vectors = np.repeat(unit_vectors(20), 50, axis=0)
    vectors[::10] = 0
    index.put(np.arange(1000), vectors)
    assert index.fit is not None
    assert index.fit.recall >= RECALL_WANTED


def test_half_precision_is_fine_enough() -> None:
    vectors, asked = unit_vectors(2000, dim=192), unit_vectors(1, seed=1, dim=192)[0]
    index = Lists(192, exact_up_to=1000)
    index.put(np.arange(2000), vectors)
    assert index.cosines(asked, np.arange(2000)) == pytest.approx(vectors @ asked, abs=1e-4)


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


def test_lists_and_what_is_said_of_them_must_agree(tmp_path: Path) -> None:
    index = FaissIndex(DIM)
    index.put(np.arange(5), unit_vectors(5))
    index.save(tmp_path / "index")
    for text in ('{"size": 5, "probes": 1, "recall": 1.0}', '{"size": 5}', "{"):
        (tmp_path / "index.json").write_text(text, encoding="utf-8")
        with pytest.raises(IndexDamaged):
            FaissIndex.load(tmp_path / "index", dim=DIM)
