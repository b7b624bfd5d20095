"""Industrial chains over HTTP: nodes, enterprises, the graph and its gaps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from market.accounts.auth import current_actor, find_current_actor
from market.accounts.rules import Actor
from market.clock import china_day
from market.http.edge import now, reading, transaction
from market.http.etag import versioned
from market.libraries.api.blueprint import blp, lay_out
from market.libraries.models import ChainEnterprise, ChainNode, ChainPosition, EnterpriseTag, RegisterEntry
from market.libraries.queries.chains import get_chain
from market.libraries.queries.counts import first_titled, holds_title
from market.libraries.queries.graphs import Graph, gap_nodes, graph_of
from market.libraries.rules import EntryKind
from market.libraries.schemas.chains import (
    ChainArgs,
    ChainEdgeInput,
    ChainEnterpriseArgs,
    ChainEnterpriseFields,
    ChainEnterpriseInput,
    ChainEnterpriseInternalView,
    ChainEnterpriseView,
    ChainGraphView,
    ChainNodeArgs,
    ChainNodeFields,
    ChainNodeInput,
    ChainNodeInternalView,
    ChainNodeView,
    ChainPositionInput,
    EnterpriseTagInput,
    GraphNodeView,
)
from market.libraries.service import chains as service
from market.search.access import current_encoder, index_changed


def _node_filters(filters: dict[str, Any]) -> Iterator[ColumnElement[bool]]:
    if segment := filters.pop("segment", None):
        yield ChainNode.segment == segment


def _enterprise_filters(filters: dict[str, Any]) -> Iterator[ColumnElement[bool]]:
    node, role = filters.pop("node", None), filters.pop("role", None)
    if node is not None:
        yield ChainEnterprise.positions.any(ChainPosition.node_id == node)
    if role is not None:
        yield ChainEnterprise.positions.any(ChainPosition.role == role)
    tag, day = filters.pop("tag", None), filters.pop("valid_on", None)
    first_year, last_year = filters.pop("first_year", None), filters.pop("last_year", None)
    if tag:
        yield ChainEnterprise.tags.any(EnterpriseTag.tag == tag)
    if first_year is not None or last_year is not None:
        yield from first_titled(tag, since=first_year, until=last_year)
    if day is not None:
        yield holds_title(tag, day)


lay_out(
    EntryKind.NODE,
    "chain-nodes",
    ChainNode,
    new=ChainNodeInput,
    change=ChainNodeFields,
    view=ChainNodeView,
    internal_view=ChainNodeInternalView,
    args=ChainNodeArgs,
    conditions=_node_filters,
)
lay_out(
    EntryKind.ENTERPRISE,
    "chain-enterprises",
    ChainEnterprise,
    new=ChainEnterpriseInput,
    change=ChainEnterpriseFields,
    view=ChainEnterpriseView,
    internal_view=ChainEnterpriseInternalView,
    args=ChainEnterpriseArgs,
    conditions=_enterprise_filters,
)


def _recorded(work: Callable[[Session, Actor], RegisterEntry], status: int = 200) -> ResponseReturnValue:
    """Record something with an entry, in a transaction of its own."""
    with transaction() as session:
        entry = work(session, current_actor(session))
    index_changed()
    return versioned(entry, status)


@blp.route("/chain-nodes/<int:entry_id>/edges", methods=["POST"])
@blp.arguments(ChainEdgeInput)
@blp.response(201, ChainNodeInternalView)
def add_edge(form: dict[str, Any], entry_id: int) -> Any:
    """记录下游环节；会成环的不予记录（在列的由所在地主管部门记录）"""
    return _recorded(
        lambda session, actor: service.add_edge(
            session, actor, entry_id, **form, encoder=current_encoder(), now=now()
        ),
        201,
    )


@blp.route("/chain-nodes/<int:entry_id>/edges/<int:downstream_id>", methods=["DELETE"])
@blp.response(200, ChainNodeInternalView)
def remove_edge(entry_id: int, downstream_id: int) -> Any:
    """撤去下游关系"""
    return _recorded(
        lambda session, actor: service.remove_edge(
            session, actor, entry_id, downstream_id, encoder=current_encoder(), now=now()
        )
    )


@blp.route("/chain-enterprises/<int:entry_id>/positions", methods=["POST"])
@blp.arguments(ChainPositionInput)
@blp.response(201, ChainEnterpriseInternalView)
def add_position(form: dict[str, Any], entry_id: int) -> Any:
    """把企业列入环节，注明链主、核心或配套；同一环节不能重复列入"""
    return _recorded(
        lambda session, actor: service.add_position(
            session, actor, entry_id, **form, encoder=current_encoder(), now=now()
        ),
        201,
    )


@blp.route("/chain-enterprises/<int:entry_id>/positions/<int:node_id>", methods=["DELETE"])
@blp.response(200, ChainEnterpriseInternalView)
def remove_position(entry_id: int, node_id: int) -> Any:
    """把企业移出环节"""
    return _recorded(
        lambda session, actor: service.remove_position(
            session, actor, entry_id, node_id, encoder=current_encoder(), now=now()
        )
    )


@blp.route("/chain-enterprises/<int:entry_id>/tags", methods=["POST"])
@blp.arguments(EnterpriseTagInput)
@blp.response(201, ChainEnterpriseInternalView)
def add_tag(form: dict[str, Any], entry_id: int) -> Any:
    """记录企业称号及年度"""
    return _recorded(
        lambda session, actor: service.add_tag(
            session, actor, entry_id, form=form, encoder=current_encoder(), now=now()
        ),
        201,
    )


@blp.route("/chain-enterprises/<int:entry_id>/tags/<int:tag_id>", methods=["DELETE"])
@blp.response(200, ChainEnterpriseInternalView)
def remove_tag(entry_id: int, tag_id: int) -> Any:
    """删去误记的称号"""
    return _recorded(
        lambda session, actor: service.remove_tag(
            session, actor, entry_id, tag_id, encoder=current_encoder(), now=now()
        )
    )


def _graph(code: str, region: str) -> Graph:
    with reading() as session:
        chain = get_chain(session, find_current_actor(session), code, region=region)
        return graph_of(session, chain, day=china_day(now()))


@blp.route("/chains/<code>/graph")
@blp.arguments(ChainArgs, location="query")
@blp.response(200, ChainGraphView)
def get_graph(args: dict[str, Any], code: str) -> Any:
    """查看产业链图：环节、上下游、企业及缺口，坐标已排好，可直接绘制"""
    return _graph(code, args["region"])


@blp.route("/chains/<code>/gaps")
@blp.arguments(ChainArgs, location="query")
@blp.response(200, GraphNodeView(many=True))
def list_gaps(args: dict[str, Any], code: str) -> Any:
    """列出产业链缺口（本地区没有企业的环节，含上级地区的环节），用于招商图谱"""
    return gap_nodes(_graph(code, args["region"]))
