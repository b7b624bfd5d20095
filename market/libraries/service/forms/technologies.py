"""What the form of a key technology must obey besides its schema."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from market.errors import violation
from market.libraries.models import ChainNode, RegisterEntry
from market.libraries.rules import EntryStatus


def check_technology(
    session: Session, values: Mapping[str, Any], entry: RegisterEntry | None, _today: date
) -> None:
    """Demand that the node is on the list of chains, and of the technology's own chain.

    Raises:
        RuleViolation: there is no such node, or it lies on another chain.
    """
    node_id = values.get("node_id", getattr(entry, "node_id", None))
    if node_id is None:
        return
    node = session.get(ChainNode, node_id)
    if node is None or node.status is not EntryStatus.LISTED:
        raise violation("/node_id", "node-unknown", f"产业链清单上没有在列的环节 {node_id}。")
    chain = values.get("chain_code", entry.chain_code if entry is not None else None)
    if chain is not None and node.chain_code is not None and chain != node.chain_code:
        raise violation("/node_id", "node-of-another-chain", "该环节属于另一条产业链。")
