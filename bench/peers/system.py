"""What `bench.peers.child` asks of every system, and which systems there are."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from bench.peers.prepared import Asking, Prepared
from matching.types import Query

CANDIDATES = 100
"""Taken by vector and as many by words, before they are joined and the best ten returned."""

SYSTEMS = {
    "local": "bench.peers.local",
    "lancedb": "bench.peers.lancedb_hybrid",
    "txtai": "bench.peers.txtai_hybrid",
    "postgresql": "bench.peers.postgresql",
    "milvus": "bench.peers.milvus",
}
"""Modules by name. Each holds a class `Peer`."""

SERVER_PID = "server.pid"
"""File in the folder of a system that has a server: the number of its first process."""


class System(ABC):
    """One system with an index in a folder. A process either builds, or opens and asks.

    Attributes:
        folder: existing; empty before it builds.
        encoder_name: folder or name of a model; None means the shipped one.
        most_words: words of a question that peers seek.
    """

    def __init__(self, folder: Path, *, encoder_name: str | None, most_words: int) -> None:
        self.folder = folder
        self.encoder_name = encoder_name
        self.most_words = most_words

    @abstractmethod
    def parameters(self) -> dict[str, Any]:
        """Return versions and the settings that matter."""

    def ready(self) -> None:  # noqa: B027 - most need nothing here
        """Import and load what the build needs; not counted as build time."""

    @abstractmethod
    def build(self, prepared: Prepared) -> None:
        """Put all listings in, make all indexes, and leave them on disk."""

    @abstractmethod
    def open(self, prepared: Prepared) -> None:
        """Open what was built, and load what questions need."""

    @abstractmethod
    def ask(self, query: Query) -> list[str]:
        """Return the ten best keys for a raw question, best first. From two threads at once, too."""

    def files_in_memory(self) -> int:
        """Return the bytes of files kept in shared memory."""
        return 0

    def close(self) -> None:  # noqa: B027 - most need nothing here
        """Stop what was started. Twice does no harm."""

    def asking(self, prepared: Prepared) -> Asking:
        """Return what makes vector and words of a question."""
        return Asking.load(prepared, self.encoder_name, most=self.most_words)


def system(name: str, folder: Path, *, encoder_name: str | None, most_words: int) -> System:
    """Return a system by name.

    Raises:
        ImportError: its libraries are not installed.
    """
    peer: System = importlib.import_module(SYSTEMS[name]).Peer(
        folder, encoder_name=encoder_name, most_words=most_words
    )
    return peer
