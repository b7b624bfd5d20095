"""The index's arithmetic and what a definition must say."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import RuleViolation
from market.rankings.rules import IndicatorKey, Part, Reading, index_value, part_of, read_indicators
from seed.loaders import REFERENCE

ROW = {
    "key": "matched_deals",
    "name": "匹配成交",
    "unit": "项",
    "direction": "up",
    "weight": "100",
    "method": "ratio",
    "cap": "3",
}


def _part(now: str, base: str, **values: Any) -> Part:
    (indicator,) = read_indicators([{**ROW, **values}])
    return part_of(indicator, now=Reading(Decimal(now)), base=Reading(Decimal(base)))


@pytest.mark.parametrize(
    ("now", "base", "values", "normalised", "contribution"),
    [
        ("12", "10", {}, "1.200000", "120.00"),
        ("1", "3", {}, "0.333333", "33.33"),
        ("2", "3", {}, "0.666667", "66.67"),
        ("50", "10", {}, "3.000000", "300.00"),  # capped
        ("-2", "10", {}, "0.000000", "0.00"),
        ("5", "10", {"direction": "down"}, "2.000000", "200.00"),
        ("0", "10", {"direction": "down"}, "3.000000", "300.00"),
        ("75", "50", {"method": "range", "low": "0", "high": "100"}, "1.500000", "150.00"),
        ("120", "50", {"method": "range", "low": "0", "high": "100"}, "2.000000", "200.00"),
        (
            "25",
            "75",
            {"method": "range", "low": "0", "high": "100", "direction": "down"},
            "3.000000",
            "300.00",
        ),
    ],
)
def test_parts(now: str, base: str, values: dict[str, Any], normalised: str, contribution: str) -> None:
    part = _part(now, base, **values)
    assert (str(part.normalised), str(part.contribution)) == (normalised, contribution)


def test_a_missing_reading_has_no_contribution_and_says_why() -> None:
    (indicator,) = read_indicators([ROW])
    here = part_of(indicator, now=Reading(None, "没有记录。"), base=Reading(Decimal(1)))
    before = part_of(indicator, now=Reading(Decimal(1)), base=Reading(None, "没有记录。"))
    zero = part_of(indicator, now=Reading(Decimal(1)), base=Reading(Decimal(0)))
    assert [part.missing for part in (here, before, zero)] == [
        "没有记录。",
        "基期：没有记录。",
        "基期值折算后为零，不能相比。",
    ]
    assert {part.contribution for part in (here, before, zero)} == {None}
    assert index_value([_part("1", "1"), here]) is None


@given(
    st.lists(
        st.tuples(
            st.decimals(1, 10**9, places=4), st.decimals(1, 10**9, places=4), st.sampled_from(["up", "down"])
        ),
        min_size=1,
        max_size=10,
    )
)
def test_the_base_is_100_and_contributions_add_up(rows: list[tuple[Decimal, Decimal, str]]) -> None:
    weights = [100 - 10 * (len(rows) - 1), *[10] * (len(rows) - 1)]
    indicators = read_indicators(
        [
            {**ROW, "key": key.value, "weight": str(weight), "direction": direction}
            for key, weight, (_, _, direction) in zip(IndicatorKey, weights, rows, strict=False)
        ]
    )
    then = [
        part_of(indicator, now=Reading(base), base=Reading(base))
        for indicator, (_, base, _) in zip(indicators, rows, strict=True)
    ]
    assert index_value(then) == 100
    now = [
        part_of(indicator, now=Reading(value), base=Reading(base))
        for indicator, (value, base, _) in zip(indicators, rows, strict=True)
    ]
    assert index_value(now) == sum(part.contribution for part in now if part.contribution is not None)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"weight": "99"}, "/indicators"),
        ({"weight": "-1"}, "/indicators/0/weight"),
        ({"weight": "NaN"}, "/indicators/0/weight"),
        ({"weight": "viel"}, "/indicators/0/weight"),
        ({"key": "happiness"}, "/indicators/0/key"),
        ({"direction": "sideways"}, "/indicators/0/direction"),
        ({"method": "range", "low": "1"}, "/indicators/0/high"),
        ({"method": "range", "low": "1", "high": "1"}, "/indicators/0/high"),
        ({"cap": "0.5"}, "/indicators/0/cap"),
        ({"name": ""}, "/indicators/0/name"),
    ],
)
def test_a_bad_definition_is_refused(changes: dict[str, Any], pointer: str) -> None:
    with pytest.raises(RuleViolation) as caught:
        read_indicators([{**ROW, **changes}])
    assert [(field.pointer, field.code) for field in caught.value.fields] == [(pointer, "bad-definition")]


def test_an_indicator_counts_once() -> None:
    with pytest.raises(RuleViolation) as caught:
        read_indicators([{**ROW, "weight": "50"}, {**ROW, "weight": "50"}])
    assert caught.value.fields[0].pointer == "/indicators/1/key"


def test_the_shipped_definition_can_be_read() -> None:
    (definition,) = json.loads((REFERENCE / "index_definitions.json").read_text(encoding="utf-8"))
    assert {row.key for row in read_indicators(definition["indicators"])} == set(IndicatorKey)
