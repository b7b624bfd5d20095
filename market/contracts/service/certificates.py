"""Certificates of registration: issued when a registration takes effect or changes, voided, never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, func, insert, select
from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.audit.service import record_now
from market.canonical import digest_of
from market.clock import china_day
from market.contracts import queries
from market.contracts.models import Certificate, Contract, ContractParty
from market.contracts.queries import Names
from market.contracts.queries.approval import PRINTED_CODES
from market.contracts.queries.certificates import find_valid_certificate
from market.contracts.rules import LIVE
from market.contracts.rules.certificates import (
    REASON_LENGTH,
    REPLACED,
    certificate_number,
    new_code,
)
from market.contracts.service.income import void_open_verifications
from market.contracts.service.lists import void_lists
from market.reference.rules import Scheme

CERTIFICATES = cast(Table, Certificate.__table__)
_WRITE = insert(CERTIFICATES).returning(CERTIFICATES.c.id)


def issue(session: Session, actor: Actor, contract: Contract, *, now: datetime) -> Certificate:
    """Issue the certificate of a contract as it now stands; the valid one, if any, is replaced.

    Call it when the contract has its registration number and its changes; its row must be locked.

    Args:
        session: open transaction.
        actor: who registers or changes; permission is the step's own.
        contract: a registered contract.
        now: present time.
    """
    session.flush()  # the contract's version is printed
    issued = _replace(session, contract, now=now)
    names = queries.describe(session, [contract])[0].names
    certificate = Certificate(**_values(actor, contract, serial=issued + 1, names=names, now=now))
    session.add(certificate)
    session.flush()  # draws the id
    _record(session, actor, contract, certificate_id=certificate.id, number=certificate.number, now=now)
    return certificate


def issue_first(session: Session, actor: Actor, contract: Contract, *, names: Names, now: datetime) -> None:
    """Issue the certificate of a contract that is being registered, so that there is none to replace.

    Args:
        session: open transaction; the contract has been flushed with its number.
        actor: who registers.
        contract: a registered contract.
        names: what is printed of its codes and places; read before the number was drawn, as others wait
            for the next one.
        now: present time.
    """
    values = _values(actor, contract, serial=1, names=names, now=now)
    certificate_id = session.connection().execute(_WRITE, values).scalar_one()
    _record(session, actor, contract, certificate_id=certificate_id, number=values["number"], now=now)


def _values(actor: Actor, contract: Contract, *, serial: int, names: Names, now: datetime) -> dict[str, Any]:
    """Return the columns of a contract's `serial`-th certificate."""
    assert contract.reg_no is not None
    assert contract.status in LIVE
    number, code = certificate_number(contract.reg_no, serial), new_code()
    content = {
        "number": number,
        "code": code,
        "issued_on": china_day(now).isoformat(),
        **_content(contract, names),
    }
    return {
        "contract_id": contract.id,
        "contract_version": contract.version,
        "number": number,
        "code": code,
        "content": content,
        "digest": digest_of(content),
        "issued_by": actor.user_id,
        "issued_at": now,
    }


def _record(
    session: Session, actor: Actor, contract: Contract, *, certificate_id: int, number: str, now: datetime
) -> None:
    record_now(
        session,
        actor.user_id,
        action="certificate.issue",
        entity="certificate",
        entity_id=certificate_id,
        now=now,
        details={"contract_id": contract.id, "number": number},
    )


def _replace(session: Session, contract: Contract, *, now: datetime) -> int:
    """Void the valid certificate of a contract, and count those it has had."""
    void(session, contract, reason=REPLACED, now=now)
    had = select(func.count()).select_from(Certificate).where(Certificate.contract_id == contract.id)
    return session.scalars(had).one()


def void(session: Session, contract: Contract, *, reason: str, now: datetime) -> Certificate | None:
    """Declare the valid certificate of a contract void and return it; None if there is none.

    Args:
        session: open transaction, the contract's row locked.
        contract: whose certificate.
        reason: public words, see `rules.certificates`; cut to 200 characters.
        now: present time.
    """
    certificate = find_valid_certificate(session, contract.id)
    if certificate is not None:
        certificate.voided_at = now
        certificate.void_reason = reason[:REASON_LENGTH]
        session.flush()  # before another one is valid
    return certificate


def void_all(session: Session, contract: Contract, *, reason: str, now: datetime) -> None:
    """Declare void whatever was handed out on a registration as it stood until now.

    That is its certificate and every list it is on; once the contract has ended, its open
    verifications of income too. Call it after the contract has its new state, and `issue` after it
    where the contract goes on.

    Args:
        session: open transaction, the contract's row locked.
        contract: changed, cancelled or revoked.
        reason: public words: `CHANGED`, `CANCELLED` or `REVOKED` of `rules.certificates`.
        now: present time.
    """
    void(session, contract, reason=reason, now=now)
    void_lists(session, contract, reason=reason, now=now)
    if contract.status not in LIVE:
        void_open_verifications(session, contract, reason=reason, now=now)


def _content(contract: Contract, names: Names) -> dict[str, Any]:
    """Return what is printed of a contract; numbers stay numbers, days are ISO texts."""
    return {
        "reg_no": contract.reg_no,
        "project_name": contract.project_name,
        **{
            shown: names.codes.get((queries.CODE_COLUMNS[column], getattr(contract, column)))
            for shown, column in PRINTED_CODES.items()
        },
        "seller": _party(contract.seller, names),
        "buyer": _party(contract.buyer, names),
        "signed_on": contract.signed_on.isoformat(),
        "valid_from": contract.valid_from.isoformat() if contract.valid_from else None,
        "valid_to": contract.valid_to.isoformat() if contract.valid_to else None,
        "total_amount_fen": contract.total_amount_fen,
        "tech_amount_fen": contract.tech_amount_fen,
        "amount_is_estimate": contract.amount_is_estimate,
        "currency": contract.currency,
        "foreign_amount": contract.foreign_amount,
        "exchange_rate": contract.exchange_rate,
        "rate_on": contract.rate_on.isoformat() if contract.rate_on else None,
        "rate_source": contract.rate_source,
        "rule_version": contract.rule_version,
        "station": contract.station.name,
        "registered_on": contract.registered_on.isoformat() if contract.registered_on else None,
        "contract_version": contract.version,
    }


def _party(party: ContractParty, names: Names) -> dict[str, Any]:
    return {
        "name": party.name,
        "uscc": party.uscc,
        "place": names.regions.get(party.region_code or "")
        or names.codes.get((Scheme.PARTY_COUNTRY, party.country_code)),
    }
