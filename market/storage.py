"""The store of papers handed in: files under their SHA-256, checked before they are kept.

Knows neither the web nor the database. A file is written before the record that names it; if that record
never comes, the file lies there unnamed until it is swept away, and harms nobody.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import filetype  # type: ignore[import-untyped]  # ships no types

from market.errors import NotFound, RuleViolation, Unavailable, violation
from market.settings import Settings

CHUNK = 1024 * 1024
SCAN_SECONDS = 60
NAME_LENGTH = 200

_OFFICE = "application/vnd.openxmlformats-officedocument."
MEDIA_TYPES: dict[str, str] = {
    "pdf": "application/pdf",
    "jpg": "image/jpeg",
    "png": "image/png",
    "docx": f"{_OFFICE}wordprocessingml.document",
    "xlsx": f"{_OFFICE}spreadsheetml.sheet",
    "ofd": "application/ofd",
}
"""What is taken, by what its content turns out to be; OFD is GB/T 33190-2016."""

_EXTENSIONS = {"jpeg": "jpg"}
_ZIPPED = (("OFD.xml", "ofd"), ("word/document.xml", "docx"), ("xl/workbook.xml", "xlsx"))
_MACROS = "vbaproject.bin"
_ASIDE = ".removing"
_DIGEST = re.compile("[0-9a-f]{64}")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file the store has taken.

    Attributes:
        sha256: of its bytes, in hexadecimal; what it is found by.
        name: as its sender calls it; text, never a path.
        media_type: by its content.
        size: in bytes.
        scanned: whether the malware scanner found it clean; False where there is no scanner.
    """

    sha256: str
    name: str
    media_type: str
    size: int
    scanned: bool


