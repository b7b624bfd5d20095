"""Periods, amounts and who may look."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.accounts.rules import Actor, Role
from market.turnover.rules import (
    Comparison,
    Measure,
    Period,
    PeriodKind,
    Reach,
    Span,
    add_months,
    amount_text,
    change_percent,
    may_drill_down,
    may_see_figures,
    month_end,
    month_start,
    parse_period,
    period_on_period,
    plan_period,
    reach_of,
    sees_all_words,
    share_percent,
    year_on_year,
)

DAYS = st.dates(date(1980, 1, 1), date(2999, 12, 31))


@pytest.mark.parametrize(
    ("text", "kind", "start", "end", "name"),
    [
        ("2025", PeriodKind.YEAR, date(2025, 1, 1), date(2025, 12, 31), "2025年"),
        ("2025-Q1", PeriodKind.QUARTER, date(2025, 1, 1), date(2025, 3, 31), "2025年第一季度"),
        ("2025-Q4", PeriodKind.QUARTER, date(2025, 10, 1), date(2025, 12, 31), "2025年第四季度"),
        ("2024-02", PeriodKind.MONTH, date(2024, 2, 1), date(2024, 2, 29), "2024年2月"),
        ("2025-H1", PeriodKind.HALF, date(2025, 1, 1), date(2025, 6, 30), "2025年上半年"),
        ("2025-H2", PeriodKind.HALF, date(2025, 7, 1), date(2025, 12, 31), "2025年下半年"),
        ("2024-03..2025-02", PeriodKind.SPAN, date(2024, 3, 1), date(2025, 2, 28), "2024年3月—2025年2月"),
    ],
)
def test_periods_are_read_and_named(text: str, kind: PeriodKind, start: date, end: date, name: str) -> None:
    period = parse_period(text)
    assert period == Period(kind, start, end)
    assert (period.text, period.name) == (text, name)


@pytest.mark.parametrize(
    "text",
    [
        *("", "25", "2025-13", "2025-00", "2025-Q5", "2025-q2", "2025-6", "1979", "2025 ", "2025-H3"),
        *("2025-03..2024-02", "2024..2025", "2024-03..", "2024-03..2024-Q4", "2024-03..2025-02..2025-03"),
    ],
)
def test_other_texts_are_no_periods(text: str) -> None:
    assert parse_period(text) is None


@given(DAYS)
def test_every_month_reads_back_as_written(day: date) -> None:
    period = Period(PeriodKind.MONTH, month_start(day), month_end(day))
    assert parse_period(period.text) == period


@given(DAYS, st.integers(-240, 240))
def test_months_are_added_and_taken_back(day: date, months: int) -> None:
    moved = add_months(day, months)
    assert moved.day == 1
    assert add_months(moved, -months) == month_start(day)


def test_a_plan_runs_from_its_start_to_the_present_month_or_its_end() -> None:
    start, end = date(2023, 1, 1), date(2025, 12, 31)
    running = plan_period(start, end, today=date(2025, 6, 10))
    assert (running.start, running.end) == (start, date(2025, 6, 30))
    assert (running.text, running.name) == ("since-plan", "计划期以来（2023年1月—2025年6月）")
    assert plan_period(start, end, today=date(2027, 1, 1)).end == end
    assert plan_period(start, None, today=date(2027, 1, 5)).end == date(2027, 1, 31)


def test_year_on_year_compares_completed_months_only() -> None:
    year = parse_period("2025")
    assert year is not None
    assert year_on_year(year, date(2025, 6, 10)) == Comparison(
        Span(date(2025, 1, 1), date(2025, 5, 31)), Span(date(2024, 1, 1), date(2024, 5, 31))
    )
    assert year_on_year(year, date(2026, 1, 1)) == Comparison(
        Span(date(2025, 1, 1), date(2025, 12, 31)), Span(date(2024, 1, 1), date(2024, 12, 31))
    )
    assert year_on_year(year, date(2025, 1, 31)) is None


def test_year_on_year_ends_on_the_last_day_of_february() -> None:
    month = parse_period("2025-02")
    assert month is not None
    comparison = year_on_year(month, date(2025, 3, 1))
    assert comparison is not None
    assert comparison.base == Span(date(2024, 2, 1), date(2024, 2, 29))


def test_a_period_is_compared_with_the_one_before() -> None:
    quarter, year = parse_period("2025-Q2"), parse_period("2025")
    assert quarter is not None
    assert year is not None
    assert period_on_period(quarter, date(2025, 6, 10)) == Comparison(
        Span(date(2025, 4, 1), date(2025, 5, 31)), Span(date(2025, 1, 1), date(2025, 2, 28))
    )
    assert period_on_period(year, date(2025, 6, 10)) is None


def test_half_years_and_spans_are_compared_with_as_many_months_before() -> None:
    half, span = parse_period("2025-H1"), parse_period("2024-11..2025-02")
    assert half is not None
    assert span is not None
    assert period_on_period(half, date(2025, 7, 1)) == Comparison(
        Span(date(2025, 1, 1), date(2025, 6, 30)), Span(date(2024, 7, 1), date(2024, 12, 31))
    )
    assert period_on_period(span, date(2025, 7, 1)) == Comparison(
        Span(date(2024, 11, 1), date(2025, 2, 28)), Span(date(2024, 7, 1), date(2024, 10, 31))
    )


def test_a_span_of_more_than_a_year_overlaps_itself_a_year_before() -> None:
    long, year = parse_period("2024-01..2025-01"), parse_period("2024-03..2025-02")
    assert long is not None
    assert year is not None
    assert year_on_year(long, date(2025, 7, 1)) is None
    assert year_on_year(year, date(2025, 7, 1)) is not None
    assert period_on_period(year, date(2025, 7, 1)) is None


def test_a_plan_has_no_predecessor() -> None:
    plan = plan_period(date(2023, 1, 1), None, today=date(2025, 6, 10))
    assert year_on_year(plan, date(2025, 6, 10)) is None
    assert period_on_period(plan, date(2025, 6, 10)) is None


@pytest.mark.parametrize(
    ("fen", "text"),
    [
        (32_100_000_000, "3.21亿元"),
        (10_000_000_000, "1.00亿元"),
        (9_999_000_000, "9999.00万元"),
        (1_000_000, "1.00万元"),
        (999_999, "9999.99元"),
        (0, "0.00元"),
        (-500_000_000, "-500.00万元"),
        (10_005_000_000_000_000, "1000500.00亿元"),
    ],
)
def test_amounts_are_written_for_people(fen: int, text: str) -> None:
    assert amount_text(fen) == text


def test_changes_are_rounded_halves_up() -> None:
    assert change_percent(1125, 1000) == Decimal("12.5")
    assert change_percent(20005, 20000) == Decimal("0.0")
    assert change_percent(100_05, 100_00) == Decimal("0.1")
    assert change_percent(0, 400) == Decimal("-100.0")
    assert change_percent(5, 0) is None


def _actor(role: Role, region: str | None = None, organisation: int | None = 7) -> Actor:
    return Actor(user_id=1, role=role, organisation_id=organisation, region_code=region, verified=True)


@pytest.mark.parametrize(
    ("actor", "measure", "station", "allowed"),
    [
        (_actor(Role.ADMIN), Measure.OUTPUT, None, True),
        (_actor(Role.BUREAU, "320200"), Measure.OUTPUT, None, True),
        (_actor(Role.BUREAU, "320282"), Measure.OUTPUT, None, False),
        (_actor(Role.REGISTRAR, "320281"), Measure.REGISTERED, None, True),
        (_actor(Role.REGISTRAR, "320281"), Measure.REGISTERED, 7, True),
        (_actor(Role.REGISTRAR, "320281"), Measure.REGISTERED, 8, False),
        (_actor(Role.REGISTRAR, "320281"), Measure.OUTPUT, 7, False),
        (_actor(Role.ENTERPRISE, "320281"), Measure.REGISTERED, None, False),
        (_actor(Role.BROKER, "320281"), Measure.REGISTERED, None, False),
    ],
)
def test_who_may_look_behind_a_figure(
    actor: Actor, measure: Measure, station: int | None, allowed: bool
) -> None:
    found = may_drill_down(actor, region_code="320281", station_id=station, measure=measure)
    assert found is allowed


@pytest.mark.parametrize(
    ("actor", "station", "allowed"),
    [
        (_actor(Role.ADMIN), None, True),
        (_actor(Role.BUREAU, "320281"), None, True),
        (_actor(Role.BUREAU, "320200"), 8, True),
        (_actor(Role.BUREAU, "320282"), None, False),
        (_actor(Role.REGISTRAR, "320281"), None, False),
        (_actor(Role.REGISTRAR, "320281"), 8, False),
        (_actor(Role.REGISTRAR, "320281"), 7, True),
        (_actor(Role.UNIVERSITY, "320281"), None, False),
    ],
)
def test_who_may_see_figures_before_they_are_published(
    actor: Actor, station: int | None, allowed: bool
) -> None:
    assert may_see_figures(actor, region_code="320281", station_id=station) is allowed


@pytest.mark.parametrize(
    ("countries", "reach"),
    [
        (("156", "156"), Reach.DOMESTIC),
        (("156", "344"), Reach.HMT),
        (("446", "158"), Reach.HMT),
        (("276", "156"), Reach.FOREIGN),
        (("344", "276"), Reach.FOREIGN),
    ],
)
def test_how_far_a_contract_reaches(countries: tuple[str, str], reach: Reach) -> None:
    assert reach_of(*countries) is reach_of(*countries[::-1]) is reach


@given(st.integers(0, 10**17), st.integers(1, 10**17))
def test_a_share_and_the_rest_make_the_whole(part: int, rest: int) -> None:
    shares = [share_percent(one, part + rest) for one in (part, rest)]
    assert None not in shares
    assert abs(sum(share for share in shares if share is not None) - 100) <= Decimal("0.1")
    assert share_percent(part, 0) is None


def test_who_reads_all_words() -> None:
    assert sees_all_words(_actor(Role.ADMIN), broker_id=None)
    assert sees_all_words(_actor(Role.BROKER), broker_id=1)
    assert not sees_all_words(_actor(Role.BROKER), broker_id=2)
    assert not sees_all_words(_actor(Role.BUREAU, "320200"), broker_id=None)
    assert not sees_all_words(NOBODY, broker_id=None)


NOBODY = Actor(user_id=None, role=Role.ENTERPRISE)
