"""Registrations per second through the service: the last step, on contracts that are ready for it.

    python -m bench.registrations --json registrations.json
    python -m bench.registrations --contracts 400 --only postgresql

On PostgreSQL eight client processes register at once, on SQLite one, with the ledger and its counters and
without them; at many stations of a province, and, as the worst case, all at one. Afterwards contracts,
ledger, counters and flows are compared.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from bench.databases import machine, own_postgresql, percentiles, prepare
from market.accounts.models import Organisation, User
from market.accounts.queries import actor_of
from market.accounts.rules import OrganisationKind, OrganisationStatus, Role
from market.contracts import service
from market.contracts.ledger import Ledger, NoLedger
from market.contracts.models import Contract, ContractEvent, ContractParty, StationDuty
from market.contracts.rules import Action, Duty, Status
from market.db import Database
from market.turnover.ledger import TurnoverLedger
from market.turnover.service import verify

NOW = datetime(2025, 6, 10, 2, 0, tzinfo=UTC)
PROVINCE = (
    *("320102", "320104", "320105", "320106", "320111", "320113", "320114", "320115", "320281", "320282"),
    *("320205", "320206", "320211", "320213", "320305", "320402", "320404", "320411", "320412", "320413"),
    *("320505", "320506", "320507", "320508", "320509", "320581", "320582", "320583", "320585", "320602"),
)
ELSEWHERE = ("110108", "310115", "330106", "340104", "440305", None)
TYPES = (("FW", 55), ("KF", 30), ("ZR", 6), ("XK", 4), ("ZX", 5))
FIELDS = tuple(f"{number:02d}" for number in range(1, 12))
NATURES = ("150", "160", "170", "0211", "0221", "310")

WARM_UP = 20
"""Registrations of each client that are not timed: they compile and prepare the statements."""


@dataclass(frozen=True)
class Job:
    """What one client does."""

    url: str
    contracts: Sequence[tuple[int, int]]
    ledger: bool


def prepare_contracts(database: Database, *, count: int, stations: int) -> list[tuple[int, int, int]]:
    """Insert contracts that wait for approval; return contract, station and approving user of each."""
    dice = random.Random(7)
    with database.transaction() as session:
        posts = [_station(session, number) for number in range(stations)]
        made = []
        for number in range(count):
            # A few stations take most of a province's contracts.
            station, user, examiner = posts[min(int(dice.paretovariate(1.1)) - 1, stations - 1)]
            buyer = dice.choice(PROVINCE) if dice.random() < 0.6 else dice.choice(ELSEWHERE)
            contract = Contract(
                status=Status.IN_REVIEW,
                station=station,
                seller=_party(station.region_code, number, dice),
                buyer=_party(buyer, number, dice),
                acceptance_no=f"B{number:09d}",
                rule_version="2021",
                project_name=f"测量用技术项目{number}",
                type_code=dice.choices([code for code, _ in TYPES], [share for _, share in TYPES])[0],
                signed_on=date(2025, 5, 20),
                tech_field=dice.choice(FIELDS),
                ip_kind=dice.choice(("10", "21", "30", "90")),
                plan_source=dice.choice(("10", "40", "90", "90")),
                total_amount_fen=dice.randint(1_000_000, 400_000_00),
                tech_amount_fen=1_000_000,
                payment_mode="instalments",
                submitted_on=date(2025, 6, 1),
                accepted_on=date(2025, 6, 3),
                created_at=NOW,
            )
            session.add(contract)
            made.append((contract, station, user, examiner))
        session.flush()
        session.add_all(
            ContractEvent(
                contract_id=contract.id,
                action=Action.EXAMINE,
                source=Status.ACCEPTED,
                target=Status.IN_REVIEW,
                actor_id=examiner.id,
                at=NOW,
            )
            for contract, _, _, examiner in made
        )
        session.flush()
        return [(contract.id, station.id, user.id) for contract, station, user, _ in made]


def _station(session: Session, number: int) -> tuple[Organisation, User, User]:
    station = Organisation(
        kind=OrganisationKind.STATION,
        name=f"测量用登记站{number}",
        region_code=PROVINCE[number % len(PROVINCE)],
        status=OrganisationStatus.VERIFIED,
        created_at=NOW,
    )
    users = [
        User(
            login=f"bench{number}-{part}",
            name="登记员",
            password_hash="!",  # noqa: S106 - opens nothing
            role=Role.REGISTRAR,
            organisation=station,
            created_at=NOW,
        )
        for part in ("a", "b")
    ]
    session.add_all(users)
    session.flush()
    session.add_all(
        StationDuty(station_id=station.id, user=user, duty=duty, valid_from=date(2020, 1, 1), granted_at=NOW)
        for user in users
        for duty in Duty
    )
    return station, users[0], users[1]


def _party(region: str | None, number: int, dice: random.Random) -> ContractParty:
    return ContractParty(
        name=f"测量用单位{number % 3000}",
        nature_code=dice.choice(NATURES),
        country_code="276" if region is None else "156",
        region_code=region,
    )


def run(url: str, *, contracts: list[tuple[int, int, int]], clients: int, ledger: bool) -> dict[str, Any]:
    """Register all contracts by so many processes at once; return the rate and the time each took."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(clients + 1)
    results = context.Queue()
    users = {user for _, _, user in contracts}
    jobs = [
        Job(url, [(one, user) for one, _, user in contracts[part::clients]], ledger)
        for part in range(clients)
    ]
    workers = [context.Process(target=_work, args=(job, barrier, results)) for job in jobs]
    for worker in workers:
        worker.start()
    barrier.wait()
    begun = time.perf_counter()
    found = [results.get() for _ in workers]
    seconds = time.perf_counter() - begun
    for worker in workers:
        worker.join()
    times = [one for times, _, _ in found for one in times]
    return {
        "clients": clients,
        "stations": len(users),
        "registrations": len(times),
        "ledger": ledger,
        "per_second": round(len(times) / seconds, 1),
        "retries": sum(retries for _, retries, _ in found),
        "client_cpu_ms": round(sum(cpu for _, _, cpu in found) * 1000 / len(times), 2),
        **percentiles(times),
    }


