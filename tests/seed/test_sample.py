"""The sample market: its files, its loading, and the thread run through it."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook
from sqlalchemy import func, select

from market.accounts.models import Organisation, User
from market.audit.models import AuditEvent
from market.cli import Context, cli
from market.contracts.models import Contract
from market.contracts.rules import Status
from market.db import Database
from market.listings.models import Listing
from market.settings import Settings
from market.turnover.models import TurnoverEntry
from market.turnover.service import verify
from seed import records, sample
from seed.cli import seed_group

DAY = date(2025, 11, 18)
SENTENCE = re.compile(r"[。！？]")


@pytest.fixture(scope="module")
def needs() -> list[dict[str, object]]:
    return list(records.read("needs"))


@pytest.fixture(scope="module")
def achievements() -> list[dict[str, object]]:
    return list(records.read("achievements"))


def test_the_sample_is_large_enough(needs: list[dict], achievements: list[dict]) -> None:
    assert len(needs) >= 80
    assert len(achievements) >= 200
    assert len(list(records.read("contracts"))) == 60
    assert {row["tech_field"] for row in needs} == {f"{field:02d}" for field in range(1, 12)}


def test_numbers_are_unique_and_references_hold(needs: list[dict], achievements: list[dict]) -> None:
    ids = [row["external_id"] for row in [*needs, *achievements, *records.read("contracts")]]
    assert len(ids) == len(set(ids))
    known = {row["external_id"] for row in needs}
    assert all(set(row["answers"]) <= known for row in achievements)
    assert known == {need for row in achievements for need in row["answers"]}
    kinds = {row["slug"]: row["kind"] for row in records.read("organisations")}
    assert {kinds[row["organisation"]] for row in needs} == {"enterprise"}
    assert {kinds[row["organisation"]] for row in achievements} == {"university"}


def test_no_sentence_recurs(needs: list[dict], achievements: list[dict]) -> None:
    texts = [row[part] for row in [*needs, *achievements] for part in ("body", "confidential")]
    sentences = [s.strip() for text in texts for s in SENTENCE.split(text) if len(s.strip()) >= 10]
    assert [s for s, count in Counter(sentences).items() if count > 1] == []


def test_contracts_have_a_change_a_cancellation_and_a_revocation() -> None:
    events = Counter(row["event"] for row in records.read("contracts"))
    assert events["change"] == events["cancellation"] == events["revocation"] == 1


def test_the_thread_runs_from_the_need_to_the_figure_and_back(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'market.db'}"
    context = Context(Settings(database_url=url, data_dir=tmp_path, sample_day=DAY))
    if "seed" not in cli.commands:
        cli.add_command(seed_group, "seed")
    result = CliRunner().invoke(cli, ["seed", "demo"], obj=context)
    assert result.exit_code == 0, result.output
    printed = result.output
    need = records.find_record("needs", sample.HELD_BACK)
    steps = [printed.index(f"【{number}】") for number in "一二三四五六七八九十"]
    assert steps == sorted(steps)
    suggested = printed[steps[1] : steps[2]]
    assert suggested.count("得分构成") == 5
    assert "概念：" in suggested
    assert "语义相近：「" in suggested
    assert "逐项比对：" in suggested
    answers = [row["title"] for row in records.read("achievements") if sample.HELD_BACK in row["answers"]]
    assert any(title in suggested for title in answers)
    number = re.search(r"合同登记编号 (\d{16})", printed)
    assert number is not None
    thread = printed[steps[5] : steps[6]]
    assert number[1] in thread
    assert f"《{need['title']}》" in thread
    figures = printed[steps[4] : steps[5]]
    assert re.search(r"登记.*（33 项） → .*（34 项）", figures)
    assert re.search(r"输出.*（6 项） → .*（6 项）", figures)  # the seller is not from 江阴
    assert "300亿元" in figures
    _assert_what_is_published(printed[steps[6] :], tmp_path / "样例文件")
    database = context.database
    _assert_books_agree(database)
    _assert_loading_again_changes_nothing(context)
    database.dispose()


def _assert_what_is_published(printed: str, folder: Path) -> None:
    assert "公开核验：技术合同登记证明，有效" in printed
    assert re.search(r"登记（按技术合同登记机构所在地统计）：13 项", printed)
    assert "技术转移服务有限公司，合同 5 项（按份额 4.7000 项）" in printed
    parts = [Decimal(part) for part in re.findall(r"得分 ([0-9.]+)", printed)]
    index = re.search(r"科技成果转化指数：([0-9.]+)", printed)
    assert index is not None
    assert sum(parts) == Decimal(index[1])
    assert len(parts) == 4
    for name in ("登记证明.pdf", "2024年公报.pdf", "2024年机构排名.pdf"):
        assert (folder / name).read_bytes().startswith(b"%PDF-"), name
    assert (folder / "2024年公报.csv").read_text("utf-8-sig").count("登记") > 3
    assert len(load_workbook(folder / "2024年公报.xlsx").sheetnames) > 5


def _assert_books_agree(database: Database) -> None:
    with database.reading() as session:
        report = verify(session)
        assert report.agrees
        live = select(func.count()).where(Contract.status == Status.REGISTERED)
        assert {sums.deals for sums in report.sums.values()} == {session.scalar(live)}
        ended = set(session.scalars(select(Contract.status).distinct()))
        assert ended == {Status.REGISTERED, Status.CANCELLED, Status.REVOKED}


def _assert_loading_again_changes_nothing(context: Context) -> None:
    tables = (Organisation, User, Listing, Contract, TurnoverEntry, AuditEvent)
    with context.database.reading() as session:
        before = [session.scalar(select(func.count()).select_from(table)) for table in tables]
    sample.load(
        context.database, context.encoder, ledger=context.ledger, day=DAY, progress=context.progress()
    )
    with context.database.reading() as session:
        after = [session.scalar(select(func.count()).select_from(table)) for table in tables]
    # The need that the thread posted carries its number of the sample, so it is not loaded again.
    assert after == before


def test_the_sample_needs_a_day_of_its_own(tmp_path: Path) -> None:
    context = Context(Settings(database_url=f"sqlite:///{tmp_path / 'market.db'}", data_dir=tmp_path))
    result = CliRunner().invoke(seed_group, ["demo"], obj=context)
    assert result.exit_code == 1
    assert "MARKET_SAMPLE_DAY" in result.output
    assert not (tmp_path / "market.db").exists()
