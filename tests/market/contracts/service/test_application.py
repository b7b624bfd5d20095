"""The seller's part of a registration, on both databases."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.rules import OrganisationKind, OrganisationStatus
from market.audit.models import AuditEvent
from market.contracts import queries, service
from market.contracts.rules import Action, Status
from market.errors import Conflict, NotFound, PermissionDenied, RuleViolation, StaleVersion
from market.matches.rules import Status as SuggestionStatus
from tests.factories import NOW, make_actor, make_organisation, make_uscc
from tests.market.contracts.factories import (
    Cast,
    attach_papers,
    contract_form,
    make_application,
    make_cast,
    make_contract,
    make_deal,
)


@pytest.fixture
def cast(session: Session) -> Cast:
    return make_cast(session)


def _apply(session: Session, cast: Cast, **values: Any) -> Any:
    return service.apply_for_registration(session, cast.seller, form=contract_form(cast, **values), now=NOW)


def _fault(error: pytest.ExceptionInfo[RuleViolation]) -> list[tuple[str, str]]:
    return [(field.pointer, field.code) for field in error.value.fields]


def test_a_draft_names_the_applicant_as_seller_and_knows_the_buyer(session: Session, cast: Cast) -> None:
    contract = _apply(session, cast)
    assert contract.status is Status.DRAFT
    assert contract.seller.organisation_id == cast.seller.organisation_id
    assert contract.seller.uscc == cast.seller_organisation.uscc
    assert contract.seller.nature_code == "0221"
    assert contract.buyer.organisation_id == cast.buyer.organisation_id
    assert contract.abroad is False
    [made] = queries.list_events(session, cast.seller, contract.id)
    assert (made.event.action, made.event.source, made.event.target) == (Action.CREATE, None, Status.DRAFT)
    audit = session.scalars(select(AuditEvent).where(AuditEvent.entity == "contract")).all()
    assert [(event.action, event.entity_id, event.actor_id) for event in audit] == [
        ("contract.create", contract.id, cast.seller.user_id)
    ]


def test_a_deal_fills_in_name_field_and_buyer(session: Session, cast: Cast) -> None:
    deal = make_deal(session, cast)
    form = contract_form(cast, suggestion_id=deal.id)
    for name in ("project_name", "tech_field", "buyer"):
        del form[name]
    contract = service.apply_for_registration(session, cast.seller, form=form, now=NOW)
    assert contract.suggestion_id == deal.id
    assert contract.project_name == deal.achievement.title
    assert contract.tech_field == "07"
    assert contract.buyer.organisation_id == cast.buyer.organisation_id
    assert contract.buyer.region_code == cast.buyer_organisation.region_code


def test_another_buyer_than_the_needs_owner_is_taken_as_given(session: Session, cast: Cast) -> None:
    deal = make_deal(session, cast)
    buyer = {"name": "需方的子公司", "uscc": make_uscc(), "nature_code": "170", "region_code": "320282"}
    contract = _apply(session, cast, suggestion_id=deal.id, buyer=buyer)
    assert (contract.buyer.name, contract.buyer.organisation_id) == ("需方的子公司", None)


@pytest.mark.parametrize("status", [SuggestionStatus.RECOMMENDED, SuggestionStatus.FAILED])
def test_talks_that_are_no_deal_give_no_contract(
    session: Session, cast: Cast, status: SuggestionStatus
) -> None:
    deal = make_deal(session, cast, status=status)
    with pytest.raises(RuleViolation) as error:
        _apply(session, cast, suggestion_id=deal.id)
    assert _fault(error) == [("/suggestion_id", "suggestion-not-agreed")]


def test_a_suggestion_one_may_not_know_is_not_found(session: Session, cast: Cast) -> None:
    deal = make_deal(session, make_cast(session))
    for suggestion_id in (deal.id, deal.id + 1000):
        with pytest.raises(RuleViolation) as error:
            _apply(session, cast, suggestion_id=suggestion_id)
        assert _fault(error) == [("/suggestion_id", "suggestion-not-found")]


def test_the_needs_side_does_not_apply(session: Session, cast: Cast) -> None:
    deal = make_deal(session, cast)
    with pytest.raises(PermissionDenied) as error:
        service.apply_for_registration(
            session, cast.buyer, form=contract_form(cast, suggestion_id=deal.id), now=NOW
        )
    assert error.value.code == "not-the-applicant"


@pytest.mark.parametrize("kind", [OrganisationKind.AGENCY, OrganisationKind.STATION, OrganisationKind.BUREAU])
def test_only_those_who_sell_technology_apply(session: Session, cast: Cast, kind: OrganisationKind) -> None:
    with pytest.raises(PermissionDenied) as error:
        service.apply_for_registration(session, make_actor(session, kind), form=contract_form(cast), now=NOW)
    assert error.value.code == "role-not-allowed"


def test_an_unverified_organisation_does_not_apply(session: Session, cast: Cast) -> None:
    actor = make_actor(session, status=OrganisationStatus.PENDING)
    with pytest.raises(PermissionDenied) as error:
        service.apply_for_registration(session, actor, form=contract_form(cast), now=NOW)
    assert error.value.code == "organisation-not-verified"


def test_a_buyer_nobody_has_verified_is_not_linked(session: Session, cast: Cast) -> None:
    claimed = make_organisation(session, status=OrganisationStatus.PENDING)
    buyer = {"name": "乙公司", "uscc": claimed.uscc, "nature_code": "150", "region_code": "320281"}
    assert _apply(session, cast, buyer=buyer).buyer.organisation_id is None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"project_name": None}, ("/project_name", "field-missing")),
        ({"buyer": None}, ("/buyer", "field-missing")),
        ({"buyer": {"name": "乙", "region_code": "320281"}}, ("/buyer/nature_code", "field-missing")),
        ({"seller": {"name": "另一大学"}}, ("/seller/name", "party-not-applicant")),
        ({"seller": {"uscc": make_uscc()}}, ("/seller/uscc", "party-not-applicant")),
        ({"seller": {"region_code": "999999"}}, ("/seller/region_code", "unknown-code")),
        ({"seller": {"park_code": "nowhere"}}, ("/seller/park_code", "unknown-code")),
        ({"tech_field": "99"}, ("/tech_field", "unknown-code")),
        ({"subtype_code": "FW1"}, ("/subtype_code", "subtype-mismatch")),
        ({"tech_amount_fen": 100_000_001}, ("/tech_amount_fen", "bad-amount")),
        ({"signed_on": date(2025, 6, 11)}, ("/signed_on", "signed-in-future")),
    ],
)
def test_a_form_that_breaks_a_rule_is_refused(
    session: Session, cast: Cast, values: dict[str, Any], expected: tuple[str, str]
) -> None:
    with pytest.raises(RuleViolation) as error:
        _apply(session, cast, **values)
    assert _fault(error) == [expected]


def test_a_station_must_be_one_at_work(session: Session, cast: Cast) -> None:
    closed = make_organisation(session, OrganisationKind.STATION, status=OrganisationStatus.SUSPENDED)
    for station in (closed, cast.buyer_organisation):
        with pytest.raises(RuleViolation) as error:
            _apply(session, cast, station_id=station.id)
        assert _fault(error) == [("/station_id", "station-unknown")]


def test_a_licence_that_does_not_say_which_is_ordinary(session: Session, cast: Cast) -> None:
    contract = _apply(session, cast, type_code="XK", subtype_code="XK1")
    assert contract.licence_kind == "ordinary"


def test_a_foreign_party_makes_the_contract_foreign(session: Session, cast: Cast) -> None:
    buyer = {"name": "Muster GmbH", "nature_code": "930", "country_code": "276"}
    contract = _apply(session, cast, buyer=buyer)
    assert contract.abroad is True
    assert contract.buyer.region_code is None


def test_editing_only_a_party_makes_a_new_version(session: Session, cast: Cast) -> None:
    contract = _apply(session, cast)
    before = contract.version
    changes = {"buyer": {"region_code": "320282"}}
    service.edit_contract(session, cast.seller, contract.id, changes=changes, version=before, now=NOW)
    assert contract.version > before
    assert contract.buyer.region_code == "320282"
    assert contract.buyer.organisation_id == cast.buyer.organisation_id
    assert contract.project_name.startswith("膜法水处理工艺开发")


def test_editing_needs_the_version_seen(session: Session, cast: Cast) -> None:
    contract = _apply(session, cast)
    with pytest.raises(StaleVersion):
        service.edit_contract(session, cast.seller, contract.id, changes={}, version=99, now=NOW)


def test_a_required_field_cannot_be_emptied(session: Session, cast: Cast) -> None:
    contract = _apply(session, cast)
    with pytest.raises(RuleViolation) as error:
        service.edit_contract(
            session, cast.seller, contract.id, changes={"ip_kind": None}, version=contract.version, now=NOW
        )
    assert _fault(error) == [("/ip_kind", "field-missing")]


def test_what_is_handed_in_cannot_be_edited(session: Session, cast: Cast) -> None:
    contract = make_application(session, cast, status=Status.SUBMITTED)
    with pytest.raises(Conflict) as error:
        service.edit_contract(
            session, cast.seller, contract.id, changes={}, version=contract.version, now=NOW
        )
    assert error.value.code == "illegal-transition"
    assert error.value.detail == "该合同现为“已提交”，不能修改。"


def test_the_buyer_reads_but_does_not_edit(session: Session, cast: Cast) -> None:
    contract = _apply(session, cast)
    with pytest.raises(PermissionDenied):
        service.edit_contract(session, cast.buyer, contract.id, changes={}, version=1, now=NOW)
    with pytest.raises(NotFound):
        service.edit_contract(session, make_actor(session), contract.id, changes={}, version=1, now=NOW)


def test_submission_gives_a_number_and_keeps_the_form(session: Session, cast: Cast) -> None:
    contract = make_application(session, cast, status=Status.SUBMITTED)
    assert contract.submitted_on == date(2025, 6, 10)
    assert contract.acceptance_no == f"SL2025{contract.id:08d}"
    event = queries.find_last_event(session, contract.id, Action.SUBMIT)
    assert event is not None
    assert event.snapshot is not None
    assert event.snapshot["signed_on"] == "2025-05-20"
    assert event.snapshot["buyer"]["uscc"] == cast.buyer_organisation.uscc


def test_the_acceptance_number_stays_on_the_second_submission(session: Session, cast: Cast) -> None:
    contract = make_application(session, cast, status=Status.SUBMITTED)
    number = contract.acceptance_no
    service.return_contract(session, cast.registrar, contract.id, note="请补充附件。", now=NOW)
    service.submit_contract(session, cast.seller, contract.id, now=NOW)
    assert contract.acceptance_no == number


def test_a_renamed_seller_hands_in_under_its_present_name(session: Session, cast: Cast) -> None:
    contract = _apply(session, cast)
    organisation = session.get_one(Organisation, cast.seller.organisation_id)
    organisation.name = "更名后的大学"
    attach_papers(session, contract)
    service.submit_contract(session, cast.seller, contract.id, now=NOW)
    assert contract.seller.name == "更名后的大学"
    assert contract.seller.organisation_id == organisation.id


def test_a_registered_contract_is_not_handed_in_again(session: Session, cast: Cast) -> None:
    done = make_contract(session, seller=cast.seller_organisation, buyer=cast.buyer_organisation)
    again = _apply(session, cast, project_name=done.project_name)
    with pytest.raises(RuleViolation) as error:
        service.submit_contract(session, cast.seller, again.id, now=NOW)
    assert _fault(error) == [("/project_name", "duplicate-registration")]
    assert done.reg_no is not None
    assert done.reg_no in error.value.detail


@pytest.mark.parametrize("status", [Status.DRAFT, Status.SUBMITTED])
def test_the_seller_withdraws_what_is_not_accepted(session: Session, cast: Cast, status: Status) -> None:
    contract = make_application(session, cast, status=status)
    service.withdraw_contract(session, cast.seller, contract.id, now=NOW)
    assert contract.status is Status.WITHDRAWN


def test_what_is_in_review_cannot_be_withdrawn(session: Session, cast: Cast) -> None:
    contract = make_application(session, cast, status=Status.IN_REVIEW)
    with pytest.raises(Conflict) as error:
        service.withdraw_contract(session, cast.seller, contract.id, now=NOW)
    assert error.value.detail == "该合同现为“认定审核中”，不能撤回。"
