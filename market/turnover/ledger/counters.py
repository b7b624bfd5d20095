"""Adding to counters and flows.

Their rows are shared with every other registration of the area, and stay locked from the moment they are
touched until the transaction ends: so they go last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from market.turnover.ledger.cells import Cell, FlowCell, Values, codes_of, flow_cells_of, places_of
from market.turnover.rules import month_start


def move_counters(session: Session, lines: Sequence[Values]) -> None:
    """Add written lines to every counter and flow they touch, each once; the transaction's last statements.

    The database adds, so nothing is lost between reading and writing; the rows go in one order, so
    two postings that touch the same counters wait for each other instead of deadlocking.
    """
    connection = session.connection()
    if len(lines) == 1 and connection.dialect.name == "postgresql":
        _move_by_one(connection, lines[0])
        return
    cells: defaultdict[Any, list[int]] = defaultdict(lambda: [0, 0, 0])
    flows: defaultdict[Any, list[int]] = defaultdict(lambda: [0, 0, 0])
    for line in lines:
        change = line["count"], line["total_fen"], line["tech_fen"]
        month = month_start(line["effective_on"])
        codes = codes_of(line)
        for measure, kind, area in places_of(line):
            head = measure.value, kind.value
            for dimension, code in codes:
                _add(cells[(*head, dimension, area, month, code)], change)
        for flow in flow_cells_of(line):
            _add(flows[flow], change)
    add_to_counters(session, cells, flows)


def _move_by_one(connection: Connection, line: Values) -> None:
    """Add one line, which touches every cell once: the database itself pairs its places with its codes."""
    measures, kinds, areas = zip(*places_of(line), strict=True)
    dimensions, codes = zip(*codes_of(line), strict=True)
    levels, from_areas, to_areas, months = zip(*flow_cells_of(line), strict=True)
    connection.exec_driver_sql(
        _MOVE_BY_ONE,
        {
            "measures": list(measures),
            "kinds": list(kinds),
            "areas": list(areas),
            "dimensions": list(dimensions),
            "codes": list(codes),
            "levels": list(levels),
            "from_areas": list(from_areas),
            "to_areas": list(to_areas),
            "month": months[0],  # all of them count in the month of the line
            "deals": line["count"],
            "total_fen": line["total_fen"],
            "tech_fen": line["tech_fen"],
        },
    )


def _add(sums: list[int], change: tuple[int, int, int]) -> None:
    sums[0] += change[0]
    sums[1] += change[1]
    sums[2] += change[2]


def add_to_counters(
    session: Session,
    cells: Mapping[Cell, Sequence[int]],
    flows: Mapping[FlowCell, Sequence[int]],
) -> None:
    """Add (deals, total, tech) to counters and flows in sorted order, making those not there yet."""
    statements = STATEMENTS[session.get_bind().dialect.name]
    books: tuple[Mapping[Any, Sequence[int]], ...] = (cells, flows)
    for statement, sums in zip(statements, books, strict=True):
        rows = [(*key, *change) for key, change in sorted(sums.items()) if any(change)]
        if not rows:
            continue
        connection = session.connection()
        if connection.dialect.name == "postgresql":
            # One array per column: one statement of constant text, which the server keeps prepared.
            connection.exec_driver_sql(statement, tuple(map(list, zip(*rows, strict=True))))
        else:
            plain = [tuple(v.isoformat() if isinstance(v, date) else v for v in row) for row in rows]
            connection.exec_driver_sql(statement, plain)


_CONFLICT = """
ON CONFLICT ({key}) DO UPDATE SET
    deals = {table}.deals + excluded.deals,
    total_fen = {table}.total_fen + excluded.total_fen,
    tech_fen = {table}.tech_fen + excluded.tech_fen
"""


def _upserts(table: str, fields: tuple[str, ...]) -> dict[str, str]:
    key = ", ".join(fields)
    head = f"INSERT INTO {table} ({key}, deals, total_fen, tech_fen) "
    tail = _CONFLICT.format(table=table, key=key)
    types = ["date" if name == "month" else "varchar" for name in fields] + ["integer", "bigint", "bigint"]
    arrays = ", ".join(f"%s::{kind}[]" for kind in types)
    marks = ", ".join("?" * len(types))
    return {
        "sqlite": f"{head}VALUES ({marks}){tail}",
        "postgresql": f"{head}SELECT * FROM unnest({arrays}){tail}",  # noqa: S608 - names of this module
    }


_OF_COUNTERS = _upserts("turnover_counters", Cell._fields)
_OF_FLOWS = _upserts("turnover_flows", FlowCell._fields)
STATEMENTS = {name: (_OF_COUNTERS[name], _OF_FLOWS[name]) for name in ("sqlite", "postgresql")}
"""By database: how counters and flows are added to."""

_CELL, _FLOW = ", ".join(Cell._fields), ", ".join(FlowCell._fields)
_MOVE_BY_ONE = f"""
WITH moved AS (
    INSERT INTO turnover_counters ({_CELL}, deals, total_fen, tech_fen)
    SELECT measure, area_kind, dimension, area, %(month)s::date, code,
        %(deals)s::integer, %(total_fen)s::bigint, %(tech_fen)s::bigint
    FROM unnest(%(measures)s::varchar[], %(kinds)s::varchar[], %(areas)s::varchar[])
            AS place (measure, area_kind, area),
        unnest(%(dimensions)s::varchar[], %(codes)s::varchar[]) AS coded (dimension, code)
    ORDER BY measure COLLATE "C", area_kind COLLATE "C", dimension COLLATE "C", area COLLATE "C",
        code COLLATE "C"
    {_CONFLICT.format(table="turnover_counters", key=_CELL)}
    RETURNING 1
)
INSERT INTO turnover_flows ({_FLOW}, deals, total_fen, tech_fen)
SELECT level, seller_area, buyer_area, %(month)s::date,
    %(deals)s::integer, %(total_fen)s::bigint, %(tech_fen)s::bigint
FROM unnest(%(levels)s::varchar[], %(from_areas)s::varchar[], %(to_areas)s::varchar[])
        AS flow (level, seller_area, buyer_area),
    (SELECT count(*) FROM moved) AS done
ORDER BY level COLLATE "C", seller_area COLLATE "C", buyer_area COLLATE "C"
{_CONFLICT.format(table="turnover_flows", key=_FLOW)}
"""  # noqa: S608 - names of this module
"""Moves the counters and flows of one line in the order of `add_to_counters`, on PostgreSQL.

No flow is reached before the moved counters have been counted, so locks are taken in one order everywhere.
"""
