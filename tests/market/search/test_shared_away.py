"""What a market does while its Milvus server is away, over HTTP and at the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask
import grpc
import pytest
from click.testing import CliRunner, Result
from structlog.testing import capture_logs

from market.accounts.rules import OrganisationKind
from market.app import create_app
from market.cli import Context, cli
from market.clock import FixedClock
from market.db import Database
from market.listings import service as listings
from market.listings.rules import ListingKind
from market.search.access import current_replica
from market.settings import Settings
from tests import factories
from tests.conftest import BACKENDS, NOW, prepared_database_url
from tests.market.search.factories import ENCODER
from tests.market.search.test_concurrency import until
from tests.matching.milvus_server import milvus_server

pytestmark = pytest.mark.skipif("postgresql" not in BACKENDS, reason="a shared index needs PostgreSQL")

TEXT = "高盐废水电渗析脱盐"


class Milvus:
    """A server that can be stopped and started at the same address."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder / "milvus.db")
        self._running: tuple[grpc.Server, Any] | None = None
        self._port = 0
        self.start()

    @property
    def url(self) -> str:
        """Address of the server."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it."""
        from milvus_lite.adapter.grpc.server import start_server_in_thread

        server, documents, self._port = start_server_in_thread(self._folder, port=self._port)
        self._running = server, documents

    def stop(self) -> None:
        """Stop it; twice does no harm."""
        if self._running is not None:
            server, documents = self._running
            server.stop(grace=0).wait()
            documents.close()
            self._running = None


@pytest.fixture
def milvus(tmp_path: Path) -> Iterator[Milvus]:
    with milvus_server(tmp_path):  # loads the server's dictionary, whose warnings are none of ours
        pass
    server = Milvus(tmp_path)
    yield server
    server.stop()


class Market:
    """A market over HTTP and at the command line."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings, self.database = settings, database
        with database.transaction() as session:
            self.owner = factories.make_actor(session, OrganisationKind.UNIVERSITY)
            self.broker = factories.make_actor(session, OrganisationKind.AGENCY)
            assert self.broker.user_id is not None
            token = factories.make_token(session, self.broker.user_id)
        self._headers = {"Authorization": f"Bearer {token}"}
        self.app = self.start()

    def start(self) -> flask.Flask:
        """Return the app of one more process, which tries again at once after a failure."""
        app = create_app(self.settings, database=self.database, clock=FixedClock(NOW), encoder=ENCODER)
        with app.app_context():
            current_replica()._copy._pause = 0  # type: ignore[attr-defined]
        return app

    def submit(self) -> int:
        """Return the id of an achievement that waits for its review."""
        with self.database.transaction() as session:
            form = {"title": TEXT, "body": "以电渗析浓缩盐分，淡水回用。", "tech_field": "07"}
            kind = ListingKind.ACHIEVEMENT
            listing = listings.create_listing(session, self.owner, kind, form=form, now=NOW)
            listings.submit_listing(session, self.owner, kind, listing.id, now=NOW)
            return listing.id

    def publish(self, listing_id: int) -> Any:
        """Publish it over HTTP."""
        return self.app.test_client().post(
            f"/api/v1/achievements/{listing_id}/reviews", headers=self._headers, json={"decision": "publish"}
        )

    def search(self, app: flask.Flask | None = None) -> Any:
        """Search over HTTP."""
        client = (app or self.app).test_client()
        return client.post("/api/v1/searches", headers=self._headers, json={"text": TEXT})

    def found(self) -> list[int]:
        """Return the ids of what is found."""
        return [hit["listing"]["id"] for hit in self.search().json["hits"]]

    def run(self, *words: str) -> Result:
        """Run a command in a process of its own."""
        context = Context(self.settings, clock=FixedClock(NOW))
        context.__dict__["encoder"] = ENCODER
        try:
            return CliRunner().invoke(cli, list(words), obj=context)
        finally:
            context.database.dispose()


@pytest.fixture
def market(milvus: Milvus, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Market]:
    database = Database(prepared_database_url("postgresql", tmp_path, request))
    settings = Settings(
        database_url=database.url,
        data_dir=tmp_path,
        login_limit="1000 per minute",
        engine="milvus",
        milvus_uri=milvus.url,
        milvus_token="market:secret",
    )
    yield Market(settings, database)
    database.dispose()


def test_a_market_goes_on_without_its_server_and_searches_again_when_it_is_back(
    market: Market, milvus: Milvus
) -> None:
    first, second = market.submit(), market.submit()
    assert market.publish(first).status_code == 200
    assert market.found() == [first]
    milvus.stop()
    with capture_logs() as logs:
        answer = market.search()
        assert (answer.status_code, answer.json["code"]) == (503, "engine-unavailable")
        assert answer.json["detail"] == "检索服务暂不可用，请稍后再试。"
        assert answer.headers["Retry-After"]
        published = market.publish(second)  # the deed does not depend on the server
        assert published.status_code == 200, published.json
        assert market.search(market.start()).status_code == 503  # a process starts without it as well
        assert market.run("index", "verify").exit_code == 1
    events = [entry["event"] for entry in logs]
    assert {"index.engine_unavailable", "index.work_postponed"} <= set(events)
    codes = {entry["code"] for entry in logs if entry["event"] == "index.engine_unavailable"}
    assert codes <= {"UNAVAILABLE", "2"}  # gRPC's name where it was the one to fail, else the client's number
    assert TEXT not in str(logs)
    assert "secret" not in str(logs)
    milvus.start()
    until(lambda: market.search().status_code == 200)
    assert sorted(market.found()) == [first, second]
    assert market.run("index", "verify").exit_code == 0


def test_the_commands_work_with_the_server_and_say_when_it_is_away(market: Market, milvus: Milvus) -> None:
    assert market.publish(market.submit()).status_code == 200
    rebuilt = market.run("index", "rebuild")
    assert "索引共 1 条" in rebuilt.output, rebuilt.output
    assert "索引与数据库一致" in market.run("index", "verify").output
    status = market.run("index", "status").output
    assert "引擎：milvus" in status
    assert "进度：1 / 1" in status
    assert "achievement：索引 1 条，数据库 1 条" in status
    assert "已删除 0 个集合" in market.run("index", "prune").output
    milvus.stop()
    for words in (("rebuild",), ("verify",), ("status",), ("prune",)):
        refused = market.run("index", *words)
        assert refused.exit_code == 1
        assert "检索服务暂不可用，请稍后再试。（engine-unavailable）" in refused.output


def test_pruning_is_refused_where_the_index_is_local(tmp_path: Path) -> None:
    context = Context(Settings(database_url="sqlite://", data_dir=tmp_path), clock=FixedClock(NOW))
    refused = CliRunner().invoke(cli, ["index", "prune"], obj=context)
    assert refused.exit_code == 1
    assert "MARKET_ENGINE=milvus" in refused.output
