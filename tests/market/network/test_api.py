"""The service network over HTTP: the whole way, what is shown to whom, and bad input explained."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from market.accounts.rules import Actor, OrganisationKind
from market.db import Database
from market.libraries.rules import Register
from market.network.rules import Level
from tests.factories import as_actor, make_achievement, make_actor, make_need, make_organisation, make_user
from tests.market.libraries.factories import make_filing, publish
from tests.market.listings.answers import invalid, problem, problem_of, statements
from tests.market.network.factories import WUXI, make_net_node, make_tree

pytestmark = pytest.mark.one_database("views; test_service.py and test_figures.py ask both")


class Desk:
    """The app, as a bureau of 无锡 and others ask it."""

    def __init__(self, client: FlaskClient, session: Session) -> None:
        self.client, self.session = client, session
        self.bureau = make_actor(session, OrganisationKind.BUREAU, region_code=WUXI)

    def send(self, method: str, path: str, actor: Actor | None, body: Any = None, **headers: str) -> Any:
        """Send a request as an actor and return the response."""
        sent = as_actor(self.session, actor, **headers) if actor is not None else {}
        return self.client.open(f"/api/v1{path}", method=method, json=body, headers=sent)

    def done(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Do as the bureau what must succeed, and return the answer."""
        response = self.send(method, path, self.bureau, body, **headers)
        assert response.status_code < 300, response.get_json()
        return response

    def get(self, path: str, actor: Actor | None = None) -> Any:
        """GET what must be there."""
        response = self.send("GET", path, actor)
        assert response.status_code == 200, response.get_json()
        return response.get_json()


@pytest.fixture
def desk(client: FlaskClient, session: Session) -> Desk:
    return Desk(client, session)


def test_a_city_builds_its_network(desk: Desk) -> None:
    agency = make_organisation(desk.session, OrganisationKind.AGENCY, name="澄江技术转移中心")
    broker = make_user(desk.session, agency)

    def create(**form: Any) -> int:
        body = {"region_code": "320281", "opened_on": "2024-01-08", **form}
        return int(desk.done("POST", "/network/nodes", body).get_json()["id"])

    hub = create(level="hub", title="无锡市技术市场平台", region_code=WUXI)
    centre = create(level="county", title="江阴分中心", parent_id=hub)
    station = create(level="node", title="澄江工作站", parent_id=hub, organisation_id=agency.id)
    moved = desk.done("POST", f"/network/nodes/{station}/moves", {"parent_id": centre})
    assert moved.headers["ETag"] == '"2"'
    change = {"contact": "江阴市澄江路1号"}
    node = desk.done("PATCH", f"/network/nodes/{station}", change, If_Match='"2"').get_json()
    assert (node["contact"], node["level_name"], node["version"]) == ("江阴市澄江路1号", "工作站", 3)
    post = desk.done(
        "POST", f"/network/nodes/{station}/staff",
        {"user_id": broker.id, "duty": "brokerage", "since": "2025-06-10"},
    ).get_json()  # fmt: skip
    assert (post["name"], post["duty_name"]) == ("测试用户", "技术经纪")
    (root,) = desk.get("/network")
    assert (root["name"], root["level"], root["organisation"]) == ("无锡市技术市场平台", "hub", None)
    (leaf,) = root["children"][0]["children"]
    assert (leaf["name"], leaf["organisation"]["name"]) == ("澄江工作站", "澄江技术转移中心")
    assert desk.get(f"/network/nodes/{station}")["staff"] is None
    assert len(desk.get(f"/network/nodes/{station}", desk.bureau)["staff"]) == 1
    assert [one["id"] for one in desk.get(f"/network/nodes/{hub}")["children"]] == [centre]
    desk.done("DELETE", f"/network/nodes/{station}/staff/{post['id']}")
    refused = desk.send("POST", f"/network/nodes/{centre}/closures", desk.bureau, {})
    assert problem_of(refused) == problem(
        409,
        "network-has-children",
        title="状态冲突",
        detail="该节点下还有1个运行中的节点，请先关闭或移走。",
    )
    desk.done("POST", f"/network/nodes/{station}/closures", {"closed_on": "2025-06-09"})
    desk.done("POST", f"/network/nodes/{centre}/closures", {})
    assert desk.get("/network")[0]["children"] == []
    assert desk.get("/network?closed=true&region=320281")[0]["children"][0]["status"] == "closed"
    assert desk.get("/network?region=320400") == []


