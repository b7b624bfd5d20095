"""Reading nodes, the tree they form, and who works there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from market.accounts.models import Organisation
from market.accounts.rules import Actor, OrganisationKind
from market.errors import NotFound
from market.network.models import NetworkNode, NetworkStaff
from market.network.rules import Level, NodeStatus, Territory, TerritoryKind, may_keep
from market.reference.rules import lies_within

LEVELS = list(Level)


@dataclass(frozen=True, slots=True)
class Branch:
    """A node of the tree with what hangs under it."""

    node: NetworkNode
    children: list[Branch] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SeenNode:
    """A node as one actor sees it; `staff` is None for those who may not know it."""

    node: NetworkNode
    children: Sequence[NetworkNode]
    staff: Sequence[NetworkStaff] | None

    @property
    def version(self) -> int:
        """Of the node."""
        return self.node.version


def _shown() -> list[Any]:
    return [
        joinedload(NetworkNode.region),
        joinedload(NetworkNode.park),
        joinedload(NetworkNode.organisation),
    ]


def get_node(session: Session, node_id: int, *, lock: bool = False) -> NetworkNode:
    """Return one node with its region, park and organisation; anyone may know of it.

    Args:
        session: open session.
        node_id: its id.
        lock: read it afresh and lock it, to change it.

    Raises:
        NotFound: there is none.
    """
    node = session.get(
        NetworkNode, node_id, options=_shown(), populate_existing=lock,
        with_for_update={"of": NetworkNode} if lock else None,
    )  # fmt: skip
    if node is None:
        raise NotFound("没有找到该服务节点。", code="network-node-not-found")
    return node


def get_tree(session: Session, *, region: str | None = None, closed: bool = False) -> list[Branch]:
    """Return the whole tree in one statement: platforms by region, below them centres, then stations.

    Args:
        session: open session.
        region: only platforms whose region holds this one or lies inside it.
        closed: closed nodes too.
    """
    statement = select(NetworkNode).options(*_shown())
    if not closed:
        statement = statement.where(NetworkNode.status == NodeStatus.ACTIVE)
    nodes = sorted(session.scalars(statement), key=_order)
    branches = {node.id: Branch(node) for node in nodes}
    roots = []
    for branch in branches.values():
        if branch.node.parent_id is not None:
            branches[branch.node.parent_id].children.append(branch)
        elif region is None or _related(branch.node.region_code, region):
            roots.append(branch)
    return roots


def _related(one: str, other: str) -> bool:
    return lies_within(one, other) or lies_within(other, one)


def _order(node: NetworkNode) -> tuple[int, str, int]:
    return LEVELS.index(node.level), node.region_code, node.id


def children_of(session: Session, node: NetworkNode) -> list[NetworkNode]:
    """Return the active nodes directly under a node, in the order of the tree."""
    statement = (
        select(NetworkNode)
        .options(*_shown())
        .where(NetworkNode.parent_id == node.id, NetworkNode.status == NodeStatus.ACTIVE)
    )
    return sorted(session.scalars(statement), key=_order)


def see_node(session: Session, actor: Actor | None, node: NetworkNode) -> SeenNode:
    """Return a node as the actor sees it: those in charge and its own people learn who works there."""
    shown = may_keep(actor, node.region_code) or _runs(actor, node)
    return SeenNode(node, children_of(session, node), list_staff(session, node) if shown else None)


def _runs(actor: Actor | None, node: NetworkNode) -> bool:
    if actor is None or actor.organisation_id is None:
        return False
    return actor.in_office and actor.organisation_id == node.organisation_id


def list_staff(session: Session, node: NetworkNode) -> list[NetworkStaff]:
    """Return who works or worked at a node, in the order they began."""
    return list(
        session.scalars(
            select(NetworkStaff)
            .options(joinedload(NetworkStaff.user))
            .where(NetworkStaff.node_id == node.id)
            .order_by(NetworkStaff.since, NetworkStaff.id)
        )
    )


def territory_of(node: NetworkNode) -> Territory:
    """Return what lies under a node.

    The park it serves; for a station of an organisation, what that organisation has; else its region, also
    where a bureau runs it, which has no records of its own.
    """
    if node.park is not None:
        return Territory(TerritoryKind.PARK, node.park.code, node.park.name, node.park.region_code)
    unit = node.organisation
    if node.level is Level.NODE and unit is not None and unit.kind is not OrganisationKind.BUREAU:
        return _of_organisation(unit)
    return Territory(TerritoryKind.REGION, node.region_code, node.region.name, node.region_code)


def _of_organisation(organisation: Organisation) -> Territory:
    return Territory(
        TerritoryKind.ORGANISATION,
        str(organisation.id),
        organisation.name,
        organisation.region_code,
        organisation_id=organisation.id,
        is_station=organisation.kind is OrganisationKind.STATION,
        is_agency=organisation.kind is OrganisationKind.AGENCY,
    )
