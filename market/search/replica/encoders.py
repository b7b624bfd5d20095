"""Which model a process runs: the one its settings name, or the one the market runs on."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import structlog

from market.clock import clock_of
from market.db import Database
from market.search import queries
from market.search.models import IndexEncoder
from market.search.service import record_encoder
from market.settings import Settings
from matching.encoder import Encoder, EncoderMissing, SentenceTransformerEncoder, load_encoder

log = structlog.get_logger()


def open_encoder(settings: Settings) -> Encoder:
    """Load the model named in the settings, or the shipped one.

    Raises:
        EncoderMissing: it is not on this machine.
    """
    return load_encoder(
        settings.encoder,
        revision=settings.encoder_revision,
        query_prompt=settings.encoder_query_prompt,
        document_prompt=settings.encoder_document_prompt,
    )


def open_live_encoder(settings: Settings, database: Database, chosen: Encoder | None = None) -> Encoder:
    """Load the model this market runs on. A new market takes the one of the settings.

    Args:
        settings: of this process.
        database: of the market.
        chosen: the settings' model where it is already open.

    Raises:
        EncoderMissing: the settings' model or the market's is not on this machine.
    """
    chosen = chosen or open_encoder(settings)
    with database.reading() as session:
        record = queries.recorded_encoder(session)
    if record is None:
        now = clock_of(settings.sample_day).now()
        with database.transaction() as session:
            record = record_encoder(session, describe(settings, chosen, now=now))
    if record.key == chosen.key:
        return chosen
    log.warning(
        "index.other_encoder",
        live=record.key,
        settings=chosen.key,
        hint="MARKET_ENCODER names another model; run `market index reencode` to switch to it",
    )
    return open_recorded(record)


def open_recorded(record: IndexEncoder, settings: Settings | None = None) -> Encoder:
    """Load the model that a database records.

    Args:
        record: of the database.
        settings: of this process; the same model may lie in another folder here, which they name.

    Raises:
        EncoderMissing: it is not on this machine, or its files are others by now.
    """
    found: Encoder | None = None
    missing: EncoderMissing | None = None
    try:
        found = load_encoder(
            record.name,
            revision=record.revision,
            query_prompt=record.query_prompt,
            document_prompt=record.document_prompt,
        )
    except EncoderMissing as error:
        missing = error
    if settings is not None and (found is None or found.key != record.key):
        found = open_encoder(settings)
    if found is not None and found.key == record.key:
        return found
    raise EncoderMissing(
        f"市场现用模型 {record.key}，{f'本机的是 {found.key}' if found is not None else '本机没有'}。"
        "请把该模型装到本机；或运行 market index reencode，把市场换到 MARKET_ENCODER 所指的模型。"
    ) from missing


def describe(settings: Settings, encoder: Encoder, *, now: datetime) -> IndexEncoder:
    """Return the row by which other processes open the settings' model, `encoder`."""
    name = settings.encoder
    return IndexEncoder(
        id=1,
        name=str(Path(name).resolve()) if name and Path(name).is_dir() else name,
        # The commit found, so that a branch that moves on changes nothing.
        revision=encoder.commit if isinstance(encoder, SentenceTransformerEncoder) else None,
        query_prompt=settings.encoder_query_prompt,
        document_prompt=settings.encoder_document_prompt,
        key=encoder.key,
        switched_at=now,
    )
