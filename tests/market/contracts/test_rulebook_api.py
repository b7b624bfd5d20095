"""Rules and required papers over HTTP, for anyone; and loading them at the command line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from market.cli import Context, MarketGroup
from market.contracts.cli import contracts_group
from market.contracts.queries.rulebook import rule_set_named
from market.db import Database
from market.settings import Settings
from seed.loaders import REFERENCE
from tests.market.http.conftest import without_request_id

pytestmark = pytest.mark.one_database("views; service/test_rulebook.py and test_rulebook_queries.py ask both")

GROUP = MarketGroup("market", commands={"contracts": contracts_group})


def test_versions_with_their_limits_and_sources(client: FlaskClient) -> None:
    versions = client.get("/api/v1/registration-rules").json
    assert [rules["version"] for rules in versions] == ["2000", "2021", "2026"]
    newest = versions[-1]
    assert newest.pop("source").startswith("技术合同认定登记管理办法（工业和信息化部2026-01-23印发")
    assert newest == {
        "version": "2026",
        "in_force_from": "2026-01-23",
        "types": ["FW", "KF", "XK", "ZR", "ZX"],
        "limit_days": 15,
        "large_limit_days": 30,
        "working_days": True,
        "large_from_fen": 500_000_000,
        "large_by": "tech",
        "approver_differs": False,
        "experts_from_fen": None,
        "min_experts": 3,
        "needs_forecast": False,
        "verified": False,
    }


def test_papers_of_a_type_on_a_day(client: FlaskClient) -> None:
    papers = client.get("/api/v1/document-requirements?type_code=FW&day=2026-02-01").json
    assert {paper["rule_version"] for paper in papers} == {"2026"}
    assert {paper["type_code"] for paper in papers} == {None, "FW"}
    brokered = next(paper for paper in papers if paper["document_kind"] == "brokered_contract")
    source = brokered.pop("source")
    assert source.startswith("技术合同认定登记管理办法（2026年）正式文本未核")
    assert brokered == {
        "rule_version": "2026",
        "type_code": "FW",
        "type_name": "技术服务",
        "condition": "brokerage",
        "condition_name": "技术中介合同",
        "document_kind": "brokered_contract",
        "document_name": "所中介的技术合同",
        "required": True,
    }


def test_papers_of_today_unless_a_day_is_given(client: FlaskClient) -> None:
    papers = client.get("/api/v1/document-requirements").json
    assert {paper["rule_version"] for paper in papers} == {"2021"}


@pytest.mark.parametrize("query", ["day=tomorrow", "day=2026-02-30"])
def test_a_day_that_is_none(client: FlaskClient, query: str) -> None:
    response = client.get(f"/api/v1/document-requirements?{query}")
    assert response.status_code == 422
    assert without_request_id(response.json)["errors"] == [
        {
            "pointer": "/day",
            "code": "invalid-value",
            "detail": "应为 ISO 8601 日期，如 2025-03-01。",
        }
    ]


def test_a_type_unknown_to_the_rules_of_the_day(client: FlaskClient) -> None:
    response = client.get("/api/v1/document-requirements?type_code=XK&day=2019-01-01")
    assert response.status_code == 422
    body = without_request_id(response.json)
    source = body["errors"][0].pop("source")
    assert source.startswith("技术合同认定登记管理办法（国科发政字〔2000〕063号）")
    assert body == {
        "type": "urn:market:problem:type-not-in-rules",
        "title": "不符合规则",
        "status": 422,
        "detail": "登记规则 2000 中没有合同类别“XK”。",
        "code": "type-not-in-rules",
        "errors": [
            {
                "pointer": "/type_code",
                "code": "type-not-in-rules",
                "detail": "登记规则 2000 中没有合同类别“XK”。",
            }
        ],
    }


@pytest.fixture
def context(settings: Settings, database: Database) -> Context:
    context = Context(settings)
    context.database = database  # takes the place of the one it would open
    return context


def test_rules_are_loaded_from_a_folder(context: Context, tmp_path: Path) -> None:
    for name in ("registration_rules.csv", "document_requirements.csv"):
        shutil.copy(REFERENCE / name, tmp_path)
    result = CliRunner().invoke(GROUP, ["contracts", "rules", str(tmp_path)], obj=context)
    assert result.exit_code == 0, result.output
    assert result.output.startswith("registration_rules.csv：3 行\ndocument_requirements.csv：")


def test_rules_without_their_papers_are_not_loaded(
    context: Context, database: Database, tmp_path: Path
) -> None:
    text = (REFERENCE / "registration_rules.csv").read_text(encoding="utf-8")
    (tmp_path / "registration_rules.csv").write_text(
        text.replace(",15,30,yes", ",16,30,yes"), encoding="utf-8"
    )
    result = CliRunner().invoke(GROUP, ["contracts", "rules", str(tmp_path)], obj=context)
    assert result.exit_code == 1
    assert "没有文件 document_requirements.csv。" in result.output
    with database.transaction() as session:
        assert rule_set_named(session, "2026").limit_days == 15
