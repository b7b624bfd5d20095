"""How a person's record is titled, and when two periods share a day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.libraries.models import Talent
from market.libraries.rules.talents import (
    CONSENT_SCOPE_NAMES,
    ConsentScope,
    overlaps,
    talent_title,
)

DAYS = st.dates(date(2025, 1, 1), date(2025, 3, 1))
PERIODS = st.tuples(DAYS, st.none() | DAYS).filter(lambda one: one[1] is None or one[0] <= one[1])


@pytest.mark.parametrize(
    ("parts", "title"),
    [
        (("顾澄波", "教授", "暨阳理工大学"), "顾澄波 教授 暨阳理工大学"),
        (("顾澄波", "", "暨阳理工大学"), "顾澄波 暨阳理工大学"),
        (("顾澄波", None, None), "顾澄波"),
    ],
)
def test_a_title_leaves_out_what_is_not_stated(parts: tuple[str, str, str], title: str) -> None:
    assert talent_title(*parts) == title


def test_the_title_follows_name_post_and_unit_in_whatever_order_they_are_written() -> None:
    talent = Talent(post="教授", unit_name="暨阳理工大学", person_name="顾澄波")
    assert talent.title == "顾澄波 教授 暨阳理工大学"
    talent.post = "研究员"
    assert talent.title == "顾澄波 研究员 暨阳理工大学"


def holds_on(valid_from: date, valid_until: date | None, day: date) -> bool:
    """Tell whether a day belongs to a period; both ends do."""
    return valid_from <= day and (valid_until is None or day <= valid_until)


@given(PERIODS, PERIODS)
def test_periods_overlap_where_a_day_belongs_to_both(
    one: tuple[date, date | None], other: tuple[date, date | None]
) -> None:
    days = [date(2025, 1, 1) + timedelta(days=number) for number in range(60)]
    shared = any(holds_on(*one, day) and holds_on(*other, day) for day in days)
    assert overlaps(*one, [other]) == shared == overlaps(*other, [one])


def test_every_scope_has_a_name() -> None:
    assert CONSENT_SCOPE_NAMES.keys() == set(ConsentScope)
