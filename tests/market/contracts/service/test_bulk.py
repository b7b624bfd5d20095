"""Registrations in bulk: the same rows, lines and refusals as one by one, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, inspect, select
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.rules import OPERATOR, OrganisationKind, OrganisationStatus
from market.audit.models import AuditEvent
from market.contracts import service
from market.contracts.models import Certificate, Contract, ContractEvent
from market.contracts.service.bulk import BulkResult, enter_registered_contracts
from market.contracts.service.form import FIELDS
from market.contracts.service.registered_elsewhere import APART, RegisteredElsewhere, find_registered
from market.db import Base, Database
from market.errors import MarketError
from market.turnover.ledger import TurnoverLedger
from market.turnover.models import TurnoverCounter, TurnoverEntry, TurnoverFlow
from tests.factories import NOW, make_organisation, make_uscc
from tests.market.contracts.factories import make_registrar, make_station

IDS = frozenset({"id", "contract_id", "seller_id", "buyer_id", "entity_id"})
"""Columns that follow from the order of writing; they are compared by what they point to."""


def party(number: int, **values: Any) -> dict[str, Any]:
    return {"name": f"苏南第{number}机械厂", "nature_code": "150", "region_code": "320281", **values}


def row(station: Organisation, number: int, **values: Any) -> RegisteredElsewhere:
    """Return a registration of 2014, when nobody had a credit code."""
    apart = {name: values.pop(name) for name in APART if name in values}
    form = {
        "station_id": station.id,
        "project_name": f"热镀锌烟尘治理技术{number}",
        "type_code": "FW",
        "signed_on": date(2014, 2, 20),
        "seller": party(number),
        "buyer": party(number + 1000),
        "tech_field": "07",
        "ip_kind": "90",
        "plan_source": "90",
        "total_amount_fen": 12_000_000,
        "tech_amount_fen": 9_000_000,
        "payment_mode": "lump_sum",
    }
    usual = {"registered_on": date(2014, 3, 12), "reg_no": f"{20140281000000 + number}"}
    return RegisteredElsewhere(form=form | values, **(usual | apart))


def varied(session: Session, station: Organisation) -> list[RegisteredElsewhere]:
    """Return rows that use every field: deals abroad, members of the market, transfers, royalties."""
    known = make_organisation(session, OrganisationKind.UNIVERSITY, nature_code="022")
    unchecked = make_organisation(session, status=OrganisationStatus.PENDING)
    recent = {"signed_on": date(2024, 5, 6), "registered_on": date(2024, 5, 20)}
    member = party(2, name=known.name, uscc=known.uscc, nature_code="022", park_code="320281-P01")
    stranger = party(3, uscc=unchecked.uscc.lower() if unchecked.uscc else None)
    abroad = {"name": "Rhein Verfahrenstechnik GmbH", "nature_code": "930", "country_code": "276"}
    return [
        row(station, 1, external_id="N-1", subtype_code="FW1", related_party=True),
        row(station, 2, **recent, seller=member, buyer=stranger, type_code="KF", subtype_code="KF2",
            seo="10"),
        row(station, 3, **recent, seller=member, buyer=abroad, type_code="XK", valid_to=date(2027, 5, 5)),
        row(station, 4, **recent, seller=abroad, buyer=stranger, industry_code="33"),
        row(station, 5, type_code="ZR", new_input_fen=1_000, new_output_fen=2_000, reg_no="2014028100000005"),
        row(
            station, 6, **recent, seller=member, buyer=abroad, currency="USD", foreign_amount=1_000_000,
            exchange_rate="7.1", rate_on=date(2024, 5, 6), rate_source="中国人民银行中间价",
            total_amount_fen=7_100_000, tech_amount_fen=7_100_000,
        ),
        row(
            station, 7, **recent, seller=member, buyer=stranger, payment_mode="royalty", royalty_base="sales",
            royalty_terms="销售额的百分之三，五年", amount_is_estimate=True,
        ),
    ]  # fmt: skip


def one_by_one(
    session: Session, rows: Sequence[RegisteredElsewhere], **values: Any
) -> list[MarketError | None]:
    """Enter rows as people do; return why each was refused."""
    refusals: list[MarketError | None] = []
    for each in rows:
        try:
            with session.begin_nested():
                service.enter_registered_contract(
                    session,
                    values.get("actor", OPERATOR),
                    form=each.form,
                    registered_on=each.registered_on,
                    reg_no=each.reg_no,
                    external_id=each.external_id,
                    ledger=TurnoverLedger(),
                    now=NOW,
                )
        except MarketError as error:
            refusals.append(error)
        else:
            refusals.append(None)
    return refusals


def in_bulk(session: Session, rows: Sequence[RegisteredElsewhere], **values: Any) -> BulkResult:
    actor = values.get("actor", OPERATOR)
    return enter_registered_contracts(session, actor, rows, ledger=TurnoverLedger(), now=NOW)


def undone(session: Session, work: Callable[[], Any]) -> tuple[Any, dict[str, list[Any]]]:
    """Do work, look at all tables it writes, and undo it."""
    savepoint = session.begin_nested()
    result = work()
    session.flush()
    tables = {
        "contracts": [
            (plain(each), plain(each.seller), plain(each.buyer))
            for each in session.scalars(select(Contract).order_by(Contract.id))
        ],
        "events": by_contract(session, ContractEvent, ContractEvent.contract_id),
        "audit": by_contract(session, AuditEvent, AuditEvent.entity_id),
        "lines": by_contract(session, TurnoverEntry, TurnoverEntry.contract_id),
        "counters": sorted(repr(plain(each)) for each in session.scalars(select(TurnoverCounter))),
        "flows": sorted(repr(plain(each)) for each in session.scalars(select(TurnoverFlow))),
    }
    savepoint.rollback()
    session.expire_all()
    return result, tables


def by_contract(session: Session, model: type[Base], key: Any) -> list[Any]:
    statement = select(model, Contract.reg_no).join(Contract, key == Contract.id).order_by(Contract.id)
    return [(reg_no, plain(each)) for each, reg_no in session.execute(statement)]


def plain(written: Base) -> dict[str, Any]:
    columns = inspect(type(written)).column_attrs
    return {each.key: getattr(written, each.key) for each in columns if each.key not in IDS}


@pytest.fixture
def station(session: Session) -> Organisation:
    return make_station(session)


def test_the_rows_are_those_of_single_entries(session: Session, station: Organisation) -> None:
    rows = varied(session, station)
    refusals, single = undone(session, lambda: one_by_one(session, rows))
    result, bulk = undone(session, lambda: in_bulk(session, rows))
    assert refusals == [None] * len(rows)
    assert (list(result.entered), result.refused) == (list(range(len(rows))), {})
    assert len(bulk["contracts"]) == len(bulk["events"]) == len(bulk["lines"]) == len(rows)
    for name in single:
        assert bulk[name] == single[name], name


def test_every_field_of_the_form_is_tried(session: Session, station: Organisation) -> None:
    used = {name for each in varied(session, station) for name, value in each.form.items() if value}
    assert set(FIELDS) - used == {"valid_from", "licence_kind", "brokered_id"}


def test_refusals_are_those_of_single_entries(session: Session, station: Organisation) -> None:
    other = make_station(session)
    rows = [
        row(station, 1, external_id="N-1"),
        row(station, 2, reg_no="2014-2"),
        row(station, 3, registered_on=date(2025, 6, 11)),
        row(station, 4, tech_field="99"),
        row(station, 5, tech_amount_fen=12_000_001, type_code="XK"),
        row(station, 6, seller=party(6, region_code="999999")),
        row(station, 7, buyer=None),
        row(station, 8, reg_no="20140281000001"),
        row(station, 9, external_id="N-1"),
        row(station, 1, reg_no="20140281000099"),
        row(station, 11, seller=party(11, uscc=make_uscc()[:17] + "O")),
        row(other, 12),
        row(station, 13, subtype_code="KF1"),
        row(station, 14, seller=party(14, park_code="nowhere")),
        row(station, 15),
    ]
    registrar = make_registrar(session, station)
    refusals, single = undone(session, lambda: one_by_one(session, rows, actor=registrar))
    result, bulk = undone(session, lambda: in_bulk(session, rows, actor=registrar))
    assert [described(each) for each in refusals] == [
        described(result.refused.get(place)) for place in range(len(rows))
    ]
    assert list(result.entered) == [0, 14]
    assert bulk == single


def described(error: MarketError | None) -> Any:
    return None if error is None else (type(error), error.code, error.detail, error.fields)


def test_what_is_there_already_is_refused_in_words(session: Session, station: Organisation) -> None:
    in_bulk(session, [row(station, 1, external_id="N-1")])
    again = [
        row(station, 1),
        row(station, 1, reg_no="20140281000077"),
        row(station, 2, reg_no="20140281000088", external_id="N-1"),
        row(station, 3),
    ]
    result = in_bulk(session, again)
    assert [(place, error.code) for place, error in result.refused.items()] == [
        (0, "reg-no-taken"),
        (1, "duplicate-registration"),
        (2, "external-id-taken"),
    ]
    assert "20140281000001" in result.refused[1].detail
    assert session.scalar(select(func.count()).select_from(Contract)) == 2


def test_no_certificate_is_issued(session: Session, station: Organisation) -> None:
    in_bulk(session, [row(station, 1)])
    assert session.scalar(select(func.count()).select_from(Certificate)) == 0


def test_nothing_is_nothing(session: Session) -> None:
    assert in_bulk(session, []) == BulkResult({}, {})


def test_what_was_entered_is_found_by_either_number(session: Session, station: Organisation) -> None:
    rows = varied(session, station)
    in_bulk(session, rows)
    found = find_registered(session, reg_nos=[each.reg_no for each in rows[1:]], external_ids=["N-1"])
    assert [(each.reg_no, each.external_id, each.registered_on) for each in found] == [
        (each.reg_no, each.external_id, each.registered_on) for each in rows
    ]
    for there, entered in zip(found, rows, strict=True):
        said = {name: value for name, value in entered.form.items() if not isinstance(value, dict)}
        assert said.items() <= there.form.items()
        assert there.form["buyer"]["name"] == entered.form["buyer"]["name"]


def test_a_number_that_comes_in_meanwhile_stops_one_row_only(own_database: Database) -> None:
    with own_database.transaction() as session:
        station = make_station(session)
    results: list[BulkResult] = []

    def import_both() -> None:
        with own_database.transaction() as session:
            results.append(in_bulk(session, [row(station, 1), row(station, 2)]))

    other = threading.Thread(target=import_both)
    with own_database.transaction() as session:
        in_bulk(session, [row(station, 3, reg_no=row(station, 1).reg_no)])
        other.start()
        other.join(timeout=0.5)
        assert other.is_alive()  # it waits for us, before or at the number
    other.join(timeout=30)
    [result] = results
    assert {place: error.code for place, error in result.refused.items()} == {0: "reg-no-taken"}
    assert list(result.entered) == [1]
    with own_database.reading() as session:
        assert session.scalar(select(func.count()).select_from(TurnoverEntry)) == 2
