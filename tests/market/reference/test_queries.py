"""Reading code tables and refusing codes that stand in none."""

from __future__ import annotations

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from market.errors import FieldError, NotFound, RuleViolation
from market.reference import queries
from market.reference.rules import Scheme
from market.reference.service import load_codes


def test_codes_come_in_their_own_order(session: Session) -> None:
    entries = queries.list_codes(session, Scheme.CONTRACT_TYPE)
    assert [entry.code for entry in entries][:2] == ["KF", "ZR"]
    assert [entry.sort for entry in entries] == sorted(entry.sort for entry in entries)
    assert {entry.scheme for entry in entries} == {Scheme.CONTRACT_TYPE}


def test_names_are_read_once_and_again_after_loading(session: Session) -> None:
    statements: list[str] = []
    session.info.clear()
    event.listen(session.get_bind(), "before_cursor_execute", lambda *args: statements.append(args[2]))
    assert queries.code_names(session, Scheme.CONTRACT_TYPE)["KF"] == "技术开发"
    first = len(statements)
    queries.code_names(session, Scheme.CONTRACT_TYPE)
    assert len(statements) == first
    row = {
        "scheme": Scheme.CONTRACT_TYPE,
        "code": "KF",
        "name": "技术开发（新）",
        "parent_code": None,
        "sort": 10,
    }
    rest = {"valid_from": None, "valid_to": None, "source": "测试", "verified": False}
    assert load_codes(session, [{**row, **rest}]) == 1
    assert queries.code_names(session, Scheme.CONTRACT_TYPE)["KF"] == "技术开发（新）"


def test_all_unknown_codes_are_named_at_once(session: Session) -> None:
    with pytest.raises(RuleViolation) as caught:
        queries.check_codes(
            session,
            [
                ("/type", Scheme.CONTRACT_TYPE, "KF"),
                ("/field", Scheme.TECH_FIELD, "99"),
                ("/nature", Scheme.PARTY_NATURE, None),
                ("/chains/0", Scheme.CHAIN, "nope"),
            ],
        )
    assert caught.value.code == "unknown-code"
    assert caught.value.fields == (
        FieldError("/field", "unknown-code", "技术领域中没有代码“99”。"),
        FieldError("/chains/0", "unknown-code", "产业链中没有代码“nope”。"),
    )


def test_known_codes_pass(session: Session) -> None:
    queries.check_codes(session, [("/type", Scheme.CONTRACT_TYPE, "ZR")])
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
