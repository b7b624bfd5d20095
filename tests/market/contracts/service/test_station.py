"""Stations: whom they serve and who does what in them; on both databases."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, OrganisationKind, OrganisationStatus
from market.contracts import queries, service
from market.contracts.rules import Duty, Status
from market.errors import PermissionDenied, RuleViolation
from tests.factories import NOW, make_actor, make_organisation, make_user
from tests.market.contracts.factories import (
    Cast,
    contract_form,
    make_application,
    make_cast,
    make_registrar,
    make_station,
    make_territory,
)


@pytest.fixture
def cast(session: Session) -> Cast:
    return make_cast(session)


def test_an_applicant_from_elsewhere_is_told_which_station_serves_it(session: Session, cast: Cast) -> None:
    elsewhere = make_station(session, region_code="320282")
    closed = make_station(session, status=OrganisationStatus.SUSPENDED)
    with pytest.raises(RuleViolation) as error:
        service.apply_for_registration(
            session, cast.seller, form=contract_form(cast, station_id=elsewhere.id), now=NOW
        )
    [fault] = error.value.fields
    assert (fault.pointer, fault.code) == ("/station_id", "outside-territory")
    assert cast.station.name in fault.detail
    assert closed.name not in fault.detail
    assert fault.source is not None


@pytest.mark.parametrize(
    ("areas", "serves"),
    [([], True), (["320282"], False), (["320200"], True), (["320281", "320282"], True), (["000000"], True)],
)
def test_a_territory_holds_the_regions_inside_it(
    session: Session, cast: Cast, areas: list[str], serves: bool
) -> None:
    for area in areas:
        make_territory(session, cast.station, area)
    assert queries.serves(session, cast.station, "320281") is serves
    assert (cast.station in queries.stations_serving(session, "320281")) is serves


def test_a_territory_drawn_anew_is_looked_at_again_when_handing_in(session: Session, cast: Cast) -> None:
    contract = make_application(session, cast, status=Status.DRAFT)
    make_territory(session, cast.station, "320282")
    with pytest.raises(RuleViolation) as error:
        service.submit_contract(session, cast.seller, contract.id, now=NOW)
    assert error.value.code == "outside-territory"


def test_where_nobody_serves_the_bureau_is_named(session: Session, cast: Cast) -> None:
    make_territory(session, cast.station, "320282")
    with pytest.raises(RuleViolation) as error:
        service.apply_for_registration(session, cast.seller, form=contract_form(cast), now=NOW)
    assert "目前没有登记机构受理该地区" in error.value.detail


def test_duties_hold_from_day_to_day(session: Session, cast: Cast) -> None:
    registrar = make_registrar(session, cast.station, duties=[])
    today = date(2025, 6, 10)
    assert registrar.user_id is not None
    granted = service.grant_duty(
        session,
        cast.bureau,
        cast.station.id,
        user_id=registrar.user_id,
        duty=Duty.EXAMINE,
        valid_from=today + timedelta(days=1),
        now=NOW,
    )

    def held(day: date) -> frozenset[Duty]:
        return queries.duties_of(session, registrar.user_id, cast.station.id, day=day)

    assert (held(today), held(today + timedelta(days=1))) == (frozenset(), {Duty.EXAMINE})
    granted.valid_to = today + timedelta(days=2)
    session.flush()
    assert held(today + timedelta(days=2)) == {Duty.EXAMINE}
    assert held(today + timedelta(days=3)) == frozenset()
    assert queries.duties_of(session, None, cast.station.id, day=today) == frozenset()


def test_only_those_above_a_station_staff_it(session: Session, cast: Cast) -> None:
    person = make_user(session, cast.station)
    elsewhere = make_actor(session, OrganisationKind.BUREAU, uscc=None, region_code="340800")
    pending = make_actor(
        session,
        OrganisationKind.BUREAU,
        uscc=None,
        region_code="320200",
        status=OrganisationStatus.PENDING,
    )
    for actor in (cast.registrar, cast.seller, elsewhere, pending):
        with pytest.raises(PermissionDenied):
            service.grant_duty(
                session,
                actor,
                cast.station.id,
                user_id=person.id,
                duty=Duty.APPROVE,
                valid_from=None,
                now=NOW,
            )
    row = service.grant_duty(
        session,
        OPERATOR,
        cast.station.id,
        user_id=person.id,
        duty=Duty.APPROVE,
        valid_from=None,
        now=NOW,
    )
    assert row in queries.list_duties(session, cast.registrar, cast.station.id)


def test_a_duty_at_another_station_helps_nobody(session: Session, cast: Cast) -> None:
    other = make_registrar(session, make_station(session))
    assert queries.duties_of(session, other.user_id, cast.station.id, day=date(2025, 6, 10)) == frozenset()


def test_an_organisation_that_is_no_station_has_no_duties(session: Session, cast: Cast) -> None:
    company = make_organisation(session)
    with pytest.raises(Exception, match="没有找到该技术合同登记机构") as error:
        queries.get_station(session, company.id)
    assert getattr(error.value, "code", None) == "station-not-found"


def test_saying_a_territory_again_renews_its_source(session: Session, cast: Cast) -> None:
    for source in ("设立批复", "调整批复"):
        shown = service.add_territory(
            session, cast.bureau, cast.station.id, region_code="320200", source=source, now=NOW
        )
    assert [(area.region_name, area.source) for area in shown.territories] == [("无锡市", "调整批复")]
