"""How good suggestions are: figures checked by hand, over HTTP and at the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner

from market.cli import Context, cli
from market.matches.rules import Status
from market.settings import Settings
from tests.market.listings.answers import UNAUTHENTICATED, invalid, problem, problem_of
from tests.market.matches.conftest import Theatre
from tests.market.matches.factories import make_need, make_pair

MAY = datetime(2025, 5, 31, 15, 59, tzinfo=UTC)  # one minute before June in China
JUNE = datetime(2025, 5, 31, 16, 0, tzinfo=UTC)


def figure(key: str, label: str, decided: int, accepted: int, rate: float | None, rank: float | None) -> Any:
    return {
        "key": key,
        "label": label,
        "decided": decided,
        "accepted": accepted,
        "acceptance_rate": rate,
        "mean_reciprocal_rank": rank,
    }


@pytest.fixture
def decided(theatre: Theatre) -> Theatre:
    """Four decisions and two pairs that wait."""
    with theatre.database.transaction() as session:
        oil = make_need(session, theatre.scene.buyer.id, tech_field="01")
        old = {"encoder": "old@1", "weights": "1"}
        new = {"encoder": "new@2", "weights": "learned-1"}
        make_pair(session, theatre.scene, status=Status.RECOMMENDED, rank=1, decided_at=MAY, **old)
        make_pair(session, theatre.scene, status=Status.DECLINED, rank=2, decided_at=MAY, **old)
        make_pair(session, theatre.scene, status=Status.FAILED, rank=4, decided_at=JUNE, need=oil, **new)
        make_pair(session, theatre.scene, status=Status.DECLINED, rank=3, decided_at=JUNE, need=oil, **old)
        make_pair(session, theatre.scene, **new)
        make_pair(session, theatre.scene, status=Status.LAPSED, **new)
    return theatre


EXPECTED = {
    "since": None,
    "overall": figure("", "全部", 4, 2, 0.5, 0.625),
    "by_field": [
        figure("01", "电子信息", 2, 1, 0.5, 0.25),
        figure("07", "环境保护与资源综合利用", 2, 1, 0.5, 1.0),
    ],
    "by_encoder": [figure("new@2", "new@2", 1, 1, 1.0, 0.25), figure("old@1", "old@1", 3, 1, 1 / 3, 1.0)],
    "by_weights": [figure("1", "1", 3, 1, 1 / 3, 1.0), figure("learned-1", "learned-1", 1, 1, 1.0, 0.25)],
    "by_month": [figure("2025-05", "2025-05", 2, 1, 0.5, 1.0), figure("2025-06", "2025-06", 2, 1, 0.5, 0.25)],
}


@pytest.mark.parametrize("name", ["broker", "bureau", "admin"])
def test_figures_by_hand(decided: Theatre, name: str) -> None:
    response = decided.get("/suggestions/quality", name)
    assert (response.status_code, response.get_json()) == (200, EXPECTED)


def test_figures_since_a_day_in_china(decided: Theatre) -> None:
    body = decided.get("/suggestions/quality", "bureau", since="2025-06-01").get_json()
    assert body["since"] == "2025-06-01"
    assert body["overall"] == figure("", "全部", 2, 1, 0.5, 0.25)
    assert [one["key"] for one in body["by_month"]] == ["2025-06"]


def test_without_decisions_there_are_no_rates(theatre: Theatre) -> None:
    theatre.pair()
    body = theatre.get("/suggestions/quality", "bureau").get_json()
    assert body.pop("overall") == figure("", "全部", 0, 0, None, None)
    assert body == {"since": None, "by_field": [], "by_encoder": [], "by_weights": [], "by_month": []}


@pytest.mark.parametrize("name", ["enterprise", "university", "registrar", "unverified_broker"])
def test_figures_are_for_brokers_and_bureaus(theatre: Theatre, name: str) -> None:
    assert problem_of(theatre.get("/suggestions/quality", name)) == problem(
        403, "role-not-allowed", title="没有权限", detail="匹配质量供技术经纪人和主管部门查看。"
    )


def test_badly_asked(theatre: Theatre) -> None:
    assert problem_of(theatre.get("/suggestions/quality")) == UNAUTHENTICATED
    assert problem_of(theatre.get("/suggestions/quality", "bureau", since="June")) == invalid(
        ("/since", "应为 ISO 8601 日期，如 2025-03-01。")
    )


def test_the_operator_sees_the_same(decided: Theatre, settings: Settings) -> None:
    context = Context(settings)
    context.__dict__["database"] = decided.database
    run = lambda *words: CliRunner().invoke(cli, ["matches", "quality", *words], obj=context)  # noqa: E731
    assert json.loads(run("--json").output) == EXPECTED
    since = json.loads(run("--json", "--since", "2025-06-01").output)
    assert (since["since"], since["overall"]["decided"]) == ("2025-06-01", 2)
    table = run().output
    assert "0.625" in table
    assert "环境保护" in table
    assert run("--since", "June").exit_code == 2
