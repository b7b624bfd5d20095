"""Figures, flows, entries and threads over HTTP."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import Actor, OrganisationKind
from market.contracts.models import Contract
from market.turnover.models import TurnoverEntry
from tests.factories import (
    NOW,
    as_actor,
    make_achievement,
    make_actor,
    make_need,
    make_organisation,
    make_user,
)
from tests.market.contracts.factories import make_party, make_registrar
from tests.market.turnover.factories import change, make_suggestion, register

pytestmark = pytest.mark.one_database("views; test_figures.py, test_flows.py and test_entries.py ask both")

QUESTION = "/api/v1/turnover?region=320281&period=2025"


def _get(client: FlaskClient, url: str, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    response = client.get(url, headers=headers or {})
    return response.status_code, response.get_json()


def _problem(body: dict[str, Any]) -> dict[str, Any]:
    """Return a problem without the number of its request."""
    assert len(body.pop("request_id")) == 16
    return body


@pytest.fixture
def brokered(session: Session) -> Contract:
    """A contract of 江阴 that came from a suggestion."""
    enterprise = make_organisation(session)
    university = make_organisation(session, OrganisationKind.UNIVERSITY)
    need = make_need(session, enterprise, confidential="最多八十万", contact_phone="0510-1234567")
    suggestion = make_suggestion(
        session,
        need,
        make_achievement(session, university),
        broker=make_user(session, make_organisation(session, OrganisationKind.AGENCY)),
    )
    return register(
        session,
        seller=make_party(session, university),
        buyer=make_party(session, enterprise),
        suggestion_id=suggestion.id,
        total_amount_fen=32_100_000_000,
        registered_on=date(2025, 5, 31),
    )


@pytest.fixture
def bureau(session: Session) -> Actor:
    """An officer of 江阴's bureau."""
    return make_actor(session, OrganisationKind.BUREAU)


def test_a_bureau_asks_for_a_figure(
    client: FlaskClient, session: Session, brokered: Contract, bureau: Actor
) -> None:
    url = f"{QUESTION}&group_by=type&type=KF&type=ZR&field=07&measure=output"
    status, body = _get(client, url, as_actor(session, bureau))
    assert status == 200
    comparison = body.pop("year_on_year")
    sums = {
        "deals": 1,
        "total_fen": 32_100_000_000,
        "total_text": "3.21亿元",
        "tech_fen": 80_000_000,
        "tech_text": "80.00万元",
    }
    assert body == {
        "measure": "output",
        "measure_name": "输出",
        "measure_name_en": "output (by seller)",
        "measure_note": "按卖方所在地统计",
        "area": {"kind": "region", "code": "320281", "name": "江阴市"},
        "period": {"text": "2025", "name": "2025年", "start": "2025-01-01", "end": "2025-12-31"},
        "types": ["KF", "ZR"],
        "fields": ["07"],
        "filters": {"type": ["KF", "ZR"], "field": ["07"]},
        "boundaries": "then",
        "known_at": None,
        "sums": sums,
        "group_by": "type",
        "groups": [
            {
                "key": "KF",
                "name": "技术开发",
                "rank": 1,
                "deals_share": "100.0",
                "total_share": "100.0",
                "year_on_year": comparison,
                **sums,
            }
        ],
        "period_on_period": None,
        "source": "counters",
        "remarks": [],
    }
    assert comparison["current_span"] == {"start": "2025-01-01", "end": "2025-05-31"}
    assert comparison["base_span"] == {"start": "2024-01-01", "end": "2024-05-31"}
    assert comparison["current"] == sums
    assert comparison["total_percent"] is None


def test_changes_are_decimal_text(client: FlaskClient, session: Session, bureau: Actor) -> None:
    for day, amount in [(date(2024, 5, 1), 800), (date(2025, 5, 1), 900)]:
        register(session, registered_on=day, total_amount_fen=amount, tech_amount_fen=amount)
    _, body = _get(client, f"{QUESTION[:-4]}2025-05", as_actor(session, bureau))
    assert body["year_on_year"]["total_percent"] == "12.5"
    assert body["year_on_year"]["deals_percent"] == "0.0"
    assert body["period_on_period"]["base"]["deals"] == 0


