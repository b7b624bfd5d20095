"""Crediting agencies with contracts, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.models import Organisation, User
from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, Actor, OrganisationKind, OrganisationStatus
from market.audit.models import AuditEvent
from market.contracts.models import Attribution, Contract
from market.contracts.queries import credit as queries
from market.contracts.rules import Status
from market.contracts.service import credit as service
from market.db import Database
from market.errors import Conflict, MarketError, NotFound, PermissionDenied, RuleViolation
from market.matches.models import Suggestion
from market.matches.rules import Side
from tests.factories import NOW, make_achievement, make_actor, make_need, make_organisation, make_user
from tests.market.contracts.factories import make_contract, make_registrar, make_station


@pytest.fixture
def agency(session: Session) -> Organisation:
    """A verified agency."""
    return make_organisation(session, OrganisationKind.AGENCY)


@pytest.fixture
def broker(session: Session, agency: Organisation) -> User:
    """A broker of that agency."""
    return make_user(session, agency)


@pytest.fixture
def contract(session: Session) -> Contract:
    """A registered contract."""
    return make_contract(session)


def _matched(session: Session, broker: User | None, **values: Any) -> Contract:
    """Insert a registered contract that came from a suggestion."""
    enterprise = make_organisation(session)
    university = make_organisation(session, OrganisationKind.UNIVERSITY)
    row = Suggestion(
        need=make_need(session, enterprise),
        achievement=make_achievement(session, university),
        asked_by=Side.NEED,
        rank=1,
        score=0.9,
        encoder="test",
        lexicon="test",
        weights="test",
        reasons={},
        broker_id=broker.id if broker is not None else None,
        created_at=NOW,
    )
    session.add(row)
    session.flush()
    sides = {"seller": university, "buyer": enterprise, **values}
    return make_contract(session, suggestion_id=row.id, **sides)


def _attribute(
    session: Session, actor: Actor, contract: Contract, agency: Organisation, **values: Any
) -> Any:
    form = {"agency_id": agency.id, "broker_id": None, "role": "evaluation", "share_bp": 4_000, **values}
    return service.attribute_contract(session, actor, contract.id, **form, now=NOW)


def _refused(code: str, work: Callable[[], Any], kind: type[MarketError] = RuleViolation) -> MarketError:
    with pytest.raises(kind) as caught:
        work()
    assert caught.value.code == code
    return caught.value


def _audited(session: Session) -> list[str]:
    session.flush()
    rows = session.scalars(select(AuditEvent).order_by(AuditEvent.id))
    return [row.action for row in rows if row.action.startswith("attribution.")]


def test_the_brokers_agency_gets_the_whole(session: Session, agency: Organisation, broker: User) -> None:
    contract = _matched(session, broker)
    row = service.credit_broker(session, OPERATOR, contract, now=NOW)
    assert row is not None
    assert (row.agency_id, row.broker_id, row.role, row.share_bp) == (
        agency.id,
        broker.id,
        "matching",
        10_000,
    )
    assert _audited(session) == ["attribution.create"]
    assert service.credit_broker(session, OPERATOR, contract, now=NOW) is None  # nothing is left
    assert queries.share_left(session, contract.id) == 0


def test_without_a_broker_nobody_is_credited(session: Session, contract: Contract) -> None:
    assert service.credit_broker(session, OPERATOR, contract, now=NOW) is None
    assert service.credit_broker(session, OPERATOR, _matched(session, None), now=NOW) is None
    assert _audited(session) == []


def test_an_agency_that_is_a_party_is_not_credited(
    session: Session, agency: Organisation, broker: User
) -> None:
    contract = _matched(session, broker, seller=agency)
    assert service.credit_broker(session, OPERATOR, contract, now=NOW) is None
    assert _audited(session) == ["attribution.withhold"]


def test_a_suspended_agency_is_not_credited(session: Session, agency: Organisation, broker: User) -> None:
    agency.status = OrganisationStatus.SUSPENDED
    assert service.credit_broker(session, OPERATOR, _matched(session, broker), now=NOW) is None
    assert _audited(session) == ["attribution.withhold"]


def test_the_station_and_bureaus_above_it_credit(session: Session, agency: Organisation) -> None:
    station = make_station(session)
    contract = make_contract(session, station=station)
    bureau = make_actor(session, OrganisationKind.BUREAU, uscc=None, region_code="320200")
    for actor in (make_registrar(session, station), bureau, OPERATOR):
        assert _attribute(session, actor, contract, agency, share_bp=1_000).share_bp == 1_000
    assert queries.share_left(session, contract.id) == 7_000


def test_nobody_else_credits(session: Session, agency: Organisation) -> None:
    seller = make_organisation(session)
    buyer_region = make_actor(session, OrganisationKind.BUREAU, uscc=None, region_code="320282")
    station = make_station(session, region_code="320281")
    contract = make_contract(session, station=station, seller=seller)
    contract.buyer.region_code = "320282"
    session.flush()
    for actor in (actor_of(make_user(session, seller)), buyer_region):
        _refused("not-crediting", lambda a=actor: _attribute(session, a, contract, agency), PermissionDenied)
    other = make_registrar(session, make_station(session))
    _refused("contract-not-found", lambda: _attribute(session, other, contract, agency), NotFound)


def test_shares_never_exceed_the_whole(session: Session, contract: Contract, agency: Organisation) -> None:
    first = _attribute(session, OPERATOR, contract, agency, share_bp=6_000)
    error = _refused(
        "shares-exceed-whole", lambda: _attribute(session, OPERATOR, contract, agency, share_bp=4_001)
    )
    assert "现余4000" in error.detail
    assert error.fields[0].pointer == "/share_bp"
    service.withdraw_attribution(session, OPERATOR, first.id, now=NOW)
    assert _attribute(session, OPERATOR, contract, agency, share_bp=10_000).share_bp == 10_000
    shown = queries.list_attributions(session, OPERATOR, contract.id)
    assert [row.withdrawn_at is None for row in shown] == [False, True]


def test_a_share_is_withdrawn_once(session: Session, contract: Contract, agency: Organisation) -> None:
    row = _attribute(session, OPERATOR, contract, agency)
    service.withdraw_attribution(session, OPERATOR, row.id, now=NOW)
    _refused(
        "attribution-withdrawn",
        lambda: service.withdraw_attribution(session, OPERATOR, row.id, now=NOW),
        Conflict,
    )
    assert _audited(session) == ["attribution.create", "attribution.withdraw"]


@pytest.mark.parametrize("status", [Status.DRAFT, Status.SUBMITTED, Status.REVOKED])
def test_only_registered_contracts_are_credited(
    session: Session, agency: Organisation, status: Status
) -> None:
    contract = make_contract(session, status=status)
    _refused("contract-not-registered", lambda: _attribute(session, OPERATOR, contract, agency), Conflict)


def test_what_is_wrong_with_an_attribution(
    session: Session, contract: Contract, agency: Organisation, broker: User
) -> None:
    stranger = make_user(session, make_organisation(session, OrganisationKind.AGENCY))
    enterprise = make_organisation(session)
    pending = make_organisation(session, OrganisationKind.AGENCY, status=OrganisationStatus.PENDING)
    cases: list[tuple[str, Organisation, dict[str, Any]]] = [
        ("unknown-code", agency, {"role": "cheering"}),
        ("unknown-agency", enterprise, {}),
        ("agency-not-verified", pending, {}),
        ("unknown-broker", agency, {"broker_id": stranger.id}),
        ("unknown-broker", agency, {"broker_id": 10**9}),
    ]
    for code, organisation, values in cases:
        _refused(code, lambda o=organisation, v=values: _attribute(session, OPERATOR, contract, o, **v))
    assert session.scalars(select(Attribution)).all() == []
    assert _attribute(session, OPERATOR, contract, agency, broker_id=broker.id).broker is broker


def test_an_agency_that_is_a_party_by_its_credit_code_is_refused(
    session: Session, contract: Contract, agency: Organisation
) -> None:
    contract.buyer.uscc = agency.uscc  # entered elsewhere, without the account
    session.flush()
    _refused("conflict-of-interest", lambda: _attribute(session, OPERATOR, contract, agency))


def test_two_shares_at_the_same_moment_do_not_exceed_the_whole(own_database: Database) -> None:
    with own_database.transaction() as session:
        contract = make_contract(session)
        agencies = [make_organisation(session, OrganisationKind.AGENCY) for _ in range(2)]
    barrier = threading.Barrier(2)

    def work(agency: Organisation) -> str:
        barrier.wait()
        try:
            with own_database.transaction() as session:
                _attribute(session, OPERATOR, contract, agency, share_bp=6_000)
        except RuleViolation as error:
            return error.code
        return "credited"

    with ThreadPoolExecutor(2) as pool:
        results = sorted(pool.map(work, agencies))
    assert results == ["credited", "shares-exceed-whole"]
    with own_database.reading() as session:
        assert queries.share_left(session, contract.id) == 4_000