def _work(job: Job, barrier: Barrier, results: Any) -> None:
    database = Database(job.url)
    ledger: Ledger = TurnoverLedger() if job.ledger else NoLedger()
    with database.reading() as session:
        wanted = sorted({user for _, user in job.contracts})
        actors = {number: actor_of(session.get_one(User, number)) for number in wanted}
    times, retries = [], 0

    def register(contract: int, user: int) -> int:
        again = 0
        while True:
            try:
                with database.transaction() as session:
                    service.approve_contract(session, actors[user], contract, ledger=ledger, now=NOW)
                return again
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", None) not in {"40001", "40P01"}:
                    raise
                again += 1

    for contract, user in job.contracts[:WARM_UP]:
        register(contract, user)
    barrier.wait()
    used = time.process_time()
    for contract, user in job.contracts[WARM_UP:]:
        begun = time.perf_counter()
        retries += register(contract, user)
        times.append((time.perf_counter() - begun) * 1000)
    results.put((times, retries, time.process_time() - used))
    database.dispose()


def measure(url: str, options: argparse.Namespace, *, clients: int) -> list[dict[str, Any]]:
    """Measure one database: many stations and one, with the ledger and without."""
    cases = []
    for stations in (options.stations, 1):
        for ledger in (True, False):
            database = prepare(_fresh(url))
            contracts = prepare_contracts(database, count=options.contracts, stations=stations)
            case = run(database.url, contracts=contracts, clients=clients, ledger=ledger)
            if ledger:
                with database.reading() as session:
                    report = verify(session)
                assert report.agrees, report.first and report.first.text
            database.dispose()
            cases.append({"backend": database.engine.dialect.name, **case})
            print(json.dumps(cases[-1]), file=sys.stderr, flush=True)
    return cases


def _fresh(url: str) -> str:
    """Return the URL of an empty database beside this one."""
    name = f"bench{time.time_ns()}"
    if url.startswith("sqlite"):
        return f"{url}/{name}.db"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return engine.url.set(database=name).render_as_string(hide_password=False)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser("python -m bench.registrations", description="registrations per second")
    parser.add_argument("--contracts", type=int, default=4000, help="in each case")
    parser.add_argument("--stations", type=int, default=30, help="of the realistic case")
    parser.add_argument("--clients", type=int, default=8, help="processes on PostgreSQL")
    parser.add_argument("--only", choices=["postgresql", "sqlite"])
    parser.add_argument("--work", type=Path, help="folder for the databases; default: the temporary one")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the measurements there")
    options = parser.parse_args()
    cases: list[dict[str, Any]] = []
    if options.only != "sqlite":
        with own_postgresql(options.work) as url:
            cases += measure(url, options, clients=options.clients)
    if options.only != "postgresql":
        with tempfile.TemporaryDirectory(prefix="registrations", dir=options.work) as folder:
            cases += measure(f"sqlite:///{folder}", options, clients=1)
    report = json.dumps({"machine": machine(), "cases": cases}, ensure_ascii=False, indent=1)
    if options.json:
        options.json.write_text(report + "\n", encoding="utf-8")
    print(report)


if __name__ == "__main__":
    main()
