"""Figures by every dimension and by station, and regions whose boundaries changed."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.reference.models import Region, RegionSuccession
from market.reference.rules import RegionLevel
from market.turnover.queries.figures import Figure, figure
from market.turnover.queries.scopes import Scope, get_scope
from market.turnover.rules import AreaKind, Boundaries, GroupBy, Measure, Reach, Source
from tests.factories import NOW
from tests.market.contracts.factories import make_station
from tests.market.turnover.factories import party_in, register, scope_of

TODAY = date(2025, 6, 10)
JIANGYIN, YIXING, WUXI, JIANGSU, ANQING = "320281", "320282", "320200", "320000", "340800"


def _figure(session: Session, scope: Scope, group_by: GroupBy = GroupBy.NONE) -> Figure:
    return figure(session, scope, group_by=group_by, today=TODAY)


def _parts(answer: Figure) -> list[tuple[str, int, int]]:
    return [(group.key, group.sums.deals, group.sums.total_fen) for group in answer.groups]


@pytest.fixture
def varied(session: Session) -> Session:
    """Contracts that differ in every dimension, at two stations of one city."""
    stations = [make_station(session), make_station(session, region_code=YIXING)]
    rows: list[tuple[int, str, str, str, str, str | None, str | None, int]] = [
        (0, "KF", "07", "0211", "10", "150", "340800", 100),
        (0, "ZR", "05", "0212", "21", "150", "320281", 200),
        (1, "ZR", "07", "022", "22", "160", None, 400),
        (1, "FW", "05", "150", "90", "0211", "320282", 800),
    ]
    for number, kind, field, seller, ip, buyer, region, amount in rows:
        register(
            session,
            station=stations[number],
            seller=party_in(session, JIANGYIN, nature=seller),
            buyer=party_in(session, region, nature=buyer or "150"),
            type_code=kind,
            tech_field=field,
            ip_kind=ip,
            plan_source="11" if amount == 200 else "90",
            registered_on=date(2025, 3, 1),
            total_amount_fen=amount,
            tech_amount_fen=amount // 2,
        )
    return session


def _question(session: Session, **values: Any) -> Scope:
    asked: dict[str, Any] = {"measure": Measure.REGISTERED, "region": WUXI, "park": None, "period": "2025"}
    return get_scope(session, now=NOW, **{**asked, **values})


@pytest.mark.parametrize("known_at", [None, NOW], ids=["counters", "ledger"])
@pytest.mark.parametrize(
    ("group_by", "parts"),
    [
        (GroupBy.SELLER_NATURE, [("150", 1, 800), ("022", 1, 400), ("0212", 1, 200), ("0211", 1, 100)]),
        (GroupBy.BUYER_NATURE, [("0211", 1, 800), ("160", 1, 400), ("150", 2, 300)]),
        (GroupBy.IP_KIND, [("90", 1, 800), ("22", 1, 400), ("21", 1, 200), ("10", 1, 100)]),
        (GroupBy.PLAN_SOURCE, [("90", 3, 1300), ("11", 1, 200)]),
        (GroupBy.REACH, [("domestic", 3, 1100), ("foreign", 1, 400)]),
    ],
)
def test_groups_of_every_dimension(
    varied: Session, known_at: datetime | None, group_by: GroupBy, parts: list[tuple[str, int, int]]
) -> None:
    answer = _figure(varied, scope_of(varied, region=WUXI, known_at=known_at), group_by)
    assert _parts(answer) == parts
    assert answer.source is (Source.COUNTERS if known_at is None else Source.LEDGER)


@pytest.mark.parametrize(
    ("values", "total", "source"),
    [
        ({"seller_natures": ["020"]}, 700, Source.COUNTERS),
        ({"seller_natures": ["021"]}, 300, Source.COUNTERS),
        ({"seller_natures": ["0211", "150"]}, 900, Source.COUNTERS),
        ({"buyer_natures": ["100"]}, 700, Source.COUNTERS),
        ({"ip_kinds": ["20"]}, 600, Source.COUNTERS),
        ({"plan_sources": ["10"]}, 200, Source.COUNTERS),
        ({"reaches": [Reach.FOREIGN]}, 400, Source.COUNTERS),
        ({"types": ["ZR"], "fields": ["07"]}, 400, Source.COUNTERS),
        ({"types": ["ZR"], "ip_kinds": ["20"]}, 600, Source.LEDGER),
        ({"seller_natures": ["020"], "buyer_natures": ["100"], "fields": ["07"]}, 500, Source.LEDGER),
    ],
)
def test_filters_of_every_dimension(
    varied: Session, values: dict[str, Any], total: int, source: Source
) -> None:
    for known_at in (None, NOW):
        answer = _figure(varied, _question(varied, known_at=known_at, **values))
        assert answer.sums.total_fen == total
        assert answer.source is (source if known_at is None else Source.LEDGER)


def test_one_dimension_within_another_comes_from_the_ledger(varied: Session) -> None:
    answer = _figure(varied, _question(varied, ip_kinds=["20"]), GroupBy.SELLER_NATURE)
    assert (_parts(answer), answer.source) == ([("022", 1, 400), ("0212", 1, 200)], Source.LEDGER)
    answer = _figure(varied, _question(varied, fields=["05"]), GroupBy.TYPE)
    assert (_parts(answer), answer.source) == ([("FW", 1, 800), ("ZR", 1, 200)], Source.COUNTERS)


def test_groups_have_shares_ranks_and_a_change(session: Session) -> None:
    for day, kind, amount in [
        (date(2025, 2, 1), "KF", 300),
        (date(2025, 3, 1), "ZR", 300),
        (date(2025, 4, 1), "FW", 400),
        (date(2024, 4, 1), "FW", 320),
        (date(2024, 12, 1), "ZR", 999),
    ]:
        register(session, registered_on=day, type_code=kind, total_amount_fen=amount, tech_amount_fen=0)
    answer = _figure(session, scope_of(session), GroupBy.TYPE)
    found = [
        (group.key, group.rank, str(group.total_share), str(group.deals_share)) for group in answer.groups
    ]
    assert found == [("FW", 1, "40.0", "33.3"), ("KF", 2, "30.0", "33.3"), ("ZR", 2, "30.0", "33.3")]
    changes = [group.year_on_year and group.year_on_year.total_percent for group in answer.groups]
    assert changes == [Decimal("25.0"), None, None]
    months = _figure(session, scope_of(session), GroupBy.MONTH)
    april = months.groups[-1]
    assert (april.key, april.rank) == ("2025-04", 1)
    assert april.year_on_year is not None
    assert (april.year_on_year.base.total_fen, april.year_on_year.total_percent) == (320, Decimal("25.0"))


@pytest.mark.parametrize("known_at", [None, NOW], ids=["counters", "ledger"])
def test_stations_of_a_region(varied: Session, known_at: datetime | None) -> None:
    answer = _figure(varied, scope_of(varied, region=WUXI, known_at=known_at), GroupBy.STATION)
    assert [(group.sums.deals, group.sums.total_fen) for group in answer.groups] == [(2, 1200), (2, 300)]
    station = int(answer.groups[0].key)
    own = _figure(varied, _question(varied, region=None, station=station, known_at=known_at))
    assert own.sums == answer.groups[0].sums
    assert own.scope.area.kind is AreaKind.STATION


def test_what_a_station_registered_for_sellers_and_buyers(varied: Session) -> None:
    by_station = _figure(varied, scope_of(varied, Measure.ABSORBED, region="000000"), GroupBy.STATION)
    yixing = int(by_station.groups[0].key)
    assert by_station.groups[0].sums.total_fen == 800  # the buyer abroad is nowhere in the nation
    own = _figure(varied, _question(varied, measure=Measure.ABSORBED, region=None, station=yixing))
    assert (own.sums.total_fen, own.source) == (800, Source.LEDGER)


def test_a_station_that_moved_counts_where_it_stood(varied: Session) -> None:
    before = _figure(varied, scope_of(varied, region=WUXI), GroupBy.STATION)
    assert before.source is Source.COUNTERS
    moved = varied.get_one(Organisation, int(before.groups[0].key))
    moved.region_code = ANQING
    varied.flush()
    after = _figure(varied, scope_of(varied, region=WUXI), GroupBy.STATION)
    assert (_parts(after), after.source) == (_parts(before), Source.LEDGER)
    assert _figure(varied, scope_of(varied, region=ANQING), GroupBy.STATION).groups == []


@pytest.fixture
def divided(session: Session) -> Session:
    """A county that became part of another city, with contracts under both codes."""
    codes = [("320299", JIANGSU), ("340899", ANQING)]
    session.add_all(
        Region(code=code, name=f"{code}县", level=RegionLevel.COUNTY, parent_code=parent, former=[])
        for code, parent in codes
    )
    session.flush()
    session.add(
        RegionSuccession(
            old_code="320299",
            new_code="340899",
            effective_on=date(2025, 2, 1),
            whole=True,
            source="测试",
        )
    )
    session.flush()
    for code, day, amount in [
        ("320299", date(2025, 1, 5), 100),
        ("340899", date(2025, 3, 5), 200),
        (JIANGYIN, date(2025, 3, 5), 400),
        (ANQING, date(2025, 3, 5), 800),
    ]:
        register(
            session,
            station=make_station(session, region_code=code),
            registered_on=day,
            total_amount_fen=amount,
            tech_amount_fen=0,
        )
    return session


@pytest.mark.parametrize("known_at", [None, NOW], ids=["counters", "ledger"])
@pytest.mark.parametrize(
    ("region", "then", "now"),
    [
        (WUXI, 500, 400),
        (ANQING, 1000, 1100),
        (JIANGSU, 500, 400),
        ("340000", 1000, 1100),
        ("000000", 1500, 1500),
    ],
)
def test_boundaries_as_they_were_and_as_they_are(
    divided: Session, known_at: datetime | None, region: str, then: int, now: int
) -> None:
    for boundaries, total in [(Boundaries.THEN, then), (Boundaries.NOW, now)]:
        scope = _question(divided, region=region, boundaries=boundaries, known_at=known_at)
        answer = _figure(divided, scope, GroupBy.REGION)
        assert answer.sums.total_fen == total
        assert sum(group.sums.total_fen for group in answer.groups) == total


def test_a_change_of_boundaries_is_remarked_upon(divided: Session) -> None:
    remark = "320299县（320299）自2025-02-01起不再使用，由340899县（340899）承接。"
    scope = _question(divided, region=ANQING)
    assert _figure(divided, scope).remarks == [f"{remark}本数按登记时的区划统计，前后口径不同。"]
    scope = _question(divided, region=ANQING, boundaries=Boundaries.NOW)
    assert _figure(divided, scope).remarks == [f"{remark}本数按现行区划统计。"]
    for values in ({"region": "440000"}, {"region": ANQING, "period": "2023"}):
        assert _figure(divided, _question(divided, **values)).remarks == []
