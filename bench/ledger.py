"""Figures over a ledger of ten million lines: from the counters, and by GROUP BY over the same lines.

    python -m bench.ledger --lines 10000000 --json ledger.json

The lines are invented: provinces by about their share of the national turnover, heavy-tailed amounts, a peak
in December, growing years from 2019 to 2025, one contract in a hundred changed later. A few thousand parties
and some hundred stations are written from here, the lines are drawn by the
server itself, which is faster than to send them. Counters come from
`rebuild_counters`; `verify` is timed on the whole.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import accumulate
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from bench.databases import machine, own_postgresql, percentiles, prepare
from market.accounts.models import Organisation
from market.accounts.rules import OrganisationKind, OrganisationStatus
from market.contracts.models import ContractParty
from market.db import Database
from market.reference.models import Region
from market.reference.rules import NATION_CODE, RegionLevel
from market.turnover.models import TurnoverCounter, TurnoverFlow
from market.turnover.queries.figures import figure
from market.turnover.queries.flows import flows
from market.turnover.queries.scopes import Scope, get_area
from market.turnover.rules import (
    OF_TIME,
    Direction,
    GroupBy,
    Measure,
    PartnerLevel,
    Period,
    parse_period,
    plan_period,
)
from market.turnover.service import rebuild_counters, verify

# ruff: noqa: S608 - statements are put together from constants of this module alone

TODAY = date(2026, 1, 15)
LATER = datetime(2027, 1, 1, tzinfo=UTC)
SERVER = {
    "shared_buffers": "2GB",
    "work_mem": "256MB",
    "maintenance_work_mem": "1GB",
    "max_wal_size": "16GB",
    "random_page_cost": "1.1",
    "jit": "off",
}
SHARES = {
    **{"110000": 14, "440000": 9, "420000": 8, "310000": 8, "320000": 8, "370000": 7, "330000": 7},
    **{"340000": 6, "610000": 6, "510000": 4, "430000": 6, "120000": 3, "220000": 1, "230000": 1},
    **{"210000": 2, "130000": 3, "410000": 2, "360000": 2, "350000": 1, "500000": 2, "450000": 1},
}
"""Percent of the nation's turnover, about as in recent yearly bulletins; other provinces share the rest."""
MONTHS = (5, 4, 7, 7, 7, 10, 7, 7, 9, 8, 10, 19)
YEARS = (5, 6, 8, 10, 12, 14, 15)
CODES: dict[str, dict[str, float]] = {
    "type_code": {"FW": 55, "KF": 30, "ZR": 6, "XK": 4, "ZX": 5},
    "tech_field": {f"{number:02d}": 40 / number for number in range(1, 12)},
    "ip_kind": {"90": 55, "10": 22, "21": 8, "22": 5, "30": 8, "50": 1, "40": 1},
    "plan_source": {"90": 80, "10": 4, "11": 2, "20": 3, "30": 6, "40": 5},
}
NATURES = ("150", "150", "150", "160", "170", "0211", "0221", "0221", "110", "310", "210", "0141")


def fill(database: Database, *, lines: int, parties: int, stations: int) -> None:
    """Write parties, stations and contracts with their lines; constraints are not checked on the way."""
    dice = random.Random(5)
    with database.transaction() as session:
        counties = session.scalars(
            select(Region.code).where(Region.level == RegionLevel.COUNTY, Region.valid_to.is_(None))
        ).all()
        by_province: dict[str, list[str]] = {}
        for code in counties:
            by_province.setdefault(f"{code[:2]}0000", []).append(code)
        weights = [SHARES.get(province, 0.6) for province in by_province]
        homes = sorted(dice.choices(list(by_province), weights, k=parties))
        rows = [
            ContractParty(
                name=f"测量用单位{number}",
                nature_code=dice.choice(NATURES),
                country_code="156",
                region_code=_county(by_province[home], dice),
            )
            for number, home in enumerate(homes)
        ]
        session.add_all(rows)
        posts = [
            Organisation(
                kind=OrganisationKind.STATION,
                name=f"测量用登记站{number}",
                region_code=_county(by_province[home], dice),
                status=OrganisationStatus.VERIFIED,
                created_at=LATER,
            )
            for number, home in enumerate([*by_province, *dice.choices(homes, k=stations)])
        ]
        session.add_all(posts)
        session.flush()
        session.execute(text(_PEOPLE.format(parties=parties)))
        # The last party is abroad; it buys and never sells.
        session.add(ContractParty(name="Overseas", nature_code="930", country_code="276", region_code=None))
        session.flush()
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET session_replication_role = replica"))
        connection.execute(text("SELECT setseed(0.5)"))
        months = [year * month for year in YEARS for month in MONTHS]
        values = {"lines": lines, "months": _cumulated(months)}
        values |= {f"cum_{name}": _cumulated(list(codes.values())) for name, codes in CODES.items()}
        values |= {f"of_{name}": list(codes) for name, codes in CODES.items()}
        for statement, given in ((_DRAW, values), (_ENTRIES, {}), (_CHANGES, {}), (_CONTRACTS, {})):
            _timed(
                statement.split("\n")[1].strip()[:40],
                lambda s=statement, g=given: connection.execute(text(s), g),
            )
        for table in ("turnover_entries", "contracts"):
            last = f"SELECT max(id) FROM {table}"
            connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), ({last}))"))


