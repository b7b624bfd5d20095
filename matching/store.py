"""Indexes on disk: snapshots that are whole or absent, and private folders that vanish.

A saved index is a folder holding one sub-folder per snapshot and a file `current` that names the one
to read. A snapshot is written completely, with a manifest of checksums, and only then named; a process
killed in between leaves at most a sub-folder that nobody reads and the next save removes.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import mmap
import os
import shutil
import tempfile
import time
import uuid
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matching.errors import IndexDamaged, IndexMissing

FORMAT: Final = 1
"""Version of the files of a snapshot."""

_CURRENT: Final = "current"
_MANIFEST: Final = "manifest.json"
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - only the parent; mkdtemp makes the name
_MEMORY_SPARE: Final = 4
_MEMORY_RESERVE: Final = 1 << 28
_SCRATCH_PREFIX: Final = "matching-"
_SCRATCH_MINIMUM_AGE_SECONDS: Final = 60.0
_LOCK: Final = "lock"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot was made with.

    Attributes:
        format: version of the files.
        encoder: name and revision.
        dim: length of a vector.
        normalisation: version of `matching.text`.
        lexicon: version of the lexicon; empty if none was used.
        counts: documents per kind.
        built_at: ISO 8601, UTC.
        labels: given by the caller, e.g. how far the database had been followed.
        files: SHA-256 of every file, by path inside the snapshot.
    """

    format: int
    encoder: str
    dim: int
    normalisation: str
    lexicon: str
    counts: dict[str, int]
    built_at: str
    labels: dict[str, str]
    files: dict[str, str] = field(default_factory=dict)


def save_snapshot(target: Path, manifest: Manifest, *, write: Callable[[Path], None]) -> None:
    """Write a snapshot and make it the current one.

    Args:
        target: folder of the saved index; made if it does not exist.
        manifest: without `files`, which are added here.
        write: writes the files of the index into the folder it is given.

    Raises:
        FileExistsError: `target` is a file.
    """
    target.mkdir(parents=True, exist_ok=True)
    with _saving(target):
        name = f"snapshot-{uuid.uuid4().hex}"
        folder = target / name
        folder.mkdir()
        write(folder)
        files = {path.relative_to(folder).as_posix(): _digest(path) for path in _files(folder)}
        record = asdict(manifest) | {"files": files}
        (folder / _MANIFEST).write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")
        for path in [*_files(folder), *(path for path in folder.rglob("*") if path.is_dir()), folder]:
            _sync(path)
        pointer = target / f"{_CURRENT}.new"
        pointer.write_text(name, encoding="utf-8")
        _sync(pointer)
        previous = _current(target)
        pointer.replace(target / _CURRENT)
        _sync(target)
        # The snapshot before stays: another process may have read its name and not yet opened its files.
        for old in target.glob("snapshot-*"):
            if old.name not in (name, previous):
                shutil.rmtree(old)


def open_snapshot(target: Path) -> tuple[Path, Manifest]:
    """Find the current snapshot and check every file of it.

    Returns:
        Its folder and its manifest.

    Raises:
        IndexMissing: nothing has been saved at `target`.
        IndexDamaged: a file is missing or differs from what was written.
    """
    name = _current(target)
    if name is None:
        raise IndexMissing(f"there is no saved index at {target}")
    folder = target / name
    try:
        data = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        if data.get("format") != FORMAT:
            raise IndexDamaged(f"the manifest has format {data.get('format')!r}, expected {FORMAT}")
        manifest = Manifest(**data)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise IndexDamaged(f"cannot read the manifest of {target}: {error}") from error
    for path, digest in manifest.files.items():
        try:
            found = _digest(folder / path)
        except OSError as error:
            raise IndexDamaged(f"{path} of the saved index cannot be read: {error}") from error
        if found != digest:
            raise IndexDamaged(f"{path} of the saved index differs from what was written")
    return folder, manifest


