"""Releases over HTTP: who publishes, what anyone reads, and the files."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any
from urllib.parse import unquote

import pytest
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.canonical import digest_of
from market.turnover.models import Release
from market.turnover.printing import WITHHELD, printed_table
from market.turnover.rules import ReleaseKind
from market.turnover.service import publish_release, withdraw_release
from tests.factories import NOW, as_actor, make_actor
from tests.market.turnover.factories import register

pytestmark = pytest.mark.one_database("views; test_releases.py and test_bulletins.py ask both")

FORM = {"region": "320281", "kind": "monthly", "period": "2025-05", "note": "首期"}


@pytest.fixture
def bureau(session: Session) -> Actor:
    """An officer of 江阴's bureau."""
    return make_actor(session, OrganisationKind.BUREAU)


@pytest.fixture
def release(session: Session) -> Release:
    """江阴's May 2025: three small contracts, of which one alone is a service."""
    for type_code, fen in (("KF", 30_000_000_000), ("KF", 20_000_000_000), ("FW", 700_000_000)):
        register(
            session,
            registered_on=date(2025, 5, 6),
            type_code=type_code,
            total_amount_fen=fen,
            tech_amount_fen=fen // 2,
            project_name=f"=1+1 {fen}",
        )
    return publish_release(
        session,
        OPERATOR,
        region="320281",
        kind=ReleaseKind.MONTHLY,
        period="2025-05",
        note="=首期",
        now=NOW,
    )


def _problem(body: dict[str, Any]) -> dict[str, Any]:
    """Return a problem without the number of its request."""
    assert len(body.pop("request_id")) == 16
    return body


def test_a_bureau_publishes_and_anyone_reads(client: FlaskClient, session: Session, bureau: Actor) -> None:
    response = client.post("/api/v1/releases", json=FORM, headers=as_actor(session, bureau))
    assert response.status_code == 201
    published = response.get_json()
    content = published["content"]
    assert published["digest"] == digest_of(content)
    assert {key: published[key] for key in ("kind_name", "period", "withdrawn", "note")} == {
        "kind_name": "月度快报",
        "period": "2025-05",
        "withdrawn": False,
        "note": "首期",
    }
    assert content["region"] == {"code": "320281", "name": "江阴市"}
    assert client.get(f"/api/v1/releases/{published['id']}").get_json() == published
    [listed] = client.get("/api/v1/releases?region=320281&kind=monthly").get_json()["items"]
    assert listed == {key: value for key, value in published.items() if key != "content"}
    assert client.get("/api/v1/releases?withdrawn=true").get_json()["items"] == []


def test_a_bureau_looks_before_it_publishes(client: FlaskClient, session: Session, bureau: Actor) -> None:
    url = "/api/v1/releases/preview?region=320281&kind=monthly&period="
    assert client.get(f"{url}2025-05").status_code == 401
    headers = as_actor(session, bureau)
    draft = client.get(f"{url}2025-05", headers=headers).get_json()
    published = client.post("/api/v1/releases", json=FORM, headers=headers).get_json()
    assert (draft["digest"], draft["publishable"]) == (published["digest"], True)
    assert client.get(f"{url}2025-06", headers=headers).get_json()["publishable"] is False
    assert client.get(f"{url}2025", headers=headers).get_json()["code"] == "period-kind"


def test_a_station_does_not_publish(client: FlaskClient, session: Session) -> None:
    headers = as_actor(session, make_actor(session, OrganisationKind.STATION))
    response = client.post("/api/v1/releases", json=FORM, headers=headers)
    assert (response.status_code, response.get_json()["code"]) == (403, "release-denied")
    assert client.get("/api/v1/releases").get_json()["items"] == []


def test_a_running_period_is_refused_with_its_field(
    client: FlaskClient, session: Session, bureau: Actor
) -> None:
    response = client.post(
        "/api/v1/releases", json={**FORM, "period": "2025-06"}, headers=as_actor(session, bureau)
    )
    detail = "2025年6月尚未结束，结束后方可发布。"
    assert response.status_code == 422
    assert _problem(response.get_json()) == {
        "type": "urn:market:problem:period-running",
        "title": "不符合规则",
        "status": 422,
        "detail": detail,
        "code": "period-running",
        "errors": [{"pointer": "/period", "code": "period-running", "detail": detail}],
    }


def test_a_withdrawn_release_is_read_with_its_mark(
    client: FlaskClient, session: Session, release: Release, bureau: Actor
) -> None:
    url = f"/api/v1/releases/{release.id}"
    assert client.post(f"{url}/withdrawals", json={"reason": "误"}).status_code == 401
    headers = as_actor(session, bureau)
    response = client.post(f"{url}/withdrawals", json={"reason": " "}, headers=headers)
    assert response.status_code == 422
    assert _problem(response.get_json())["errors"] == [
        {"pointer": "/reason", "code": "invalid-value", "detail": "长度应在 1 与 1000 之间。"}
    ]
    response = client.post(f"{url}/withdrawals", json={"reason": "漏统"}, headers=headers)
    assert response.status_code == 200
    body = client.get(url).get_json()
    assert (body["withdrawn"], body["withdraw_reason"]) == (True, "漏统")
    [listed] = client.get("/api/v1/releases?withdrawn=true").get_json()["items"]
    assert listed["id"] == release.id


