"""Keeping industrial chains: edges without cycles, an enterprise once on a node, titles by year.

What changes an entry that is already listed is for the bureau; drafts are their keeper's too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.clock import china_day
from market.errors import Conflict, NotFound, violation
from market.libraries.models import (
    ChainEdge,
    ChainEnterprise,
    ChainNode,
    ChainPosition,
    EnterpriseTag,
    RegisterEntry,
)
from market.libraries.queries.chains import edges_of_chain
from market.libraries.queries.entries import get_entry
from market.libraries.rules.graph import ChainRole, closed_cycle
from market.libraries.service.entries import record_with
from market.libraries.service.steps import require_recorder
from market.reference.queries import check_codes
from market.reference.rules import Scheme
from market.search.documents import Encoder


def add_edge(
    session: Session,
    actor: Actor,
    upstream_id: int,
    *,
    downstream_id: int,
    words: str | None,
    encoder: Encoder,
    now: datetime,
) -> ChainNode:
    """Say that one node delivers to another of the same chain; returns the upstream node.

    Raises:
        PermissionDenied: the actor keeps neither the register nor the draft.
        Conflict: the edge is there.
        RuleViolation: another chain, or a cycle would close (`chain-cycle`).
    """
    node = get_entry(session, actor, ChainNode, upstream_id)
    _hold_chain(session, node)  # so that two edges that close a cycle together meet
    # Both ends, or one of them could be moved to another chain meanwhile; always in one order.
    held = {
        one: get_entry(session, actor, ChainNode, one, lock=True)
        for one in sorted({upstream_id, downstream_id})
    }
    node, other = held[upstream_id], held[downstream_id]
    require_recorder(actor, node)
    if other.chain_code != node.chain_code:
        raise violation("/downstream_id", "chain-edge-crosses", "两个环节不在同一条产业链上。")
    edges = edges_of_chain(session, node.chain_code or "")
    if (node.id, other.id) in edges:
        raise Conflict("这两个环节的上下游关系已经记录。", code="edge-known")
    cycle = closed_cycle(edges, (node.id, other.id))
    if cycle is not None:
        raise violation("/downstream_id", "chain-cycle", f"上下游关系会成环：{_named(session, cycle)}。")
    session.add(
        ChainEdge(
            upstream_id=node.id, downstream_id=other.id, words=words, added_by=actor.user_id, added_at=now
        )
    )
    record_with(session, actor, node, note=f"下游：{other.title}", encoder=encoder, now=now)
    return node


def _hold_chain(session: Session, node: ChainNode) -> None:
    # The first node of a chain stands for it: everybody who adds an edge there locks the same row.
    statement = select(ChainNode.id).where(ChainNode.chain_code == node.chain_code)
    first = session.scalars(statement.order_by(ChainNode.id).limit(1)).one()
    session.execute(select(RegisterEntry.id).where(RegisterEntry.id == first).with_for_update())


def _named(session: Session, cycle: tuple[int, ...]) -> str:
    statement = select(RegisterEntry.id, RegisterEntry.title).where(RegisterEntry.id.in_(cycle))
    titles = {row.id: row.title for row in session.execute(statement)}
    return " → ".join(titles[node] for node in (*cycle, cycle[0]))


def remove_edge(
    session: Session,
    actor: Actor,
    upstream_id: int,
    downstream_id: int,
    *,
    encoder: Encoder,
    now: datetime,
) -> ChainNode:
    """Take an edge out again; returns the upstream node.

    Raises:
        NotFound: there is no such edge.
        PermissionDenied: the actor keeps neither the register nor the draft.
    """
    node = get_entry(session, actor, ChainNode, upstream_id, lock=True)
    require_recorder(actor, node)
    edge = session.scalar(
        select(ChainEdge).where(ChainEdge.upstream_id == node.id, ChainEdge.downstream_id == downstream_id)
    )
    if edge is None:
        raise NotFound("没有这条上下游关系。", code="edge-not-found")
    session.delete(edge)
    record_with(session, actor, node, note="撤去一条上下游关系", encoder=encoder, now=now)
    return node


def add_position(
    session: Session,
    actor: Actor,
    enterprise_id: int,
    *,
    node_id: int,
    role: ChainRole,
    encoder: Encoder,
    now: datetime,
) -> ChainEnterprise:
    """Put an enterprise on a node, once.

    The node may be a draft; others are told of it once it is listed.

    Raises:
        NotFound: no such enterprise or node, or the actor may not know of it.
        PermissionDenied: the actor keeps neither the register nor the draft.
        Conflict: it stands there already (`enterprise-already-on-node`).
    """
    enterprise = get_entry(session, actor, ChainEnterprise, enterprise_id, lock=True)
    require_recorder(actor, enterprise)
    node = get_entry(session, actor, ChainNode, node_id)
    if any(position.node_id == node.id for position in enterprise.positions):
        raise Conflict(
            f"“{enterprise.title}”已在“{node.title}”环节上，不能重复列入。", code="enterprise-already-on-node"
        )
    enterprise.positions.append(ChainPosition(node_id=node.id, node=node, role=role, added_at=now))
    record_with(session, actor, enterprise, note=f"列入环节：{node.title}", encoder=encoder, now=now)
    return enterprise


def remove_position(
    session: Session,
    actor: Actor,
    enterprise_id: int,
    node_id: int,
    *,
    encoder: Encoder,
    now: datetime,
) -> ChainEnterprise:
    """Take an enterprise off a node.

    Raises:
        NotFound: it does not stand there.
        PermissionDenied: the actor keeps neither the register nor the draft.
    """
    enterprise = get_entry(session, actor, ChainEnterprise, enterprise_id, lock=True)
    require_recorder(actor, enterprise)
    position = next((one for one in enterprise.positions if one.node_id == node_id), None)
    if position is None:
        raise NotFound("该企业不在这个环节上。", code="position-not-found")
    enterprise.positions.remove(position)
    record_with(session, actor, enterprise, note=f"移出环节：{position.node.title}", encoder=encoder, now=now)
    return enterprise


def add_tag(
    session: Session,
    actor: Actor,
    enterprise_id: int,
    *,
    form: Mapping[str, Any],
    encoder: Encoder,
    now: datetime,
) -> ChainEnterprise:
    """Record a title of an enterprise with its year.

    Raises:
        PermissionDenied: the actor keeps neither the register nor the draft.
        Conflict: the same title of that year is on record.
        RuleViolation: an unknown title, a year ahead, or an end before that year.
    """
    enterprise = get_entry(session, actor, ChainEnterprise, enterprise_id, lock=True)
    require_recorder(actor, enterprise)
    check_codes(session, [("/tag", Scheme.ENTERPRISE_TAG, form["tag"])])
    if form["year"] > china_day(now).year:
        raise violation("/year", "day-ahead", "称号的年度不能晚于今年。")
    if form.get("valid_until") is not None and form["valid_until"].year < form["year"]:
        raise violation("/valid_until", "dates-out-of-order", "称号的有效期不能止于授予年度以前。")
    if any((one.tag, one.year) == (form["tag"], form["year"]) for one in enterprise.tags):
        raise Conflict("该年度的这一称号已经记录。", code="tag-known")
    enterprise.tags.append(EnterpriseTag(**form, added_at=now))
    record_with(session, actor, enterprise, note=f"记录{form['year']}年称号", encoder=encoder, now=now)
    return enterprise


def remove_tag(
    session: Session, actor: Actor, enterprise_id: int, tag_id: int, *, encoder: Encoder, now: datetime
) -> ChainEnterprise:
    """Take a title off the record that was entered in error.

    Raises:
        NotFound: there is no such title.
        PermissionDenied: the actor keeps neither the register nor the draft.
    """
    enterprise = get_entry(session, actor, ChainEnterprise, enterprise_id, lock=True)
    require_recorder(actor, enterprise)
    tag = next((one for one in enterprise.tags if one.id == tag_id), None)
    if tag is None:
        raise NotFound("没有找到该称号。", code="tag-not-found")
    enterprise.tags.remove(tag)
    record_with(session, actor, enterprise, note=f"删去{tag.year}年称号", encoder=encoder, now=now)
    return enterprise
