"""A chain with an enterprise on it that the table asks about."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR
from market.libraries.models import ChainEnterprise
from market.libraries.rules import EntryKind, EntryStatus, Register
from market.libraries.rules.graph import ChainRole, Segment
from market.libraries.service.chains import add_edge, add_position, add_tag
from tests.factories import NOW, make_uscc
from tests.market.libraries.factories import CHAIN, ENCODER, make_entry, make_node, publish
from tests.market.permissions.people import People


def chain_records(session: Session, people: People) -> dict[str, Any]:
    """Insert them, and return their ids by the names that the lines use."""
    owned = {"organisation_id": people.home("seller").id}
    node_form = {"chain_code": CHAIN, "segment": Segment.UPSTREAM, **owned}

    def node(status: EntryStatus) -> int:
        form = {**node_form, "title": f"特种合金熔炼（{status}）"}
        return int(make_entry(session, EntryKind.NODE, form, status=status).id)

    def enterprise(status: EntryStatus = EntryStatus.LISTED) -> ChainEnterprise:
        form = {"title": "暨阳特钢有限公司", "uscc": make_uscc(), **owned}
        made: ChainEnterprise = make_entry(session, EntryKind.ENTERPRISE, form, status=status)
        return made

    first, after, free = (
        node(EntryStatus.LISTED),
        make_node(session, "精密锻造"),
        make_node(session, "热处理"),
    )
    standing = enterprise()
    add_edge(session, OPERATOR, first, downstream_id=after.id, words=None, encoder=ENCODER, now=NOW)
    add_position(
        session, OPERATOR, standing.id, node_id=after.id, role=ChainRole.LEADER, encoder=ENCODER, now=NOW
    )
    tag = {"tag": "eaglet", "year": 2023, "source": "名单"}
    add_tag(session, OPERATOR, standing.id, form=tag, encoder=ENCODER, now=NOW)
    publish(session, Register.CHAINS)
    return {
        "chain-nodes": first,
        "chain-nodes-draft": node(EntryStatus.DRAFT),
        "chain-nodes-proposed": node(EntryStatus.PROPOSED),
        "downstream_id": after.id,
        "node_id": after.id,
        "free_node": free.id,
        "chain-enterprises": standing.id,
        "chain-enterprises-draft": enterprise(EntryStatus.DRAFT).id,
        "chain-enterprises-proposed": enterprise(EntryStatus.PROPOSED).id,
        "tag_id": standing.tags[0].id,
        "code-chain": CHAIN,
    }
