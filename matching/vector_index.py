"""Nearest neighbours among unit vectors, by row number.

Two implementations of one protocol: FAISS for service, NumPy as the exact measure of it. They know
neither texts nor keys. Neither is safe against changes during a search; the engine sees to that.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from matching.errors import DimensionMismatch, DuplicateKey, IndexDamaged, InvalidVector
from matching.inverted_lists import Blocks, Fit, inverted_lists, listed_rows, recall

Rows = NDArray[np.int64]
Vectors = NDArray[np.float32]

EXACT_UP_TO: Final = 30_000
"""Up to here every vector is compared. At 100,000 × 256 that takes 5 to 9 ms, at 30,000 under 3 ms."""

_REFIT_GROWTH: Final = 4
"""Lists are made anew when the index has grown to so many times the size they were made for."""


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
        """Write the index to a file."""
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
    """FAISS inner product: exact while small, inverted lists of 16-bit floats when large.

    A search of inverted lists reads `probes` of them, as many as were needed for `RECALL_WANTED` when the
    lists were made, and more when few rows are allowed. Their cosines are right to 1e-4.
    """

    def __init__(self, dim: int, *, exact_up_to: int = EXACT_UP_TO) -> None:
        """Make an empty index.

        Args:
            dim: length of a vector.
            exact_up_to: size beyond which `refitted` makes inverted lists.
        """
        import faiss  # noqa: PLC0415 - commands and tests that need no index must not wait for it

        self._faiss: Any = faiss  # its type stubs do not know the Python side
        self._dim = dim
        self._exact_up_to = exact_up_to
        self._fit: Fit | None = None
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
        return self._fit is None

    @property
    def fit(self) -> Fit | None:
        """How the inverted lists were made; None while exact."""
        return self._fit

    def __len__(self) -> int:
        return self._size

    def put(self, rows: Rows, vectors: Vectors) -> None:
        """See `VectorIndex.put`. The index keeps its form; once it has grown, `refitted` makes a better."""
        _check(rows, vectors, dim=self._dim)
        if not len(rows):
            return
        self.remove(rows)
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
        if self._fit is None:
            parameters = self._faiss.SearchParameters(sel=selector) if selector is not None else None
        else:
            probes = min(self._index.nlist, math.ceil(self._fit.probes / min(share, 1.0)))
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
        # Not `@`: for a few hundred rows BLAS would wake a second thread and wait for it.
        found: Vectors = np.einsum("ij,j->i", self._vectors(rows), vector)
        return found

    def refitted(self) -> FaissIndex | None:
        """Make an index of the same vectors that fits their number; None if this one does.

        Lists are made beyond `exact_up_to` vectors, and anew at four times the size they were made for.
        Reads only, so searches may go on; takes half a minute for a million vectors.
        """
        if self._size <= (self._exact_up_to if self._fit is None else self._fit.size * _REFIT_GROWTH):
            return None
        held = np.flatnonzero(self._known)
        blocks = Blocks(held, self._vectors)
        fresh = FaissIndex(self._dim, exact_up_to=self._exact_up_to)
        fresh._index, fresh._fit = inverted_lists(blocks, dim=self._dim)
        fresh._remember(held)
        return fresh

    def recall(self) -> float | None:
        """Measure the recall of the lists as they are now; None while exact.

        Takes seconds for a million vectors. See `matching.inverted_lists.recall`.
        """
        if self._fit is None:
            return None
        held = Blocks(np.flatnonzero(self._known), self._vectors)
        return recall(self._index, held, probes=self._fit.probes)

    def save(self, path: Path) -> None:
        """Write the index to a file, and how it was made to one beside it that ends in `.json`."""
        self._faiss.write_index(self._index, str(path))
        made = None if self._fit is None else asdict(self._fit)
        path.with_suffix(".json").write_text(json.dumps(made), encoding="utf-8")

    @classmethod
    def load(cls, path: Path, *, dim: int, exact_up_to: int = EXACT_UP_TO) -> FaissIndex:
        """Read what `save` wrote.

        Raises:
            IndexDamaged: a file cannot be read.
            DimensionMismatch: it holds vectors of another length.
        """
        loaded = cls(dim, exact_up_to=exact_up_to)
        try:
            made = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            loaded._fit = None if made is None else Fit(**made)
            index = loaded._faiss.read_index(str(path))
        except (RuntimeError, OSError, ValueError, TypeError) as error:
            raise IndexDamaged(f"cannot read the vectors in {path.name}: {error}") from error
        if index.d != dim:
            raise DimensionMismatch(f"{path.name} holds vectors of {index.d} numbers, expected {dim}")
        if hasattr(index, "id_map") != loaded.exact:
            raise IndexDamaged(f"{path.name} is not of the kind that the file beside it says")
        loaded._index = index
        loaded._remember(listed_rows(index) if loaded._fit else loaded._faiss.vector_to_array(index.id_map))
        return loaded

    def _vectors(self, rows: Rows) -> Vectors:
        """Return the vectors of known rows."""
        held: Vectors = self._index.reconstruct_batch(np.ascontiguousarray(rows))
        return held

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
