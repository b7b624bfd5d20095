"""Who applies, what a new application must say, and what it is asked; on both databases."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.contracts import queries, service
from market.contracts.models import Contract, ContractDocument
from market.contracts.rules import Side, Status
from market.db import PageRequest
from market.errors import PermissionDenied, RuleViolation
from tests.factories import NOW, make_actor, make_organisation, make_user
from tests.market.contracts.factories import (
    Cast,
    attach_papers,
    contract_form,
    decide,
    make_application,
    make_cast,
    make_contract,
    make_deal,
)

PAGE = PageRequest(limit=50)
ABROAD = {"name": "Muster GmbH", "nature_code": "930", "country_code": "276"}


@pytest.fixture
def cast(session: Session) -> Cast:
    return make_cast(session)


def _apply(session: Session, actor: Actor, form: dict[str, Any]) -> Contract:
    return service.apply_for_registration(session, actor, form=form, now=NOW)


def _import_form(cast: Cast, **values: Any) -> dict[str, Any]:
    return contract_form(cast, **{"seller": ABROAD, "buyer": {"nature_code": "150"}, **values})


def _fault(error: pytest.ExceptionInfo[RuleViolation]) -> list[tuple[str, str]]:
    return [(field.pointer, field.code) for field in error.value.fields]


# Technology from abroad


def test_the_buyer_applies_where_the_seller_is_abroad(session: Session, cast: Cast) -> None:
    contract = _apply(session, cast.buyer, _import_form(cast))
    assert (contract.applicant, contract.abroad) == (Side.BUYER, True)
    assert contract.buyer.organisation_id == cast.buyer.organisation_id
    assert contract.buyer.name == cast.buyer_organisation.name
    assert contract.seller.organisation_id is None
    attach_papers(session, contract)
    service.submit_contract(session, cast.buyer, contract.id, now=NOW)
    service.accept_contract(session, cast.registrar, contract.id, now=NOW)
    service.examine_contract(session, cast.registrar, contract.id, finding="技术进口。", now=NOW)
    service.approve_contract(session, cast.registrar, contract.id, ledger=cast.ledger, now=NOW)
    request = service.request_cancellation(session, cast.buyer, contract.id, reason="解除。", now=NOW)
    decide(session, cast, request)
    assert contract.status is Status.CANCELLED
    mine = queries.list_contracts(session, cast.buyer, page=PAGE, mine=True)
    assert [item.contract.id for item in mine.items] == [contract.id]


def test_a_seller_at_home_applies_itself_and_the_buyer_only_reads(session: Session, cast: Cast) -> None:
    contract = make_application(session, cast, status=Status.DRAFT)
    assert contract.applicant is Side.SELLER
    with pytest.raises(PermissionDenied) as error:
        service.submit_contract(session, cast.buyer, contract.id, now=NOW)
    assert (error.value.code, error.value.detail) == (
        "not-the-applicant",
        "只有申请单位（卖方）的成员可以进行此项操作。",
    )


def test_who_applies_does_not_change_with_the_form(session: Session, cast: Cast) -> None:
    contract = _apply(session, cast.buyer, _import_form(cast))
    home = {"seller": {"country_code": "156", "region_code": "320281"}}
    with pytest.raises(RuleViolation) as error:
        service.edit_contract(
            session, cast.buyer, contract.id, changes=home, version=contract.version, now=NOW
        )
    assert _fault(error) == [("/seller/country_code", "applicant-fixed")]


def test_the_buyer_of_an_import_is_the_applicant_itself(session: Session, cast: Cast) -> None:
    buyer = {"name": "别的公司", "nature_code": "150"}
    with pytest.raises(RuleViolation) as error:
        _apply(session, cast.buyer, _import_form(cast, buyer=buyer))
    assert _fault(error) == [("/buyer/name", "party-not-applicant")]


def test_a_deal_for_an_import_is_the_needs_side(session: Session, cast: Cast) -> None:
    deal = make_deal(session, cast)
    assert _apply(session, cast.buyer, _import_form(cast, suggestion_id=deal.id)).suggestion_id == deal.id
    with pytest.raises(PermissionDenied):
        _apply(session, cast.seller, _import_form(cast, suggestion_id=deal.id))


# Brokerage


def test_an_agency_applies_for_its_brokerage_contract_only(session: Session, cast: Cast) -> None:
    agency = make_organisation(session, OrganisationKind.AGENCY, nature_code="150")
    broker = actor_of(make_user(session, agency))
    brokered = make_contract(session, suggestion_id=make_deal(session, cast, broker=broker).id)
    form = contract_form(cast, type_code="FW", subtype_code="FW2", brokered_id=brokered.id)
    contract = _apply(session, broker, form)
    assert (contract.brokered_id, contract.seller.organisation_id) == (brokered.id, agency.id)
    assert queries.get_contract(session, broker, contract.id) is contract
    changes = {"subtype_code": "FW1", "brokered_id": None}
    with pytest.raises(PermissionDenied) as error:
        service.edit_contract(
            session, broker, contract.id, changes=changes, version=contract.version, now=NOW
        )
    assert error.value.code == "role-not-allowed"


def test_what_was_brokered_is_a_contract_the_applicant_may_know(session: Session, cast: Cast) -> None:
    own = make_contract(session, seller=cast.seller_organisation)
    brokerage = make_contract(session, seller=cast.seller_organisation, type_code="FW", subtype_code="FW2")
    strange = make_contract(session)

    def form(brokered_id: int | None) -> dict[str, Any]:
        return contract_form(cast, type_code="FW", subtype_code="FW2", brokered_id=brokered_id)

    for brokered_id, code in (
        (strange.id, "brokered-not-found"),
        (strange.id + 1000, "brokered-not-found"),
        (brokerage.id, "brokered-is-brokerage"),
    ):
        with pytest.raises(RuleViolation) as error:
            _apply(session, cast.seller, form(brokered_id))
        assert _fault(error) == [("/brokered_id", code)]
    contract = _apply(session, cast.seller, form(own.id))
    assert _apply(session, cast.seller, form(None)).brokered_id is None
    # Its own type is told first: a brokerage contract is never what another one brokered.
    with pytest.raises(RuleViolation) as itself:
        service.edit_contract(
            session,
            cast.seller,
            contract.id,
            changes={"brokered_id": contract.id},
            version=contract.version,
            now=NOW,
        )
    assert _fault(itself) == [("/brokered_id", "brokered-is-brokerage")]


# What a new application must say


def test_a_region_that_is_no_more_is_refused_with_its_successor(session: Session, cast: Cast) -> None:
    buyer = {"name": "老地址公司", "nature_code": "910", "region_code": "320482"}
    with pytest.raises(RuleViolation) as error:
        _apply(session, cast.seller, contract_form(cast, buyer=buyer))
    [fault] = error.value.fields
    assert (fault.pointer, fault.code) == ("/buyer/region_code", "region-retired")
    assert "320413" in fault.detail


def test_history_keeps_the_regions_and_subtypes_of_its_time(session: Session, cast: Cast) -> None:
    party = {"name": "金坛某厂", "uscc": None, "nature_code": "150", "region_code": "320482"}
    form = contract_form(
        cast,
        seller=party,
        buyer={**party, "name": "金坛另一厂"},
        type_code="ZR",
        subtype_code="ZR8",
        signed_on=date(2014, 5, 1),
        payment_mode="royalty",
        new_input_fen=0,
        new_output_fen=0,
    )
    entered = service.enter_registered_contract(
        session,
        OPERATOR,
        form=form,
        registered_on=date(2014, 6, 1),
        reg_no="14320400000001",
        external_id=None,
        ledger=cast.ledger,
        now=NOW,
    )
    assert entered.subtype_code == "ZR8"
    today = contract_form(cast, type_code="ZR", subtype_code="ZR8")
    with pytest.raises(RuleViolation) as error:
        _apply(session, cast.seller, today)
    assert _fault(error) == [("/subtype_code", "subtype-not-in-rules")]


def test_a_royalty_contract_in_foreign_money(session: Session, cast: Cast) -> None:
    values = {
        "payment_mode": "royalty",
        "currency": "USD",
        "foreign_amount": 10_000_000,
        "exchange_rate": "7.1058",
        "rate_on": date(2025, 5, 20),
        "rate_source": "中国外汇交易中心中间价",
        "total_amount_fen": 71_058_000,
        "tech_amount_fen": 71_058_000,
    }
    with pytest.raises(RuleViolation) as error:
        _apply(session, cast.seller, contract_form(cast, **values))
    assert _fault(error) == [
        ("/royalty_base", "royalty-missing"),
        ("/royalty_terms", "royalty-missing"),
    ]
    told = {**values, "royalty_base": "sales", "royalty_terms": "3%，五年"}
    contract = _apply(session, cast.seller, contract_form(cast, **told))
    shown = queries.describe_one(session, contract).names
    assert set(shown.codes.values()) >= {"美元"}
    for name, code in (("currency", "ABC"), ("royalty_base", "x")):
        with pytest.raises(RuleViolation) as unknown:
            _apply(session, cast.seller, contract_form(cast, **{**told, name: code}))
        assert f"/{name}" in {field.pointer for field in unknown.value.fields}


def test_papers_are_there_before_the_application_is_handed_in(session: Session, cast: Cast) -> None:
    contract = make_application(session, cast, status=Status.DRAFT)
    papers = select(ContractDocument).where(ContractDocument.contract_id == contract.id)
    for paper in session.scalars(papers.where(ContractDocument.kind == "contract_text")):
        paper.withdrawn_at = NOW
    with pytest.raises(RuleViolation) as error:
        service.submit_contract(session, cast.seller, contract.id, now=NOW)
    assert error.value.code == "papers-missing"


# Questions


def test_a_near_duplicate_is_asked_about_and_the_answer_kept(session: Session, cast: Cast) -> None:
    first = make_application(session, cast, status=Status.SUBMITTED)
    again = make_application(
        session, cast, status=Status.DRAFT, project_name=first.project_name, total_amount_fen=100_000_001
    )
    with pytest.raises(RuleViolation) as error:
        service.submit_contract(session, cast.seller, again.id, now=NOW)
    assert error.value.code == "confirmation-needed"
    assert _fault(error) == [("/project_name", "near-duplicate")]
    assert (again.status, again.acceptance_no) == (Status.DRAFT, None)
    service.submit_contract(session, cast.seller, again.id, confirmed=["near-duplicate"], now=NOW)
    assert again.confirmed == ["near-duplicate"]


def test_an_amount_far_from_the_deal_is_asked_about(session: Session, cast: Cast) -> None:
    """The need's budget is 80万元; 80 yuan looks like 万元 typed as 元."""
    contract = make_application(
        session,
        cast,
        status=Status.DRAFT,
        suggestion_id=make_deal(session, cast).id,
        total_amount_fen=8_000,
        tech_amount_fen=8_000,
    )
    asked = service.list_questions(session, cast.seller, contract.id)
    assert [(item.question.code, item.confirmed) for item in asked] == [("amount-implausible", False)]


def test_questions_are_not_for_others(session: Session, cast: Cast) -> None:
    contract = make_application(session, cast, status=Status.SUBMITTED)
    with pytest.raises(PermissionDenied):
        service.list_questions(session, cast.buyer, contract.id)
    assert service.list_questions(session, OPERATOR, contract.id) == []
    with pytest.raises(Exception, match="没有找到该合同"):
        service.list_questions(session, make_actor(session), contract.id)
