"""Regions and parks, and what became of regions that ended."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from market.errors import FieldError, NotFound, RuleViolation
from market.reference import queries
from market.reference.service import load_successions

TODAY = date(2026, 2, 1)


def test_known_region_and_park_pass(session: Session) -> None:
    queries.check_park(session, None, pointer="/park_code")
    queries.check_park(session, "320281-P01", pointer="/park_code")
    assert queries.check_region(session, "320281", pointer="/region_code").name == "江阴市"


def test_unknown_region_and_park_are_refused(session: Session) -> None:
    with pytest.raises(RuleViolation) as region:
        queries.check_region(session, "999999", pointer="/region_code")
    with pytest.raises(RuleViolation) as park:
        queries.check_park(session, "320281-P99", pointer="/park_code")
    assert region.value.fields == (
        FieldError("/region_code", "unknown-code", "行政区划代码表中没有“999999”。"),
    )
    assert park.value.fields == (FieldError("/park_code", "unknown-code", "园区表中没有“320281-P99”。"),)


def test_region_is_read(session: Session) -> None:
    assert queries.get_region(session, "320281").parent_code == "320200"
    with pytest.raises(NotFound) as caught:
        queries.get_region(session, "999999")
    assert caught.value.detail == "没有找到该行政区划。"


def test_regions_are_those_directly_inside(session: Session) -> None:
    found = queries.list_regions(session, "320200")
    assert "320281" in {region.code for region in found}
    assert {region.parent_code for region in found} == {"320200"}
    assert [region.code for region in found] == sorted(region.code for region in found)
    assert len(queries.list_regions(session, "000000")) >= 34
    assert queries.list_regions(session, "320281") == []


def test_parks_of_all_or_of_one_region(session: Session) -> None:
    everywhere = queries.list_parks(session)
    here = queries.list_parks(session, "320281")
    assert {park.region_code for park in here} == {"320281"}
    assert 0 < len(here) <= len(everywhere)
    assert queries.list_parks(session, "110000") == []


@pytest.mark.parametrize(
    ("code", "day", "name"),
    [
        ("340824", TODAY, "潜山市"),
        ("340824", date(2018, 12, 31), None),  # still valid on that day
        ("340882", TODAY, None),
        ("310225", TODAY, "浦东新区"),  # 南汇县 became a district, and that came to 浦东
        ("310225", date(2005, 1, 1), "南汇区"),
        ("320283", TODAY, None),  # 锡山市 was divided
        ("999999", TODAY, None),
    ],
)
def test_successor(session: Session, code: str, day: date, name: str | None) -> None:
    found = queries.find_successor(session, code, day)
    assert (found.name if found is not None else None) == name


def test_present_codes_follow_whole_changes_to_their_end(session: Session) -> None:
    present = queries.present_codes(session)
    assert (present["340824"], present["310225"], present["310119"]) == ("340882", "310115", "310115")
    assert present["320705"] == "320706"
    assert not {"320283", "341400", "320706"} & present.keys()
    assert not set(present.values()) & present.keys()


def test_successions_are_read_once_and_again_after_loading(session: Session) -> None:
    statements: list[str] = []
    session.info.clear()
    event.listen(session.get_bind(), "before_cursor_execute", lambda *args: statements.append(args[2]))
    queries.present_codes(session)
    queries.present_codes(session)
    assert len(statements) == 1
    row = {"old_code": "320125", "new_code": "320118", "effective_on": TODAY, "whole": True, "source": "测试"}
    load_successions(session, [row])
    assert queries.find_successor(session, "320125", date(2020, 1, 1)) is None


def test_notes_say_what_became_of_the_regions_of_an_area(session: Session) -> None:
    notes: dict[str, Any] = {note.old_code: note for note in queries.succession_notes(session, "3202")}
    assert notes.keys() == {"320202", "320203", "320204", "320212", "320283"}
    assert notes["320203"].text == "南长区（320203）自2016-01-01起不再使用，由梁溪区（320213）承接。"
    divided = notes["320283"]
    assert (divided.whole, divided.new_names) == (False, ("锡山区", "惠山区"))
    assert divided.text == (
        "锡山市（320283）自2001-01-01起不再使用，分归锡山区（320205）、惠山区（320206），此前的数字不能拆分。"
    )
    assert queries.succession_notes(session, "320281") == []


def test_notes_come_by_day_and_name_what_came_from_outside(session: Session) -> None:
    notes = queries.succession_notes(session, "3407")
    assert [note.effective_on for note in notes] == sorted(note.effective_on for note in notes)
    assert ("340823", ("340722",)) in {(note.old_code, note.new_codes) for note in notes}