def test_the_present_year_of_a_park_is_meant_unless_said(
    client: FlaskClient, session: Session, bureau: Actor
) -> None:
    status, body = _get(client, "/api/v1/turnover?park=320281-P01", as_actor(session, bureau))
    assert status == 200
    assert body["period"]["text"] == "2025"
    assert body["area"] == {"kind": "park", "code": "320281-P01", "name": "江阴高新技术产业开发区"}
    assert (body["measure"], body["measure_name"]) == ("registered", "登记")
    assert body["sums"]["total_text"] == "0.00元"


def test_a_figure_as_it_was_published(
    client: FlaskClient, session: Session, brokered: Contract, bureau: Actor
) -> None:
    headers = as_actor(session, bureau)
    brokered.tech_amount_fen = 0
    change(session, brokered, now=NOW, total_amount_fen=1)
    then = (NOW - timedelta(days=1)).isoformat().replace("+00:00", "Z")
    assert _get(client, f"{QUESTION}&known_at={then}", headers)[1]["sums"]["deals"] == 0
    _, body = _get(client, f"{QUESTION}&known_at={NOW.isoformat().replace('+00:00', 'Z')}", headers)
    assert body["source"] == "ledger"
    assert body["sums"]["total_fen"] == 1
    assert body["known_at"] == NOW.isoformat()


@pytest.mark.parametrize(
    ("query", "pointer", "code", "detail"),
    [
        (
            "region=320281&period=2025-H3",
            "/period",
            "bad-period",
            "时段应写作 2025、2025-H1、2025-Q2、2025-06、2024-03..2025-02 或 since-plan。",
        ),
        ("region=999999", "/region", "unknown-code", "行政区划代码表中没有“999999”。"),
        ("period=2025", "/region", "area-missing", "请选择行政区划、园区或登记机构。"),
        (
            "region=320281&group_by=region",
            "/group_by",
            "group-by-region",
            "江阴市没有下级行政区划，不能按地区分组。",
        ),
    ],
)
def test_bad_questions_name_the_parameter(
    client: FlaskClient, session: Session, bureau: Actor, query: str, pointer: str, code: str, detail: str
) -> None:
    status, body = _get(client, f"/api/v1/turnover?{query}", as_actor(session, bureau))
    assert status == 422
    assert _problem(body) == {
        "type": f"urn:market:problem:{code}",
        "title": "不符合规则",
        "status": 422,
        "detail": detail,
        "code": code,
        "errors": [{"pointer": pointer, "code": code, "detail": detail}],
    }


def test_badly_formed_questions_name_the_parameter(client: FlaskClient) -> None:
    status, body = _get(client, "/api/v1/turnover?region=wuxi&group_by=colour&measure=all&knownat=1")
    assert status == 422
    assert _problem(body) == {
        "type": "urn:market:problem:validation-failed",
        "title": "输入有误",
        "status": 422,
        "detail": "提交的内容未通过校验，请查看各字段的说明。",
        "code": "validation-failed",
        "errors": [
            {
                "pointer": "/measure",
                "code": "invalid-value",
                "detail": "应为以下之一：registered, output, absorbed。",
            },
            {"pointer": "/region", "code": "invalid-value", "detail": "应为六位行政区划代码。"},
            {
                "pointer": "/group_by",
                "code": "invalid-value",
                "detail": "应为以下之一：none, month, quarter, year, type, field, region, park, station, "
                "seller_nature, buyer_nature, ip_kind, plan_source, reach。",
            },
            {"pointer": "/knownat", "code": "invalid-value", "detail": "没有这个字段。"},
        ],
    }


