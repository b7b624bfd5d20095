"""What forms of nodes and chain enterprises must obey besides their schema."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from market.accounts.rules import is_valid_uscc
from market.errors import violation
from market.libraries.models import ChainEnterprise, RegisterEntry
from market.libraries.queries.chains import edges_of_chain, find_enterprise

CODE_LOCK = 7_340_024
"""Key of the advisory lock under which enterprises come on the list on PostgreSQL: no constraint reaches from
their code to their region, which stand in two tables."""


def check_node(
    session: Session, values: Mapping[str, Any], entry: RegisterEntry | None, _today: date
) -> None:
    """Demand a chain, and keep it while the node has edges.

    Raises:
        RuleViolation: no chain, or another one than its neighbours'.
    """
    chain = values.get("chain_code", entry.chain_code if entry else None)
    if not chain:
        raise violation("/chain_code", "chain-missing", "请填写环节所属的产业链。")
    if entry is not None and entry.chain_code and chain != entry.chain_code:
        edges = edges_of_chain(session, entry.chain_code)
        if any(entry.id in edge for edge in edges):
            raise violation("/chain_code", "chain-edge-crosses", "该环节已有上下游关系，不能改属他链。")


def check_enterprise(
    session: Session, values: Mapping[str, Any], entry: RegisterEntry | None, _today: date
) -> None:
    """Demand a right code that no other entry of the region has, also where the entry comes back.

    Raises:
        RuleViolation: a wrong code, or an enterprise that is on the list already.
    """
    before = entry.uscc if isinstance(entry, ChainEnterprise) else None
    uscc = values.get("uscc", before)
    if uscc is None:
        return
    if not is_valid_uscc(uscc):
        raise violation("/uscc", "bad-uscc", "统一社会信用代码不正确。", source="GB 32100-2015")
    region = entry.region_code if entry else values["region_code"]
    _hold_codes(session)
    known = find_enterprise(session, region, uscc, apart_from=entry.id if entry else None)
    if known is not None:
        raise violation("/uscc", "enterprise-known", f"该企业已在清单上（条目 {known.id}）。")


def _hold_codes(session: Session) -> None:
    """Let one enterprise be entered at a time; on SQLite a writing transaction does that anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CODE_LOCK})
