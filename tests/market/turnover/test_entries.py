"""Behind a figure: its lines, and the thread back to the need."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.models import Organisation, User
from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.contracts.models import Contract
from market.contracts.service.projects import project_from_contract
from market.db import Database, PageRequest
from market.errors import NotFound, PermissionDenied
from market.matches.rules import Action
from market.turnover.ledger import Sums
from market.turnover.models import TurnoverEntry
from market.turnover.queries.entries import get_entry, get_thread, list_entries
from market.turnover.queries.figures import totals
from market.turnover.queries.scopes import Scope
from market.turnover.rules import Line, Measure, Reach
from tests.factories import (
    NOW,
    make_achievement,
    make_actor,
    make_need,
    make_organisation,
    make_user,
)
from tests.market.contracts.factories import make_party, make_registrar, make_station
from tests.market.turnover.conftest import counting
from tests.market.turnover.factories import change, end, make_suggestion, party_in, register, scope_of

PAGE = PageRequest(limit=100)
DECISION_ONLY = [None, "工艺对口，建议面谈", None, None, None]


@pytest.fixture
def bureau(session: Session) -> Actor:
    """An officer of 江阴's bureau."""
    return make_actor(session, OrganisationKind.BUREAU)


@pytest.fixture
def brokered(session: Session) -> Contract:
    """A registered contract that a broker brought about, changed once."""
    enterprise = make_organisation(session)
    university = make_organisation(session, OrganisationKind.UNIVERSITY, region_code="340800")
    broker = make_user(session, make_organisation(session, OrganisationKind.AGENCY))
    need = make_need(session, enterprise, confidential="最多八十万", contact_phone="0510-1234567")
    suggestion = make_suggestion(session, need, make_achievement(session, university), broker=broker)
    contract = register(
        session,
        seller=make_party(session, university),
        buyer=make_party(session, enterprise),
        suggestion_id=suggestion.id,
    )
    change(session, contract, total_amount_fen=120_000_000, now=NOW + timedelta(days=1))
    return contract


def test_lines_add_up_to_the_figure_and_come_newest_first(session: Session, bureau: Actor) -> None:
    for day in (3, 9, 6):
        register(session, registered_on=date(2025, 5, day))
    end(session, register(session, registered_on=date(2025, 5, 7)))
    register(session, registered_on=date(2024, 5, 7))
    register(session, station=make_station(session, region_code="320282"))
    scope = scope_of(session)
    found = list_entries(session, bureau, scope, page=PAGE)
    assert [entry.effective_on.day for entry in found.page.items] == [9, 7, 7, 6, 3]
    assert (found.scope.station_id, found.station_name) == (None, None)
    assert found.page.items[1].line is Line.REVERSAL
    assert sum(entry.total_fen for entry in found.page.items) == totals(session, scope).total_fen
    assert sum(entry.count for entry in found.page.items) == totals(session, scope).deals == 3


def test_pages_follow_each_other_without_gaps(session: Session, bureau: Actor) -> None:
    made = {register(session).id for _ in range(5)}
    scope, cursor, seen = scope_of(session), None, []
    while True:
        found = list_entries(session, bureau, scope, page=PageRequest(cursor, 2))
        seen += [entry.contract_id for entry in found.page.items]
        cursor = found.page.next_cursor
        if cursor is None:
            break
    assert len(seen) == 5
    assert set(seen) == made


def test_lines_as_they_stood_then(session: Session, bureau: Actor, brokered: Contract) -> None:
    then = list_entries(session, bureau, scope_of(session, known_at=NOW), page=PAGE)
    now = list_entries(session, bureau, scope_of(session), page=PAGE)
    assert [entry.line for entry in then.page.items] == [Line.REGISTRATION]
    assert [entry.line for entry in now.page.items] == [Line.CHANGE, Line.REVERSAL, Line.REGISTRATION]


