"""Taking texts apart gives the same in one process and in several."""

from __future__ import annotations

import dataclasses
import pickle
from typing import Any

import numpy as np
import pytest

from matching.analysing import WORTH_PROCESSES, Packed, Text, pack, pack_all, prepare, usual_workers
from matching.explain import Analysis
from matching.lexicon import Lexicon
from matching.text import normalise
from tests.matching.samples import ALL, lexicon, made_up

TEXTS: list[Text] = [(one.text, len(one.title)) for one in (*ALL, *made_up(60))] + [("", 0), ("😀", 1)]


def values(packed: Packed) -> dict[str, Any]:
    return {
        field.name: np.asarray(getattr(packed, field.name), dtype=object).tolist()
        for field in dataclasses.fields(packed)
    }


def test_packed_is_what_each_text_has() -> None:
    packed = pack(TEXTS, lexicon())
    codes, spans = packed.codes.tolist(), packed.spans.tolist()
    for number, (raw, title) in enumerate(TEXTS):
        one = prepare(Analysis(raw, title_length=title, tagger=lexicon()))
        assert packed.words[number].split() == list(one.words)
        assert packed.lengths[number] == len(one.words)
        assert list(packed.concepts[number]) == list(one.concepts)
        assert packed.aligned[number] == one.aligned
        for expected, flat in (
            (list(one.characters), codes),
            (list(map(list, one.concepts.values())), spans),
        ):
            assert flat[: len(expected)] == expected
            del flat[: len(expected)]
        assert packed.code_lengths[number] == len(one.characters)
    assert codes == spans == []


def test_several_processes_give_the_same_in_the_same_order() -> None:
    batches = [TEXTS[start : start + 7] for start in range(0, len(TEXTS), 7)]
    alone = [values(packed) for packed in pack_all(batches, lexicon(), workers=1)]
    together = [values(packed) for packed in pack_all(iter(batches), lexicon(), workers=2)]
    assert together == alone
    assert len(alone) == len(batches)


def test_a_caller_may_stop_early() -> None:
    found = pack_all(([text] for text in TEXTS), None, workers=2)
    assert next(found).lengths.tolist() == pack(TEXTS[:1], None).lengths.tolist()
    found.close()


class Faulty:
    version = "faulty"

    def tag(self, text: object) -> Any:
        raise ValueError("no concepts today")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_fault_reaches_the_caller(workers: int) -> None:
    with pytest.raises(ValueError, match="no concepts today"):
        list(pack_all([TEXTS], Faulty(), workers=workers))


def test_the_lexicon_travels() -> None:
    for one in (lexicon(), Lexicon.load()):
        copy = pickle.loads(pickle.dumps(one))  # noqa: S301 - our own
        assert copy.version == one.version
        for raw, _ in TEXTS[:5]:
            assert copy.tag(normalise(raw)) == one.tag(normalise(raw))


def test_few_texts_are_not_worth_processes() -> None:
    assert usual_workers(WORTH_PROCESSES - 1) == 1
    assert usual_workers(WORTH_PROCESSES) >= 1
