"""When a paper is needed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from market.contracts.rules import Condition
from market.contracts.rules.papers import PaperFacts, is_asked

PLAIN = PaperFacts(
    type_code="KF", subtype_code="KF1", ip_kind="90", plan_source="90", payment_mode="lump_sum", abroad=False
)


def asked(facts: PaperFacts) -> set[Condition]:
    return {condition for condition in Condition if is_asked(facts, type_code=None, condition=condition)}


@pytest.mark.parametrize(
    ("facts", "condition"),
    [
        (replace(PLAIN, ip_kind="10"), Condition.IP),
        (replace(PLAIN, plan_source="30"), Condition.GOVERNMENT_PLAN),
        (replace(PLAIN, abroad=True), Condition.FOREIGN),
        (replace(PLAIN, payment_mode="royalty_with_entry_fee"), Condition.ROYALTY),
        (replace(PLAIN, type_code="FW", subtype_code="FW2"), Condition.BROKERAGE),
        (replace(PLAIN, type_code="XK"), Condition.TRANSFER),
        (replace(PLAIN, type_code="ZR"), Condition.TRANSFER),
    ],
)
def test_one_fact_asks_for_one_paper_more(facts: PaperFacts, condition: Condition) -> None:
    assert asked(PLAIN) == {Condition.ALWAYS}
    assert asked(facts) == {Condition.ALWAYS, condition}


def test_a_requirement_of_another_type_asks_nothing() -> None:
    assert is_asked(PLAIN, type_code="KF", condition=Condition.ALWAYS)
    assert not is_asked(PLAIN, type_code="ZR", condition=Condition.ALWAYS)