def test_lines_name_what_they_came_from_in_one_statement(
    session: Session, database: Database, bureau: Actor, brokered: Contract
) -> None:
    for _ in range(4):
        register(session)
    session.flush()
    session.expunge_all()
    scope = scope_of(session)
    with counting(database) as counted:
        found = list_entries(session, bureau, scope, page=PAGE)
        titles = [
            entry.contract.suggestion.need.title
            for entry in found.page.items
            if entry.contract.suggestion is not None
        ]
        assert all(entry.contract.seller.name and entry.contract.buyer.name for entry in found.page.items)
    assert titles == ["印染废水回用膜污堵严重"] * 3
    assert len(counted.statements) == 1


def test_a_registrar_sees_the_own_station_only(session: Session) -> None:
    station = make_station(session)
    own = register(session, station=station)
    register(session, station=make_station(session))
    registrar = make_registrar(session, station)
    for asked in (scope_of(session), scope_of(session, station_id=station.id)):
        found = list_entries(session, registrar, asked, page=PAGE)
        assert [entry.contract_id for entry in found.page.items] == [own.id]
        assert (found.scope.station_id, found.station_name) == (station.id, station.name)
        assert totals(session, found.scope).total_fen == sum(line.total_fen for line in found.page.items)
    with pytest.raises(PermissionDenied):
        list_entries(session, registrar, scope_of(session, Measure.OUTPUT), page=PAGE)


@pytest.mark.parametrize(
    ("kind", "region"),
    [
        (OrganisationKind.BUREAU, "320282"),
        (OrganisationKind.ENTERPRISE, "320281"),
        (OrganisationKind.UNIVERSITY, "320281"),
        (OrganisationKind.AGENCY, "320281"),
    ],
)
def test_others_do_not_see_behind_a_figure(session: Session, kind: OrganisationKind, region: str) -> None:
    actor = make_actor(session, kind, region_code=region)
    for scope in (scope_of(session), scope_of(session, park="320281-P01")):
        with pytest.raises(PermissionDenied) as error:
            list_entries(session, actor, scope, page=PAGE)
        assert error.value.code == "drill-down-denied"


def test_a_bureau_sees_behind_the_parks_of_its_region(session: Session, bureau: Actor) -> None:
    made = register(session, seller=party_in(session, "320281", "320281-P01"))
    scope = scope_of(session, Measure.OUTPUT, park="320281-P01")
    [entry] = list_entries(session, bureau, scope, page=PAGE).page.items
    assert entry.contract_id == made.id


def test_the_thread_leads_from_the_figure_to_the_need(
    session: Session, bureau: Actor, brokered: Contract
) -> None:
    thread = get_thread(session, bureau, contract_id=brokered.id)
    assert [line.entry.line for line in thread.lines] == [Line.REGISTRATION, Line.REVERSAL, Line.CHANGE]
    counted = [(part.place.measure, part.place.area, part.area_name) for part in thread.lines[0].counted_in]
    assert counted == [
        (Measure.REGISTERED, "320281", "江阴市"),
        (Measure.REGISTERED, "320000", "江苏省"),
        (Measure.REGISTERED, str(brokered.station_id), brokered.station.name),
        (Measure.OUTPUT, "340800", "安庆市"),
        (Measure.OUTPUT, "340000", "安徽省"),
        (Measure.ABSORBED, "320281", "江阴市"),
        (Measure.ABSORBED, "320000", "江苏省"),
    ]
    assert thread.contract.id == brokered.id
    assert thread.suggestion is not None
    assert thread.suggestion.reasons["facets"][0]["words"] == "技术领域相同"
    assert thread.broker is not None
    assert thread.broker.organisation is not None
    assert [event.event.action for event in thread.events] == [
        Action.SUGGEST,
        Action.RECOMMEND,
        Action.INTEREST,
        Action.AGREE,
        Action.SIGN,
    ]
    assert [event.words for event in thread.events] == DECISION_ONLY
    assert thread.need is not None
    assert thread.achievement is not None
    assert thread.need.organisation.id == brokered.buyer.organisation_id


def test_the_thread_leads_on_to_the_project(session: Session, bureau: Actor, brokered: Contract) -> None:
    assert get_thread(session, bureau, contract_id=brokered.id).project is None
    form = {"category": "conversion"}
    project = project_from_contract(session, OPERATOR, brokered.id, form=form, now=NOW)
    thread = get_thread(session, bureau, contract_id=brokered.id)
    assert thread.project is project


