"""Three years of the sample market's contracts, through the market's own services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, cast

from rich.progress import Progress
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts import queries as account_queries
from market.accounts.models import Organisation, User
from market.accounts.rules import OPERATOR, Actor
from market.contracts import service as contracts
from market.contracts.ledger import Ledger
from market.contracts.models import Contract
from market.contracts.service.credit import attribute_contract
from market.db import Database
from seed.records import moment, read


def load(
    database: Database,
    organisations: Mapping[str, Organisation],
    *,
    ledger: Ledger,
    day: date,
    progress: Progress,
) -> None:
    """Load the contracts registered up to a day, what became of them, and who brought them about.

    Args:
        database: with organisations and reference data.
        organisations: by slug.
        ledger: takes the contracts' lines.
        day: the sample day.
        progress: shows how far it is.
    """
    rows = sorted(read("contracts"), key=lambda row: row["registered_on"])
    shares = list(read("attributions"))
    with database.reading() as session:
        loaded = set(session.scalars(select(Contract.external_id)))
    with database.transaction() as session:
        for number, row in enumerate(progress.track(rows, description="历年合同"), start=1):
            if row["external_id"] in loaded or date.fromisoformat(row["registered_on"]) > day:
                continue
            credits = [credit for credit in shares if credit["contract"] == row["external_id"]]
            _load_contract(session, row, credits, organisations, ledger, number=number)


def _load_contract(
    session: Session,
    row: Mapping[str, Any],
    credits: Sequence[Mapping[str, Any]],
    organisations: Mapping[str, Organisation],
    ledger: Ledger,
    *,
    number: int,
) -> None:
    registered_on = date.fromisoformat(row["registered_on"])
    station = organisations[row["station"]]
    same = (
        "project_name", "type_code", "subtype_code", "licence_kind", "tech_field", "ip_kind",
        "plan_source", "seo", "industry_code", "payment_mode",
    )  # fmt: skip
    form = {name: row[name] for name in same} | {
        "station_id": station.id,
        "seller": _party(organisations[row["seller"]]),
        "buyer": _party(organisations[row["buyer"]]),
        "signed_on": date.fromisoformat(row["signed_on"]),
        "valid_from": date.fromisoformat(row["signed_on"]),
        "valid_to": date.fromisoformat(row["valid_to"]),
        "total_amount_fen": row["total_fen"],
        "tech_amount_fen": row["tech_fen"],
    }
    contract = contracts.enter_registered_contract(
        session,
        OPERATOR,
        form=form,
        registered_on=registered_on,
        # A serial range of its own, so that numbers drawn later never meet it.
        reg_no=f"{registered_on.year}{station.region_code}9{number:05d}",
        external_id=row["external_id"],
        ledger=ledger,
        now=moment(registered_on),
    )
    for credit in credits:
        _credit(session, credit, contract, organisations)
    if row["event"] is not None:
        _end_or_change(session, row, contract, ledger)


def _party(organisation: Organisation) -> dict[str, Any]:
    return {
        "name": organisation.name,
        "uscc": organisation.uscc,
        "nature_code": organisation.nature_code,
        "country_code": "156",
        "region_code": organisation.region_code,
        "park_code": organisation.park_code,
    }


def _end_or_change(session: Session, row: Mapping[str, Any], contract: Contract, ledger: Ledger) -> None:
    """Play the change, cancellation or revocation of a sample contract, by those who may do it."""
    now = moment(date.fromisoformat(row["event_on"]))
    filed = now - timedelta(days=3)
    seller = _member(session, cast(int, contract.seller.organisation_id))
    first, *others = _members(session, contract.station_id)
    words = row["event_note"]
    if row["event"] == "revocation":
        request = contracts.request_revocation(
            session, first, contract.id, reason_code="wrong_finding", reason=words, now=filed
        )
    elif row["event"] == "change":
        changes = {"total_amount_fen": row["new_total_fen"], "tech_amount_fen": row["new_tech_fen"]}
        request = contracts.request_change(
            session, seller, contract.id, changes=changes, reason=words, now=filed
        )
    else:
        request = contracts.request_cancellation(session, seller, contract.id, reason=words, now=filed)
    if request.examined_at is None:
        contracts.examine_request(session, first, request.id, note="材料齐全，同意。", now=now)
    decider = others[0] if others else first
    contracts.decide_request(session, decider, request.id, approve=True, note=None, ledger=ledger, now=now)


def _credit(
    session: Session, row: Mapping[str, Any], contract: Contract, organisations: Mapping[str, Organisation]
) -> None:
    broker = session.scalars(select(User).where(User.login == row["broker"])).one()
    attribute_contract(
        session,
        OPERATOR,
        contract.id,
        agency_id=organisations[row["agency"]].id,
        broker_id=broker.id,
        role=row["role"],
        share_bp=row["share_percent"] * 100,
        now=moment(cast(date, contract.registered_on)),
    )


def _member(session: Session, organisation_id: int) -> Actor:
    return _members(session, organisation_id)[0]


def _members(session: Session, organisation_id: int) -> list[Actor]:
    users = session.scalars(select(User).where(User.organisation_id == organisation_id).order_by(User.id))
    return [account_queries.actor_of(user) for user in users]
