"""Fitting weights to verdicts, and how far scores can be believed."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.errors import InvalidWeights
from matching.learning import (
    PARTS,
    Example,
    calibration,
    calibration_error,
    fit_weights,
    log_loss,
    order_quality,
    scores,
    split_groups,
)
from matching.scoring import EVIDENCE, RERANKER, Weights

PRIOR = Weights.load()


def drawn(true: Weights, count: int, *, seed: int = 0) -> list[Example]:
    """Draw verdicts as a broker would give them whose mind works like `true`."""
    generator = random.Random(seed)
    examples = []
    for number in range(count):
        values = {name: generator.uniform(0, 1) for name in EVIDENCE}
        values |= {name: generator.choice([-1.0, 0.0, 1.0]) for name in ("price", "maturity")}
        example = Example(values, relevant=False, group=f"g{number // 10}")
        chance = scores([example], true)[0]
        examples.append(Example(values, relevant=bool(generator.random() < chance), group=example.group))
    return examples


def test_weights_move_towards_those_the_verdicts_were_made_with() -> None:
    true = Weights("t", intercept=-6, dense=8, lexical=3, characters=2, concepts=1, facets={"price": 2.5})
    examples = drawn(true, 3000)
    found = fit_weights(examples, PRIOR, version="new")
    assert found.version == "new"
    assert found.facets["price"] == pytest.approx(2.5, abs=0.5)
    assert abs(found.facets["maturity"]) < 0.3
    assert found.dense == pytest.approx(8, abs=1.5)
    fresh = drawn(true, 2000, seed=1)
    assert log_loss(fresh, found) < log_loss(fresh, PRIOR)
    assert order_quality(fresh, found) > order_quality(fresh, PRIOR)
    assert calibration_error(calibration(fresh, found)) < 0.05


def test_parts_of_which_the_verdicts_say_nothing_keep_their_weight() -> None:
    found = fit_weights(drawn(PRIOR, 200), PRIOR, version="new")
    for name in ("tech_field", "chain", "modes", "region", "freshness"):
        assert found.facets[name] == pytest.approx(PRIOR.facets[name], abs=1e-3)
    assert found.reranker == pytest.approx(PRIOR.reranker, abs=1e-3)


def test_evidence_never_speaks_against_a_pair() -> None:
    generator = random.Random(1)
    examples = []
    for number in range(500):
        dense = generator.random()
        examples.append(Example({"dense": dense}, relevant=dense < 0.5, group=str(number)))
    found = fit_weights(examples, PRIOR, version="new")
    assert all(getattr(found, name) >= 0 for name in (*EVIDENCE, RERANKER))


@pytest.mark.parametrize("examples", [[], [Example({"dense": 1.0}, relevant=True, group="a")]])
def test_one_verdict_alone_teaches_nothing(examples: list[Example]) -> None:
    with pytest.raises(InvalidWeights, match="both verdicts"):
        fit_weights(examples, PRIOR, version="new")


def test_an_example_that_counts_twice_is_like_two() -> None:
    examples = drawn(PRIOR, 60)
    twice = [Example(one.values, relevant=one.relevant, group=one.group, weight=2.0) for one in examples]
    one, other = (fit_weights(some, PRIOR, version="v") for some in ([*examples, *examples], twice))
    assert one.dense == pytest.approx(other.dense, abs=1e-2)


def test_order_quality_by_hand() -> None:
    def example(dense: float, *, relevant: bool, group: str) -> Example:
        return Example({"dense": dense}, relevant=relevant, group=group)

    examples = [
        example(0.9, relevant=True, group="a"),
        example(0.1, relevant=False, group="a"),
        example(0.5, relevant=True, group="b"),
        example(0.5, relevant=False, group="b"),
        example(0.0, relevant=True, group="c"),
    ]
    assert order_quality(examples, PRIOR) == 0.75
    assert order_quality(examples[-1:], PRIOR) == 0.5


def test_calibration_by_hand() -> None:
    weights = Weights("w", intercept=0, dense=0, lexical=0, characters=0, concepts=0)
    examples = [Example({}, relevant=relevant, group="g") for relevant in (True, True, True, False)]
    (only,) = calibration(examples, weights)
    assert (only.low, only.high, only.count, only.mean_score, only.relevant_share) == (0.5, 0.6, 4, 0.5, 0.75)
    assert calibration_error([only]) == 0.25
    assert calibration_error([]) == 0.0


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=50))
def test_bins_hold_every_example_once(pairs: list[tuple[float, bool]]) -> None:
    examples = [Example({"dense": value}, relevant=verdict, group="g") for value, verdict in pairs]
    bins = calibration(examples, PRIOR)
    assert sum(one.count for one in bins) == len(examples)
    assert all(one.low <= one.mean_score <= one.high for one in bins)
    assert np.isfinite(log_loss(examples, PRIOR))


def test_groups_are_never_torn_apart() -> None:
    rest, taken = split_groups(drawn(PRIOR, 200), share=0.25, seed=3)
    assert {one.group for one in rest}.isdisjoint(one.group for one in taken)
    assert len({one.group for one in taken}) == 5
    assert len(rest) + len(taken) == 200
    assert split_groups(drawn(PRIOR, 200), share=0.25, seed=3) == (rest, taken)


def test_every_part_has_a_place() -> None:
    assert len(set(PARTS)) == len(PARTS)
