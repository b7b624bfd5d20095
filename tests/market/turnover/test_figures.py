"""Figures: roll-up, groups, periods, and what was known when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from market.db import Database
from market.errors import RuleViolation
from market.turnover.ledger import Sums
from market.turnover.queries.figures import Figure, figure, totals
from market.turnover.queries.scopes import Scope, get_area, get_period, get_scope
from market.turnover.rules import AreaKind, GroupBy, Measure, Span
from tests.factories import NOW
from tests.market.contracts.factories import make_station
from tests.market.turnover.conftest import counting
from tests.market.turnover.factories import change, end, party_in, register, scope_of

TODAY = date(2025, 6, 10)
JIANGYIN, YIXING, WUXI, JIANGSU, ANQING = "320281", "320282", "320200", "320000", "340800"


@pytest.fixture
def books(session: Session) -> Session:
    """Six contracts of two cities, in two years."""
    jiangyin = make_station(session, park_code="320281-P01")
    yixing = make_station(session, region_code=YIXING)
    wuxi = make_station(session, region_code=WUXI)
    for station, seller, buyer, day, amount, kind, field in [
        (jiangyin, JIANGYIN, JIANGYIN, date(2025, 1, 5), 100, "KF", "07"),
        (jiangyin, JIANGYIN, YIXING, date(2025, 2, 5), 200, "ZR", "07"),
        (yixing, YIXING, JIANGYIN, date(2025, 4, 5), 400, "KF", "05"),
        (wuxi, WUXI, ANQING, date(2025, 6, 5), 800, "FW", "05"),
        (jiangyin, JIANGYIN, None, date(2024, 2, 5), 50, "KF", "07"),
        (yixing, YIXING, JIANGYIN, date(2024, 12, 31), 25, "XK", "03"),
    ]:
        register(
            session,
            station=station,
            seller=party_in(session, seller),
            buyer=party_in(session, buyer),
            registered_on=day,
            total_amount_fen=amount,
            tech_amount_fen=amount // 5,
            type_code=kind,
            tech_field=field,
        )
    return session


def _figure(session: Session, scope: Scope, group_by: GroupBy = GroupBy.NONE) -> Figure:
    return figure(session, scope, group_by=group_by, today=TODAY)


def _parts(answer: Figure) -> list[tuple[str, int, int]]:
    return [(group.key, group.sums.deals, group.sums.total_fen) for group in answer.groups]


@pytest.mark.parametrize("known_at", [None, NOW], ids=["counters", "ledger"])
@pytest.mark.parametrize(
    ("measure", "region", "expected"),
    [
        (Measure.REGISTERED, JIANGYIN, (2, 300)),
        (Measure.OUTPUT, JIANGYIN, (2, 300)),
        (Measure.ABSORBED, JIANGYIN, (2, 500)),
        (Measure.REGISTERED, WUXI, (4, 1500)),
        (Measure.ABSORBED, WUXI, (3, 700)),
        (Measure.ABSORBED, ANQING, (1, 800)),
        (Measure.REGISTERED, ANQING, (0, 0)),
        (Measure.ABSORBED, "000000", (4, 1500)),
    ],
)
def test_measures_and_roll_up(
    books: Session, known_at: datetime | None, measure: Measure, region: str, expected: tuple[int, int]
) -> None:
    scope = scope_of(books, measure, region=region, known_at=known_at)
    deals, total = expected
    assert _figure(books, scope).sums == Sums(deals, total, total // 5)


@pytest.mark.parametrize("known_at", [None, NOW], ids=["counters", "ledger"])
@pytest.mark.parametrize(
    ("group_by", "parts"),
    [
        (GroupBy.NONE, []),
        (GroupBy.MONTH, [("2025-01", 1, 100), ("2025-02", 1, 200), ("2025-04", 1, 400), ("2025-06", 1, 800)]),
        (GroupBy.QUARTER, [("2025-Q1", 2, 300), ("2025-Q2", 2, 1200)]),
        (GroupBy.YEAR, [("2025", 4, 1500)]),
        (GroupBy.TYPE, [("FW", 1, 800), ("KF", 2, 500), ("ZR", 1, 200)]),
        (GroupBy.FIELD, [("05", 2, 1200), ("07", 2, 300)]),
        (GroupBy.REGION, [(WUXI, 1, 800), (YIXING, 1, 400), (JIANGYIN, 2, 300)]),
        (GroupBy.PARK, [("320281-P01", 2, 300)]),
    ],
)
def test_groups(
    books: Session, known_at: datetime | None, group_by: GroupBy, parts: list[tuple[str, int, int]]
) -> None:
    answer = _figure(books, scope_of(books, region=WUXI, known_at=known_at), group_by)
    assert _parts(answer) == parts
    assert answer.sums == Sums(4, 1500, 300)
    if group_by not in {GroupBy.NONE, GroupBy.PARK}:
        assert sum((group.sums for group in answer.groups), Sums()) == answer.sums


def test_groups_have_names(books: Session) -> None:
    def names(group_by: GroupBy) -> list[str]:
        return [group.name for group in _figure(books, scope_of(books, region=WUXI), group_by).groups]

    assert names(GroupBy.REGION) == ["无锡市（本级）", "宜兴市", "江阴市"]
    assert names(GroupBy.QUARTER) == ["2025年第一季度", "2025年第二季度"]
    assert names(GroupBy.TYPE) == ["技术服务", "技术开发", "技术转让"]
    assert names(GroupBy.PARK) == ["江阴高新技术产业开发区"]


def test_regions_of_the_nation_are_its_provinces(books: Session) -> None:
    answer = _figure(books, scope_of(books, Measure.ABSORBED, region="000000"), GroupBy.REGION)
    assert _parts(answer) == [("340000", 1, 800), (JIANGSU, 3, 700)]


def test_a_park_has_its_own_figure(books: Session) -> None:
    assert _figure(books, scope_of(books, park="320281-P01")).sums == Sums(2, 300, 60)
    assert _figure(books, scope_of(books, park="320281-P01", known_at=NOW)).sums == Sums(2, 300, 60)


@pytest.mark.parametrize("known_at", [None, NOW], ids=["counters", "ledger"])
def test_filters(books: Session, known_at: datetime | None) -> None:
    scope = scope_of(books, region=WUXI, known_at=known_at)
    assert totals(books, replace(scope, types=frozenset({"KF", "FW"}))) == Sums(3, 1300, 260)
    assert totals(books, replace(scope, fields=frozenset({"07"}))) == Sums(2, 300, 60)
    assert totals(books, replace(scope, types=frozenset({"KF"}), fields=frozenset({"05"}))) == Sums(
        1, 400, 80
    )


def test_only_months_that_are_over_are_compared(books: Session) -> None:
    answer = _figure(books, scope_of(books, region=WUXI))
    change_of_year = answer.year_on_year
    assert change_of_year is not None
    assert change_of_year.comparison.current == Span(date(2025, 1, 1), date(2025, 5, 31))
    assert change_of_year.current == Sums(3, 700, 140)
    assert change_of_year.base == Sums(1, 50, 10)
    assert change_of_year.total_percent == Decimal("1300.0")
    assert change_of_year.deals_percent == Decimal("200.0")
    assert change_of_year.tech_percent == Decimal("1300.0")
    assert answer.period_on_period is None


def test_a_quarter_is_compared_with_the_one_before(books: Session) -> None:
    answer = _figure(books, scope_of(books, region=WUXI, period="2025-Q2"))
    assert answer.period_on_period is not None
    assert answer.period_on_period.current == Sums(1, 400, 80)
    assert answer.period_on_period.base == Sums(2, 300, 60)
    assert answer.year_on_year is not None
    assert answer.year_on_year.total_percent is None


def test_as_published_then_and_as_known_now(session: Session) -> None:
    published = datetime(2025, 4, 1, tzinfo=UTC)
    kept = register(session, registered_on=date(2025, 3, 3), now=published - timedelta(days=20))
    ended = register(session, registered_on=date(2025, 3, 4), now=published - timedelta(days=19))
    change(session, kept, now=published + timedelta(days=5), total_amount_fen=7, tech_amount_fen=5)
    end(session, ended, now=published + timedelta(days=9))
    now, then = scope_of(session, period="2025-Q1"), scope_of(session, period="2025-Q1", known_at=published)
    assert totals(session, now) == Sums(1, 7, 5)
    assert totals(session, then) == Sums(2, 200_000_000, 160_000_000)
    between = replace(then, known_at=published + timedelta(days=6))
    assert totals(session, between) == Sums(2, 100_000_007, 80_000_005)
    assert totals(session, replace(then, known_at=published + timedelta(days=99))) == totals(session, now)
    assert totals(session, replace(then, known_at=published - timedelta(days=30))) == Sums()


def test_a_group_that_was_taken_back_is_gone(session: Session) -> None:
    end(session, register(session, type_code="ZX"))
    register(session)
    for known_at in (None, NOW):
        assert _parts(_figure(session, scope_of(session, known_at=known_at), GroupBy.TYPE)) == [
            ("KF", 1, 100_000_000)
        ]


def test_a_figure_takes_a_constant_number_of_statements(books: Session, database: Database) -> None:
    scope = scope_of(books, region=WUXI, period="2025-Q2")
    with counting(database) as counted:
        _figure(books, scope, GroupBy.MONTH)
    assert len(counted.statements) == 2


def test_large_sums_are_exact(session: Session) -> None:
    amount = 999_999_999_999_999
    for _ in range(12):
        register(session, total_amount_fen=amount, tech_amount_fen=amount - 1)
    for known_at in (None, NOW):
        scope = scope_of(session, known_at=known_at)
        assert totals(session, scope) == Sums(12, 12 * amount, 12 * (amount - 1))


@pytest.mark.parametrize(
    ("values", "group_by", "code"),
    [
        ({"region": JIANGYIN}, GroupBy.REGION, "group-by-region"),
        ({"park": "320281-P01"}, GroupBy.REGION, "group-by-region"),
        ({"park": "320281-P01"}, GroupBy.PARK, "group-by-park"),
    ],
)
def test_areas_without_parts_cannot_be_grouped(
    session: Session, values: dict[str, str], group_by: GroupBy, code: str
) -> None:
    with pytest.raises(RuleViolation) as error:
        _figure(session, scope_of(session, **values), group_by)  # type: ignore[arg-type]
    assert (error.value.code, error.value.fields[0].pointer) == (code, "/group_by")


def test_the_plan_of_a_region_gives_its_months(session: Session) -> None:
    jiangyin = get_area(session, region=JIANGYIN, park=None)
    period = get_period(session, "since-plan", area=jiangyin, today=TODAY)
    assert (period.start, period.end) == (date(2023, 1, 1), date(2025, 6, 30))
    lianyungang = get_area(session, region="320700", park=None)
    over = get_period(session, "since-plan", area=lianyungang, today=TODAY)
    assert (over.start, over.end) == (date(2018, 1, 1), date(2020, 12, 31))
    park = get_area(session, region=None, park="320281-P01")
    assert (park.kind, park.region_code) == (AreaKind.PARK, JIANGYIN)
    assert get_period(session, "since-plan", area=park, today=TODAY) == period


@pytest.mark.parametrize(
    ("values", "pointer", "code"),
    [
        ({"region": None}, "/region", "area-missing"),
        ({"region": "999999"}, "/region", "unknown-code"),
        ({"park": "320281-P01"}, "/park", "area-ambiguous"),
        ({"region": None, "park": "nowhere"}, "/park", "unknown-code"),
        ({"period": "2025-H3"}, "/period", "bad-period"),
        ({"region": "440300", "period": "since-plan"}, "/period", "plan-unknown"),
        ({"types": ["KF", "??"]}, "/type", "unknown-code"),
        ({"fields": ["99"]}, "/field", "unknown-code"),
        ({"known_at": NOW + timedelta(seconds=1)}, "/known_at", "known-at-in-future"),
    ],
)
def test_questions_that_cannot_be_read(
    session: Session, values: dict[str, object], pointer: str, code: str
) -> None:
    question = {
        "measure": Measure.REGISTERED,
        "region": JIANGYIN,
        "park": None,
        "period": "2025",
        "types": [],
        "fields": [],
        "known_at": None,
        "now": NOW,
        **values,
    }
    with pytest.raises(RuleViolation) as error:
        get_scope(session, **question)  # type: ignore[arg-type]
    assert (error.value.code, error.value.fields[0].pointer) == (code, pointer)


def test_a_running_month_is_not_compared(books: Session) -> None:
    answer = _figure(books, scope_of(books, region=WUXI), GroupBy.MONTH)
    assert [group.key for group in answer.groups if group.year_on_year is None] == ["2025-06"]
    quarter = _figure(books, scope_of(books, region=WUXI), GroupBy.QUARTER).groups[-1]
    assert quarter.year_on_year is not None
    assert quarter.year_on_year.current == Sums(1, 400, 80)


def test_half_years_and_spans(books: Session) -> None:
    assert _figure(books, scope_of(books, region=WUXI, period="2025-H1")).sums == Sums(4, 1500, 300)
    span = _figure(books, scope_of(books, region=WUXI, period="2024-12..2025-02"), GroupBy.YEAR)
    assert _parts(span) == [("2024", 1, 25), ("2025", 2, 300)]
