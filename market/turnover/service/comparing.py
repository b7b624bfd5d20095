"""The statements that set one book against another; the database does the work.

What is summed from what: the counters of regions, parks and stations from the ledger; those of provinces
from those of regions; those of types alone and fields alone from those of both together. Each step is
exact, and the ledger is read a few times instead of eighty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from market.contracts.rules import LIVE
from market.turnover.ledger import AREA_COLUMNS, DIMENSION_COLUMNS, Cell, FlowCell
from market.turnover.rules import (
    ABROAD,
    CHINA_CODE,
    HMT_CODES,
    AreaKind,
    Dimension,
    FlowLevel,
    Measure,
    Reach,
)

# ruff: noqa: S608 - statements are put together from names and codes of this package alone

MONTHS: Mapping[str, str] = {
    "sqlite": "date(effective_on, 'start of month')",
    "postgresql": "CAST(date_trunc('month', effective_on) AS date)",
}
"""By database: the first day of a line's month."""

_SUMS = "CAST(sum({}) AS bigint) AS deals, CAST(sum(total_fen) AS bigint) AS total_fen, " + (
    "CAST(sum(tech_fen) AS bigint) AS tech_fen"
)
LINES = _SUMS.format("count")
COUNTED = _SUMS.format("deals")
SOMETHING = "sum(deals) <> 0 OR sum(total_fen) <> 0 OR sum(tech_fen) <> 0"

DERIVED = {Dimension.TYPE: "substr(code, 1, 2)", Dimension.FIELD: "substr(code, 4)"}
"""Dimensions summed from the counters of type and field together; a type's code has two letters."""
BASE: Mapping[Dimension, str] = {
    **{one: column for one, column in DIMENSION_COLUMNS.items() if one not in DERIVED},
    Dimension.TYPE_FIELD: "type_code || '/' || tech_field",
}
"""Dimensions summed from the ledger, with what a line says of them."""

FLOW_ENDS: Mapping[FlowLevel, tuple[str, str]] = {
    FlowLevel.REGION_PROVINCE: ("seller", "buyer_province"),
    FlowLevel.PROVINCE_REGION: ("seller_province", "buyer"),
    FlowLevel.PROVINCES: ("seller_province", "buyer_province"),
}
LOCAL_AREAS: Mapping[str, str] = {
    "seller": "seller = buyer AND seller <> 'abroad' AND substr(seller, 5, 2) <> '00'",
    "substr(seller, 1, 4) || '00'": "substr(seller, 1, 4) = substr(buyer, 1, 4) AND seller <> 'abroad' "
    "AND substr(seller, 3, 2) <> '00'",
}
"""The area of a local flow, and which lines have it: see `rules.local_areas`."""
_FLOW_PARTS = (
    f"coalesce(seller_region, '{ABROAD}') AS seller, coalesce(buyer_region, '{ABROAD}') AS buyer, "
    f"coalesce(substr(seller_region, 1, 2) || '0000', '{ABROAD}') AS seller_province, "
    f"coalesce(substr(buyer_region, 1, 2) || '0000', '{ABROAD}') AS buyer_province"
)


@dataclass(frozen=True, slots=True)
class Account:
    """A part of the counters or flows, and what they must be.

    Attributes:
        table: where the kept sums are.
        keys: its key.
        part: which of its rows are meant.
        expected: statement for the same rows as they must be, key first, then the three sums; rows of
            nothing but zeros may be there or not.
    """

    table: str
    keys: tuple[str, ...]
    part: str
    expected: str


def accounts(dialect: str) -> Iterator[Account]:
    """Yield every part of the counters and flows once, each after those it is summed from."""
    for measure in Measure:
        for dimension in BASE:
            yield _from_ledger(measure, dimension, dialect=dialect)
    for measure in Measure:
        for dimension, code in DERIVED.items():
            yield _from_pairs(measure, dimension, code)
    for measure in Measure:
        yield _provinces(measure)
    yield _flows(dialect)


