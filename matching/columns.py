"""Values and texts by row, appended only: those of a snapshot stay on disk, later ones are kept beside them.

Rows are numbered from 0 without gaps. What is mapped into memory is read when it is asked for, and shared
by all processes that have opened the same snapshot.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]

_PIECE_BYTES: Final = 1 << 24


class Column:
    """One value, or one array of values, by row."""

    def __init__(self, first: NDArray[Any]) -> None:
        """Begin with the values of the first rows.

        Args:
            first: (n, ...) values, never changed here; an empty array states type and shape.
        """
        self._first = first
        self._later: NDArray[Any] = np.zeros((0, *first.shape[1:]), first.dtype)
        self._size = len(first)

    def __len__(self) -> int:
        return self._size

    def extend(self, values: NDArray[Any]) -> None:
        """Add the values of the next rows."""
        held = self._size - len(self._first)
        self._later = _grown(self._later, held + len(values))
        self._later[held : held + len(values)] = values
        self._size += len(values)

    def take(self, rows: Rows) -> NDArray[Any]:
        """Return the values of some rows, in their order."""
        known = len(self._first)
        if known == self._size:
            return self._first[rows]
        if not known:
            return self._later[rows]
        late = rows >= known
        values = np.empty((len(rows), *self._first.shape[1:]), self._first.dtype)
        values[~late] = self._first[rows[~late]]
        values[late] = self._later[rows[late] - known]
        return values

    def ranges(self, starts: Rows, ends: Rows) -> NDArray[Any]:
        """Return the values of half-open ranges of rows, one range after the other.

        Copying each range as a whole is several times faster than gathering its rows. No range may hold rows
        of both kinds, those given first and those added later.
        """
        known, later = len(self._first), self._later
        parts = [
            self._first[start:end] if end <= known else later[start - known : end - known]
            for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
        ]
        return np.concatenate([self._first[:0], *parts])

    def row(self, row: int) -> Any:
        """Return the value of one row."""
        known = len(self._first)
        return self._first[row] if row < known else self._later[row - known]

    def all(self) -> NDArray[Any]:
        """Return the values of all rows; a copy if some were added."""
        later = self._later[: self._size - len(self._first)]
        return np.concatenate([self._first, later]) if len(later) else self._first

    def save(self, path: Path) -> None:
        """Write all values to a `.npy` file, without making a copy of them."""
        header = {
            "descr": np.lib.format.dtype_to_descr(self._first.dtype),
            "fortran_order": False,
            "shape": (self._size, *self._first.shape[1:]),
        }
        with path.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            for part in (self._first, self._later[: self._size - len(self._first)]):
                for start in range(0, len(part), _PIECE_BYTES):
                    file.write(np.ascontiguousarray(part[start : start + _PIECE_BYTES]).data)

    @classmethod
    def load(cls, path: Path) -> Column:
        """Map what `save` wrote; the file may be removed afterwards.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is not what it should be.
        """
        return cls(np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray))


class TextStore:
    """Texts by row; the later ones lie in a nameless file, so that memory does not grow with them."""

    def __init__(self) -> None:
        self._mapped: mmap.mmap | bytes = b""
        self._starts = Column(np.zeros(1, np.int64))  # of each row, and the end of the last one
        self._known = 0
        self._known_bytes = 0
        self._later: int | None = None  # descriptor of the nameless file

    def __len__(self) -> int:
        return len(self._starts) - 1

    def extend(self, texts: Sequence[str]) -> None:
        """Add the texts of the next rows; the empty text stands for none."""
        encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
        end = int(self._starts.row(len(self)))
        if self._later is None:
            with tempfile.TemporaryFile(buffering=0) as file:
                self._later = os.dup(file.fileno())
            weakref.finalize(self, os.close, self._later)
        _write_all(self._later, b"".join(encoded))
        self._starts.extend(end + np.cumsum([len(text) for text in encoded], dtype=np.int64))

    def get(self, row: int) -> str:
        """Return the text of a row; the empty text if it has none."""
        start, end = int(self._starts.row(row)), int(self._starts.row(row + 1))
        return b"".join(self._pieces(start, end)).decode("utf-8", "surrogatepass")

    def save(self, folder: Path, name: str, *, kept: NDArray[np.bool_]) -> None:
        """Write the texts into two files of that name.

        Args:
            folder: existing.
            name: of the files, without ending.
            kept: by row, whose text is written; the others have none afterwards.
        """
        starts = self._starts.all()
        lengths = np.where(kept, np.diff(starts), 0)
        with (folder / f"{name}.bin").open("wb") as file:
            for first, last in _runs(kept):
                for piece in self._pieces(int(starts[first]), int(starts[last])):
                    file.write(piece)
        np.save(folder / f"{name}.npy", np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))

    @classmethod
    def load(cls, folder: Path, name: str) -> TextStore:
        """Map what `save` wrote; the files may be removed afterwards.

        Raises:
            OSError: a file cannot be read.
            ValueError: a file is not what it should be.
        """
        store = cls()
        store._starts = Column.load(folder / f"{name}.npy")
        store._known = len(store)
        store._known_bytes = int(store._starts.row(store._known))
        with (folder / f"{name}.bin").open("rb") as file:
            if os.fstat(file.fileno()).st_size != store._known_bytes:
                raise ValueError(f"{name}.bin does not have the length its rows add up to")
            if store._known_bytes:
                store._mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return store

    def _pieces(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes of a range, a bounded number at a time."""
        border = self._known_bytes
        for first in range(start, min(end, border), _PIECE_BYTES):
            yield self._mapped[first : min(first + _PIECE_BYTES, end, border)]
        for first in range(max(start, border), end, _PIECE_BYTES):
            assert self._later is not None  # what lies behind the border was written there
            yield os.pread(self._later, min(_PIECE_BYTES, end - first), first - border)


def _runs(kept: NDArray[np.bool_]) -> Iterable[tuple[int, int]]:
    """Return the half-open ranges of rows that are kept."""
    edges = np.flatnonzero(np.diff(kept.astype(np.int8), prepend=0, append=0))
    return zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _grown(array: NDArray[Any], size: int) -> NDArray[Any]:
    """Return the array, or a copy padded with zeros along its first axis, with room for `size` elements."""
    if size <= len(array):
        return array
    longer = np.zeros((max(size, 2 * len(array)), *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    return longer
