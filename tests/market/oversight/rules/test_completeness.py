"""Completeness of optional fields."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from market.oversight.rules.completeness import OPTIONAL_FIELDS, count_fields, find_incomplete
from market.oversight.rules.findings import Severity
from tests.market.oversight.factories import facts

SEO = [field.column for field in OPTIONAL_FIELDS].index("seo")
BIT = 1 << SEO
ALL_BITS = (1 << len(OPTIONAL_FIELDS)) - 1


def test_a_field_left_empty_too_often() -> None:
    lacking = [facts(asked=BIT, missing=BIT) for _ in range(3)]
    (finding,) = find_incomplete([*lacking, *(facts(asked=BIT) for _ in range(9))])
    assert finding.severity is Severity.LOW
    assert finding.contracts == tuple(lacking)
    assert finding.explanation == ("“江阴站”登记的12项合同应有“社会经济目标”，填写的9项，占75.0%，低于80%。")


def test_a_field_hardly_ever_filled_weighs_more() -> None:
    (finding,) = find_incomplete([facts(asked=BIT, missing=BIT) for _ in range(10)])
    assert finding.severity is Severity.MEDIUM


def test_few_contracts_say_nothing() -> None:
    assert list(find_incomplete([facts(asked=BIT, missing=BIT) for _ in range(9)])) == []


def test_stations_are_judged_apart() -> None:
    poor = [facts(station_id=2, station_name="宜兴站", asked=BIT, missing=BIT) for _ in range(10)]
    (finding,) = find_incomplete([*poor, *(facts(asked=BIT) for _ in range(10))])
    assert finding.subject == "2-seo"


@given(
    st.lists(st.tuples(st.integers(0, ALL_BITS), st.integers(0, ALL_BITS), st.integers(1, 2)), max_size=30)
)
def test_counts_are_those_of_the_contracts(rows: list[tuple[int, int, int]]) -> None:
    contracts = [
        facts(asked=asked, missing=asked & lacking, station_id=station) for asked, lacking, station in rows
    ]
    for count in count_fields(contracts):
        bit = OPTIONAL_FIELDS.index(count.field)
        own = [contract for contract in contracts if contract.station_id == count.station_id]
        assert count.asked == sum(contract.asked >> bit & 1 for contract in own)
        assert count.asked - count.filled == sum(contract.missing >> bit & 1 for contract in own)
        assert (count.percent is None) == (count.asked == 0)
