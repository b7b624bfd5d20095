"""The files of the sample market: large enough, whole, and without a sentence written twice."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from seed import records

SENTENCE = re.compile(r"[。！？]")


@pytest.fixture(scope="module")
def needs() -> list[dict[str, object]]:
    return list(records.read("needs"))


@pytest.fixture(scope="module")
def achievements() -> list[dict[str, object]]:
    return list(records.read("achievements"))


def test_the_sample_is_large_enough(needs: list[dict], achievements: list[dict]) -> None:
    assert len(needs) >= 80
    assert len(achievements) >= 200
    assert len(list(records.read("contracts"))) == 60
    assert {row["tech_field"] for row in needs} == {f"{field:02d}" for field in range(1, 12)}


def test_numbers_are_unique_and_references_hold(needs: list[dict], achievements: list[dict]) -> None:
    ids = [row["external_id"] for row in [*needs, *achievements, *records.read("contracts")]]
    assert len(ids) == len(set(ids))
    known = {row["external_id"] for row in needs}
    assert all(set(row["answers"]) <= known for row in achievements)
    assert known == {need for row in achievements for need in row["answers"]}
    kinds = {row["slug"]: row["kind"] for row in records.read("organisations")}
    assert {kinds[row["organisation"]] for row in needs} == {"enterprise"}
    assert {kinds[row["organisation"]] for row in achievements} == {"university"}


def test_no_sentence_recurs(needs: list[dict], achievements: list[dict]) -> None:
    texts = [row[part] for row in [*needs, *achievements] for part in ("body", "confidential")]
    sentences = [s.strip() for text in texts for s in SENTENCE.split(text) if len(s.strip()) >= 10]
    assert [s for s, count in Counter(sentences).items() if count > 1] == []


def test_contracts_have_a_change_a_cancellation_and_a_revocation() -> None:
    events = Counter(row["event"] for row in records.read("contracts"))
    assert events["change"] == events["cancellation"] == events["revocation"] == 1
