"""A market that has its best candidates read again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from market.db import Database
from market.search.replica import make_replica
from market.settings import Settings
from matching.encoder import EncoderMissing
from matching.scoring import RERANKER
from matching.types import Kind, Query
from tests.market.search.factories import ENCODER, make_document, put_all
from tests.matching.test_reranker import save_tiny_cross_encoder


def test_the_reranker_of_the_settings_reads_what_was_found(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    put_all(database, make_document(1, kind=Kind.ACHIEVEMENT))
    reading = replace(settings, reranker=str(save_tiny_cross_encoder(tmp_path / "tiny")))
    replica = make_replica(reading, database, ENCODER).open()
    ranking = replica.search(Query("染布废水含盐", "", Kind.ACHIEVEMENT))
    replica.close()
    assert [hit.parts[-1].name for hit in ranking.hits] == [RERANKER]
    assert ranking.reranker == "tiny"


def test_a_reranker_that_is_not_on_this_machine_stops_the_start(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(EncoderMissing, match="reranker"):
        make_replica(replace(settings, reranker=str(tmp_path / "none")), database, ENCODER)
