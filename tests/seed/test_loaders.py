"""Reference files reach the database whole; loading twice changes nothing; faults name file and line."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.contracts.models import DocumentRequirement, RegistrationRules
from market.db import Base
from market.rankings.models import IndexDefinition
from market.reference.models import CodeEntry, Park, Region, RegionSuccession
from market.reference.rules import Scheme
from market.turnover.models import Target
from seed.loaders import REFERENCE, SeedError, load_reference

TABLES: dict[str, type[Base]] = {
    "regions.csv": Region,
    "region_successions.csv": RegionSuccession,
    "parks.csv": Park,
    "codes.csv": CodeEntry,
    "registration_rules.csv": RegistrationRules,
    "document_requirements.csv": DocumentRequirement,
    "index_definitions.json": IndexDefinition,
    "targets.csv": Target,
}


def all_rows(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    return {
        name: sorted(map(repr, session.execute(select(model.__table__)).all()))
        for name, model in TABLES.items()
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the reference files that a test may spoil."""
    return Path(shutil.copytree(REFERENCE, tmp_path / "reference"))


@pytest.fixture
def spoil(folder: Path) -> Callable[[str, int, str], None]:
    """Replace one line (counted from 1) of one file."""

    def replace(name: str, line: int, text: str) -> None:
        path = folder / name
        lines = path.read_text(encoding="utf-8").splitlines()
        lines[line - 1] = text
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    return replace


def test_loading_twice_changes_nothing(session: Session) -> None:
    before = all_rows(session)
    assert all(before.values())
    read = load_reference(session)
    assert not session.dirty
    assert all_rows(session) == before
    assert read == {name: len(rows) for name, rows in before.items()}


def test_every_code_of_the_file_is_there_once(session: Session) -> None:
    with (REFERENCE / "regions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    codes = {row["code"] for row in rows}
    assert set(session.scalars(select(Region.code))) == codes
    held = sum(1 + len(former) for former in session.scalars(select(Region.former)))
    assert held == len(rows) > len(codes)


def test_code_given_twice_belongs_to_its_latest_holder(session: Session) -> None:
    region = session.get_one(Region, "320211")
    assert (region.name, region.valid_from, region.valid_to) == ("滨湖区", date(2000, 1, 1), None)
    assert region.former == [{"name": "郊区", "valid_from": "1983-01-01", "valid_to": "1999-12-31"}]


def test_former_holders_stand_newest_first(session: Session) -> None:
    several = [former for former in session.scalars(select(Region.former)) if len(former) > 1]
    assert several
    for former in several:
        ends = [holder["valid_to"] for holder in former]
        assert ends == sorted(ends, reverse=True)


def test_changed_file_changes_the_row(session: Session, folder: Path, spoil: Any) -> None:
    spoil("parks.csv", 2, "320281-P01,江阴高新区,320281,national_hitech,测试")
    load_reference(session, folder)
    session.expire_all()
    assert session.get_one(Park, "320281-P01").name == "江阴高新区"


def test_new_line_adds_a_row(session: Session, folder: Path) -> None:
    before = session.scalar(select(func.count()).select_from(CodeEntry))
    with (folder / "codes.csv").open("a", encoding="utf-8") as file:
        file.write("contract_type,QT,其他,,99,2025-01-01,,测试,no\n")
    load_reference(session, folder)
    entry = session.get_one(CodeEntry, (Scheme.CONTRACT_TYPE, "QT"))
    assert (entry.name, entry.sort, entry.verified) == ("其他", 99, False)
    assert (entry.parent_code, entry.valid_from, entry.valid_to) == (None, date(2025, 1, 1), None)
    assert session.scalar(select(func.count()).select_from(CodeEntry)) == (before or 0) + 1


@pytest.mark.one_database("the file is refused before it reaches the database")
@pytest.mark.parametrize(
    ("name", "line", "text", "words"),
    [
        (
            "regions.csv",
            3,
            "110000,北京市,country,000000,,",
            "level 的“country”应为以下之一：nation、province、prefecture、county",
        ),
        (
            "regions.csv",
            9,
            "110104,宣武区,county,110000,,2010-13-31",
            "valid_to 的“2010-13-31”不是日期，应写作 2025-03-01",
        ),
        ("regions.csv", 4, "110100,市辖区", "列数与表头不符"),
        ("parks.csv", 2, "320281-P01,江阴高新区,320281,national_hitech,来源,多余", "列数与表头不符"),
        ("codes.csv", 2, "contract_kind,KF,技术开发,,10,,,来源,yes", "scheme 的“contract_kind”应为以下之一"),
        ("codes.csv", 3, "contract_type,ZR,技术转让,,first,,,来源,yes", "sort 的“first”不是整数"),
        (
            "codes.csv",
            3,
            "contract_type,ZR,技术转让,,20,,,来源,maybe",
            "verified 的“maybe”应为 yes 或 no",
        ),
        (
            "region_successions.csv",
            2,
            "110103,110101,2011,yes,来源",
            "effective_on 的“2011”不是日期，应写作 2025-03-01",
        ),
        ("region_successions.csv", 2, "110103,,2011-01-01,yes,来源", "new_code 不能为空"),
        (
            "registration_rules.csv",
            2,
            "2000,2000-02-16,KF,30,30,no,5.5,total,no,,3,yes,来源,yes",
            "large_from_fen 的“5.5”不是整数",
        ),
        (
            "document_requirements.csv",
            2,
            "2000,,sometimes,contract_text,yes,来源",
            "condition 的“sometimes”应为以下之一",
        ),
        (
            "targets.csv",
            2,
            "320281,a,b,about,300,亿元,cum,2023-01-01,2025-12-31,,来源,",
            "comparator 的“about”应为以下之一",
        ),
        (
            "targets.csv",
            2,
            "320281,a,b,>,many,亿元,cum,2023-01-01,2025-12-31,,来源,",
            "value 的“many”不是数字",
        ),
        (
            "targets.csv",
            2,
            "320281,a,b,>,Infinity,亿元,cum,2023-01-01,2025-12-31,,来源,",
            "value 的“Infinity”不是数字",
        ),
        (
            "targets.csv",
            2,
            "320281,a,b,>,300,亿元,total,2023-01-01,2025-12-31,,来源,",
            "basis 的“total”应为以下之一",
        ),
        (
            "targets.csv",
            2,
            "320281,a,b,x,2,倍,rel,2023-01-01,2025-12-31,去年,来源,",
            "base_year 的“去年”不是整数",
        ),
    ],
)
def test_fault_names_file_and_line(
    session: Session, folder: Path, spoil: Any, *, name: str, line: int, text: str, words: str
) -> None:
    spoil(name, line, text)
    with pytest.raises(SeedError) as caught:
        load_reference(session, folder)
    assert caught.value.detail.startswith(f"{name} 第 {line} 行：{words}")


@pytest.mark.one_database("the file is refused before it reaches the database")
def test_missing_column_is_a_fault(session: Session, folder: Path, spoil: Any) -> None:
    spoil("parks.csv", 1, "code,name,region,kind,source")
    with pytest.raises(SeedError, match=r"^parks\.csv 第 2 行：没有列“region_code”。$"):
        load_reference(session, folder)


@pytest.mark.one_database("the file is refused before it reaches the database")
@pytest.mark.parametrize("name", TABLES)
def test_missing_file_is_named(session: Session, folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(SeedError, match=f"^没有文件 {name}。$"):
        load_reference(session, folder)
