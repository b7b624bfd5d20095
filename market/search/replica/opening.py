"""Putting a replica together from the settings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial

from market.db import Database
from market.search.replica.copy import IndexCopy
from market.search.replica.encoders import open_live_encoder, open_recorded
from market.search.replica.live import Copy, Replica
from market.search.replica.shared import SharedCopy, collections_of, collections_under, unavailable
from market.settings import Settings
from matching.encoder import Encoder
from matching.lexicon import Lexicon
from matching.milvus import (
    EngineUnavailable,
    MilvusEngine,
    drop_collections,
    list_prefixes,
    remove_everywhere,
)
from matching.reranker import CrossEncoderReranker, Reranker
from matching.types import Kind


@cache
def _shipped_lexicon() -> Lexicon:
    """Return the shipped lexicon, read once per process: it never changes while one runs."""
    return Lexicon.load()


def open_replica(settings: Settings, database: Database, encoder: Encoder) -> Replica:
    """Open this process's replica under the model the market runs on.

    Args:
        settings: of this process.
        database: of the market.
        encoder: the one the settings name; a new market takes it.

    Raises:
        EncoderMissing: the market runs on another model, or the settings name a reranker, which is not on
            this machine.
    """
    return make_replica(settings, database, encoder).open()


def make_replica(settings: Settings, database: Database, encoder: Encoder) -> Replica:
    """Return a replica yet to be opened or rebuilt; see `open_replica`."""
    reranker = CrossEncoderReranker(settings.reranker) if settings.reranker else None
    make_copy = _make_shared_copy if settings.engine == "milvus" else _make_local_copy
    return Replica(
        database,
        open_live_encoder(settings, database, encoder),
        make_copy=partial(make_copy, settings, database, reranker),
        load=lambda record: open_recorded(record, settings),
    )


def drop_other_collections(settings: Settings, database: Database, encoder: Encoder) -> list[str]:
    """Delete this market's collections under all models but one.

    Args:
        settings: they name the server.
        database: of the market.
        encoder: the one the market runs on.

    Returns:
        The names of the collections deleted.

    Raises:
        Unavailable: the server cannot be reached.
    """
    uri, token, prefix = settings.milvus_uri, settings.milvus_token, settings.milvus_prefix
    kept = collections_under(
        database, prefix, encoder_key=encoder.key, lexicon_version=_shipped_lexicon().version
    )
    try:
        ours = list_prefixes(uri, token=token, begin=collections_of(database, prefix))
        others = [one for one in ours if one != kept]
        return [name for one in others for name in drop_collections(uri, token=token, prefix=one)]
    except EngineUnavailable as error:
        raise unavailable() from error


def _make_local_copy(
    settings: Settings, database: Database, reranker: Reranker | None, encoder: Encoder
) -> Copy:
    return IndexCopy(
        database,
        encoder,
        folder=settings.data_dir / "index",
        lexicon=_shipped_lexicon(),
        reranker=reranker,
        snapshot_every=settings.snapshot_every,
    )


def _make_shared_copy(
    settings: Settings, database: Database, reranker: Reranker | None, encoder: Encoder
) -> Copy:
    lexicon = _shipped_lexicon()

    def connect(prefix: str) -> MilvusEngine:
        return MilvusEngine(
            encoder,
            settings.milvus_uri,
            token=settings.milvus_token,
            prefix=prefix,
            lexicon=lexicon,
            reranker=reranker,
        )

    def remove(begin: str, kind: Kind, keys: Sequence[str]) -> None:
        remove_everywhere(settings.milvus_uri, token=settings.milvus_token, begin=begin, kind=kind, keys=keys)

    return SharedCopy(
        database,
        encoder,
        connect=connect,
        remove_everywhere=remove,
        prefix=settings.milvus_prefix,
        lexicon_version=lexicon.version,
    )
