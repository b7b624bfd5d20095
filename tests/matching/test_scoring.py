"""The logistic score: parts add up, ties go by key, weights are data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.errors import InvalidWeights
from matching.facets import FACET_NAMES
from matching.scoring import BASE, EVIDENCE, PART_NAMES, RERANKER, Addend, Evidence, Scored, Weights, score

VALUES = st.lists(st.floats(-1, 1), min_size=3, max_size=3)


@given(st.lists(st.tuples(VALUES, st.floats(-20, 20)), max_size=6), st.floats(-20, 20))
def test_parts_add_up_to_the_score(parts: list[tuple[list[float], float]], intercept: float) -> None:
    addends = [Addend(f"p{i}", np.array(values), weight) for i, (values, weight) in enumerate(parts)]
    scored = Scored(addends, intercept=intercept, count=3)
    for place in range(3):
        found = scored.parts(place)
        assert [part.name for part in found] == [BASE, *(one.name for one in addends)]
        assert sum(part.contribution for part in found) == pytest.approx(scored.score(place), abs=1e-9)
        assert 0 <= scored.score(place) <= 1


@given(VALUES, st.floats(0.1, 9), st.floats(-5, 5))
def test_a_part_that_speaks_for_a_document_adds_to_its_score(
    values: list[float], weight: float, intercept: float
) -> None:
    scored = Scored([Addend("dense", np.array(values), weight)], intercept=intercept, count=3)
    for place, value in enumerate(np.array(values).round(6)):
        contribution = scored.parts(place)[1].contribution
        assert np.sign(contribution) == np.sign(value)


def test_the_order_is_that_of_the_log_odds_and_ties_go_by_key() -> None:
    scored = Scored([Addend("dense", np.array([0.5, 0.9, 0.5, 0.1]), 2.0)], intercept=-1.0, count=4)
    assert scored.best(["d", "c", "a", "b"], 4) == [1, 2, 0, 3]
    assert scored.best(["d", "c", "a", "b"], 2) == [1, 2]
    assert scored.only([3, 1]).best(["b", "c"], 2) == [1, 0]


def test_scores_far_out_stay_between_zero_and_one() -> None:
    scored = Scored([Addend("dense", np.array([-1.0, 1.0]), 1e4)], intercept=0.0, count=2)
    assert scored.score(0) == pytest.approx(0.0, abs=1e-12)
    assert scored.score(1) == 1.0


def test_a_further_part_changes_score_and_parts() -> None:
    scored = Scored([Addend("dense", np.array([0.5]), 2.0)], intercept=0.0, count=1)
    more = scored.with_addend(Addend(RERANKER, np.array([-1.0]), 3.0))
    assert more.score(0) < 0.5 < scored.score(0)
    assert more.parts(0)[-1].contribution < 0


def test_evidence_comes_in_a_fixed_order() -> None:
    values = np.array([0.5])
    scored = score(Evidence(values, values, values, values), [], Weights.load())
    assert tuple(part.name for part in scored.parts(0)) == (BASE, *EVIDENCE)


def test_every_part_has_a_name_for_people() -> None:
    assert PART_NAMES.keys() == {BASE, *EVIDENCE, RERANKER, *FACET_NAMES}


def test_shipped_weights_name_every_facet() -> None:
    weights = Weights.load()
    assert weights.version
    assert set(weights.facets) == set(FACET_NAMES)
    assert min(weights.dense, weights.lexical, weights.characters, weights.concepts, weights.reranker) > 0


def test_weights_survive_json(tmp_path: Path) -> None:
    weights = Weights(
        "x1", intercept=-1.0, dense=0.5, lexical=0.25, characters=0.25, concepts=0.0, facets={"price": 0.1}
    )
    path = tmp_path / "weights.json"
    path.write_text(json.dumps(weights.to_json()), encoding="utf-8")
    assert Weights.load(path) == weights


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dense": float("nan")}, "dense"),
        ({"lexical": "1"}, "lexical"),
        ({"intercept": None}, "intercept"),
        ({"version": ""}, "version"),
        ({"facets": 1}, "facets"),
        ({"concepts": True}, "concepts"),
        ({"facets": {"colour": 0.1}}, "colour"),
        ({"facets": {"price": float("inf")}}, "price"),
        ({"other": 1}, "wrong"),
    ],
)
def test_wrong_weights_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidWeights, match=message):
        Weights.from_json(Weights.load().to_json() | change)


def test_a_file_that_holds_no_weights_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.json"
    for content in ("{", "[]", "{}"):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(InvalidWeights):
            Weights.load(path)
