"""How the market reaches people: a bundle sent to a subscriber, and the network with its figures.

All through the API; every line printed is taken from an answer of the market.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient

from market.clock import CHINA, Clock
from seed import sample
from seed.person import Person, head

REGION = "320281"
BROKER = "broker1"
BUREAU = "bureau-jy"
SUBSCRIBER = "b-yunqi-dye"
CHAIN = "chain-textile"


def run(client: FlaskClient, say: Callable[[str], None], *, clock: Clock) -> None:
    """Release a bundle to a subscriber, build the network, and open one of its figures.

    Args:
        client: of an app on the loaded sample market.
        say: prints one line.
        clock: the app's clock.

    Raises:
        DemoFailed: the market refused a step.
    """
    today = clock.now().astimezone(CHINA).date().isoformat()
    _bundle(client, say, today)
    _network(client, say, today)


def _bundle(client: FlaskClient, say: Callable[[str], None], today: str) -> None:
    broker, subscriber = Person(client, BROKER), Person(client, sample.login_of(SUBSCRIBER))
    subscriber.post("/bundle-subscriptions", {"chain_code": CHAIN})
    need = subscriber.get("/needs", mine="true", status="published")["items"][0]
    matches = broker.get(f"/needs/{need['id']}/matches", k=3)["hits"]
    form = {
        "title": "印染工序节水与回用成果包",
        "summary": "面向高端纺织链，挑选可在车间口见效的成果。",
        "chain_code": CHAIN,
        "release_on": today,
        "region_code": REGION,
    }
    bundle = broker.post("/bundles", form)
    items = [
        {"achievement_id": hit["record"]["id"], "words": f"本地企业有同类需求，第 {hit['rank']} 位匹配"}
        for hit in matches
    ]
    path = f"/bundles/{bundle['id']}"
    broker.post(f"{path}/items", {"items": items}, version=bundle["version"])
    bundle = broker.post(f"{path}/releases")
    head(say, "十一", "按产业链发布成果包，推送给订阅的单位")
    say(f"  《{bundle['title']}》{bundle['status_name']}，成果 {bundle['item_count']} 项")
    pairs = [one for one in subscriber.get("/bundle-deliveries")["items"] if one["need"] is not None]
    for sent in sorted(pairs, key=lambda one: -one["score"]):
        say(f"  推送　{sent['score']:.0%}　需求《{sent['need']['title']}》")
        say(f"  　　　← 成果《{sent['achievement']['title']}》")


def _network(client: FlaskClient, say: Callable[[str], None], today: str) -> None:
    bureau = Person(client, BUREAU)
    hub = _node(bureau, level="hub", title="江阴技术市场", opened_on=today)
    agency = Person(client, BROKER).get("/me")["organisation"]
    _node(
        bureau, level="node", parent_id=hub["id"], title=f"{agency['name']}工作站",
        organisation_id=agency["id"], opened_on=today,
    )  # fmt: skip
    overview = bureau.get(f"/network/nodes/{hub['id']}/overview")
    head(say, "十二", f"服务网络：{hub['title']}辖下的数字，每个都能打开")
    for figure in overview["figures"]:
        if figure["key"] in {"valid_needs", "challenges_awarded"} or figure["group"] in {"talents", "deals"}:
            say(f"  {figure['name']}：{figure['value']}　{figure['source']}")
    records = bureau.get(f"/network/nodes/{hub['id']}/records", figure="challenges_awarded")["items"]
    say(f"  打开“揭榜立项项目”：{'、'.join(record['title'] for record in records)}")


def _node(bureau: Person, **form: Any) -> dict[str, Any]:
    answer = bureau.post("/network/nodes", {"region_code": REGION, **form})
    node: dict[str, Any] = answer.get("node", answer)
    return node
