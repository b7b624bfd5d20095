"""Registration, its numbers, and registrations from elsewhere, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, OrganisationStatus
from market.contracts import queries, service
from market.contracts.ledger import NoLedger
from market.contracts.models import Certificate, Contract, RegistrationRules
from market.contracts.queries.certificates import find_valid_certificate
from market.contracts.rules import Action, Duty, Status
from market.contracts.service.certificates import issue
from market.contracts.service.registration import flush_registered
from market.db import Database
from market.errors import Conflict, MarketError, PermissionDenied, RuleViolation
from market.listings.models import Need
from market.listings.rules import Status as ListingStatus
from market.matches.rules import Status as SuggestionStatus
from tests.factories import NOW
from tests.market.contracts.factories import (
    LARGE_FEN,
    QUESTIONS,
    Cast,
    contract_form,
    make_application,
    make_cast,
    make_contract,
    make_deal,
    make_registrar,
    make_station,
    make_territory,
    revoke,
)
from tests.market.contracts.racing import at_once

LARGE = {"total_amount_fen": LARGE_FEN, "tech_amount_fen": LARGE_FEN}


@pytest.fixture
def cast(session: Session) -> Cast:
    return make_cast(session)


def _register(session: Session, cast: Cast, contract: Contract) -> Contract:
    return service.approve_contract(session, cast.registrar, contract.id, ledger=cast.ledger, now=NOW)


def test_registration_gives_number_day_and_one_line(session: Session, cast: Cast) -> None:
    contract = make_application(session, cast, status=Status.IN_REVIEW)
    _register(session, cast, contract)
    assert contract.status is Status.REGISTERED
    assert contract.reg_no == "2025320281000001"
    assert contract.registered_on == date(2025, 6, 10)
    assert cast.ledger.lines == [("registration", contract.id, Status.REGISTERED)]
    event = queries.find_last_event(session, contract.id, Action.REGISTER)
    assert event is not None
    assert event.snapshot is not None
    assert event.snapshot["total_amount_fen"] == 100_000_000


def test_serials_follow_one_another_within_area_and_year(session: Session, cast: Cast) -> None:
    first = make_application(session, cast, status=Status.REGISTERED)
    second = make_application(session, cast, status=Status.REGISTERED)
    elsewhere = make_cast(session)
    elsewhere.station.region_code = "320282"
    make_territory(session, elsewhere.station, "320200")
    other = make_application(session, elsewhere, status=Status.REGISTERED)
    assert [first.reg_no, second.reg_no] == ["2025320281000001", "2025320281000002"]
    assert other.reg_no == "2025320282000001"


def test_numbers_from_elsewhere_are_stepped_over(session: Session, cast: Cast) -> None:
    make_contract(session, reg_no="2025320281000001")
    make_contract(session, reg_no="2025320281000002")
    contract = make_application(session, cast, status=Status.REGISTERED)
    assert contract.reg_no == "2025320281000003"


def test_a_cancelled_contracts_number_is_not_used_again(session: Session, cast: Cast) -> None:
    gone = make_application(session, cast, status=Status.REGISTERED)
    revoke(session, cast, gone)
    again = make_application(session, cast, status=Status.REGISTERED, project_name=gone.project_name)
    assert gone.reg_no == "2025320281000001"
    assert again.reg_no == "2025320281000002"


def test_a_large_contract_is_registered_by_a_second_person(session: Session, cast: Cast) -> None:
    contract = make_application(session, cast, status=Status.IN_REVIEW, **LARGE)
    service.approve_contract(session, cast.registrar, contract.id, ledger=cast.ledger, now=NOW)
    assert contract.status is Status.LARGE_REVIEW
    assert cast.ledger.lines == []
    with pytest.raises(PermissionDenied) as same_person:
        service.approve_contract(session, cast.registrar, contract.id, ledger=cast.ledger, now=NOW)
    assert same_person.value.code == "second-person-needed"
    service.approve_contract(session, cast.second, contract.id, ledger=cast.ledger, now=NOW)
    assert contract.status is Status.REGISTERED
    assert cast.ledger.lines == [("registration", contract.id, Status.REGISTERED)]


def test_who_may_not_approve_large_contracts_passes_them_on(session: Session, cast: Cast) -> None:
    contract = make_application(session, cast, status=Status.LARGE_REVIEW, **LARGE)
    third = make_registrar(session, cast.station, duties=[Duty.EXAMINE, Duty.APPROVE])
    with pytest.raises(PermissionDenied) as error:
        service.approve_contract(session, third, contract.id, ledger=cast.ledger, now=NOW)
    assert error.value.code == "duty-missing"
    assert "大额审批员" in error.value.detail
    assert contract.status is Status.LARGE_REVIEW


def test_the_rules_may_want_another_person_than_the_examiner(session: Session, cast: Cast) -> None:
    session.get_one(RegistrationRules, "2021").approver_differs = True
    contract = make_application(session, cast, status=Status.IN_REVIEW)
    with pytest.raises(PermissionDenied) as error:
        _register(session, cast, contract)
    assert error.value.code == "second-person-needed"
    service.approve_contract(session, cast.second, contract.id, ledger=cast.ledger, now=NOW)
    assert contract.status is Status.REGISTERED


def test_registration_issues_the_certificate(session: Session, cast: Cast) -> None:
    contract = make_application(session, cast, status=Status.REGISTERED)
    [certificate] = session.scalars(select(Certificate).where(Certificate.contract_id == contract.id))
    assert certificate.content["reg_no"] == contract.reg_no
    revoke(session, cast, contract)
    assert certificate.voided_at is not None


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"buyer": {"name": "Muster GmbH", "nature_code": "930", "country_code": "276"}, "subtype_code": None},
    ],
)
def test_the_first_certificate_prints_what_any_other_prints(
    session: Session, cast: Cast, values: dict[str, Any]
) -> None:
    """Its names are read before the number is drawn, by another statement than those of later ones."""
    contract = make_application(session, cast, status=Status.REGISTERED, **values)
    first = find_valid_certificate(session, contract.id)
    assert first is not None
    later = issue(session, cast.registrar, contract, now=NOW)
    own = {"number", "code"}
    assert first.content["type_name"] == "技术开发"
    assert {**first.content, **dict.fromkeys(own)} == {**later.content, **dict.fromkeys(own)}
    assert (first.number, later.number) == (f"{contract.reg_no}-01", f"{contract.reg_no}-02")


def test_after_a_return_both_persons_review_anew(session: Session, cast: Cast) -> None:
    contract = make_application(session, cast, status=Status.LARGE_REVIEW, **LARGE)
    service.return_contract(session, cast.second, contract.id, note="金额不清。", now=NOW)
    service.submit_contract(session, cast.seller, contract.id, now=NOW)
    service.accept_contract(session, cast.registrar, contract.id, now=NOW)
    service.examine_contract(session, cast.registrar, contract.id, finding="金额已说明。", now=NOW)
    service.approve_contract(session, cast.second, contract.id, ledger=cast.ledger, now=NOW)
    assert contract.status is Status.LARGE_REVIEW
    service.approve_contract(session, cast.registrar, contract.id, ledger=cast.ledger, now=NOW)
    assert contract.status is Status.REGISTERED


@pytest.mark.parametrize("status", [Status.DRAFT, Status.SUBMITTED, Status.ACCEPTED, Status.REGISTERED])
def test_nothing_is_registered_without_review(session: Session, cast: Cast, status: Status) -> None:
    contract = make_application(session, cast, status=status)
    cast.ledger.lines.clear()
    with pytest.raises(MarketError):
        service.approve_contract(session, cast.registrar, contract.id, ledger=cast.ledger, now=NOW)
    assert contract.status is status
    assert cast.ledger.lines == []


def test_registration_closes_the_thread_to_the_need(session: Session, cast: Cast) -> None:
    deal = make_deal(session, cast)
    contract = make_application(session, cast, status=Status.REGISTERED, suggestion_id=deal.id)
    assert contract.suggestion_id == deal.id
    assert deal.status is SuggestionStatus.CONTRACTED
    assert session.get_one(Need, deal.need_id).status is ListingStatus.CONTRACTED
    # A second contract from the same deal, e.g. the technical service that goes with it.
    second = make_application(
        session, cast, status=Status.REGISTERED, suggestion_id=deal.id, project_name="配套技术服务"
    )
    assert second.status is Status.REGISTERED


def test_talks_written_off_meanwhile_do_not_stop_the_station(session: Session, cast: Cast) -> None:
    deal = make_deal(session, cast)
    contract = make_application(session, cast, status=Status.IN_REVIEW, suggestion_id=deal.id)
    deal.status = SuggestionStatus.FAILED
    _register(session, cast, contract)
    assert (contract.status, deal.status) == (Status.REGISTERED, SuggestionStatus.FAILED)


def test_one_contract_is_registered_once(session: Session, cast: Cast) -> None:
    one = make_application(session, cast, status=Status.IN_REVIEW)
    other = make_application(session, cast, status=Status.IN_REVIEW, project_name=one.project_name)
    _register(session, cast, one)
    with pytest.raises(RuleViolation) as error:
        _register(session, cast, other)
    assert error.value.code == "duplicate-registration"
    assert f"登记编号{one.reg_no}" in error.value.detail
    assert len(cast.ledger.lines) == 1


def test_a_revoked_contract_may_be_registered_again(session: Session, cast: Cast) -> None:
    one = make_application(session, cast, status=Status.REGISTERED)
    revoke(session, cast, one)
    again = make_application(session, cast, status=Status.REGISTERED, project_name=one.project_name)
    assert again.reg_no != one.reg_no


# Registrations from elsewhere


def _history(cast: Cast, **values: Any) -> dict[str, Any]:
    seller = {
        "name": cast.seller_organisation.name,
        "uscc": cast.seller_organisation.uscc,
        "nature_code": "0221",
        "region_code": "320281",
    }
    return contract_form(cast, **{"seller": seller, "signed_on": date(2022, 3, 1), **values})


def _enter(session: Session, cast: Cast, **values: Any) -> Contract:
    form = values.pop("form", None) or _history(cast)
    return service.enter_registered_contract(
        session,
        values.pop("actor", OPERATOR),
        form=form,
        **{
            "registered_on": date(2022, 4, 1),
            "reg_no": "2022320281000077",
            "external_id": "A-77",
            "ledger": cast.ledger,
            "now": NOW,
            **values,
        },
    )


def test_an_old_registration_counts_from_its_own_day(session: Session, cast: Cast) -> None:
    contract = _enter(session, cast)
    assert contract.status is Status.REGISTERED
    assert (contract.registered_on, contract.rule_version) == (date(2022, 4, 1), "2021")
    assert contract.seller.organisation_id == cast.seller_organisation.id
    assert cast.ledger.lines == [("registration", contract.id, Status.REGISTERED)]
    [only] = queries.list_events(session, cast.seller, contract.id)
    assert (only.event.action, only.event.source) == (Action.REGISTER, None)


def test_history_may_name_a_station_that_was_closed(session: Session, cast: Cast) -> None:
    closed = make_station(session, status=OrganisationStatus.SUSPENDED)
    assert _enter(session, cast, form=_history(cast, station_id=closed.id)).station_id == closed.id


def test_a_registrar_enters_history_of_the_own_station_only(session: Session, cast: Cast) -> None:
    with pytest.raises(PermissionDenied):
        _enter(session, cast, actor=make_registrar(session, make_station(session)))
    with pytest.raises(PermissionDenied):
        _enter(session, cast, actor=cast.seller)
    assert _enter(session, cast, actor=cast.registrar).created_by == cast.registrar.user_id


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"reg_no": "123"}, "/reg_no"),
        ({"registered_on": date(2025, 6, 11)}, "/registered_on"),
        ({"registered_on": date(2022, 2, 28)}, "/signed_on"),
    ],
)
def test_history_obeys_the_rules_of_its_day(
    session: Session, cast: Cast, values: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(RuleViolation) as error:
        _enter(session, cast, **values)
    assert error.value.fields[0].pointer == pointer


def test_history_before_2021_has_no_licences(session: Session, cast: Cast) -> None:
    form = _history(cast, type_code="XK", subtype_code=None, signed_on=date(2020, 1, 2))
    with pytest.raises(RuleViolation) as error:
        _enter(session, cast, form=form, registered_on=date(2020, 2, 1))
    assert error.value.code == "type-not-in-rules"


def test_history_is_entered_once(session: Session, cast: Cast) -> None:
    form = _history(cast)
    _enter(session, cast, form=form)
    other = _history(cast)
    with pytest.raises(Conflict) as external:
        _enter(session, cast, form=other, reg_no="20223202810078")
    with pytest.raises(Conflict) as number:
        _enter(session, cast, form=other, external_id="A-78")
    with pytest.raises(RuleViolation) as same:
        _enter(session, cast, form=form, reg_no="20223202810078", external_id=None)
    assert (external.value.code, number.value.code) == ("external-id-taken", "reg-no-taken")
    assert same.value.code == "duplicate-registration"


# Two registrars at once


def _registering(database: Database, cast: Cast, contract_id: int) -> Callable[[], Any]:
    def work() -> Any:
        with database.transaction() as session:
            return service.approve_contract(
                session, cast.registrar, contract_id, ledger=NoLedger(), now=NOW
            ).reg_no

    return work


def test_registrations_at_the_same_moment_get_different_numbers(own_database: Database) -> None:
    with own_database.transaction() as session:
        cast = make_cast(session)
        ids = [make_application(session, cast, status=Status.IN_REVIEW).id for _ in range(4)]
    numbers = at_once(*(_registering(own_database, cast, contract_id) for contract_id in ids))
    assert sorted(numbers) == [f"2025320281{serial:06d}" for serial in (1, 2, 3, 4)]


def test_one_contract_approved_twice_at_the_same_moment_is_registered_once(own_database: Database) -> None:
    with own_database.transaction() as session:
        cast = make_cast(session)
        contract_id = make_application(session, cast, status=Status.IN_REVIEW).id
    work = _registering(own_database, cast, contract_id)
    results = at_once(work, work)
    [number] = [result for result in results if isinstance(result, str)]
    [error] = [result for result in results if not isinstance(result, str)]
    assert number == "2025320281000001"
    assert isinstance(error, Conflict)
    assert error.code == "illegal-transition"


def test_the_database_itself_refuses_one_contract_at_two_stations(own_database: Database) -> None:
    """Two stations register the same contract at once; locks of rows and serials do not meet."""
    with own_database.transaction() as session:
        cast = make_cast(session)
        first = make_application(session, cast, status=Status.IN_REVIEW)
        station = make_station(session, region_code="320282")
        make_territory(session, station, "320281")
        second = make_application(
            session, cast, status=Status.DRAFT, project_name=first.project_name, station_id=station.id
        )
        registrar = make_registrar(session, station)
        service.submit_contract(session, cast.seller, second.id, confirmed=QUESTIONS, now=NOW)
        service.accept_contract(session, registrar, second.id, now=NOW)
        service.examine_contract(session, registrar, second.id, finding="属实。", now=NOW)
        ids = {cast.registrar: first.id, registrar: second.id}

    def work(actor: Any, contract_id: int) -> Callable[[], Any]:
        def register() -> Any:
            with own_database.transaction() as session:
                return service.approve_contract(
                    session, actor, contract_id, ledger=NoLedger(), now=NOW
                ).reg_no

        return register

    results = at_once(*(work(actor, contract_id) for actor, contract_id in ids.items()))
    assert sum(isinstance(result, str) for result in results) == 1
    [error] = [result for result in results if not isinstance(result, str)]
    assert isinstance(error, RuleViolation)
    assert error.code == "duplicate-registration"
    with own_database.reading() as session:
        assert len(session.scalars(select(Contract).where(Contract.reg_no.is_not(None))).all()) == 1


def test_a_race_lost_after_the_look_is_told_as_a_duplicate(session: Session, cast: Cast) -> None:
    """What the unique column says when the other registration commits between look and write."""
    done = make_application(session, cast, status=Status.REGISTERED)
    late = make_contract(session, station=cast.station)
    savepoint = session.begin_nested()
    late.live_identity = done.live_identity
    with pytest.raises(RuleViolation) as error:
        flush_registered(session)
    savepoint.rollback()
    assert error.value.code == "duplicate-registration"


def test_a_number_taken_after_the_look_is_told_as_a_conflict(session: Session, cast: Cast) -> None:
    done = make_application(session, cast, status=Status.REGISTERED)
    late = make_contract(session, station=cast.station)
    savepoint = session.begin_nested()
    late.reg_no = done.reg_no
    with pytest.raises(Conflict) as error:
        flush_registered(session)
    savepoint.rollback()
    assert error.value.code == "reg-no-taken"
