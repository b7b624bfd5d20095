"""Facts of contracts and whole reports with few defaults."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.oversight import service
from market.oversight.models import ConversionReport
from market.oversight.rules.findings import ContractFacts
from market.oversight.rules.reports import ReportStatus
from tests.factories import NOW

_numbers = itertools.count(1)

DECLARED_ONLY = {"achievements_obtained": 5, "equity_count": 0, "equity_fen": 0, "transfer_staff": 3}
"""What a draft cannot be filled in with."""


def facts(**values: Any) -> ContractFacts:
    """Return a contract of 100.5万元, 80 % of it technical, between two companies of its own."""
    number = next(_numbers)
    return ContractFacts(
        **{
            "contract_id": number,
            "reg_no": f"{number:016d}",
            "station_id": 1,
            "station_name": "江阴站",
            "seller": f"seller{number}",
            "seller_name": f"卖方{number}",
            "buyer": f"buyer{number}",
            "buyer_name": f"买方{number}",
            "project_name": f"项目{number}",
            "type_code": "KF",
            "signed_on": date(2025, 5, 20),
            "registered_on": date(2025, 6, 10),
            "total_fen": 100_500_000,
            "tech_fen": 80_400_000,
            "counts_fen": 80_400_000,
            "large_from_fen": 500_000_000,
            **values,
        }
    )


def between(seller: str, buyer: str, **values: Any) -> ContractFacts:
    """Return a contract between two parties who are known by their names."""
    return facts(seller=seller, seller_name=seller, buyer=buyer, buyer_name=buyer, **values)


def make_report(
    session: Session, actor: Actor, *, year: int = 2024, status: ReportStatus = ReportStatus.SUBMITTED
) -> ConversionReport:
    """Take a report of the actor's university through the service: a draft, or handed in."""
    report = service.draft_report(session, actor, year=year, now=NOW)
    if status is ReportStatus.DRAFT:
        return report
    service.change_report(
        session,
        actor,
        report.id,
        figures=DECLARED_ONLY,
        explanations={},
        version=report.version,
        now=NOW,
    )
    return service.submit_report(session, actor, report.id, now=NOW)
