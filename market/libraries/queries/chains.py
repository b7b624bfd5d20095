"""Reading industrial chains: the graph ready to draw, its gaps, and what enterprises hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, aliased

from market.accounts.rules import Actor
from market.libraries.models import (
    ChainEdge,
    ChainEnterprise,
    ChainNode,
    ChainPosition,
    EnterpriseTag,
    RegisterEntry,
)
from market.libraries.queries.spec import Column, KindSpec
from market.libraries.rules import EntryStatus
from market.libraries.rules.graph import CHAIN_ROLE_NAMES, SEGMENT_NAMES, Edge
from market.reference.queries import check_codes, check_region, code_names
from market.reference.rules import Scheme, lies_within, region_prefix, regions_around
from market.search.documents import Kind

_LISTED = EntryStatus.LISTED


def _node_contents(session: Session, nodes: Sequence[ChainNode]) -> list[dict[str, Any]]:
    upstream = aliased(ChainNode, flat=True)
    statement = (
        select(ChainEdge.downstream_id, upstream.title)
        .join(upstream, upstream.id == ChainEdge.upstream_id)
        .where(ChainEdge.downstream_id.in_([node.id for node in nodes]), upstream.status == _LISTED)
        .order_by(upstream.id)
    )
    before: dict[int, list[str]] = {}
    for node_id, title in session.execute(statement):
        before.setdefault(node_id, []).append(title)
    return [
        {
            "segment": SEGMENT_NAMES[node.segment],
            "upstream": before.get(node.id, []),
            "wanted": node.wanted,
        }
        for node in nodes
    ]


def _enterprise_contents(session: Session, enterprises: Sequence[ChainEnterprise]) -> list[dict[str, Any]]:
    tags, chains = code_names(session, Scheme.ENTERPRISE_TAG), code_names(session, Scheme.CHAIN)
    standing = {one.id: one.listed_positions for one in enterprises}
    titles = {position.node.title for positions in standing.values() for position in positions}
    named = select(ChainNode.title, ChainNode.chain_code, ChainNode.region_code)
    same: dict[str, list[tuple[str | None, str]]] = {}
    for title, chain, region in session.execute(
        named.where(ChainNode.title.in_(titles), ChainNode.status == _LISTED)
    ):
        same.setdefault(title, []).append((chain, region))

    def told(enterprise: ChainEnterprise, position: ChainPosition) -> str:
        node, here = position.node, enterprise.region_code
        near = {chain for chain, region in same[node.title] if _related(here, region)} | {node.chain_code}
        chain = f"，{chains[node.chain_code]}" if len(near) > 1 and node.chain_code else ""
        return f"{node.title}（{CHAIN_ROLE_NAMES[position.role]}{chain}）"

    return [
        {
            "uscc": one.uscc,
            "positions": [told(one, position) for position in standing[one.id]],
            "tags": [_told_title(tag, tags) for tag in one.tags],
        }
        for one in enterprises
    ]


def _related(region: str, other: str) -> bool:
    return lies_within(region, other) or lies_within(other, region)


def _told_title(tag: EnterpriseTag, names: Mapping[str, str]) -> str:
    until = f"，至{tag.valid_until.isoformat()}" if tag.valid_until else ""
    return f"{names.get(tag.tag, tag.tag)}（{tag.year}{until}）"


def _node_text(session: Session, node: ChainNode) -> str:
    upstream, downstream = aliased(ChainNode, flat=True), aliased(ChainNode, flat=True)
    statement = (
        select(upstream.title, downstream.title)
        .select_from(ChainEdge)
        .join(upstream, upstream.id == ChainEdge.upstream_id)
        .join(downstream, downstream.id == ChainEdge.downstream_id)
        .where(
            or_(ChainEdge.upstream_id == node.id, ChainEdge.downstream_id == node.id),
            or_(upstream.id == node.id, upstream.status == _LISTED),
            or_(downstream.id == node.id, downstream.status == _LISTED),
        )
        .order_by(ChainEdge.id)
    )
    around = dict.fromkeys(title for pair in session.execute(statement) for title in pair)
    around.pop(node.title, None)
    return "\n".join(part for part in (node.wanted, " ".join(around)) if part)


def _enterprise_text(session: Session, enterprise: ChainEnterprise) -> str:
    names = code_names(session, Scheme.ENTERPRISE_TAG)
    nodes = [position.node.title for position in enterprise.listed_positions]
    return " ".join([*nodes, *(names.get(tag.tag, "") for tag in enterprise.tags)])


NODE = KindSpec(
    model=ChainNode,
    columns=(
        Column("segment", "位置"),
        Column("upstream", "上游环节"),
        Column("wanted", "招引方向"),
    ),
    contents=_node_contents,
    index_kind=Kind.NODE,
    index_text=_node_text,
)

ENTERPRISE = KindSpec(
    model=ChainEnterprise,
    columns=(
        Column("uscc", "统一社会信用代码"),
        Column("positions", "所在环节（角色）", bracketed=True),
        Column("tags", "称号（年度）", bracketed=True),
    ),
    contents=_enterprise_contents,
    index_kind=Kind.ENTERPRISE,
    index_text=_enterprise_text,
)


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain of a region as a graph: what is listed, and for strangers what is published too."""

    code: str
    name: str
    region_code: str
    nodes: Sequence[ChainNode]
    edges: Sequence[ChainEdge]
    enterprises: dict[int, list[ChainPosition]]
    """Positions on each node, leaders first; of the region's enterprises that the reader may see."""
    units: dict[int, ChainEnterprise]
    """The enterprises of those positions, by id."""
    gaps: Set[int]
    """Ids of the nodes on which no enterprise of the region stands (招商缺口)."""


