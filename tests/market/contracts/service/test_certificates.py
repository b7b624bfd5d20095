"""Certificates are issued once, replaced by changes and voided by the end; lists go with them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from market.accounts.rules import OrganisationKind
from market.audit.models import AuditEvent
from market.canonical import digest_of
from market.contracts.models import Certificate, Contract, IncomeVerification
from market.contracts.queries.certificates import (
    find_valid_certificate,
    get_by_code,
    get_certificate,
    list_certificates,
)
from market.contracts.rules import IncomeStatus, Status
from market.contracts.rules.certificates import CANCELLED, CHANGED, REPLACED
from market.contracts.service.certificates import issue, void_all
from market.contracts.service.lists import create_list
from market.errors import NotFound
from tests.factories import NOW, make_actor
from tests.market.contracts.factories import Cast, make_cast, make_contract, make_party

LATER = NOW + timedelta(days=30)


@pytest.fixture
def cast(session: Session) -> Cast:
    return make_cast(session)


@pytest.fixture
def contract(session: Session, cast: Cast) -> Contract:
    return make_contract(
        session, station=cast.station, seller=cast.seller_organisation, buyer=cast.buyer_organisation
    )


def test_a_certificate_says_what_is_registered(session: Session, cast: Cast, contract: Contract) -> None:
    certificate = issue(session, cast.registrar, contract, now=NOW)
    assert certificate.number == f"{contract.reg_no}-01"
    content = certificate.content
    assert (content["number"], content["code"]) == (certificate.number, certificate.code)
    assert (content["total_amount_fen"], content["tech_amount_fen"]) == (100_000_000, 80_000_000)
    assert (content["type_name"], content["subtype_name"]) == ("技术开发", "委托开发")
    assert content["seller"] == {
        "name": cast.seller_organisation.name,
        "uscc": cast.seller_organisation.uscc,
        "place": "江阴市",
    }
    assert (content["station"], content["registered_on"]) == (cast.station.name, "2025-06-10")
    assert (content["rule_version"], content["contract_version"]) == (contract.rule_version, contract.version)
    assert certificate.digest == digest_of(content)
    event = session.scalars(select(AuditEvent).where(AuditEvent.entity == "certificate")).one()
    assert (event.action, event.actor_id) == ("certificate.issue", cast.registrar.user_id)


def test_a_foreign_party_stands_with_its_country(session: Session, cast: Cast) -> None:
    abroad = make_party(session, name="Müller GmbH", country_code="276", region_code=None, nature_code="930")
    contract = make_contract(
        session,
        station=cast.station,
        seller=cast.seller_organisation,
        buyer=abroad,
        currency="EUR",
        foreign_amount=12_345,
        exchange_rate="7.8",
        rate_on=date(2025, 5, 20),
        rate_source="中国人民银行",
    )
    content = issue(session, cast.registrar, contract, now=NOW).content
    assert content["buyer"] == {"name": "Müller GmbH", "uscc": None, "place": "德国"}
    assert (content["currency"], content["foreign_amount"], content["rate_on"]) == (
        "EUR",
        12_345,
        "2025-05-20",
    )


def test_a_change_replaces_the_certificate(session: Session, cast: Cast, contract: Contract) -> None:
    first = issue(session, cast.registrar, contract, now=NOW)
    before = dict(first.content)
    contract.project_name = "改名的项目"
    second = issue(session, cast.registrar, contract, now=LATER)
    assert (first.voided_at, first.void_reason) == (LATER, REPLACED)
    assert first.content == before
    assert (second.number, second.voided_at) == (f"{contract.reg_no}-02", None)
    assert second.content["project_name"] == "改名的项目"
    assert second.contract_version > first.contract_version
    assert find_valid_certificate(session, contract.id) is second
    assert list_certificates(session, cast.seller, contract.id) == [first, second]


def test_the_database_refuses_a_second_valid_certificate(
    session: Session, cast: Cast, contract: Contract
) -> None:
    issue(session, cast.registrar, contract, now=NOW)
    twin = Certificate(
        contract_id=contract.id,
        contract_version=1,
        number="x",
        code="x",
        content={},
        digest="x",
        issued_at=NOW,
    )
    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(twin)


def test_void_all_takes_certificate_list_and_open_verifications(
    session: Session, cast: Cast, contract: Contract
) -> None:
    other = make_contract(
        session, station=cast.station, seller=cast.seller_organisation, buyer=cast.buyer_organisation
    )
    certificate = issue(session, cast.registrar, contract, now=NOW)
    listed = create_list(session, cast.registrar, contract_ids=[contract.id, other.id], now=NOW)
    income = [_income(session, contract, status) for status in IncomeStatus]
    contract.status = Status.CANCELLED
    void_all(session, contract, reason=CANCELLED, now=LATER)
    assert (certificate.voided_at, certificate.void_reason) == (LATER, CANCELLED)
    assert (listed.voided_at, listed.void_reason) == (LATER, f"所列合同{contract.reg_no}：{CANCELLED}")
    assert {row.status for row in income} == {IncomeStatus.VERIFIED, IncomeStatus.REFUSED, IncomeStatus.VOID}
    assert find_valid_certificate(session, contract.id) is None


def test_a_change_leaves_verifications_alone(session: Session, cast: Cast, contract: Contract) -> None:
    row = _income(session, contract, IncomeStatus.SUBMITTED)
    void_all(session, contract, reason=CHANGED, now=LATER)
    assert row.status is IncomeStatus.SUBMITTED


def _income(session: Session, contract: Contract, status: IncomeStatus) -> IncomeVerification:
    row = IncomeVerification(
        contract=contract,
        status=status,
        received_from=NOW.date(),
        received_to=NOW.date(),
        received_fen=100,
        deducted_fen=0,
        income_fen=100,
        submitted_at=NOW,
    )
    session.add(row)
    session.flush()
    return row


def test_a_code_finds_what_was_handed_out(session: Session, cast: Cast, contract: Contract) -> None:
    certificate = issue(session, cast.registrar, contract, now=NOW)
    listed = create_list(session, cast.registrar, contract_ids=[contract.id], now=NOW)
    assert get_by_code(session, certificate.code.lower().replace("-", " ")) is certificate
    assert get_by_code(session, listed.code) is listed
    for code in ("0000-0000-0000-0000-0000", "x"):
        with pytest.raises(NotFound):
            get_by_code(session, code)


def test_strangers_find_no_certificate(session: Session, cast: Cast, contract: Contract) -> None:
    certificate = issue(session, cast.registrar, contract, now=NOW)
    stranger = make_actor(session, OrganisationKind.ENTERPRISE)
    for ask in (
        lambda: get_certificate(session, stranger, certificate.id),
        lambda: list_certificates(session, stranger, contract.id),
        lambda: get_certificate(session, cast.seller, 10**9),
    ):
        with pytest.raises(NotFound):
            ask()
    for actor in (cast.seller, cast.buyer, cast.registrar, cast.bureau):
        assert get_certificate(session, actor, certificate.id) is certificate
