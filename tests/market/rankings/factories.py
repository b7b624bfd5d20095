"""Agencies, and contracts in the ledger that they are credited with. Flushed, never committed."""

from __future__ import annotations

import itertools
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.rules import OrganisationKind
from market.contracts.models import Attribution, Contract, ContractParty
from market.contracts.rules import Status
from market.rankings.service import load_definitions
from market.turnover.ledger import TurnoverLedger
from tests.factories import NOW, make_organisation

_numbers = itertools.count(1)
LAST_YEAR = date(2024, 5, 20)
ONE_INDICATOR: dict[str, Any] = {
    "version": "T0",
    "name": "试算",
    "in_force_from": "2023-01-01",
    "base_year": 2023,
    "indicators": [
        {
            "key": "output_tech_wan",
            "name": "输出技术交易额",
            "unit": "万元",
            "direction": "up",
            "weight": "100",
            "method": "ratio",
            "cap": "3",
        }
    ],
    "source": "测试",
}


def make_agency(session: Session, name: str | None = None, **values: Any) -> Organisation:
    """Insert a verified agency in 江阴."""
    named = {"name": name} if name is not None else {}
    return make_organisation(session, OrganisationKind.AGENCY, **named, **values)


def make_side(session: Session, region: str | None = "320281", **values: Any) -> ContractParty:
    """Insert a party outside the market; a region of None means abroad."""
    row = ContractParty(
        **{
            "name": f"场外单位{next(_numbers)}",
            "nature_code": "150",
            "country_code": "156" if region else "276",
            "region_code": region,
            **values,
        }
    )
    session.add(row)
    session.flush()
    return row


def landed(
    session: Session,
    *,
    on: date = LAST_YEAR,
    buyer: ContractParty | str | None = "320281",
    seller: ContractParty | str | None = "320281",
    station: Organisation | None = None,
    shares: dict[Organisation, int] | None = None,
    recorded_at: datetime = NOW,
    **values: Any,
) -> Contract:
    """Insert a registered contract of 100万元, 80万元 technical, post it and credit agencies with it.

    Args:
        session: open transaction.
        on: day of registration, last year unless given.
        buyer: a party, or the region of one.
        seller: the same.
        station: a new one unless given.
        shares: basis points of each agency.
        recorded_at: when line and shares were written.
        values: columns that differ.
    """
    number = next(_numbers)
    contract = Contract(
        **{
            "status": Status.REGISTERED,
            "station": station or make_organisation(session, OrganisationKind.STATION),
            "seller": seller if isinstance(seller, ContractParty) else make_side(session, seller),
            "buyer": buyer if isinstance(buyer, ContractParty) else make_side(session, buyer),
            "reg_no": f"{on.year}9900{number:08d}",
            "live_identity": f"{number:064d}",
            "project_name": f"膜法水处理工艺开发{number}",
            "type_code": "KF",
            "subtype_code": "KF1",
            "signed_on": on,
            "tech_field": "07",
            "ip_kind": "10",
            "plan_source": "90",
            "total_amount_fen": 100_000_000,
            "tech_amount_fen": 80_000_000,
            "payment_mode": "instalments",
            "registered_on": on,
            "created_at": NOW,
            **values,
        }
    )
    session.add(contract)
    session.flush()
    TurnoverLedger().post_registration(session, contract, now=recorded_at)
    for agency, share_bp in (shares or {}).items():
        credit(session, contract, agency, share_bp, at=recorded_at)
    return contract


def make_index_books(session: Session) -> str:
    """Load a definition of one indicator, contracts of its base year and of last year; return its version."""
    load_definitions(session, [ONE_INDICATOR], NOW)
    landed(session, on=date(2023, 3, 1))
    landed(session, on=date(2024, 3, 1))
    return str(ONE_INDICATOR["version"])


def credit(
    session: Session, contract: Contract, agency: Organisation, share_bp: int, *, at: datetime = NOW
) -> Attribution:
    """Insert an agency's share."""
    row = Attribution(
        contract_id=contract.id, agency_id=agency.id, role="matching", share_bp=share_bp, created_at=at
    )
    session.add(row)
    session.flush()
    return row


def revoke(session: Session, contract: Contract, *, now: datetime = NOW) -> None:
    """End a contract's registration in the ledger too."""
    contract.status = Status.REVOKED
    contract.live_identity = None
    session.flush()
    TurnoverLedger().post_reversal(session, contract, now=now)


def change_amount(session: Session, contract: Contract, total_fen: int, *, now: datetime = NOW) -> None:
    """Change a contract's amounts in the ledger too."""
    contract.total_amount_fen, contract.tech_amount_fen = total_fen, total_fen // 2
    session.flush()
    TurnoverLedger().post_change(session, contract, now=now)