def test_figures_that_are_not_published_are_for_those_who_answer_for_them(
    client: FlaskClient, session: Session, brokered: Contract
) -> None:
    neighbour = make_actor(session, OrganisationKind.BUREAU, region_code="320282")
    for actor in (make_actor(session), neighbour, make_registrar(session, brokered.station)):
        headers = as_actor(session, actor)
        for url in (QUESTION, "/api/v1/turnover/flows?region=320281"):
            status, body = _get(client, url, headers)
            assert status == 403
            assert _problem(body) == {
                "type": "urn:market:problem:figures-not-public",
                "title": "没有权限",
                "status": 403,
                "detail": "未发布的数字只对本地区主管部门开放，登记机构可查询本机构的数字"
                "（station=本机构编号）；已发布的数字见 /api/v1/releases。",
                "code": "figures-not-public",
            }


def test_a_registrar_asks_for_the_own_station(
    client: FlaskClient, session: Session, brokered: Contract
) -> None:
    register(session)
    headers = as_actor(session, make_registrar(session, brokered.station))
    status, body = _get(client, f"/api/v1/turnover?station={brokered.station_id}", headers)
    assert status == 200
    assert body["area"] == {
        "kind": "station",
        "code": str(brokered.station_id),
        "name": brokered.station.name,
    }
    assert (body["sums"]["deals"], body["source"]) == (1, "counters")
    status, body = _get(client, f"{QUESTION}&station={brokered.station_id}", headers)
    assert (body["sums"]["deals"], body["source"]) == (1, "ledger")


def test_a_bureau_asks_where_technology_goes(
    client: FlaskClient, session: Session, brokered: Contract, bureau: Actor
) -> None:
    status, body = _get(client, "/api/v1/turnover/flows?region=320281", as_actor(session, bureau))
    assert status == 200
    sums = {
        "deals": 1,
        "total_fen": 32_100_000_000,
        "total_text": "3.21亿元",
        "tech_fen": 80_000_000,
        "tech_text": "80.00万元",
    }
    assert body == {
        "area": {"kind": "region", "code": "320281", "name": "江阴市"},
        "period": {"text": "2025", "name": "2025年", "start": "2025-01-01", "end": "2025-12-31"},
        "direction": "out",
        "direction_name": "流出（本地卖方）",
        "level": "province",
        "known_at": None,
        "sums": sums,
        "partners": [
            {
                "key": "320281",
                "name": "本地",
                "sums": sums,
                "rank": 1,
                "deals_share": "100.0",
                "total_share": "100.0",
            }
        ],
        "pairs": [],
        "source": "counters",
    }


def test_only_the_nation_has_a_matrix(client: FlaskClient, session: Session, bureau: Actor) -> None:
    headers = as_actor(session, bureau)
    status, body = _get(client, "/api/v1/turnover/flows?region=320281&direction=matrix", headers)
    assert status == 422
    code, detail = "matrix-of-nation", "省际流向只能按全国（000000）查询。"
    assert _problem(body) == {
        "type": f"urn:market:problem:{code}",
        "title": "不符合规则",
        "status": 422,
        "detail": detail,
        "code": code,
        "errors": [{"pointer": "/direction", "code": code, "detail": detail}],
    }


def test_a_bureau_opens_a_figure(
    client: FlaskClient, session: Session, brokered: Contract, bureau: Actor
) -> None:
    register(session)
    headers = as_actor(session, bureau)
    status, body = _get(client, "/api/v1/turnover/entries?region=320281&period=2025&limit=1", headers)
    assert status == 200
    assert (body["measure_name"], body["area"]["name"], body["period"]["name"]) == (
        "登记",
        "江阴市",
        "2025年",
    )
    assert body["station_id"] is None
    assert body["items"][0]["need"] is None
    cursor = body["next_cursor"]
    status, body = _get(
        client, f"/api/v1/turnover/entries?region=320281&period=2025&limit=1&cursor={cursor}", headers
    )
    assert status == 200
    [item] = body["items"]
    assert body["next_cursor"] is None
    assert item["contract_id"] == brokered.id
    assert (item["line"], item["line_name"], item["total_text"]) == ("registration", "登记", "3.21亿元")
    assert item["need"]["title"] == "印染废水回用膜污堵严重"
    assert item["achievement"]["title"] == "高盐废水抗污染纳滤—电渗析耦合脱盐"
    assert item["seller_name"] == brokered.seller.name


