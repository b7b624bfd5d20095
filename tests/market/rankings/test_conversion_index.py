"""The conversion index measured on both databases, published and defined."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from market.accounts.rules import OPERATOR, Actor, OrganisationKind
from market.db import PageRequest
from market.errors import Conflict, MarketError, NotFound, PermissionDenied, RuleViolation
from market.listings.rules import Validation
from market.matches.models import Suggestion, SuggestionEvent
from market.matches.rules import Action, Side, Status
from market.rankings import service
from market.rankings.queries import conversion_index as queries
from market.rankings.queries.conversion_index import ConversionIndex
from market.rankings.queries.indicators import Where, measure
from market.rankings.rules import IndicatorKey
from seed.loaders import REFERENCE
from tests.factories import NOW, make_achievement, make_actor, make_need, make_organisation
from tests.market.rankings.factories import landed, make_agency, make_index_books, make_side, revoke

YEAR = Where("320281", date(2024, 1, 1), date(2024, 12, 31))
TWO = [
    {"key": "output_tech_wan", "name": "输出", "unit": "万元", "direction": "up", "weight": "60"},
    {"key": "licences_and_transfers", "name": "转让许可", "unit": "项", "direction": "up", "weight": "40"},
]
DEFINITION = {
    "version": "T1",
    "name": "试算",
    "in_force_from": "2024-01-01",
    "base_year": 2023,
    "indicators": [{**row, "method": "ratio", "cap": "3"} for row in TWO],
    "source": "测试",
}


@pytest.fixture
def bureau(session: Session) -> Actor:
    """An officer of 江阴's bureau."""
    return make_actor(session, OrganisationKind.BUREAU, uscc=None)


@pytest.fixture
def two_years(session: Session) -> None:
    """A definition of two indicators, and contracts of its base year and the next."""
    service.load_definitions(session, [DEFINITION], NOW)
    landed(session, on=date(2023, 3, 1), type_code="ZR", subtype_code="ZR1")
    landed(session, on=date(2024, 3, 1), type_code="ZR", subtype_code="ZR1")
    landed(session, on=date(2024, 9, 1))


def _index(session: Session, actor: Actor, period: str = "2024", **values: Any) -> ConversionIndex:
    asked = {"region": "320281", "definition": "T1", "now": NOW, **values}
    return queries.get_index(session, actor, period=period, **asked)


def _publish(session: Session, actor: Actor, **values: Any) -> Any:
    asked = {"region": "320281", "period": "2024", "definition": "T1", "now": NOW, **values}
    return service.publish_index(session, actor, **asked)


def _refused(code: str, work: Callable[[], Any], kind: type[MarketError] = Conflict) -> MarketError:
    with pytest.raises(kind) as caught:
        work()
    assert caught.value.code == code
    return caught.value


def _measured(session: Session, key: IndicatorKey, where: Where = YEAR) -> Decimal | None:
    return measure(session, key, where).value


def _suggest(session: Session, *, at: datetime, status: Status, published_at: datetime) -> Suggestion:
    need = make_need(session, make_organisation(session), published_at=published_at)
    university = make_organisation(session, OrganisationKind.UNIVERSITY)
    row = Suggestion(
        need=need,
        achievement=make_achievement(session, university, published_at=published_at),
        asked_by=Side.NEED,
        rank=1,
        score=0.9,
        encoder="test",
        lexicon="test",
        weights="test",
        reasons={},
        status=status,
        created_at=at,
    )
    session.add(row)
    session.flush()
    session.add(
        SuggestionEvent(suggestion_id=row.id, action=Action.RECOMMEND, target=Status.RECOMMENDED, at=at)
    )
    session.flush()
    return row


