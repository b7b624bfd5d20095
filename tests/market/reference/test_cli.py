"""`market reference …` loads whole folders and notices of holidays, or nothing."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from market.cli import Context, MarketGroup
from market.db import Database
from market.reference.cli import reference_group
from market.reference.models import CalendarDay, CodeEntry
from market.settings import Settings
from seed.loaders import REFERENCE

NOTICE = """day,workday,name,source
2199-01-01,no,元旦,国办发明电〔2198〕7号
2199-10-01,no,国庆节,国办发明电〔2198〕7号
2199-09-28,yes,国庆节调休,国办发明电〔2198〕7号
"""
GROUP = MarketGroup("market", commands={"reference": reference_group})


@pytest.fixture
def context(settings: Settings, database: Database) -> Context:
    context = Context(settings)
    context.database = database  # takes the place of the one it would open
    return context


def run(context: Context, *words: str) -> Result:
    return CliRunner().invoke(GROUP, ["reference", *words], obj=context)


def test_a_notice_of_holidays_is_loaded(context: Context, database: Database, tmp_path: Path) -> None:
    file = tmp_path / "2199.csv"
    file.write_text(NOTICE, encoding="utf-8")
    for _ in range(2):
        result = run(context, "calendar", str(file))
        assert (result.exit_code, result.output) == (0, "2199.csv：3 天\n")
    with database.transaction() as session:
        assert session.get_one(CalendarDay, date(2199, 9, 28)).workday


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("2199-09-28,yes", "2199-09-31,yes", "第 4 行：day 的“2199-09-31”不是日期，应写作 2025-03-01。"),
        ("2199-09-28,yes", "2199-09-28,是", "第 4 行：workday 的“是”应为 yes 或 no。"),
        ("2199-10-01,no,国庆节", "2199-10-01,no,", "第 3 行：name 不能为空。"),
        ("day,workday", "日期,workday", "第 2 行：没有列“day”。"),
        ("2199-09-28,yes", "2199-01-01,yes", "2199-01-01既列为工作日，又列为休息日。"),
    ],
)
def test_a_wrong_notice_changes_nothing(
    context: Context, database: Database, tmp_path: Path, *, old: str, new: str, words: str
) -> None:
    file = tmp_path / "2199.csv"
    file.write_text(NOTICE.replace(old, new), encoding="utf-8")
    result = run(context, "calendar", str(file))
    assert result.exit_code == 1
    assert words in result.output
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(CalendarDay)) == 0


def test_a_file_in_another_encoding_is_refused(context: Context, tmp_path: Path) -> None:
    file = tmp_path / "2199.csv"
    file.write_bytes(NOTICE.encode("gbk"))
    result = run(context, "calendar", str(file))
    assert (result.exit_code, result.output.count("2199.csv 不是 UTF-8 编码的文件。")) == (1, 1)


def test_a_folder_is_loaded_as_far_as_it_goes(context: Context, database: Database, tmp_path: Path) -> None:
    for name in ("parks.csv", "region_successions.csv"):
        shutil.copy(REFERENCE / name, tmp_path)
    (tmp_path / "codes.csv").write_text(
        "scheme,code,name,parent_code,sort,valid_from,valid_to,source,verified\n"
        "contract_type,QT,其他,,99,2025-01-01,,测试,no\n",
        encoding="utf-8",
    )
    result = run(context, "load", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert [line.split("：")[0] for line in result.output.splitlines()] == [
        "parks.csv",
        "codes.csv",
        "region_successions.csv",
    ]
    with database.transaction() as session:
        entry = session.scalars(select(CodeEntry).where(CodeEntry.code == "QT")).one()
        assert (entry.name, entry.verified) == ("其他", False)


def test_a_folder_without_such_files_is_refused(context: Context, tmp_path: Path) -> None:
    result = run(context, "load", str(tmp_path))
    assert result.exit_code == 1
    assert "目录中没有可载入的文件" in result.output
    assert "no-reference-files" in result.output
