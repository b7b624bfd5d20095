"""Nodes of the service network, made by the market's own service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, Actor
from market.network.models import NetworkNode
from market.network.rules import Level
from market.network.service import create_node
from tests.factories import JIANGYIN, NOW

WUXI = "320200"
YIXING = "320282"
HITECH = "320281-P01"
"""A park in 江阴."""
TODAY = date(2025, 6, 10)


def node_form(level: Level, parent: NetworkNode | int | None, **values: Any) -> dict[str, Any]:
    """Return the form of a node in 江阴."""
    parent_id = parent.id if isinstance(parent, NetworkNode) else parent
    return {
        "level": level,
        "parent_id": parent_id,
        "title": "澄江技术市场节点",
        "region_code": JIANGYIN,
        "opened_on": date(2024, 1, 8),
        **values,
    }


def make_net_node(
    session: Session, level: Level, parent: NetworkNode | None, *, actor: Actor = OPERATOR, **values: Any
) -> NetworkNode:
    """Insert a node in 江阴."""
    return create_node(session, actor, form=node_form(level, parent, **values), now=NOW)


@dataclass(frozen=True)
class Tree:
    """无锡's platform, the centres of 江阴 and 宜兴, and a station under the one of 江阴."""

    hub: NetworkNode
    jiangyin: NetworkNode
    yixing: NetworkNode
    station: NetworkNode


def make_tree(session: Session) -> Tree:
    """Insert a tree of three levels; the station serves its region, without park or organisation."""
    hub = make_net_node(session, Level.HUB, None, region_code=WUXI, title="无锡市技术市场平台")
    jiangyin = make_net_node(session, Level.COUNTY, hub, title="江阴分中心")
    yixing = make_net_node(session, Level.COUNTY, hub, region_code=YIXING, title="宜兴分中心")
    station = make_net_node(session, Level.NODE, jiangyin, title="周庄工作站")
    return Tree(hub, jiangyin, yixing, station)
