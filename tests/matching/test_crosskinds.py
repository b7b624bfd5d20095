"""Needs against experts, resources and projects: thresholds that a worse ranking misses.

`bench.crosskinds` prints the figures; docs/benchmarks.md has them with what they say.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from matching.dataset import Judgements, read_documents, read_judgements
from matching.encoder import SentenceTransformerEncoder, load_encoder
from matching.engine import LocalEngine
from matching.evaluation import evaluate, verdicts
from matching.learning import calibration, calibration_error
from matching.lexicon import Lexicon
from matching.scoring import Weights
from matching.text import normalise
from matching.train.corpus import load_corpus
from matching.types import Document, Kind

DATA = Path(__file__).parent / "data" / "cross"
POOLS = {Kind.EXPERT: "experts.jsonl", Kind.RESOURCE: "resources.jsonl", Kind.PROJECT: "projects.jsonl"}


@pytest.fixture(scope="module")
def encoder() -> SentenceTransformerEncoder:
    return load_encoder()


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon.load()


def load(kind: Kind) -> tuple[list[Document], list[Document], Judgements]:
    needs = read_documents(DATA / "needs.jsonl", kind=Kind.NEED)
    pool = read_documents(DATA / POOLS[kind], kind=kind)
    return needs, pool, read_judgements(DATA / "qrels.jsonl", kind=kind)


@pytest.mark.parametrize("kind", POOLS)
def test_the_shipped_engine_is_far_above_words_on_every_kind(
    kind: Kind, encoder: SentenceTransformerEncoder, lexicon: Lexicon
) -> None:
    needs, pool, judgements = load(kind)
    report = evaluate(needs, pool, judgements, encoder=encoder, lexicon=lexicon)
    systems = report["systems"]
    engine = systems["engine"]
    assert report["needs"] >= 40
    assert engine["ndcg@10"] > systems["bm25"]["ndcg@10"] + 0.15
    assert engine["ndcg@10"] > systems["char-tfidf"]["ndcg@10"] + 0.1
    assert engine["ndcg@10"] > 0.78
    assert engine["recall@10"] > 0.92
    made = LocalEngine(encoder, lexicon=lexicon)
    made.upsert(pool)
    examples = verdicts(needs, judgements, made, kind=kind)
    made.close()
    assert calibration_error(calibration(examples, Weights.load())) < 0.06


@pytest.mark.parametrize("kind", POOLS)
def test_every_judgement_is_on_documents_that_are_there(kind: Kind) -> None:
    needs, pool, judgements = load(kind)
    assert judgements.keys() == {need.key for need in needs}
    assert {key for grades in judgements.values() for key in grades} <= {one.key for one in pool}


def test_nothing_of_the_set_was_trained_on() -> None:
    trained = {text for triple in load_corpus().triples for text in (triple.need, triple.achievement)}
    for kind in POOLS:
        needs, pool, _ = load(kind)
        assert not trained & {normalise(one.body).text for one in (*needs, *pool)}
