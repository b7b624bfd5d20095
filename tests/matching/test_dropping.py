"""Snapshots that may not stay on disk are deleted, whoever works with them."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from matching.errors import IndexMissing
from matching.store import (
    FORMAT,
    HeldSnapshot,
    Manifest,
    drop_snapshots,
    find_snapshots,
    open_snapshot,
    save_snapshot,
)


def save(target: Path, number: str) -> Path:
    def write(folder: Path) -> None:
        (folder / "data").write_text(number, encoding="utf-8")

    manifest = Manifest(FORMAT, "e@1", 4, "1", "", {}, "2026-01-01T00:00:00+00:00", {"number": number})
    save_snapshot(target, manifest, write=write)
    return open_snapshot(target)[0]


def nothing(_: Mapping[str, str]) -> bool:
    return False


def test_only_what_is_kept_stays_and_is_still_the_current_one(tmp_path: Path) -> None:
    first, second = save(tmp_path, "1"), save(tmp_path, "2")
    (tmp_path / "snapshot-half").mkdir()
    assert find_snapshots(tmp_path) == {
        first: {"number": "1"},
        second: {"number": "2"},
        tmp_path / "snapshot-half": None,
    }
    with_manifest = tmp_path / "snapshot-unreadable"
    shutil.copytree(first, with_manifest)
    (with_manifest / "manifest.json").write_text('{"labels": []}', encoding="utf-8")
    assert drop_snapshots(tmp_path, keep=lambda labels: labels["number"] == "2") == 3
    assert find_snapshots(tmp_path) == {second: {"number": "2"}}
    assert open_snapshot(tmp_path)[0] == second


def test_the_current_one_goes_also_while_it_is_held(tmp_path: Path) -> None:
    held = HeldSnapshot(save(tmp_path, "1"))
    assert drop_snapshots(tmp_path, keep=nothing) == 1
    with pytest.raises(IndexMissing):
        open_snapshot(tmp_path)
    held.close()
    assert save(tmp_path, "2").exists()


def test_where_nothing_was_saved_nothing_is_made(tmp_path: Path) -> None:
    assert drop_snapshots(tmp_path / "absent", keep=nothing) == 0
    assert drop_snapshots(tmp_path, keep=nothing) == 0
    assert list(tmp_path.iterdir()) == []


def test_what_can_be_deleted_is_deleted_though_something_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, *_ = sorted([save(tmp_path, "1"), save(tmp_path, "2")])
    delete = shutil.rmtree

    def refuse(folder: Path, **values: Any) -> None:
        if folder == kept:
            raise PermissionError(13, "not yours")
        delete(folder, **values)

    monkeypatch.setattr(shutil, "rmtree", refuse)
    with pytest.raises(PermissionError):
        drop_snapshots(tmp_path, keep=nothing)
    assert list(find_snapshots(tmp_path)) == [kept]
    with pytest.raises(IndexMissing):
        open_snapshot(tmp_path)


def test_a_snapshot_that_is_being_written_is_waited_for(tmp_path: Path) -> None:
    writing, go_on = threading.Event(), threading.Event()

    def write(folder: Path) -> None:
        (folder / "data").write_text("1", encoding="utf-8")
        writing.set()
        assert go_on.wait(20)

    manifest = Manifest(FORMAT, "e@1", 4, "1", "", {}, "2026-01-01T00:00:00+00:00", {})
    with ThreadPoolExecutor(2) as pool:
        saving = pool.submit(save_snapshot, tmp_path, manifest, write=write)
        assert writing.wait(20)
        dropping = pool.submit(drop_snapshots, tmp_path, keep=nothing)
        with pytest.raises(TimeoutError):
            dropping.result(0.2)
        go_on.set()
        saving.result(20)
        assert dropping.result(20) == 1
    assert find_snapshots(tmp_path) == {}
