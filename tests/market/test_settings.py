"""Settings come from `MARKET_` variables; a fault names its variable."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from datetime import date
from pathlib import Path
from shutil import which

import pytest

from market.settings import Settings, SettingsError


def test_defaults_need_no_variable() -> None:
    settings = Settings.from_env({})
    folder = Path(".market").absolute()
    assert settings == Settings(database_url=f"sqlite:///{folder / 'market.db'}", data_dir=folder)


def test_every_field_is_read_from_its_own_variable(tmp_path: Path) -> None:
    settings = Settings.from_env(
        {
            "MARKET_DATABASE_URL": "postgresql+psycopg://db/market",
            "MARKET_DATA_DIR": str(tmp_path),
            "MARKET_ENCODER": "BAAI/bge-base-zh-v1.5",
            "MARKET_ENCODER_REVISION": "f03589ceff5aac7111bd60cfc7d497ca17ecac65",
            "MARKET_ENCODER_QUERY_PROMPT": "query: ",
            "MARKET_ENCODER_DOCUMENT_PROMPT": "passage: ",
            "MARKET_RERANKER": "/models/reader",
            "MARKET_ENGINE": "milvus",
            "MARKET_MILVUS_URI": "https://milvus:19530",
            "MARKET_MILVUS_TOKEN": "market:secret",
            "MARKET_MILVUS_PREFIX": "city_2026",
            "MARKET_RATE_LIMIT_STORAGE": "redis://cache:6379",
            "MARKET_LOGIN_LIMIT": "3 per minute",
            "MARKET_TOKEN_DAYS": "7",
            "MARKET_LOG_JSON": "true",
            "MARKET_TRUSTED_PROXIES": "1",
            "MARKET_SNAPSHOT_EVERY": "10",
            "MARKET_DOCUMENTS_DIR": str(tmp_path / "papers"),
            "MARKET_MAX_DOCUMENT_BYTES": "65536",
            "MARKET_SCAN_COMMAND": "true",
            "MARKET_PUBLIC_URL": "https://market.example/",
            "MARKET_SAMPLE_DAY": "2025-06-10",
        }
    )
    assert settings == Settings(
        database_url="postgresql+psycopg://db/market",
        data_dir=tmp_path,
        encoder="BAAI/bge-base-zh-v1.5",
        encoder_revision="f03589ceff5aac7111bd60cfc7d497ca17ecac65",
        encoder_query_prompt="query: ",
        encoder_document_prompt="passage: ",
        reranker="/models/reader",
        engine="milvus",
        milvus_uri="https://milvus:19530",
        milvus_token="market:secret",
        milvus_prefix="city_2026",
        rate_limit_storage="redis://cache:6379",
        login_limit="3 per minute",
        token_days=7,
        log_json=True,
        trusted_proxies=1,
        snapshot_every=10,
        documents_dir=tmp_path / "papers",
        max_document_bytes=65536,
        scan_command=which("true"),
        public_url="https://market.example",
        sample_day=date(2025, 6, 10),
    )
    plain = Settings.from_env({})
    same = [
        field.name
        for field in fields(Settings)
        if getattr(plain, field.name) == getattr(settings, field.name)
    ]
    assert same == []
    assert "secret" not in repr(settings)


def test_database_follows_the_data_folder(tmp_path: Path) -> None:
    settings = Settings.from_env({"MARKET_DATA_DIR": str(tmp_path)})
    assert settings.database_url == f"sqlite:///{tmp_path / 'market.db'}"


def test_papers_lie_in_the_data_folder_unless_told_otherwise(tmp_path: Path) -> None:
    settings = Settings.from_env({"MARKET_DATA_DIR": str(tmp_path)})
    assert settings.document_folder == tmp_path / "documents"


def test_empty_value_means_none_given() -> None:
    names = ("", "_REVISION", "_QUERY_PROMPT", "_DOCUMENT_PROMPT")
    settings = Settings.from_env({**{f"MARKET_ENCODER{name}": "" for name in names}, "MARKET_SAMPLE_DAY": ""})
    assert settings.encoder is settings.encoder_revision is None
    assert settings.encoder_query_prompt is settings.encoder_document_prompt is None
    assert settings.reranker is None
    assert settings.sample_day is None


@pytest.mark.parametrize(
    ("raw", "value"),
    [("1", True), ("YES", True), (" true ", True), ("0", False), ("no", False), ("False", False)],
)
def test_flag_is_read(raw: str, value: bool) -> None:
    assert Settings.from_env({"MARKET_LOG_JSON": raw}).log_json is value


@pytest.mark.parametrize(
    ("name", "raw", "words"),
    [
        ("MARKET_TOKEN_DAYS", "soon", "must be an integer"),
        ("MARKET_TOKEN_DAYS", "", "must be an integer"),
        ("MARKET_TOKEN_DAYS", "0", "must lie between 1 and 366"),
        ("MARKET_TOKEN_DAYS", "367", "must lie between 1 and 366"),
        ("MARKET_SNAPSHOT_EVERY", "1.5", "must be an integer"),
        ("MARKET_TRUSTED_PROXIES", "-1", "must lie between 0 and 10"),
        ("MARKET_SNAPSHOT_EVERY", "-1", "must lie between"),
        ("MARKET_LOG_JSON", "perhaps", "must be one of"),
        ("MARKET_MAX_DOCUMENT_BYTES", "100", "must lie between"),
        ("MARKET_SCAN_COMMAND", "no-such-scanner", "must name a program"),
        ("MARKET_PUBLIC_URL", "market.example", "must be http"),
        ("MARKET_SAMPLE_DAY", "10.6.2025", "must be an ISO 8601 date"),
        ("MARKET_ENGINE", "faiss", "must be 'local' or 'milvus'"),
        ("MARKET_ENGINE", "", "must be 'local' or 'milvus'"),
        ("MARKET_MILVUS_PREFIX", "", "must be up to 64 letters"),
        ("MARKET_MILVUS_PREFIX", "city-2026", "must be up to 64 letters"),
    ],
)
def test_fault_names_the_variable(name: str, raw: str, words: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} {words}"):
        Settings.from_env({name: raw})


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"MARKET_MILVUS_URI": ""}, "MARKET_MILVUS_URI must be http"),
        ({"MARKET_MILVUS_URI": "index.db"}, "MARKET_MILVUS_URI must be http"),
        ({"MARKET_MILVUS_URI": "http://"}, "MARKET_MILVUS_URI must be http"),
        ({"MARKET_MILVUS_URI": "http://market:secret@milvus"}, "MARKET_MILVUS_URI must hold no password"),
        ({"MARKET_DATABASE_URL": "sqlite:///market.db"}, "MARKET_DATABASE_URL must name a PostgreSQL"),
    ],
)
def test_a_server_of_documents_needs_an_address_and_postgresql(changed: dict[str, str], words: str) -> None:
    good = {
        "MARKET_ENGINE": "milvus",
        "MARKET_MILVUS_URI": "http://milvus",
        "MARKET_DATABASE_URL": "postgresql+psycopg://db/market",
    }
    assert Settings.from_env(good).engine == "milvus"
    with pytest.raises(SettingsError, match=words) as caught:
        Settings.from_env(good | changed)
    assert "secret" not in str(caught.value)
    without_database = {name: value for name, value in good.items() if name != "MARKET_DATABASE_URL"}
    with pytest.raises(SettingsError, match="PostgreSQL"):
        Settings.from_env(without_database)


def test_a_server_of_documents_needs_its_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("market.settings.find_spec", lambda name: None)
    with pytest.raises(SettingsError, match="extra 'milvus'"):
        Settings.from_env(
            {
                "MARKET_ENGINE": "milvus",
                "MARKET_MILVUS_URI": "http://milvus",
                "MARKET_DATABASE_URL": "postgresql+psycopg://db/market",
            }
        )


def test_settings_cannot_be_changed() -> None:
    settings = Settings.from_env({})
    with pytest.raises(FrozenInstanceError):
        settings.token_days = 1  # type: ignore[misc]