def test_the_ledgers_indicators(session: Session) -> None:
    agency = make_agency(session)
    landed(session, total_amount_fen=300_000_000, tech_amount_fen=100_000_000, shares={agency: 4_000})
    landed(session, seller="320282", type_code="XK", subtype_code="XK1", licence_kind="ordinary")
    landed(session, buyer="320282", type_code="ZR", subtype_code="ZR1", tech_amount_fen=1)
    landed(session, on=date(2025, 1, 1), shares={agency: 10_000})
    revoke(session, landed(session, shares={agency: 10_000}))
    found = {key: _measured(session, key) for key in IndicatorKey}
    assert found[IndicatorKey.OUTPUT_TECH] == Decimal("100.000001")
    assert found[IndicatorKey.ABSORBED_TECH] == Decimal(180)
    assert found[IndicatorKey.TECH_SHARE] == Decimal("36.0000")  # 180.000001 of 500 (万元)
    assert found[IndicatorKey.LICENCES_AND_TRANSFERS] == 1
    assert found[IndicatorKey.AGENCY_DEALS] == 1
    assert found[IndicatorKey.MATCHED_DEALS] == 0


def test_the_markets_own_indicators(session: Session) -> None:
    published = datetime(2024, 1, 31, 16, 30, tzinfo=UTC)  # in China the first of February
    first = _suggest(session, at=published, status=Status.CONTRACTED, published_at=published)
    second = _suggest(session, at=published, status=Status.CONTRACTED, published_at=published)
    _suggest(session, at=published, status=Status.AGREED, published_at=published)
    landed(session, on=date(2024, 2, 11), suggestion_id=first.id)
    landed(session, on=date(2024, 2, 14), suggestion_id=second.id)
    first.need.validation, first.need.validated_at = Validation.VALID, published
    session.flush()
    assert _measured(session, IndicatorKey.MATCHED_DEALS) == 2
    assert _measured(session, IndicatorKey.DAYS_TO_CONTRACT) == Decimal("11.5")
    assert _measured(session, IndicatorKey.CONVERSION_RATE) == Decimal("66.6667")
    assert _measured(session, IndicatorKey.PUBLISHED_ACHIEVEMENTS) == 3
    assert _measured(session, IndicatorKey.VALID_NEEDS) == 1
    january = Where("320281", date(2024, 1, 1), date(2024, 1, 31))
    assert measure(session, IndicatorKey.PUBLISHED_ACHIEVEMENTS, january).missing is not None
    later = Where("320281", date(2024, 3, 1), date(2024, 3, 31))
    assert _measured(session, IndicatorKey.PUBLISHED_ACHIEVEMENTS, later) == 0


def test_nothing_is_never_zero_where_there_are_no_books(session: Session) -> None:
    for key in IndicatorKey:
        reading = measure(session, key, YEAR)
        assert reading.value is None, key
        assert reading.missing, key


def test_the_index_and_its_parts(session: Session, bureau: Actor, two_years: None) -> None:
    index = _index(session, bureau)
    assert [(part.raw, part.base, part.contribution) for part in index.parts] == [
        (160, 80, Decimal("120.00")),
        (1, 1, Decimal("40.00")),
    ]
    assert index.value == Decimal("160.00")
    assert _index(session, bureau, "2023").value == 100
    assert _index(session, bureau, "2024-Q1").value == 100


def test_an_unchanged_year_gives_100(session: Session, bureau: Actor) -> None:
    version = make_index_books(session)
    assert _publish(session, bureau, definition=version).value == "100.00"


def test_a_running_period_stands_against_the_same_days(
    session: Session, bureau: Actor, two_years: None
) -> None:
    landed(session, on=date(2023, 11, 1))
    index = _index(session, bureau, now=datetime(2024, 9, 15, tzinfo=UTC))
    assert (index.through, index.base_end) == (date(2024, 9, 15), date(2023, 9, 15))
    assert index.value == Decimal("160.00")
    february = _index(session, bureau, "2024-02")
    assert (february.through, february.base_end) == (date(2024, 2, 29), date(2023, 2, 28))


def test_what_is_missing_makes_no_index(session: Session, bureau: Actor, two_years: None) -> None:
    index = _index(session, bureau, "2024-02")
    assert index.value is None
    assert index.missing == [
        "输出：基期：本市场在此之前没有该地区的登记数据。",
        "转让许可：基期：本市场在此之前没有该地区的登记数据。",
    ]
    september = _index(session, bureau, "2024-09")
    assert september.missing[0] == "输出：基期值折算后为零，不能相比。"
    error = _refused("index-incomplete", lambda: _publish(session, bureau, period="2024-02"))
    assert "输出" in error.detail


