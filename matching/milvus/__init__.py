"""The engine beyond one machine: documents on a Milvus server, evidence and reasons made here."""

from matching.milvus.engine import MilvusEngine
from matching.milvus.server import EngineUnavailable, drop_collections, list_prefixes

__all__ = ["EngineUnavailable", "MilvusEngine", "drop_collections", "list_prefixes"]