def test_any_figure_can_be_opened(desk: Desk) -> None:
    tree = make_tree(desk.session)
    need = make_need(desk.session, make_organisation(desk.session))
    make_filing(desk.session)
    publish(desk.session, Register.AGENCIES)
    view = desk.get(f"/network/nodes/{tree.hub.id}/overview?year=2025")
    assert view["territory"] == {"kind": "region", "code": WUXI, "name": "无锡市"}
    assert [row["node"]["title"] for row in view["children"]] == ["江阴分中心", "宜兴分中心"]
    figures = {f"{one['key']}/{one['group']}": one for one in view["figures"]}
    assert figures["needs/"] == {
        "key": "needs",
        "group": "",
        "name": "发布的技术需求",
        "unit": "项",
        "value": 1,
        "text": "1项",
        "definition": (
            "需求所在地区为无锡市（含所辖地区）、最近一次审核发布的日期在2025年内的技术需求数，以后下架、过期的仍计入。"
        ),
        "source": f"/api/v1/network/nodes/{tree.hub.id}/records?figure=needs&year=2025",
        "basis": "live",
        "through": None,
        "withheld": None,
    }
    records = desk.get(figures["needs/"]["source"].removeprefix("/api/v1"))
    assert [row["path"] for row in records["items"]] == [f"/api/v1/needs/{need.id}"]
    assert records["definition"] == figures["needs/"]["definition"]
    (agency,) = desk.get(figures["entries/agencies"]["source"].removeprefix("/api/v1"))["items"]
    assert desk.get(agency["path"].removeprefix("/api/v1"))["title"] == agency["title"]
    assert figures["registered/deals"]["value"] is None
    # What the bureau is shown live, it can open.
    view = desk.get(f"/network/nodes/{tree.hub.id}/overview", desk.bureau)
    for one in view["figures"]:
        assert one["withheld"] is None
        desk.get(one["source"].removeprefix("/api/v1"), desk.bureau)


FORM = {"level": "node", "title": "澄江工作站", "region_code": "320281", "opened_on": "2024-01-08"}


def test_bad_input_is_explained(desk: Desk) -> None:
    tree = make_tree(desk.session)
    one = f"/network/nodes/{tree.station.id}"
    for method, path, body, errors in (
        (
            "POST",
            "/network/nodes",
            {**FORM, "level": "city", "status": "active"},
            [("/level", "应为以下之一：hub, county, node。"), ("/status", "没有这个字段。")],
        ),
        (
            "PATCH",
            one,
            {"title": "站", "level": "hub"},
            [("/level", "没有这个字段。"), ("/title", "长度应在 2 与 200 之间。")],
        ),
        ("POST", f"{one}/moves", {}, [("/parent_id", "此项必填。")]),
        (
            "POST",
            f"{one}/closures",
            {"closed_on": "昨天"},
            [("/closed_on", "应为 ISO 8601 日期，如 2025-03-01。")],
        ),
        ("POST", f"{one}/staff", {"user_id": 1, "duty": "head"}, [("/since", "此项必填。")]),
        ("GET", "/network?region=31", None, [("/region", "应为六位行政区划代码。")]),
        ("GET", f"{one}/overview?year=now", None, [("/year", "应为整数。")]),
        ("GET", f"{one}/records", None, [("/figure", "此项必填。")]),
    ):
        found = problem_of(desk.send(method, path, desk.bureau, body, If_Match='"1"'))
        found["errors"].sort(key=lambda error: error["pointer"])
        assert found == invalid(*errors), path
    outside = desk.send("POST", "/network/nodes", desk.bureau, {**FORM, "parent_id": tree.yixing.id})
    words = "节点的行政区划不在上级节点的行政区划之内。"
    assert problem_of(outside) == problem(
        422,
        "network-region-outside",
        title="不符合规则",
        detail=words,
        errors=[("/parent_id", "network-region-outside", words)],
    )
    missing = desk.send("GET", "/network/nodes/999999", None)
    assert problem_of(missing) == problem(
        404, "network-node-not-found", title="未找到", detail="没有找到该服务节点。"
    )


def test_statements_do_not_grow_with_what_is_counted_and_little_with_the_children(
    desk: Desk, database: Database, session: Session
) -> None:
    tree = make_tree(session)
    unit = make_organisation(session)
    paths = ["/network", f"/network/nodes/{tree.hub.id}/overview?year=2025"]
    paths.append(f"/network/nodes/{tree.hub.id}/records?figure=needs")

    def counted() -> list[int]:
        session.expire_all()
        found = []
        for path in paths:
            with statements(database) as sent:
                desk.get(path)
            found.append(len(sent))
        return found

    make_need(session, unit)
    first = counted()
    for _ in range(3):
        make_need(session, unit)
        make_achievement(session, unit)
        make_net_node(session, Level.NODE, tree.jiangyin)
    assert counted() == first
    for _ in range(3):
        make_net_node(session, Level.COUNTY, tree.hub)
    # Only what was published of contracts is asked for child by child, measure by measure.
    assert counted() == [first[0], first[1] + 3 * 3, first[2]]
