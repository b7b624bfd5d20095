"""This repository's engine over the small edition of Milvus: for the answers, not for the speed.

The small edition keeps everything in one process and compares vectors one by one; a server is what it stands
in for. So it is asked about at most 1,000 listings, and its times say nothing.
"""

from __future__ import annotations

from importlib.metadata import version
from itertools import islice
from typing import Any

from bench.peers.prepared import BATCH, Prepared
from bench.peers.system import System
from matching.encoder import load_encoder
from matching.lexicon import Lexicon
from matching.milvus import MilvusEngine
from matching.types import Query

MOST = 1_000


class Peer(System):
    """See the module."""

    def parameters(self) -> dict[str, Any]:
        """See `System.parameters`."""
        return {"milvus-lite": version("milvus-lite"), "pymilvus": version("pymilvus")}

    def build(self, prepared: Prepared) -> None:
        """See `System.build`."""
        if prepared.count > MOST:
            raise ValueError(f"at most {MOST} listings, not {prepared.count}")
        engine = self._engine_there()
        documents, vectors, first = prepared.documents(), prepared.vectors(), 0
        while batch := list(islice(documents, BATCH)):
            engine.upsert(batch, vectors=vectors[first : first + len(batch)])
            first += len(batch)
        engine.close()

    def open(self, prepared: Prepared) -> None:  # noqa: ARG002 - the server holds all it needs
        """See `System.open`."""
        self._engine = self._engine_there()

    def ask(self, query: Query) -> list[str]:
        """See `System.ask`."""
        return [hit.key for hit in self._engine.search(query).hits]

    def close(self) -> None:
        """See `System.close`."""
        if hasattr(self, "_engine"):
            self._engine.close()

    def _engine_there(self) -> MilvusEngine:
        return MilvusEngine(
            load_encoder(self.encoder_name),
            str(self.folder / "milvus.db"),
            lexicon=Lexicon.load(),
            timeout=120.0,
        )
