"""What forms of nodes and chain enterprises must obey besides their schema."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import is_valid_uscc
from market.db import AdvisoryLock, advisory_lock
from market.errors import violation
from market.libraries.models import ChainEnterprise, RegisterEntry
from market.libraries.queries.chains import edges_of_chain, find_enterprise, find_node_like
from market.libraries.queries.kinds import may_be_found


def check_node(
    session: Session, values: Mapping[str, Any], entry: RegisterEntry | None, _today: date
) -> None:
    """Demand a chain, kept while the node has edges, and a name that no other node there has.

    Raises:
        RuleViolation: no chain, another one than its neighbours', or a node that is there already.
    """
    chain = values.get("chain_code", entry.chain_code if entry else None)
    if not chain:
        raise violation("/chain_code", "chain-missing", "请填写环节所属的产业链。")
    if entry is not None and entry.chain_code and chain != entry.chain_code:
        edges = edges_of_chain(session, entry.chain_code)
        if any(entry.id in edge for edge in edges):
            raise violation("/chain_code", "chain-edge-crosses", "该环节已有上下游关系，不能改属他链。")
    title = values.get("title", entry.title if entry else None)
    region = entry.region_code if entry else values["region_code"]
    # As with enterprises, no constraint reaches from the chain to region and name.
    advisory_lock(session, AdvisoryLock.CHAIN_ENTERPRISES)
    known = find_node_like(session, region, chain, title, apart_from=entry.id if entry else None)
    if known is not None:
        where = _where(session, known)
        raise violation("/title", "node-known", f"本地区这条产业链上的同名环节{where}，不能重复提出。")


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
    # No constraint reaches from the code to the region, which stand in two tables.
    advisory_lock(session, AdvisoryLock.CHAIN_ENTERPRISES)
    known = find_enterprise(session, region, uscc, apart_from=entry.id if entry else None)
    if known is None:
        return
    raise violation("/uscc", "enterprise-known", f"该企业{_where(session, known)}，不能重复提出。")


def _where(session: Session, known: RegisterEntry) -> str:
    # It may be somebody else's draft, so that it is named only where anyone may read it.
    return f"已在清单上（条目 {known.id}）" if may_be_found(session, known) else "已由本地区的单位提出"
