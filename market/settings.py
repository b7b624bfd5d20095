"""Settings of one running market, read once from the environment.

Every variable starts with `MARKET_`. Nothing else in the package reads the environment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from urllib.parse import urlsplit

from limits import parse_many

MAX_REQUEST_BYTES = 32 * 1024 * 1024
"""Largest body of a request."""


class SettingsError(Exception):
    """A variable is missing or cannot be read; the message names it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How this process runs.

    Attributes:
        database_url: SQLAlchemy URL; SQLite for one machine, `postgresql+psycopg://` for a city.
        data_dir: folder for index snapshots and reports.
        encoder: hub name or folder of a sentence-transformers model; None means the shipped one.
        encoder_revision: commit, tag or branch of a hub model; None takes what the local cache calls main.
        encoder_query_prompt: put before every question; None takes the model's own prompt.
        encoder_document_prompt: put before every listing; None takes the model's own prompt.
        reranker: name or path of a CrossEncoder that reads the best candidates again; None does without.
        engine: `local` keeps the index in every process, `milvus` on one server for all.
        milvus_uri: `http://…` or `https://…` of that server.
        milvus_token: `user:password` or an API key; empty for a server without accounts. Never shown.
        milvus_prefix: of the names of this market's collections.
        rate_limit_storage: where login attempts are counted; `memory://` counts per process.
        login_limit: attempts per address and login name, in Flask-Limiter's notation.
        token_days: life of a new access token, in days.
        log_json: True writes JSON lines, False text for people.
        trusted_proxies: reverse proxies in front of this process; only their word on the caller's
            address is taken.
        snapshot_every: changes a replica applies before it writes a new snapshot.
        documents_dir: folder for the papers handed in; never inside a folder that a web server shows.
            None means `documents` in the data folder.
        max_document_bytes: size from which a paper is refused.
        scan_command: program run with the path of every paper handed in; exit code 0 means clean, 1
            infected. None takes papers unscanned, and says so on record.
        public_url: where readers outside reach this market, for the codes on certificates; empty prints
            the code alone.
        sample_day: the day the clock shows, for the sample market alone; None for the real one.
    """

    database_url: str
    data_dir: Path
    encoder: str | None = None
    encoder_revision: str | None = None
    encoder_query_prompt: str | None = None
    encoder_document_prompt: str | None = None
    reranker: str | None = None
    engine: str = "local"
    milvus_uri: str = ""
    milvus_token: str = field(default="", repr=False)
    milvus_prefix: str = "market"
    rate_limit_storage: str = "memory://"
    login_limit: str = "10 per minute"
    token_days: int = 30
    log_json: bool = False
    trusted_proxies: int = 0
    snapshot_every: int = 2000
    documents_dir: Path | None = None
    max_document_bytes: int = 20 * 1024 * 1024
    scan_command: str | None = None
    public_url: str = ""
    sample_day: date | None = None

    @property
    def document_folder(self) -> Path:
        """Where papers lie."""
        return self.documents_dir or self.data_dir / "documents"

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Read the settings.

        Raises:
            SettingsError: a value is missing where there is no default, or unreadable.
        """
        data_dir = Path(env.get("MARKET_DATA_DIR", ".market")).absolute()
        database_url = env.get("MARKET_DATABASE_URL", f"sqlite:///{data_dir / 'market.db'}")
        return cls(
            database_url=database_url,
            data_dir=data_dir,
            encoder=env.get("MARKET_ENCODER") or None,
            encoder_revision=env.get("MARKET_ENCODER_REVISION") or None,
            # Not stripped: a blank at the end of a prompt is a part of it.
            encoder_query_prompt=env.get("MARKET_ENCODER_QUERY_PROMPT") or None,
            encoder_document_prompt=env.get("MARKET_ENCODER_DOCUMENT_PROMPT") or None,
            reranker=env.get("MARKET_RERANKER") or None,
            engine=_engine(env, database_url),
            milvus_uri=env.get("MARKET_MILVUS_URI", ""),
            milvus_token=env.get("MARKET_MILVUS_TOKEN", ""),
            milvus_prefix=_prefix(env, "MARKET_MILVUS_PREFIX", "market"),
            rate_limit_storage=env.get("MARKET_RATE_LIMIT_STORAGE", "memory://"),
            login_limit=_limit(env, "MARKET_LOGIN_LIMIT", "10 per minute"),
            token_days=_integer(env, "MARKET_TOKEN_DAYS", 30, low=1, high=366),
            log_json=_flag(env, "MARKET_LOG_JSON", default=False),
            trusted_proxies=_integer(env, "MARKET_TRUSTED_PROXIES", 0, low=0, high=10),
            snapshot_every=_integer(env, "MARKET_SNAPSHOT_EVERY", 2000, low=1, high=10_000_000),
            documents_dir=_folder(env, "MARKET_DOCUMENTS_DIR"),
            max_document_bytes=_integer(
                env, "MARKET_MAX_DOCUMENT_BYTES", 20 * 1024 * 1024, low=1024, high=MAX_REQUEST_BYTES - 65536
            ),
            scan_command=_program(env, "MARKET_SCAN_COMMAND"),
            public_url=_url(env, "MARKET_PUBLIC_URL"),
            sample_day=_day(env, "MARKET_SAMPLE_DAY"),
        )


