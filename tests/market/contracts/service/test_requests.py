"""Change, cancellation and revocation, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.contracts import queries, service
from market.contracts.ledger import NoLedger
from market.contracts.models import Contract, ContractRequest
from market.contracts.rules import Action, Duty, RequestKind, Status
from market.db import Database
from market.errors import Conflict, NotFound, PermissionDenied, RuleViolation
from tests.factories import NOW, make_actor, make_uscc
from tests.market.contracts.factories import (
    LARGE_FEN,
    Cast,
    contract_form,
    make_application,
    make_cast,
    make_contract,
    make_registrar,
    make_station,
)
from tests.market.contracts.racing import at_once

LATER = datetime(2025, 8, 1, 2, 0, tzinfo=UTC)


@pytest.fixture
def cast(session: Session) -> Cast:
    return make_cast(session)


@pytest.fixture
def contract(session: Session, cast: Cast) -> Contract:
    """A registered contract; the ledger's line of it is forgotten."""
    row = make_application(session, cast, status=Status.REGISTERED)
    cast.ledger.lines.clear()
    return row


def _ask(session: Session, cast: Cast, contract: Contract, **changes: Any) -> ContractRequest:
    return service.request_change(
        session, cast.seller, contract.id, changes=changes, reason="补充协议。", now=LATER
    )


def _decide(session: Session, cast: Cast, request: ContractRequest, **values: Any) -> ContractRequest:
    if request.examined_at is None:
        service.examine_request(session, cast.registrar, request.id, note="情况属实。", now=LATER)
    return service.decide_request(
        session,
        values.pop("actor", cast.registrar),
        request.id,
        **{"approve": True, "note": None, "ledger": cast.ledger, "now": LATER, **values},
    )


def test_a_change_takes_effect_only_when_the_station_agrees(
    session: Session, cast: Cast, contract: Contract
) -> None:
    request = _ask(
        session,
        cast,
        contract,
        total_amount_fen=150_000_000,
        valid_to=date(2027, 1, 1),
        buyer={"region_code": "320282"},
    )
    assert contract.status is Status.CHANGE_PENDING
    assert contract.total_amount_fen == 100_000_000
    assert request.changes == {
        "total_amount_fen": 150_000_000,
        "valid_to": "2027-01-01",
        "buyer": {"region_code": "320282"},
    }
    assert cast.ledger.lines == []
    number, identity = contract.reg_no, contract.live_identity
    _decide(session, cast, request)
    assert contract.status is Status.REGISTERED
    assert contract.total_amount_fen == 150_000_000
    assert contract.valid_to == date(2027, 1, 1)
    assert contract.buyer.region_code == "320282"
    assert contract.reg_no == number
    assert contract.live_identity != identity
    assert contract.registered_on == date(2025, 6, 10)
    assert cast.ledger.lines == [("change", contract.id, Status.REGISTERED)]
    event = queries.find_last_event(session, contract.id, Action.APPROVE_CHANGE)
    assert event is not None
    assert event.snapshot is not None
    assert event.snapshot["total_amount_fen"] == 150_000_000
    assert (request.approved, request.decided_by, request.decided_at) == (
        True,
        cast.registrar.user_id,
        LATER,
    )


def test_a_rejected_change_leaves_the_registration_as_it_was(
    session: Session, cast: Cast, contract: Contract
) -> None:
    request = _ask(session, cast, contract, tech_amount_fen=79_999_991)
    with pytest.raises(RuleViolation) as error:
        _decide(session, cast, request, approve=False)
    assert error.value.fields[0].pointer == "/note"
    _decide(session, cast, request, approve=False, note="依据不足。")
    assert contract.status is Status.REGISTERED
    assert contract.tech_amount_fen == 80_000_000
    assert cast.ledger.lines == []
    with pytest.raises(Conflict) as twice:
        _decide(session, cast, request)
    assert twice.value.code == "request-already-decided"


def test_a_change_is_checked_against_the_whole_form(session: Session, cast: Cast, contract: Contract) -> None:
    with pytest.raises(RuleViolation) as error:
        _ask(session, cast, contract, total_amount_fen=1)
    assert error.value.fields[0].pointer == "/changes/tech_amount_fen"
    with pytest.raises(RuleViolation) as nothing:
        _ask(session, cast, contract, total_amount_fen=contract.total_amount_fen)
    assert nothing.value.code == "nothing-to-change"
    assert contract.status is Status.REGISTERED


