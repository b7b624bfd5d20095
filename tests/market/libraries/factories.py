"""Entries of registers in any state, made by the market's own services, and who makes them."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.libraries.models import AgencyFiling, ChainEnterprise, ChainNode, Edition, RegisterEntry
from market.libraries.rules import EntryAction, EntryKind, EntryStatus, Register
from market.libraries.rules.graph import Segment
from market.libraries.service.editions import publish_edition
from market.libraries.service.entries import create_entry, decide, delist_entry, propose_entry
from matching.encoder import HashingEncoder
from tests.factories import JIANGYIN, NOW, make_organisation, make_uscc, make_user

ENCODER = HashingEncoder(dim=64)
TODAY = date(2025, 6, 10)
CHAIN = "chain-metal"
SOURCE: dict[str, Any] = {"source": "江阴市工信局摸底", "source_date": date(2025, 3, 31)}


def make_bureau(session: Session, region: str = JIANGYIN) -> tuple[Actor, Actor]:
    """Insert a bureau with two people, so that one can check what the other proposed."""
    bureau = make_organisation(session, OrganisationKind.BUREAU, region_code=region)
    return actor_of(make_user(session, bureau)), actor_of(make_user(session, bureau))


def make_entry(
    session: Session,
    kind: EntryKind,
    form: dict[str, Any],
    *,
    status: EntryStatus = EntryStatus.LISTED,
    actor: Actor = OPERATOR,
) -> Any:
    """Take a new entry as far as a state by the steps that lead there."""
    form = {"region_code": JIANGYIN, **SOURCE, **form}
    entry = create_entry(session, actor, kind, form=form, now=NOW)
    bring_to(session, entry, status, actor=actor)
    return entry


def bring_to(session: Session, entry: RegisterEntry, status: EntryStatus, *, actor: Actor = OPERATOR) -> None:
    """Take a draft as far as a state by the steps that lead there."""
    if status is EntryStatus.DRAFT:
        return
    propose_entry(session, actor, type(entry), entry.id, now=NOW)
    if status is EntryStatus.PROPOSED:
        return
    decision = {EntryStatus.RETURNED: EntryAction.RETURN, EntryStatus.REJECTED: EntryAction.REJECT}.get(
        status, EntryAction.LIST
    )
    decide(session, OPERATOR, entry, decision=decision, note="依据不足", encoder=ENCODER, now=NOW)
    if status is EntryStatus.DELISTED:
        delist_entry(session, OPERATOR, type(entry), entry.id, note="企业迁出", encoder=ENCODER, now=NOW)
    session.flush()


def agency_form(**values: Any) -> dict[str, Any]:
    """Return the form of an agency on file."""
    return {"title": "澄江技术转移中心", "category": "transfer", "filed_on": date(2024, 5, 6), **values}


def make_filing(session: Session, *, status: EntryStatus = EntryStatus.LISTED, **values: Any) -> AgencyFiling:
    """Insert an agency on file, another one every time."""
    form = agency_form(**{"uscc": make_uscc(), **values})
    entry: AgencyFiling = make_entry(session, EntryKind.AGENCY, form, status=status)
    return entry


def make_node(session: Session, title: str | None = None, **values: Any) -> ChainNode:
    """Insert a listed node of the metal chain, by a name that no other has unless one is given."""
    if title is None:
        others = session.scalar(select(func.count(ChainNode.id))) or 0
        title = f"特种合金熔炼{others + 1 if others else ''}"
    form = {"title": title, "chain_code": CHAIN, "segment": Segment.UPSTREAM, **values}
    node: ChainNode = make_entry(session, EntryKind.NODE, form)
    return node


def make_enterprise(session: Session, title: str = "暨阳特钢有限公司", **values: Any) -> ChainEnterprise:
    """Insert a listed enterprise that stands on no node yet."""
    form = {"title": title, "uscc": make_uscc(), "summary": "高温合金棒材与锻件", **values}
    enterprise: ChainEnterprise = make_entry(session, EntryKind.ENTERPRISE, form)
    return enterprise


def publish(session: Session, register: Register, actor: Actor = OPERATOR, region: str = JIANGYIN) -> Edition:
    """Publish the next edition of a list."""
    return publish_edition(
        session, actor, register, region_code=region, title=None, as_of=TODAY, note=None, encoder=ENCODER,
        now=NOW,
    )  # fmt: skip
