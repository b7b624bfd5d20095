"""All looks together: order, the year's limits, what could not be judged."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from market.oversight.rules.findings import FINDING_NAMES, SEVERITY_NAMES, FindingKind, Severity
from market.oversight.rules.review import review_year
from tests.market.oversight.factories import between

DAY = date(2025, 1, 5)
BEFORE = date(2024, 12, 20)


def test_a_series_over_new_year_is_seen_whole() -> None:
    contracts = [
        between("甲", "乙", signed_on=BEFORE, registered_on=BEFORE, project_name="叶片铸造"),
        between("甲", "乙", signed_on=BEFORE, registered_on=BEFORE, project_name="水处理膜开发"),
        between("甲", "乙", signed_on=DAY, registered_on=DAY, project_name="电池回收"),
    ]
    review = review_year(contracts, year=2025)
    assert review.contracts == 1
    (finding,) = review.findings
    assert (finding.kind, len(finding.contracts)) == (FindingKind.REPEATED_PARTIES, 3)
    assert review_year(contracts[:2] * 2, year=2025).findings == ()  # left to the year before


def test_silence_is_explained() -> None:
    review = review_year([between("甲", "乙", registered_on=DAY)], year=2025)
    assert {entry.kind for entry in review.not_judged} == {
        FindingKind.YEAR_END_ROUND,
        FindingKind.TECH_SHARE,
    }


def test_everything_has_a_name() -> None:
    assert set(FINDING_NAMES) == set(FindingKind)
    assert set(SEVERITY_NAMES) == set(Severity)


@given(
    st.lists(
        st.tuples(
            st.sampled_from("甲乙丙"),
            st.sampled_from("甲乙丙"),
            st.dates(date(2024, 11, 1), date(2025, 12, 31)),
            st.sampled_from([90_000_000, 490_000_000]),
            st.booleans(),
        ),
        max_size=30,
    )
)
def test_findings_are_ordered_and_none_stands_twice(rows: list[tuple[str, str, date, int, bool]]) -> None:
    contracts = [
        between(seller, buyer, signed_on=day, registered_on=day, counts_fen=fen, related=related)
        for seller, buyer, day, fen, related in rows
    ]
    review = review_year(contracts, year=2025)
    orders = [finding.order for finding in review.findings]
    assert orders == sorted(set(orders))
    assert all(finding.contracts for finding in review.findings)
