"""How fast the market answers match requests over HTTP: gunicorn, two workers, a full market.

    python -m bench.serving --listings 100000 --seconds 20

Fills a SQLite database with listings made by `bench/engine.py`, writes a snapshot of the index, starts
gunicorn as `make serve` does, and asks `GET /api/v1/needs/{id}/matches` as a broker, over connections
kept open, from processes on the same machine: they take their share of its cores. Every answer is
checked to hold ten hits.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert
from sqlalchemy.orm import Session
from stdnum.cn import uscc

from bench.engine import TODAY, Generator, percentiles, timed
from market import migrations
from market.accounts import service as accounts
from market.accounts.rules import OPERATOR, OrganisationKind
from market.clock import SystemClock
from market.db import Database
from market.listings.models import Achievement, Listing, Need
from market.listings.rules import ListingKind, Status
from market.search.models import ListingVector, SearchDocument
from market.search.replica import open_encoder, open_replica
from market.settings import Settings
from matching.encoder import Encoder
from matching.lexicon import Lexicon
from matching.types import Document, Kind
from seed.loaders import load_reference

NEEDS = 300
PASSWORD = "bench-only-password"  # noqa: S105  # of a throw-away database
BATCH = 2000
NOW = datetime(2026, 6, 30, 1, tzinfo=UTC)


def fill(database: Database, encoder: Encoder, listings: int) -> None:
    """Put a broker, needs and achievements into an empty database, past the services for speed."""
    migrations.upgrade(database.engine)
    with database.transaction() as session:
        load_reference(session)
        owner = _organisation(session, OrganisationKind.UNIVERSITY, "91320000000000001")
        asker = _organisation(session, OrganisationKind.ENTERPRISE, "91320000000000002")
        agency = _organisation(session, OrganisationKind.AGENCY, "91320000000000003")
        form = {
            "login": "broker",
            "name": "压测",
            "password": PASSWORD,
            "role": "broker",
            "organisation_id": agency,
        }
        accounts.create_user(session, OPERATOR, form=form, now=NOW)
    lexicon = Lexicon.load()
    asking = Generator(lexicon, seed=2)
    needs = (_as_need(asking) for _ in range(NEEDS))
    _insert(database, Need, ListingKind.NEED, needs, owner=asker, first=1, encoder=None)
    documents = Generator(lexicon, seed=1).documents(listings)
    _insert(
        database,
        Achievement,
        ListingKind.ACHIEVEMENT,
        documents,
        owner=owner,
        first=NEEDS + 1,
        encoder=encoder,
    )


def _organisation(session: Session, kind: OrganisationKind, head: str) -> int:
    form = {
        "kind": kind,
        "name": f"压测{head[-2:]}",
        "uscc": head + uscc.calc_check_digit(head),
        "region_code": "320281",
    }
    return accounts.register_organisation(session, OPERATOR, form=form, now=NOW).id


def _as_need(asking: Generator) -> Document:
    query = asking.query()
    return Document("0", Kind.NEED, query.title, query.body, query.facets)


def _insert(
    database: Database,
    model: type[Need] | type[Achievement],
    kind: ListingKind,
    documents: Iterable[Document],
    *,
    owner: int,
    first: int,
    encoder: Encoder | None,
) -> None:
    number = first
    for batch in _batches(documents):
        common, own, found = [], [], []
        for document in batch:
            common.append(_listing(number, kind, document, owner))
            own.append(_own(number, kind, document))
            facets = document.facets.to_json() | {"organisation": str(owner)}
            found.append(
                {
                    "kind": Kind(kind.value),
                    "record_id": number,
                    "title": document.title,
                    "body": document.body,
                    "facets": facets,
                }
            )
            number += 1
        with database.transaction() as session:
            session.execute(insert(Listing.__table__), common)
            session.execute(insert(model.__table__), own)
            if encoder is None:
                continue
            session.execute(insert(SearchDocument), found)
            vectors = encoder.encode([document.text for document in batch])
            rows = [
                {
                    "kind": row["kind"],
                    "record_id": row["record_id"],
                    "encoder": encoder.key,
                    "vector": vector.astype("<f4").tobytes(),
                }
                for row, vector in zip(found, vectors, strict=True)
            ]
            session.execute(insert(ListingVector), rows)


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    rest = iter(documents)
    while batch := list(islice(rest, BATCH)):
        yield batch


def _listing(number: int, kind: ListingKind, document: Document, owner: int) -> dict[str, Any]:
    return {
        "id": number,
        "kind": kind,
        "organisation_id": owner,
        "title": document.title,
        "body": document.body,
        "tech_field": document.facets.tech_field,
        "keywords": [],
        "indicators": [],
        "region_code": "320281",
        "status": Status.PUBLISHED,
        "expires_on": TODAY + timedelta(days=365),
        "published_at": NOW,
        "created_at": NOW,
        "updated_at": NOW,
        "version": 1,
    }


def _own(number: int, kind: ListingKind, document: Document) -> dict[str, Any]:
    facets = document.facets
    if kind is ListingKind.NEED:
        return {
            "id": number,
            "cooperation_modes": [],
            "budget_fen": facets.budget_fen,
            "min_trl": facets.min_trl,
            "validation": "open",
        }
    return {
        "id": number,
        "transfer_modes": [],
        "ip": [],
        "completers": [],
        "trl": facets.trl,
        "price_fen": facets.price_fen,
    }


def ask(port: int, token: str, seconds: float, seed: int) -> tuple[list[float], int]:
    """Ask one question after the other; return the times of the answers and the number of failures."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Bearer {token}"}
    order = np.random.default_rng(seed).integers(1, NEEDS + 1, size=100_000)
    times, failures = [], 0
    end = time.perf_counter() + seconds
    for need in order:
        start = time.perf_counter()
        if start > end:
            break
        connection.request("GET", f"/api/v1/needs/{need}/matches?k=10", headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        times.append(time.perf_counter() - start)
        failures += answer.status != 200 or len(json.loads(body)["hits"]) != 10
    connection.close()
    return times, failures


def load_test(port: int, token: str, *, clients: int, seconds: float) -> dict[str, Any]:
    """Ask from several processes at once."""
    with multiprocessing.get_context("spawn").Pool(clients) as pool:
        start = time.perf_counter()
        results = pool.starmap(ask, [(port, token, seconds, seed) for seed in range(clients)])
        elapsed = time.perf_counter() - start
    times = [one for result, _ in results for one in result]
    return {
        "clients": clients,
        "requests": len(times),
        "failures": sum(failures for _, failures in results),
        # The pool's start is not the server's time.
        "requests_per_s": round(len(times) / min(elapsed, seconds), 1),
        **percentiles(times),
    }


def serve(settings: Settings, workers: int) -> tuple[subprocess.Popen[bytes], int, float]:
    """Start gunicorn; return it, its port, and the seconds until it answered."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = os.environ | {
        "MARKET_DATABASE_URL": settings.database_url,
        "MARKET_DATA_DIR": str(settings.data_dir),
        "MARKET_SAMPLE_DAY": TODAY.isoformat(),
    }
    command = [sys.executable, "-m", "gunicorn", "wsgi:app", "--worker-class", "gthread", "--threads", "4"]
    command += ["--workers", str(workers), "--bind", f"127.0.0.1:{port}", "--timeout", "300"]
    start = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", "/health")
            connection.getresponse().read()
            return process, port, time.perf_counter() - start
        except OSError:
            if process.poll() is not None:
                raise SystemExit("gunicorn did not start") from None
            time.sleep(0.1)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure everything and return the report."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings(database_url=f"sqlite:///{folder / 'market.db'}", data_dir=folder)
        database = Database(settings.database_url)
        encoder = open_encoder(settings)
        fill_seconds = timed(lambda: fill(database, encoder, arguments.listings))
        build_seconds = timed(lambda: open_replica(settings, database, encoder).close())
        reopen_seconds = timed(lambda: open_replica(settings, database, encoder).close())
        with database.transaction() as session:
            token, _ = accounts.issue_token(
                session, login="broker", password=PASSWORD, name="bench", days=1, now=SystemClock().now()
            )
        database.dispose()
        process, port, start_seconds = serve(settings, arguments.workers)
        try:
            load_test(port, token, clients=4, seconds=3)  # both workers have caught up and are warm
            loads = [
                load_test(port, token, clients=clients, seconds=arguments.seconds)
                for clients in arguments.clients
            ]
        finally:
            process.terminate()
            process.wait()
    return {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "encoder": encoder.key,
        "listings": arguments.listings,
        "workers": arguments.workers,
        "fill_s": round(fill_seconds, 1),
        "build_index_from_database_s": round(build_seconds, 1),
        "open_replica_from_snapshot_s": round(reopen_seconds, 2),
        "server_start_s": round(start_seconds, 1),
        "loads": loads,
    }


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description="match requests over HTTP")
    parser.add_argument("--listings", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 2, 4, 8])
    print(json.dumps(run(parser.parse_args()), indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
