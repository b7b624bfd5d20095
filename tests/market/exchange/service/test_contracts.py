"""Importing contracts registered elsewhere: entered once, counted once, never changed by a file."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, Actor
from market.clock import FixedClock
from market.contracts.models import Contract
from market.contracts.rules import Status
from market.db import Database
from market.errors import PermissionDenied, RuleViolation
from market.exchange.models import ImportRun
from market.exchange.rules.runs import ImportKind, ImportOptions, Mode
from market.exchange.service import ImportReport, plan_import, run_import
from market.exchange.service.contracts import ContractWriter
from market.turnover.ledger import TurnoverLedger
from market.turnover.models import TurnoverEntry
from tests.factories import NOW, make_actor, make_user
from tests.market.contracts.factories import make_registrar, make_station
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
    ledger: TurnoverLedger | None = None,
    progress: Callable[[int], None] | None = None,
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
    return run_import(
        database,
        actor,
        plan,
        encoder=None,
        ledger=ledger or TurnoverLedger(),
        clock=FixedClock(NOW),
        progress=progress,
    )


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
        registrar = make_registrar(session, station)
        idle = actor_of(make_user(session, station))
        stranger = actor_of(make_user(session, make_station(session)))
        company = make_actor(session)
    assert counts(run(database, actor=idle, organisation=None)) == (0, 0, 0, 2)  # nobody gave them a duty
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


HEADER, FIRST, SECOND = TEXT.splitlines()


def table(*lines: str, header: str = HEADER) -> str:
    return "\n".join([header, *lines]) + "\n"


def many(count: int, amount: str) -> str:
    """Return so many rows like the first, of this amount each."""
    return table(
        *(
            FIRST.replace("20140281000101", f"{20140281000101 + number}")
            .replace("模拟软件", f"模拟软件{number}")
            .replace(",45.6,40,", f",{amount},{amount},")
            for number in range(count)
        )
    )


def test_amounts_in_another_unit_are_refused_before_anything_is_written(
    database: Database, station: Organisation
) -> None:
    text = many(6, "45.6").replace("（万元）", "（元）")
    with pytest.raises(RuleViolation) as refusal:
        run(database, text)
    assert refusal.value.code == "amount-unit-doubtful"
    assert "“合同成交额（元）”一列按“元”读入，6项技术开发合同的中位数为45.6元" in refusal.value.detail
    assert [fault.pointer for fault in refusal.value.fields] == ["/total_amount_fen", "/tech_amount_fen"]
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(ImportRun)) == 0
    assert counts(run(database, text, confirm_unit=True)) == (6, 0, 0, 0)
    assert counts(run(database, many(6, "45.6"))) == (0, 0, 0, 6)


def test_the_market_itself_tells_what_is_usual(database: Database, station: Organisation) -> None:
    run(database, many(100, "0.02"), confirm_unit=True)
    report = run(database, many(106, "0.02"))
    assert counts(report) == (6, 0, 100, 0)


def test_old_licences_are_transfers(database: Database, station: Organisation) -> None:
    header = HEADER + ",合同小类,预计新增投入（万元）,预计新增产值（万元）"
    lines = [
        FIRST.replace("技术开发合同", "技术许可") + ",专利实施许可,10,20",
        SECOND.replace(",技术服务,", ",技术转让,") + ",XK2,10,",
    ]
    report = run(database, table(*lines, header=header))
    assert [(error.row, error.column, error.code) for error in report.errors] == [
        (3, "预计新增产值（万元）", "forecast-missing")
    ]
    assert report.errors[0].source
    with database.reading() as session:
        [contract] = session.scalars(select(Contract))
        assert (contract.type_code, contract.subtype_code, contract.rule_version) == ("ZR", "ZR8", "2000")


def test_customs_codes_are_found_out(database: Database, station: Organisation) -> None:
    lines = [
        FIRST + ",142,304",
        SECOND + ",142,142",
    ]
    lines[0] = lines[0].replace("江苏省常州市", "").replace("有限责任公司", "930")
    report = run(database, table(*lines, header=HEADER + ",卖方国家,买方国家"))
    assert report.errors == []
    with database.reading() as session:
        abroad = session.scalars(select(Contract).where(Contract.abroad)).one()
        assert abroad.buyer.country_code == "276"


def test_words_of_another_system_have_meanings(database: Database, station: Organisation) -> None:
    text = TEXT.replace(",分期支付", ",F2").replace(",技术开发合同,", ",01,")
    assert run(database, text).run.failed == 1
    words = {"payment_mode": {"F2": "分期支付"}, "合同类别": {"01": "KF"}}
    assert counts(run(database, text, words=words)) == (1, 0, 1, 0)
    with pytest.raises(RuleViolation, match="支付方式"):
        run(database, text, words={"payment_mode": {"F2": "以物易物"}})
    with pytest.raises(RuleViolation, match="没有“颜色”"):
        run(database, text, words={"颜色": {"红": "KF"}})


def test_a_brokerage_names_the_contract_it_brokered(database: Database, station: Organisation) -> None:
    lines = [
        SECOND + ",技术中介,20140281000101",
        FIRST + ",,",
        SECOND.replace("102,", "103,") + ",,20140281000999",
    ]
    report = run(database, table(*lines, header=HEADER + ",合同小类,所促成合同登记编号"))
    assert counts(report) == (2, 0, 0, 1)
    assert [(error.row, error.column, error.code) for error in report.errors] == [
        (4, "所促成合同登记编号", "brokered-not-found")
    ]
    with database.reading() as session:
        by_number = {each.reg_no: each for each in session.scalars(select(Contract))}
    assert by_number["20140281000102"].brokered_id == by_number["20140281000101"].id


def test_foreign_money_and_royalties(database: Database, station: Organisation) -> None:
    header = HEADER + ",币种,外币金额,汇率,汇率日期,汇率来源,提成基数,提成约定,有效期限"
    lines = [
        FIRST.replace(",45.6,40,", ",71,71,")
        + ",美元,10万,7.1,2014-02-20,中国人民银行,,,2014-02-20至2016-02-19",
        SECOND.replace("一次总付", "提成支付") + ",,,,,,销售额,百分之三,2015-01-01",
    ]
    assert run(database, table(*lines, header=header)).errors == []
    with database.reading() as session:
        first, second = session.scalars(select(Contract).order_by(Contract.reg_no))
    assert (first.currency, first.foreign_amount, first.exchange_rate) == ("USD", 10_000_000, "7.1")
    assert (first.valid_from, first.valid_to) == (date(2014, 2, 20), date(2016, 2, 19))
    assert (second.royalty_base, second.royalty_terms) == ("sales", "百分之三")
    assert (second.valid_from, second.valid_to) == (None, date(2015, 1, 1))


class FailingLedger(TurnoverLedger):
    """A ledger whose power goes out at the second posting."""

    def __init__(self) -> None:
        self.postings = 0

    def post_registrations(self, session: Session, *args: Any, **values: Any) -> None:
        """Post once, then fail."""
        self.postings += 1
        if self.postings == 2:
            raise OSError("no power")
        super().post_registrations(session, *args, **values)


def test_a_run_that_breaks_off_is_completed_by_the_next(
    database: Database, station: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ContractWriter, "batch", 2)
    text = many(5, "45.6").replace(",45.6,45.6,", ",45.6,46,", 1)
    with pytest.raises(OSError, match="no power"):
        run(database, text, ledger=FailingLedger())
    assert ledger_total(database) == (1, 45_600_000)
    progress: list[int] = []
    again = run(database, text, progress=progress.append)
    assert counts(again) == (3, 0, 1, 1)
    assert [error.row for error in again.errors] == [2]
    assert progress == [2, 2, 1]
    assert ledger_total(database) == (4, 4 * 45_600_000)


def test_a_contract_twice_in_a_file_is_entered_once(database: Database, station: Organisation) -> None:
    lines = [FIRST, SECOND, FIRST.replace("0101,", "0109,"), SECOND]
    report = run(database, table(*lines))
    assert counts(report) == (2, 0, 0, 2)
    assert [(error.row, error.column, error.code) for error in report.errors] == [
        (4, "项目名称", "duplicate-registration"),
        (5, "登记编号", "duplicate-in-file"),
    ]
