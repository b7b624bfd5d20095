"""`market import …`: what the operator sees, and the exit code a script sees."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook
from sqlalchemy import select

from market.accounts.rules import OrganisationKind
from market.clock import FixedClock
from market.contracts.models import Contract
from market.db import Database
from market.exchange.cli import import_group
from market.exchange.models import ImportRun
from market.exchange.rules.runs import ImportKind
from market.libraries.models import ChainNode
from market.libraries.rules import EntryStatus
from market.listings.models import Listing
from market.listings.rules import Status
from market.turnover.ledger import TurnoverLedger
from matching.encoder import HashingEncoder
from tests.factories import make_organisation
from tests.market.contracts.factories import make_station
from tests.market.exchange.factories import DATA

GOOD = "成果名称,成果简介,领域,备注\n电渗析脱盐中试装置,处理量每天二十吨，能耗低。,07,甲\n"
BAD = "短,处理量每天二十吨，能耗低。,07,乙\n"


@pytest.fixture
def market(database: Database, clock: FixedClock) -> SimpleNamespace:
    with database.transaction() as session:
        make_organisation(session, OrganisationKind.UNIVERSITY, name="澄江理工学院")
        make_organisation(session, name="澄江轧钢有限公司")
        make_station(session, name="江阴市技术合同登记站")
    return SimpleNamespace(
        database=database, clock=clock, encoder=HashingEncoder(dim=64), ledger=TurnoverLedger(), settings=None
    )


def invoke(market: SimpleNamespace, *words: str | Path) -> Result:
    runner = CliRunner(env={"COLUMNS": "120"})
    return runner.invoke(import_group, [str(word) for word in words], obj=market)


def listings(market: SimpleNamespace) -> list[Listing]:
    with market.database.reading() as session:
        return list(session.scalars(select(Listing)))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "成果.csv"
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_a_good_file(market: SimpleNamespace, file: Path) -> None:
    result = invoke(market, "achievements", file, "--organisation", "澄江理工学院")
    assert result.exit_code == 0, result.output
    assert "成果.csv：1 行科技成果" in result.output
    for line in (("成果名称", "title", "推测"), ("领域", "tech_field", "技术领域"), ("备注", "不导入")):
        assert any(all(word in row for word in line) for row in result.output.splitlines())
    assert "共 1 行：新增 1，更新 0，未变 0，出错 0。完成。" in result.output
    assert [listing.status for listing in listings(market)] == [Status.DRAFT]


def test_bad_rows_give_exit_code_1_and_a_report(market: SimpleNamespace, file: Path, tmp_path: Path) -> None:
    file.write_text(GOOD + BAD, encoding="utf-8")
    report = tmp_path / "报告.xlsx"
    whole = invoke(market, "achievements", file, "--organisation", "澄江理工学院", "--report", report)
    assert whole.exit_code == 1
    assert "第 3 行 A3 成果名称：成果名称至少需要4个字" in whole.output
    assert "有错，全部未导入" in whole.output
    assert listings(market) == []
    sheet = load_workbook(report).active
    assert sheet is not None
    assert [cell.value for cell in sheet[2]][:4] == ["3", "成果名称", "A3", "短"]
    skipped = invoke(market, "achievements", file, "--organisation", "澄江理工学院", "--skip-bad-rows")
    assert skipped.exit_code == 1
    assert "新增 1，更新 0，未变 0，出错 1。完成。" in skipped.output
    assert len(listings(market)) == 1


def test_long_lists_of_errors_are_cut_on_the_screen(market: SimpleNamespace, file: Path) -> None:
    file.write_text(GOOD + BAD * 25, encoding="utf-8")
    result = invoke(market, "achievements", file, "--organisation", "澄江理工学院", "--dry-run")
    assert "另有 5 处错误" in result.output
    assert "仅为检查，没有写入任何数据" in result.output
    assert result.exit_code == 1
    assert listings(market) == []


def test_publishing_with_choices_and_defaults(market: SimpleNamespace, file: Path) -> None:
    file.write_text("甲,乙\n电渗析脱盐中试装置,处理量每天二十吨，能耗低。\n", encoding="utf-8")
    result = invoke(
        market, "achievements", file, "--organisation", "澄江理工学院", "--publish",
        "--map", "甲=title", "--map", "乙=成果简介", "--set", "技术领域=环境保护与资源综合利用",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "指定" in result.output
    [listing] = listings(market)
    assert (listing.status, listing.tech_field) == (Status.PUBLISHED, "07")


def test_needs_and_contracts(market: SimpleNamespace) -> None:
    needs = invoke(market, "needs", DATA / "needs.csv", "--organisation", "澄江轧钢有限公司")
    assert "新增 3" in needs.output
    assert "预算（万元）" in needs.output
    contracts = invoke(market, "contracts", DATA / "contracts.csv", "--station", "江阴市技术合同登记站")
    assert contracts.exit_code == 0, contracts.output
    with market.database.reading() as session:
        assert len(session.scalars(select(Contract.id)).all()) == 2
        assert len(session.scalars(select(ImportRun.id)).all()) == 2


def test_a_bad_contract_stops_no_other_unless_asked_to(market: SimpleNamespace, tmp_path: Path) -> None:
    path = tmp_path / "合同.csv"
    text = (DATA / "contracts.csv").read_text(encoding="utf-8")
    path.write_text(text.replace(",12,12,", ",12,13,"), encoding="utf-8")
    station = ("--station", "江阴市技术合同登记站")
    whole = invoke(market, "contracts", path, *station, "--all-or-nothing")
    assert (whole.exit_code, "新增 0" in whole.output) == (1, True)
    skipped = invoke(market, "contracts", path, *station)
    assert (skipped.exit_code, "新增 1，更新 0，未变 0，出错 1" in skipped.output) == (1, True)


def test_a_doubtful_unit_stops_the_file_until_it_is_confirmed(
    market: SimpleNamespace, tmp_path: Path
) -> None:
    header, first, _ = (DATA / "contracts.csv").read_text(encoding="utf-8").splitlines()
    rows = [
        first.replace("0101,", f"01{number:02d},").replace("模拟软件", f"模拟软件{number}")
        for number in range(5)
    ]
    path = tmp_path / "合同.csv"
    path.write_text("\n".join([header.replace("万元", "元"), *rows]) + "\n", encoding="utf-8")
    refused = invoke(market, "contracts", path, "--station", "江阴市技术合同登记站")
    assert refused.exit_code == 2
    for words in (
        "“合同成交额（元）”一列",
        "“技术交易额（元）”一列",
        "中位数为45.6元",
        "amount-unit-doubtful",
    ):
        assert words in refused.output
    confirmed = invoke(market, "contracts", path, "--station", "江阴市技术合同登记站", "--confirm-unit")
    assert (confirmed.exit_code, "新增 5" in confirmed.output) == (0, True)


@pytest.mark.parametrize("suffix", [".toml", ".json"])
def test_a_mapping_is_saved_and_used_again(
    market: SimpleNamespace, file: Path, tmp_path: Path, suffix: str
) -> None:
    file.write_text("甲,乙,丙\n电渗析脱盐中试装置,处理量每天二十吨，能耗低。,D7\n", encoding="utf-8")
    kept = tmp_path / f"对应{suffix}"
    owner = ("--organisation", "澄江理工学院")
    chosen = ("--map", "甲=title", "--map", "乙=成果简介", "--set", "tech_field=07")
    first = invoke(market, "achievements", file, *owner, *chosen, "--dry-run", "--save-mapping", kept)
    assert first.exit_code == 0, first.output
    second = invoke(market, "achievements", file, *owner, "--mapping", kept)
    assert second.exit_code == 0, second.output
    [listing] = listings(market)
    assert (listing.title, listing.tech_field) == ("电渗析脱盐中试装置", "07")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--organisation", "没有的单位"), "没有或不止一个单位"),
        (("--map", "不在=title"), "没有“不在”一列"),
        (("--map", "成果名称"), "名称=值"),
        (("--set", "tech_field=风电"), "技术领域"),
        (("--report", "报告.pdf"), "报告文件应为"),
        (("--save-mapping", "对应.txt"), "对应关系文件应为"),
        (("--mapping", "没有.toml"), "没有.toml"),
        (("--map", "成果名称="), "缺少必需的列：成果名称"),
        (("--颜色", "红"), "颜色"),
    ],
)
def test_unusable_options_give_exit_code_2(
    market: SimpleNamespace, file: Path, words: tuple[str, ...], said: str
) -> None:
    result = invoke(market, "achievements", file, *words)
    assert result.exit_code == 2
    assert said in result.output
    assert listings(market) == []


def test_an_unreadable_file_gives_exit_code_2(market: SimpleNamespace, tmp_path: Path) -> None:
    path = tmp_path / "坏.xlsx"
    path.write_bytes(b"PK nothing")
    result = invoke(market, "achievements", path, "--organisation", "澄江理工学院")
    assert result.exit_code == 2
    assert "已损坏" in result.output
    assert invoke(market, "achievements", tmp_path / "没有.csv").exit_code == 2


def test_entries_are_proposed_or_left_as_drafts(market: SimpleNamespace, tmp_path: Path) -> None:
    file = tmp_path / "环节.csv"
    rows = ["环节名称,产业链,位置,上游环节,来源,数据日期", "锻造,chain-metal,中游,冶炼,台账,2025-03-31"]
    file.write_text("\n".join([*rows, "冶炼,chain-metal,上游,,台账,2025-03-31", ""]), encoding="utf-8")
    there = ("--set", "行政区划=江阴市")
    drafts = invoke(market, "nodes", file, *there, "--draft")
    assert drafts.exit_code == 0, drafts.output
    assert "环节.csv：2 行产业链环节" in drafts.output
    assert "新增 2，更新 0，未变 0，出错 0。完成。" in drafts.output
    assert "新增 0，更新 2，未变 0，出错 0。完成。" in invoke(market, "nodes", file, *there).output
    assert "新增 0，更新 0，未变 2，出错 0。完成。" in invoke(market, "nodes", file, *there).output
    with market.database.reading() as session:
        assert set(session.scalars(select(ChainNode.status))) == {EntryStatus.PROPOSED}


def test_there_is_a_command_for_every_kind() -> None:
    assert set(import_group.commands) == {kind.value for kind in ImportKind}
