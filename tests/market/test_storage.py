"""The document store: what it takes, what it refuses, and that nothing half-done stays behind."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import pytest

from market.errors import NotFound, RuleViolation, Unavailable
from market.settings import Settings
from market.storage import MEDIA_TYPES, DocumentStore, open_store

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + bytes(40)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(40)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def zipped(*names: str) -> bytes:
    """Return an archive with these parts."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return target.getvalue()


DOCX = zipped("[Content_Types].xml", "_rels/.rels", "word/document.xml")
XLSX = zipped("xl/workbook.xml", "[Content_Types].xml")
OFD = zipped("OFD.xml", "Doc_0/Document.xml")


@pytest.fixture
def store(tmp_path: Path) -> DocumentStore:
    return DocumentStore(tmp_path / "documents", max_bytes=10_000)


def put(store: DocumentStore, content: bytes, name: str = "合同.pdf") -> str:
    return store.put(io.BytesIO(content), name=name).sha256


def refused(store: DocumentStore, content: bytes, name: str) -> str:
    """Return the code a file is refused with, after checking that nothing of it is left."""
    with pytest.raises(RuleViolation) as caught:
        put(store, content, name)
    assert kept(store) == []
    assert caught.value.fields[0].pointer == "/file"
    return caught.value.code


def kept(store: DocumentStore) -> list[Path]:
    return [path for path in store._folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (PDF, "合同.pdf", "pdf"),
        (PNG, "扫描件.PNG", "png"),
        (JPEG, "扫描件.jpeg", "jpg"),
        (DOCX, "合同.docx", "docx"),
        (XLSX, "清单.xlsx", "xlsx"),
        (OFD, "合同.ofd", "ofd"),
    ],
)
def test_takes_a_file_by_its_content(store: DocumentStore, content: bytes, name: str, kind: str) -> None:
    file = store.put(io.BytesIO(content), name=name)
    assert (file.name, file.media_type, file.size) == (name, MEDIA_TYPES[kind], len(content))
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert not file.scanned
    assert store.path_of(file.sha256).read_bytes() == content
    assert [path.name for path in kept(store)] == [file.sha256]


def test_equal_files_are_kept_once(store: DocumentStore) -> None:
    assert put(store, PDF, "甲.pdf") == put(store, PDF, "乙.pdf")
    assert len(kept(store)) == 1


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "空.pdf", "file-empty"),
        (PDF + bytes(10_000), "大.pdf", "file-too-large"),
        (b"<html><script>alert(1)</script>", "页.pdf", "file-type-refused"),
        (b"MZ" + bytes(100), "程序.exe", "file-type-refused"),
        (zipped("readme.txt"), "包.zip", "file-type-refused"),
        (zipped("word/document.xml", "word/vbaProject.bin"), "宏.docx", "file-type-refused"),
        (b"PK\x03\x04" + bytes(60), "坏.docx", "file-type-refused"),
        (DOCX, "其实不是.xlsx", "file-type-mismatch"),
        (PDF, "图.png", "file-type-mismatch"),
        (PDF, "没有扩展名", "file-type-mismatch"),
    ],
)
def test_refuses_and_keeps_nothing(store: DocumentStore, content: bytes, name: str, code: str) -> None:
    assert refused(store, content, name) == code


def test_an_encrypted_archive_is_refused(store: DocumentStore) -> None:
    content = bytearray(DOCX)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # general purpose flags, bit 0
        at = content.index(mark)
        content[at + offset] |= 1
    assert refused(store, bytes(content), "加密.docx") == "file-type-refused"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\用户\\合同.pdf", "合同.pdf"),
        ("合\x00同\u202efdp.pdf", "合同fdp.pdf"),
        ("长" * 300 + ".pdf", "长" * 196 + ".pdf"),
    ],
)
def test_a_name_is_text_and_never_a_path(store: DocumentStore, name: str, shown: str) -> None:
    file = store.put(io.BytesIO(PDF), name=name)
    assert file.name == shown
    assert store.path_of(file.sha256).parent.parent == store._folder


