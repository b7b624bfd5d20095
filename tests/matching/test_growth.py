"""An engine that grows past its thresholds, shrinks, is saved and loaded, keeps its promises."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from matching.encoder import HashingEncoder
from matching.engine import LocalEngine
from matching.inverted_lists import RECALL_WANTED
from matching.scoring import Weights
from matching.types import Document, Kind, Query
from matching.vector_index import FaissIndex
from tests.matching.samples import engine, made_up

ONLY_DENSE = Weights("dense", 0.0, 1.0, 0.0, 0.0, 0.0)
SMALL = 30


class Small(FaissIndex):
    """Makes inverted lists of little more than nothing."""

    def __init__(self, dim: int, *, exact_up_to: int = SMALL) -> None:
        super().__init__(dim, exact_up_to=min(SMALL, exact_up_to))


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matching.partition.FaissIndex", Small)


def ask(text: str, k: int = 10) -> Query:
    return Query("", text, Kind.ACHIEVEMENT, k=k)


def test_searches_go_on_while_lists_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, answered = threading.Event(), threading.Event()
    refitted = Small.refitted

    def slow(self: Small) -> FaissIndex | None:
        fresh = refitted(self)
        if fresh is not None:
            begun.set()
            assert answered.wait(60), "a search waited for the lists"
        return fresh

    monkeypatch.setattr(Small, "refitted", slow)
    documents = made_up(400)
    answers: list[int] = []

    def search() -> None:
        assert begun.wait(60)
        answers.extend(len(made.search(ask("废水膜叶片", k=20)).hits) for _ in range(5))
        answered.set()

    with engine(*documents[:20]) as made:
        assert made.recall(Kind.ACHIEVEMENT) is None
        thread = threading.Thread(target=search)
        thread.start()
        made.upsert(documents[20:])
        thread.join()
        assert answers == [20] * 5
        recall = made.recall(Kind.ACHIEVEMENT)
        assert recall is not None
        assert recall >= RECALL_WANTED - 0.02
        assert made.recall(Kind.NEED) is None


def test_searches_during_growth_are_whole() -> None:
    documents = made_up(600)
    stop, problems, seen = threading.Event(), [], set[int]()
    with engine(*documents[:25]) as made:

        def search() -> None:
            try:
                while not stop.is_set():
                    hits = made.search(ask("废水膜叶片焊接", k=200)).hits
                    seen.add(len(hits))
                    assert len({hit.key for hit in hits}) == len(hits) >= 25
            except BaseException as problem:
                problems.append(problem)

        threads = [threading.Thread(target=search) for _ in range(2)]
        for thread in threads:
            thread.start()
        for start in range(25, 600, 25):
            made.upsert(documents[start : start + 25])
        stop.set()
        for thread in threads:
            thread.join()
        assert problems == []
        assert made.recall(Kind.ACHIEVEMENT) is not None
        assert max(seen) > 25


def test_processes_give_the_same_engine(tmp_path: Path) -> None:
    documents = made_up(300)
    rankings = []
    for workers in (1, 2):
        with engine() as made:
            made.upsert(documents, workers=workers)
            rankings.append([made.search(ask(one.body, k=20)) for one in documents[:20]])
    assert rankings[0] == rankings[1]


def test_a_loaded_engine_outlives_the_snapshot_it_came_from(tmp_path: Path) -> None:
    documents, encoder = made_up(300), HashingEncoder(64)
    with engine(*documents[:200]) as made:
        made.save(tmp_path, labels={})
        loaded = [LocalEngine.load(tmp_path, encoder) for _ in range(2)]
        for one in documents[200:204]:
            made.upsert([one])
            made.save(tmp_path, labels={})
    assert len(list(tmp_path.glob("snapshot-*"))) == 3
    for one in loaded:
        one.upsert(documents[204:])
        one.remove(Kind.ACHIEVEMENT, [document.key for document in documents[:50]])
        for document in (documents[60], documents[250]):
            assert one.search(ask(document.text)).hits[0].key == document.key
    loaded[0].save(tmp_path, labels={})
    again = LocalEngine.load(tmp_path, encoder)
    assert again.keys(Kind.ACHIEVEMENT) == loaded[1].keys(Kind.ACHIEVEMENT)
    assert again.recall(Kind.ACHIEVEMENT) is not None
    for one in (*loaded, again):
        one.close()


CHANGES = st.lists(st.tuples(st.integers(0, 149), st.integers(0, 3)), min_size=1, max_size=60)
POOL = made_up(600)


class Grown(RuleBasedStateMachine):
    """An engine and what it should hold."""

    @initialize()
    def begin(self) -> None:
        self.encoder = HashingEncoder(64)
        self.engine = LocalEngine(self.encoder, weights=ONLY_DENSE)
        self.folder = Path(tempfile.mkdtemp())
        self.expected: dict[str, Document] = {}

    @rule(changes=CHANGES)
    def put(self, changes: list[tuple[int, int]]) -> None:
        documents = {
            f"k{key}": dataclasses.replace(POOL[4 * key + version], key=f"k{key}") for key, version in changes
        }
        self.engine.upsert(list(documents.values()))
        self.expected |= documents

    @rule(keys=st.lists(st.integers(0, 149), max_size=40))
    def remove(self, keys: list[int]) -> None:
        names = [f"k{key}" for key in keys]
        self.engine.remove(Kind.ACHIEVEMENT, names)
        for name in names:
            self.expected.pop(name, None)

    @rule()
    def reload(self) -> None:
        self.engine.save(self.folder, labels={})
        self.engine.close()
        self.engine = LocalEngine.load(self.folder, self.encoder, weights=ONLY_DENSE)

    @invariant()
    def same_documents(self) -> None:
        assert self.engine.keys(Kind.ACHIEVEMENT) == self.expected.keys()
        for key, document in list(self.expected.items())[:10]:
            assert self.engine.title(Kind.ACHIEVEMENT, key) == document.title

    @invariant()
    def same_answers(self) -> None:
        if not self.expected:
            return
        keys = sorted(self.expected)
        vectors = self.encoder.encode([self.expected[key].text for key in keys])
        for number in range(0, len(keys), 1 + len(keys) // 3):
            hits = self.engine.search(ask(self.expected[keys[number]].text, k=10)).hits
            cosines = vectors @ vectors[number]
            assert hits[0].key in {keys[place] for place in np.flatnonzero(cosines > 0.9999)}
            values = [hit.parts[1].value for hit in hits]
            best = np.maximum(np.sort(cosines)[::-1][: len(hits)], 0)
            # Words find what lists have missed, so that the ten nearest are nearly always all there.
            exact = self.engine.recall(Kind.ACHIEVEMENT) is None
            assert values == pytest.approx(best, abs=1e-5 if exact else 0.15)
            assert len(hits) == min(10, len(keys))

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            self.engine.close()
            shutil.rmtree(self.folder)


TestGrown: Any = Grown.TestCase
TestGrown.settings = settings(
    max_examples=15, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
