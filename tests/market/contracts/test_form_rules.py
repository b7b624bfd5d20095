"""What the registration form must say."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.contracts.form_rules import (
    Neighbour,
    application_faults,
    contract_identity,
    form_faults,
    form_questions,
    near_duplicate,
)
from market.contracts.form_rules.questions import amounts_in
from market.contracts.rules import LargeBy, RuleSet
from tests.factories import make_uscc

TODAY = date(2025, 6, 10)
FOUR_TYPES = frozenset({"KF", "ZR", "ZX", "FW"})


def _rules(version: str) -> RuleSet:
    old = version == "2000"
    return RuleSet(
        version=version,
        in_force_from=date(int(version), 1, 1),
        types=FOUR_TYPES if old else FOUR_TYPES | {"XK"},
        limit_days=30,
        large_limit_days=30,
        working_days=False,
        large_from_fen=500_000_000,
        large_by=LargeBy.TECH,
        approver_differs=False,
        experts_from_fen=None,
        min_experts=3,
        needs_forecast=old,
        source="某办法",
        verified=False,
    )


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
        "project_name": "膜法水处理",
        "type_code": "KF",
        "subtype_code": "KF1",
        "brokered_id": None,
        "licence_kind": None,
        "signed_on": date(2025, 5, 20),
        "valid_from": None,
        "valid_to": None,
        "total_amount_fen": 100,
        "tech_amount_fen": 80,
        "payment_mode": "instalments",
        "amount_is_estimate": False,
        "royalty_base": None,
        "royalty_terms": None,
        "currency": "CNY",
        "foreign_amount": None,
        "exchange_rate": None,
        "rate_on": None,
        "rate_source": None,
        "new_input_fen": None,
        "new_output_fen": None,
        "seller": _party(),
        "buyer": _party(),
        **values,
    }


def _codes(form: dict[str, Any], version: str = "2021") -> list[tuple[str, str]]:
    faults = form_faults(form, rules=_rules(version), today=TODAY)
    return [(fault.pointer, fault.code) for fault in faults]


DOLLARS = {
    "currency": "USD",
    "foreign_amount": 10_000,
    "exchange_rate": "7.1058",
    "rate_on": TODAY,
    "rate_source": "中国外汇交易中心中间价",
    "total_amount_fen": 71_058,
}


def test_foreign_money_agrees_with_its_rate() -> None:
    assert _codes(_form(**DOLLARS)) == []
    yen = {**DOLLARS, "currency": "JPY", "exchange_rate": "0.0489", "total_amount_fen": 48_900}
    assert _codes(_form(**yen)) == []


def test_a_fault_names_where_its_rule_is_written() -> None:
    form = _form(type_code="XK", buyer=_party(uscc=None), royalty_base="sales")
    faults = form_faults(form, rules=_rules("2000"), today=TODAY)
    assert {fault.code: fault.source for fault in faults} == {
        "type-not-in-rules": "某办法",
        "licence-kind-missing": (
            "最高人民法院关于审理技术合同纠纷案件适用法律若干问题的解释（法释〔2004〕20号）第25条"
        ),
        "royalty-not-applicable": "民法典第846条",
        "uscc-missing": "GB 32100-2015",
    }


def test_a_new_royalty_contract_says_what_is_paid_on_and_old_ones_need_not() -> None:
    form = _form(payment_mode="royalty", amount_is_estimate=True)
    assert _codes(form) == []
    assert [fault.pointer for fault in application_faults(form)] == ["/royalty_base", "/royalty_terms"]
    told = {**form, "royalty_base": "sales", "royalty_terms": "3%"}
    assert list(application_faults(told)) == []
    assert list(application_faults(_form())) == []


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
        ({"brokered_id": 7}, ("/brokered_id", "brokered-not-applicable")),
        ({"rate_source": "中国银行"}, ("/rate_source", "foreign-money-not-applicable")),
        ({"royalty_base": "sales"}, ("/royalty_base", "royalty-not-applicable")),
        ({"amount_is_estimate": True}, ("/amount_is_estimate", "estimate-not-applicable")),
        ({**DOLLARS, "rate_on": None}, ("/rate_on", "foreign-money-missing")),
        ({**DOLLARS, "rate_on": date(2025, 6, 11)}, ("/rate_on", "rate-in-future")),
        ({**DOLLARS, "exchange_rate": "7,1"}, ("/exchange_rate", "bad-rate")),
        ({**DOLLARS, "total_amount_fen": 71_059}, ("/total_amount_fen", "conversion-mismatch")),
        ({**DOLLARS, "currency": "XAU"}, ("/currency", "currency-unknown")),
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


# Questions


def _asked(deal: dict[str, int] | None = None, **values: Any) -> list[str]:
    amounts = {"total_amount_fen": 50_000_000, "tech_amount_fen": 40_000_000}
    form = _form(**{**amounts, **values})
    return [question.code for question in form_questions(form, deal_amounts_fen=deal or {})]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"total_amount_fen": 99_999, "tech_amount_fen": 99_999}, "amount-implausible"),
        ({"deal": {"需求预算": 50_000_000 * 10_000}}, "amount-implausible"),
        ({"deal": {"成果报价": 5_000}}, "amount-implausible"),
        ({"project_name": "膜污染控制（50元）"}, "amount-text-differs"),
        ({"project_name": "５０亿元项目之一，50元"}, "amount-text-differs"),
        ({"tech_amount_fen": 0}, "tech-share-odd"),
        ({"tech_amount_fen": 9_999_999}, "tech-share-odd"),
    ],
)
def test_what_is_odd_is_asked(values: dict[str, Any], code: str) -> None:
    assert _asked(**values) == [code]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"deal": {"需求预算": 5_000_000, "成果报价": 500_000_000}},
        {"project_name": "膜污染控制（50万元）"},
        {"project_name": "总投资3亿元的污水厂改造"},
        {"type_code": "FW", "tech_amount_fen": 1_000_000},
        {"type_code": "FW", "total_amount_fen": 50_000, "tech_amount_fen": 50_000},
    ],
)
def test_what_is_usual_is_not_asked(values: dict[str, Any]) -> None:
    assert _asked(**values) == []


def test_each_question_is_asked_once() -> None:
    small = {"total_amount_fen": 5_000, "tech_amount_fen": 5_000}
    assert _asked(**small, deal={"需求预算": 50_000_000}) == ["amount-implausible"]


@given(st.integers(0, 10**6), st.integers(0, 99))
def test_amounts_are_read_from_text_to_the_fen(whole: int, hundredths: int) -> None:
    assert amounts_in(f"甲{whole}.{hundredths:02d}元乙") == [whole * 100 + hundredths]
    assert amounts_in(f"甲{whole}.{hundredths:02d}万元乙") == [(whole * 100 + hundredths) * 10_000]


def _neighbour(**values: Any) -> Neighbour:
    plain = {"label": "已提交", "project_name": "膜法水处理", "total_amount_fen": 100, "signed_on": TODAY}
    return Neighbour(**{**plain, **values})


@pytest.mark.parametrize(
    ("values", "near"),
    [
        ({}, True),
        ({"project_name": "膜 法水处理"}, True),
        ({"signed_on": date(2024, 1, 1)}, True),
        ({"total_amount_fen": 900}, True),
        ({"total_amount_fen": 900, "signed_on": date(2024, 1, 1)}, False),
        ({"project_name": "膜法水处理二期"}, False),
        ({"project_name": "印染废水回用"}, False),
    ],
)
def test_a_near_duplicate_has_nearly_the_name_and_amount_or_day(values: dict[str, Any], near: bool) -> None:
    question = near_duplicate(_form(), [_neighbour(**values)])
    assert (question is not None) is near
    if question is not None:
        assert values.get("project_name", "膜法水处理") in question.detail
