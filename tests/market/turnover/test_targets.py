"""Targets: loading, and progress that is exact or admits that it is not known."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.contracts.models import Attribution, Contract
from market.contracts.rules import Status
from market.db import Database
from market.errors import NotFound
from market.listings.rules import Validation
from market.turnover.models import Target
from market.turnover.progress import Progress
from market.turnover.progress.counting import EMPTY
from market.turnover.progress.table import COUNTERS
from market.turnover.rules import FEN_PER_YI, Measure, Span
from market.turnover.target_rules import (
    INDICATOR_ABSORBED,
    INDICATOR_AMOUNT,
    MISSING_SOURCES,
    UNKNOWN_SOURCE,
    Basis,
    Comparator,
)
from market.turnover.targets import get_target, list_targets, load_targets
from seed.loaders import REFERENCE, load_reference
from tests.factories import NOW, make_need, make_organisation
from tests.market.contracts.factories import make_contract, make_station
from tests.market.turnover.conftest import counting
from tests.market.turnover.factories import party_in, register

TODAY = date(2025, 6, 10)
JIANGYIN, ANQING, LIANYUNGANG, CHANGZHOU = "320281", "340800", "320700", "320400"


def _progress(
    session: Session,
    region: str,
    indicator: str,
    *,
    year: int | None = None,
    today: date = TODAY,
    actor: Actor | None = OPERATOR,
) -> Progress:
    [found] = list_targets(session, actor, region=region, indicator=indicator, today=today, year=year)
    return found.progress


def _register(session: Session, day: date, yi: str, *, region: str = JIANGYIN, **values: Any) -> None:
    fen = int(Decimal(yi) * FEN_PER_YI)
    values = {"buyer": party_in(session, region), "tech_amount_fen": fen // 4, **values}
    station = make_station(session, region_code=region)
    register(session, station=station, registered_on=day, total_amount_fen=fen, **values)


def test_loading_again_changes_nothing(session: Session) -> None:
    before = session.execute(select(Target.__table__).order_by(Target.id)).all()
    with (REFERENCE / "targets.csv").open(encoding="utf-8") as file:
        lines = len(file.readlines()) - 1
    assert len(before) == lines
    load_reference(session)
    assert session.execute(select(Target.__table__).order_by(Target.id)).all() == before


def _row(**values: Any) -> dict[str, Any]:
    return {
        "region_code": "320282",
        "indicator": "contract_amount",
        "phrase": "技术合同成交额",
        "comparator": ">=",
        "value": "12.5",
        "unit": "亿元",
        "basis": "annual",
        "period_start": None,
        "period_end": None,
        "source": "测试",
        "note": "",
        **values,
    }


def test_a_known_target_is_brought_up_to_date(session: Session) -> None:
    count = session.scalar(select(func.count(Target.id)))
    assert load_targets(session, [_row(), _row(basis="cum"), _row(value="13")]) == 3
    assert session.scalar(select(func.count(Target.id))) == (count or 0) + 2
    target = session.scalars(
        select(Target).where(Target.region_code == "320282", Target.basis == Basis.ANNUAL)
    ).one()
    assert (target.number, target.comparator) == (Decimal("13"), Comparator.AT_LEAST)


@pytest.mark.parametrize(
    "values", [{"value": "many"}, {"value": "NaN"}, {"comparator": "<"}, {"basis": "odd"}]
)
def test_unreadable_targets_are_refused(session: Session, values: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="is not a"):
        load_targets(session, [_row(**values)])


def test_an_amount_accumulates_from_the_plans_start(session: Session) -> None:
    _register(session, date(2022, 12, 31), "1000")
    _register(session, date(2023, 1, 1), "120")
    _register(session, date(2025, 6, 1), "60.0000000001")
    _register(session, date(2025, 6, 1), "77", region="320282")
    found = _progress(session, JIANGYIN, INDICATOR_AMOUNT)
    assert found.reading is not None
    assert found.reading.value == Decimal("180.0000000001")
    assert (found.reading.fen, found.reading.text) == (1_800_000_000_001, "180.00亿元")
    assert (found.reading.percent, found.reading.reached) == (Decimal("60.0"), False)
    assert found.span == Span(date(2023, 1, 1), date(2025, 6, 30))
    assert (found.measure, found.alternative, found.missing_source) == (Measure.REGISTERED, None, None)
    assert found.elapsed_percent == Decimal("81.4")
    assert found.remark is None
    assert found.records == (
        "/api/v1/turnover/entries?measure=registered&region=320281&period=2023-01..2025-06",
    )
    _register(session, date(2025, 6, 2), "120")
    again = _progress(session, JIANGYIN, INDICATOR_AMOUNT)
    assert again.reading is not None
    assert again.reading.reached is True


def test_books_that_begin_late_are_admitted(session: Session) -> None:
    assert _progress(session, JIANGYIN, INDICATOR_AMOUNT).remark == "本市场尚无该地区的登记数据。"
    _register(session, date(2024, 3, 5), "1")
    remark = _progress(session, JIANGYIN, INDICATOR_AMOUNT).remark
    assert remark == "本市场的登记数据自2024年3月起，此前的登记未录入，未计入本数。"


def test_an_annual_amount_is_of_one_year(session: Session) -> None:
    for day, amount in [(date(2024, 5, 1), "7"), (date(2025, 5, 1), "9")]:
        _register(session, day, amount, region="320411")
    now = _progress(session, CHANGZHOU, INDICATOR_AMOUNT)
    assert now.reading is not None
    assert (now.year, now.reading.value, now.reading.percent) == (2025, Decimal(9), Decimal("2.0"))
    assert now.elapsed_percent == Decimal("44.1")
    before = _progress(session, CHANGZHOU, INDICATOR_AMOUNT, year=2024)
    assert before.reading is not None
    assert (before.year, before.reading.value, before.elapsed_percent) == (2024, Decimal(7), Decimal("100.0"))
    assert _progress(session, LIANYUNGANG, INDICATOR_AMOUNT).year == 2020


def test_a_multiple_of_the_base_year_is_read_both_ways(session: Session) -> None:
    _register(session, date(2021, 7, 1), "2", region=ANQING)
    _register(session, date(2025, 2, 1), "5", region="340802", tech_amount_fen=FEN_PER_YI // 2)
    found = _progress(session, ANQING, INDICATOR_AMOUNT)
    assert found.reading is not None
    assert found.alternative is not None
    assert (found.reading.value, found.reading.text, found.reading.reached) == (
        Decimal("2.500"),
        "2.500倍",
        True,
    )
    assert (found.alternative.value, found.alternative.reached) == (Decimal("1.000"), False)
    assert found.reading.name == "合同成交额相对2021年的倍数"
    assert found.alternative.name == "技术交易额相对2021年的倍数"
    assert found.alternative.percent == Decimal("50.0")


def test_a_multiple_of_nothing_is_not_guessed(session: Session) -> None:
    _register(session, date(2025, 2, 1), "5", region=ANQING)
    found = _progress(session, ANQING, INDICATOR_AMOUNT)
    assert found.reading is None
    assert found.missing_source is not None
    assert "2021年" in found.missing_source


def test_absorbed_amounts_count_buyers(session: Session) -> None:
    _register(session, date(2025, 2, 1), "5", buyer=party_in(session, ANQING))
    _register(session, date(2025, 2, 1), "9", region=ANQING, buyer=party_in(session, JIANGYIN))
    found = _progress(session, ANQING, INDICATOR_ABSORBED)
    assert found.reading is not None
    assert (found.measure, found.reading.value) == (Measure.ABSORBED, Decimal(5))
    assert (found.reading.percent, found.reading.reached) == (None, None)


def test_valid_needs_are_counted_by_the_day_of_validation(session: Session) -> None:
    enterprise = make_organisation(session)
    first_moment = datetime(2022, 12, 31, 16, 0, tzinfo=UTC)  # midnight in China
    for moment, validation in [
        (first_moment, Validation.VALID),
        (datetime(2025, 6, 10, 15, 59, tzinfo=UTC), Validation.VALID),
        (first_moment - timedelta(seconds=1), Validation.VALID),
        (datetime(2025, 6, 10, 16, 0, tzinfo=UTC), Validation.VALID),
        (datetime(2025, 1, 1, tzinfo=UTC), Validation.INVALID),
    ]:
        make_need(session, enterprise, validation=validation, validated_at=moment)
    make_need(
        session, enterprise, region_code="320282", validation=Validation.VALID, validated_at=first_moment
    )
    found = _progress(session, JIANGYIN, "valid_needs")
    assert found.reading is not None
    assert (found.reading.value, found.reading.text) == (Decimal(2), "2项")
    assert found.reading.percent == Decimal("0.4")


def _credit(session: Session, contract: Contract, *shares_bp: int, **values: Any) -> None:
    agency = make_organisation(session, OrganisationKind.AGENCY)
    for share_bp in shares_bp:
        session.add(
            Attribution(
                contract_id=contract.id,
                agency_id=agency.id,
                role="matching",
                share_bp=share_bp,
                created_at=NOW,
                **values,
            )
        )
    session.flush()


def test_deals_landed_by_agencies_are_those_they_are_credited_with(session: Session) -> None:
    def landed(yi: str = "3", **values: Any) -> Contract:
        buyer = values.pop("buyer", party_in(session, "340802"))
        fen = int(Decimal(yi) * FEN_PER_YI)
        values = {"registered_on": date(2025, 2, 1), "buyer": buyer, **values}
        return make_contract(session, total_amount_fen=fen, tech_amount_fen=0, **values)

    first = landed()
    _credit(session, first, 5000, 2500)
    _credit(session, landed("0.0000000003"), 5000)
    _credit(session, landed(), 10_000, withdrawn_at=NOW)
    _credit(session, landed(buyer=party_in(session, JIANGYIN)), 10_000)
    _credit(session, landed(registered_on=date(2024, 12, 31)), 10_000)
    _credit(session, landed(status=Status.REVOKED), 10_000)
    _credit(session, landed(type_code="FW", subtype_code="FW2", brokered_id=first.id), 10_000)
    landed()
    deals = _progress(session, ANQING, "agency_landed_deals")
    amount = _progress(session, ANQING, "agency_landed_amount")
    assert deals.reading is not None
    assert amount.reading is not None
    assert deals.records == (f"/api/v1/rankings?region={ANQING}&year=2025",)
    assert (deals.reading.value, amount.reading.fen) == (Decimal(2), 22_500_000_002)
    assert deals.measure is Measure.ABSORBED
    for indicator in ("agency_landed_deals", "agency_landed_amount"):
        hidden = _progress(session, ANQING, indicator, actor=None)
        assert hidden.reading is None
        assert (
            hidden.missing_source == "尚未发布：主管部门发布技术转移机构年度排名（/api/v1/rankings）后可见。"
        )


def test_what_the_market_cannot_know_says_who_would(session: Session) -> None:
    found = _progress(session, JIANGYIN, "fund_scale")
    assert (found.reading, found.definition, found.records) == (None, None, ())
    assert found.missing_source == MISSING_SOURCES["fund_scale"]
    load_targets(session, [_row(indicator="new_indicator", basis="stock")])
    assert _progress(session, "320282", "new_indicator").missing_source == UNKNOWN_SOURCE


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"basis": "cum"}, "从何时起算"),
        ({"basis": "rel", "comparator": "x", "base_year": None}, "没有写明基年"),
    ],
)
def test_plans_that_leave_out_what_is_needed(session: Session, values: dict[str, str], words: str) -> None:
    load_targets(session, [_row(**values)])
    missing = _progress(session, "320282", INDICATOR_AMOUNT).missing_source
    assert missing is not None
    assert words in missing


@pytest.mark.parametrize("indicator", ["valid_needs", "published_listings"])
def test_counts_need_a_start_too(session: Session, indicator: str) -> None:
    load_targets(session, [_row(indicator=indicator, basis="cum", unit="项")])
    missing = _progress(session, "320282", indicator).missing_source
    assert missing is not None
    assert "从何时起算" in missing


def test_one_target_is_found_by_its_number(session: Session) -> None:
    target_id = session.scalars(select(Target.id).order_by(Target.id)).first()
    assert target_id is not None
    assert get_target(session, OPERATOR, target_id, today=TODAY).target.phrase == "技术合同成交额"
    with pytest.raises(NotFound) as error:
        get_target(session, None, 10**9, today=TODAY)
    assert error.value.code == "target-not-found"


def test_a_count_costs_one_statement_or_two(session: Session, database: Database) -> None:
    with counting(database) as listing:
        found = list_targets(session, OPERATOR, region=JIANGYIN, indicator=None, today=TODAY)
    counted = [row for row in found if row.target.indicator in COUNTERS]
    assert len(counted) > 35
    # One for the list, three for the amount; two more each for the sharing of resources and for challenges.
    zeros = sum(EMPTY in (row.progress.remark or "") for row in counted)
    assert len(listing.statements) <= 4 + len(counted) + zeros + 6
    with counting(database) as listing:
        assert list_targets(session, None, region=JIANGYIN, indicator="fund_scale", today=TODAY)
    assert len(listing.statements) == 1


def test_every_target_of_the_plans_gives_a_value_or_says_where_it_would_come_from(session: Session) -> None:
    for region in (JIANGYIN, LIANYUNGANG, CHANGZHOU, ANQING):
        _register(session, date(2021, 2, 1), "3", region=region)
        _register(session, date(2025, 2, 1), "3", region=region)
    regions = sorted(set(session.scalars(select(Target.region_code))))
    for actor, asked in ((OPERATOR, [None]), (None, regions)):
        every = [
            row
            for region in asked
            for row in list_targets(session, actor, region=region, indicator=None, today=TODAY)
        ]
        assert len(every) > 70
        for row in every:
            found = row.progress
            assert (found.reading is None) != (found.missing_source is None), row.target.phrase
            assert (found.reading is None) == (found.definition is None) == (not found.records)
            if found.missing_source is not None:
                assert any(words in found.missing_source for words in ("应来自", "尚未发布", "/api/v1/")), (
                    row.target.phrase
                )
    # Nobody is told of what is not published; evaluations and base years are not on record here.
    told = {row.target.indicator for row in every if row.progress.reading is not None}
    unknown = {name for name, counter in COUNTERS.items() if counter.missing is not None}
    assert told == COUNTERS.keys() - unknown
