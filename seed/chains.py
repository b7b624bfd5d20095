"""The industrial chains of the sample market, played through the services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import partial
from typing import Any

from market.libraries.models import ChainEnterprise, ChainNode
from market.libraries.rules import EntryKind
from market.libraries.rules.graph import ChainRole, Segment
from market.libraries.service.chains import add_edge, add_position, add_tag
from market.libraries.service.entries import delist_entry
from seed.deeds import DRAFTED, Deed, Desk, day_of
from seed.records import read


def chain_deeds(desk: Desk) -> Iterator[Deed]:
    """Yield what is done with nodes, edges and enterprises."""
    nodes = list(read("chain_nodes"))
    for row in nodes:
        yield Deed(day_of(row), partial(_node, desk, row))
    for row in nodes:
        for edge in row.get("delivers", ()):
            yield Deed(day_of(row), partial(_edge, desk, row, edge))
    for row in read("chain_enterprises"):
        yield Deed(day_of(row), partial(_enterprise, desk, row))
        for change in row.get("later", ()):
            yield Deed(day_of(change, "on"), partial(_change, desk, row, change))
        if "delisted" in row:
            yield Deed(day_of(row["delisted"], "on"), partial(_delist, desk, row))


def _node(desk: Desk, row: Mapping[str, Any], now: datetime) -> None:
    form = desk.common(row) | {"segment": Segment(row["segment"]), "wanted": row.get("wanted")}
    desk.hand_in(desk.draft(EntryKind.NODE, form, now=now), now=now)


def _edge(desk: Desk, row: Mapping[str, Any], edge: Mapping[str, Any], now: datetime) -> None:
    add_edge(
        desk.session,
        desk.proposer,
        desk.find(ChainNode, row["external_id"]).id,
        downstream_id=desk.find(ChainNode, edge["to"]).id,
        words=edge["words"],
        encoder=desk.encoder,
        now=now,
    )


def _enterprise(desk: Desk, row: Mapping[str, Any], now: datetime) -> None:
    uscc = row["uscc"] if "uscc" in row else desk.organisations[row["organisation"]].uscc
    enterprise = desk.draft(EntryKind.ENTERPRISE, desk.common(row) | {"uscc": uscc}, now=now)
    for position in row["positions"]:
        _stand(desk, enterprise.id, position, now=now - DRAFTED)
    for tag in row["tags"]:
        _award(desk, enterprise.id, tag, now=now - DRAFTED)
    desk.hand_in(enterprise, now=now)


def _change(desk: Desk, row: Mapping[str, Any], change: Mapping[str, Any], now: datetime) -> None:
    enterprise = desk.find(ChainEnterprise, row["external_id"])
    if "position" in change:
        _stand(desk, enterprise.id, change["position"], now=now)
    if "tag" in change:
        _award(desk, enterprise.id, change["tag"], now=now)


def _stand(desk: Desk, enterprise_id: int, position: Mapping[str, Any], *, now: datetime) -> None:
    add_position(
        desk.session,
        desk.proposer,
        enterprise_id,
        node_id=desk.find(ChainNode, position["node"]).id,
        role=ChainRole(position["role"]),
        encoder=desk.encoder,
        now=now,
    )


def _award(desk: Desk, enterprise_id: int, tag: Mapping[str, Any], *, now: datetime) -> None:
    until = tag.get("valid_until")
    form = {**tag, "valid_until": date.fromisoformat(until) if until else None}
    add_tag(desk.session, desk.proposer, enterprise_id, form=form, encoder=desk.encoder, now=now)


def _delist(desk: Desk, row: Mapping[str, Any], now: datetime) -> None:
    enterprise = desk.find(ChainEnterprise, row["external_id"])
    note = row["delisted"]["note"]
    delist_entry(
        desk.session, desk.proposer, ChainEnterprise, enterprise.id, note=note, encoder=desk.encoder, now=now
    )