def test_a_party_may_follow_the_thread_of_its_contract(session: Session, brokered: Contract) -> None:
    user = make_user(session, session.get_one(Organisation, brokered.seller.organisation_id))
    thread = get_thread(session, actor_of(user), contract_id=brokered.id)
    assert [event.words for event in thread.events] == DECISION_ONLY


def test_the_broker_reads_all_words(session: Session, brokered: Contract) -> None:
    assert brokered.suggestion is not None
    broker = session.get_one(User, brokered.suggestion.broker_id)
    thread = get_thread(session, actor_of(broker), contract_id=brokered.id)
    assert thread.events[2].words == "最多出八十万"


def test_a_contract_made_elsewhere_has_a_short_thread(session: Session, bureau: Actor) -> None:
    contract = register(session)
    thread = get_thread(session, bureau, contract_id=contract.id)
    assert len(thread.lines) == 1
    assert thread.suggestion is thread.broker is thread.need is thread.achievement is None
    assert thread.events == []


@pytest.mark.parametrize(
    "kind", [OrganisationKind.ENTERPRISE, OrganisationKind.STATION, OrganisationKind.BUREAU]
)
def test_outsiders_do_not_learn_of_a_thread(
    session: Session, brokered: Contract, kind: OrganisationKind
) -> None:
    with pytest.raises(NotFound):
        get_thread(session, make_actor(session, kind, region_code="320282"), contract_id=brokered.id)


def test_a_thread_takes_a_constant_number_of_statements(
    session: Session, database: Database, brokered: Contract
) -> None:
    contract_id = brokered.id
    lengths = []
    for _ in range(2):
        session.expunge_all()
        with counting(database) as counted:
            get_thread(session, OPERATOR, contract_id=contract_id)
        lengths.append(len(counted.statements))
        contract = session.get_one(Contract, contract_id)
        for number in range(3):
            change(session, contract, total_amount_fen=130_000_000 + number)
    assert lengths == [8, 8]


def test_an_entry_is_found_by_its_number(session: Session, brokered: Contract) -> None:
    entry_id = session.scalars(select(TurnoverEntry.id).order_by(TurnoverEntry.id)).first()
    assert entry_id is not None
    assert get_entry(session, entry_id).contract_id == brokered.id
    with pytest.raises(NotFound) as error:
        get_entry(session, 10**9)
    assert error.value.code == "turnover-entry-not-found"


@pytest.mark.parametrize("measure", list(Measure))
def test_the_lines_behind_every_kind_of_figure_add_up_to_it(session: Session, measure: Measure) -> None:
    station = make_station(session)
    natures = ("0211", "150", "022")
    regions = ("320281", "340800", None)
    for number in range(9):
        contract = register(
            session,
            station=station if number % 2 else make_station(session),
            seller=party_in(session, regions[number % 2], nature=natures[number % 3]),
            buyer=party_in(session, regions[number % 3]),
            ip_kind=("21", "90")[number % 2],
            type_code=("KF", "ZR")[number // 5],
            total_amount_fen=10**number,
            tech_amount_fen=0,
        )
        if number % 4 == 3:
            end(session, contract)
    questions: list[dict[str, Any]] = [
        {},
        {"seller_natures": frozenset({"0211", "022"})},
        {"ip_kinds": frozenset({"21"}), "types": frozenset({"KF"})},
        {"reaches": frozenset({Reach.FOREIGN.value})},
        {"station_id": station.id},
    ]
    for values in questions:
        scope = scope_of(session, measure, region="000000", **values)
        lines = _all_lines(session, scope)
        counted = Sums(sum(line.count for line in lines), sum(line.total_fen for line in lines), 0)
        assert counted == totals(session, scope), values
        assert len({line.id for line in lines}) == len(lines)


def _all_lines(session: Session, scope: Scope) -> list[TurnoverEntry]:
    """Page through the lines behind a figure, a few at a time."""
    lines: list[TurnoverEntry] = []
    cursor = None
    while True:
        page = list_entries(session, OPERATOR, scope, page=PageRequest(cursor=cursor, limit=4)).page
        lines += page.items
        if page.next_cursor is None:
            return lines
        cursor = page.next_cursor
