"""What the registration form must say."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.contracts.form_rules import contract_identity, form_faults
from market.contracts.rules import rule_set_named
from tests.factories import make_uscc

TODAY = date(2025, 6, 10)


def _party(**values: Any) -> dict[str, Any]:
    return {
        "name": "某公司",
        "uscc": make_uscc(),
        "nature_code": "150",
        "country_code": "156",
        "region_code": "320281",
        "park_code": None,
        **values,
    }


def _form(**values: Any) -> dict[str, Any]:
    return {
        "type_code": "KF",
        "licence_kind": None,
        "signed_on": date(2025, 5, 20),
        "valid_from": None,
        "valid_to": None,
        "total_amount_fen": 100,
        "tech_amount_fen": 80,
        "new_input_fen": None,
        "new_output_fen": None,
        "seller": _party(),
        "buyer": _party(),
        **values,
    }


def _codes(form: dict[str, Any], version: str = "2021") -> list[tuple[str, str]]:
    faults = form_faults(form, rules=rule_set_named(version), today=TODAY)
    return [(fault.pointer, fault.code) for fault in faults]


def test_a_plain_form_has_no_faults() -> None:
    assert _codes(_form()) == []


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"type_code": "XK"}, ("/licence_kind", "licence-kind-missing")),
        ({"licence_kind": "sole"}, ("/licence_kind", "licence-kind-not-applicable")),
        ({"total_amount_fen": 0, "tech_amount_fen": 0}, ("/total_amount_fen", "bad-amount")),
        ({"tech_amount_fen": 101}, ("/tech_amount_fen", "bad-amount")),
        ({"signed_on": date(2025, 6, 11)}, ("/signed_on", "signed-in-future")),
        ({"valid_from": TODAY, "valid_to": date(2025, 6, 9)}, ("/valid_to", "bad-period")),
        ({"valid_to": date(2025, 5, 19)}, ("/valid_to", "bad-period")),
        ({"seller": _party(region_code=None)}, ("/seller/region_code", "region-missing")),
        ({"buyer": _party(uscc=None)}, ("/buyer/uscc", "uscc-missing")),
        ({"buyer": _party(uscc="913202811234567890")}, ("/buyer/uscc", "uscc-invalid")),
        ({"buyer": _party(nature_code="910")}, ("/buyer/uscc", "uscc-not-applicable")),
        ({"buyer": _party(nature_code="930")}, ("/buyer/country_code", "country-mismatch")),
        ({"buyer": _party(country_code="840")}, ("/buyer/region_code", "region-not-applicable")),
    ],
)
def test_each_fault_is_named(values: dict[str, Any], expected: tuple[str, str]) -> None:
    assert _codes(_form(**values)) == [expected]


def test_all_faults_are_named_at_once() -> None:
    form = _form(tech_amount_fen=101, buyer=_party(region_code=None, uscc=None))
    assert {pointer for pointer, _ in _codes(form)} == {
        "/tech_amount_fen",
        "/buyer/region_code",
        "/buyer/uscc",
    }


def test_a_contract_needs_two_parties() -> None:
    party = _party()
    assert _codes(_form(seller=party, buyer=party)) == [("/buyer/uscc", "same-party")]


def test_the_old_rules_have_four_types_and_want_a_forecast_of_transfers() -> None:
    assert ("/type_code", "type-not-in-rules") in _codes(_form(type_code="XK", licence_kind="sole"), "2000")
    assert _codes(_form(type_code="ZR"), "2000") == [
        ("/new_input_fen", "forecast-missing"),
        ("/new_output_fen", "forecast-missing"),
    ]
    assert _codes(_form(type_code="ZR", new_input_fen=0, new_output_fen=1), "2000") == []
    assert _codes(_form(type_code="ZR")) == []


def test_people_foreigners_and_old_contracts_need_no_credit_code() -> None:
    assert _codes(_form(buyer=_party(nature_code="910", uscc=None))) == []
    abroad = _party(nature_code="930", country_code="276", uscc=None, region_code=None)
    assert _codes(_form(buyer=abroad)) == []
    old = _form(signed_on=date(2015, 9, 30), buyer=_party(uscc=None), seller=_party(uscc=None))
    assert _codes(old) == []
    assert _codes({**old, "signed_on": date(2015, 10, 1)}) != []


IDENTITY = {
    "seller": "甲大学",
    "buyer": "乙公司",
    "project_name": "膜法水处理",
    "total_amount_fen": 100,
    "signed_on": TODAY,
}


def test_the_same_contract_is_known_again_whatever_its_blanks_and_widths() -> None:
    spelt_otherwise = {**IDENTITY, "project_name": " 膜法 水处理 ", "buyer": "乙公司"}
    assert contract_identity(**IDENTITY) == contract_identity(**spelt_otherwise)
    wide = {**IDENTITY, "project_name": "ＭＢＲ工艺"}
    assert contract_identity(**wide) == contract_identity(**{**IDENTITY, "project_name": "mbr工艺"})


@given(st.sampled_from(sorted(IDENTITY)))
def test_contracts_that_differ_in_one_point_are_two(point: str) -> None:
    others = {
        "seller": "丙大学",
        "buyer": "丁公司",
        "project_name": "膜法水处理二期",
        "total_amount_fen": 101,
        "signed_on": date(2025, 6, 9),
    }
    assert contract_identity(**IDENTITY) != contract_identity(**{**IDENTITY, point: others[point]})
