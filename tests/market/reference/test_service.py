"""Loading code tables inserts what is new and changes what differs."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.errors import RuleViolation
from market.reference.models import CalendarDay, Park, Region, RegionSuccession
from market.reference.rules import RegionLevel
from market.reference.service import load_calendar, load_parks, load_regions, load_successions

NEW_CITY = {
    "code": "329900",
    "name": "新市",
    "level": RegionLevel.PREFECTURE,
    "parent_code": "320000",
    "valid_from": date(2025, 1, 1),
    "valid_to": None,
    "former": [],
}


def test_regions_are_inserted_then_changed(session: Session) -> None:
    below: dict[str, Any] = {
        **NEW_CITY,
        "code": "329901",
        "level": RegionLevel.COUNTY,
        "parent_code": "329900",
    }
    assert load_regions(session, [NEW_CITY, below]) == 2
    assert session.get_one(Region, "329901").parent_code == "329900"
    assert load_regions(session, [{**NEW_CITY, "valid_to": date(2030, 12, 31)}]) == 1
    session.expire_all()
    changed = session.get_one(Region, "329900")
    assert (changed.name, changed.valid_to) == ("新市", date(2030, 12, 31))


def test_same_rows_again_write_nothing(session: Session) -> None:
    park = {
        "code": "320281-P77",
        "name": "新园",
        "region_code": "320281",
        "kind": "municipal",
        "source": "测试",
    }
    assert load_parks(session, iter([park])) == 1
    row = session.get_one(Park, "320281-P77")
    load_parks(session, [park])
    assert not session.is_modified(row)
    assert session.get_one(Park, "320281-P77") is row


def step(old: str, new: str, *, whole: bool = True) -> dict[str, Any]:
    return {
        "old_code": old,
        "new_code": new,
        "effective_on": date(2026, 1, 1),
        "whole": whole,
        "source": "测试",
    }


@pytest.mark.parametrize(
    ("rows", "pointer", "code", "detail"),
    [
        ([step("999999", "320281")], "/old_code", "unknown-code", "行政区划代码表中没有“999999”。"),
        ([step("320281", "999999")], "/new_code", "unknown-code", "行政区划代码表中没有“999999”。"),
        (
            [step("320281", "320213"), step("320281", "320205", whole=False)],
            "/old_code",
            "succession-divided",
            "“320281”既整体并入一处，又另有去向；分归几处的，每一行都应写明不是整体。",
        ),
        (
            [step("340824", "340881")],  # besides 340882, which is in the table
            "/old_code",
            "succession-divided",
            "“340824”既整体并入一处，又另有去向；分归几处的，每一行都应写明不是整体。",
        ),
        (
            [step("320281", "320281")],
            "/new_code",
            "succession-cycle",
            "行政区划的承接成了环：320281→320281。",
        ),
    ],
)
def test_impossible_successions_are_refused(
    session: Session, *, rows: list[dict[str, Any]], pointer: str, code: str, detail: str
) -> None:
    before = session.scalar(select(func.count()).select_from(RegionSuccession))
    with pytest.raises(RuleViolation) as caught:
        load_successions(session, rows)
    assert (caught.value.code, caught.value.detail) == (code, detail)
    assert caught.value.fields[0].pointer == pointer
    assert session.scalar(select(func.count()).select_from(RegionSuccession)) == before


def test_a_ring_through_what_is_in_the_table_is_refused(session: Session) -> None:
    with pytest.raises(RuleViolation) as caught:
        load_successions(session, [step("340882", "340824")])
    assert caught.value.code == "succession-cycle"


def test_a_region_may_be_divided(session: Session) -> None:
    rows = [step("320281", "320213", whole=False), step("320281", "320205", whole=False)]
    assert load_successions(session, rows) == 2
    assert not session.get_one(RegionSuccession, ("320281", "320205")).whole


def test_a_day_that_is_both_is_refused(session: Session) -> None:
    day = {"day": date(2199, 10, 1), "workday": False, "name": "国庆节", "source": "测试"}
    with pytest.raises(RuleViolation) as caught:
        load_calendar(session, [day, {**day, "workday": True}])
    assert caught.value.code == "calendar-day-twice"
    assert caught.value.detail == "2199-10-01既列为工作日，又列为休息日。"
    assert session.get(CalendarDay, date(2199, 10, 1)) is None