def _engine(env: Mapping[str, str], database_url: str) -> str:
    """Return which engine is wanted, after checking that it can work at all."""
    engine = env.get("MARKET_ENGINE", "local")
    if engine not in {"local", "milvus"}:
        raise SettingsError(f"MARKET_ENGINE must be 'local' or 'milvus', not {engine!r}")
    if engine == "local":
        return engine
    uri = urlsplit(env.get("MARKET_MILVUS_URI", ""))
    if uri.scheme not in {"http", "https"} or not uri.hostname:
        raise SettingsError("MARKET_MILVUS_URI must be http://… or https://… with MARKET_ENGINE=milvus")
    if "@" in uri.netloc:
        raise SettingsError("MARKET_MILVUS_URI must hold no password; it belongs in MARKET_MILVUS_TOKEN")
    if database_url.startswith("sqlite"):
        raise SettingsError("MARKET_DATABASE_URL must name a PostgreSQL with MARKET_ENGINE=milvus")
    if find_spec("pymilvus") is None:
        raise SettingsError("MARKET_ENGINE=milvus needs the package pymilvus: install the extra 'milvus'")
    return engine


def _prefix(env: Mapping[str, str], name: str, default: str) -> str:
    raw = env.get(name, default)
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,63}", raw):
        raise SettingsError(f"{name} must be up to 64 letters, digits and underscores, not {raw!r}")
    return raw


def _integer(env: Mapping[str, str], name: str, default: int, *, low: int, high: int) -> int:
    raw = env.get(name)
    if raw is None:
        return default
    try:
        value = int(raw)
    except ValueError:
        raise SettingsError(f"{name} must be an integer, not {raw!r}") from None
    if not low <= value <= high:
        raise SettingsError(f"{name} must lie between {low} and {high}, not {value}")
    return value


def _limit(env: Mapping[str, str], name: str, default: str) -> str:
    raw = env.get(name, default)
    try:
        # Flask-Limiter would only log a fault, and then limit nothing.
        parse_many(raw)
    except ValueError:
        raise SettingsError(f"{name} must be a limit such as '10 per minute', not {raw!r}") from None
    return raw


def _folder(env: Mapping[str, str], name: str) -> Path | None:
    raw = env.get(name)
    return Path(raw).absolute() if raw else None


def _program(env: Mapping[str, str], name: str) -> str | None:
    """Return a program that is there: a scanner that is missing must stop the start, not every upload."""
    raw = env.get(name)
    if not raw:
        return None
    found = which(raw)
    if found is None:
        raise SettingsError(f"{name} must name a program that can be run, not {raw!r}")
    return found


def _url(env: Mapping[str, str], name: str) -> str:
    raw = env.get(name, "").rstrip("/")
    if raw and (urlsplit(raw).scheme not in {"http", "https"} or not urlsplit(raw).hostname):
        raise SettingsError(f"{name} must be http://… or https://…, not {raw!r}")
    return raw


def _day(env: Mapping[str, str], name: str) -> date | None:
    raw = env.get(name)
    if not raw:
        return None
    try:
        return date.fromisoformat(raw)
    except ValueError:
        raise SettingsError(f"{name} must be an ISO 8601 date, not {raw!r}") from None


def _flag(env: Mapping[str, str], name: str, *, default: bool) -> bool:
    raw = env.get(name)
    if raw is None:
        return default
    known = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    try:
        return known[raw.strip().lower()]
    except KeyError:
        raise SettingsError(f"{name} must be one of {sorted(known)}, not {raw!r}") from None
