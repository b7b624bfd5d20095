"""Counters of the plans' targets: what counts, from which day on, and where it can be read."""

from __future__ import annotations

import csv
import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import flask
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR
from market.libraries.models import Recognition, Resource, Talent, TalentRole
from market.libraries.rules import EntryStatus
from market.listings import service as listings
from market.listings.rules import Action, ListingKind, Validation
from market.reference.queries import code_names
from market.reference.rules import Scheme
from market.turnover.models import Target
from market.turnover.progress import COUNTED, Progress
from market.turnover.progress.counters import agencies
from market.turnover.progress.counting import EMPTY, Asked
from market.turnover.progress.table import COUNTERS
from market.turnover.rules import Span
from market.turnover.target_rules import MISSING_SOURCES, Basis
from market.turnover.targets import list_targets
from seed.loaders import REFERENCE
from tests.factories import NOW, as_actor, make_actor, make_uscc, make_user
from tests.market.listings.factories import ENCODER, make_cast, make_solid_need, put_into
from tests.market.turnover.counter_rows import (
    FLOWS,
    LASTING,
    STOCKS,
    YEARLY,
    YEARLY_STOCKS,
    Place,
    agency,
    bookable,
    consortium,
    evaluated,
    project,
    resource,
    talent,
    titled,
)

TODAY = date(2025, 6, 10)
ELSEWHERE = "110101"
DAY = timedelta(days=1)


def _target(session: Session, indicator: str, basis: Basis | None = None) -> Target:
    statement = select(Target).where(Target.indicator == indicator).order_by(Target.id)
    if basis is not None:
        statement = statement.where(Target.basis == basis)
    return session.scalars(statement).all()[0]


def _progress(session: Session, target: Target, *, today: date = TODAY) -> Progress:
    found = list_targets(session, None, region=target.region_code, indicator=target.indicator, today=today)
    [row] = [row for row in found if row.target is target]
    return row.progress


def _span(target: Target, today: date = TODAY) -> Span:
    """Return the days that count for a target that asks what came."""
    if target.basis is Basis.ANNUAL:
        year = min(today.year, target.period_end.year) if target.period_end else today.year
        return Span(date(year, 1, 1), min(date(year, 12, 31), today))
    assert target.period_start is not None
    assert target.period_end is not None
    return Span(target.period_start, min(target.period_end, today))


