"""Which model a process runs: that of its settings in a new market, else the one the market runs on."""

from __future__ import annotations

import shutil
from collections.abc import MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from market.clock import china_day
from market.db import Database
from market.search import queries
from market.search.models import IndexEncoder
from market.search.replica import make_replica, open_encoder, open_live_encoder
from market.search.replica.encoders import open_recorded
from market.search.service import switch_encoder
from market.settings import Settings
from matching.encoder import SHIPPED_MODEL, EncoderMissing, load_encoder
from tests.factories import NOW
from tests.market.search.factories import ENCODER, record
from tests.matching.tiny_model import save_tiny_transformer

SAMPLE_DAY = NOW.date()


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_transformer(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def shipped(settings: Settings) -> Settings:
    """Settings that name no model."""
    return replace(settings, sample_day=SAMPLE_DAY)


@pytest.fixture
def tiny(shipped: Settings, tiny_folder: Path) -> Settings:
    """Settings that name a transformer and its prompts."""
    return replace(
        shipped, encoder=str(tiny_folder), encoder_query_prompt="ask: ", encoder_document_prompt="doc: "
    )


def recorded(database: Database) -> IndexEncoder:
    with database.reading() as session:
        row = queries.recorded_encoder(session)
    assert row is not None
    return row


def warnings_of(logs: list[MutableMapping[str, Any]]) -> list[MutableMapping[str, Any]]:
    return [entry for entry in logs if entry["log_level"] == "warning"]


def test_a_new_market_takes_the_model_of_the_settings(
    database: Database, tiny: Settings, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiny_folder.parent)
    near = replace(tiny, encoder="tiny")
    with capture_logs() as logs:
        encoder = open_live_encoder(near, database)
    assert warnings_of(logs) == []
    row = recorded(database)
    assert row.name == str(tiny_folder)  # whole, since others start elsewhere
    assert (row.query_prompt, row.document_prompt, row.revision) == ("ask: ", "doc: ", None)
    assert row.key == encoder.key == open_encoder(tiny).key
    assert row.key != load_encoder(tiny_folder).key
    assert china_day(row.switched_at) == SAMPLE_DAY


def test_the_shipped_model_is_recorded_without_a_place(database: Database, shipped: Settings) -> None:
    encoder = open_live_encoder(shipped, database)
    row = recorded(database)
    assert row.name is None
    assert row.key == encoder.key == load_encoder(SHIPPED_MODEL).key


def test_settings_that_name_another_model_are_warned_of_and_the_market_keeps_its_own(
    database: Database, shipped: Settings, tiny: Settings
) -> None:
    first = open_live_encoder(shipped, database)
    with capture_logs() as logs:
        assert open_live_encoder(tiny, database).key == first.key
    (warning,) = warnings_of(logs)
    assert (warning["live"], warning["settings"]) == (first.key, open_encoder(tiny).key)
    assert "market index reencode" in warning["hint"]
    assert recorded(database).key == first.key
    replica = make_replica(tiny, database, open_encoder(tiny))
    assert replica.encoder.key == first.key
    replica.close()


def test_prompts_of_the_market_are_used_whatever_the_settings_say(
    database: Database, tiny: Settings, tiny_folder: Path
) -> None:
    first = open_live_encoder(tiny, database)
    bare = replace(tiny, encoder_query_prompt=None, encoder_document_prompt=None)
    assert open_encoder(bare).key != first.key
    encoder = open_live_encoder(bare, database)
    assert encoder.key == first.key
    assert encoder.encode_queries(["abc"]) == pytest.approx(first.encode_queries(["abc"]))


def test_the_same_model_in_another_folder_is_the_same_model(
    database: Database, tiny: Settings, tmp_path: Path
) -> None:
    source = shutil.copytree(str(tiny.encoder), tmp_path / "there" / "tiny")
    open_live_encoder(replace(tiny, encoder=str(source)), database)
    with capture_logs() as logs:
        encoder = open_live_encoder(tiny, database)
    assert warnings_of(logs) == []
    shutil.rmtree(source)
    row = recorded(database)
    assert open_recorded(row, tiny).key == encoder.key  # as when a switch names a folder of another host
    with pytest.raises(EncoderMissing, match="market index reencode"):
        open_recorded(row)


def test_a_market_whose_model_is_not_here_is_not_opened_with_another(
    database: Database, shipped: Settings
) -> None:
    record(database, ENCODER)
    with pytest.raises(EncoderMissing, match=r"hashing-64.*本机没有.*market index reencode"):
        open_live_encoder(shipped, database)
    assert recorded(database).key == ENCODER.key


def test_a_model_whose_files_changed_is_another_model(
    database: Database, tiny: Settings, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(str(tiny.encoder), tmp_path / "tiny"))
    settings = replace(tiny, encoder=str(folder))
    old = open_live_encoder(settings, database)
    (folder / "notes.txt").write_text("changed", encoding="utf-8")
    with pytest.raises(EncoderMissing, match=r"market index reencode") as caught:
        open_live_encoder(settings, database)
    assert old.key in str(caught.value)
    assert open_encoder(settings).key in str(caught.value)


def test_a_missing_model_in_the_settings_is_refused_before_anything_is_recorded(
    database: Database, shipped: Settings
) -> None:
    with pytest.raises(EncoderMissing, match="no/model"):
        open_live_encoder(replace(shipped, encoder="no/model"), database)
    with database.reading() as session:
        assert queries.recorded_encoder(session) is None


def test_the_model_of_a_switch_is_opened_by_what_the_database_records(
    database: Database, shipped: Settings, tiny: Settings
) -> None:
    from market.search.replica import describe

    open_live_encoder(shipped, database)
    target = open_encoder(tiny)
    with database.transaction() as session:
        switch_encoder(session, target, describe(tiny, target, now=NOW))
    assert recorded(database).switched_at == NOW
    assert open_recorded(recorded(database)).key == target.key
    assert open_live_encoder(shipped, database).key == target.key
