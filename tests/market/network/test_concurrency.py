"""Two at the same moment: together they may not make a wrong tree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR
from market.db import Database
from market.errors import MarketError
from market.network.models import NetworkNode
from market.network.rules import Level, NodeStatus
from market.network.service import close_node, create_node
from tests.factories import NOW
from tests.market.contracts.racing import at_once
from tests.market.network.factories import make_net_node, make_tree, node_form


def test_a_node_closes_or_gets_a_child_and_a_city_has_one_platform(own_database: Database) -> None:
    with own_database.transaction() as session:
        tree = make_tree(session)
        empty = make_net_node(session, Level.COUNTY, tree.hub)

    def alone(work: Callable[[Session], Any]) -> Callable[[], Any]:
        def run() -> Any:
            with own_database.transaction() as session:
                return work(session)

        return run

    under = node_form(Level.NODE, empty.id)
    close = alone(lambda s: close_node(s, OPERATOR, empty.id, closed_on=None, now=NOW))
    found = at_once(close, alone(lambda s: create_node(s, OPERATOR, form=under, now=NOW)))
    (refused,) = [one.code for one in found if isinstance(one, MarketError)]
    with own_database.reading() as session:
        closed = session.get_one(NetworkNode, empty.id).status is NodeStatus.CLOSED
    assert refused == ("network-parent-closed" if closed else "network-has-children")

    other = node_form(Level.HUB, None, region_code="320400")
    create = alone(lambda s: create_node(s, OPERATOR, form=other, now=NOW))
    codes = [one.code for one in at_once(create, create) if isinstance(one, MarketError)]
    assert codes == ["network-hub-exists"]
