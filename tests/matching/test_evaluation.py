"""Measures by hand, and thresholds that a worse ranking misses."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matching.baselines import SparseBM25, character_pairs, plain_words
from matching.dataset import read_documents, read_judgements, read_pool
from matching.encoder import HashingEncoder, load_encoder
from matching.engine import LocalEngine
from matching.evaluation import (
    bootstrap_interval,
    evaluate,
    measure,
    ndcg,
    recall,
    reciprocal_rank,
    verdicts,
)
from matching.learning import calibration, calibration_error
from matching.lexicon import Lexicon
from matching.scoring import EVIDENCE, Weights
from matching.text import normalise
from matching.train.corpus import load_corpus
from matching.types import Kind
from tests.matching.samples import lexicon

DATA = Path(__file__).parent / "data"
GRADES = {"a": 2, "b": 1, "c": 0}


def test_ndcg_by_hand() -> None:
    best = 3 / 1 + 1 / math.log2(3)
    assert ndcg(["a", "b", "x"], GRADES) == pytest.approx(1.0)
    assert ndcg(["b", "x", "a"], GRADES) == pytest.approx((1 + 3 / 2) / best)
    assert ndcg(["x"] * 10 + ["a"], GRADES) == 0.0
    assert ndcg(["c"], GRADES) == 0.0
    assert ndcg(["a"], {}) == 0.0


def test_recall_and_reciprocal_rank_by_hand() -> None:
    assert recall(["a", "x"], GRADES, depth=2) == 0.5
    assert recall(["x", "a"], GRADES, depth=1) == 0.0
    assert recall(["x"], {"c": 0}, depth=1) == 0.0
    assert reciprocal_rank(["c", "b"], GRADES) == 0.5
    assert reciprocal_rank(["x"], GRADES) == 0.0


def test_measures_are_means_over_needs() -> None:
    found = measure({"n": ["a", "b"], "m": ["x", "y", "z", "b"]}, {"n": GRADES, "m": GRADES})
    assert found.mrr == 0.625
    assert found.top1 == 0.5
    assert found.recall_at_10 == 0.75
    assert found.ci95[0] <= found.ndcg_at_10 <= found.ci95[1]
    assert set(found.to_json()) == {"ndcg@10", "recall@10", "recall@50", "mrr", "top1", "ci95"}


def test_the_interval_is_always_the_same_and_tightens() -> None:
    few, many = np.array([0.0, 1.0] * 5), np.array([0.0, 1.0] * 200)
    assert bootstrap_interval(few) == bootstrap_interval(few)
    assert np.ptp(bootstrap_interval(many)) < np.ptp(bootstrap_interval(few))
    assert bootstrap_interval(np.array([])) == (0.0, 0.0)


def test_sparse_bm25_by_hand() -> None:
    index = SparseBM25([["膜", "膜", "水"], ["水"], ["盐", "盐"]])
    rarity = math.log(1 + (3 - 1 + 0.5) / 1.5)
    norm = 1.2 * (1 - 0.75 + 0.75 * 3 / 2)
    assert index.scores(["膜", "无"]) == pytest.approx([rarity * 2 * 2.2 / (2 + norm), 0, 0])


def test_terms_of_the_baselines() -> None:
    assert character_pairs("膜法,x 水处理") == ["膜法", "x", "水处", "处理"]
    assert {"废水", "处理"} <= set(plain_words("废水处理,的。"))
    assert "," not in plain_words("废水,处理")


def test_the_sample_is_ranked_well() -> None:
    pool = read_pool([DATA / "achievements.jsonl", DATA / "pool.csv"], kind=Kind.ACHIEVEMENT)
    report = evaluate(
        read_documents(DATA / "needs.jsonl", kind=Kind.NEED),
        pool,
        read_judgements(DATA / "qrels.jsonl"),
        encoder=HashingEncoder(256),
        lexicon=lexicon(),
    )
    assert (report["pool"], report["needs"]) == (6, 3)
    systems = report["systems"]
    assert list(systems) == [
        "bm25", "char-bigram-bm25", "char-tfidf", "lexical-sum", "lsa", "encoder", "rrf", "convex", "engine",
    ]  # fmt: skip
    for name, measures in systems.items():
        assert measures["ndcg@10"] >= 0.7, name
        assert measures["recall@10"] == 1.0
    assert systems["engine"]["ndcg@10"] == 1.0
    assert systems["engine"]["top1"] == 1.0


def test_what_is_not_in_the_pool_counts_as_missed() -> None:
    pool = read_documents(DATA / "achievements.jsonl", kind=Kind.ACHIEVEMENT)[1:]
    needs = read_documents(DATA / "needs.jsonl", kind=Kind.NEED)
    report = evaluate(needs, pool, read_judgements(DATA / "qrels.jsonl"), encoder=HashingEncoder(64))
    assert report["needs"] == 3
    assert all(one["recall@50"] == pytest.approx(2 / 3, abs=1e-3) for one in report["systems"].values())


def test_other_encoders_and_the_engine_without_a_part_can_be_measured_too() -> None:
    report = evaluate(
        read_documents(DATA / "needs.jsonl", kind=Kind.NEED),
        read_documents(DATA / "achievements.jsonl", kind=Kind.ACHIEVEMENT),
        read_judgements(DATA / "qrels.jsonl"),
        encoder=HashingEncoder(64),
        others={"wide": HashingEncoder(512)},
        ablate=True,
    )
    assert {"wide", *(f"engine-{part}" for part in EVIDENCE)} <= report["systems"].keys()


@pytest.fixture(scope="module")
def market_set() -> dict[str, Any]:
    """Measure the shipped engine on our own set of 72 needs, and its scores beside the judgements."""
    needs = read_documents(DATA / "market_needs.jsonl", kind=Kind.NEED)
    pool = read_documents(DATA / "market_achievements.jsonl", kind=Kind.ACHIEVEMENT)
    judgements = read_judgements(DATA / "market_qrels.jsonl")
    encoder, words = load_encoder(), Lexicon.load()
    report = evaluate(needs, pool, judgements, encoder=encoder, lexicon=words)
    engine = LocalEngine(encoder, lexicon=words)
    engine.upsert(pool)
    report["examples"] = verdicts(needs, judgements, engine)
    engine.close()
    return report


def test_the_shipped_engine_is_far_above_every_baseline(market_set: dict[str, Any]) -> None:
    systems = market_set["systems"]
    engine = systems["engine"]
    assert engine["ndcg@10"] > systems["bm25"]["ndcg@10"] + 0.15
    for name in ("char-bigram-bm25", "char-tfidf", "lexical-sum", "lsa"):
        assert engine["ndcg@10"] > systems[name]["ndcg@10"], name
    assert engine["ndcg@10"] > 0.75
    assert engine["recall@10"] > 0.85


def test_scores_can_be_believed(market_set: dict[str, Any]) -> None:
    bins = calibration(market_set["examples"], Weights.load())
    assert calibration_error(bins) < 0.05
    sure = [one for one in bins if one.low >= 0.7]
    share = sum(one.count * one.relevant_share for one in sure) / sum(one.count for one in sure)
    assert share > 0.7


def test_no_text_of_the_evaluation_was_trained_on() -> None:
    trained = {text for triple in load_corpus().triples for text in (triple.need, triple.achievement)}
    asked = read_documents(DATA / "market_needs.jsonl", kind=Kind.NEED)
    pool = read_documents(DATA / "market_achievements.jsonl", kind=Kind.ACHIEVEMENT)
    for document in (*asked, *pool):
        assert normalise(document.body).text not in trained
