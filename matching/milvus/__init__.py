"""The engine beyond one machine: documents on a Milvus server, evidence and reasons made here."""

from matching.milvus.engine import MilvusEngine
from matching.milvus.rows import SCHEMA
from matching.milvus.server import EngineUnavailable, drop_collections, list_prefixes, remove_everywhere

__all__ = [
    "SCHEMA",
    "EngineUnavailable",
    "MilvusEngine",
    "drop_collections",
    "list_prefixes",
    "remove_everywhere",
]
