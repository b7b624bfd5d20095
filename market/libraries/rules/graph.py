"""The graph of an industrial chain: no cycles, layers from upstream to downstream, places to draw it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from fractions import Fraction


class Segment(StrEnum):
    """Where in its chain a node stands."""

    UPSTREAM = "upstream"
    MIDSTREAM = "midstream"
    DOWNSTREAM = "downstream"
    SUPPORTING = "supporting"


SEGMENT_NAMES: Mapping[Segment, str] = {
    Segment.UPSTREAM: "上游",
    Segment.MIDSTREAM: "中游",
    Segment.DOWNSTREAM: "下游",
    Segment.SUPPORTING: "配套",
}


class ChainRole(StrEnum):
    """What an enterprise is on a node."""

    LEADER = "leader"
    CORE = "core"
    SUPPORTING = "supporting"


CHAIN_ROLE_NAMES: Mapping[ChainRole, str] = {
    ChainRole.LEADER: "链主",
    ChainRole.CORE: "核心",
    ChainRole.SUPPORTING: "配套",
}

Edge = tuple[int, int]
"""From the upstream node to the downstream node."""


def closed_cycle(edges: Iterable[Edge], new: Edge) -> tuple[int, ...] | None:
    """Return the nodes of the cycle that a new edge would close, from its upstream end on; None if none.

    Args:
        edges: of a graph without cycles.
        new: an edge to be added.
    """
    upstream, downstream = new
    after: dict[int, list[int]] = {}
    for one, other in edges:
        after.setdefault(one, []).append(other)
    came_from: dict[int, int] = {}
    waiting = [downstream]
    while waiting and upstream not in came_from and upstream != downstream:
        node = waiting.pop()
        for following in after.get(node, ()):
            if following not in came_from:
                came_from[following] = node
                waiting.append(following)
    if upstream == downstream:
        return (upstream,)
    if upstream not in came_from:
        return None
    path = [upstream]
    while path[-1] != downstream:
        path.append(came_from[path[-1]])
    return (upstream, *reversed(path[1:]))


def layers(nodes: Sequence[int], edges: Iterable[Edge]) -> dict[int, int]:
    """Return the layer of each node: 0 without anything upstream, else one more than the highest before it.

    Args:
        nodes: all nodes; edges to others are left out.
        edges: of a graph without cycles.
    """
    known = set(nodes)
    before: dict[int, list[int]] = {node: [] for node in nodes}
    after: dict[int, list[int]] = {node: [] for node in nodes}
    for one, other in edges:
        if one in known and other in known:
            before[other].append(one)
            after[one].append(other)
    missing = {node: len(before[node]) for node in nodes}
    ready = [node for node in nodes if not missing[node]]
    found: dict[int, int] = {}
    for node in ready:  # grows while it is read
        found[node] = max((found[one] + 1 for one in before[node]), default=0)
        for other in after[node]:
            missing[other] -= 1
            if not missing[other]:
                ready.append(other)
    return found


def places(nodes: Sequence[int], edges: Sequence[Edge]) -> dict[int, tuple[int, int]]:
    """Return a place for each node to be drawn at: its layer, and its row within the layer from 0.

    Within a layer nodes stand in the order of the mean row of what is upstream of them, so that few
    edges cross; ties keep the order given. The same graph gives the same places.
    """
    layer = layers(nodes, edges)
    rows: dict[int, int] = {}
    for number in range(max(layer.values(), default=-1) + 1):
        here = [node for node in nodes if layer[node] == number]
        ranked = sorted(here, key=lambda node: _mean_row(node, edges, rows))
        rows |= {node: row for row, node in enumerate(ranked)}
    return {node: (layer[node], rows[node]) for node in nodes}


def _mean_row(node: int, edges: Sequence[Edge], rows: Mapping[int, int]) -> Fraction:
    above = [rows[one] for one, other in edges if other == node and one in rows]
    return Fraction(sum(above), len(above)) if above else Fraction(0)