def _county(counties: Sequence[str], dice: random.Random) -> str:
    """Return a county; the first few of a province have most."""
    return counties[min(int(dice.paretovariate(0.8)) - 1, len(counties) - 1)]


def _cumulated(weights: Sequence[float]) -> list[float]:
    """Return where each share ends, the last one left out, so that a bucket's number is an index."""
    whole = sum(weights)
    return [part / whole for part in accumulate(weights)][:-1]


def _timed(name: str, work: Callable[[], Any]) -> tuple[Any, float]:
    begun = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - begun
    print(f"{name}: {seconds:.1f} s", file=sys.stderr, flush=True)
    return result, round(seconds, 1)


SLOTS = 200_000
_PEOPLE = f"""
CREATE UNLOGGED TABLE bench_slots AS
WITH ranked AS (
    SELECT id, region_code, nature_code, substr(region_code, 1, 2) AS province,
           1.0 / row_number() OVER (PARTITION BY substr(region_code, 1, 2) ORDER BY id) AS weight,
           count(*) OVER (PARTITION BY substr(region_code, 1, 2)) AS share
    FROM contract_parties WHERE region_code IS NOT NULL
), levelled AS (
    SELECT *, share * weight / sum(weight) OVER (PARTITION BY province) AS chance FROM ranked
), slots AS (
    SELECT levelled.*, row_number() OVER (ORDER BY province, id) AS slot
    FROM levelled, generate_series(1, greatest(1, round({SLOTS} * chance / {{parties}}))::int)
)
SELECT slot::int, id, region_code, nature_code, province, min(slot) OVER (PARTITION BY province) AS low,
       count(*) OVER (PARTITION BY province) AS width, count(*) OVER () AS slots
FROM slots
"""
"""Each party has slots by its chance to sell or buy, those of a province side by side."""
_DRAW = """
CREATE UNLOGGED TABLE bench_draws AS
WITH posts AS (
    SELECT substr(region_code, 1, 2) AS province, array_agg(id ORDER BY id) AS ids FROM organisations
    WHERE kind = 'station' GROUP BY 1
), dice AS MATERIALIZED (
    SELECT i, 1 + floor(random() * (SELECT max(slots) FROM bench_slots))::int AS slot, random() AS far,
           random() AS other, random() AS post, random() AS technical, 1 + floor(random() * 28)::int AS day,
           exp(12.6 + 2.1 * sqrt(-2 * ln(1 - random())) * cos(6.2831853 * random())) AS yuan,
           width_bucket(i / (:lines + 1.0)::float8, CAST(:months AS float8[])) AS month, {codes}
    FROM generate_series(1, :lines) AS i
), sold AS (
    SELECT dice.*, s.id AS seller_id, s.region_code AS seller_region, s.nature_code AS seller_nature,
           s.province, CASE WHEN far < 0.58 THEN s.low + floor(other * s.width)::int
                            ELSE 1 + floor(other * s.slots)::int END AS bought
    FROM dice JOIN bench_slots AS s USING (slot)
)
SELECT i, seller_id, seller_region, seller_nature,
       CASE WHEN far < 0.03 THEN (SELECT id FROM contract_parties WHERE region_code IS NULL) ELSE b.id END
       AS buyer_id,
       CASE WHEN far < 0.03 THEN NULL ELSE b.region_code END AS buyer_region,
       CASE WHEN far < 0.03 THEN '930' ELSE b.nature_code END AS buyer_nature,
       CASE WHEN far < 0.03 THEN 'foreign' ELSE 'domestic' END AS reach,
       p.ids[1 + floor(post * post * array_length(p.ids, 1))::int] AS station_id,
       least(floor(yuan * 100), 1e13)::bigint AS total_fen,
       floor(least(yuan * 100, 1e13) * (0.4 + 0.6 * technical))::bigint AS tech_fen,
       make_date(2019 + month / 12, 1 + month % 12, day) AS day, {names}
FROM sold JOIN bench_slots AS b ON b.slot = bought JOIN posts AS p ON p.province = sold.province
""".format(
    codes=", ".join(
        f"(CAST(:of_{name} AS varchar[]))"
        f"[width_bucket(random(), CAST(:cum_{name} AS float8[])) + 1] AS {name}"
        for name in CODES
    ),
    names=", ".join(CODES),
)
_COLUMNS = """contract_id, contract_version, line, reverses_id, count, total_fen, tech_fen, effective_on,
recorded_at, station_id, station_region, station_park, seller_region, seller_park, buyer_region, buyer_park,
seller_nature, buyer_nature, type_code, subtype_code, tech_field, ip_kind, plan_source, reach"""
_ENTRIES = f"""
INSERT INTO turnover_entries (id, {_COLUMNS})
SELECT i, i, 1, 'registration', NULL, 1, total_fen, tech_fen, day, day + time '10:00', station_id,
       o.region_code, NULL, seller_region, NULL, buyer_region, NULL, seller_nature, buyer_nature, type_code,
       NULL, tech_field, ip_kind, plan_source, reach
FROM bench_draws JOIN organisations AS o ON o.id = station_id ORDER BY i
"""
_CHANGES = f"""
INSERT INTO turnover_entries (id, {_COLUMNS})
SELECT (SELECT max(id) FROM turnover_entries) + 2 * (e.id / 100) + part, contract_id, 2,
       CASE part WHEN 0 THEN 'reversal' ELSE 'change' END, CASE part WHEN 0 THEN e.id END, 2 * part - 1,
       CASE part WHEN 0 THEN -total_fen ELSE total_fen + 100 END,
       CASE part WHEN 0 THEN -tech_fen ELSE tech_fen END, effective_on, recorded_at + interval '30 days',
       station_id, station_region, station_park, seller_region, seller_park, buyer_region, buyer_park,
       seller_nature, buyer_nature, type_code, subtype_code, tech_field, ip_kind, plan_source, reach
FROM turnover_entries AS e, (VALUES (0), (1)) AS parts (part) WHERE e.id % 100 = 0
"""
_CONTRACTS = """
INSERT INTO contracts (id, status, station_id, applicant, project_name, type_code, seller_id, buyer_id,
    signed_on, tech_field, ip_kind, plan_source, total_amount_fen, tech_amount_fen, amount_is_estimate,
    payment_mode, currency, related_party, abroad, confirmed, disputed, experts_called, registered_on,
    created_at, version)
SELECT i, 'registered', station_id, 'seller', '测量用技术项目' || i, type_code, seller_id, buyer_id, day,
       tech_field, ip_kind, plan_source, total_fen + CASE WHEN i % 100 = 0 THEN 100 ELSE 0 END, tech_fen,
       false, 'instalments', 'CNY', false, reach = 'foreign', '[]', false, false, day, day + time '09:00', 1
FROM bench_draws
"""


