"""Indexes on disk: snapshots that are whole or absent, and private folders that vanish.

A saved index is a folder holding one sub-folder per snapshot and a file `current` that names the one
to read. A snapshot is written completely, with a manifest of checksums, and only then named; a process
killed in between leaves at most a sub-folder that nobody reads and the next save removes.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
import uuid
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from matching.errors import IndexDamaged, IndexMissing, ManifestMismatch

FORMAT: Final = 3
"""Version of the files of a snapshot."""

_CURRENT: Final = "current"
_MANIFEST: Final = "manifest.json"
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - only the parent; mkdtemp makes the name
_MEMORY_SPARE: Final = 4
_MEMORY_RESERVE: Final = 1 << 28
_SCRATCH_PREFIX: Final = "matching-"
_SCRATCH_MINIMUM_AGE_SECONDS: Final = 60.0
_LOCK: Final = "lock"
_LARGE_BYTES: Final = 8 << 20
_SAMPLES: Final = 64
_SAMPLE_BYTES: Final = 4096


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
        samples: of the large files, size and SHA-256 of what `_sample` reads.
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
    samples: dict[str, str] = field(default_factory=dict)


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
    with locked(target / _LOCK):
        name = f"snapshot-{uuid.uuid4().hex}"
        folder = target / name
        folder.mkdir()
        write(folder)
        files = {path.relative_to(folder).as_posix(): _digest(path) for path in _files(folder)}
        samples = {name: _sample(folder / name) for name in files if _is_large(folder / name)}
        record = asdict(manifest) | {"files": files, "samples": samples}
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
            if old.name not in (name, previous) and not _is_held(old):
                shutil.rmtree(old)


def find_snapshots(target: Path) -> dict[Path, Mapping[str, str] | None]:
    """Return the folders of all snapshots with their labels; None where one was never finished."""
    return {folder: _labels(folder) for folder in sorted(target.glob("snapshot-*"))}


def drop_snapshots(target: Path, *, keep: Callable[[Mapping[str, str]], bool]) -> int:
    """Delete snapshots that may not stay on disk, whoever works with them; wait for one being written.

    A process goes on with what it has mapped into memory. It must not save any more, because the files
    that `overlay` linked are gone.

    Args:
        target: folder of the saved index.
        keep: tells from its labels whether a snapshot stays; one that was never finished does not.

    Returns:
        The number of snapshots deleted.

    Raises:
        OSError: some could not be deleted; all others were.
    """
    if not find_snapshots(target):
        return 0
    failed: OSError | None = None
    with locked(target / _LOCK):
        gone = [path for path, labels in find_snapshots(target).items() if labels is None or not keep(labels)]
        if _current(target) in {folder.name for folder in gone}:
            (target / _CURRENT).unlink()
        for folder in gone:
            try:
                shutil.rmtree(folder)
            except OSError as error:
                failed = error
        _sync(target)
    if failed is not None:
        raise failed
    return len(gone)


def open_snapshot(target: Path, *, thorough: bool = False) -> tuple[Path, Manifest]:
    """Find the current snapshot and check its files.

    Small files are read whole. Of those above 8 MiB, the size and 64 pieces are compared, so that a start
    does not wait for gigabytes: files cut short or exchanged are always found, a few bytes changed inside a
    large one only by a thorough check.

    Args:
        target: folder of the saved index.
        thorough: read every file whole.

    Returns:
        Its folder and its manifest.

    Raises:
        IndexMissing: nothing has been saved at `target`.
        ManifestMismatch: it was written in another format, by an older or newer program.
        IndexDamaged: a file is missing or differs from what was written.
    """
    name = _current(target)
    if name is None:
        raise IndexMissing(f"there is no saved index at {target}")
    folder = target / name
    try:
        data = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            raise ManifestMismatch("format", saved=data["format"], wanted=FORMAT)
        manifest = Manifest(**data)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise IndexDamaged(f"cannot read the manifest of {target}: {error}") from error
    for path, digest in manifest.files.items():
        sample = None if thorough else manifest.samples.get(path)
        try:
            intact = _digest(folder / path) == digest if sample is None else _sample(folder / path) == sample
        except OSError as error:
            raise IndexDamaged(f"{path} of the saved index cannot be read: {error}") from error
        if not intact:
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


class HeldSnapshot:
    """Keeps a snapshot on disk as long as its owner lives, and no longer than the process."""

    def __init__(self, folder: Path) -> None:
        """Hold the snapshot in a folder.

        Raises:
            OSError: it is gone.
        """
        lock = os.open(folder / _MANIFEST, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(lock, fcntl.LOCK_SH)
        self._release = weakref.finalize(self, os.close, lock)

    def close(self) -> None:
        """Let it go; doing it twice does no harm."""
        self._release()


def overlay(saved: Path, folder: Path) -> None:
    """Fill a folder so that a word index there can grow without changing what was saved.

    The files of its segments are written once and never again: links to them do. The few small files
    that say which segments there are get copied.

    Args:
        saved: folder of the saved word index; must stay as long as the other is used.
        folder: existing and empty.
    """
    for path in saved.iterdir():
        if path.suffix == ".json":
            shutil.copyfile(path, folder / path.name)
        else:
            (folder / path.name).symlink_to(path.resolve())


def _current(target: Path) -> str | None:
    try:
        return (target / _CURRENT).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None


def _labels(folder: Path) -> Mapping[str, str] | None:
    """Return the labels of a snapshot, of whatever format; None if its manifest cannot be read."""
    try:
        labels = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))["labels"]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return labels if isinstance(labels, dict) else None


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_large(path: Path) -> bool:
    return path.stat().st_size > _LARGE_BYTES


def _sample(path: Path) -> str:
    """Return size and SHA-256 of pieces spread evenly over a file, its beginning and end among them."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        for number in range(_SAMPLES):
            file.seek(max(0, size - _SAMPLE_BYTES) * number // (_SAMPLES - 1))
            digest.update(file.read(_SAMPLE_BYTES))
    return f"{size}:{digest.hexdigest()}"


def _is_held(folder: Path) -> bool:
    """Tell whether a process works with a snapshot; one without a manifest was never finished."""
    try:
        lock = os.open(folder / _MANIFEST, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file's lock: one thread of one process at a time. The file is made if it does not exist."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
