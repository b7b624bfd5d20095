"""The frozen form of a bulletin: plain JSON, exact and the same for the same figures.

Amounts are integers of fen, percentages decimal text. An amount that is withheld is null, together with
every percentage it could be worked out from.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from market.turnover.bulletins.compute import Bulletin, Pair, Row
from market.turnover.bulletins.privacy import MIN_DEALS_SHOWN, hidden_of_linked, hidden_rows
from market.turnover.bulletins.tables import LOCAL, TABLES, TableKey
from market.turnover.ledger import Sums
from market.turnover.rules import (
    MEASURE_NAMES,
    MEASURE_NOTES,
    Measure,
    PeriodKind,
    add_months,
    change_percent,
    month_end,
)
from market.turnover.target_rules import percent_of

LAYOUT = 1
"""Number of this layout; a reader of old releases can tell by it how to read them."""


def freeze(bulletin: Bulletin, *, least: int = MIN_DEALS_SHOWN) -> dict[str, Any]:
    """Return what is published of a bulletin.

    Args:
        bulletin: the figures in full.
        least: fewest contracts of a row whose amount is printed.
    """
    period = bulletin.period
    hidden = withheld(bulletin, least=least)
    return {
        "layout": LAYOUT,
        "region": {"code": bulletin.region.code, "name": bulletin.region.name},
        "period": {
            "text": period.text,
            "name": period.name,
            "start": period.start.isoformat(),
            "end": period.end.isoformat(),
        },
        "compared_with": {
            "start": add_months(period.start, -12).isoformat(),
            "end": month_end(add_months(period.end, -12)).isoformat(),
        },
        "large": {"from_fen": bulletin.large.from_fen, "by": bulletin.large.by.value},
        "min_deals_shown": least,
        "headline": [_measured(measure, pair) for measure, pair in bulletin.headline.items()],
        "cumulative": None if period.kind is PeriodKind.YEAR else _cumulative(bulletin),
        "tables": [
            _table(key, rows, hidden=hidden[key], whole=bulletin.headline[TABLES[key].measure], least=least)
            for key, rows in bulletin.tables.items()
        ],
        "notes": notes(bulletin, least=least),
    }


def withheld(bulletin: Bulletin, *, least: int = MIN_DEALS_SHOWN) -> dict[TableKey, frozenset[str]]:
    """Return the keys of the rows of each table whose amounts are not published."""
    deals = {table: {row.key: row.pair.now.deals for row in rows} for table, rows in bulletin.tables.items()}
    hidden = {table: hidden_rows(numbers, least=least) for table, numbers in deals.items()}
    if TableKey.FLOW_OUT in deals:  # what stays in the region stands in both tables of flows
        pair = hidden_of_linked(deals[TableKey.FLOW_OUT], deals[TableKey.FLOW_IN], shared=LOCAL, least=least)
        hidden[TableKey.FLOW_OUT], hidden[TableKey.FLOW_IN] = pair
    return hidden


def _measured(measure: Measure, pair: Pair) -> dict[str, Any]:
    return {
        "measure": measure.value,
        "name": MEASURE_NAMES[measure],
        "note": MEASURE_NOTES[measure],
        **_sums(pair.now),
        "before": _sums(pair.before),
        **_percents(pair),
    }


def _cumulative(bulletin: Bulletin) -> dict[str, Any]:
    end = bulletin.period.end
    return {
        "start": date(end.year, 1, 1).isoformat(),
        "end": end.isoformat(),
        "name": f"{end.year}年1月" if end.month == 1 else f"{end.year}年1—{end.month}月",
        "lines": [_measured(measure, pair) for measure, pair in bulletin.cumulative.items()],
    }


def _table(
    key: TableKey, rows: list[Row], *, hidden: frozenset[str], whole: Pair, least: int
) -> dict[str, Any]:
    kind = TABLES[key]
    if kind.ranked:  # where a withheld amount stands among the others would tell how large it is
        rows = [row for row in rows if row.key not in hidden] + sorted(
            (row for row in rows if row.key in hidden), key=lambda row: row.key
        )
    views = [
        _row(row.key, row.name, row.pair, whole=whole, hidden=row.key in hidden, least=least) for row in rows
    ]
    if kind.ranked:
        _rank(views)
    subtotal = None
    if kind.rest is not None and kind.subtotal is not None:
        others = Pair()
        for row in rows:
            if row.key != kind.rest:
                others.now += row.pair.now
                others.before += row.pair.before
        # With the rest in sight it can be subtracted out anyway; with the rest withheld it would tell it.
        subtotal = _row(
            "subtotal", kind.subtotal, others, whole=whole, hidden=kind.rest in hidden, least=least
        )
    return {
        "key": key.value,
        "title": kind.title,
        "heading": kind.heading,
        "measure": kind.measure.value,
        "measure_name": MEASURE_NAMES[kind.measure],
        "rows": views,
        "subtotal": subtotal,
        "total": _row("total", "合计", whole, whole=whole, hidden=False, least=0),
    }


def _row(key: str, name: str, pair: Pair, *, whole: Pair, hidden: bool, least: int) -> dict[str, Any]:
    """Return a row. Beside a year whose own amount was withheld, a percentage would tell that amount."""
    percents = _percents(pair)
    if hidden or 0 < pair.before.deals < least:
        percents |= {"total_percent": None, "tech_percent": None}
    return {
        "key": key,
        "name": name,
        "hidden": hidden,
        "deals": pair.now.deals,
        "total_fen": None if hidden else pair.now.total_fen,
        "tech_fen": None if hidden else pair.now.tech_fen,
        "share_percent": None if hidden else _text(percent_of(pair.now.total_fen, whole.now.total_fen)),
        **percents,
    }


def _rank(rows: list[dict[str, Any]]) -> None:
    """Number the rows by amount; equal amounts share a rank, and withheld or empty rows have none."""
    shown = [row for row in rows if row["deals"] and not row["hidden"]]
    for row in rows:
        ranked = row in shown
        row["rank"] = 1 + sum(other["total_fen"] > row["total_fen"] for other in shown) if ranked else None


def _sums(sums: Sums) -> dict[str, int]:
    return {"deals": sums.deals, "total_fen": sums.total_fen, "tech_fen": sums.tech_fen}


def _percents(pair: Pair) -> dict[str, str | None]:
    return {
        "deals_percent": _text(change_percent(pair.now.deals, pair.before.deals)),
        "total_percent": _text(change_percent(pair.now.total_fen, pair.before.total_fen)),
        "tech_percent": _text(change_percent(pair.now.tech_fen, pair.before.tech_fen)),
    }


def _text(number: Decimal | None) -> str | None:
    return None if number is None else format(number, "f")


def notes(bulletin: Bulletin, *, least: int) -> list[str]:
    """Return what a reader must know, in Chinese."""
    said = "；".join(f"{MEASURE_NAMES[measure]}口径{MEASURE_NOTES[measure]}" for measure in Measure)
    found = [
        f"{said}。三个口径相互独立，不可相加。",
        "合同以登记日期计入所属时段；变更、注销和撤销的合同按现有台账追溯调整。",
        "同比为与上年同期相比，上年同期数按本次发布时的台账计算；上年同期为零的不计算同比。",
        "除注明外，分组数据均为登记口径；地区按登记时的行政区划统计。占比按合同成交额计算。",
        f"大额合同指{bulletin.large.name}的合同。",
        "合同成交额为合同总价款；技术交易额为其中扣除非技术性费用后的部分。",
    ]
    if any(withheld(bulletin, least=least).values()):
        found.append(
            f"合同数不足{least}项的分组不公布金额；为避免由合计数推算，同表个别其他分组的金额一并不公布，以“*”表示。"
        )
    return found
