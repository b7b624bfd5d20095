"""What agencies brought about in a region and year, as the books stood at a moment.

A contract counts for the region its buyer is in (落地), by the ledger line that stood at that moment and
with the shares that stood then; so a ranking can be counted again, and opened to its contracts, as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload, raiseload

from market.accounts.models import Organisation
from market.contracts.models import Attribution, Contract
from market.db import Page, PageRequest, SortKey, paginate
from market.rankings.models import Ranking
from market.rankings.rules import BROKERAGE, Credited, Piece, Standing, parts_of, standings
from market.reference.rules import region_prefix
from market.turnover.models import TurnoverEntry


@dataclass(frozen=True, slots=True)
class AgencyContract:
    """A contract behind an agency's place, and what the agency has of it."""

    entry: TurnoverEntry
    piece: Piece


def count_standings(session: Session, *, region_code: str, year: int, known_at: datetime) -> list[Standing]:
    """Add up what each agency brought about in a region in a year; by agency."""
    contracts = _credited(session, landed(region_code, year, known_at), known_at)
    agencies = {agency for contract in contracts for agency in contract.shares_bp}
    rows = session.execute(
        select(Organisation.id, Organisation.name).where(Organisation.id.in_(sorted(agencies)))
    )
    return standings(contracts, {row.id: row.name for row in rows})


def list_agency_contracts(
    session: Session, ranking: Ranking, agency_id: int, *, page: PageRequest
) -> Page[AgencyContract]:
    """List the contracts that an agency's place is made of, newest first.

    They are those known at the ranking's moment, so that their parts add up to its figures.
    """
    conditions = landed(ranking.region_code, ranking.year, ranking.known_at)
    own = select(Attribution.contract_id).where(
        Attribution.agency_id == agency_id, *_standing_shares(ranking.known_at)
    )
    statement = (
        select(TurnoverEntry)
        .join(TurnoverEntry.contract)
        .where(TurnoverEntry.contract_id.in_(own), *conditions)
        .options(
            joinedload(TurnoverEntry.contract).joinedload(Contract.seller),
            joinedload(TurnoverEntry.contract).joinedload(Contract.buyer),
            raiseload("*"),
        )
    )
    order = [SortKey(TurnoverEntry.effective_on, descending=True), SortKey(TurnoverEntry.id, descending=True)]
    found = paginate(session, statement, order=order, page=page)
    shown = TurnoverEntry.id.in_([entry.id for entry in found.items])
    pieces = {
        contract.contract_id: parts_of(contract)[agency_id]
        for contract in _credited(session, [shown], ranking.known_at)
    }
    return Page(
        [AgencyContract(entry, pieces[entry.contract_id]) for entry in found.items], found.next_cursor
    )


def landed(region_code: str, year: int, known_at: datetime) -> list[ColumnElement[bool]]:
    """Return what picks the lines of contracts that landed in a region; they are joined to contracts."""
    reversal = aliased(TurnoverEntry)
    prefix = region_prefix(region_code)
    return [
        TurnoverEntry.buyer_region.between(prefix.ljust(6, "0"), prefix.ljust(6, "9")),
        TurnoverEntry.effective_on.between(date(year, 1, 1), date(year, 12, 31)),
        TurnoverEntry.count == 1,
        TurnoverEntry.recorded_at <= known_at,
        ~select(reversal.id)
        .where(reversal.reverses_id == TurnoverEntry.id, reversal.recorded_at <= known_at)
        .exists(),
        is_deal_of_its_own(),
    ]


def is_deal_of_its_own() -> ColumnElement[bool]:
    """Leave out brokerage contracts that name the contract they brokered: the deal is counted there."""
    return or_(
        Contract.brokered_id.is_(None),
        TurnoverEntry.subtype_code.is_(None),
        TurnoverEntry.subtype_code != BROKERAGE,
    )


def _standing_shares(known_at: datetime) -> list[ColumnElement[bool]]:
    return [
        Attribution.created_at <= known_at,
        or_(Attribution.withdrawn_at.is_(None), Attribution.withdrawn_at > known_at),
    ]


def _credited(
    session: Session, conditions: Sequence[ColumnElement[bool]], known_at: datetime
) -> list[Credited]:
    """Read contracts with the shares of all agencies credited with them; those of one agency are added."""
    rows: Any = session.execute(
        select(
            TurnoverEntry.contract_id,
            TurnoverEntry.total_fen,
            TurnoverEntry.tech_fen,
            Attribution.agency_id,
            func.sum(Attribution.share_bp),
        )
        .join(Contract, Contract.id == TurnoverEntry.contract_id)
        .join(Attribution, Attribution.contract_id == TurnoverEntry.contract_id)
        .where(*conditions, *_standing_shares(known_at))
        .group_by(
            TurnoverEntry.id,
            TurnoverEntry.contract_id,
            TurnoverEntry.total_fen,
            TurnoverEntry.tech_fen,
            Attribution.agency_id,
        )
    )
    shares: dict[tuple[int, int, int], dict[int, int]] = {}
    for contract_id, total_fen, tech_fen, agency_id, share_bp in rows:
        shares.setdefault((contract_id, total_fen, tech_fen), {})[agency_id] = int(share_bp)
    return [Credited(*contract, by_agency) for contract, by_agency in shares.items()]