class DocumentStore:
    """Files in a folder, each under its own digest, so that equal files are kept once.

    Args:
        folder: is made where it is missing.
        scan_command: program called with a path; exit code 0 means clean, 1 infected. None scans nothing.
        max_bytes: size from which a file is refused.
    """

    def __init__(self, folder: Path, *, scan_command: str | None = None, max_bytes: int) -> None:
        self._folder = folder
        self._scan_command = scan_command
        self._max_bytes = max_bytes

    def put(self, stream: IO[bytes], *, name: str) -> StoredFile:
        """Check a file and keep it; when this returns, it has reached the disk.

        Args:
            stream: its bytes, read to the end or to the limit.
            name: as its sender calls it; its ending must fit the content.

        Raises:
            RuleViolation: `file-empty`, `file-too-large`, `file-type-refused`, `file-type-mismatch` or
                `file-infected`; nothing is kept.
            Unavailable: `scanner-unavailable`; nothing is kept.
        """
        shown = _shown_name(name)
        incoming = self._folder / "incoming"
        incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, raw = tempfile.mkstemp(dir=incoming)
        path = Path(raw)
        try:
            with os.fdopen(handle, "wb") as target:
                digest, size = self._copy(stream, target)
                target.flush()
                os.fsync(target.fileno())
            kind = _checked_kind(path, shown)
            scanned = self._scan(path)
            self._move(path, digest)
        finally:
            path.unlink(missing_ok=True)
        return StoredFile(digest, shown, MEDIA_TYPES[kind], size, scanned)

    def path_of(self, sha256: str) -> Path:
        """Return where a kept file lies.

        Raises:
            NotFound: `file-missing`: there is none with this digest.
        """
        path = self._place(sha256)
        if not path.is_file():
            raise NotFound("该文件已不在文件库中，请联系管理员。", code="file-missing")
        return path

    def find_older_than(self, moment: datetime) -> Iterator[str]:
        """Yield the digests of files that nobody has handed in since a moment, in no order."""
        for path in self._folder.glob("??/*"):
            if _DIGEST.fullmatch(path.name) and _modified(path) < moment:
                yield path.name

    def remove_older_than(self, sha256: str, moment: datetime) -> bool:
        """Remove a file that nobody has handed in since a moment; tell whether it was removed.

        Whoever hands the same file in at this instant keeps it: it is put aside first, and put back
        if it turns out to be new.
        """
        path = self._place(sha256)
        aside = path.with_suffix(_ASIDE)
        try:
            path.rename(aside)
        except FileNotFoundError:
            return False
        if _modified(aside) >= moment:
            aside.rename(path)
            return False
        aside.unlink()
        return True

    def remove_unfinished(self, moment: datetime) -> int:
        """Remove what crashed uploads left behind before a moment; return how many files."""
        for aside in self._folder.glob(f"??/*{_ASIDE}"):  # a sweep that was cut short
            aside.rename(aside.with_suffix(""))
        left = [path for path in (self._folder / "incoming").glob("*") if _modified(path) < moment]
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    def _place(self, sha256: str) -> Path:
        if not _DIGEST.fullmatch(sha256):  # nothing else may become part of a path
            raise ValueError(f"not a SHA-256: {sha256!r}")
        return self._folder / sha256[:2] / sha256

    def _copy(self, stream: IO[bytes], target: IO[bytes]) -> tuple[str, int]:
        digest, size = hashlib.sha256(), 0
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            if size > self._max_bytes:
                limit = self._max_bytes // (1024 * 1024)
                shown = f"{limit}MB" if limit else f"{self._max_bytes // 1024}KB"
                raise _refused("file-too-large", f"文件不能超过{shown}。")
            digest.update(chunk)
            target.write(chunk)
        if not size:
            raise _refused("file-empty", "文件是空的。")
        return digest.hexdigest(), size

    def _scan(self, path: Path) -> bool:
        if self._scan_command is None:
            return False
        try:
            done = subprocess.run(  # noqa: S603  # the operator's program, the store's own path, no shell
                [self._scan_command, str(path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=SCAN_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _no_scanner() from error
        if done.returncode == 1:
            raise _refused("file-infected", "该文件未通过恶意代码检查，不予接收。")
        if done.returncode != 0:
            raise _no_scanner()
        return True

    def _move(self, path: Path, digest: str) -> None:
        place = self._place(digest)
        place.parent.mkdir(exist_ok=True, mode=0o700)
        # An equal file is replaced too: its new age keeps a sweep from taking it away again.
        path.replace(place)
        for folder in (place.parent, self._folder):
            _sync_folder(folder)


def open_store(settings: Settings) -> DocumentStore:
    """Return the store these settings name; cheap, and any number of them may be open."""
    return DocumentStore(
        settings.documents_dir or settings.data_dir / "documents",
        scan_command=settings.scan_command,
        max_bytes=settings.max_document_bytes,
    )


def _refused(code: str, detail: str) -> RuleViolation:
    return violation("/file", code, detail)


def _no_scanner() -> Unavailable:
    return Unavailable("恶意代码检查程序暂不可用，文件未接收，请稍后再试。", code="scanner-unavailable")


def _shown_name(name: str) -> str:
    """Return the last part of a name, without what cannot be seen, its ending kept when it is cut."""
    last = re.split(r"[/\\]", name)[-1]
    visible = "".join(c for c in last if unicodedata.category(c) not in _HIDDEN).strip(" .")
    stem, dot, ending = visible.rpartition(".")
    if not dot or not stem or len(ending) > 10:
        return visible[:NAME_LENGTH] or "未命名"
    return f"{stem[: NAME_LENGTH - len(ending) - 1]}.{ending}"


def _checked_kind(path: Path, name: str) -> str:
    """Return what a file is, by its content.

    Raises:
        RuleViolation: it is nothing we take, or its name says that it is something else.
    """
    kind = _kind_of(path)
    if kind is None:
        raise _refused(
            "file-type-refused", "只接收PDF、OFD、JPEG、PNG、DOCX和XLSX文件；加密或带宏的办公文件不予接收。"
        )
    ending = name.rpartition(".")[2].lower()
    if _EXTENSIONS.get(ending, ending) != kind:
        raise _refused(
            "file-type-mismatch", f"文件内容是{kind.upper()}，与文件名“{name}”不符，请更正扩展名后重新上传。"
        )
    return kind


def _kind_of(path: Path) -> str | None:
    guess = filetype.guess(str(path))
    ending = guess.extension if guess is not None else ""
    if ending in {"pdf", "jpg", "png"}:
        return str(ending)
    # Which kind a zipped one is the library guesses from the order of its parts, and programs differ in it.
    return _zipped_kind(path) if zipfile.is_zipfile(path) else None


def _zipped_kind(path: Path) -> str | None:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return None
    names = {part.filename for part in parts}
    encrypted = any(part.flag_bits & 1 for part in parts)
    if encrypted or any(name.lower().endswith(_MACROS) for name in names):
        return None
    return next((kind for part, kind in _ZIPPED if part in names), None)


def _modified(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:  # somebody else removed it since it was listed
        return datetime.now(UTC)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
