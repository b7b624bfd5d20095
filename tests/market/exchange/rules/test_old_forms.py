"""Licences in the years before there were any."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from market.contracts.rules import LargeBy, RuleSet
from market.exchange.rules.old_forms import under_rules

FIVE = RuleSet(
    version="2021",
    in_force_from=date(2021, 1, 1),
    types=frozenset({"KF", "ZR", "XK", "ZX", "FW"}),
    limit_days=30,
    large_limit_days=30,
    working_days=False,
    large_from_fen=500_000_000,
    large_by=LargeBy.TOTAL,
    approver_differs=False,
    experts_from_fen=None,
    min_experts=3,
    needs_forecast=False,
    source="",
    verified=False,
)
FOUR = replace(FIVE, version="2000", types=FIVE.types - {"XK"}, needs_forecast=True)


@pytest.mark.parametrize(
    ("kind", "subtype", "expected"),
    [("XK", "XK1", "ZR8"), ("ZR", "XK1", "ZR8"), ("XK", "XK2", "ZR9"), ("XK", None, None)],
)
def test_a_licence_was_a_transfer_under_four_types(
    kind: str, subtype: str | None, expected: str | None
) -> None:
    form = {"type_code": kind, "subtype_code": subtype, "licence_kind": "exclusive", "seo": "10"}
    old = under_rules(form, FOUR)
    assert old == {"type_code": "ZR", "subtype_code": expected, "licence_kind": None, "seo": "10"}


def test_everything_else_stays() -> None:
    for form in ({"type_code": "ZR", "subtype_code": "ZR1"}, {"type_code": "KF"}, {}):
        assert under_rules(form, FOUR) is form
    licence = {"type_code": "XK", "subtype_code": "XK1", "licence_kind": "ordinary"}
    assert under_rules(licence, FIVE) is licence
