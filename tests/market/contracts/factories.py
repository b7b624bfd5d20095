"""Valid stations, parties and contracts with few defaults. Flushed, never committed.

Rows are inserted as they stand: no ledger hears of them. Tests of the workflow go through the
service instead.
"""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.queries import actor_of
from market.accounts.rules import Actor, OrganisationKind
from market.contracts.models import Contract, ContractParty
from market.contracts.rules import LIVE, Status, registration_number, rule_set_on
from tests.factories import NOW, make_organisation, make_user

ENDED = frozenset({Status.CANCELLED, Status.REVOKED})
UNREVIEWED = frozenset({Status.DRAFT, Status.SUBMITTED, Status.RETURNED, Status.WITHDRAWN})
_numbers = itertools.count(1)


def make_station(session: Session, **values: Any) -> Organisation:
    """Insert a registration station in 江阴."""
    return make_organisation(
        session, OrganisationKind.STATION, **{"name": f"江阴技术合同登记站{next(_numbers)}", **values}
    )


def make_registrar(session: Session, station: Organisation) -> Actor:
    """Insert a registrar of that station; call twice for two persons."""
    return actor_of(make_user(session, station))


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
    _complete(row, number=number, given=values)
    session.add(row)
    session.flush()
    return row


def _party(session: Session, given: Organisation | ContractParty | None) -> ContractParty:
    return given if isinstance(given, ContractParty) else make_party(session, given)


def _complete(row: Contract, *, number: int, given: dict[str, Any]) -> None:
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
    default("rule_version", rule_set_on(row.accepted_on or date(2025, 6, 3)).version)
    if row.status not in LIVE | ENDED:
        return
    default("registered_on", date(2025, 6, 10))
    assert row.registered_on is not None
    default("reg_no", registration_number(year=row.registered_on.year, area="990000", serial=number))
    if row.status in ENDED:
        default("ended_on", date(2025, 6, 10))
    else:
        default("live_identity", row.identity)