def _from_ledger(measure: Measure, dimension: Dimension, *, dialect: str) -> Account:
    columns = {kind: column for (of, kind), column in AREA_COLUMNS.items() if of is measure}
    areas = ", ".join(columns.values())
    fine = (
        f"SELECT {areas}, {MONTHS[dialect]} AS month, {BASE[dimension]} AS code, {LINES} "
        f"FROM turnover_entries GROUP BY {areas}, {MONTHS[dialect]}, {BASE[dimension]}"
    )
    parts = " UNION ALL ".join(
        f"SELECT '{measure}' AS measure, '{kind}' AS area_kind, '{dimension}' AS dimension, "
        f"CAST({column} AS varchar(32)) AS area, month, code, {COUNTED} FROM fine "
        f"WHERE {column} IS NOT NULL GROUP BY {column}, month, code"
        for kind, column in columns.items()
    )
    part = f"measure = '{measure}' AND dimension = '{dimension}' AND area_kind IN ({_quoted(columns)})"
    return Account("turnover_counters", Cell._fields, part, f"WITH fine AS ({fine}) {parts}")


def _from_pairs(measure: Measure, dimension: Dimension, code: str) -> Account:
    kinds = [kind for of, kind in AREA_COLUMNS if of is measure]
    part = f"measure = '{measure}' AND dimension = '{{}}' AND area_kind IN ({_quoted(kinds)})"
    expected = (
        f"SELECT measure, area_kind, '{dimension}' AS dimension, area, month, {code} AS code, {COUNTED} "
        f"FROM turnover_counters WHERE {part.format(Dimension.TYPE_FIELD)} "
        f"GROUP BY measure, area_kind, area, month, {code}"
    )
    return Account("turnover_counters", Cell._fields, part.format(dimension), expected)


def _provinces(measure: Measure) -> Account:
    province = "substr(area, 1, 2) || '0000'"
    part = f"measure = '{measure}' AND area_kind = '{{}}'"
    expected = (
        f"SELECT measure, '{AreaKind.PROVINCE}' AS area_kind, dimension, {province} AS area, month, code, "
        f"{COUNTED} FROM turnover_counters WHERE {part.format(AreaKind.REGION)} "
        f"GROUP BY measure, dimension, {province}, month, code"
    )
    return Account("turnover_counters", Cell._fields, part.format(AreaKind.PROVINCE), expected)


def _flows(dialect: str) -> Account:
    fine = (
        f"SELECT {_FLOW_PARTS}, {MONTHS[dialect]} AS month, {LINES} FROM turnover_entries "
        f"GROUP BY seller_region, buyer_region, {MONTHS[dialect]}"
    )
    parts = " UNION ALL ".join(
        f"SELECT '{level}' AS level, {seller} AS seller_area, {buyer} AS buyer_area, month, {COUNTED} "
        f"FROM fine GROUP BY {seller}, {buyer}, month"
        for level, (seller, buyer) in FLOW_ENDS.items()
    )
    parts += "".join(
        f" UNION ALL SELECT '{FlowLevel.LOCAL}' AS level, {area} AS seller_area, {area} AS buyer_area, "
        f"month, {COUNTED} FROM fine WHERE {where} GROUP BY {area}, month"
        for area, where in LOCAL_AREAS.items()
    )
    return Account("turnover_flows", FlowCell._fields, "1 = 1", f"WITH fine AS ({fine}) {parts}")


