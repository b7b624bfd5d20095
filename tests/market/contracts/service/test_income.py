"""Verification of technical income, from the applicant's word to the station's number."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from market.accounts.rules import Actor, OrganisationKind
from market.contracts.models import Contract, IncomeVerification, StationDuty
from market.contracts.queries.income import (
    IncomeSum,
    get_income_verification,
    get_printable,
    list_income_verifications,
    sum_income,
)
from market.contracts.rules import Duty, IncomeStatus, Status
from market.contracts.rules.income import Receipt
from market.contracts.service.income import decide_income, resubmit_income, submit_income
from market.contracts.service.papers import Belonging, add_paper
from market.db import Database, PageRequest
from market.errors import Conflict, NotFound, PermissionDenied, RuleViolation
from market.storage import StoredFile
from tests.factories import NOW, make_actor
from tests.market.contracts.factories import Cast, make_cast, make_contract

RECEIPT = Receipt(date(2025, 1, 1), date(2025, 3, 31), 50_000_000, 10_000_000, bonus_fen=20_000_000)
SECOND = replace(RECEIPT, received_from=date(2025, 4, 1), received_to=date(2025, 6, 10))
FILE = StoredFile("cd" * 32, "回单.pdf", "application/pdf", 10, scanned=True)


@pytest.fixture
def cast(session: Session) -> Cast:
    return make_cast(session)


@pytest.fixture
def contract(session: Session, cast: Cast) -> Contract:
    """A registered contract of 100万元, 80万元 of it technical."""
    return make_contract(
        session, station=cast.station, seller=cast.seller_organisation, buyer=cast.buyer_organisation
    )


def submit(
    session: Session, cast: Cast, contract: Contract, receipt: Receipt = RECEIPT
) -> IncomeVerification:
    """Ask for a verification, with the proof."""
    row = submit_income(session, cast.seller, contract.id, receipt=receipt, note=None, now=NOW)
    add_paper(
        session,
        cast.seller,
        contract.id,
        kind="receipt",
        file=FILE,
        belonging=Belonging(income_verification_id=row.id),
        now=NOW,
    )
    return row


def decide(
    session: Session,
    actor: Actor,
    row: IncomeVerification,
    answer: IncomeStatus = IncomeStatus.VERIFIED,
    note: str | None = None,
) -> IncomeVerification:
    return decide_income(session, actor, row.id, answer=answer, note=note, now=NOW)


def test_income_is_verified_under_a_number(session: Session, cast: Cast, contract: Contract) -> None:
    row = decide(session, cast.registrar, submit(session, cast, contract))
    assert (row.status, row.income_fen) == (IncomeStatus.VERIFIED, 40_000_000)
    assert row.number == f"HD2025-320281-{cast.station.id}-0001"
    assert (row.decided_by, row.decided_at) == (cast.registrar.user_id, NOW)
    again = decide(session, cast.second, submit(session, cast, contract, SECOND))
    assert again.number == f"HD2025-320281-{cast.station.id}-0002"


def test_what_is_verified_is_not_verified_again(session: Session, cast: Cast, contract: Contract) -> None:
    twins = [submit(session, cast, contract) for _ in range(2)]
    decide(session, cast.registrar, twins[0])
    with pytest.raises(RuleViolation) as caught:
        decide(session, cast.registrar, twins[1])
    assert caught.value.code == "period-overlaps"
    with pytest.raises(RuleViolation):
        submit(session, cast, contract)
    assert twins[1].status is IncomeStatus.SUBMITTED
    assert twins[1].number is None


def test_income_stays_within_the_contract(session: Session, cast: Cast, contract: Contract) -> None:
    decide(session, cast.registrar, submit(session, cast, contract))
    with pytest.raises(RuleViolation) as caught:
        submit(session, cast, contract, replace(SECOND, deducted_fen=9_999_999))
    assert caught.value.code == "income-exceeds-contract"
    contract.amount_is_estimate = True
    with pytest.raises(RuleViolation) as caught:
        submit(session, cast, contract, replace(SECOND, deducted_fen=9_999_999))
    assert caught.value.code == "settlement-needed"


def test_without_proof_nothing_is_verified(session: Session, cast: Cast, contract: Contract) -> None:
    row = submit_income(session, cast.seller, contract.id, receipt=RECEIPT, note=None, now=NOW)
    with pytest.raises(RuleViolation) as caught:
        decide(session, cast.registrar, row)
    assert caught.value.code == "papers-missing"


def test_returned_corrected_and_handed_in_again(session: Session, cast: Cast, contract: Contract) -> None:
    row = submit(session, cast, contract)
    decide(session, cast.registrar, row, IncomeStatus.RETURNED, "请附发票")
    assert (row.status, row.decision_note) == (IncomeStatus.RETURNED, "请附发票")
    resubmit_income(session, cast.seller, row.id, receipt=SECOND, note="已附", now=NOW)
    assert (row.status, row.received_from, row.note) == (IncomeStatus.SUBMITTED, SECOND.received_from, "已附")
    assert decide(session, cast.registrar, row).number is not None
    with pytest.raises(Conflict) as caught:
        resubmit_income(session, cast.seller, row.id, receipt=SECOND, note=None, now=NOW)
    assert caught.value.code == "income-not-returned"


@pytest.mark.parametrize("answer", [IncomeStatus.RETURNED, IncomeStatus.REFUSED])
def test_to_say_no_needs_words(
    session: Session, cast: Cast, contract: Contract, answer: IncomeStatus
) -> None:
    row = submit(session, cast, contract)
    with pytest.raises(RuleViolation) as caught:
        decide(session, cast.registrar, row, answer, "  ")
    assert caught.value.code == "note-missing"
    assert decide(session, cast.registrar, row, answer, "与合同无关").status is answer
    if answer is IncomeStatus.REFUSED:
        with pytest.raises(Conflict) as conflict:
            decide(session, cast.registrar, row)
        assert conflict.value.code == "income-already-decided"


def test_only_a_registered_contract_has_income(session: Session, cast: Cast, contract: Contract) -> None:
    row = submit(session, cast, contract)
    contract.status = Status.CHANGE_PENDING
    for deed in (
        lambda: decide(session, cast.registrar, row),
        lambda: submit_income(session, cast.seller, contract.id, receipt=SECOND, note=None, now=NOW),
    ):
        with pytest.raises(Conflict) as caught:
            deed()
        assert caught.value.code == "contract-not-registered"


def test_who_asks_and_who_decides(session: Session, cast: Cast, contract: Contract) -> None:
    with pytest.raises(PermissionDenied):
        submit_income(session, cast.buyer, contract.id, receipt=RECEIPT, note=None, now=NOW)
    row = submit(session, cast, contract)
    for actor in (cast.seller, cast.bureau):
        with pytest.raises(PermissionDenied) as caught:
            decide(session, actor, row)
        assert caught.value.code == "not-the-station"
    session.execute(
        delete(StationDuty).where(
            StationDuty.user_id == cast.registrar.user_id, StationDuty.duty == Duty.APPROVE
        )
    )
    with pytest.raises(PermissionDenied) as caught:
        decide(session, cast.registrar, row)
    assert caught.value.code == "duty-missing"


def test_who_sees_a_verification(session: Session, cast: Cast, contract: Contract) -> None:
    row = submit(session, cast, contract)
    for actor in (cast.seller, cast.registrar, cast.bureau):
        assert get_income_verification(session, actor, row.id) is row
    for actor in (cast.buyer, make_actor(session, OrganisationKind.STATION)):
        with pytest.raises(NotFound):
            get_income_verification(session, actor, row.id)


def test_the_list_is_filtered(session: Session, cast: Cast, contract: Contract) -> None:
    first, second = submit(session, cast, contract), submit(session, cast, contract, SECOND)
    decide(session, cast.registrar, first)

    def found(**filters: object) -> list[IncomeVerification]:
        page = PageRequest()
        return list(list_income_verifications(session, cast.bureau, page=page, **filters).items)  # type: ignore[arg-type]

    assert found() == [second, first]
    assert found(status=IncomeStatus.VERIFIED) == [first]
    assert found(contract_id=contract.id, received_from=date(2025, 4, 1)) == [second]
    assert found(received_to=date(2025, 3, 31)) == [first]
    assert found(contract_id=10**9) == []


def test_sums_count_what_is_verified_by_quarter(session: Session, cast: Cast, contract: Contract) -> None:
    decide(session, cast.registrar, submit(session, cast, contract))
    submit(session, cast, contract, SECOND)
    quarter = IncomeSum(2025, 1, 1, 50_000_000, 10_000_000, 40_000_000, 20_000_000)
    for actor in (cast.bureau, cast.registrar):
        assert sum_income(session, actor) == [quarter]
    decide(
        session,
        cast.registrar,
        submit(session, cast, contract, replace(SECOND, received_from=date(2025, 6, 1), bonus_fen=None)),
    )
    assert sum_income(session, cast.bureau) == [
        quarter,
        IncomeSum(2025, 2, 1, 50_000_000, 10_000_000, 40_000_000, 0),
    ]
    assert sum_income(session, cast.bureau, received_to=date(2025, 3, 31)) == [quarter]
    elsewhere = make_actor(session, OrganisationKind.BUREAU, region_code="340800")
    assert sum_income(session, elsewhere) == []
    with pytest.raises(PermissionDenied):
        sum_income(session, cast.seller)


def test_only_what_is_verified_is_printed(session: Session, cast: Cast, contract: Contract) -> None:
    row = submit(session, cast, contract)
    with pytest.raises(Conflict) as caught:
        get_printable(session, cast.seller, row.id)
    assert caught.value.code == "income-not-verified"
    decide(session, cast.registrar, row)
    assert get_printable(session, cast.seller, row.id)[0] is row


def test_two_deciders_at_once_verify_one_of_two_twins(own_database: Database) -> None:
    with own_database.transaction() as session:
        cast = make_cast(session)
        contract = make_contract(
            session, station=cast.station, seller=cast.seller_organisation, buyer=cast.buyer_organisation
        )
        ids = [submit(session, cast, contract).id for _ in range(2)]

    def work(deed: tuple[Actor, int]) -> str:
        actor, verification_id = deed
        try:
            with own_database.transaction() as session:
                row = decide_income(
                    session, actor, verification_id, answer=IncomeStatus.VERIFIED, note=None, now=NOW
                )
                return str(row.number)[-4:]
        except RuleViolation as error:
            return error.code

    with ThreadPoolExecutor(2) as pool:
        results = sorted(pool.map(work, zip((cast.registrar, cast.second), ids, strict=True)))
    assert results == ["0001", "period-overlaps"]
