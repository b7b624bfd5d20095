"""A release as a workbook, a table of comma-separated values, and a document to sign.

Everything printed comes from the frozen content, so the files always say what was published.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any

from market.clock import CHINA, china_day
from market.turnover.models import Release
from market.turnover.rules import FEN_PER_YI, RELEASE_KIND_NAMES
from market.typesetting.pdf import typeset
from market.typesetting.sheets import Column, Sheet, Value, to_csv, to_xlsx

TEMPLATE = "market.turnover:bulletin.typ"
WITHHELD = "*"
NOT_PUBLISHED = "金额不公布"
CHARTS: Mapping[str, str] = {"type": "bars", "field": "bars", "month": "columns"}
"""Tables that are drawn as well, and how."""

HEADINGS = ("合同数\n（项）", "同比%", "成交额\n（亿元）", "同比%", "技术交易额\n（亿元）", "同比%", "占比%")


class FileFormat(StrEnum):
    """What a release can be had as."""

    XLSX = "xlsx"
    CSV = "csv"
    PDF = "pdf"


MEDIA_TYPES: Mapping[FileFormat, str] = {
    FileFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FileFormat.CSV: "text/csv; charset=utf-8",
    FileFormat.PDF: "application/pdf",
}


@dataclass(frozen=True, slots=True)
class PrintedFile:
    """A file and its name."""

    name: str
    media_type: str
    content: bytes


def print_release(release: Release, file_format: FileFormat) -> PrintedFile:
    """Return a release as a file; the same release gives the same bytes."""
    makers: Mapping[FileFormat, Callable[[Release], bytes]] = {
        FileFormat.XLSX: _workbook,
        FileFormat.CSV: _csv,
        FileFormat.PDF: _document,
    }
    mark = "" if release.withdrawn_at is None else "（已撤回）"
    return PrintedFile(
        name=f"{release.title}{mark}.{file_format.value}",
        media_type=MEDIA_TYPES[file_format],
        content=makers[file_format](release),
    )


# --- sheets


def _workbook(release: Release) -> bytes:
    content = release.content
    sheets = [_headline_sheet(release, _subtitle(release))]
    sheets += [_table_sheet(table, _subtitle(release)) for table in content["tables"]]
    return to_xlsx(sheets, created_at=release.published_at)


def _headline_sheet(release: Release, subtitle: str) -> Sheet:
    content = release.content
    parts = [(content["period"]["name"], content["headline"])]
    if content["cumulative"] is not None:
        parts.append((content["cumulative"]["name"], content["cumulative"]["lines"]))
    rows = [
        [
            span,
            line["name"],
            line["note"],
            *_figures(line),
            *_before(line["before"]),
            _remark(line) or _remark(line["before"], "上年同期"),
        ]
        for span, lines in parts
        for line in lines
    ]
    columns = [
        Column("时段", "text"),
        Column("口径", "text"),
        Column("统计口径说明", "text"),
        *_figure_columns(),
        Column("上年同期合同数（项）", "integer"),
        Column("上年同期合同成交额", "amount_yi"),
        Column("上年同期技术交易额", "amount_yi"),
        Column("备注", "text"),
    ]
    return Sheet("主要指标", columns, rows, notes=_notes(release), subtitle=subtitle)


def _table_sheet(table: Mapping[str, Any], subtitle: str) -> Sheet:
    ranked = any("rank" in row for row in table["rows"])
    columns = [
        *([Column("位次", "integer")] if ranked else []),
        Column(table["heading"], "text"),
        *_figure_columns(),
        Column("占比", "percent"),
        Column("备注", "text"),
    ]
    rows = [
        [
            *([row.get("rank")] if ranked else []),
            row["name"],
            *_figures(row),
            _fraction(row["share_percent"]),
            _remark(row),
        ]
        for row in _rows_of(table)
    ]
    return Sheet(f"{table['title']}（{table['measure_name']}）", columns, rows, subtitle=subtitle)


def _csv(release: Release) -> bytes:
    """One long table: spreadsheets and programs read it without knowing how many tables there are."""
    content = release.content
    columns = [
        Column("表", "text"),
        Column("口径", "text"),
        Column("代码", "text"),
        Column("名称", "text"),
        *_figure_columns(),
        Column("占比", "percent"),
        Column("备注", "text"),
    ]
    rows: list[list[Value]] = []
    parts = [(content["period"]["name"], content["headline"])]
    if content["cumulative"] is not None:
        parts.append((content["cumulative"]["name"], content["cumulative"]["lines"]))
    for span, lines in parts:
        rows += [
            [
                f"主要指标（{span}）",
                line["name"],
                line["measure"],
                line["name"],
                *_figures(line),
                None,
                _remark(line),
            ]
            for line in lines
        ]
    for table in content["tables"]:
        rows += [
            [
                table["title"],
                table["measure_name"],
                row["key"],
                row["name"],
                *_figures(row),
                _fraction(row["share_percent"]),
                _remark(row),
            ]
            for row in _rows_of(table)
        ]
    return to_csv(Sheet(release.title, columns, rows))


def _rows_of(table: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    subtotal = [] if table["subtotal"] is None else [table["subtotal"]]
    return [*table["rows"], *subtotal, table["total"]]


def _figure_columns() -> list[Column]:
    return [
        Column("合同数（项）", "integer"),
        Column("合同数同比", "percent"),
        Column("合同成交额", "amount_yi"),
        Column("成交额同比", "percent"),
        Column("技术交易额", "amount_yi"),
        Column("技术交易额同比", "percent"),
    ]


def _figures(row: Mapping[str, Any]) -> list[Value]:
    return [
        row["deals"],
        _fraction(row["deals_percent"]),
        row["total_fen"],
        _fraction(row["total_percent"]),
        row["tech_fen"],
        _fraction(row["tech_percent"]),
    ]


def _before(sums: Mapping[str, Any]) -> list[Value]:
    return [sums["deals"], sums["total_fen"], sums["tech_fen"]]


def _remark(sums: Mapping[str, Any], whose: str = "") -> str | None:
    return f"{whose}{NOT_PUBLISHED}" if _is_hidden(sums) else None


def _is_hidden(sums: Mapping[str, Any]) -> bool:
    # The headline of a release of layout 1 does not say so: it was never withheld.
    return bool(sums.get("hidden", False))


def _fraction(percent: str | None) -> Decimal | None:
    """Return a percentage as the share of one that spreadsheets format."""
    return None if percent is None else Decimal(percent) / 100


# --- the document


def _document(release: Release) -> bytes:
    content = release.content
    cumulative = content["cumulative"]
    withdrawn = release.withdrawn_at
    data = {
        "title": release.title,
        "document_date": china_day(release.published_at),
        "subtitle": _subtitle(release),
        "kind": RELEASE_KIND_NAMES[release.kind],
        "footer": f"发布编号 {release.id} · 内容摘要 {release.digest[:16]}",
        "withdrawn": None
        if withdrawn is None
        else f"本发布已于{_moment(release.withdrawn_at)}撤回。原因：{release.withdraw_reason}",
        "lead": _lead(content),
        "headline_heads": ["口径", *HEADINGS[:-1]],
        "headline": [[line["name"], *_cells(line)] for line in content["headline"]],
        "cumulative_name": None if cumulative is None else cumulative["name"],
        "cumulative": []
        if cumulative is None
        else [[line["name"], *_cells(line)] for line in cumulative["lines"]],
        "period_name": content["period"]["name"],
        "tables": [printed_table(table) for table in content["tables"]],
        "note": release.note,
        "notes": _notes(release),
        "facts": [
            ["发布编号", str(release.id)],
            ["发布时间", _moment(release.published_at)],
            ["数据时点", _moment(release.known_at)],
            ["统计时段", f"{content['period']['start']} 至 {content['period']['end']}"],
            ["内容摘要（SHA-256）", release.digest, True],
        ],
    }
    return typeset(TEMPLATE, data)


def printed_table(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table as the template shows it; charts leave out what is withheld or empty."""
    ranked = any("rank" in row for row in table["rows"])
    rows = [
        [
            *([str(row["rank"]) if row.get("rank") else None] if ranked else []),
            row["name"],
            *_cells(row),
            row["share_percent"] or (WITHHELD if row["hidden"] else None),
        ]
        for row in table["rows"]
    ]
    subtotal, total = table["subtotal"], table["total"]
    if subtotal is not None and subtotal["deals"]:
        hidden = WITHHELD if subtotal["hidden"] else None
        rows.append([f"其中：{subtotal['name']}", *_cells(subtotal), subtotal["share_percent"] or hidden])
    bars = [
        {
            "label": row["name"],
            "value": _rounded_yi(row["total_fen"]),
            "text": _yi(row["total_fen"]),
        }
        for row in table["rows"]
        if row["total_fen"]
    ]
    shape = CHARTS.get(table["key"]) if len(bars) > 1 else None
    return {
        "title": f"{table['title']}（{table['measure_name']}）",
        "heads": [*(["位次"] if ranked else []), table["heading"], *HEADINGS],
        "ranked": ranked,
        "rows": rows,
        "total": [
            *([""] if ranked else []),
            "合计",
            *_cells(total),
            WITHHELD if total["hidden"] else total["share_percent"],
        ],
        "chart": shape,
        "chart_title": f"{table['title']}：合同成交额",
        "bars": bars,
    }


