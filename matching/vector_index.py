"""Nearest neighbours among unit vectors, by row number.

Two implementations of one protocol: FAISS for service, NumPy as the exact measure of it. They know
neither texts nor keys. Neither is safe against changes during a search; the engine sees to that.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from matching.errors import DimensionMismatch, DuplicateKey, IndexDamaged, InvalidVector

Rows = NDArray[np.int64]
Vectors = NDArray[np.float32]

EXACT_UP_TO: Final = 30_000
"""Up to here every vector is compared. At 100,000 × 256 that takes 5 to 9 ms, at 30,000 under 3 ms;
beyond, inverted lists answer in 0.3 ms."""

HALF_PRECISION_FROM: Final = 500_000
"""From here the lists hold 16-bit floats: half the memory, cosines right to about 1e-3."""

_PROBED_SHARE: Final = 16
"""One list in so many is read; on 100,000 vectors in 500 loose clusters that finds 98 % of the best 200."""

_RETRAIN_GROWTH: Final = 4
"""Lists are cut anew when the index has grown to so many times the size they were trained for."""


class VectorIndex(Protocol):
    """Unit vectors by row number (a non-negative integer chosen by the caller)."""

    @property
    def dim(self) -> int:
        """Length of a vector."""
        ...

    def __len__(self) -> int: ...

    def put(self, rows: Rows, vectors: Vectors) -> None:
        """Add vectors, or replace those whose rows are known.

        Args:
            rows: (n,) int64, all different.
            vectors: (n, dim) float32, rows L2-normalised or zero.

        Raises:
            DimensionMismatch: the shapes do not fit.
            InvalidVector: a value is not finite.
            DuplicateKey: a row is named twice.
        """
        ...

    def remove(self, rows: Rows) -> None:
        """Take vectors out; unknown rows are ignored."""
        ...

    def search(
        self, vector: Vectors, k: int, *, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[Rows, Vectors]:
        """Find the nearest vectors.

        Args:
            vector: (dim,) float32, L2-normalised.
            k: number wanted.
            allowed: by row, which ones may be found; rows beyond its end may not. None allows all.

        Returns:
            At most k rows and their cosines, best first; the order of equal cosines is not promised.
        """
        ...

    def cosines(self, vector: Vectors, rows: Rows) -> Vectors:
        """Return the cosine of each row, in the order of `rows`.

        Raises:
            KeyError: a row is unknown.
        """
        ...

    def save(self, path: Path) -> None:
        """Write the index to one file."""
        ...


def _check(rows: Rows, vectors: Vectors, *, dim: int) -> None:
    if vectors.ndim != 2 or vectors.shape != (len(rows), dim):
        raise DimensionMismatch(f"expected vectors of shape ({len(rows)}, {dim}), got {vectors.shape}")
    if not np.isfinite(vectors).all():
        raise InvalidVector("a vector holds values that are not finite")
    if len(np.unique(rows)) != len(rows):
        raise DuplicateKey("a row is named twice")


def _check_query(vector: Vectors, *, dim: int) -> None:
    if vector.shape != (dim,):
        raise DimensionMismatch(f"expected a vector of shape ({dim},), got {vector.shape}")
    if not np.isfinite(vector).all():
        raise InvalidVector("the vector holds values that are not finite")


class NumpyIndex:
    """Every vector is compared; exact, and slow beyond some ten thousand vectors."""

    def __init__(self, dim: int) -> None:
        self._dim = dim
        self._rows: Rows = np.empty(0, np.int64)
        self._vectors: Vectors = np.empty((0, dim), np.float32)

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._dim

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, rows: Rows, vectors: Vectors) -> None:
        """See `VectorIndex.put`."""
        _check(rows, vectors, dim=self._dim)
        self.remove(rows)
        self._rows = np.concatenate([self._rows, rows])
        self._vectors = np.concatenate([self._vectors, vectors])

    def remove(self, rows: Rows) -> None:
        """See `VectorIndex.remove`."""
        keep = ~np.isin(self._rows, rows)
        self._rows, self._vectors = self._rows[keep], self._vectors[keep]

    def search(
        self, vector: Vectors, k: int, *, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[Rows, Vectors]:
        """See `VectorIndex.search`; equal cosines are ordered by row."""
        _check_query(vector, dim=self._dim)
        rows, vectors = self._rows, self._vectors
        if allowed is not None:
            keep = np.zeros(len(rows), np.bool_)
            inside = rows < len(allowed)
            keep[inside] = allowed[rows[inside]]
            rows, vectors = rows[keep], vectors[keep]
        cosines = vectors @ vector
        best = np.lexsort((rows, -cosines))[:k]
        return rows[best], cosines[best]

    def cosines(self, vector: Vectors, rows: Rows) -> Vectors:
        """See `VectorIndex.cosines`."""
        _check_query(vector, dim=self._dim)
        place = {int(row): index for index, row in enumerate(self._rows)}
        return self._vectors[[place[int(row)] for row in rows]] @ vector

    def save(self, path: Path) -> None:
        """See `VectorIndex.save`."""
        with path.open("wb") as file:
            np.savez(file, rows=self._rows, vectors=self._vectors)

    @classmethod
    def load(cls, path: Path, *, dim: int) -> NumpyIndex:
        """Read what `save` wrote.

        Raises:
            IndexDamaged: the file cannot be read.
            DimensionMismatch: it holds vectors of another length.
        """
        index = cls(dim)
        try:
            with np.load(path, allow_pickle=False) as saved:
                rows, vectors = saved["rows"], saved["vectors"]
        except (OSError, ValueError, KeyError) as error:
            raise IndexDamaged(f"cannot read the vectors in {path.name}: {error}") from error
        index.put(rows, vectors)
        return index


class FaissIndex:
    """FAISS inner product: exact while small, inverted lists when large (see the constants above).

    With inverted lists a search reads one list in sixteen, and more when few rows are allowed;
    `cosines` stays exact (to 1e-3 in half precision).
    """

    def __init__(self, dim: int, *, exact_up_to: int = EXACT_UP_TO) -> None:
        """Make an empty index.

        Args:
            dim: length of a vector.
            exact_up_to: size beyond which inverted lists are built.
        """
        import faiss  # noqa: PLC0415 - commands and tests that need no index must not wait for it

        self._faiss: Any = faiss  # its type stubs do not know the Python side
        self._dim = dim
        self._exact_up_to = exact_up_to
        self._trained_for = 0
        self._index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(dim))
        self._known = np.zeros(0, np.bool_)  # by row
        self._size = 0

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._dim

    @property
    def exact(self) -> bool:
        """Whether every vector is compared."""
        return self._trained_for == 0

    def __len__(self) -> int:
        return self._size

    def put(self, rows: Rows, vectors: Vectors) -> None:
        """See `VectorIndex.put`. Growing past a threshold rebuilds the index, which may take seconds."""
        _check(rows, vectors, dim=self._dim)
        if not len(rows):
            return
        self.remove(rows)
        size = self._size + len(rows)
        limit = self._exact_up_to if self.exact else self._trained_for * _RETRAIN_GROWTH
        if size > limit:
            held = np.flatnonzero(self._known)
            if len(held):
                vectors = np.concatenate([self._index.reconstruct_batch(held), vectors])
            self._index = self._inverted_lists(vectors)
            self._trained_for = size
            self._index.add_with_ids(np.ascontiguousarray(vectors), np.concatenate([held, rows]))
        else:
            self._index.add_with_ids(np.ascontiguousarray(vectors), rows)
        self._remember(rows)

    def remove(self, rows: Rows) -> None:
        """See `VectorIndex.remove`."""
        chosen = np.unique(rows[self._holds(rows)])
        if not len(chosen):
            return
        # The array selector is what the hash table behind inverted lists needs; the other reads every id.
        selector = self._faiss.IDSelectorBatch if self.exact else self._faiss.IDSelectorArray
        self._index.remove_ids(selector(chosen))
        self._known[chosen] = False
        self._size -= len(chosen)

    def search(
        self, vector: Vectors, k: int, *, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[Rows, Vectors]:
        """See `VectorIndex.search`."""
        _check_query(vector, dim=self._dim)
        k = min(k, self._size)
        if k == 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        selector = None
        share = 1.0
        if allowed is not None:
            bitmap = np.packbits(allowed, bitorder="little")
            selector = self._faiss.IDSelectorBitmap(bitmap)
            share = max(float(np.count_nonzero(allowed)) / self._size, 1e-9)
        if self.exact:
            parameters = self._faiss.SearchParameters(sel=selector) if selector is not None else None
        else:
            lists = self._index.nlist
            probes = min(lists, math.ceil(lists / _PROBED_SHARE / min(share, 1.0)))
            parameters = self._faiss.SearchParametersIVF(sel=selector, nprobe=probes)
        # One question at a time gains nothing from threads, and loses much when all cores serve questions.
        self._faiss.omp_set_num_threads(1)
        cosines, rows = self._index.search(np.ascontiguousarray(vector[None]), k, params=parameters)
        found = rows[0] >= 0
        return rows[0][found], cosines[0][found]

    def cosines(self, vector: Vectors, rows: Rows) -> Vectors:
        """See `VectorIndex.cosines`."""
        _check_query(vector, dim=self._dim)
        known = self._holds(rows)
        if not known.all():
            raise KeyError(f"unknown rows: {rows[~known][:5].tolist()}")
        if not len(rows):
            return np.empty(0, np.float32)
        held = self._index.reconstruct_batch(np.ascontiguousarray(rows))
        # Not `@`: for a few hundred rows BLAS would wake a second thread and wait for it.
        found: Vectors = np.einsum("ij,j->i", held, vector)
        return found

    def save(self, path: Path) -> None:
        """See `VectorIndex.save`."""
        self._faiss.write_index(self._index, str(path))

    @classmethod
    def load(cls, path: Path, *, dim: int, exact_up_to: int = EXACT_UP_TO) -> FaissIndex:
        """Read what `save` wrote.

        Raises:
            IndexDamaged: the file cannot be read.
            DimensionMismatch: it holds vectors of another length.
        """
        loaded = cls(dim, exact_up_to=exact_up_to)
        try:
            index = loaded._faiss.read_index(str(path))
        except RuntimeError as error:
            raise IndexDamaged(f"cannot read the vectors in {path.name}: {error}") from error
        if index.d != dim:
            raise DimensionMismatch(f"{path.name} holds vectors of {index.d} numbers, expected {dim}")
        loaded._index = index
        if hasattr(index, "id_map"):
            loaded._remember(loaded._faiss.vector_to_array(index.id_map))
        else:
            lists = index.invlists
            sizes = [lists.list_size(number) for number in range(index.nlist)]
            held = [
                loaded._faiss.rev_swig_ptr(lists.get_ids(number), size)
                for number, size in enumerate(sizes)
                if size
            ]
            loaded._remember(np.concatenate(held) if held else np.empty(0, np.int64))
            loaded._trained_for = max(1, loaded._size)
        return loaded

    def _holds(self, rows: Rows) -> NDArray[np.bool_]:
        known = np.zeros(len(rows), np.bool_)
        inside = rows < len(self._known)
        known[inside] = self._known[rows[inside]]
        return known

    def _remember(self, rows: Rows) -> None:
        """Note new rows as held."""
        if not len(rows):
            return
        needed = int(rows.max()) + 1
        if needed > len(self._known):
            grown = np.zeros(max(needed, 2 * len(self._known)), np.bool_)
            grown[: len(self._known)] = self._known
            self._known = grown
        self._known[rows] = True
        self._size += len(rows)

    def _inverted_lists(self, vectors: Vectors) -> Any:
        """Make empty inverted lists, trained on (n, dim) vectors; the same vectors give the same lists."""
        count = len(vectors)
        lists = max(1, min(round(3.2 * math.sqrt(count)), count // 40))
        quantizer = self._faiss.IndexFlatIP(self._dim)
        metric = self._faiss.METRIC_INNER_PRODUCT
        if count >= HALF_PRECISION_FROM:
            half = self._faiss.ScalarQuantizer.QT_fp16
            index = self._faiss.IndexIVFScalarQuantizer(quantizer, self._dim, lists, half, metric)
        else:
            index = self._faiss.IndexIVFFlat(quantizer, self._dim, lists, metric)
        sample = np.ascontiguousarray(vectors[:: max(1, count // (lists * 64))])
        index.cp.seed = 1
        index.cp.min_points_per_centroid = 1
        self._faiss.omp_set_num_threads(os.cpu_count() or 1)
        index.train(sample)
        index.set_direct_map_type(self._faiss.DirectMap.Hashtable)
        return index
