"""`make demo`: a challenge and the thread on a need, run and printed, then read back from the market."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook
from sqlalchemy import func, select

from market.accounts.models import Organisation, User
from market.app import create_app
from market.audit.models import AuditEvent
from market.cli import Context, cli
from market.clock import FixedClock
from market.contracts.models import Contract
from market.contracts.rules import Status
from market.libraries.models import Edition, RegisterEntry
from market.listings.models import Listing
from market.settings import Settings
from market.turnover.models import TurnoverEntry
from market.turnover.service import verify
from seed import records, sample
from seed.challenge import BUREAU, COLLEAGUE, REGION
from seed.cli import seed_group
from seed.person import Person

DAY = date(2025, 11, 18)


@dataclass(frozen=True)
class Demo:
    """A market after the demonstration, and the two parts of what was printed."""

    context: Context
    story: str
    thread: str

    def person(self, login: str | None = None) -> Person:
        app = create_app(
            self.context.settings,
            database=self.context.database,
            clock=FixedClock(records.moment(DAY)),
            encoder=self.context.encoder,
        )
        return Person(app.test_client(), login)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    url = f"sqlite:///{folder / 'market.db'}"
    context = Context(Settings(database_url=url, data_dir=folder, sample_day=DAY))
    if "seed" not in cli.commands:
        cli.add_command(seed_group, "seed")
    result = CliRunner().invoke(cli, ["seed", "demo"], obj=context)
    assert result.exit_code == 0, result.output
    story, thread = result.output.split("════ 下篇")
    yield Demo(context, story, thread)
    context.database.dispose()


def _chapters(printed: str, numbers: str) -> list[int]:
    steps = [printed.index(f"【{number}】") for number in numbers]
    assert steps == sorted(steps)
    return steps


def test_the_thread_runs_from_the_need_to_the_figure_and_back(demo: Demo) -> None:
    printed = demo.thread
    need = records.find_record("needs", sample.HELD_BACK)
    steps = _chapters(printed, "一二三四五六七八九十")
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
    assert re.search(r"登记.*（34 项） → .*（35 项）", figures)
    assert re.search(r"输出.*（6 项） → .*（6 项）", figures)  # the seller is not from 江阴
    assert "300亿元" in figures


def test_what_is_published_can_be_opened(demo: Demo) -> None:
    printed = demo.thread[demo.thread.index("【七】") :]
    folder = demo.context.settings.data_dir / "样例文件"
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


def test_a_bundle_reaches_its_subscriber_and_figures_of_the_network_are_opened(demo: Demo) -> None:
    printed = demo.thread[demo.thread.index("【十一】") :]
    scores = [int(score) for score in re.findall(r"推送　(\d+)%", printed)]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] >= 50
    figures = dict(re.findall(r"^  (\S+?)：(\d+)　/api/v1/", printed, re.MULTILINE))
    assert figures["揭榜立项项目"] == "1"
    assert "打开“揭榜立项项目”：风电主轴轴承钢大颗粒夹杂物控制" in printed


def test_the_story_goes_from_a_vague_need_to_an_accepted_milestone(demo: Demo) -> None:
    printed = demo.story
    steps = _chapters(printed, "一二三四五六七")
    gate = re.findall(r"完整度 (\d+) 分", printed[: steps[1]])
    assert int(gate[0]) < 60 < int(gate[1])
    for name in ("成果", "专家", "资源", "项目"):
        assert re.search(rf"^  {name}　\d+%", printed[steps[1] : steps[2]], re.MULTILINE), name
    for rule in ("checker-is-proposer", "bid-after-deadline", "notice-running"):
        assert f"（{rule}）" in printed
    assert "按种子重算与抽取结果一致" in printed
    assert "已回避，由抽取顺序中的下一位递补；3 位专家评分" in printed
    for figure in re.findall(r"^  数字　　.*$", printed, re.MULTILINE):
        before, after = (re.sub(r"（.*", "", part) for part in figure.split("：", 1)[1].split(" → "))
        assert before != after, figure


def test_every_register_shows_the_story_and_leads_on(demo: Demo) -> None:
    anyone, bureau = demo.person(), demo.person(BUREAU)
    (challenge,) = anyone.get("/challenges")["items"]
    (award,) = anyone.get(f"/challenges/{challenge['id']}/awards")
    need = anyone.get(f"/needs/{challenge['need_id']}")
    project = anyone.get(f"/projects/{award['project_id']}")
    technology = anyone.get(f"/key-technologies/{challenge['technology_id']}")
    assert (challenge["status"], award["status"], need["status"]) == (
        "implementing",
        "implementing",
        "contracted",
    )
    assert (project["origin"], project["need_id"], project["paid_fen"]) == (
        "challenge",
        need["id"],
        award["grant_fen"] // 2,
    )
    assert [one["status"] for one in project["milestones"]] == ["accepted", "planned", "planned"]
    assert (technology["progress"], [one["id"] for one in technology["needs"]]) == ("tackling", [need["id"]])

    works = anyone.get(f"/talents/{project['leader_talent_id']}/projects")["items"]
    assert [work["id"] for work in works] == [project["id"]]

    (listed,) = anyone.get("/editions", register="challenges", region=REGION)["items"]
    (row,) = anyone.get(f"/editions/{listed['id']}/rows")["items"]
    assert row["record_id"] == challenge["id"]
    newest = anyone.get("/editions", register="technologies", region=REGION)["items"][0]
    assert [(one["title"], one["fields"]) for one in newest["comparison"]["changed"]] == [
        (technology["title"], ["progress"])
    ]

    seats = bureau.get(f"/challenges/{challenge['id']}/panels")["seats"]
    assert sorted(seat["status"] for seat in seats) == ["cleared", "cleared", "cleared", "recused"]
    thread = _thread_of(bureau, award["id"])
    assert (thread["need"]["id"], thread["award"]["challenge_id"], thread["project"]["id"]) == (
        need["id"],
        challenge["id"],
        project["id"],
    )


def _thread_of(bureau: Person, award_id: int) -> dict[str, Any]:
    """Return the thread of the one contract behind the region's figures that was signed for an award."""
    lines = bureau.get("/turnover/entries", region=REGION, period="since-plan", limit=100)["items"]
    contracts = {line["contract_id"] for line in lines}
    threads = [bureau.get(f"/turnover/contracts/{one}/thread") for one in contracts]
    (found,) = [one for one in threads if one["award"] is not None]
    assert found["award"]["id"] == award_id
    return dict(found)


def test_nobody_checked_what_they_proposed(demo: Demo) -> None:
    bureau = demo.person(BUREAU)
    users = {login: demo.person(login).get("/me")["id"] for login in (BUREAU, COLLEAGUE)}
    technology = bureau.get("/challenges")["items"][0]["technology_id"]
    steps = bureau.get(f"/key-technologies/{technology}/events")
    done = {step["action"]: step["actor_id"] for step in steps}
    assert (done["propose"], done["list"]) == (users[BUREAU], users[COLLEAGUE])


def test_the_books_agree_after_all_of_it(demo: Demo) -> None:
    with demo.context.database.reading() as session:
        report = verify(session)
        assert report.agrees
        live = select(func.count()).where(Contract.status == Status.REGISTERED)
        assert {sums.deals for sums in report.sums.values()} == {session.scalar(live)}
        ended = set(session.scalars(select(Contract.status).distinct()))
        assert ended == {Status.REGISTERED, Status.CANCELLED, Status.REVOKED}


def test_loading_the_sample_again_changes_nothing(demo: Demo) -> None:
    context = demo.context
    tables = (Organisation, User, Listing, RegisterEntry, Edition, Contract, TurnoverEntry, AuditEvent)
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
