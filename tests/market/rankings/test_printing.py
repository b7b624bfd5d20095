"""Rankings as tables and documents."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR
from market.rankings import service
from market.rankings.models import Ranking
from market.rankings.printing import FileKind, ranking_file, ranking_sheet, state_of
from tests.factories import NOW
from tests.market.rankings.factories import landed, make_agency


@pytest.fixture
def ranking(session: Session) -> Ranking:
    """A draft with two agencies, one of a name that a spreadsheet would run."""
    one, two = make_agency(session, "江阴技术转移中心"), make_agency(session, "=1+1机构")
    landed(session, shares={one: 6_667, two: 3_333})
    landed(session, shares={one: 10_000})
    return service.draft_ranking(session, OPERATOR, region="320281", year=2024, now=NOW)


def test_a_row_for_every_agency_in_the_order_of_print(ranking: Ranking) -> None:
    sheet = ranking_sheet(ranking)
    assert sheet.title == "江阴市2024年技术转移机构排名"
    assert list(sheet.rows) == [
        [1, 1, "江阴技术转移中心", 2, "1.6667", 166_670_000, 133_336_000],
        [2, 2, "=1+1机构", 1, "0.3333", 33_330_000, 26_664_000],
    ]


def test_the_csv_runs_nothing(ranking: Ranking) -> None:
    lines = ranking_file(ranking, FileKind.CSV).content.decode("utf-8-sig").splitlines()
    assert lines[1] == "1,1,江阴技术转移中心,2,1.6667,166.67,133.336"
    assert lines[2].startswith("2,2,'=1+1机构,")


@pytest.mark.parametrize("kind", FileKind)
def test_the_same_ranking_gives_the_same_bytes(ranking: Ranking, kind: FileKind) -> None:
    file = ranking_file(ranking, kind)
    assert file == ranking_file(ranking, kind)
    assert file.name == f"江阴市2024年技术转移机构排名（草稿）.{kind.value}"


def test_an_empty_ranking_can_be_printed(session: Session) -> None:
    empty = service.draft_ranking(session, OPERATOR, region="320282", year=2024, now=NOW)
    assert ranking_file(empty, FileKind.PDF).content.startswith(b"%PDF-")


def test_every_state_says_how_far_it_is(session: Session, ranking: Ranking) -> None:
    assert state_of(ranking) == "草稿，未公示；统计截至2025-06-10"
    service.publish_ranking(session, OPERATOR, ranking.id, now=NOW)
    assert state_of(ranking) == "2025-06-10公示，异议期7个工作日，至2025-06-19；统计截至2025-06-10"
    after = NOW + timedelta(days=20)
    service.finalise_ranking(session, OPERATOR, ranking.id, keep_published=False, now=after)
    assert (ranking.final_on, state_of(ranking)) == (
        date(2025, 6, 30),
        "2025-06-10公示，2025-06-30定稿；统计截至2025-06-10",
    )


def test_a_withdrawn_ranking_says_why(session: Session, ranking: Ranking) -> None:
    service.publish_ranking(session, OPERATOR, ranking.id, now=NOW)
    service.withdraw_ranking(session, OPERATOR, ranking.id, reason="漏计合同", now=NOW)
    assert state_of(ranking) == "已撤回：漏计合同"
    assert "（已撤回）" in ranking_file(ranking, FileKind.XLSX).name
