"""A chain as a graph ready to draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from market.libraries.models import ChainPosition
from market.libraries.queries.chains import Chain
from market.libraries.rules.graph import SEGMENT_NAMES, ChainRole, Segment, places
from market.reference.queries import code_names
from market.reference.rules import Scheme


@dataclass(frozen=True, slots=True)
class GraphEnterprise:
    """An enterprise on a node, with the names of the titles it holds on the day."""

    id: int
    title: str
    role: ChainRole
    tags: Sequence[str]


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A node at column `x` and row `y`."""

    id: int
    title: str
    segment: Segment
    segment_name: str
    x: int
    y: int
    gap: bool
    wanted: str | None
    enterprises: Sequence[GraphEnterprise]


@dataclass(frozen=True, slots=True)
class GraphEdge:
    """An arrow from one node to another."""

    source: int
    target: int
    words: str | None


@dataclass(frozen=True, slots=True)
class Graph:
    """A chain of a region, placed."""

    code: str
    name: str
    region_code: str
    nodes: Sequence[GraphNode]
    edges: Sequence[GraphEdge]

    @property
    def gaps(self) -> int:
        """How many nodes have no enterprise of the region."""
        return len(gap_nodes(self))


def gap_nodes(graph: Graph) -> list[GraphNode]:
    """Return the nodes without an enterprise of the region."""
    return [node for node in graph.nodes if node.gap]


def graph_of(session: Session, chain: Chain, *, day: date) -> Graph:
    """Place the nodes of a chain; the same chain gives the same graph.

    Args:
        session: open session.
        chain: to be drawn.
        day: on which the titles shown are in force.
    """
    edges = [(edge.upstream_id, edge.downstream_id) for edge in chain.edges]
    placed = places([node.id for node in chain.nodes], edges)
    names = code_names(session, Scheme.ENTERPRISE_TAG)
    return Graph(
        code=chain.code,
        name=chain.name,
        region_code=chain.region_code,
        nodes=[
            GraphNode(
                id=node.id,
                title=node.title,
                segment=node.segment,
                segment_name=SEGMENT_NAMES[node.segment],
                x=placed[node.id][0],
                y=placed[node.id][1],
                gap=node.id in chain.gaps,
                wanted=node.wanted,
                enterprises=[
                    _standing(chain, position, names, day=day)
                    for position in chain.enterprises.get(node.id, ())
                ],
            )
            for node in chain.nodes
        ],
        edges=[GraphEdge(edge.upstream_id, edge.downstream_id, edge.words) for edge in chain.edges],
    )


def _standing(
    chain: Chain, position: ChainPosition, names: Mapping[str, str], *, day: date
) -> GraphEnterprise:
    enterprise = chain.units[position.enterprise_id]
    held = [tag.tag for tag in enterprise.tags if tag.valid_until is None or tag.valid_until >= day]
    return GraphEnterprise(
        id=enterprise.id,
        title=enterprise.title,
        role=position.role,
        tags=list(dict.fromkeys(names.get(tag, tag) for tag in held)),
    )