@pytest.mark.parametrize(
    "path",
    [
        "?region=320281",
        "/flows?region=320281",
        "/entries?region=320281",
        "/entries/1/thread",
        "/contracts/1/thread",
    ],
)
def test_nobody_unknown_opens_a_figure(client: FlaskClient, path: str) -> None:
    status, body = _get(client, f"/api/v1/turnover{path}")
    assert status == 401
    assert body["code"] == "unauthenticated"


def test_an_enterprise_does_not_open_a_figure(client: FlaskClient, session: Session) -> None:
    headers = as_actor(session, make_actor(session))
    status, body = _get(client, "/api/v1/turnover/entries?region=320281", headers)
    assert status == 403
    assert _problem(body) == {
        "type": "urn:market:problem:drill-down-denied",
        "title": "没有权限",
        "status": 403,
        "detail": "您只能查看本地区或本登记机构的数字明细。",
        "code": "drill-down-denied",
    }


def test_a_bad_cursor_is_refused(client: FlaskClient, session: Session, bureau: Actor) -> None:
    headers = as_actor(session, bureau)
    status, body = _get(client, "/api/v1/turnover/entries?region=320281&cursor=xyz", headers)
    assert status == 422
    assert body["errors"][0]["pointer"] == "/cursor"


def test_the_thread_from_a_line_and_from_a_contract_is_one(
    client: FlaskClient, session: Session, brokered: Contract, bureau: Actor
) -> None:
    headers = as_actor(session, bureau)
    entry_id = session.scalar(select(TurnoverEntry.id))
    status, body = _get(client, f"/api/v1/turnover/entries/{entry_id}/thread", headers)
    assert status == 200
    assert _get(client, f"/api/v1/turnover/contracts/{brokered.id}/thread", headers) == (200, body)
    counted = [(part["measure_name"], part["area_kind"]) for part in body["lines"][0]["counted_in"]]
    assert counted == [
        ("登记", "region"),
        ("登记", "province"),
        ("登记", "station"),
        ("输出", "region"),
        ("输出", "province"),
        ("吸纳", "region"),
        ("吸纳", "province"),
    ]
    assert body["contract"]["total_text"] == "3.21亿元"
    assert body["contract"]["status_name"] == "已登记"
    assert body["suggestion"]["reasons"]["facets"][0]["words"] == "技术领域相同"
    assert body["broker"]["organisation"]["kind"] == "agency"
    assert [event["action"] for event in body["events"]][:2] == ["suggest", "recommend"]
    assert body["events"][1]["words"] == "工艺对口，建议面谈"
    assert body["need"]["title"] == "印染废水回用膜污堵严重"
    assert body["achievement"]["organisation"]["name"] == brokered.seller.name


def test_a_thread_shows_public_parts_only(
    client: FlaskClient, session: Session, brokered: Contract, bureau: Actor
) -> None:
    headers = as_actor(session, bureau)
    shown = str(_get(client, f"/api/v1/turnover/contracts/{brokered.id}/thread", headers)[1])
    assert "印染废水" in shown
    assert "0510-1234567" not in shown
    assert "八十万" not in shown


def test_a_thread_is_not_found_by_outsiders(
    client: FlaskClient, session: Session, brokered: Contract
) -> None:
    headers = as_actor(session, make_actor(session))
    status, body = _get(client, f"/api/v1/turnover/contracts/{brokered.id}/thread", headers)
    assert status == 404
    assert _problem(body) == {
        "type": "urn:market:problem:contract-not-found",
        "title": "未找到",
        "status": 404,
        "detail": "没有找到该合同。",
        "code": "contract-not-found",
    }