def test_what_a_change_says_anew_is_looked_at_as_in_an_application(
    session: Session, cast: Cast, contract: Contract
) -> None:
    with pytest.raises(RuleViolation) as region:
        _ask(session, cast, contract, buyer={"region_code": "320482"})
    assert (region.value.code, region.value.fields[0].pointer) == (
        "region-retired",
        "/changes/buyer/region_code",
    )
    strange = make_contract(session)
    with pytest.raises(RuleViolation) as brokered:
        _ask(session, cast, contract, type_code="FW", subtype_code="FW2", brokered_id=strange.id)
    assert brokered.value.code == "brokered-not-found"


def test_a_change_of_the_buyer_makes_a_new_link(session: Session, cast: Cast, contract: Contract) -> None:
    request = _ask(session, cast, contract, buyer={"name": "丙公司", "uscc": make_uscc()})
    _decide(session, cast, request)
    assert contract.buyer.organisation_id is None
    with pytest.raises(NotFound):
        queries.get_contract(session, cast.buyer, contract.id)


def test_a_change_into_another_live_contract_is_refused(
    session: Session, cast: Cast, contract: Contract
) -> None:
    other = make_application(session, cast, status=Status.REGISTERED)
    request = _ask(session, cast, other, project_name=contract.project_name)
    with pytest.raises(RuleViolation) as error:
        _decide(session, cast, request)
    assert error.value.code == "duplicate-registration"


def test_one_request_at_a_time(session: Session, cast: Cast, contract: Contract) -> None:
    _ask(session, cast, contract, tech_amount_fen=79_999_991)
    with pytest.raises(Conflict) as error:
        service.request_cancellation(session, cast.seller, contract.id, reason="解除。", now=LATER)
    assert error.value.detail == "该合同现为“变更中”，不能申请注销。"


def test_nothing_is_decided_before_it_is_examined(session: Session, cast: Cast, contract: Contract) -> None:
    request = _ask(session, cast, contract, tech_amount_fen=79_999_991)
    with pytest.raises(Conflict) as error:
        service.decide_request(
            session, cast.second, request.id, approve=True, note=None, ledger=cast.ledger, now=LATER
        )
    assert error.value.code == "request-not-examined"
    service.examine_request(session, cast.registrar, request.id, note="情况属实。", now=LATER)
    assert (request.examined_by, request.examination_note) == (cast.registrar.user_id, "情况属实。")
    with pytest.raises(Conflict) as twice:
        service.examine_request(session, cast.second, request.id, note="再看。", now=LATER)
    assert twice.value.code == "request-already-examined"


def test_a_large_contract_changes_by_two_persons(session: Session, cast: Cast, contract: Contract) -> None:
    """It is large as soon as the changed form is."""
    request = _ask(session, cast, contract, total_amount_fen=LARGE_FEN, tech_amount_fen=LARGE_FEN)
    with pytest.raises(PermissionDenied) as error:
        _decide(session, cast, request)
    assert error.value.code == "second-person-needed"
    third = make_registrar(session, cast.station, duties=[Duty.APPROVE])
    with pytest.raises(PermissionDenied) as duty:
        _decide(session, cast, request, actor=third)
    assert duty.value.code == "duty-missing"
    _decide(session, cast, request, actor=cast.second)
    assert contract.total_amount_fen == LARGE_FEN


ROYALTY = {"payment_mode": "royalty", "royalty_base": "sales", "royalty_terms": "按净销售额的3%，五年"}


def test_a_settlement_ends_the_estimate(session: Session, cast: Cast) -> None:
    contract = make_application(session, cast, status=Status.REGISTERED, amount_is_estimate=True, **ROYALTY)
    cast.ledger.lines.clear()
    amounts = {"total_amount_fen": 123_456_700, "tech_amount_fen": 123_456_700}
    request = service.request_settlement(
        session, cast.seller, contract.id, amounts=amounts, reason="2025年结算。", now=LATER
    )
    assert (request.kind, request.changes) == (
        RequestKind.SETTLEMENT,
        {**amounts, "amount_is_estimate": False},
    )
    _decide(session, cast, request)
    assert (contract.total_amount_fen, contract.amount_is_estimate) == (123_456_700, False)
    assert cast.ledger.lines == [("change", contract.id, Status.REGISTERED)]
    assert queries.find_last_event(session, contract.id, Action.SETTLE) is not None
    with pytest.raises(Conflict) as error:
        service.request_settlement(
            session, cast.seller, contract.id, amounts=amounts, reason="再次结算。", now=LATER
        )
    assert error.value.code == "not-an-estimate"


