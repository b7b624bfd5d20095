"""Reviews by experts, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from market.contracts import queries, service
from market.contracts.models import Contract, ExpertOpinion, RegistrationRules
from market.contracts.rules import ExpertConclusion, Status
from market.errors import Conflict, RuleViolation
from tests.factories import NOW
from tests.market.contracts.factories import Cast, make_application, make_cast

LATER = datetime(2025, 6, 20, 2, 0, tzinfo=UTC)
SUPPORT, OPPOSE = ExpertConclusion.SUPPORT, ExpertConclusion.OPPOSE


@pytest.fixture
def cast(session: Session) -> Cast:
    return make_cast(session)


@pytest.fixture
def contract(session: Session, cast: Cast) -> Contract:
    """In review, with experts called."""
    row = make_application(session, cast, status=Status.IN_REVIEW)
    service.call_experts(session, cast.registrar, row.id, reason="类别有疑义。", now=NOW)
    return row


def _opine(session: Session, cast: Cast, contract: Contract, name: str, **values: Any) -> ExpertOpinion:
    return service.record_opinion(
        session,
        cast.registrar,
        contract.id,
        **{
            "name": name,
            "unit": "某研究院",
            "conclusion": SUPPORT,
            "words": "属于技术开发。",
            "opined_on": date(2025, 6, 10),
            "now": NOW,
            **values,
        },
    )


def _approve(session: Session, cast: Cast, contract: Contract, *, now: datetime = NOW) -> None:
    service.approve_contract(session, cast.second, contract.id, ledger=cast.ledger, now=now)


@pytest.mark.parametrize(
    ("conclusions", "code"),
    [
        ([], "experts-missing"),
        ([SUPPORT, SUPPORT], "experts-missing"),
        ([SUPPORT, OPPOSE, OPPOSE], "experts-oppose"),
        ([SUPPORT, SUPPORT, OPPOSE], None),
    ],
)
def test_a_called_review_must_carry_the_registration(
    session: Session,
    cast: Cast,
    contract: Contract,
    conclusions: list[ExpertConclusion],
    code: str | None,
) -> None:
    for number, conclusion in enumerate(conclusions):
        _opine(session, cast, contract, f"专家{number}", conclusion=conclusion)
    if code is None:
        _approve(session, cast, contract)
        assert contract.status is Status.REGISTERED
        return
    with pytest.raises(Conflict) as error:
        _approve(session, cast, contract)
    assert error.value.code == code
    assert contract.status is Status.IN_REVIEW
    assert cast.ledger.lines == []


def test_the_rules_may_call_experts_by_the_amount(session: Session, cast: Cast) -> None:
    session.get_one(RegistrationRules, "2021").experts_from_fen = 100_000_000
    contract = make_application(session, cast, status=Status.IN_REVIEW)
    with pytest.raises(Conflict) as error:
        _approve(session, cast, contract)
    assert error.value.code == "experts-missing"
    assert queries.describe_one(session, contract).experts_needed
    assert not contract.experts_called
    _opine(session, cast, contract, "专家")


def test_an_expert_of_a_party_is_refused(session: Session, cast: Cast, contract: Contract) -> None:
    for unit in (contract.buyer.name, f" {contract.seller.name} "):
        with pytest.raises(RuleViolation) as error:
            _opine(session, cast, contract, "专家", unit=unit)
        assert error.value.code == "expert-conflict"


@pytest.mark.parametrize("day", [date(2025, 6, 9), date(2025, 6, 11)])
def test_an_opinion_is_given_between_acceptance_and_today(
    session: Session, cast: Cast, contract: Contract, day: date
) -> None:
    with pytest.raises(RuleViolation) as error:
        _opine(session, cast, contract, "专家", opined_on=day)
    assert error.value.code == "bad-opinion-day"


def test_opinions_are_given_once_and_anew_on_a_corrected_filing(
    session: Session, cast: Cast, contract: Contract
) -> None:
    for name in ("甲", "乙", "丙"):
        _opine(session, cast, contract, name, conclusion=OPPOSE)
    with pytest.raises(Conflict) as twice:
        _opine(session, cast, contract, "甲")
    assert twice.value.code == "opinion-recorded"
    service.return_contract(session, cast.registrar, contract.id, note="请改类别。", now=NOW)
    service.submit_contract(session, cast.seller, contract.id, now=LATER)
    service.accept_contract(session, cast.registrar, contract.id, now=LATER)
    service.examine_contract(session, cast.registrar, contract.id, finding="已改。", now=LATER)
    with pytest.raises(Conflict) as missing:
        _approve(session, cast, contract, now=LATER)
    assert missing.value.code == "experts-missing"
    for name in ("甲", "乙", "丁"):
        _opine(session, cast, contract, name, opined_on=date(2025, 6, 20), now=LATER)
    _approve(session, cast, contract, now=LATER)
    assert contract.status is Status.REGISTERED
    names = [row.name for row in queries.list_opinions(session, cast.bureau, contract.id)]
    assert names == ["甲", "乙", "丙", "丁"]


def test_experts_are_called_once_and_named_to_no_party(
    session: Session, cast: Cast, contract: Contract
) -> None:
    with pytest.raises(Conflict) as error:
        service.call_experts(session, cast.registrar, contract.id, reason="再看。", now=NOW)
    assert error.value.code == "experts-called"
    _opine(session, cast, contract, "陈明")
    told = [event.note for event in queries.list_events(session, cast.seller, contract.id)]
    assert told[-1] == "同意认定登记"
    assert not any("陈明" in (note or "") for note in told)
