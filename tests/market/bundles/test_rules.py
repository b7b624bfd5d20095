"""Steps, refusals of a release, who keeps a bundle, and whom it suits."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.accounts.rules import OPERATOR, Actor, Role
from market.bundles.rules import (
    STATUS_NAMES,
    STEPS,
    Action,
    Status,
    keeps,
    makes_bundles,
    place_of,
    release_refusal,
    suits,
)

DAY = date(2026, 1, 15)
DAYS = st.dates(date(2025, 1, 1), date(2027, 1, 1))
ITEMS = st.lists(st.tuples(st.text("膜盐水热", min_size=1, max_size=4), st.booleans()), max_size=4)


def test_a_bundle_goes_one_way() -> None:
    assert STATUS_NAMES.keys() == set(Status)
    assert STEPS.keys() == set(Action)
    reached = [step.target for step in STEPS.values()]
    assert Status.DRAFT not in reached
    assert not any(Status.WITHDRAWN in step.sources for step in STEPS.values())
    assert [action for action, step in STEPS.items() if Status.RELEASED in step.sources] == [Action.WITHDRAW]


@pytest.mark.parametrize(
    ("today", "items", "code"),
    [
        (date(2026, 1, 14), [("膜", True)], "bundle-not-due"),
        (DAY, [], "bundle-empty"),
        (DAY, [("膜", True), ("盐", False)], "bundle-unpublished-achievement"),
        (DAY, [("膜", True)], None),
    ],
)
def test_what_keeps_a_bundle_from_being_released(
    today: date, items: list[tuple[str, bool]], code: str | None
) -> None:
    refusal = release_refusal(DAY, items, today=today)
    assert (refusal.code if refusal else None) == code


@given(release_on=DAYS, today=DAYS, items=ITEMS)
def test_only_what_is_due_and_whole_is_released(
    release_on: date, today: date, items: list[tuple[str, bool]]
) -> None:
    refusal = release_refusal(release_on, items, today=today)
    whole = bool(items) and all(findable for _, findable in items)
    assert (refusal is None) == (release_on <= today and whole)
    if refusal is not None and refusal.code == "bundle-unpublished-achievement":
        assert all(f"“{title}”" in refusal.detail for title, findable in items if not findable)


def test_who_keeps_a_bundle() -> None:
    def actor(role: Role, region: str = "320281", *, unit: int = 1, verified: bool = True) -> Actor:
        return Actor(9, role, organisation_id=unit, region_code=region, verified=verified)

    kept = {"organisation_id": 1, "region_code": "320281"}
    assert keeps(OPERATOR, organisation_id=None, region_code="320281")
    assert keeps(actor(Role.BROKER), **kept)  # type: ignore[arg-type]  # two kinds of values
    for other in (
        None,
        actor(Role.BROKER, unit=2),
        actor(Role.BROKER, verified=False),
        actor(Role.BUREAU, "320205", unit=3),
        actor(Role.BUREAU, unit=3, verified=False),
        actor(Role.UNIVERSITY),
    ):
        assert not keeps(other, **kept)  # type: ignore[arg-type]
    assert keeps(actor(Role.BUREAU, "320200", unit=3), **kept)  # type: ignore[arg-type]
    assert not makes_bundles(actor(Role.ENTERPRISE))


@pytest.mark.parametrize(
    ("chain", "field", "fits"),
    [
        ("textile", None, True),
        ("ai", None, False),
        (None, "07", True),
        (None, "01", False),
        ("textile", "05", True),
        ("textile", "01", False),
        ("ai", "07", False),
    ],
)
def test_whom_a_bundle_suits(chain: str | None, field: str | None, fits: bool) -> None:
    assert suits(wanted_chain=chain, wanted_field=field, chain="textile", fields={"07", "05", None}) is fits


def test_nobody_is_led_to_what_is_off_the_market() -> None:
    assert place_of(Status.RELEASED, 4, public=True) == (4, "在架")
    assert place_of(Status.RELEASED, 4, public=False) == (None, "已下架")
    assert place_of(Status.DRAFT, 4, public=False) == (4, "未发布")
