"""Key technologies: what is read of them, and how many were solved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.libraries.models import ChainNode, KeyTechnology
from market.libraries.queries.spec import Column, KindSpec
from market.libraries.rules import EntryStatus
from market.libraries.rules.cells import told_indicator
from market.libraries.rules.technologies import SOLVED
from market.reference.rules import Scheme, region_prefix
from market.search.documents import Kind


def _contents(session: Session, entries: Sequence[KeyTechnology]) -> list[dict[str, Any]]:
    wanted = {entry.node_id for entry in entries if entry.node_id is not None}
    named = select(ChainNode.id, ChainNode.title).where(ChainNode.id.in_(wanted))
    nodes = {row.id: row.title for row in session.execute(named)} if wanted else {}
    return [
        {
            "progress": entry.progress,
            "indicators": [told_indicator(indicator) for indicator in entry.indicators],
            "node": nodes.get(entry.node_id) if entry.node_id is not None else None,
            "gap": entry.public_gap,
            "gap_public": "是" if entry.gap_public else "否",
            "solved_on": entry.solved_on.isoformat() if entry.solved_on else None,
        }
        for entry in entries
    ]


def _index_text(_session: Session, entry: KeyTechnology) -> str:
    indicators = "；".join(f"{one['name']} {one['target']}" for one in entry.indicators)
    return "\n".join(filter(None, [indicators, entry.public_gap]))


TECHNOLOGY = KindSpec(
    model=KeyTechnology,
    columns=(
        Column("progress", "攻关进展", scheme=Scheme.TECHNOLOGY_PROGRESS),
        Column("indicators", "攻关指标"),
        Column("node", "产业链环节"),
        Column("gap", "短板说明"),
        Column("gap_public", "短板公开"),
        Column("solved_on", "攻克日期", "date"),
    ),
    contents=_contents,
    index_kind=Kind.TECHNOLOGY,
    index_text=_index_text,
)


def count_solved(session: Session, *, region: str, start: date | None, end: date) -> int:
    """Return how many listed technologies of a region and all inside it were solved in a span.

    Args:
        session: open session.
        region: whose.
        start: first day of the span; None for no beginning.
        end: its last day.
    """
    statement = select(func.count(KeyTechnology.id)).where(
        KeyTechnology.status == EntryStatus.LISTED,
        KeyTechnology.region_code.startswith(region_prefix(region)),
        KeyTechnology.progress == SOLVED,
        KeyTechnology.solved_on <= end,
    )
    if start is not None:
        statement = statement.where(KeyTechnology.solved_on >= start)
    return session.scalars(statement).one()
