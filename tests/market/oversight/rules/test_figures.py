"""Figures of a conversion report against what the market computes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from market.oversight.rules.figures import COMPUTED, FIGURES, compared, prefilled, report_faults
from market.oversight.rules.reports import (
    REPORT_ACTION_NAMES,
    REPORT_LAW,
    REPORT_STATUS_NAMES,
    REPORT_TRANSITIONS,
    ReportAction,
    ReportStatus,
)

ZERO = dict.fromkeys(COMPUTED, 0)
COMPLETE: dict[str, int | None] = {figure.key: 0 for figure in FIGURES}


def test_a_draft_leaves_empty_what_the_market_does_not_know() -> None:
    figures = prefilled({**ZERO, "licences_count": 2})
    assert figures["licences_count"] == 2
    assert {key for key, value in figures.items() if value is None} == {
        "achievements_obtained",
        "equity_count",
        "equity_fen",
        "transfer_staff",
    }


def test_missing_figures_name_the_law() -> None:
    (fault,) = report_faults({**COMPLETE, "transfer_staff": None}, computed=ZERO, explanations={})
    assert (fault.pointer, fault.code, fault.source) == (
        "/figures/transfer_staff",
        "figure-missing",
        REPORT_LAW,
    )


def test_a_difference_must_be_explained() -> None:
    figures = {**COMPLETE, "licences_count": 3}
    (fault,) = report_faults(figures, computed=ZERO, explanations={})
    assert (fault.pointer, fault.code) == ("/explanations/licences_count", "difference-unexplained")
    assert fault.detail == "“许可合同项数”填报3项，本市场统计为0项，请说明差异原因。"
    assert list(report_faults(figures, computed=ZERO, explanations={"licences_count": "外地登记"})) == []


def test_a_part_is_no_larger_than_its_whole() -> None:
    (fault,) = report_faults({**COMPLETE, "equity_count": 1}, computed=ZERO, explanations={})
    assert (fault.pointer, fault.code) == ("/figures/equity_count", "part-exceeds-whole")


_AMOUNTS = st.integers(0, 5)


@given(
    st.fixed_dictionaries({figure.key: st.none() | _AMOUNTS for figure in FIGURES}),
    st.fixed_dictionaries(dict.fromkeys(COMPUTED, _AMOUNTS)),
    st.dictionaries(st.sampled_from(COMPUTED), st.just("说明")),
)
def test_a_report_passes_only_if_complete_and_explained(
    figures: dict[str, int | None], computed: dict[str, int], explanations: dict[str, str]
) -> None:
    codes = {fault.code for fault in report_faults(figures, computed=computed, explanations=explanations)}
    assert ("figure-missing" in codes) == (None in figures.values())
    unexplained = any(
        row.differs and row.explanation is None
        for row in compared(figures, computed=computed, explanations=explanations)
    )
    assert ("difference-unexplained" in codes) == unexplained


def test_transitions() -> None:
    assert set(REPORT_STATUS_NAMES) == set(ReportStatus)
    assert set(REPORT_ACTION_NAMES) == set(ReportAction)
    ways = {(source, step.target) for step in REPORT_TRANSITIONS.values() for source in step.sources}
    assert all(source is not ReportStatus.ACCEPTED for source, _ in ways)  # accepted for good
    assert {source for source, target in ways if target is ReportStatus.ACCEPTED} == {ReportStatus.SUBMITTED}
