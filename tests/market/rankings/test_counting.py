"""What is counted for a ranking, as known at a moment, on both databases."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy.orm import Session

from market.db import PageRequest
from market.rankings.models import Ranking
from market.rankings.queries.counting import count_standings, list_agency_contracts
from market.rankings.rules import Standing
from tests.factories import NOW
from tests.market.rankings.factories import change_amount, credit, landed, make_agency, revoke

LATER = NOW + timedelta(days=30)


def _count(session: Session, region: str = "320281", *, known_at: object = NOW) -> list[Standing]:
    return count_standings(session, region_code=region, year=2024, known_at=known_at)  # type: ignore[arg-type]


def test_shares_split_a_contract_exactly(session: Session) -> None:
    one, two = make_agency(session), make_agency(session)
    landed(session, shares={one: 5_000, two: 5_000}, total_amount_fen=101, tech_amount_fen=100)
    landed(session, shares={one: 10_000}, total_amount_fen=1_000, tech_amount_fen=0)
    assert _count(session) == [
        Standing(one.id, one.name, deals=2, deals_share_bp=15_000, total_fen=1_051, tech_fen=50),
        Standing(two.id, two.name, deals=1, deals_share_bp=5_000, total_fen=50, tech_fen=50),
    ]


def test_two_shares_of_one_agency_are_one_deal(session: Session) -> None:
    agency = make_agency(session)
    contract = landed(session, shares={agency: 3_333}, total_amount_fen=10_000, tech_amount_fen=10_000)
    credit(session, contract, agency, 3_333)
    (row,) = _count(session)
    assert (row.deals, row.deals_share_bp, row.total_fen) == (1, 6_666, 6_666)


def test_only_deals_that_landed_in_the_region_and_year_count(session: Session) -> None:
    agency = make_agency(session)
    landed(session, shares={agency: 10_000})
    landed(session, buyer="320282", shares={agency: 10_000})
    landed(session, buyer=None, shares={agency: 10_000})
    landed(session, on=date(2025, 1, 1), shares={agency: 10_000})
    landed(session)  # nobody is credited with it
    assert [row.deals for row in _count(session)] == [1]
    assert [row.deals for row in _count(session, "320200")] == [2]
    assert [row.deals for row in _count(session, "000000")] == [2]


def test_a_brokerage_contract_is_not_counted_beside_the_deal(session: Session) -> None:
    agency = make_agency(session)
    deal = landed(session, shares={agency: 10_000})
    brokerage = {"type_code": "FW", "subtype_code": "FW2", "shares": {agency: 10_000}}
    landed(session, brokered_id=deal.id, **brokerage)
    assert [row.deals for row in _count(session)] == [1]
    landed(session, **brokerage)  # names no deal, so it is one
    assert [row.deals for row in _count(session)] == [2]


def test_the_count_is_of_what_was_known(session: Session) -> None:
    one, two = make_agency(session), make_agency(session)
    changed = landed(session, shares={one: 10_000})
    revoked = landed(session, shares={one: 10_000})
    recredited = landed(session)
    share = credit(session, recredited, one, 10_000)
    before = _count(session)
    change_amount(session, changed, 500, now=LATER)
    revoke(session, revoked, now=LATER)
    share.withdrawn_at = LATER
    credit(session, recredited, two, 4_000, at=LATER)
    assert _count(session) == before
    assert [(row.deals, row.deals_share_bp, row.total_fen) for row in before] == [(3, 30_000, 300_000_000)]
    assert [
        (row.agency_id, row.deals, row.deals_share_bp, row.total_fen)
        for row in _count(session, known_at=LATER)
    ] == [(one.id, 1, 10_000, 500), (two.id, 1, 4_000, 40_000_000)]


def test_a_place_opens_to_its_contracts_page_by_page(session: Session) -> None:
    agency, other = make_agency(session), make_agency(session)
    contracts = [
        landed(session, on=date(2024, month, 1), shares={agency: 7_000, other: 3_000}, total_amount_fen=fen)
        for month, fen in ((3, 80_000_003), (2, 80_000_002), (1, 80_000_001))
    ]
    landed(session, shares={other: 10_000})
    ranking = Ranking(region_code="320281", year=2024, known_at=NOW, created_at=NOW)
    revoke(session, contracts[0], now=LATER)  # the place stays what it was made of
    first = list_agency_contracts(session, ranking, agency.id, page=PageRequest(limit=2))
    second = list_agency_contracts(
        session, ranking, agency.id, page=PageRequest(cursor=first.next_cursor, limit=2)
    )
    shown = [*first.items, *second.items]
    assert [row.entry.contract_id for row in shown] == [contract.id for contract in contracts]
    (row,) = [row for row in _count(session) if row.agency_id == agency.id]
    assert sum(item.piece.total_fen for item in shown) == row.total_fen
    assert sum(item.piece.share_bp for item in shown) == row.deals_share_bp