class ScratchFolder:
    """A private folder that lives as long as its owner, and no longer than the process.

    It lies in memory where there is room, because a change of the word index waits for the disk otherwise:
    80 ms instead of 7 ms each. Folders that killed processes left behind are removed on the way.
    """

    def __init__(self, *, size_bytes: int = 0) -> None:
        """Make the folder.

        Args:
            size_bytes: expected size of what goes in.
        """
        parent = _scratch_parent(size_bytes)
        _remove_abandoned(parent)
        self.path = Path(tempfile.mkdtemp(prefix=_SCRATCH_PREFIX, dir=parent))
        lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        fcntl.flock(lock, fcntl.LOCK_EX)
        self._remove = weakref.finalize(self, _remove_scratch, self.path, lock, os.getpid())

    def close(self) -> None:
        """Remove the folder; doing it twice does no harm."""
        self._remove()


def _scratch_parent(size_bytes: int) -> Path:
    usable = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK)
    if usable and shutil.disk_usage(_MEMORY).free > _MEMORY_SPARE * size_bytes + _MEMORY_RESERVE:
        return _MEMORY
    return Path(tempfile.gettempdir())


def _remove_scratch(folder: Path, lock: int, pid: int) -> None:
    if os.getpid() != pid:
        return  # a forked child must not take its parent's folder away
    os.close(lock)
    shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(parent: Path) -> None:
    """Remove folders whose owner no longer holds the lock; young ones may not have it yet."""
    for folder in parent.glob(f"{_SCRATCH_PREFIX}*"):
        try:
            if time.time() - folder.stat().st_mtime < _SCRATCH_MINIMUM_AGE_SECONDS:
                continue
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue  # gone meanwhile, of another user, or not ours
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)


class TextStore:
    """Texts by row: those of a snapshot stay on disk, mapped into memory; later ones are held."""

    def __init__(self) -> None:
        self._held: dict[int, bytes] = {}
        self._mapped: mmap.mmap | bytes = b""
        self._starts: NDArray[np.int64] = np.zeros(1, np.int64)

    def put(self, row: int, text: str) -> None:
        """Keep a text under a new row."""
        self._held[row] = text.encode("utf-8", "surrogatepass")

    def remove(self, row: int) -> None:
        """Forget a text if it is held in memory."""
        self._held.pop(row, None)

    def get(self, row: int) -> str:
        """Return the text of a row; the empty text if it has none."""
        held = self._held.get(row)
        if held is None:
            if row + 1 >= len(self._starts):
                return ""
            held = self._mapped[self._starts[row] : self._starts[row + 1]]
        return held.decode("utf-8", "surrogatepass")

    def save(self, folder: Path, name: str, *, rows: int) -> None:
        """Write the texts of rows 0 to `rows` - 1 into two files of that name."""
        starts = np.zeros(rows + 1, np.int64)
        known = len(self._starts) - 1
        with (folder / f"{name}.bin").open("wb") as file:
            for row in range(rows):
                text = self._held.get(row)
                if text is None and row < known:
                    text = self._mapped[self._starts[row] : self._starts[row + 1]]
                starts[row + 1] = starts[row] + file.write(text or b"")
        np.save(folder / f"{name}.npy", starts)

    @classmethod
    def load(cls, folder: Path, name: str) -> TextStore:
        """Map what `save` wrote; the file may be removed afterwards.

        Raises:
            OSError: a file cannot be read.
            ValueError: a file is not what it should be.
        """
        store = cls()
        store._starts = np.load(folder / f"{name}.npy", allow_pickle=False)
        with (folder / f"{name}.bin").open("rb") as file:
            if store._starts[-1]:
                store._mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return store


def _current(target: Path) -> str | None:
    try:
        return (target / _CURRENT).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _saving(target: Path) -> Iterator[None]:
    """Let one process at a time save to a target."""
    descriptor = os.open(target / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