@dataclass(frozen=True)
class Question:
    """One figure to be asked for; `flow` instead of groups where technology's way is meant."""

    name: str
    measure: Measure
    region: str
    period: Period
    group_by: GroupBy
    flow: Direction | None = None


def questions(session: Session, count: int) -> list[Question]:
    """Return a mix: counties, prefectures, provinces and the nation, all periods, groups and measures."""
    dice = random.Random(9)
    regions: dict[str, list[str]] = {}
    statement = select(TurnoverCounter.area).where(
        TurnoverCounter.area_kind == "region", TurnoverCounter.dimension == "type"
    )
    for code in sorted(set(session.scalars(statement.distinct()))):
        regions.setdefault("county", []).append(code)
        regions.setdefault("prefecture", []).append(f"{code[:4]}00")
        regions.setdefault("province", []).append(f"{code[:2]}0000")
    known = set(session.scalars(select(Region.code)))
    parents = set(session.scalars(select(Region.parent_code).distinct()))
    regions = {level: sorted(set(codes) & known) for level, codes in regions.items()}
    regions["nation"] = [NATION_CODE]
    periods = [parse_period(one) for one in ("2025-11", "2025-Q4", "2025-H1", "2024", "2025")]
    plan = plan_period(date(2021, 1, 1), date(2025, 12, 31), today=TODAY)
    groups = [one for one in GroupBy if one is not GroupBy.PARK]
    asked = []
    for _ in range(count):
        level = dice.choices(["county", "prefecture", "province", "nation"], [45, 30, 20, 5])[0]
        period = dice.choice([*periods, plan])
        assert period is not None
        group_by = dice.choice(groups)
        region = dice.choice(regions[level])
        if group_by is GroupBy.REGION and region not in parents:
            group_by = GroupBy.NONE
        # Who registered for an area's sellers or buyers is in no counter; it is a question for the ledger.
        measure = Measure.REGISTERED if group_by is GroupBy.STATION else dice.choice(list(Measure))
        flow = None
        if dice.random() < 0.08:
            flow = Direction.MATRIX if level == "nation" else dice.choice([Direction.OUT, Direction.IN])
        name = f"{level} {'flows' if flow else 'time' if group_by in OF_TIME else group_by.value}"
        asked.append(Question(name, measure, region, period, group_by, flow))
    return asked


