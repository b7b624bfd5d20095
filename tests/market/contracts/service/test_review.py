"""The station's part before registration, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy.orm import Session

from market.contracts import queries, service
from market.contracts.rules import Action, Duty, Status
from market.errors import Conflict, NotFound, PermissionDenied, RuleViolation
from tests.factories import NOW
from tests.market.contracts.factories import (
    Cast,
    make_application,
    make_cast,
    make_contract,
    make_registrar,
    make_station,
)

SPRING_2026 = datetime(2026, 4, 30, 2, 0, tzinfo=UTC)


@pytest.fixture
def cast(session: Session) -> Cast:
    return make_cast(session)


def test_acceptance_starts_the_clock_under_the_rules_of_the_day(session: Session, cast: Cast) -> None:
    contract = make_application(session, cast, status=Status.ACCEPTED)
    assert (contract.accepted_on, contract.rule_version) == (date(2025, 6, 10), "2021")
    assert contract.due_on == date(2025, 7, 10)


def test_the_rules_of_2026_count_working_days_and_give_large_contracts_longer(
    session: Session, cast: Cast
) -> None:
    small = make_application(session, cast, status=Status.SUBMITTED)
    large = make_application(
        session, cast, status=Status.SUBMITTED, total_amount_fen=10**9, tech_amount_fen=10**9
    )
    for contract in (small, large):
        service.accept_contract(session, cast.registrar, contract.id, now=SPRING_2026)
        assert contract.rule_version == "2026"
    # 1 to 5 May are holidays, and Saturday 9 May is worked in their place.
    assert small.due_on == date(2026, 5, 25)
    assert large.due_on is not None
    assert large.due_on > small.due_on


def test_the_day_of_acceptance_is_a_day_in_china(session: Session, cast: Cast) -> None:
    contract = make_application(session, cast, status=Status.SUBMITTED)
    late = datetime(2025, 6, 10, 16, 30, tzinfo=UTC)  # half past midnight in China
    service.accept_contract(session, cast.registrar, contract.id, now=late)
    assert contract.accepted_on == date(2025, 6, 11)


def test_acceptance_checks_the_form_under_the_rules_of_that_day(session: Session, cast: Cast) -> None:
    contract = make_application(session, cast, status=Status.SUBMITTED, type_code="XK", subtype_code="XK1")
    before_licences = datetime(2020, 12, 30, tzinfo=UTC)
    with pytest.raises(RuleViolation) as error:
        service.accept_contract(session, cast.registrar, contract.id, now=before_licences)
    assert "/type_code" in {field.pointer for field in error.value.fields}


def test_only_the_contracts_own_station_accepts(session: Session, cast: Cast) -> None:
    contract = make_application(session, cast, status=Status.SUBMITTED)
    with pytest.raises(PermissionDenied):
        service.accept_contract(session, cast.seller, contract.id, now=NOW)
    with pytest.raises(PermissionDenied):
        service.accept_contract(session, cast.bureau, contract.id, now=NOW)
    stranger = make_registrar(session, make_station(session))
    with pytest.raises(NotFound):
        service.accept_contract(session, stranger, contract.id, now=NOW)
    assert contract.status is Status.SUBMITTED


def test_a_return_restarts_acceptance(session: Session, cast: Cast) -> None:
    contract = make_application(session, cast, status=Status.IN_REVIEW)
    service.return_contract(session, cast.registrar, contract.id, note="缺少授权书。", now=NOW)
    assert contract.status is Status.RETURNED
    assert (contract.accepted_on, contract.due_on, contract.rule_version) == (None, None, None)
    corrected, looked_at = (datetime(2025, 6, day, 2, 0, tzinfo=UTC) for day in (20, 25))
    service.submit_contract(session, cast.seller, contract.id, now=corrected)
    service.accept_contract(session, cast.registrar, contract.id, now=looked_at)
    assert (contract.accepted_on, contract.due_on) == (date(2025, 6, 20), date(2025, 7, 20))


def test_an_examiner_leaves_a_finding_and_passes_the_contract_on(session: Session, cast: Cast) -> None:
    contract = make_application(session, cast, status=Status.ACCEPTED)
    with pytest.raises(RuleViolation) as error:
        service.examine_contract(session, cast.registrar, contract.id, finding=" ", now=NOW)
    assert error.value.fields[0].pointer == "/finding"
    service.examine_contract(session, cast.registrar, contract.id, finding="属于技术开发。", now=NOW)
    assert contract.status is Status.IN_REVIEW
    inside, outside = (
        queries.list_events(session, actor, contract.id)[-1] for actor in (cast.registrar, cast.seller)
    )
    assert (inside.event.action, inside.note, outside.note) == (Action.EXAMINE, "属于技术开发。", None)


@pytest.mark.parametrize(
    ("duty", "start", "name"),
    [
        (Duty.APPROVE, Status.ACCEPTED, "登记员"),
        (Duty.EXAMINE, Status.IN_REVIEW, "审批员"),
        (None, Status.SUBMITTED, "登记员、审批员、大额审批员"),
    ],
)
def test_a_step_needs_its_duty(
    session: Session, cast: Cast, duty: Duty | None, start: Status, name: str
) -> None:
    contract = make_application(session, cast, status=start)
    registrar = make_registrar(session, cast.station, duties=[duty] if duty else [])
    steps = {
        Status.SUBMITTED: lambda: service.accept_contract(session, registrar, contract.id, now=NOW),
        Status.ACCEPTED: lambda: service.examine_contract(
            session, registrar, contract.id, finding="属实。", now=NOW
        ),
        Status.IN_REVIEW: lambda: service.approve_contract(
            session, registrar, contract.id, ledger=cast.ledger, now=NOW
        ),
    }
    with pytest.raises(PermissionDenied) as error:
        steps[start]()
    assert error.value.code == "duty-missing"
    assert f"您不是该登记机构的{name}，" in error.value.detail
    assert contract.status is start


def test_a_dispute_gives_the_station_longer(session: Session, cast: Cast) -> None:
    ordinary, disputed = (make_application(session, cast, status=Status.SUBMITTED) for _ in range(2))
    service.accept_contract(session, cast.registrar, ordinary.id, now=SPRING_2026)
    service.accept_contract(session, cast.registrar, disputed.id, disputed=True, now=SPRING_2026)
    assert ordinary.due_on is not None
    assert disputed.due_on is not None
    assert ordinary.due_on < disputed.due_on
    service.mark_disputed(session, cast.registrar, ordinary.id, reason="权属有争议。", now=SPRING_2026)
    assert (ordinary.disputed, ordinary.due_on) == (True, disputed.due_on)
    with pytest.raises(Conflict) as error:
        service.mark_disputed(session, cast.registrar, ordinary.id, reason="再次。", now=SPRING_2026)
    assert error.value.code == "already-disputed"


def test_a_return_says_what_to_correct(session: Session, cast: Cast) -> None:
    contract = make_application(session, cast, status=Status.SUBMITTED)
    with pytest.raises(RuleViolation) as error:
        service.return_contract(session, cast.registrar, contract.id, note=" ", now=NOW)
    assert error.value.fields[0].pointer == "/note"
    service.return_contract(session, cast.registrar, contract.id, note="缺少附件。", now=NOW)
    event = queries.find_last_event(session, contract.id, Action.RETURN)
    assert event is not None
    assert event.note == "缺少附件。"


def test_a_refusal_is_final_and_gives_its_reason(session: Session, cast: Cast) -> None:
    contract = make_application(session, cast, status=Status.IN_REVIEW)
    service.refuse_contract(
        session, cast.registrar, contract.id, reason_code="not_technology", note="标的为设备。", now=NOW
    )
    assert contract.status is Status.REFUSED
    last = queries.list_events(session, cast.seller, contract.id)[-1]
    assert (last.event.reason_code, last.reason_name) == ("not_technology", "不属于技术合同")
    with pytest.raises(Conflict) as error:
        service.submit_contract(session, cast.seller, contract.id, now=NOW)
    assert error.value.detail == "该合同现为“不予登记”，不能提交。"


def test_a_refusal_needs_a_known_reason(session: Session, cast: Cast) -> None:
    contract = make_application(session, cast, status=Status.IN_REVIEW)
    with pytest.raises(RuleViolation) as error:
        service.refuse_contract(
            session, cast.registrar, contract.id, reason_code="dislike", note="无", now=NOW
        )
    assert error.value.fields[0].pointer == "/reason_code"


@pytest.mark.parametrize("status", [Status.REGISTERED, Status.CANCELLED, Status.RETURNED])
def test_only_what_is_handed_in_is_accepted(session: Session, cast: Cast, status: Status) -> None:
    contract = make_contract(session, station=cast.station, status=status)
    with pytest.raises(Conflict) as error:
        service.accept_contract(session, cast.registrar, contract.id, now=NOW)
    assert error.value.code == "illegal-transition"