def test_only_the_seller_asks_and_only_its_station_answers(
    session: Session, cast: Cast, contract: Contract
) -> None:
    with pytest.raises(PermissionDenied):
        service.request_cancellation(session, cast.buyer, contract.id, reason="解除。", now=LATER)
    request = service.request_cancellation(session, cast.seller, contract.id, reason="解除。", now=LATER)
    for actor in (cast.seller, cast.bureau):
        with pytest.raises(PermissionDenied):
            _decide(session, cast, request, actor=actor)
    with pytest.raises(NotFound):
        _decide(session, cast, request, actor=make_registrar(session, make_station(session)))
    assert contract.status is Status.CHANGE_PENDING


def test_cancellation_reverses_the_line(session: Session, cast: Cast, contract: Contract) -> None:
    request = service.request_cancellation(session, cast.seller, contract.id, reason="解除。", now=LATER)
    assert (request.kind, request.changes) == (RequestKind.CANCELLATION, {})
    _decide(session, cast, request)
    assert (contract.status, contract.ended_on) == (Status.CANCELLED, date(2025, 8, 1))
    assert contract.live_identity is None
    assert contract.reg_no is not None
    assert cast.ledger.lines == [("reversal", contract.id, Status.CANCELLED)]


def _propose(session: Session, actor: Actor, contract: Contract) -> ContractRequest:
    return service.request_revocation(
        session, actor, contract.id, reason_code="fraud", reason="弄虚作假。", now=LATER
    )


def test_a_revocation_is_proposed_by_one_and_decided_by_another(
    session: Session, cast: Cast, contract: Contract
) -> None:
    request = _propose(session, cast.registrar, contract)
    assert (request.kind, request.reason_code) == (RequestKind.REVOCATION, "fraud")
    assert contract.status is Status.CHANGE_PENDING
    with pytest.raises(PermissionDenied) as error:
        _decide(session, cast, request)
    assert error.value.code == "second-person-needed"
    _decide(session, cast, request, actor=cast.second)
    assert (contract.status, contract.ended_on) == (Status.REVOKED, date(2025, 8, 1))
    assert contract.live_identity is None
    assert cast.ledger.lines == [("reversal", contract.id, Status.REVOKED)]


def test_the_bureau_decides_what_the_station_proposes_and_not_what_it_proposes_itself(
    session: Session, cast: Cast, contract: Contract
) -> None:
    own = _propose(session, cast.bureau, contract)
    with pytest.raises(PermissionDenied) as error:
        _decide(session, cast, own, actor=cast.bureau)
    assert error.value.code == "second-person-needed"
    _decide(session, cast, own, approve=False, note="证据不足。")
    assert contract.status is Status.REGISTERED
    of_station = _propose(session, cast.registrar, contract)
    _decide(session, cast, of_station, actor=cast.bureau)
    assert contract.status is Status.REVOKED


def test_a_revocation_pushes_an_open_request_aside(session: Session, cast: Cast, contract: Contract) -> None:
    request = _ask(session, cast, contract, tech_amount_fen=79_999_991)
    revocation = _propose(session, cast.bureau, contract)
    assert (request.approved, request.decision_note) == (False, "已提请撤销登记，此项申请不再办理。")
    assert queries.find_open_request(session, contract.id) is revocation
    with pytest.raises(Conflict) as error:
        _propose(session, cast.registrar, contract)
    assert error.value.code == "revocation-pending"


def test_who_may_not_propose_a_revocation(session: Session, cast: Cast, contract: Contract) -> None:
    # The bureau of the buyer's region reads the contract, but the station is not under it.
    contract.buyer.region_code = "110108"
    session.flush()
    elsewhere = make_actor(session, OrganisationKind.BUREAU, uscc=None, region_code="110000")
    for actor in (cast.seller, cast.buyer, elsewhere):
        with pytest.raises(PermissionDenied):
            _propose(session, actor, contract)
    with pytest.raises(RuleViolation) as error:
        service.request_revocation(
            session, cast.bureau, contract.id, reason_code="dislike", reason="无", now=LATER
        )
    assert error.value.fields[0].pointer == "/reason_code"
    assert contract.status is Status.REGISTERED


