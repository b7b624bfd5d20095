"""Properties of fusion."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.fusion import convex, reciprocal_ranks, scaled

SCORES = st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0.01, 50, allow_nan=False), min_size=1)
RANKINGS = st.lists(
    st.permutations(list("abcde")).flatmap(lambda p: st.integers(1, 5).map(lambda n: p[:n])), min_size=1
)


def test_reciprocal_ranks_by_hand() -> None:
    assert reciprocal_ranks([["a", "b"], ["b"]], k=60) == [("b", 1 / 62 + 1 / 61), ("a", 1 / 61)]
    assert reciprocal_ranks([["b"], ["a"]]) == [("a", 1 / 61), ("b", 1 / 61)]
    assert reciprocal_ranks([]) == []


def test_convex_by_hand() -> None:
    found = convex([({"a": 4.0, "b": 2.0}, 0.0, 0.5), ({"b": 1.0, "c": -1.0}, -1.0, 0.5)])
    assert found == [("b", 0.75), ("a", 0.5), ("c", 0.0)]


@settings(deadline=None)
@given(st.lists(st.tuples(SCORES, st.just(0.0), st.floats(0.1, 2)), min_size=1, max_size=4), st.randoms())
def test_convex_does_not_depend_on_the_order_of_systems(
    parts: list[tuple[dict[str, float], float, float]], random: object
) -> None:
    shuffled = list(parts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert convex(parts) == convex(shuffled)


@settings(deadline=None)
@given(RANKINGS, st.randoms())
def test_reciprocal_ranks_do_not_depend_on_the_order_of_systems(
    rankings: list[list[str]], random: object
) -> None:
    shuffled = list(rankings)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert reciprocal_ranks(rankings) == reciprocal_ranks(shuffled)


@settings(deadline=None)
@given(RANKINGS)
def test_first_everywhere_stays_first(rankings: list[list[str]]) -> None:
    assert reciprocal_ranks([["z", *ranking] for ranking in rankings])[0][0] == "z"


@settings(deadline=None)
@given(st.lists(st.tuples(SCORES, st.floats(0.1, 2)), min_size=1, max_size=4))
def test_best_everywhere_stays_first_by_score(parts: list[tuple[dict[str, float], float]]) -> None:
    assert convex([(scores | {"z": 60.0}, 0.0, weight) for scores, weight in parts])[0][0] == "z"


@settings(deadline=None)
@given(st.lists(st.floats(-5, 5, allow_nan=False)), st.floats(-5, 5, allow_nan=False))
def test_scaled_values_lie_between_zero_and_one(scores: list[float], floor: float) -> None:
    values = scaled(np.array(scores), floor=floor)
    assert ((values >= 0) & (values <= 1)).all()
    assert not len(values) or values.max() in (0.0, 1.0)
