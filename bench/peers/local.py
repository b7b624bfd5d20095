"""This repository's engine: retrieval, all parts of the score, facets, expiry, reasons."""

from __future__ import annotations

from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

from bench.peers.prepared import BATCH, Prepared
from bench.peers.system import System
from matching.encoder import load_encoder
from matching.engine import LocalEngine
from matching.lexicon import Lexicon
from matching.partition import RETRIEVED
from matching.types import Query


class Peer(System):
    """See the module."""

    def parameters(self) -> dict[str, Any]:
        """See `System.parameters`."""
        return {
            "faiss": version("faiss-cpu"),
            "tantivy": version("tantivy"),
            "vectors": "compared one by one up to some size, then inverted lists (matching/vector_index.py)",
            "candidates": f"{RETRIEVED} by vector, {RETRIEVED} by words, more by concepts",
            "also": "expired listings and listings of the asker left out, facets weighed, reasons given",
        }

    def ready(self) -> None:
        """See `System.ready`."""
        self._engine = LocalEngine(load_encoder(self.encoder_name), lexicon=Lexicon.load())

    def build(self, prepared: Prepared) -> None:
        """See `System.build`."""
        documents, vectors, first = prepared.documents(), prepared.vectors(), 0
        while batch := list(islice(documents, BATCH)):
            self._engine.upsert(batch, vectors=vectors[first : first + len(batch)])
            first += len(batch)
        self._engine.save(self.folder, labels={})

    def open(self, prepared: Prepared) -> None:  # noqa: ARG002 - the index holds all it needs
        """See `System.open`."""
        encoder = load_encoder(self.encoder_name)
        self._engine = LocalEngine.load(self.folder, encoder, lexicon=Lexicon.load())

    def ask(self, query: Query) -> list[str]:
        """See `System.ask`."""
        return [hit.key for hit in self._engine.search(query).hits]

    def files_in_memory(self) -> int:
        """See `System.files_in_memory`."""
        folder = self._engine._scratch.path
        if not folder.is_relative_to(Path("/dev/shm")):  # noqa: S108 - only asks where the engine put it
            return 0
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())

    def close(self) -> None:
        """See `System.close`."""
        self._engine.close()