def test_what_is_not_registered_cannot_be_revoked(session: Session, cast: Cast) -> None:
    contract = make_application(session, cast, status=Status.IN_REVIEW)
    with pytest.raises(Conflict) as error:
        _propose(session, cast.registrar, contract)
    assert error.value.detail == "该合同现为“认定审核中”，不能提请撤销。"


def test_requests_are_listed_for_those_who_may_read(session: Session, cast: Cast, contract: Contract) -> None:
    request = _ask(session, cast, contract, tech_amount_fen=79_999_991)
    assert queries.list_requests(session, cast.buyer, contract.id) == [request]
    with pytest.raises(NotFound):
        queries.list_requests(session, make_actor(session), contract.id)


def test_old_registrations_change_under_their_own_rules(session: Session, cast: Cast) -> None:
    party = {
        "name": cast.seller_organisation.name,
        "uscc": cast.seller_organisation.uscc,
        "nature_code": "0221",
        "region_code": "320281",
    }
    old = service.enter_registered_contract(
        session,
        OPERATOR,
        form=contract_form(cast, seller=party, signed_on=date(2019, 3, 1)),
        registered_on=date(2019, 4, 1),
        reg_no="19320200000001",
        external_id=None,
        ledger=cast.ledger,
        now=NOW,
    )
    with pytest.raises(RuleViolation) as error:
        _ask(session, cast, old, type_code="XK", subtype_code="XK1")
    assert error.value.code == "type-not-in-rules"


def test_a_request_decided_by_two_at_once_is_decided_once(own_database: Database) -> None:
    with own_database.transaction() as session:
        cast = make_cast(session)
        contract = make_application(session, cast, status=Status.REGISTERED)
        request = service.request_cancellation(session, cast.seller, contract.id, reason="解除。", now=LATER)
        service.examine_request(session, cast.registrar, request.id, note="属实。", now=LATER)

    def decide_as(actor: Actor) -> Callable[[], Any]:
        def work() -> Any:
            with own_database.transaction() as session:
                return service.decide_request(
                    session, actor, request.id, approve=True, note=None, ledger=NoLedger(), now=LATER
                ).decided_by

        return work

    results = at_once(decide_as(cast.registrar), decide_as(cast.second))
    [error] = [result for result in results if isinstance(result, Conflict)]
    assert error.code == "request-already-decided"
    with own_database.reading() as session:
        assert session.get_one(Contract, contract.id).status is Status.CANCELLED


@pytest.mark.parametrize(
    ("amounts", "asked"),
    [
        ((12_000, 10_000), {"amount-implausible"}),  # 120元 for 120万元
        ((1_200_000_000_000, 1_000_000_000_000), {"amount-implausible"}),
        ((120_000_000, 0), {"tech-share-odd"}),
        ((120_000_000, 90_000_000), set()),
    ],
)
def test_doubtful_new_amounts_are_asked_back(
    session: Session, cast: Cast, amounts: tuple[int, int], asked: set[str]
) -> None:
    contract = make_application(session, cast, status=Status.REGISTERED)
    changes = dict(zip(("total_amount_fen", "tech_amount_fen"), amounts, strict=True))

    def request(confirmed: set[str]) -> ContractRequest:
        return service.request_change(
            session,
            cast.seller,
            contract.id,
            changes=changes,
            reason="补充协议",
            now=NOW,
            confirmed=confirmed,
        )

    if asked:
        with pytest.raises(RuleViolation) as refused:
            request(set())
        assert refused.value.code == "confirmation-needed"
        assert {field.code for field in refused.value.fields} == asked
        assert {field.pointer.split("/")[1] for field in refused.value.fields} == {"changes"}
        assert contract.status is Status.REGISTERED
    assert request(asked).changes == changes


def test_a_change_that_leaves_the_amounts_asks_nothing(session: Session, cast: Cast) -> None:
    contract = make_application(session, cast, status=Status.REGISTERED, tech_amount_fen=0)
    request = service.request_change(
        session, cast.seller, contract.id, changes={"project_name": "另一个名称"}, reason="改名", now=NOW
    )
    assert request.changes == {"project_name": "另一个名称"}