def _cells(row: Mapping[str, Any]) -> list[str | None]:
    hidden = _is_hidden(row)
    amounts = [WITHHELD if hidden else _yi(row[name]) for name in ("total_fen", "tech_fen")]
    return [
        f"{row['deals']:,}",
        row["deals_percent"],
        amounts[0],
        WITHHELD if hidden else row["total_percent"],
        amounts[1],
        WITHHELD if hidden else row["tech_percent"],
    ]


def _lead(content: Mapping[str, Any]) -> str:
    """Say the headline in one paragraph."""
    said = []
    for line in content["headline"]:
        words = f"{line['name']}技术合同{line['deals']:,}项"
        if _is_hidden(line):
            said.append(f"{words}，{NOT_PUBLISHED}")
            continue
        words += f"，成交额{_yi(line['total_fen'])}亿元{_compared(line['total_percent'])}"
        words += f"，其中技术交易额{_yi(line['tech_fen'])}亿元{_compared(line['tech_percent'])}"
        said.append(words)
    return f"{content['period']['name']}，{content['region']['name']}" + "；".join(said) + "。"


def _compared(percent: str | None) -> str:
    if percent is None:
        return ""
    number = Decimal(percent)
    if number == 0:
        return "（同比持平）"
    return f"（同比{'增长' if number > 0 else '下降'}{abs(number)}%）"


def _notes(release: Release) -> list[str]:
    own = [] if release.note is None else [release.note]
    return [*own, *release.content["notes"], "金额单位为亿元，保留两位小数，分项与合计之差由四舍五入产生。"]


def _subtitle(release: Release) -> str:
    words = f"{RELEASE_KIND_NAMES[release.kind]} · 数据截至{_moment(release.known_at)}"
    return words if release.withdrawn_at is None else f"{words} · 已于{_moment(release.withdrawn_at)}撤回"


def _moment(moment: Any) -> str:
    there = moment.astimezone(CHINA)
    return f"{there.year}年{there.month}月{there.day}日{there:%H:%M}"


def _yi(fen: int) -> str:
    """Return an amount in 亿元 to two places, grouped by thousands."""
    return f"{_rounded_yi(fen):,}"


def _rounded_yi(fen: int) -> Decimal:
    return (Decimal(fen) / FEN_PER_YI).quantize(Decimal("0.01"), ROUND_HALF_UP)
