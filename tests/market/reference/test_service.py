"""Loading code tables inserts what is new and changes what differs."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from market.reference.models import Park, Region
from market.reference.rules import RegionLevel
from market.reference.service import load_parks, load_regions

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
