"""Snapshots are whole or absent; scratch folders vanish."""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from pathlib import Path

import pytest

from matching.errors import IndexDamaged, IndexMissing, ManifestMismatch
from matching.store import (
    FORMAT,
    HeldSnapshot,
    Manifest,
    ScratchFolder,
    open_snapshot,
    overlay,
    save_snapshot,
)


def manifest(**labels: str) -> Manifest:
    return Manifest(FORMAT, "e@1", 4, "1", "", {"need": 1}, "2026-01-01T00:00:00+00:00", labels)


def write(text: str) -> object:
    def into(folder: Path) -> None:
        (folder / "part").mkdir()
        (folder / "part" / "data").write_text(text, encoding="utf-8")

    return into


def save(target: Path, text: str, **labels: str) -> None:
    save_snapshot(target, manifest(**labels), write=write(text))  # type: ignore[arg-type]


def test_saved_is_found(tmp_path: Path) -> None:
    save(tmp_path / "index", "一", seq="7")
    folder, found = open_snapshot(tmp_path / "index")
    assert (folder / "part" / "data").read_text(encoding="utf-8") == "一"
    assert found.labels == {"seq": "7"}
    assert list(found.files) == ["part/data"]


def test_nothing_saved(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing):
        open_snapshot(tmp_path / "absent")
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(IndexMissing):
        open_snapshot(tmp_path / "file")


def test_the_one_before_stays_and_older_ones_go(tmp_path: Path) -> None:
    for text in ("一", "二", "三"):
        save(tmp_path, text)
    kept = sorted(path.name for path in tmp_path.glob("snapshot-*"))
    assert len(kept) == 2
    assert (open_snapshot(tmp_path)[0] / "part" / "data").read_text(encoding="utf-8") == "三"


def test_a_failed_save_leaves_the_old_one_and_is_cleared_away_later(tmp_path: Path) -> None:
    save(tmp_path, "一")

    def fail(folder: Path) -> None:
        (folder / "half").write_text("半", encoding="utf-8")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        save_snapshot(tmp_path, manifest(), write=fail)
    assert (open_snapshot(tmp_path)[0] / "part" / "data").read_text(encoding="utf-8") == "一"
    save(tmp_path, "二")
    assert not list(tmp_path.glob("snapshot-*/half"))


def _save_and_die(target: str) -> None:
    def die(folder: Path) -> None:
        (folder / "half").write_text("半", encoding="utf-8")
        os._exit(9)

    save_snapshot(Path(target), manifest(), write=die)


@pytest.mark.parametrize("saved_before", [False, True])
def test_a_killed_process_leaves_no_half_index(tmp_path: Path, saved_before: bool) -> None:
    if saved_before:
        save(tmp_path, "一")
    process = multiprocessing.get_context("spawn").Process(target=_save_and_die, args=(str(tmp_path),))
    process.start()
    process.join()
    assert process.exitcode == 9
    assert list(tmp_path.glob("snapshot-*/half"))
    if saved_before:
        assert (open_snapshot(tmp_path)[0] / "part" / "data").read_text(encoding="utf-8") == "一"
    else:
        with pytest.raises(IndexMissing):
            open_snapshot(tmp_path)
    save(tmp_path, "二")
    assert not list(tmp_path.glob("snapshot-*/half"))


def test_damage_is_found(tmp_path: Path) -> None:
    save(tmp_path, "一")
    folder, _ = open_snapshot(tmp_path)
    data = folder / "part" / "data"
    data.write_text("二", encoding="utf-8")
    with pytest.raises(IndexDamaged, match="part/data"):
        open_snapshot(tmp_path)
    data.unlink()
    with pytest.raises(IndexDamaged, match="part/data"):
        open_snapshot(tmp_path)


def test_another_format_is_refused(tmp_path: Path) -> None:
    save(tmp_path, "一")
    path = open_snapshot(tmp_path)[0] / "manifest.json"
    path.write_text(json.dumps({"format": FORMAT - 1, "of": "an older program"}), encoding="utf-8")
    with pytest.raises(ManifestMismatch) as caught:
        open_snapshot(tmp_path)
    assert (caught.value.field, caught.value.saved, caught.value.wanted) == ("format", FORMAT - 1, FORMAT)


@pytest.mark.parametrize("content", ["{", "[]", "{}", json.dumps({"format": FORMAT})])
def test_a_damaged_manifest_is_found(tmp_path: Path, content: str) -> None:
    save(tmp_path, "一")
    (open_snapshot(tmp_path)[0] / "manifest.json").write_text(content, encoding="utf-8")
    with pytest.raises(IndexDamaged):
        open_snapshot(tmp_path)


