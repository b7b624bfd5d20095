"""What the bureau publishes, through the market's own API: the yearly bulletin, the ranking, the index.

Every line printed is taken from an answer of the market; nothing is made up on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from market.typesetting.amounts import wan_text, yi_text
from seed.person import Person, head

YEAR = 2024
LATEST_MONTH = "2025-10"
TABLES_PRINTED = ("type", "ip_kind")
ROWS_PRINTED = 6


def publish(bureau: Person, public: Person, say: Callable[[str], None], *, region: str, folder: Path) -> None:
    """Publish and print the yearly bulletin, the agencies' ranking and the conversion index of a region.

    Args:
        bureau: a member of the region's bureau.
        public: anyone, who sees what is published.
        say: prints one line.
        region: its code.
        folder: where the files to look at are written.
    """
    _bulletin(bureau, say, region=region, folder=folder)
    _public_target(bureau, public, say, region=region)
    _ranking(bureau, say, region=region, folder=folder)
    _index(bureau, say, region=region)


def _bulletin(bureau: Person, say: Callable[[str], None], *, region: str, folder: Path) -> None:
    form = {"region": region, "kind": "annual", "period": str(YEAR)}
    release = bureau.post("/releases", form)
    head(say, "八", f"主管部门发布《{release['title']}》")
    for line in release["content"]["headline"]:
        amount = (
            "金额不公布"
            if line["hidden"]
            else f"合同成交额 {yi_text(line['total_fen'])}亿元，同比 {_percent(line['total_percent'])}，"
            f"技术交易额 {yi_text(line['tech_fen'])}亿元"
        )
        say(f"  {line['name']}（{line['note']}）：{line['deals']} 项，{amount}")
    for table in release["content"]["tables"]:
        if table["key"] in TABLES_PRINTED:
            _print_table(say, table)
    for kind in ("pdf", "xlsx", "csv"):
        bureau.save(f"/releases/{release['id']}/files/{kind}", folder / f"{YEAR}年公报.{kind}")
    say(f"  公报的 PDF、Excel 和 CSV 文件已存入 {_shown(folder)}")


def _public_target(bureau: Person, public: Person, say: Callable[[str], None], *, region: str) -> None:
    """Publish what is lacking to show the plan's progress, and read it as the public does."""
    bureau.post("/releases", {"region": region, "kind": "annual", "period": str(YEAR - 1)})
    bureau.post("/releases", {"region": region, "kind": "monthly", "period": LATEST_MONTH})
    target = public.get("/targets", region=region, indicator="contract_amount")[0]
    reading, span = target["progress"]["reading"], target["progress"]["span"]
    say(
        f"  再发布 {YEAR - 1} 年公报和 {LATEST_MONTH} 月度快报后，公众即可看到计划进度："
        f"{span['start']} 至 {span['end']} {reading['text']}，为目标的 {reading['percent']}%"
    )


def _print_table(say: Callable[[str], None], table: Mapping[str, Any]) -> None:
    say(f"  {table['title']}（{table['measure_name']}）")
    for row in [row for row in table["rows"] if row["deals"]][:ROWS_PRINTED]:
        amount = (
            "金额不公布" if row["hidden"] else f"{wan_text(row['total_fen'])}万元，占 {row['share_percent']}%"
        )
        say(f"    {row['name']}：{row['deals']} 项，{amount}")


def _ranking(bureau: Person, say: Callable[[str], None], *, region: str, folder: Path) -> None:
    draft = bureau.post("/rankings", {"region": region, "year": YEAR})
    ranking = bureau.post(f"/rankings/{draft['id']}/publications")
    head(say, "九", f"{YEAR}年技术转移机构排名（促成合同落地{ranking['region_name']}），公示")
    for row in ranking["rows"]:
        say(
            f"  按成交额第 {row['rank_by_amount']}，按项数第 {row['rank_by_deals']}：{row['agency_name']}，"
            f"合同 {row['deals']} 项（按份额 {row['deals_share']} 项），{wan_text(row['total_fen'])}万元"
        )
    say(f"  异议期至 {ranking['objections_until']}，期满无异议后方可定名次")
    bureau.save(f"/rankings/{ranking['id']}/files/pdf", folder / f"{YEAR}年机构排名.pdf")


def _index(bureau: Person, say: Callable[[str], None], *, region: str) -> None:
    query = {"region": region, "period": str(YEAR), "definition": "sample-1"}
    index = bureau.get("/conversion-index", **query)
    head(say, "十", f"{index['region_name']}{index['period_name']}科技成果转化指数：{index['value']}")
    for part in index["parts"]:
        say(
            f"  {part['name']} {part['raw']}{part['unit']}（基年 {part['base']}{part['unit']}），"
            f"权重 {part['weight']}，得分 {part['contribution']}"
        )


def _percent(number: str | None) -> str:
    return "—" if number is None else f"{Decimal(number):+}%"


def _shown(folder: Path) -> str:
    """Return a folder as a person at the prompt would write it."""
    try:
        return str(folder.relative_to(Path.cwd()))
    except ValueError:
        return str(folder)