def test_a_published_value_stays(session: Session, bureau: Actor, two_years: None) -> None:
    value = _publish(session, bureau)
    landed(session, on=date(2024, 12, 1))
    assert _index(session, bureau).value == Decimal("220.00")
    (shown,) = queries.list_values(session, page=PageRequest(), region="320281", period="2024").items
    assert (shown, shown.value) == (value, "160.00")
    assert sum(Decimal(part["contribution"]) for part in shown.parts) == Decimal(shown.value)
    assert shown.parts[0]["raw"] == "160"
    _refused("index-already-published", lambda: _publish(session, bureau))


def test_what_cannot_be_published(session: Session, bureau: Actor, two_years: None) -> None:
    last_day = datetime(2024, 12, 31, 12, tzinfo=UTC)
    _refused("period-running", lambda: _publish(session, bureau, now=last_day))
    _refused("bad-period", lambda: _publish(session, bureau, period="last year"), RuleViolation)
    _refused("period-in-future", lambda: _publish(session, bureau, period="2026"), RuleViolation)
    _refused("index-definition-not-found", lambda: _publish(session, bureau, definition="nix"), NotFound)
    elsewhere = make_actor(session, OrganisationKind.BUREAU, uscc=None, region_code="320282")
    _refused("not-in-charge", lambda: _publish(session, elsewhere), PermissionDenied)
    _refused("index-not-public", lambda: _index(session, elsewhere), PermissionDenied)


def test_the_definition_in_force_is_taken(session: Session, bureau: Actor, two_years: None) -> None:
    service.load_definitions(session, [{**DEFINITION, "version": "T2", "in_force_from": "2024-06-01"}], NOW)
    versions = {
        period: _index(session, bureau, period, definition=None).definition.version
        for period in ("2024-03", "2024-Q2", "2023")
    }
    assert versions == {"2024-03": "T1", "2024-Q2": "T2", "2023": "T1"}


def test_loading_twice_changes_nothing_and_what_is_in_use_stays(
    session: Session, bureau: Actor, two_years: None
) -> None:
    assert service.load_definitions(session, [DEFINITION], NOW + timedelta(days=1)) == 1
    stored = {row.version: row for row in queries.list_definitions(session)}["T1"]
    assert stored.created_at == NOW
    service.load_definitions(session, [{**DEFINITION, "name": "改名"}], NOW)
    assert stored.name == "改名"
    _publish(session, bureau)
    changed = [{**DEFINITION, "name": "再改"}]
    _refused(
        "index-definition-in-use", lambda: service.load_definitions(session, changed, NOW), RuleViolation
    )


def test_the_shipped_definition_is_loaded_whole(session: Session) -> None:
    rows = json.loads((REFERENCE / "index_definitions.json").read_text(encoding="utf-8"))
    service.load_definitions(session, rows, NOW)
    shipped = {row.version: row for row in queries.list_definitions(session)}["2025.1"]
    assert (shipped.base_year, shipped.in_force_from, len(shipped.indicators)) == (2024, date(2025, 1, 1), 10)


def test_only_admins_define_and_never_twice(session: Session, bureau: Actor) -> None:
    form = {**DEFINITION, "in_force_from": date(2024, 1, 1)}

    def define(actor: Actor) -> Any:
        return service.define_index(session, actor, version="T9", definition=form, now=NOW)

    _refused("not-admin", lambda: define(bureau), PermissionDenied)
    define(OPERATOR)
    _refused("index-definition-exists", lambda: define(OPERATOR))


def test_a_station_elsewhere_counts_by_measure(session: Session) -> None:
    station = make_organisation(session, OrganisationKind.STATION, region_code="340800")
    landed(session, station=station, seller=make_side(session, "340800"))
    anqing = Where("340800", date(2024, 1, 1), date(2024, 12, 31))
    assert _measured(session, IndicatorKey.OUTPUT_TECH, anqing) == 80
    assert _measured(session, IndicatorKey.TECH_SHARE, anqing) == 80
    assert _measured(session, IndicatorKey.ABSORBED_TECH, anqing) is None
    assert _measured(session, IndicatorKey.ABSORBED_TECH) == 80
