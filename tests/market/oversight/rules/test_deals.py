"""Stages, ages and stations of deals that are not registered."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.contracts.rules import Status as ContractStatus
from market.matches.rules import Status as SuggestionStatus
from market.oversight.rules.deal_list import Deal, band_counts, station_counts
from market.oversight.rules.deals import (
    AGE_BANDS,
    STAGE_NAMES,
    UNREGISTERED,
    WAITING_NAMES,
    DealSource,
    Stage,
    Waiting,
    age_band,
    competent_station,
    is_disclosed,
    stage_of_contract,
    stage_of_suggestion,
    waits_for,
)


def _deal(station_id: int | None, days: int) -> Deal:
    return Deal(
        source=DealSource.SUGGESTION,
        source_id=1,
        suggestion_id=1,
        stage=Stage.SIGNED,
        since=date(2025, 1, 1),
        days=days,
        applicant_name="某大学",
        applicant_region="320281",
        counterparty_name=None,
        title=None,
        total_fen=None,
        station_id=station_id,
        station_name=None if station_id is None else f"站{station_id}",
    )


@pytest.mark.parametrize(
    ("days", "code"), [(0, "0-15"), (15, "0-15"), (16, "16-30"), (30, "16-30"), (31, "31-90"), (91, "91-")]
)
def test_age_bands(days: int, code: str) -> None:
    assert age_band(days).code == code


def test_age_bands_leave_no_gap() -> None:
    for band, following in pairwise(AGE_BANDS):
        assert band.last is not None
        assert following.first == band.last + 1


@pytest.mark.parametrize(
    ("status", "contracts", "stage"),
    [
        (SuggestionStatus.AGREED, [], Stage.AGREED),
        (SuggestionStatus.CONTRACTED, [], Stage.SIGNED),
        (SuggestionStatus.CONTRACTED, [ContractStatus.WITHDRAWN], Stage.WITHDRAWN),
        (SuggestionStatus.CONTRACTED, [ContractStatus.DRAFT], None),
        (SuggestionStatus.CONTRACTED, [ContractStatus.WITHDRAWN, ContractStatus.REGISTERED], None),
        (SuggestionStatus.CONTRACTED, [ContractStatus.REFUSED], None),
        (SuggestionStatus.FAILED, [], None),
        (SuggestionStatus.RECOMMENDED, [], None),
    ],
)
def test_stage_of_a_suggestion(
    status: SuggestionStatus, contracts: list[ContractStatus], stage: Stage | None
) -> None:
    assert stage_of_suggestion(status, contracts) is stage


def test_every_unregistered_state_is_a_stage() -> None:
    for status in UNREGISTERED:
        assert stage_of_contract(status) in STAGE_NAMES
    with pytest.raises(ValueError, match="registered"):
        stage_of_contract(ContractStatus.REGISTERED)


@pytest.mark.parametrize(
    ("stage", "waiting"),
    [
        (Stage.AGREED, Waiting.PARTIES),
        (Stage.SIGNED, Waiting.APPLICANT),
        (Stage.RETURNED, Waiting.APPLICANT),
        (Stage.SUBMITTED, Waiting.STATION),
        (Stage.LARGE_REVIEW, Waiting.STATION),
    ],
)
def test_who_has_to_act(stage: Stage, waiting: Waiting) -> None:
    assert waits_for(stage) is waiting
    assert waiting in WAITING_NAMES


def test_talks_and_drafts_are_not_disclosed() -> None:
    assert {stage for stage in Stage if not is_disclosed(stage)} == {Stage.AGREED, Stage.DRAFT}


def test_the_station_of_the_smallest_area_is_competent() -> None:
    territories = [(1, "320000"), (2, "320200"), (3, "320281"), (4, "320281")]
    assert competent_station("320281", territories) == 3
    assert competent_station("320282", territories) == 2
    assert competent_station("320404", territories) == 1
    assert competent_station("340800", territories) is None
    assert competent_station(None, territories) is None


@given(st.lists(st.tuples(st.none() | st.integers(1, 3), st.integers(0, 400))))
def test_counts_add_up(rows: list[tuple[int | None, int]]) -> None:
    deals = [_deal(station_id, days) for station_id, days in rows]
    assert sum(count.deals for count in band_counts(deals)) == len(deals)
    stations = station_counts(deals)
    assert sum(count.deals for count in stations) == len(deals)
    for count in stations:
        assert sum(band.deals for band in count.bands) == count.deals
    assert {count.station_id for count in stations[:-1]} <= {1, 2, 3}  # those without a station come last
