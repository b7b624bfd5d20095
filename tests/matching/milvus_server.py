"""A real Milvus server for tests: the small edition, in threads of this process."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from matching.encoder import HashingEncoder
from matching.explain import Tagger
from matching.milvus import MilvusEngine, drop_collections
from matching.scoring import Weights
from matching.types import Document

_numbers = itertools.count(1)


@contextmanager
def milvus_server(folder: Path) -> Iterator[str]:
    """Yield the URL of a server that keeps its files in `folder`, stopped afterwards."""
    with warnings.catch_warnings():
        # jieba is old: where its byte code is not cached, its regular expressions are warned of.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", SyntaxWarning)
        import jieba
    from milvus_lite.server_manager import server_manager_instance

    jieba.setLogLevel("WARNING")
    path = str(folder / "milvus.db")
    url = server_manager_instance.start_and_get_uri(path)
    assert url
    try:
        yield url
    finally:
        server_manager_instance.release_server(path)


@contextmanager
def milvus_engine(
    url: str,
    *documents: Document,
    tagger: Tagger | None = None,
    weights: Weights | None = None,
    prefix: str = "",
) -> Iterator[MilvusEngine]:
    """Yield an engine with some documents; its collections are deleted afterwards.

    Args:
        url: of the server.
        documents: put in.
        tagger: finds concepts.
        weights: of the parts of a score.
        prefix: of its collections; empty makes a new one.
    """
    prefix = prefix or f"test{next(_numbers)}"
    made = MilvusEngine(HashingEncoder(64), url, prefix=prefix, lexicon=tagger, weights=weights)
    try:
        made.upsert(documents)
        yield made
    finally:
        made.close()
        drop_collections(url, prefix=prefix)