@pytest.mark.parametrize("digest", ["../../secret", "", "A" * 64, "a" * 63 + "\n"])
def test_nothing_but_a_digest_becomes_a_path(store: DocumentStore, digest: str) -> None:
    with pytest.raises(ValueError, match="not a SHA-256"):
        store.path_of(digest)


def test_a_missing_file_is_said_to_be_missing(store: DocumentStore) -> None:
    with pytest.raises(NotFound, match="已不在文件库"):
        store.path_of("a" * 64)


# Scanning


def scanner(folder: Path, script: str) -> str:
    path = folder / "scan.sh"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def scanning_store(folder: Path, script: str) -> DocumentStore:
    return DocumentStore(folder / "documents", scan_command=scanner(folder, script), max_bytes=10_000)


def test_the_scanner_reads_the_file_before_it_is_kept(tmp_path: Path) -> None:
    store = scanning_store(tmp_path, 'grep -q EICAR "$1" && exit 1; exit 0')
    assert store.put(io.BytesIO(PDF), name="合同.pdf").scanned
    assert len(kept(store)) == 1
    store = scanning_store(tmp_path / "documents", 'grep -q EICAR "$1" && exit 1; exit 0')
    assert refused(store, PDF + b"EICAR", "合同.pdf") == "file-infected"


@pytest.mark.parametrize("script", ["exit 2", "kill -9 $$"])
def test_a_scanner_that_fails_takes_nothing_in(tmp_path: Path, script: str) -> None:
    store = scanning_store(tmp_path, script)
    with pytest.raises(Unavailable) as caught:
        put(store, PDF)
    assert caught.value.code == "scanner-unavailable"
    assert kept(store) == []


def test_a_scanner_that_is_gone_or_hangs_takes_nothing_in(tmp_path: Path) -> None:
    gone = DocumentStore(tmp_path / "documents", scan_command=str(tmp_path / "none"), max_bytes=10_000)
    with pytest.raises(Unavailable):
        put(gone, PDF)
    hanging = scanning_store(tmp_path, "exec sleep 5")
    with mock.patch("market.storage.SCAN_SECONDS", 0.05), pytest.raises(Unavailable):
        put(hanging, PDF)
    assert kept(hanging) == []


# Sweeping


def age(path: Path) -> None:
    os.utime(path, (LONG_AGO.timestamp(), LONG_AGO.timestamp()))


def test_old_files_are_found_and_removed(store: DocumentStore) -> None:
    old, new = put(store, PDF), put(store, PNG, "图.png")
    age(store.path_of(old))
    moment = LONG_AGO + timedelta(days=1)
    assert list(store.find_older_than(moment)) == [old]
    assert store.remove_older_than(old, moment)
    assert not store.remove_older_than(new, moment)
    assert [path.name for path in kept(store)] == [new]
    assert not store.remove_older_than(old, moment)


def test_handing_an_old_file_in_again_makes_it_new(store: DocumentStore) -> None:
    digest = put(store, PDF)
    age(store.path_of(digest))
    put(store, PDF)
    assert list(store.find_older_than(LONG_AGO + timedelta(days=1))) == []


def test_what_a_crash_left_behind_is_cleared(store: DocumentStore) -> None:
    digest = put(store, PDF)
    half = store._folder / "incoming" / "half"
    half.write_bytes(b"%PDF")
    age(half)
    path = store.path_of(digest)
    path.rename(path.with_suffix(".removing"))
    assert store.remove_unfinished(LONG_AGO + timedelta(days=1)) == 1
    assert kept(store) == [path]


def test_settings_name_the_store(tmp_path: Path) -> None:
    settings = Settings(database_url="sqlite://", data_dir=tmp_path, max_document_bytes=1024)
    digest = put(open_store(settings), PDF)
    assert (tmp_path / "documents" / digest[:2] / digest).is_file()
    elsewhere = Settings(database_url="sqlite://", data_dir=tmp_path, documents_dir=tmp_path / "papers")
    put(open_store(elsewhere), PDF)
    assert (tmp_path / "papers" / digest[:2] / digest).is_file()
    assert refused(
        open_store(Settings("sqlite://", tmp_path / "x", max_document_bytes=1024)), bytes(2000), "a.pdf"
    )