def test_a_comparison_over_http(
    client: FlaskClient, session: Session, release: Release, bureau: Actor
) -> None:
    url = f"/api/v1/releases/{release.id}/comparison"
    assert client.get(url).status_code == 401
    enterprise = make_actor(session)
    assert client.get(url, headers=as_actor(session, enterprise)).status_code == 403
    register(session, registered_on=date(2025, 5, 7), total_amount_fen=100, tech_amount_fen=0)
    body = client.get(url, headers=as_actor(session, bureau)).get_json()
    # The line was written within the same moment of the test's clock, so the books of then hold it too.
    assert body["reproduced"] is False
    assert [row["key"] for row in body["headline"]] == ["registered", "output", "absorbed"]
    assert body["release"]["id"] == release.id


def _file(client: FlaskClient, release: Release, kind: str) -> tuple[str, bytes]:
    response = client.get(f"/api/v1/releases/{release.id}/files/{kind}")
    assert response.status_code == 200
    name = response.headers["Content-Disposition"].partition("filename*=UTF-8''")[2]
    return unquote(name), response.data


def test_the_workbook_holds_exact_numbers_and_hides_what_is_withheld(
    client: FlaskClient, release: Release
) -> None:
    name, data = _file(client, release, "xlsx")
    assert name == "2025年5月江阴市技术市场统计快报.xlsx"
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    headline = book.get_sheet_by_name("主要指标").to_python()
    assert headline[3][:2] == ["2025年5月", "登记"]
    assert (headline[3][3], headline[3][5], headline[3][7]) == (3.0, 5.07, 2.535)
    assert [cell for cell in headline[-len(release.content["notes"]) - 2] if cell] == ["=首期"]
    types = {row[0]: row for row in book.get_sheet_by_name("按合同类别（登记）").to_python()}
    assert (types["技术服务"][1], types["技术服务"][3], types["技术服务"][8]) == (1.0, "", "金额不公布")
    assert types["合计"][3] == 5.07


def test_the_table_of_comma_separated_values_reads_back(client: FlaskClient, release: Release) -> None:
    name, data = _file(client, release, "csv")
    assert name == "2025年5月江阴市技术市场统计快报.csv"
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    [total] = [row for row in rows if (row["表"], row["名称"]) == ("按合同类别", "合计")]
    assert (total["合同数（项）"], total["合同成交额（亿元）"], total["占比"]) == ("3", "5.07", "100%")
    [row] = [row for row in rows if (row["表"], row["代码"]) == ("按合同类别", "FW")]
    assert (row["合同成交额（亿元）"], row["备注"]) == ("", "金额不公布")


def test_the_document_is_the_same_each_time_and_marked_when_withdrawn(
    client: FlaskClient, session: Session, release: Release
) -> None:
    name, data = _file(client, release, "pdf")
    assert (name, data[:5]) == ("2025年5月江阴市技术市场统计快报.pdf", b"%PDF-")
    assert _file(client, release, "pdf")[1] == data
    withdraw_release(session, OPERATOR, release.id, reason="#panic(1) ]", now=NOW)
    name, marked = _file(client, release, "pdf")
    assert name == "2025年5月江阴市技术市场统计快报（已撤回）.pdf"
    assert marked != data


def test_other_formats_do_not_exist(client: FlaskClient, release: Release) -> None:
    assert client.get(f"/api/v1/releases/{release.id}/files/docx").status_code == 404
    assert client.get("/api/v1/releases/999999/files/pdf").status_code == 404


def test_withheld_cells_print_as_a_star(release: Release) -> None:
    [types] = [table for table in release.content["tables"] if table["key"] == "type"]
    rows = {row[0]: row for row in printed_table(types)["rows"]}
    assert rows["技术服务"] == ["技术服务", "1", None, WITHHELD, WITHHELD, WITHHELD, WITHHELD, WITHHELD]


def test_a_release_of_few_contracts_prints_no_amount_at_all(client: FlaskClient, session: Session) -> None:
    for day in (date(2025, 5, 6), date(2025, 5, 7), date(2024, 5, 7)):
        register(session, registered_on=day, total_amount_fen=12_345_678_900)
    release = publish_release(
        session,
        OPERATOR,
        region="320281",
        kind=ReleaseKind.MONTHLY,
        period="2025-05",
        note=None,
        now=NOW,
    )
    assert "12345678900" not in client.get(f"/api/v1/releases/{release.id}").text
    csv_rows = list(csv.DictReader(io.StringIO(_file(client, release, "csv")[1].decode("utf-8-sig"))))
    assert {row["备注"] for row in csv_rows if row["合同数（项）"] == "2"} == {"金额不公布"}
    assert {row["合同成交额（亿元）"] for row in csv_rows} <= {"", "0"}
    book = CalamineWorkbook.from_filelike(io.BytesIO(_file(client, release, "xlsx")[1]))
    headline = book.get_sheet_by_name("主要指标").to_python()[3]
    assert (headline[3], headline[5], headline[9], headline[10]) == (2.0, "", 1.0, "")
    assert headline[-1] == "金额不公布"
    [types] = [table for table in release.content["tables"] if table["key"] == "type"]
    printed = printed_table(types)
    assert printed["total"] == ["合计", "2", "100.0", *[WITHHELD] * 5]
    assert (printed["chart"], printed["bars"]) == (None, [])
    assert _file(client, release, "pdf")[1][:5] == b"%PDF-"