_ROLE_ORDER = {role: place for place, role in enumerate(CHAIN_ROLE_NAMES)}


def get_chain(session: Session, actor: Actor | None, code: str, *, region: str) -> Chain:
    """Return a chain of a region; one without nodes is empty.

    A city often keeps the nodes on which its counties' enterprises stand, so that the nodes of the regions
    around the one asked for are among them.

    Args:
        session: open session.
        actor: who is asking; anyone sees what stands in an edition, those on the market what is listed.
        code: of scheme `chain`.
        region: nodes of this region, all inside it and those it lies in; enterprises of it and all inside it.

    Raises:
        RuleViolation: `unknown-code`, of the chain or the region.
    """
    check_codes(session, [("/code", Scheme.CHAIN, code)])
    check_region(session, region, pointer="/region")
    here = [
        ChainNode.chain_code == code,
        or_(
            ChainNode.region_code.startswith(region_prefix(region)),
            ChainNode.region_code.in_(regions_around(region)),
        ),
    ]
    public: list[ColumnElement[bool]] = []
    if actor is None:
        here.append(ChainNode.published_at.is_not(None))
        public.append(ChainEnterprise.published_at.is_not(None))
    nodes = session.scalars(
        select(ChainNode).where(ChainNode.status == _LISTED, *here).order_by(ChainNode.id)
    ).all()
    ids = [node.id for node in nodes]
    edges = session.scalars(
        select(ChainEdge)
        .where(ChainEdge.upstream_id.in_(ids), ChainEdge.downstream_id.in_(ids))
        .order_by(ChainEdge.id)
    ).all()
    statement = (
        select(ChainPosition, ChainEnterprise)
        .join(ChainEnterprise, ChainEnterprise.id == ChainPosition.enterprise_id)
        .where(
            ChainPosition.node_id.in_(ids),
            ChainEnterprise.status == _LISTED,
            ChainEnterprise.region_code.startswith(region_prefix(region)),
            *public,
        )
        .order_by(ChainPosition.id)
    )
    standing: dict[int, list[ChainPosition]] = {}
    units: dict[int, ChainEnterprise] = {}
    for position, enterprise in session.execute(statement):
        units[enterprise.id] = enterprise
        standing.setdefault(position.node_id, []).append(position)
    for positions in standing.values():
        positions.sort(key=lambda position: (_ROLE_ORDER[position.role], position.id))
    return Chain(
        code=code,
        name=code_names(session, Scheme.CHAIN).get(code, code),
        region_code=region,
        nodes=nodes,
        edges=edges,
        enterprises=standing,
        units=units,
        gaps=gaps(session, nodes, region=region, published=actor is None),
    )


def beside(session: Session, node: ChainNode) -> list[RegisterEntry]:
    """Return the nodes up and down from a node, and the enterprises on it, in any state, by id."""
    below = select(ChainEdge.downstream_id).where(ChainEdge.upstream_id == node.id)
    above = select(ChainEdge.upstream_id).where(ChainEdge.downstream_id == node.id)
    standing = select(ChainPosition.enterprise_id).where(ChainPosition.node_id == node.id)
    nodes = session.scalars(
        select(ChainNode).where(or_(ChainNode.id.in_(above), ChainNode.id.in_(below))).order_by(ChainNode.id)
    )
    units = session.scalars(
        select(ChainEnterprise).where(ChainEnterprise.id.in_(standing)).order_by(ChainEnterprise.id)
    )
    return [*nodes, *units]


