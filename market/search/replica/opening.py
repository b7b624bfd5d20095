"""Putting a replica together from the settings."""

from __future__ import annotations

from functools import cache

from market.db import Database
from market.search.replica.encoders import open_live_encoder, open_recorded
from market.search.replica.live import Replica
from market.settings import Settings
from matching.encoder import Encoder
from matching.lexicon import Lexicon
from matching.reranker import CrossEncoderReranker


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
    return Replica(
        database,
        open_live_encoder(settings, database, encoder),
        folder=settings.data_dir / "index",
        lexicon=_shipped_lexicon(),
        reranker=CrossEncoderReranker(settings.reranker) if settings.reranker else None,
        snapshot_every=settings.snapshot_every,
        load=lambda record: open_recorded(record, settings),
    )
