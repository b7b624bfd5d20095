"""Chains, agencies, resources, editions and whole registers over HTTP: the way of each, and bad input."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy.orm import Session

from market.accounts.rules import OrganisationKind
from market.libraries.rules import Register
from tests.factories import as_actor, make_actor, make_uscc
from tests.market.libraries.factories import make_bureau, make_filing, publish
from tests.market.listings.answers import invalid, problem, problem_of

pytestmark = pytest.mark.one_database("views; test_entries, test_chains, test_records and others ask both")

HERE = {"region_code": "320281", "source": "工信局摸底", "source_date": "2025-03-31"}
JULY = {"starts_at": "2025-07-01T02:00:00Z", "ends_at": "2025-07-01T04:00:00Z"}


@dataclass
class Desk:
    """The app and two persons of a bureau."""

    client: FlaskClient
    session: Session
    first: dict[str, str]
    second: dict[str, str]

    def send(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """Send a request, as the first person unless told."""
        return self.client.open(f"/api/v1{path}", method=method, json=body, headers=headers or self.first)

    def done(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """Send a request that must succeed, and return what it answers."""
        response = self.send(method, path, body, headers)
        assert response.status_code < 300, response.get_json()
        return response.get_json(silent=True) if response.mimetype == "application/json" else response.data

    def listed(self, plural: str, form: dict[str, Any]) -> dict[str, Any]:
        """Propose an entry as the first person and list it as the second."""
        made = self.done("POST", f"/{plural}", {**HERE, **form})
        self.done("POST", f"/{plural}/{made['id']}/proposals", {})
        checked: dict[str, Any] = self.done(
            "POST", f"/{plural}/{made['id']}/checks", {"decision": "list"}, self.second
        )
        return checked


@pytest.fixture
def desk(client: FlaskClient, session: Session) -> Desk:
    """A bureau with two persons."""
    first, second = (as_actor(session, actor) for actor in make_bureau(session))
    return Desk(client, session, first, second)


def test_a_chain_from_its_nodes_to_the_published_graph(desk: Desk) -> None:
    node = {"chain_code": "chain-metal", "segment": "upstream"}
    ore, melt = (desk.listed("chain-nodes", {**node, "title": title}) for title in ("矿料", "熔炼"))
    steel = desk.listed("chain-enterprises", {"title": "暨阳特钢", "uscc": make_uscc().lower()})
    assert steel["uscc"].isupper() or steel["uscc"].isdigit()
    desk.done("POST", f"/chain-nodes/{ore['id']}/edges", {"downstream_id": melt["id"], "words": "精矿"})
    url = f"/chain-enterprises/{steel['id']}"
    placed = desk.done("POST", f"{url}/positions", {"node_id": melt["id"], "role": "leader"})
    assert [(one["node"], one["role"]) for one in placed["positions"]] == [("熔炼", "leader")]
    tagged = desk.done("POST", f"{url}/tags", {"tag": "gazelle", "year": 2024, "source": "省名单"})
    desk.done("POST", "/editions", {"register": "chains", "region_code": "320281", "as_of": "2025-06-10"})
    graph = desk.client.get("/api/v1/chains/chain-metal/graph?region=320281").get_json()
    assert [(one["title"], one["x"], one["gap"]) for one in graph["nodes"]] == [
        ("矿料", 0, True),
        ("熔炼", 1, False),
    ]
    assert graph["edges"] == [{"source": ore["id"], "target": melt["id"], "words": "精矿"}]
    gaps = desk.client.get("/api/v1/chains/chain-metal/gaps?region=320281").get_json()
    assert [one["title"] for one in gaps] == ["矿料"]
    unknown = desk.client.get("/api/v1/chains/chain-nowhere/graph?region=320281")
    assert (unknown.status_code, unknown.get_json()["code"]) == (422, "unknown-code")
    for query, found in (("role=leader", 1), (f"node={ore['id']}", 0), ("tag=gazelle", 1)):
        assert len(desk.done("GET", f"/chain-enterprises?{query}")["items"]) == found, query
    assert len(desk.done("GET", "/chain-nodes?segment=downstream")["items"]) == 0
    assert desk.done("DELETE", f"{url}/tags/{tagged['tags'][0]['id']}")["tags"] == []
    assert desk.done("DELETE", f"{url}/positions/{melt['id']}")["positions"] == []
    desk.done("DELETE", f"/chain-nodes/{ore['id']}/edges/{melt['id']}")


def test_agencies_and_consortia_with_what_is_recorded_of_them(desk: Desk) -> None:
    filing = desk.listed("agencies", {"title": "澄江中心", "category": "transfer", "filed_on": "2024-05-06"})
    entry = f"/entries/{filing['id']}"
    level = {"level": "municipal", "recognised_on": "2025-01-06", "recognised_by": "市科技局"}
    desk.done("POST", f"{entry}/recognitions", level)
    desk.done("POST", f"{entry}/evaluations", {"year": 2024, "grade": "good", "figures": {"deals": 12}})
    assert desk.done("GET", f"{entry}/recognitions")[0]["recognised_by"] == "市科技局"
    assert desk.done("GET", f"{entry}/evaluations")[0]["figures"] == {"deals": 12}
    assert len(desk.done("GET", "/agencies?category=transfer")["items"]) == 1
    form = {"title": "特钢创新联合体", "category": "alliance", "founded_on": "2024-01-01"}
    union = f"/consortia/{desk.listed('consortia', form)['id']}"
    joined = desk.done("POST", f"{union}/members", {"name": "暨阳特钢", "joined_on": "2024-01-01"})
    left = desk.done("DELETE", f"{union}/members/{joined['members'][0]['id']}")
    assert left["members"] == []
    assert desk.done("GET", "/consortia?category=other")["items"] == []


def test_a_resource_is_booked_used_and_counted(desk: Desk) -> None:
    form = {
        "title": "扫描电镜", "category": "instrument", "bookable": True, "fee_fen_per_hour": 30_000,
        "contact": "0510-80000000", "opens_at": "08:30", "closes_at": "17:30",
    }  # fmt: skip
    resource = f"/resources/{desk.listed('resources', form)['id']}"
    firm = as_actor(desk.session, make_actor(desk.session))
    closure = desk.done("POST", f"{resource}/closures", {**JULY, "reason": "年度校准"})
    span = "start=2025-07-01T00:00:00Z&end=2025-07-02T00:00:00Z"
    calendar = desk.done("GET", f"{resource}/calendar?{span}")
    assert [one["reason"] for one in calendar["closed"]] == ["年度校准"]
    desk.done("DELETE", f"{resource}/closures/{closure['id']}")
    booking = desk.done("POST", f"{resource}/bookings", {**JULY, "purpose": "断口形貌"}, firm)
    url = f"/bookings/{booking['id']}"
    assert desk.done("GET", f"{resource}/calendar?{span}")["busy"][0]["start"] == "2025-07-01T02:00:00+00:00"
    assert desk.done("POST", f"{url}/decisions", {"accepted": True})["status"] == "confirmed"
    assert [one["id"] for one in desk.done("GET", "/bookings?status=confirmed")["items"]] == [booking["id"]]
    early = desk.send("POST", f"{url}/uses", {"used_minutes": 60})
    assert problem_of(early) == problem(
        409, "booking-not-begun", title="状态冲突", detail="预约的时间还没有开始。"
    )
    absent = desk.send("POST", f"{url}/absences", {})
    assert problem_of(absent) == problem(
        409, "booking-not-over", title="状态冲突", detail="预约的时间还没有结束。"
    )
    told = desk.done("GET", url, headers=firm)
    assert (told["contact"], told["fee_fen_per_hour"]) == ("0510-80000000", 30_000)
    assert "contact" not in desk.done("GET", resource, headers=firm)
    usage = desk.client.get(f"/api/v1{resource}/usage?{span}").get_json()  # in no edition yet
    assert usage["code"] == "resource-not-found"
    usage = desk.done("GET", f"{resource}/usage?{span}", headers=firm)
    assert (usage["resource"]["title"], usage["minutes"], usage["full_use_permille"]) == ("扫描电镜", 0, 0)
    assert desk.done("POST", f"{url}/cancellations", {}, firm)["status"] == "cancelled"
    assert desk.done("GET", url, headers=firm)["purpose"] == "断口形貌"
    shared = desk.done("GET", "/resources/sharing?region=320281")
    assert (shared["resources"], shared["charged_fen"]) == (1, 0)
    assert desk.client.get("/api/v1/resources/sharing?region=320281").get_json() == {
        **shared,
        "charged_fen": None,
    }
    assert desk.done("GET", "/resources?bookable=false&category=instrument")["items"] == []


def test_a_register_is_checked_counted_taken_away_and_published(desk: Desk) -> None:
    made = desk.done(
        "POST", "/agencies", {**HERE, "title": "锡澄中心", "category": "transfer", "filed_on": "2024-05-06"}
    )
    desk.done("POST", f"/agencies/{made['id']}/proposals", {})
    own = desk.send("POST", "/registers/agencies/checks", {"decision": "list", "region_code": "320281"})
    assert problem_of(own)["code"] == "checker-is-proposer"
    checks = {"decision": "list", "region_code": "320281"}
    checked = desk.done("POST", "/registers/agencies/checks", checks, desk.second)
    assert checked == {"checked": 1, "ids": [made["id"]]}
    counts = desk.done("GET", "/registers?region=320281")
    assert counts == [{"register": "agencies", "kind": "agency", "status": "listed", "count": 1}]
    book = load_workbook(io.BytesIO(desk.done("GET", "/registers/agencies/files/xlsx?region=320281")))
    assert "锡澄中心" in [cell.value for row in book.active.iter_rows() for cell in row]
    wanted = {"register": "agencies", "region_code": "320281"}
    assert desk.done("POST", "/editions/previews", wanted)["rows"] == 1
    edition = desk.done("POST", "/editions", {**wanted, "as_of": "2025-06-10"})
    url = f"/editions/{edition['id']}"
    assert edition["title"].endswith("名录（2025年6月10日）")
    assert desk.done("GET", url)["comparison"]["added"][0]["title"] == "锡澄中心"
    assert [row["title"] for row in desk.done("GET", f"{url}/rows")["items"]] == ["锡澄中心"]
    assert "锡澄中心" in desk.done("GET", f"{url}/files/csv").decode("utf-8-sig")
    assert len(desk.done("GET", "/editions?register=agencies&region=320281")["items"]) == 1


def test_strangers_are_refused_and_what_is_not_there_is_not_found(desk: Desk) -> None:
    filing = make_filing(desk.session)
    publish(desk.session, Register.AGENCIES)
    broker = as_actor(desk.session, make_actor(desk.session, OrganisationKind.AGENCY))
    refused = desk.send("POST", f"/agencies/{filing.id}/checks", {"decision": "list"}, broker)
    assert problem_of(refused) == problem(
        403, "role-not-allowed", title="没有权限", detail="只有条目所在地的主管部门可以核对。"
    )
    for path in ("/registers/guilds/files/xlsx?region=320281", "/editions/0", "/chain-nodes/0"):
        assert desk.send("GET", path).status_code == 404, path
    lost = desk.send("GET", "/registers/guilds/files/csv?region=320281")
    assert problem_of(lost) == problem(404, "register-not-found", title="未找到", detail="没有这个清单或库。")


MISSING: list[tuple[str, dict[str, Any], str]] = [
    ("/chain-nodes", {**HERE, "title": "环节", "chain_code": "chain-metal"}, "/segment"),
    ("/chain-enterprises", {**HERE, "title": "企业"}, "/uscc"),
    ("/chain-nodes/1/edges", {}, "/downstream_id"),
    ("/chain-enterprises/1/positions", {"node_id": 1}, "/role"),
    ("/chain-enterprises/1/tags", {"tag": "gazelle", "year": 2024}, "/source"),
    ("/agencies", {**HERE, "title": "机构", "category": "transfer"}, "/filed_on"),
    ("/agencies/1/delistings", {}, "/note"),
    ("/agencies/1/checks", {}, "/decision"),
    ("/consortia", {**HERE, "title": "联盟", "category": "alliance"}, "/founded_on"),
    ("/consortia/1/members", {"name": "某单位"}, "/joined_on"),
    ("/entries/1/recognitions", {"level": "municipal", "recognised_on": "2025-01-01"}, "/recognised_by"),
    ("/entries/1/evaluations", {"grade": "good"}, "/year"),
    ("/resources", {**HERE, "title": "资源"}, "/category"),
    ("/resources/1/bookings", JULY, "/purpose"),
    ("/resources/1/closures", JULY, "/reason"),
    ("/bookings/1/uses", {}, "/used_minutes"),
    ("/bookings/1/decisions", {}, "/accepted"),
    ("/editions", {"register": "agencies", "region_code": "320281"}, "/as_of"),
    ("/editions/previews", {"register": "agencies"}, "/region_code"),
    ("/registers/agencies/checks", {"decision": "list"}, "/region_code"),
]
"""Where something that is asked for is left out."""


def test_badly_formed_input_is_explained(desk: Desk) -> None:
    for path, body, pointer in MISSING:
        assert problem_of(desk.send("POST", path, body)) == invalid((pointer, "此项必填。")), path


def test_times_beyond_the_calendar_or_with_an_offset_that_contradicts_are_refused(desk: Desk) -> None:
    first, last = "0001-01-01T00:00:00%2B08:00", "9999-12-31T23:59:59-01:00"
    beyond = "超出可以表示的时间。"
    closure = {**JULY, "reason": "年度校准", "ends_at": last}
    hours = {**HERE, "title": "电镜", "category": "lab", "opens_at": "08:30:00+08:00", "closes_at": "17:30"}
    for method, path, body, pointer, words in (
        ("GET", f"/resources/1/calendar?start=2025-01-01T00:00:00Z&end={last}", None, "/end", beyond),
        ("GET", f"/resources/sharing?region=320281&start={first}", None, "/start", beyond),
        ("POST", "/resources/1/closures", closure, "/ends_at", beyond),
        ("POST", "/resources", hours, "/opens_at", "按北京时间填写，不写时区。"),
        ("POST", "/bookings/1/absences", {"note": ""}, "/note", "长度应在 1 与 500 之间。"),
    ):
        assert problem_of(desk.send(method, path, body)) == invalid((pointer, words)), path
