"""Reading industrial chains: the graph ready to draw, its gaps, and what enterprises hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, aliased

from market.accounts.rules import Actor
from market.libraries.models import ChainEdge, ChainEnterprise, ChainNode, ChainPosition, EnterpriseTag
from market.libraries.queries.spec import Column, KindSpec
from market.libraries.rules import EntryStatus
from market.libraries.rules.graph import CHAIN_ROLE_NAMES, SEGMENT_NAMES, Edge
from market.reference.queries import code_names
from market.reference.rules import Scheme, region_prefix
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
    tags = code_names(session, Scheme.ENTERPRISE_TAG)
    return [
        {
            "uscc": one.uscc,
            "positions": [
                f"{position.node.title}（{CHAIN_ROLE_NAMES[position.role]}）"
                for position in one.listed_positions
            ],
            "tags": [f"{tags.get(tag.tag, tag.tag)}（{tag.year}）" for tag in one.tags],
        }
        for one in enterprises
    ]


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
        Column("positions", "所在环节（角色）"),
        Column("tags", "称号（年度）"),
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
    """Positions on each node, leaders first; of enterprises the reader may see."""
    units: dict[int, ChainEnterprise]
    """The enterprises of those positions, by id."""

    @property
    def gaps(self) -> list[ChainNode]:
        """Nodes on which no enterprise of the region stands (招商缺口)."""
        return [node for node in self.nodes if not self.enterprises.get(node.id)]


_ROLE_ORDER = {role: place for place, role in enumerate(CHAIN_ROLE_NAMES)}


def get_chain(session: Session, actor: Actor | None, code: str, *, region: str) -> Chain:
    """Return a chain of a region; one without nodes is empty.

    Args:
        session: open session.
        actor: who is asking; anyone sees what stands in an edition, those on the market what is listed.
        code: of scheme `chain`.
        region: nodes and enterprises of this region and all inside it.
    """
    here = [ChainNode.chain_code == code, ChainNode.region_code.startswith(region_prefix(region))]
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
    )


def edges_of_chain(session: Session, chain_code: str) -> list[Edge]:
    """Return all edges of a chain, of whatever region, as pairs of node ids."""
    upstream = aliased(ChainNode, flat=True)
    statement = (
        select(ChainEdge.upstream_id, ChainEdge.downstream_id)
        .join(upstream, upstream.id == ChainEdge.upstream_id)
        .where(upstream.chain_code == chain_code)
    )
    return [(one, other) for one, other in session.execute(statement)]


def is_gap(session: Session, node: ChainNode) -> bool:
    """Tell whether no listed enterprise of the node's region stands on it."""
    standing = (
        select(ChainPosition.id)
        .join(ChainEnterprise, ChainEnterprise.id == ChainPosition.enterprise_id)
        .where(
            ChainPosition.node_id == node.id,
            ChainEnterprise.status == _LISTED,
            ChainEnterprise.region_code.startswith(region_prefix(node.region_code)),
        )
    )
    return session.scalar(standing.limit(1)) is None


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