def test_every_indicator_of_the_plans_is_counted_or_has_a_source() -> None:
    with (REFERENCE / "targets.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["indicator"], Basis(row["basis"])) for row in csv.DictReader(file)]
    named = {indicator for indicator, _ in rows}
    assert not COUNTED & MISSING_SOURCES.keys()
    assert named == COUNTED | MISSING_SOURCES.keys()
    unfit = [(name, basis) for name, basis in rows if name in COUNTERS and basis not in COUNTERS[name].bases]
    assert unfit == []


def test_every_counter_has_a_test_with_rows() -> None:
    apart = {"resource_platform_agencies"}
    tested = FLOWS.keys() | LASTING.keys() | YEARLY.keys() | STOCKS.keys() | YEARLY_STOCKS.keys() | apart
    assert tested == COUNTERS.keys()


def test_definitions_name_the_codes_as_the_lists_do(session: Session) -> None:
    schemes = (
        Scheme.AGENCY_CATEGORY, Scheme.AGENCY_TIER, Scheme.TALENT_ROLE, Scheme.PROJECT_CATEGORY,
        Scheme.CONSORTIUM_KIND, Scheme.ENTERPRISE_TAG, Scheme.RESOURCE_CATEGORY, Scheme.TECHNOLOGY_PROGRESS,
    )  # fmt: skip
    names = {name for scheme in schemes for name in code_names(session, scheme).values()}
    names |= {"服务企业", "成果对接", "成果转化项目", "创新平台", "孵化企业"}  # figures of evaluations
    for indicator, counter in COUNTERS.items():
        said = re.findall(r"“([^“”]+)”", counter.definition)
        assert {name.replace("‘", "“").replace("’", "”") for name in said} <= names, indicator


@pytest.mark.parametrize("indicator", sorted(FLOWS | LASTING))
def test_what_comes_in_a_span(session: Session, indicator: str) -> None:
    target = _target(session, indicator)
    region, span = target.region_code, _span(target)
    insert = (FLOWS | LASTING)[indicator]
    for day in (span.start - DAY, span.start, span.end, span.end + DAY):
        insert(session, Place(region, day))
    insert(session, Place(region, span.end, EntryStatus.DELISTED))
    insert(session, Place(ELSEWHERE, span.end))
    found = _progress(session, target)
    assert found.reading is not None
    # Needs stand as both needs and listings; whoever was trained or appointed stays so.
    assert found.reading.value == (3 if indicator in LASTING else 2)
    assert found.span == span
    assert found.definition is not None
    assert f"统计期为{span.start}至{span.end}。" in found.definition
    assert "地区含所辖各级行政区划" in found.definition
    assert found.records


def test_needs_count_on_the_day_they_first_came(session: Session) -> None:
    cast = make_cast(session)
    need = make_solid_need(session, cast.organisation)

    def find(result: Validation, now: datetime) -> None:
        put_into(session, cast.broker, need)
        listings.validate_need(session, cast.bureau, need.id, result=result, note="核实过", now=now)

    find(Validation.VALID, NOW)
    now = NOW + 215 * DAY
    listings.revise_listing(session, cast.owner, ListingKind.NEED, need.id, now=now)
    listings.submit_listing(session, cast.owner, ListingKind.NEED, need.id, now=now)
    listings.review_listing(
        session, cast.broker, ListingKind.NEED, need.id,
        decision=Action.PUBLISH, note=None, encoder=ENCODER, now=now,
    )  # fmt: skip
    find(Validation.VALID, now)
    assert need.published_at == need.validated_at == now

    def counts() -> list[list[int | None]]:
        spans = [Asked(need.region_code, date(year, 1, 1), date(year, 12, 31)) for year in (2025, 2026)]
        counters = COUNTERS["valid_needs"], COUNTERS["published_listings"]
        return [[counter.count(session, span) for span in spans] for counter in counters]

    assert counts() == [[1, 0], [1, 0]]
    find(Validation.INVALID, now)
    assert counts() == [[0, 0], [1, 0]]


@pytest.mark.parametrize("indicator", sorted(YEARLY))
def test_what_is_known_by_year_counts_in_its_first_year(session: Session, indicator: str) -> None:
    target = _target(session, indicator)
    region, span = target.region_code, _span(target)
    insert = YEARLY[indicator]
    for day in (span.start - DAY, span.start, span.end, date(span.end.year + 1, 1, 1)):
        insert(session, Place(region, day))
    insert(session, Place(region, span.end, EntryStatus.DELISTED))
    insert(session, Place(ELSEWHERE, span.end))
    found = _progress(session, target)
    assert found.reading is not None
    assert found.reading.value == 2


@pytest.mark.parametrize("indicator", sorted(STOCKS | YEARLY_STOCKS))
def test_what_there_is_on_a_day(session: Session, indicator: str) -> None:
    target = _target(session, indicator)
    region, end = target.region_code, target.period_end
    last = TODAY if end is None else min(end, TODAY)
    insert = (STOCKS | YEARLY_STOCKS)[indicator]
    after = last + DAY if indicator in STOCKS else date(last.year + 1, 1, 1)
    for day in (last - 800 * DAY, last, after):
        insert(session, Place(region, day))
    insert(session, Place(region, last, EntryStatus.DELISTED))
    insert(session, Place(ELSEWHERE, last))
    found = _progress(session, target)
    assert found.reading is not None
    assert found.reading.value == 2
    assert (found.span, found.forecast) == (None, None)
    assert found.definition is not None
    assert f"统计日为{last}。" in found.definition
    assert found.remark is None or ("期末数" in found.remark) is (end is not None and end < TODAY)


def test_regions_inside_count_with_the_one_around_them(session: Session) -> None:
    target = _target(session, "demonstration_agencies")
    agency("transfer", tier="demonstration")(session, Place("320411", TODAY))
    agency("transfer", tier="backbone")(session, Place("320411", TODAY))
    found = _progress(session, target)
    assert found.reading is not None
    assert (target.region_code, found.reading.value) == ("320400", 1)


def test_an_agency_that_city_and_county_list_counts_once(session: Session) -> None:
    code, demonstration = make_uscc(), _target(session, "demonstration_agencies")
    for region in ("320400", "320411"):
        agency("transfer", tier="demonstration", uscc=code)(session, Place(region, TODAY))
    found = _progress(session, demonstration)
    assert (found.reading.value, found.records_note) == (1, agencies.SEVERAL)  # type: ignore[union-attr]
    assert agencies.ONCE in str(found.definition)


def test_a_renewal_trains_nobody_new_and_is_a_new_dispatch(session: Session) -> None:
    for indicator, role, count in (
        ("cultivated_brokers", "technology_manager", 0),
        ("chain_fusion_specialists", "chain_fusion", 1),
    ):
        target = _target(session, indicator)
        talent(role, "valid_from")(session, Place(target.region_code, date(2022, 5, 1)))
        person = session.scalars(select(Talent).order_by(Talent.id.desc())).first()
        assert person is not None
        session.add(TalentRole(talent_id=person.id, role=role, valid_from=date(2025, 5, 1)))
        session.flush()
        assert _progress(session, target).reading.value == count, indicator  # type: ignore[union-attr]


def test_what_ran_out_is_no_stock(session: Session) -> None:
    target = _target(session, "linked_national_agencies")
    agency("national_transfer", valid_until=TODAY)(session, Place(target.region_code, date(2024, 1, 1)))
    assert _progress(session, target).reading.value == 1  # type: ignore[union-attr]
    after = _progress(session, target, today=TODAY + DAY)
    assert after.reading is not None
    assert after.reading.value == 0


def test_units_that_share_are_known_as_of_today(session: Session) -> None:
    target = _target(session, "resource_platform_agencies")
    place = Place(target.region_code, TODAY)
    bookable(session, place)
    again = bookable(session, place)
    resource("lab")(session, place)
    bookable(session, Place(ELSEWHERE, TODAY))
    bookable(session, Place(target.region_code, TODAY, EntryStatus.DELISTED))
    session.add(_same_unit(again))
    session.flush()
    found = _progress(session, target, today=date(2026, 1, 5))
    assert found.reading is not None
    assert found.reading.value == 2
    assert found.remark == "所属单位未在本市场登记的不计。此为2026-01-05的数，不是2025-12-31的期末数。"


def _same_unit(row: Resource) -> Resource:
    return Resource(
        region_code=row.region_code, title="另一项", source="测试", source_date=TODAY, category="lab",
        status=EntryStatus.LISTED, organisation_id=row.organisation_id, bookable=True,
        created_at=NOW, updated_at=NOW,
    )  # fmt: skip


def test_a_higher_recognition_makes_nothing_new_where_a_lower_one_would_do(session: Session) -> None:
    both, provincial = _target(session, "new_incubators"), _target(session, "new_provincial_incubators")
    resource("incubator", "municipal")(session, Place(both.region_code, date(2023, 5, 1)))
    row = session.scalars(select(Resource)).one()
    recognition = Recognition(
        entry_id=row.id,
        level="provincial",
        recognised_on=date(2025, 2, 1),
        recognised_by="测试",
        recorded_at=NOW,
    )
    session.add(recognition)
    session.flush()
    counts = [_progress(session, target).reading for target in (both, provincial)]
    assert [reading.value for reading in counts if reading] == [0, 1]


def test_a_zero_says_whether_there_is_a_register_at_all(session: Session) -> None:
    target = _target(session, "new_innovation_consortia")
    empty = _progress(session, target)
    assert empty.reading is not None
    assert (empty.reading.value, empty.remark) == (0, EMPTY)
    consortium("alliance")(session, Place(target.region_code, TODAY))
    assert _progress(session, target).remark is None


def test_what_no_evaluation_states_is_not_known(session: Session) -> None:
    target = _target(session, "incubated_enterprises")
    evaluated("服务企业")(session, Place(target.region_code, TODAY))
    found = _progress(session, target)
    assert (found.reading, found.definition) == (None, None)
    assert found.missing_source is not None
    assert "没有填报“孵化企业”" in found.missing_source


def test_a_multiple_of_a_count_needs_the_base_year(session: Session) -> None:
    target = _target(session, "hitech_enterprises", Basis.RELATIVE)
    missing = _progress(session, target)
    assert missing.reading is None
    assert missing.missing_source is not None
    assert "2021年的名单" in missing.missing_source
    for year in (2020, 2021, 2024, 2025, 2026):
        titled("hitech")(session, Place("340802", date(year, 3, 1)))
    found = _progress(session, target)
    assert found.reading is not None
    assert (found.reading.value, found.reading.text, found.reading.reached) == (Decimal(2), "2.000倍", True)
    assert (found.pace, found.year) == (None, 2025)
    assert found.remark == "2025-06-10为4家，2021-12-31为2家，以名录中记有的年度为准。"
    titled("hitech")(session, Place("340802", date(2021, 3, 1)))
    behind = _progress(session, target)
    assert behind.pace is not None
    assert (behind.pace.remaining, behind.pace.unit, behind.reading.reached) == (Decimal(1), "家", False)  # type: ignore[union-attr]


def test_a_yearly_count_is_paced_and_forecast_within_its_year(session: Session) -> None:
    target = _target(session, "key_collaboration_projects")
    project("collaboration", key_project=True)(session, Place(target.region_code, date(2025, 2, 1)))
    found = _progress(session, target)
    assert found.pace is not None
    assert (found.pace.remaining, found.pace.months_left) == (Decimal(99), 7)
    assert found.forecast is not None
    assert found.forecast.reading.value == 2
    [past] = list_targets(
        session, None, region=target.region_code, indicator=target.indicator, today=TODAY, year=2024
    )
    assert (past.progress.pace, past.progress.forecast) == (None, None)
    [ahead] = list_targets(
        session, None, region=target.region_code, indicator=target.indicator, today=TODAY, year=2030
    )
    assert ahead.progress.definition is not None
    assert ahead.progress.definition.endswith("统计期自2030-01-01起，尚未开始。")


def test_the_share_of_projects_that_enterprises_lead(session: Session) -> None:
    target = _target(session, "enterprise_project_share")
    none = _progress(session, target)
    assert none.missing_source is not None
    assert "科技项目管理系统" in none.missing_source
    actor = make_actor(session)
    for organisation_id in (actor.organisation_id, actor.organisation_id, None):
        project("research", organisation_id=organisation_id)(session, Place("340802", TODAY))
    project("research")(session, Place("340802", TODAY + DAY))
    project("conversion")(session, Place("340802", TODAY))
    found = _progress(session, target)
    assert found.reading is not None
    assert (found.reading.text, found.reading.reached) == ("66.7%", False)
    assert found.remark is not None
    assert found.remark.startswith("共3项，企业牵头2项；")


def test_a_counter_does_not_answer_what_it_was_not_made_for(session: Session) -> None:
    target = _target(session, "new_incubators")
    target.basis = Basis.STOCK
    session.flush()
    missing = _progress(session, target).missing_source
    assert missing is not None
    assert "不能用于口径为“期末数”的目标" in missing


LOOSE = {
    "rd_institution_served_enterprises",
    "rd_institution_matches",
    "rd_institution_conversion_projects",
    "rd_institution_platforms",
    "incubated_enterprises",
    "valid_needs",
    "published_listings",
    "trained_brokers",
    "transfer_staff",
    "future_college_partner_enterprises",
    "resource_platform_served_enterprises",
}
"""Whose lists show more or less than was counted, and say so."""


@pytest.mark.one_database("views; the counts are asked of both above")
def test_the_lists_behind_a_number_hold_what_was_counted(app: flask.Flask, session: Session) -> None:
    for indicator, insert in (FLOWS | LASTING | YEARLY | STOCKS | YEARLY_STOCKS).items():
        target = _target(session, indicator)
        end = min(target.period_end or TODAY, TODAY)
        for day in (end - 1500 * DAY, end - 30 * DAY):  # before the span of what comes in one, and in it
            insert(session, Place(target.region_code, day))
    for year in (2021, 2024):
        for tag in ("hitech", "sme_tech"):
            titled(tag)(session, Place("340802", date(year, 1, 1)))
    client, headers = app.test_client(), as_actor(session, actor_of(make_user(session)))
    for row in list_targets(session, OPERATOR, region=None, indicator=None, today=TODAY):
        found, indicator = row.progress, row.target.indicator
        if indicator not in COUNTERS:
            continue
        assert found.reading is not None, indicator
        listed = [_items(client.get(path, headers=headers)) for path in found.records]
        if indicator in LOOSE:
            assert found.records_note is not None, indicator
            continue
        numbers = [len(items) for items in listed]
        if row.target.basis is Basis.RELATIVE:
            assert found.reading.value == Decimal(numbers[0]) / numbers[1], indicator
            continue
        assert sum(numbers) == found.reading.value, (indicator, found.records)


def _items(response: Any) -> list[Any]:
    body = response.get_json()
    assert response.status_code == 200, body
    assert body["next_cursor"] is None
    items: list[Any] = body["items"]
    return items