def _quoted(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def renewing(account: Account) -> str:
    """Return the statement that writes an account's rows as they must be."""
    return (
        f"INSERT INTO {account.table} ({', '.join(account.keys)}, deals, total_fen, tech_fen) "
        f"SELECT * FROM ({account.expected}) AS expected "
        "WHERE deals <> 0 OR total_fen <> 0 OR tech_fen <> 0"
    )


def counting(account: Account) -> str:
    """Return the statement that compares an account: how many rows there are, and how many differ."""
    return f"SELECT count(*), coalesce(sum(CASE WHEN {WRONG} THEN 1 ELSE 0 END), 0) FROM {_compared(account)}"


def finding(account: Account) -> str:
    """Return the statement for the first row that differs: key, the sums as they must be and as kept."""
    keys = ", ".join(account.keys)
    return f"SELECT * FROM {_compared(account)} WHERE {WRONG} ORDER BY {keys} LIMIT 1"


WRONG = "deals <> kept_deals OR total_fen <> kept_total OR tech_fen <> kept_tech"


def _compared(account: Account) -> str:
    keys = ", ".join(account.keys)
    return f"""(
        SELECT {keys}, sum(deals) AS deals, sum(total_fen) AS total_fen, sum(tech_fen) AS tech_fen,
               sum(kept_deals) AS kept_deals, sum(kept_total) AS kept_total, sum(kept_tech) AS kept_tech
        FROM (
            SELECT {keys}, deals, total_fen, tech_fen, 0 AS kept_deals, 0 AS kept_total, 0 AS kept_tech
            FROM ({account.expected}) AS expected
            UNION ALL
            SELECT {keys}, 0, 0, 0, deals, total_fen, tech_fen FROM {account.table} WHERE {account.part}
        ) AS books
        GROUP BY {keys}
        HAVING {SOMETHING} OR sum(kept_deals) <> 0 OR sum(kept_total) <> 0 OR sum(kept_tech) <> 0
    ) AS compared"""


_REACH = (
    "CASE WHEN s.country_code NOT IN ({known}) OR b.country_code NOT IN ({known}) THEN '{foreign}' "
    "WHEN s.country_code <> '{china}' OR b.country_code <> '{china}' THEN '{hmt}' ELSE '{domestic}' END"
).format(
    known=_quoted(sorted({CHINA_CODE, *HMT_CODES})),
    china=CHINA_CODE,
    foreign=Reach.FOREIGN,
    hmt=Reach.HMT,
    domestic=Reach.DOMESTIC,
)
_SAID: Mapping[str, tuple[str, str]] = {
    "合同成交额": ("c.total_amount_fen", "e.total_fen"),
    "技术交易额": ("c.tech_amount_fen", "e.tech_fen"),
    "登记日期": ("coalesce(c.registered_on, c.signed_on)", "e.effective_on"),
    "登记机构": ("c.station_id", "e.station_id"),
    "卖方地区": ("coalesce(s.region_code, '')", "coalesce(e.seller_region, '')"),
    "卖方园区": ("coalesce(s.park_code, '')", "coalesce(e.seller_park, '')"),
    "买方地区": ("coalesce(b.region_code, '')", "coalesce(e.buyer_region, '')"),
    "买方园区": ("coalesce(b.park_code, '')", "coalesce(e.buyer_park, '')"),
    "卖方性质": ("s.nature_code", "e.seller_nature"),
    "买方性质": ("b.nature_code", "e.buyer_nature"),
    "合同类别": ("c.type_code", "e.type_code"),
    "合同小类": ("coalesce(c.subtype_code, '')", "coalesce(e.subtype_code, '')"),
    "技术领域": ("c.tech_field", "e.tech_field"),
    "知识产权类型": ("c.ip_kind", "e.ip_kind"),
    "计划来源": ("c.plan_source", "e.plan_source"),
    "涉外": (_REACH, "e.reach"),
}
"""What a contract and its standing line must both say, by its Chinese name."""

_STANDING = (
    "SELECT * FROM turnover_entries AS plus WHERE count = 1 AND NOT EXISTS "
    "(SELECT 1 FROM turnover_entries AS minus WHERE minus.reverses_id = plus.id)"
)
_DIFFERENT = " ".join(f"WHEN {ours} <> {theirs} THEN '{name}'" for name, (ours, theirs) in _SAID.items())
_UNDATED = "CASE WHEN c.registered_on IS NULL THEN '登记日期'"

CONTRACTS_AGAINST_LEDGER = f"""
WITH standing AS ({_STANDING}), paired AS (
    SELECT c.id AS contract_id, 1 AS deals, c.total_amount_fen AS total_fen, c.tech_amount_fen AS tech_fen,
           CASE WHEN e.id IS NULL THEN 0 ELSE 1 END AS kept_deals, coalesce(e.total_fen, 0) AS kept_total,
           coalesce(e.tech_fen, 0) AS kept_tech,
           CASE WHEN e.id IS NULL THEN '台账记录' ELSE {_UNDATED} {_DIFFERENT} END END AS what
    FROM contracts AS c JOIN contract_parties AS s ON s.id = c.seller_id
    JOIN contract_parties AS b ON b.id = c.buyer_id LEFT JOIN standing AS e ON e.contract_id = c.id
    WHERE c.status IN ({_quoted(sorted(LIVE))})
    UNION ALL
    SELECT e.contract_id, 0, 0, 0, 1, e.total_fen, e.tech_fen, '合同状态'
    FROM standing AS e JOIN contracts AS c ON c.id = e.contract_id
    WHERE c.status NOT IN ({_quoted(sorted(LIVE))})
    UNION ALL
    SELECT e.contract_id, 1, min(e.total_fen), min(e.tech_fen), count(*), sum(e.total_fen), sum(e.tech_fen),
           '重复记录'
    FROM standing AS e GROUP BY e.contract_id HAVING count(*) > 1
    UNION ALL
    SELECT r.contract_id, 0, 0, 0, 0, e.total_fen + r.total_fen, e.tech_fen + r.tech_fen, '冲销记录'
    FROM turnover_entries AS r JOIN turnover_entries AS e ON e.id = r.reverses_id
    WHERE r.total_fen <> -e.total_fen OR r.tech_fen <> -e.tech_fen OR r.contract_id <> e.contract_id
        OR {
    " OR ".join(
        f"coalesce(r.{column}, '') <> coalesce(e.{column}, '')"
        for column in (
            "seller_region",
            "seller_park",
            "buyer_region",
            "buyer_park",
            "station_park",
            "subtype_code",
        )
    )
} OR {
    " OR ".join(
        f"r.{column} <> e.{column}"
        for column in ("effective_on", "station_id", "station_region", *DIMENSION_COLUMNS.values())
    )
}
), wrong AS (SELECT * FROM paired WHERE what IS NOT NULL)
SELECT (SELECT count(*) FROM paired), (SELECT count(*) FROM wrong), first.*
FROM (SELECT 1) AS one LEFT JOIN (SELECT * FROM wrong ORDER BY contract_id, what LIMIT 1) AS first ON 1 = 1
"""
"""Live contracts against their standing lines, and reversals against what they take back.

The place of the station is the line's: a contract does not keep where its station stood when it was
registered, and a station that moves must not upset closed years.
"""

TOTALS = f"""
SELECT (SELECT count(*) FROM contracts WHERE {{live}}),
       (SELECT coalesce(sum(total_amount_fen), 0) FROM contracts WHERE {{live}}),
       (SELECT coalesce(sum(tech_amount_fen), 0) FROM contracts WHERE {{live}}),
       lines.*, counters.*, flows.*
FROM (SELECT coalesce(sum(count), 0), coalesce(sum(total_fen), 0), coalesce(sum(tech_fen), 0)
      FROM turnover_entries) AS lines,
     (SELECT coalesce(sum(deals), 0), coalesce(sum(total_fen), 0), coalesce(sum(tech_fen), 0)
      FROM turnover_counters WHERE measure = '{Measure.REGISTERED}' AND area_kind = '{AreaKind.REGION}'
      AND dimension = '{Dimension.TYPE}') AS counters,
     (SELECT coalesce(sum(deals), 0), coalesce(sum(total_fen), 0), coalesce(sum(tech_fen), 0)
      FROM turnover_flows WHERE level = '{FlowLevel.PROVINCES}') AS flows
""".format(live=f"status IN ({_quoted(sorted(LIVE))})")
"""What each of the four books holds in all, at one moment."""
