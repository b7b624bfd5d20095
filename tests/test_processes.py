"""Two real gunicorn workers on one database."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from market.accounts.rules import OrganisationKind
from market.db import Database
from market.listings import service as listings
from market.listings.rules import Action, ListingKind
from matching.encoder import HashingEncoder
from tests import factories
from tests.conftest import NOW

TEXT = "高盐废水电渗析脱盐"


class Server:
    """A running gunicorn and a way to talk to it."""

    def __init__(self, port: int, token: str) -> None:
        self._base = f"http://127.0.0.1:{port}"
        self._token = token

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, str, Any]:
        """Return status, worker and body of one request, each on a connection of its own."""
        request = urllib.request.Request(
            self._base + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
                "Connection": "close",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers["X-Worker"], json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers["X-Worker"], json.load(error)

    def found(self) -> tuple[str, set[int]]:
        """Search; return the worker and the ids of the listings it found."""
        status, worker, body = self.call("POST", "/api/v1/searches", {"text": TEXT})
        assert status == 200, body
        return worker, {hit["listing"]["id"] for hit in body["hits"]}

    def ask_both(self) -> dict[str, set[int]]:
        """Search until two workers have answered; return what each found last."""
        answers: dict[str, set[int]] = {}
        for _ in range(400):
            worker, ids = self.found()
            answers[worker] = ids
            if len(answers) == 2:
                return answers
        raise AssertionError("only one worker answered")


@pytest.fixture
def market(own_database: Database) -> tuple[str, int]:
    """Publish one achievement; return its owner's token and its id."""
    with own_database.transaction() as session:
        owner = factories.make_actor(session, OrganisationKind.UNIVERSITY)
        broker = factories.make_actor(session, OrganisationKind.AGENCY)
        form = {"title": TEXT, "body": "以电渗析浓缩盐分，淡水回用。", "tech_field": "07"}
        listing = listings.create_listing(session, owner, ListingKind.ACHIEVEMENT, form=form, now=NOW)
        listings.submit_listing(session, owner, ListingKind.ACHIEVEMENT, listing.id, now=NOW)
        listings.review_listing(
            session,
            broker,
            ListingKind.ACHIEVEMENT,
            listing.id,
            decision=Action.PUBLISH,
            note=None,
            encoder=HashingEncoder(dim=64),
            now=NOW,
        )
        assert owner.user_id is not None
        return factories.make_token(session, owner.user_id), listing.id


@pytest.fixture
def server(own_database: Database, market: tuple[str, int], tmp_path: Path) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "MARKET_DATABASE_URL": own_database.url,
        "MARKET_DATA_DIR": str(tmp_path / "data"),
        "MARKET_SAMPLE_DAY": NOW.date().isoformat(),
    }
    log = (tmp_path / "gunicorn.log").open("wb")
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "tests.process_app:build()"),
            *("--worker-class", "gthread", "--workers", "2", "--threads", "2"),
            *("--bind", f"127.0.0.1:{port}"),
        ],
        env=environment,
        stdout=log,
        stderr=log,
        cwd=Path(__file__).parent.parent,
    )
    server = Server(port, market[0])
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                server.call("GET", "/health")
                break
            except OSError:
                assert process.poll() is None, (tmp_path / "gunicorn.log").read_text()
                assert time.monotonic() < deadline, (tmp_path / "gunicorn.log").read_text()
                time.sleep(0.1)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


def test_a_withdrawn_listing_is_gone_from_the_next_answer_of_every_worker(
    server: Server, market: tuple[str, int]
) -> None:
    listing_id = market[1]
    assert all(listing_id in ids for ids in server.ask_both().values())
    status, withdrawn_by, body = server.call(
        "POST", f"/api/v1/achievements/{listing_id}/withdrawals", {"note": "已独占许可"}
    )
    assert status == 200, body
    answers: dict[str, set[int]] = {}
    while len(answers) < 2:
        worker, ids = server.found()
        answers.setdefault(worker, ids)  # the first answer of each worker counts
    assert withdrawn_by in answers
    assert all(listing_id not in ids for ids in answers.values())
