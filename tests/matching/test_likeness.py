"""The pairs of words that carry a cosine."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from matching.encoder import HashingEncoder, SentenceTransformerEncoder, load_encoder
from matching.engine import LocalEngine
from matching.explain import Analysis, FoundDocument
from matching.likeness import MAX_PAIRS, MIN_SHARE, alike_words
from matching.text import normalise
from matching.types import Document, Kind, Query, Span

VECTORS = {
    "染布": (1.0, 0.0, 0.0),
    "印染": (0.9, 0.1, 0.0),
    "盐分": (0.0, 1.0, 0.0),
    "脱盐": (0.0, 0.8, 0.2),
    "希望": (0.5, 0.5, 0.0),
    "叶片": (0.0, 0.0, 1.0),
}


class Dictionary:
    """A sum of the words above, each two characters long."""

    def word_vectors(self, text: str) -> tuple[list[Span], NDArray[np.float32]]:
        """Cut the text into the words it knows."""
        spans = [(i, i + 2) for i in range(len(text) - 1) if text[i : i + 2] in VECTORS]
        vectors = [VECTORS[text[start:end]] for start, end in spans]
        return spans, np.array(vectors, np.float32).reshape(-1, 3)


def document(text: str) -> FoundDocument:
    return FoundDocument("k", text, normalise(text), title_length=0, word_count=1, concepts={})


def question(text: str) -> Analysis:
    return Analysis(text, title_length=0, tagger=None)


def test_pairs_come_by_share_each_word_once_and_point_into_the_raw_texts() -> None:
    asked = question("希望去掉染布、<b>鹽分</b>")
    found = document("印染：脱盐，印染")
    pairs = alike_words(Dictionary(), asked, found)
    assert [(pair.query_word, pair.document_word) for pair in pairs] == [("染布", "印染"), ("鹽分", "脱盐")]
    for pair in pairs:
        assert asked.raw[slice(*pair.query_span)] == pair.query_word
        assert found.text[slice(*pair.document_span)] == pair.document_word
    total = (1.5 * 1.8) + (1.5 * (0.2 + 0.8))
    assert pairs[0].share == pytest.approx(1.8 / total, abs=1e-4)
    assert pairs[1].share == pytest.approx(0.8 / total, abs=1e-4)


def test_no_word_of_a_proper_name_is_shown() -> None:
    asked = question("染布鹽分")
    text = "脱盐印染厂\n印染叶片"
    person = dataclasses.replace(document(text), title_length=5)
    shown = [(pair.query_word, pair.document_word) for pair in alike_words(Dictionary(), asked, person)]
    assert shown == [("染布", "印染"), ("鹽分", "脱盐")]
    (pair,) = alike_words(Dictionary(), asked, person, named=True)
    assert (pair.query_word, pair.document_span) == ("染布", (6, 8))


@pytest.mark.parametrize(("ours", "theirs"), [("", "印染"), ("染布", ""), ("染布", "叶片"), ("染布", "染布")])
def test_texts_that_are_not_alike_or_say_the_same_word_have_no_pairs(ours: str, theirs: str) -> None:
    assert alike_words(Dictionary(), question(ours), document(theirs)) == ()


def test_models_that_are_no_sum_of_words_give_no_pairs() -> None:
    assert alike_words(HashingEncoder(8), question("染布"), document("印染")) == ()


@pytest.fixture(scope="module")
def shipped() -> SentenceTransformerEncoder:
    return load_encoder()


def test_the_words_of_the_shipped_model_add_up_to_its_vector(shipped: SentenceTransformerEncoder) -> None:
    text = normalise("高盐废水膜法脱盐，COD去除率95%").text
    taken = shipped.word_vectors(text)
    assert taken is not None
    spans, vectors = taken
    total = vectors.sum(axis=0)
    assert float(total @ shipped.encode([text])[0]) / np.linalg.norm(total) == pytest.approx(1.0, abs=1e-3)
    assert {text[start:end] for start, end in spans} >= {"废水", "cod"}


def test_a_search_names_alike_words_when_asked(shipped: SentenceTransformerEncoder) -> None:
    engine = LocalEngine(shipped)
    texts = ["电渗析浓缩高盐水", "热泵低温干燥茶叶"]
    engine.upsert([Document(str(i), Kind.ACHIEVEMENT, text, "") for i, text in enumerate(texts)])
    asked = Query("染布废水含盐没法回用", "", Kind.ACHIEVEMENT, alike=True)
    first = engine.search(asked).hits[0]
    assert first.key == "0"
    assert 0 < len(first.alike) <= MAX_PAIRS
    assert all(pair.share >= MIN_SHARE for pair in first.alike)
    assert engine.search(Query(asked.title, "", Kind.ACHIEVEMENT)).hits[0].alike == ()
    engine.close()
