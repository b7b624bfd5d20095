"""Importing contracts registered elsewhere: entered once, counted once, never changed by a file."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from market.accounts.models import Organisation
from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, Actor
from market.clock import FixedClock
from market.contracts.models import Contract
from market.contracts.rules import Status
from market.db import Database
from market.errors import PermissionDenied, RuleViolation
from market.exchange.rules.runs import ImportKind, ImportOptions, Mode
from market.exchange.service import ImportReport, plan_import, run_import
from market.turnover.ledger import TurnoverLedger
from market.turnover.models import TurnoverEntry
from tests.factories import NOW, make_actor, make_user
from tests.market.contracts.factories import make_station
from tests.market.exchange.factories import DATA

STATION = "江阴市技术合同登记站"
TEXT = (DATA / "contracts.csv").read_text(encoding="utf-8")


@pytest.fixture
def station(database: Database) -> Organisation:
    with database.transaction() as session:
        return make_station(session, name=STATION)


def run(
    database: Database,
    text: str = TEXT,
    *,
    actor: Actor = OPERATOR,
    clock: FixedClock | None = None,
    **values: Any,
) -> ImportReport:
    chosen = ImportOptions(
        **{
            "kind": ImportKind.CONTRACTS,
            "organisation": "江阴市技术合同登记站",
            "mode": Mode.SKIP_BAD_ROWS,
            **values,
        }
    )
    with database.reading() as session:
        plan = plan_import(
            session, actor, stream=io.BytesIO(text.encode()), file_name="contracts.csv", options=chosen
        )
    return run_import(database, actor, plan, encoder=None, ledger=TurnoverLedger(), clock=FixedClock(NOW))


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.run.created, report.run.updated, report.run.unchanged, report.run.failed


def ledger_total(database: Database) -> tuple[int, int]:
    with database.reading() as session:
        total = session.scalar(select(func.sum(TurnoverEntry.total_fen))) or 0
        return session.scalar(select(func.count()).select_from(TurnoverEntry)) or 0, int(total)


def test_contracts_are_registered_and_counted_on_their_day(database: Database, station: Organisation) -> None:
    report = run(database)
    assert report.errors == []
    assert counts(report) == (2, 0, 0, 0)
    with database.reading() as session:
        first, second = session.scalars(select(Contract).order_by(Contract.reg_no))
        assert (first.status, first.registered_on) == (Status.REGISTERED, date(2014, 3, 12))
        assert (first.total_amount_fen, first.tech_amount_fen) == (45_600_000, 40_000_000)
        assert (first.type_code, first.rule_version, first.station_id) == ("KF", "2000", station.id)
        assert (second.seller.region_code, second.buyer.region_code) == ("320281", "310113")
        assert (second.seller.nature_code, second.ip_kind) == ("020", "90")
        assert set(session.scalars(select(TurnoverEntry.effective_on))) == {
            date(2014, 3, 12), date(2014, 5, 6),
        }  # fmt: skip
    assert ledger_total(database) == (2, 57_600_000)


def test_running_twice_counts_nothing_twice(database: Database, station: Organisation) -> None:
    run(database)
    before = ledger_total(database)
    assert counts(run(database)) == (0, 0, 2, 0)
    assert ledger_total(database) == before


def test_a_row_that_differs_is_named_by_column_and_changes_nothing(
    database: Database, station: Organisation
) -> None:
    run(database)
    before = ledger_total(database)
    report = run(database, TEXT.replace(",45.6,", ",46.5,").replace("苏北某机械厂", "苏北某机床厂"))
    assert counts(report) == (0, 0, 1, 1)
    assert [(e.row, e.column, e.code) for e in report.errors] == [
        (2, "合同成交额（万元）", "contract-differs"),
        (2, "买方名称", "contract-differs"),
    ]
    assert "苏北某机械厂" in report.errors[1].detail
    assert ledger_total(database) == before


def test_the_same_contract_under_another_number_is_refused(database: Database, station: Organisation) -> None:
    run(database)
    report = run(database, TEXT.replace("20140281000101", "20140281000109"))
    [error] = report.errors
    assert (error.row, error.column, error.code) == (2, "项目名称", "duplicate-registration")


def test_bad_rows_are_found_by_column(database: Database, station: Organisation) -> None:
    text = TEXT.replace("20140281000101", "2014-1").replace(",12,12,", ",12,13,")
    report = run(database, text)
    assert [(e.row, e.column, e.code) for e in report.errors] == [
        (2, "登记编号", "bad-format"),
        (3, "技术交易额（万元）", "bad-amount"),
    ]
    assert ledger_total(database) == (0, 0)


def test_all_or_nothing_leaves_no_line_in_the_ledger(database: Database, station: Organisation) -> None:
    report = run(database, TEXT.replace(",12,12,", ",12,13,"), mode=Mode.ALL_OR_NOTHING)
    assert counts(report) == (0, 0, 0, 1)
    assert ledger_total(database) == (0, 0)


def test_registrars_enter_at_their_own_station_only(database: Database, station: Organisation) -> None:
    with database.transaction() as session:
        registrar = actor_of(make_user(session, station))
        stranger = actor_of(make_user(session, make_station(session)))
        company = make_actor(session)
    assert counts(run(database, actor=registrar, organisation=None)) == (2, 0, 0, 0)
    report = run(database, actor=stranger, organisation=None)
    assert [error.code for error in report.errors] == ["reg-no-taken", "reg-no-taken"]
    assert all("苏北" not in error.detail for error in report.errors)
    for actor, code in ((stranger, "not-own-organisation"), (company, "role-not-allowed")):
        with pytest.raises(PermissionDenied) as refusal:
            run(database, actor=actor)
        assert refusal.value.code == code


def test_contracts_are_not_published_and_need_a_station(database: Database, station: Organisation) -> None:
    with database.transaction() as session:
        company = make_actor(session, name="不是登记站的公司")
    assert company.organisation_id is not None
    for values, code in (
        ({"publish": True}, "publish-not-applicable"),
        ({"organisation": "不是登记站的公司"}, "station-unknown"),
    ):
        with pytest.raises(RuleViolation) as refusal:
            run(database, **values)
        assert refusal.value.code == code
