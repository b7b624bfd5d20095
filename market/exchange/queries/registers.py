"""Finding what the rows of a register speak of: the entry itself, nodes, edges, agencies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from market.accounts.models import Organisation
from market.accounts.rules import Actor, Role, normalise_uscc
from market.db import AdvisoryLock, advisory_lock
from market.errors import violation
from market.exchange.rules.runs import ImportKind
from market.libraries.models import AgencyFiling, ChainEdge, ChainEnterprise, ChainNode, RegisterEntry
from market.libraries.queries.entries import may_read, sees_internal
from market.libraries.queries.kinds import SPECS
from market.libraries.rules import EntryKind, EntryStatus
from market.libraries.rules.graph import ChainRole
from market.reference.rules import lies_within

ENTRY_KINDS: Mapping[ImportKind, EntryKind] = {
    ImportKind.NODES: EntryKind.NODE,
    ImportKind.ENTERPRISES: EntryKind.ENTERPRISE,
    ImportKind.RESOURCES: EntryKind.RESOURCE,
    ImportKind.TECHNOLOGIES: EntryKind.TECHNOLOGY,
    ImportKind.PROJECTS: EntryKind.PROJECT,
    ImportKind.TALENTS: EntryKind.TALENT,
    ImportKind.AGENCIES: EntryKind.AGENCY,
    ImportKind.CONSORTIA: EntryKind.CONSORTIUM,
}

NATURAL: Mapping[ImportKind, tuple[str, ...]] = {
    **dict.fromkeys(ENTRY_KINDS, ("title",)),
    ImportKind.NODES: ("chain_code", "title"),
    ImportKind.ENTERPRISES: ("uscc",),
    ImportKind.TALENTS: ("person_name", "unit_name"),
}
"""Fields that tell an entry from others of its kind and region where it has no number."""

ALWAYS_ONE = frozenset({ImportKind.ENTERPRISES})
"""Kinds whose natural key tells them apart also where they have numbers."""

GONE = frozenset({EntryStatus.REJECTED, EntryStatus.DELISTED, EntryStatus.ERASED})


def hold_registers(session: Session) -> None:
    """Let one import of registers write at a time, so that none writes an entry twice.

    No constraint tells entries without numbers apart.
    """
    advisory_lock(session, AdvisoryLock.REGISTER_IMPORTS)


def region_of(session: Session, actor: Actor, owner_id: int, values: Mapping[str, Any]) -> str | None:
    """Return the region of a row: its own, its unit's, or that of the bureau which imports."""
    if values.get("region_code"):
        return str(values["region_code"])
    if owner_id:
        owner = session.get(Organisation, owner_id)
        return None if owner is None else owner.region_code
    return actor.region_code if actor.role is Role.BUREAU else None


def find_entry(
    session: Session, actor: Actor, kind: ImportKind, values: Mapping[str, Any], *, region_code: str
) -> RegisterEntry | None:
    """Return the entry a row speaks of, among those the actor keeps or checks.

    It is told by its number; a row without one, or an entry that has none yet, by the natural key. An entry
    that was rejected or delisted is meant where there is no other.

    Raises:
        RuleViolation: `entry-ambiguous`: several are meant.
    """
    model = SPECS[ENTRY_KINDS[kind]].model
    number = values.get("external_id")
    here = (model.region_code == region_code, model.status != EntryStatus.ERASED)
    if number is not None:
        found = session.scalar(select(model).where(*here, model.external_id == number))
        if found is not None:
            return found if sees_internal(actor, found) else None
    statement = select(model).where(*here, *(getattr(model, name) == values[name] for name in NATURAL[kind]))
    if number is not None and kind not in ALWAYS_ONE:
        statement = statement.where(model.external_id.is_(None))
    meant = [entry for entry in session.scalars(statement.order_by(model.id)) if sees_internal(actor, entry)]
    present = [entry for entry in meant if entry.status not in GONE]
    if len(present) > 1:
        detail = "本地区有几个同名的条目，请填写外部编号指明是哪一个。"
        raise violation(f"/{NATURAL[kind][-1]}", "entry-ambiguous", detail)
    return next(iter(present or meant[-1:]), None)


def find_node(
    session: Session, actor: Actor, title: str, *, region_code: str, chain_code: str | None, pointer: str
) -> ChainNode:
    """Return the node of this name that is nearest to a region: of it, around it, or inside it.

    Where several are as near, none is taken: a guess would put an enterprise where nobody has checked it.

    Args:
        session: open session.
        actor: who may read it.
        title: its name.
        region_code: of the entry that names it.
        chain_code: only of this chain; None for any.
        pointer: to the value that names it.

    Raises:
        RuleViolation: `node-unknown`, or `node-ambiguous`.
    """
    statement = select(ChainNode).where(ChainNode.title == title, ChainNode.status.not_in(GONE))
    if chain_code is not None:
        statement = statement.where(ChainNode.chain_code == chain_code)
    nodes = [
        node for node in session.scalars(statement.order_by(ChainNode.id)) if may_read(session, actor, node)
    ]
    levels: Sequence[list[ChainNode]] = (
        [node for node in nodes if node.region_code == region_code],
        [node for node in nodes if lies_within(region_code, node.region_code)],
        [node for node in nodes if lies_within(node.region_code, region_code)],
    )
    found = next((level for level in levels if level), [])
    if not found:
        raise violation(pointer, "node-unknown", f"没有找到环节“{title[:50]}”；请先导入或提出该环节。")
    if len(found) > 1:
        how = "攻关技术写在“产业链”一列，企业写成“环节（核心，产业链）”"
        detail = f"有几个环节叫“{title[:50]}”，请写明是哪一条产业链的：{how}。"
        raise violation(pointer, "node-ambiguous", detail)
    return found[0]


def upstream_titles(session: Session, node_id: int) -> set[str]:
    """Return the names of the nodes recorded as delivering to a node, of whatever region."""
    upstream = aliased(ChainNode, flat=True)
    statement = select(upstream.title).join(ChainEdge, ChainEdge.upstream_id == upstream.id)
    return set(session.scalars(statement.where(ChainEdge.downstream_id == node_id)))


def standing_on(
    session: Session, actor: Actor, enterprise: ChainEnterprise
) -> set[tuple[str, str | None, ChainRole]]:
    """Return name, chain and role of the nodes an enterprise stands on, and the same for any chain.

    Only nodes that the actor may read are among them.
    """
    found: set[tuple[str, str | None, ChainRole]] = set()
    for position in enterprise.positions:
        node = position.node
        if may_read(session, actor, node):
            found |= {(node.title, chain, position.role) for chain in (node.chain_code, None)}
    return found


def node_titles(session: Session, chains: Sequence[str]) -> set[str]:
    """Return the names of the nodes of these chains."""
    return set(session.scalars(select(ChainNode.title).where(ChainNode.chain_code.in_(chains))))


def agency_named(session: Session, name: str, *, pointer: str) -> AgencyFiling:
    """Return the agency on file with this name or credit code.

    Raises:
        RuleViolation: `agency-not-on-file`: none or several.
    """
    statement = select(AgencyFiling).where(
        AgencyFiling.status == EntryStatus.LISTED,
        (AgencyFiling.title == name) | (AgencyFiling.uscc == normalise_uscc(name)),
    )
    found = session.scalars(statement.limit(2)).all()
    if len(found) != 1:
        raise violation(pointer, "agency-not-on-file", "备案名录中没有或不止一个这样的机构。")
    return found[0]
