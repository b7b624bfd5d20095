"""Measures by hand, and thresholds that a worse ranking misses."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from matching.dataset import read_documents, read_judgements, read_pool
from matching.encoder import HashingEncoder
from matching.evaluation import (
    SparseBM25,
    bootstrap_interval,
    character_pairs,
    evaluate,
    measure,
    ndcg,
    plain_words,
    recall,
    reciprocal_rank,
)
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
        "bm25", "char-bigram-bm25", "char-tfidf", "encoder", "rrf", "convex", "engine",
    ]  # fmt: skip
    for name, measures in systems.items():
        assert measures["ndcg@10"] >= 0.75, name
        assert measures["recall@10"] == 1.0
    assert systems["engine"]["ndcg@10"] == 1.0
    assert systems["engine"]["top1"] == 1.0


def test_what_is_not_in_the_pool_counts_as_missed() -> None:
    pool = read_documents(DATA / "achievements.jsonl", kind=Kind.ACHIEVEMENT)[1:]
    needs = read_documents(DATA / "needs.jsonl", kind=Kind.NEED)
    report = evaluate(needs, pool, read_judgements(DATA / "qrels.jsonl"), encoder=HashingEncoder(64))
    assert report["needs"] == 3
    assert all(one["recall@50"] == pytest.approx(2 / 3, abs=1e-3) for one in report["systems"].values())