def ask(session: Session, question: Question, *, known_at: datetime | None = None) -> Any:
    """Answer from counters, or, as of a moment, from the ledger; return what can be compared."""
    area = get_area(session, region=question.region, park=None)
    if question.flow is not None:
        found = flows(
            session,
            area,
            question.period,
            direction=question.flow,
            level=PartnerLevel.PROVINCE,
            known_at=known_at,
        )
        return replace(found, known_at=None, source=None)  # type: ignore[arg-type]
    scope = Scope(measure=question.measure, area=area, period=question.period, known_at=known_at)
    answer = figure(session, scope, group_by=question.group_by, today=TODAY)
    return answer.sums, answer.groups, answer.year_on_year, answer.period_on_period


def measure(database: Database, asked: Sequence[Question], *, known_at: datetime | None) -> dict[str, Any]:
    """Ask every question, each in a session of its own as a request has it; return times and answers."""
    times: dict[str, list[float]] = {}
    answers = []
    for question in asked:
        begun = time.perf_counter()
        with database.reading() as session:
            answers.append(ask(session, question, known_at=known_at))
        times.setdefault(question.name, []).append((time.perf_counter() - begun) * 1000)
    return {
        "all": percentiles([one for part in times.values() for one in part]),
        "questions": {
            name: {"asked": len(part), **percentiles(part)} for name, part in sorted(times.items())
        },
        "answers": answers,
    }


def run(url: str, options: argparse.Namespace) -> dict[str, Any]:
    """Fill, count, ask and verify."""
    database = prepare(url)
    _, fill_seconds = _timed("fill", lambda: _fill(database, options))

    def rebuild() -> int:
        with database.transaction() as session:
            return rebuild_counters(session)

    rows, rebuild_seconds = _timed("rebuild", rebuild)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    with database.reading() as session:
        report, verify_seconds = _timed("verify", lambda: verify(session))
        assert report.agrees, report.first and report.first.text
        kept = {
            model.__tablename__: session.scalar(select(func.count()).select_from(model))
            for model in (TurnoverCounter, TurnoverFlow)
        }
        asked = questions(session, options.questions)
    measure(database, asked[: options.questions // 5], known_at=None)  # warm caches, as a running server has
    counters = measure(database, asked, known_at=None)
    few = asked[: options.ledger_questions]
    ledger = measure(database, few, known_at=LATER)
    same = sum(
        ours == theirs for ours, theirs in zip(counters.pop("answers"), ledger.pop("answers"), strict=False)
    )
    assert same == len(few), f"{len(few) - same} answers differ"
    return {
        "lines": options.lines,
        "rows": kept,
        "fill_s": fill_seconds,
        "rebuild_s": rebuild_seconds,
        "rebuilt": rows,
        "verify_s": verify_seconds,
        "verified_cells": report.cells,
        "counters": counters,
        "ledger": ledger,
        "answers_compared": same,
    }


def _fill(database: Database, options: argparse.Namespace) -> None:
    fill(database, lines=options.lines, parties=options.parties, stations=options.stations)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser("python -m bench.ledger", description="figures over a large ledger")
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--parties", type=int, default=4000)
    parser.add_argument("--stations", type=int, default=300)
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--ledger-questions", type=int, default=60, help="also asked of the lines themselves")
    parser.add_argument("--work", type=Path, help="folder for the database; default: the temporary one")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the measurements there")
    options = parser.parse_args()
    with own_postgresql(options.work, SERVER) as url:
        report = {"machine": machine(), **run(url, options)}
    written = json.dumps(report, ensure_ascii=False, indent=1)
    if options.json:
        options.json.write_text(written + "\n", encoding="utf-8")
    print(written)


if __name__ == "__main__":
    main()
