"""Learning weights from decisions: what is read, what is refused, what is taken into use."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from market.errors import RuleViolation
from market.matches import learning
from market.matches.rules import (
    DECLINES_ABOUT_FIT,
    MIN_DECISIONS,
    MIN_GROUPS,
    MIN_OF_EACH_KIND,
    Side,
    Status,
    can_be_learnt_from,
    exposure_weight,
)
from market.reference.queries import code_names
from market.reference.rules import Scheme
from market.search.documents import Example, Weights
from tests.factories import NOW
from tests.market.listings.factories import ENCODER
from tests.market.matches.decisions import by_lot, decide, drawn_values, reasons_with, thrifty
from tests.market.matches.factories import Scene, make_achievement, make_need, make_pair, make_scene

SHIPPED = Weights.load()


@pytest.fixture
def scene(session: Session) -> Scene:
    """The people around a pair."""
    return make_scene(session)


def study(session: Session, **values: Any) -> learning.Lesson:
    return learning.study(session, SHIPPED, **{"encoder": ENCODER.key, "share": 0.25, "seed": 0, **values})


# --- what a decision says


def decided(session: Session, scene: Scene, status: Status, code: str | None, **values: Any) -> None:
    row = {"reason_code": code, "decided_at": NOW, "reasons": reasons_with({"dense": 0.5}), **values}
    make_pair(session, scene, status=status, **row)


def test_recommendations_fit_and_some_declines_say_that_a_pair_does_not(
    session: Session, scene: Scene
) -> None:
    for status in (
        Status.RECOMMENDED,
        Status.NOT_INTERESTED,
        Status.CONTRACTED,
        Status.FAILED,
        Status.LAPSED,
    ):
        decided(session, scene, status, "indicators_fit")
    make_pair(session, scene)  # waits for a decision
    make_pair(session, scene, status=Status.LAPSED)  # was never decided
    codes = code_names(session, Scheme.DECLINE_REASON)
    for code in codes:
        decided(session, scene, Status.DECLINED, code)
    found = learning.read_decisions(session, encoder=ENCODER.key)
    assert [example.relevant for example in found.examples] == [True] * 5 + [False] * 3
    assert found.silent == {"already_partnered": 1, "incomplete": 1, "duplicate": 1, "other": 1}
    assert found.silent.keys() | DECLINES_ABOUT_FIT == codes.keys()


def test_the_values_are_those_of_the_parts_and_the_group_is_who_asked(session: Session, scene: Scene) -> None:
    values = {"dense": 0.25, "price": -1.0}
    need, achievement = make_need(session, scene.buyer), make_achievement(session, scene.seller)
    for base, side in ((True, Side.NEED), (False, Side.ACHIEVEMENT)):
        # Reasons written before scores became probabilities have no part `base`.
        pair = {"need": need, "achievement": achievement} if base else {"achievement": achievement}
        reasons = reasons_with(values, base=base)
        decided(session, scene, Status.RECOMMENDED, "other", asked_by=side, reasons=reasons, **pair)
    first, second = learning.read_decisions(session, encoder=None).examples
    assert first.values == second.values == values
    assert (first.group, second.group) == (f"need:{need.id}", f"achievement:{achievement.id}")


def test_decisions_on_scores_of_another_encoder_teach_nothing(session: Session, scene: Scene) -> None:
    decided(session, scene, Status.RECOMMENDED, "other")
    decided(session, scene, Status.RECOMMENDED, "other", encoder="other@1")
    found = learning.read_decisions(session, encoder=ENCODER.key)
    assert (len(found.examples), found.other_encoders) == (1, 1)
    found = learning.read_decisions(session, encoder=None)
    assert (len(found.examples), found.other_encoders) == (2, 0)


def test_decisions_at_ranks_seldom_decided_count_more(session: Session, scene: Scene) -> None:
    for _ in range(3):
        decided(session, scene, Status.RECOMMENDED, "other", rank=1)
    decided(session, scene, Status.RECOMMENDED, "other", rank=4)
    for _ in range(2):
        make_pair(session, scene, rank=4)
    weights = [example.weight for example in learning.read_decisions(session, encoder=ENCODER.key).examples]
    high, low = 5 / 4, 5 / 2  # (3 + 2) / (3 + 1) and (3 + 2) / (1 + 1)
    mean = (3 * high + low) / 4
    assert weights == pytest.approx([high / mean] * 3 + [low / mean])


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_decision_counts_between_once_and_five_times(decided: int, waiting: int) -> None:
    weight = exposure_weight(shown=decided + waiting, decided=decided)
    assert 1 < weight <= 5
    assert weight <= exposure_weight(shown=decided + waiting + 1, decided=decided)


# --- too little to learn from


def test_the_least_that_can_be_learnt_from() -> None:
    enough = {
        "relevant": MIN_OF_EACH_KIND,
        "irrelevant": MIN_DECISIONS - MIN_OF_EACH_KIND,
        "groups": MIN_GROUPS,
    }
    assert can_be_learnt_from(**enough)
    for name, count in enough.items():
        assert not can_be_learnt_from(**{**enough, name: count - 1}), name
    assert not can_be_learnt_from(relevant=100, irrelevant=MIN_OF_EACH_KIND - 1, groups=100)


def test_too_few_decisions_are_refused_with_their_number(session: Session, scene: Scene) -> None:
    decide(session, scene, thrifty, needs=5, each=6)
    with pytest.raises(RuleViolation, match=r"共30条.*涉及5个条目") as caught:
        study(session)
    assert caught.value.code == "not-enough-decisions"


def test_a_part_with_one_verdict_alone_is_refused(session: Session, scene: Scene) -> None:
    # The one listing held out, whichever it is, has recommendations only or declines only.
    decide(session, scene, lambda *_: True, needs=5, each=6)
    decide(session, scene, lambda *_: False, needs=5, each=6)
    with pytest.raises(RuleViolation, match="--seed") as caught:
        study(session, share=0.1)
    assert caught.value.code == "not-enough-decisions"


# --- what is learned


def test_a_taste_for_what_is_affordable_is_learned(session: Session, scene: Scene) -> None:
    decide(session, scene, thrifty)
    lesson = study(session)
    assert lesson.better
    assert lesson.new.facets["price"] > 2 * SHIPPED.facets["price"]
    assert lesson.after.log_loss < lesson.before.log_loss
    assert lesson.after.order_quality > lesson.before.order_quality
    assert lesson.new.facets["chain"] == pytest.approx(SHIPPED.facets["chain"], abs=1e-3)
    assert lesson.counts["fitted"] + lesson.counts["held_out"] == lesson.counts["decisions"] == 120
    moves = lesson.moves()
    assert "price" in [name for name, _, _ in moves]
    sizes = [abs(new - old) for _, old, new in moves]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(one["count"] for one in lesson.after.bins) == lesson.counts["held_out"]


@pytest.mark.parametrize("seed", range(3))
def test_decisions_made_by_lot_change_nothing(session: Session, scene: Scene, seed: int) -> None:
    decide(session, scene, by_lot, seed=seed)
    assert not study(session).better


def test_the_same_seed_learns_the_same(session: Session, scene: Scene) -> None:
    decide(session, scene, thrifty)
    assert study(session, seed=3) == study(session, seed=3)
    assert study(session, seed=3).new != study(session, seed=4).new


# --- could it be luck?


def examples(seed: int, *, taste: bool) -> list[Example]:
    generator = random.Random(seed)
    made = []
    for number in range(60):
        values = drawn_values(generator)
        relevant = (values["dense"] > 0.55) if taste else by_lot(values, generator)
        made.append(Example(values, relevant=relevant, group=f"g{number // 6}"))
    return made


def test_decisions_by_lot_seldom_look_sure_and_those_with_a_taste_always() -> None:
    lots = [learning.chance_of_order(examples(seed, taste=False), SHIPPED) for seed in range(40)]
    assert sum(chance < learning.SURE for chance in lots) <= 5  # one in twenty is expected
    assert all(learning.chance_of_order(examples(seed, taste=True), SHIPPED) < 0.05 for seed in range(5))


def test_without_two_verdicts_on_one_listing_nothing_is_sure() -> None:
    apart = [Example({"dense": 0.1 * n}, relevant=n > 5, group=str(n)) for n in range(10)]
    assert learning.chance_of_order(apart, SHIPPED) == 1.0
