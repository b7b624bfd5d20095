"""Valid stations, parties and contracts with few defaults. Flushed, never committed.

`make_contract` inserts rows as they stand and no ledger hears of them; `make_application` goes
through the service.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.models import Organisation, User
from market.accounts.queries import actor_of
from market.accounts.rules import Actor, OrganisationKind
from market.contracts import service
from market.contracts.ledger import Registration
from market.contracts.models import (
    Contract,
    ContractDocument,
    ContractParty,
    ContractRequest,
    DocumentRequirement,
    StationDuty,
    StationTerritory,
)
from market.contracts.queries import rule_set_on
from market.contracts.rules import LIVE, Duty, Scan, Status, registration_number
from market.listings.rules import Status as ListingStatus
from market.matches.models import Suggestion
from market.matches.rules import Side
from market.matches.rules import Status as SuggestionStatus
from tests.factories import (
    NOW,
    make_achievement,
    make_actor,
    make_need,
    make_organisation,
    make_user,
)

ENDED = frozenset({Status.CANCELLED, Status.REVOKED})
UNREVIEWED = frozenset({Status.DRAFT, Status.SUBMITTED, Status.RETURNED, Status.WITHDRAWN})
QUESTIONS = frozenset({"amount-implausible", "amount-text-differs", "tech-share-odd", "near-duplicate"})
"""Codes of every question about a form; an application that answers them all is never held up."""

LARGE_FEN = 500_000_000
"""From this amount on every rule set of the reference data takes a contract for large."""

_numbers = itertools.count(1)


def make_station(session: Session, **values: Any) -> Organisation:
    """Insert a registration station in 江阴."""
    return make_organisation(
        session, OrganisationKind.STATION, **{"name": f"江阴技术合同登记站{next(_numbers)}", **values}
    )


def make_registrar(session: Session, station: Organisation, *, duties: Iterable[Duty] = tuple(Duty)) -> Actor:
    """Insert a registrar of that station with these duties, all unless told; call twice for two persons."""
    user = make_user(session, station)
    grant_duties(session, user, duties=duties)
    return actor_of(user)


def grant_duties(session: Session, user: User, *, duties: Iterable[Duty] = tuple(Duty)) -> None:
    """Give one of a station's people these duties, all unless told."""
    for duty in duties:
        session.add(
            StationDuty(
                station_id=user.organisation_id,
                user=user,
                duty=duty,
                valid_from=date(2020, 1, 1),
                granted_at=NOW,
            )
        )
    session.flush()


def make_territory(session: Session, station: Organisation, region_code: str) -> None:
    """Let a station serve a region; it then serves the one it stands in only if that is named too."""
    session.add(StationTerritory(station_id=station.id, region_code=region_code, source="测试"))
    session.flush()


def make_party(session: Session, organisation: Organisation | None = None, **values: Any) -> ContractParty:
    """Insert a party: that organisation as a contract names it, or a company not on the market."""
    if organisation is None:
        organisation_values: dict[str, Any] = {
            "name": f"场外企业{next(_numbers)}",
            "uscc": None,
            "region_code": "320281",
        }
    else:
        organisation_values = {
            "organisation_id": organisation.id,
            "name": organisation.name,
            "uscc": organisation.uscc,
            "region_code": organisation.region_code,
            "park_code": organisation.park_code,
        }
    row = ContractParty(**{"nature_code": "150", "country_code": "156", **organisation_values, **values})
    session.add(row)
    session.flush()
    return row


