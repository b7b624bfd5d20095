"""Targets looking ahead, and targets as the public reads them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.turnover.models import Target
from market.turnover.progress import Progress
from market.turnover.progress.outlook import Method
from market.turnover.rules import FEN_PER_YI, ReleaseKind, Span
from market.turnover.service import publish_release
from market.turnover.target_rules import INDICATOR_AMOUNT
from market.turnover.targets import list_targets
from tests.factories import NOW, make_actor
from tests.market.contracts.factories import make_station
from tests.market.turnover.factories import party_in, register

TODAY = date(2025, 6, 10)
JIANGYIN, ANQING, CHANGZHOU = "320281", "340800", "320400"


def _progress(
    session: Session, region: str, *, actor: Actor | None = OPERATOR, today: date = TODAY
) -> Progress:
    [found] = list_targets(session, actor, region=region, indicator=INDICATOR_AMOUNT, today=today)
    return found.progress


def _register(session: Session, day: date, yi: str, *, region: str = JIANGYIN) -> None:
    """Register an amount as three contracts: that of fewer is never published."""
    station, buyer = make_station(session, region_code=region), party_in(session, region)
    for fen in (int(Decimal(yi) * FEN_PER_YI) - 2, 1, 1):
        register(
            session,
            station=station,
            buyer=buyer,
            registered_on=day,
            total_amount_fen=fen,
            tech_amount_fen=0,
        )


def _publish(session: Session, region: str, kind: ReleaseKind, period: str) -> Any:
    return publish_release(session, OPERATOR, region=region, kind=kind, period=period, note=None, now=NOW)


def test_what_a_plan_must_still_bring_and_will(session: Session) -> None:
    _register(session, date(2023, 1, 1), "100")
    _register(session, date(2025, 5, 1), "45")
    found = _progress(session, JIANGYIN)
    assert found.pace is not None
    assert (found.pace.remaining, found.pace.unit) == (Decimal(155), "亿元")
    assert (found.pace.months_left, found.pace.days_left) == (7, 205)
    assert found.pace.per_month == Decimal("22.1428571429")
    assert found.forecast is not None
    # Nothing was registered last year, so there is no share of months to go by: 145 in 29 months of 36.
    assert (found.forecast.method, found.forecast.reading.fen) == (Method.LINEAR, 180 * FEN_PER_YI)
    assert (found.forecast.reading.reached, found.forecast.reading.percent) == (False, Decimal("60.0"))


def test_a_year_is_forecast_by_last_years_months(session: Session) -> None:
    for day, amount in ((date(2024, 1, 5), "20"), (date(2024, 10, 5), "60"), (date(2025, 3, 5), "150")):
        _register(session, day, amount, region="320411")
    found = _progress(session, CHANGZHOU)
    assert found.forecast is not None
    assert found.forecast.method is Method.SEASONAL
    assert (found.forecast.reading.text, found.forecast.reading.reached) == ("600.00亿元", True)


def test_a_multiple_is_paced_in_money_and_forecast_in_times(session: Session) -> None:
    for day, amount in ((date(2021, 2, 1), "10"), (date(2025, 2, 1), "5")):
        _register(session, day, amount, region=ANQING)
    found = _progress(session, ANQING)
    assert found.pace is not None
    assert (found.pace.remaining, found.pace.unit) == (Decimal(15), "亿元")
    assert found.forecast is not None
    assert (found.forecast.reading.value, found.forecast.reading.reached) == (Decimal("1.200"), False)


@pytest.mark.parametrize("today", [date(2026, 1, 1), date(2027, 5, 5)])
def test_after_the_plan_there_is_nothing_to_forecast(session: Session, today: date) -> None:
    _register(session, date(2024, 1, 1), "1")
    found = _progress(session, JIANGYIN, today=today)
    assert found.reading is not None
    assert (found.pace, found.forecast) == (None, None)


def test_a_target_that_is_reached_asks_for_no_pace(session: Session) -> None:
    _register(session, date(2025, 2, 1), "500", region="320411")
    found = _progress(session, CHANGZHOU)
    assert found.pace is None
    assert found.forecast is not None


def test_who_reads_live_amounts(session: Session) -> None:
    _register(session, date(2025, 2, 1), "5")
    for kind, region, live in (
        (OrganisationKind.BUREAU, JIANGYIN, True),
        (OrganisationKind.BUREAU, "320200", True),
        (OrganisationKind.BUREAU, "320282", False),
        (OrganisationKind.STATION, JIANGYIN, False),
        (OrganisationKind.ENTERPRISE, JIANGYIN, False),
        (OrganisationKind.AGENCY, JIANGYIN, False),
    ):
        actor = make_actor(session, kind, region_code=region)
        assert (_progress(session, JIANGYIN, actor=actor).reading is not None) is live


def test_others_read_what_was_published(session: Session) -> None:
    for day, amount in ((date(2023, 7, 1), "12"), (date(2024, 7, 1), "24"), (date(2025, 5, 31), "4")):
        _register(session, day, amount)
    unknown = _progress(session, JIANGYIN, actor=None)
    assert unknown.reading is None
    assert unknown.missing_source == "尚未发布：主管部门发布统计数据（/api/v1/releases）后可见。"
    years = [_publish(session, JIANGYIN, ReleaseKind.ANNUAL, year).id for year in ("2023", "2024")]
    month = _publish(session, JIANGYIN, ReleaseKind.MONTHLY, "2025-04")
    _register(session, date(2025, 4, 1), "99")
    found = _progress(session, JIANGYIN, actor=None)
    assert found.reading is not None
    assert (found.reading.text, found.reading.reached) == ("36.00亿元", False)
    assert found.published is not None
    assert (found.published.months, found.published.releases) == ("2023年1月—2025年4月", [*years, month.id])
    assert found.published.known_at == NOW
    assert found.span == Span(date(2023, 1, 1), date(2025, 4, 30))
    assert found.remark == "为已发布的2023年1月—2025年4月数。"
    assert found.pace is not None
    assert (found.pace.remaining, found.pace.months_left) == (Decimal(264), 8)
    assert found.forecast is not None
    assert (found.forecast.method, found.forecast.reading.fen) == (
        Method.LINEAR,
        round(36 * FEN_PER_YI / 28 * 36),
    )


def test_an_amount_that_a_release_withholds_is_said_to_be(session: Session) -> None:
    register(session, registered_on=date(2023, 7, 1))
    _publish(session, JIANGYIN, ReleaseKind.ANNUAL, "2023")
    found = _progress(session, JIANGYIN, actor=None)
    assert (found.reading, found.missing_source) == (None, "已发布的合同项数过少，金额不公布。")


def test_a_published_multiple_needs_its_base_year(session: Session) -> None:
    for day, amount in ((date(2021, 2, 1), "10"), (date(2025, 2, 1), "5")):
        _register(session, day, amount, region=ANQING)
    _publish(session, ANQING, ReleaseKind.MONTHLY, "2025-05")
    assert _progress(session, ANQING, actor=None).reading is None
    _publish(session, ANQING, ReleaseKind.MONTHLY, "2021-06")
    assert _progress(session, ANQING, actor=None).reading is None
    _publish(session, ANQING, ReleaseKind.ANNUAL, "2021")
    found = _progress(session, ANQING, actor=None)
    assert found.reading is not None
    assert found.reading.value == Decimal("0.500")
    assert found.remark == "为已发布的2025年1—5月数。2025年数与2021年全年数相比。"


def test_published_sums_of_a_year_do_not_serve_a_plan_that_begins_within_one(session: Session) -> None:
    _register(session, date(2025, 5, 1), "1")
    _publish(session, JIANGYIN, ReleaseKind.MONTHLY, "2025-05")
    target = session.scalars(select(Target).where(Target.region_code == JIANGYIN).order_by(Target.id)).first()
    assert target is not None
    target.period_start = date(2025, 4, 1)
    session.flush()
    missing = _progress(session, JIANGYIN, actor=None).missing_source
    assert missing == "计划不是从一月起算，已发布的年初以来累计数不能用于本目标。"