def test_scratch_folder_goes_with_its_owner() -> None:
    scratch = ScratchFolder()
    path = scratch.path
    (path / "data").write_text("", encoding="utf-8")
    scratch.close()
    scratch.close()
    assert not path.exists()
    path = ScratchFolder().path  # nobody keeps it
    assert not path.exists()


def test_scratch_folder_survives_a_forked_child() -> None:
    scratch = ScratchFolder()
    child = os.fork()
    if child == 0:
        scratch.close()
        os._exit(0)
    os.waitpid(child, 0)
    assert scratch.path.is_dir()
    scratch.close()


def test_abandoned_folders_are_removed_and_used_ones_kept() -> None:
    used = ScratchFolder()
    abandoned = used.path.with_name(used.path.name + "x")
    abandoned.mkdir()
    (abandoned / "lock").touch()
    stranger = used.path.with_name(used.path.name + "y")
    stranger.mkdir()
    long_ago = time.time() - 3600
    for path in (used.path, abandoned, stranger):
        os.utime(path, (long_ago, long_ago))
    other = ScratchFolder()
    assert used.path.is_dir()
    assert not abandoned.exists()
    assert stranger.is_dir()
    stranger.rmdir()
    used.close()
    other.close()


def test_a_snapshot_in_use_is_kept_until_it_is_let_go(tmp_path: Path) -> None:
    save(tmp_path, "一")
    used = open_snapshot(tmp_path)[0]
    held = HeldSnapshot(used)
    for text in ("二", "三", "四"):
        save(tmp_path, text)
    assert (used / "part" / "data").read_text(encoding="utf-8") == "一"
    assert len(list(tmp_path.glob("snapshot-*"))) == 3
    held.close()
    held.close()
    save(tmp_path, "五")
    assert not used.exists()
    assert len(list(tmp_path.glob("snapshot-*"))) == 2


def _hold_and_die(folder: str) -> None:
    HeldSnapshot(Path(folder))
    os._exit(9)


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    save(tmp_path, "一")
    used = open_snapshot(tmp_path)[0]
    process = multiprocessing.get_context("spawn").Process(target=_hold_and_die, args=(str(used),))
    process.start()
    process.join()
    assert process.exitcode == 9
    for text in ("二", "三"):
        save(tmp_path, text)
    assert not used.exists()


def large(folder: Path) -> None:
    (folder / "large").write_bytes(bytes(9 << 20))


def test_damage_of_a_large_file_is_found(tmp_path: Path) -> None:
    save_snapshot(tmp_path, manifest(), write=large)
    folder, found = open_snapshot(tmp_path)
    assert list(found.samples) == ["large"]
    data = folder / "large"
    for content in (bytes((9 << 20) - 1), bytes((9 << 20) - 1) + b"?", b"?" + bytes((9 << 20) - 1)):
        data.write_bytes(content)
        with pytest.raises(IndexDamaged, match="large"):
            open_snapshot(tmp_path)
    data.unlink()
    with pytest.raises(IndexDamaged, match="large"):
        open_snapshot(tmp_path)


def test_a_byte_in_a_large_file_is_found_by_a_thorough_check(tmp_path: Path) -> None:
    save_snapshot(tmp_path, manifest(), write=large)
    folder, _ = open_snapshot(tmp_path, thorough=True)
    with (folder / "large").open("r+b") as file:
        file.seek(5_000)  # between the first two pieces that a start reads
        file.write(b"?")
    open_snapshot(tmp_path)
    with pytest.raises(IndexDamaged, match="large"):
        open_snapshot(tmp_path, thorough=True)


def test_an_overlay_copies_what_will_change_and_links_the_rest(tmp_path: Path) -> None:
    saved, folder = tmp_path / "saved", tmp_path / "folder"
    saved.mkdir()
    folder.mkdir()
    for name in ("meta.json", "a.store"):
        (saved / name).write_text("旧", encoding="utf-8")
    overlay(saved, folder)
    (folder / "meta.json").write_text("新", encoding="utf-8")
    assert (folder / "a.store").read_text(encoding="utf-8") == "旧"
    (folder / "a.store").unlink()
    assert {path.name: path.read_text(encoding="utf-8") for path in saved.iterdir()} == {
        "meta.json": "旧",
        "a.store": "旧",
    }