def edges_of_chain(session: Session, chain_code: str) -> list[Edge]:
    """Return all edges of a chain, of whatever region, as pairs of node ids."""
    upstream = aliased(ChainNode, flat=True)
    statement = (
        select(ChainEdge.upstream_id, ChainEdge.downstream_id)
        .join(upstream, upstream.id == ChainEdge.upstream_id)
        .where(upstream.chain_code == chain_code)
    )
    return [(one, other) for one, other in session.execute(statement)]


def gaps(
    session: Session, nodes: Sequence[ChainNode], *, region: str | None = None, published: bool = False
) -> set[int]:
    """Return the ids of those nodes on which no listed enterprise of their region stands.

    Args:
        session: open session.
        nodes: any.
        region: whose enterprises count, of it and all inside it; None for those of each node's own region.
        published: only enterprises that anyone may read count.
    """
    regions = {node.id: region or node.region_code for node in nodes}
    statement = (
        select(ChainPosition.node_id, ChainEnterprise.region_code)
        .join(ChainEnterprise, ChainEnterprise.id == ChainPosition.enterprise_id)
        .where(ChainPosition.node_id.in_(regions), ChainEnterprise.status == _LISTED)
        .distinct()
    )
    if published:
        statement = statement.where(ChainEnterprise.published_at.is_not(None))
    held = {node_id for node_id, where in session.execute(statement) if lies_within(where, regions[node_id])}
    return set(regions) - held


def find_node_like(
    session: Session, region_code: str, chain_code: str, title: str, *, apart_from: int | None = None
) -> ChainNode | None:
    """Return the node of a region and chain with this name, if it is on the list or on its way there.

    Args:
        session: open session.
        region_code: exactly this region.
        chain_code: of scheme `chain`.
        title: its name.
        apart_from: an entry that does not count.
    """
    statement = select(ChainNode).where(
        ChainNode.region_code == region_code,
        ChainNode.chain_code == chain_code,
        ChainNode.title == title,
        ChainNode.status.not_in((EntryStatus.REJECTED, EntryStatus.DELISTED)),
    )
    if apart_from is not None:
        statement = statement.where(ChainNode.id != apart_from)
    return session.scalars(statement.order_by(ChainNode.id)).first()


def find_enterprise(
    session: Session, region_code: str, uscc: str, *, apart_from: int | None = None
) -> ChainEnterprise | None:
    """Return the enterprise of a region with this code, if it is on the list or on its way there.

    Args:
        session: open session.
        region_code: exactly this region.
        uscc: its code.
        apart_from: an entry that does not count.
    """
    statement = (
        select(ChainEnterprise)
        .where(ChainEnterprise.region_code == region_code, ChainEnterprise.uscc == uscc)
        .where(ChainEnterprise.status.not_in((EntryStatus.REJECTED, EntryStatus.DELISTED)))
        .order_by(ChainEnterprise.id)
    )
    if apart_from is not None:
        statement = statement.where(ChainEnterprise.id != apart_from)
    return session.scalars(statement).first()


def count_tagged(
    session: Session,
    tag: str,
    region_code: str,
    *,
    years: tuple[int, int] | None = None,
    day: date,
) -> int:
    """Return how many listed enterprises hold a title; one on the lists of several regions counts once.

    Args:
        session: open session.
        tag: of scheme `enterprise_tag`.
        region_code: of this region and all inside it.
        years: those awarded it for the first time in these years, both included; None for all who hold it.
        day: on which it must be in force, where its end is known.
    """
    held = (
        select(ChainEnterprise.uscc, func.min(EnterpriseTag.year).label("first_year"))
        .join(EnterpriseTag, EnterpriseTag.enterprise_id == ChainEnterprise.id)
        .where(
            ChainEnterprise.status == _LISTED,
            ChainEnterprise.region_code.startswith(region_prefix(region_code)),
            EnterpriseTag.tag == tag,
            EnterpriseTag.year <= day.year,
        )
        .group_by(ChainEnterprise.uscc)
    )
    if years is None:
        held = held.where(or_(EnterpriseTag.valid_until.is_(None), EnterpriseTag.valid_until >= day))
        return session.scalar(select(func.count()).select_from(held.subquery())) or 0
    first = held.subquery()
    statement = select(func.count()).select_from(first).where(first.c.first_year.between(*years))
    return session.scalar(statement) or 0
