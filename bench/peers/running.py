"""Starts the children of one system, watches the memory of its server, and reads what they report."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bench.engine import ROOT
from bench.peers.system import SERVER_PID

_EVERY_SECONDS = 0.5


class Unavailable(Exception):
    """The libraries of a system are not installed."""


class Failed(Exception):
    """A child ended with an error; its last words are the message."""


@dataclass(frozen=True, slots=True)
class Run:
    """What the children of a run have in common; `scratch` is a folder for indexes and reports."""

    scratch: Path
    encoder_name: str | None = None
    question_words: int = 16
    seconds: float = 120

    def measure(self, name: str, prepared: Path, count: int) -> dict[str, Any]:
        """Build a system over the first `count` listings, then open it and measure its answers.

        Raises:
            Unavailable, Failed: see there.
        """
        with self._index(name) as index:
            built = self._child("build", name, prepared, index, count)
            # How much of its write-ahead log PostgreSQL keeps is a setting, not a need.
            files = [path for path in index.rglob("*") if path.is_file() and "pg_wal" not in path.parts]
            size = sum(path.stat().st_size for path in files)
            served = self._child("serve", name, prepared, index, count)
        return {"system": name, "listings": count, "disk_mb": round(size / 1e6, 1)} | {
            "build": built,
            "serve": served,
        }

    def rankings(self, name: str, prepared: Path, count: int) -> list[list[str]]:
        """Return the keys a system finds for every question.

        Raises:
            Unavailable, Failed: see there.
        """
        with self._index(name) as index:
            self._child("build", name, prepared, index, count)
            found: list[list[str]] = self._child("rank", name, prepared, index, count)["rankings"]
        return found

    @contextlib.contextmanager
    def _index(self, name: str) -> Iterator[Path]:
        folder = self.scratch / name
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder)

    def _child(self, task: str, name: str, prepared: Path, index: Path, count: int) -> dict[str, Any]:
        report = self.scratch / "report.json"
        report.unlink(missing_ok=True)
        command = [sys.executable, "-m", "bench.peers.child", task, name, str(prepared), str(index)]
        command += ["--count", str(count), "--report", str(report), "--seconds", str(self.seconds)]
        command += ["--question-words", str(self.question_words)]
        command += ["--encoder", self.encoder_name] if self.encoder_name else []
        errors = self.scratch / "errors.txt"
        with errors.open("w", encoding="utf-8") as file, _watched(index / SERVER_PID) as server:
            ended = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=file, cwd=ROOT, check=False)
        if ended.returncode:
            lines = [line for line in errors.read_text(encoding="utf-8").splitlines() if line.strip()]
            last = lines[-1] if lines else f"exit status {ended.returncode}"
            if name != "local" and last.startswith(("ModuleNotFoundError", "ImportError")):
                raise Unavailable(last)
            raise Failed(f"{task}: {last}")
        found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        return found | ({"server_peak_memory_mb": round(max(server) / 1e6, 1)} if server else {})


def whole_memory(part: dict[str, Any]) -> float:
    """Return peak memory of a system's processes in megabytes, its server's among them."""
    return float(part["peak_memory_mb"] + part.get("server_peak_memory_mb", 0.0))


@contextlib.contextmanager
def _watched(pid_file: Path) -> Iterator[list[int]]:
    """Note the memory of a server again and again, pages shared by its processes counted once; bytes."""
    seen: list[int] = []
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_EVERY_SECONDS):
            # A server that is starting or stopping has nothing to tell.
            with contextlib.suppress(OSError, ValueError, psutil.Error):
                first = psutil.Process(int(pid_file.read_text()))
                if first.name() == "postgres":
                    family = [first, *first.children(recursive=True)]
                    seen.append(sum(one.memory_full_info().pss for one in family))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()