def make_contract(
    session: Session,
    *,
    station: Organisation | None = None,
    seller: Organisation | ContractParty | None = None,
    buyer: Organisation | ContractParty | None = None,
    status: Status = Status.REGISTERED,
    **values: Any,
) -> Contract:
    """Insert a technical development contract of 100万元, 80万元 of it technical.

    Args:
        session: open transaction.
        station: a new one unless given.
        seller: organisation or party; a party outside the market unless given.
        buyer: the same.
        status: registered contracts get a number, an acceptance day and a registration day.
        values: columns that differ.
    """
    number = next(_numbers)
    station = station if station is not None else make_station(session)
    row = Contract(
        **{
            "status": status,
            "station": station,
            "seller": _party(session, seller),
            "buyer": _party(session, buyer),
            "project_name": f"膜法水处理工艺开发{number}",
            "type_code": "KF",
            "subtype_code": "KF1",
            "signed_on": date(2025, 5, 20),
            "valid_to": date(2026, 5, 19),
            "tech_field": "07",
            "ip_kind": "10",
            "plan_source": "90",
            "total_amount_fen": 100_000_000,
            "tech_amount_fen": 80_000_000,
            "payment_mode": "instalments",
            "created_at": NOW,
            **values,
        }
    )
    _complete(session, row, number=number, given=values)
    session.add(row)
    session.flush()
    return row


def _party(session: Session, given: Organisation | ContractParty | None) -> ContractParty:
    return given if isinstance(given, ContractParty) else make_party(session, given)


def _complete(session: Session, row: Contract, *, number: int, given: dict[str, Any]) -> None:
    """Fill in what a contract of this status must have, unless the test gave it."""

    def default(name: str, value: Any) -> None:
        if name not in given:
            setattr(row, name, value)

    if row.status is Status.DRAFT:
        return
    default("submitted_on", date(2025, 6, 1))
    default("acceptance_no", f"T{number:08d}")
    if row.status in UNREVIEWED:
        return
    default("accepted_on", date(2025, 6, 3))
    default("due_on", date(2025, 7, 3))
    default("rule_version", rule_set_on(session, row.accepted_on or date(2025, 6, 3)).version)
    if row.status not in LIVE | ENDED:
        return
    default("registered_on", date(2025, 6, 10))
    assert row.registered_on is not None
    default("reg_no", registration_number(year=row.registered_on.year, area="990000", serial=number))
    if row.status in ENDED:
        default("ended_on", date(2025, 6, 10))
    else:
        default("live_identity", row.identity)


class RecordingLedger:
    """A ledger that remembers what was posted, with the state the contract was in."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, int, Status]] = []

    def post_registration(self, session: Session, contract: Contract, *, now: datetime) -> None:
        """Remember a registration."""
        self.lines.append(("registration", contract.id, contract.status))

    def post_registrations(
        self, session: Session, registrations: Sequence[Registration], *, now: datetime
    ) -> None:
        """Remember many registrations."""
        self.lines += [("registration", row.contract_id, Status.REGISTERED) for row in registrations]

    def post_change(self, session: Session, contract: Contract, *, now: datetime) -> None:
        """Remember a change."""
        self.lines.append(("change", contract.id, contract.status))

    def post_reversal(self, session: Session, contract: Contract, *, now: datetime) -> None:
        """Remember a reversal."""
        self.lines.append(("reversal", contract.id, contract.status))


@dataclass(frozen=True)
class Cast:
    """Everybody a registration needs: two registrars of one station, a seller and a buyer."""

    station: Organisation
    registrar: Actor
    second: Actor
    seller: Actor
    seller_organisation: Organisation
    buyer: Actor
    buyer_organisation: Organisation
    bureau: Actor
    ledger: RecordingLedger = field(default_factory=RecordingLedger)


def make_cast(session: Session) -> Cast:
    """Insert the people and organisations of one registration; the seller is a university."""
    station = make_station(session)
    seller = make_organisation(session, OrganisationKind.UNIVERSITY, nature_code="0221")
    buyer = make_organisation(session, nature_code="150")
    return Cast(
        station=station,
        registrar=make_registrar(session, station),
        second=make_registrar(session, station),
        seller=actor_of(make_user(session, seller)),
        seller_organisation=seller,
        buyer=actor_of(make_user(session, buyer)),
        buyer_organisation=buyer,
        bureau=make_actor(session, OrganisationKind.BUREAU, uscc=None, region_code="320200"),
    )


def contract_form(cast: Cast, **values: Any) -> dict[str, Any]:
    """Return an application's form: development, 100万元, 80万元 of it technical."""
    return {
        "station_id": cast.station.id,
        "project_name": f"膜法水处理工艺开发{next(_numbers)}",
        "type_code": "KF",
        "subtype_code": "KF1",
        "buyer": {
            "name": cast.buyer_organisation.name,
            "uscc": cast.buyer_organisation.uscc,
            "nature_code": "150",
            "region_code": "320281",
        },
        "signed_on": date(2025, 5, 20),
        "tech_field": "07",
        "ip_kind": "10",
        "plan_source": "90",
        "total_amount_fen": 100_000_000,
        "tech_amount_fen": 80_000_000,
        "payment_mode": "instalments",
        **values,
    }


