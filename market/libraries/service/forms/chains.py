"""What forms of nodes and chain enterprises must obey besides their schema."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import is_valid_uscc
from market.errors import violation
from market.libraries.models import RegisterEntry
from market.libraries.queries.chains import edges_of_chain, find_enterprise


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
    """Demand a right code that no other entry of the region has.

    Raises:
        RuleViolation: a wrong code, or an enterprise that is on the list already.
    """
    uscc = values.get("uscc")
    if uscc is None:
        return
    if not is_valid_uscc(uscc):
        raise violation("/uscc", "bad-uscc", "统一社会信用代码不正确。", source="GB 32100-2015")
    region = entry.region_code if entry else values["region_code"]
    known = find_enterprise(session, region, uscc)
    if known is not None and (entry is None or known.id != entry.id):
        raise violation("/uscc", "enterprise-known", f"该企业已在清单上（条目 {known.id}）。")
