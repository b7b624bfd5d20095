"""The frozen form of a bulletin: plain JSON, exact and the same for the same figures.

Amounts are integers of fen, percentages decimal text. An amount that is withheld is null, together with
every percentage it could be worked out from.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from market.turnover.bulletins.compute import Bulletin, Pair
from market.turnover.bulletins.privacy import MIN_DEALS_SHOWN, is_few
from market.turnover.bulletins.tables import TABLES, TableKey
from market.turnover.bulletins.withholding import UNLISTED, Withheld, withheld
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

LAYOUT = 2
"""Number of this layout; a reader of old releases can tell by it how to read them. Up to 1 the headline, the
year before and a table's total were never withheld."""


def freeze(bulletin: Bulletin, *, least: int = MIN_DEALS_SHOWN) -> dict[str, Any]:
    """Return what is published of a bulletin.

    Args:
        bulletin: the figures in full.
        least: fewest contracts of a row whose amount is printed.
    """
    period = bulletin.period
    hidden, hidden_before = withheld(bulletin, least=least)
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
        "headline": [
            _measured(
                measure,
                pair,
                hidden=measure in hidden.headline,
                hidden_before=measure in hidden_before.headline,
            )
            for measure, pair in bulletin.headline.items()
        ],
        "cumulative": None
        if period.kind is PeriodKind.YEAR
        else _cumulative(bulletin, hidden=hidden, hidden_before=hidden_before),
        "tables": [
            _table(key, bulletin, hidden=hidden, hidden_before=hidden_before, least=least)
            for key in bulletin.tables
        ],
        "notes": notes(bulletin, least=least),
    }


def _measured(measure: Measure, pair: Pair, *, hidden: bool, hidden_before: bool) -> dict[str, Any]:
    return {
        "measure": measure.value,
        "name": MEASURE_NAMES[measure],
        "note": MEASURE_NOTES[measure],
        **_sums(pair.now, hidden=hidden),
        "before": _sums(pair.before, hidden=hidden_before),
        **_percents(pair, hidden=hidden or hidden_before),
    }


def _cumulative(bulletin: Bulletin, *, hidden: Withheld, hidden_before: Withheld) -> dict[str, Any]:
    end = bulletin.period.end
    return {
        "start": date(end.year, 1, 1).isoformat(),
        "end": end.isoformat(),
        "name": f"{end.year}年1月" if end.month == 1 else f"{end.year}年1—{end.month}月",
        "lines": [
            _measured(
                measure,
                pair,
                hidden=measure in hidden.cumulative,
                hidden_before=measure in hidden_before.cumulative,
            )
            for measure, pair in bulletin.cumulative.items()
        ],
    }


def _table(
    key: TableKey, bulletin: Bulletin, *, hidden: Withheld, hidden_before: Withheld, least: int
) -> dict[str, Any]:
    kind = TABLES[key]
    rows = bulletin.tables[key]
    whole = bulletin.headline[kind.measure]
    now, before = hidden.rows[key], hidden_before.rows[key]
    if kind.ranked:  # where a withheld amount stands among the others would tell how large it is
        rows = [row for row in rows if row.key not in now] + sorted(
            (row for row in rows if row.key in now), key=lambda row: row.key
        )
    views = [
        _row(
            row.key,
            row.name,
            row.pair,
            whole=whole,
            hidden=row.key in now,
            hidden_before=row.key in before,
        )
        for row in rows
    ]
    if kind.ranked:
        _rank(views)
    total_hidden = kind.measure in hidden.headline
    subtotal = None
    if kind.rest is not None and kind.subtotal is not None:
        others = Pair()
        for row in rows:
            if row.key != kind.rest:
                others.now += row.pair.now
                others.before += row.pair.before
        # With the rest in sight it can be subtracted out anyway; with the rest withheld it would tell it.
        subtotal = _row(
            "subtotal",
            kind.subtotal,
            others,
            whole=whole,
            hidden=bool(others.now) and (total_hidden or kind.rest in now),
            hidden_before=not {kind.rest, UNLISTED}.isdisjoint(before)
            or is_few(others.before.deals, least=least),
        )
    return {
        "key": key.value,
        "title": kind.title,
        "heading": kind.heading,
        "measure": kind.measure.value,
        "measure_name": MEASURE_NAMES[kind.measure],
        "rows": views,
        "subtotal": subtotal,
        "total": _row(
            "total",
            "合计",
            whole,
            whole=whole,
            hidden=total_hidden,
            hidden_before=kind.measure in hidden_before.headline,
        ),
    }


def _row(
    key: str, name: str, pair: Pair, *, whole: Pair, hidden: bool, hidden_before: bool
) -> dict[str, Any]:
    """Return a row. Beside a year whose own amount was withheld, a percentage would tell that amount."""
    share = None if hidden else _text(percent_of(pair.now.total_fen, whole.now.total_fen))
    return {
        "key": key,
        "name": name,
        **_sums(pair.now, hidden=hidden),
        "share_percent": share,
        **_percents(pair, hidden=hidden or hidden_before),
    }


def _rank(rows: list[dict[str, Any]]) -> None:
    """Number the rows by amount; equal amounts share a rank, and withheld or empty rows have none."""
    shown = [row for row in rows if row["deals"] and not row["hidden"]]
    for row in rows:
        ranked = row in shown
        row["rank"] = 1 + sum(other["total_fen"] > row["total_fen"] for other in shown) if ranked else None


def _sums(sums: Sums, *, hidden: bool) -> dict[str, Any]:
    return {
        "hidden": hidden,
        "deals": sums.deals,
        "total_fen": None if hidden else sums.total_fen,
        "tech_fen": None if hidden else sums.tech_fen,
    }


def _percents(pair: Pair, *, hidden: bool) -> dict[str, str | None]:
    """Return the changes since the year before; a change of amounts only where both are shown."""
    now, before = pair.now, pair.before
    return {
        "deals_percent": _text(change_percent(now.deals, before.deals)),
        "total_percent": None if hidden else _text(change_percent(now.total_fen, before.total_fen)),
        "tech_percent": None if hidden else _text(change_percent(now.tech_fen, before.tech_fen)),
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
    if any(withheld(bulletin, least=least)):
        found.append(
            f"合同数不足{least}项的数（包括主要指标、上年同期、小计和合计）不公布金额；"
            "为避免由其他数推算，个别其他金额一并不公布，以“*”表示。"
        )
    return found
