"""Contracts in every state the tables name, with what hangs on them."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.models import User
from market.accounts.queries import actor_of
from market.contracts.models import (
    Contract,
    ContractDocument,
    ContractRequest,
    IncomeVerification,
    StationDuty,
)
from market.contracts.rules import IncomeStatus, RequestKind, Scan, Status
from market.contracts.service.certificates import issue
from market.contracts.service.lists import create_list
from market.listings.rules import Status as ListingStatus
from market.settings import Settings
from market.storage import StoredFile, open_store
from tests.factories import NOW, make_achievement, make_need, make_user
from tests.market.contracts.factories import LARGE_FEN, attach_papers, make_contract, make_territory
from tests.market.permissions.people import People
from tests.market.rankings.factories import credit, make_agency
from tests.market.turnover.factories import LEDGER, make_suggestion

APPLICATIONS: dict[str, dict[str, Any]] = {
    "draft": {"status": Status.DRAFT},
    "submitted": {"status": Status.SUBMITTED},
    "accepted": {"status": Status.ACCEPTED},
    "heard": {"status": Status.ACCEPTED, "experts_called": True},
    "in_review": {"status": Status.IN_REVIEW},
    "large_review": {
        "status": Status.LARGE_REVIEW,
        "total_amount_fen": LARGE_FEN,
        "tech_amount_fen": LARGE_FEN,
    },
}
"""Values of contracts that are not yet registered, by the name of their record."""


def contract_records(session: Session, people: People, *, settings: Settings) -> dict[str, Any]:
    """Insert the contracts and return their ids and those of all that hangs on them."""
    station = people.home("station")
    applications = {name: _contract(session, people, **values) for name, values in APPLICATIONS.items()}
    for name in ("draft", "submitted"):
        attach_papers(session, applications[name])
    contract = _registered(session, people)
    estimated = _registered(session, people, amount_is_estimate=True)
    make_territory(session, station, "320281")
    return {
        "station": station.id,
        "station_id": station.id,
        "region_code": "320281",
        "trainee": make_user(session, station).id,
        "duty_id": session.scalars(
            select(StationDuty.id).where(StationDuty.user_id == people.station.id).limit(1)
        ).one(),
        "contract_id": contract.id,
        "contract_id-estimated": estimated.id,
        **{f"contract_id-{name}": row.id for name, row in applications.items()},
        **_requests(session, people),
        **_papers(session, people, contract, applications["draft"], settings=settings),
        **_printed(session, people, contract),
        **_income(session, people),
        **_credits(session, contract),
    }


def _contract(session: Session, people: People, *, status: Status, **values: Any) -> Contract:
    """Insert a contract that came from a suggestion of the broker in charge."""
    need = make_need(session, people.home("buyer"), status=ListingStatus.CONTRACTED)
    achievement = make_achievement(session, people.home("seller"))
    return make_contract(
        session,
        station=people.home("station"),
        seller=people.home("seller"),
        buyer=people.home("buyer"),
        status=status,
        suggestion=make_suggestion(session, need, achievement, broker=people.desk),
        **values,
    )


def _registered(
    session: Session, people: People, *, status: Status = Status.REGISTERED, **values: Any
) -> Contract:
    contract = _contract(session, people, status=status, **values)
    LEDGER.post_registration(session, contract, now=NOW)
    return contract


def _requests(session: Session, people: People) -> dict[str, Any]:
    colleague = make_user(session, people.home("station"))

    def request(kind: RequestKind, *, by: User, examined: bool) -> int:
        row = ContractRequest(
            contract_id=_registered(session, people, status=Status.CHANGE_PENDING).id,
            kind=kind,
            reason="终止",
            requested_by=by.id,
            requested_at=NOW,
            examined_by=colleague.id if examined else None,
            examined_at=NOW if examined else None,
        )
        session.add(row)
        session.flush()
        return row.id

    return {
        "request_id": request(RequestKind.CANCELLATION, by=people.seller, examined=False),
        "request_id-examined": request(RequestKind.CANCELLATION, by=people.seller, examined=True),
        "request_id-revocation": request(RequestKind.REVOCATION, by=colleague, examined=True),
    }


def _papers(
    session: Session, people: People, contract: Contract, draft: Contract, *, settings: Settings
) -> dict[str, Any]:
    file = open_store(settings).put(io.BytesIO(b"%PDF-1.7"), name="a.pdf")

    def paper(belongs_to: Contract, kind: str) -> int:
        row = ContractDocument(
            contract_id=belongs_to.id,
            kind=kind,
            uploaded_by=people.seller.id,
            uploaded_at=NOW,
            **_columns(file),
        )
        session.add(row)
        session.flush()
        return row.id

    return {
        "document_id": paper(contract, "contract_text"),
        "contract_id-private": contract.id,
        "document_id-private": paper(contract, "receipt"),
        "document_id-draft": paper(draft, "contract_text"),
    }


def _columns(file: StoredFile) -> dict[str, Any]:
    return {
        "name": file.name,
        "media_type": file.media_type,
        "size": file.size,
        "sha256": file.sha256,
        "scan": Scan.NOT_SCANNED,
    }


def _printed(session: Session, people: People, contract: Contract) -> dict[str, Any]:
    clerk = actor_of(people.station)
    certificate = issue(session, clerk, contract, now=NOW)
    listed = _registered(session, people)
    return {
        "certificate_id": certificate.id,
        "code-verification": certificate.code,
        "list_id": create_list(session, clerk, contract_ids=[listed.id], now=NOW).id,
    }


def _income(session: Session, people: People) -> dict[str, Any]:
    def verification(status: IncomeStatus, number: str | None = None) -> int:
        row = IncomeVerification(
            contract=_registered(session, people),
            status=status,
            number=number,
            received_from=date(2025, 1, 1),
            received_to=date(2025, 3, 31),
            received_fen=100,
            deducted_fen=0,
            income_fen=100,
            submitted_at=NOW,
            decided_at=None if status is IncomeStatus.SUBMITTED else NOW,
        )
        session.add(row)
        session.flush()
        return row.id

    return {
        "verification_id": verification(IncomeStatus.SUBMITTED),
        "verification_id-returned": verification(IncomeStatus.RETURNED),
        "verification_id-verified": verification(IncomeStatus.VERIFIED, "HD2025-320281-1-0001"),
    }


def _credits(session: Session, contract: Contract) -> dict[str, Any]:
    agency = make_agency(session)
    return {"agency": agency.id, "attribution_id": credit(session, contract, agency, 5_000).id}