def make_application(session: Session, cast: Cast, *, status: Status, **values: Any) -> Contract:
    """Take an application through the service up to this status, each step at NOW."""
    contract = service.apply_for_registration(
        session, cast.seller, form=contract_form(cast, **values), now=NOW
    )
    attach_papers(session, contract)
    if status is Status.DRAFT:
        return contract
    service.submit_contract(session, cast.seller, contract.id, confirmed=QUESTIONS, now=NOW)
    if status is Status.SUBMITTED:
        return contract
    service.accept_contract(session, cast.registrar, contract.id, now=NOW)
    if status is Status.ACCEPTED:
        return contract
    service.examine_contract(session, cast.registrar, contract.id, finding="属于技术合同。", now=NOW)
    if status is Status.IN_REVIEW:
        return contract
    service.approve_contract(session, cast.registrar, contract.id, ledger=cast.ledger, now=NOW)
    if contract.status is not status:
        service.approve_contract(session, cast.second, contract.id, ledger=cast.ledger, now=NOW)
    assert contract.status is status
    return contract


def attach_papers(session: Session, contract: Contract) -> None:
    """Put every paper on record that any application may have to bring, without bytes behind them."""
    session.add_all(
        ContractDocument(
            contract_id=contract.id,
            kind=kind,
            name=f"{kind}.pdf",
            media_type="application/pdf",
            size=1000,
            sha256=f"{next(_numbers):064x}",
            scan=Scan.CLEAN,
            uploaded_at=NOW,
        )
        for kind in session.scalars(
            select(DocumentRequirement.document_kind).where(DocumentRequirement.required).distinct()
        )
    )
    session.flush()


def decide(
    session: Session,
    cast: Cast,
    request: ContractRequest,
    *,
    approve: bool = True,
    note: str | None = None,
    now: datetime = NOW,
) -> ContractRequest:
    """Have a request examined by the registrar, unless it is, and decided by the second person."""
    if request.examined_at is None:
        service.examine_request(session, cast.registrar, request.id, note="情况属实。", now=now)
    return service.decide_request(
        session, cast.second, request.id, approve=approve, note=note, ledger=cast.ledger, now=now
    )


def revoke(session: Session, cast: Cast, contract: Contract, *, now: datetime = NOW) -> None:
    """Have a registration revoked: proposed by the registrar, decided by the second person."""
    request = service.request_revocation(
        session, cast.registrar, contract.id, reason_code="fraud", reason="材料不实。", now=now
    )
    decide(session, cast, request, now=now)


def make_deal(
    session: Session,
    cast: Cast,
    *,
    status: SuggestionStatus = SuggestionStatus.AGREED,
    broker: Actor | None = None,
) -> Suggestion:
    """Insert a suggestion between the buyer's need and the seller's achievement."""
    need = make_need(session, cast.buyer_organisation, status=ListingStatus.MATCHING)
    achievement = make_achievement(session, cast.seller_organisation)
    row = Suggestion(
        need_id=need.id,
        achievement_id=achievement.id,
        asked_by=Side.NEED,
        rank=1,
        score=0.9,
        encoder="test",
        lexicon="test",
        weights="test",
        reasons={},
        status=status,
        broker_id=broker.user_id if broker is not None else None,
        created_at=NOW,
    )
    session.add(row)
    session.flush()
    return row
